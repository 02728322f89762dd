"""CHECKs of PostgreSQL's domains, told of the columns that have the domain as their type."""

import re

from crm_migrate.systems.postgres.text import quoted
from crm_migrate.systems.target_schema import Check

_VALUE = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|\bVALUE\b""")
"""What stands in quotes, or the word for the value that is checked."""


def domain_check(column: str, definition: str, expression: str | None) -> Check:
    """A domain's CHECK as one of the column; `expression` is None where it can't be asked ahead.

    >>> domain_check("low", "CHECK ((VALUE < 9))", "(VALUE < 9)")
    Check(text='CHECK (("low" < 9))', columns=('low',), expression='("low" < 9)')
    """
    text = _of_column(definition, column)
    if not expression:
        return Check(text)
    return Check(text, (column,), _of_column(expression, column))


def _of_column(text: str, column: str) -> str:
    name = quoted(column)
    return _VALUE.sub(lambda found: found[1] or name, text)
