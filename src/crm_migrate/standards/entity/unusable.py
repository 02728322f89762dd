"""Text that can be no identifier of its type at all, whatever a document may say."""

import polars as pl

from crm_migrate.model import SemanticType
from crm_migrate.standards import standard
from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.entity.wordings import NUMBERS

_ENDINGS = (
    "format", "too_short", "too_long", "old_number", "alphabet", "precision_lost", "made_up",
    "covered",
)  # fmt: skip
"""Of rules after which nothing is left to look up; a check digit that fails is no such rule."""


def unusable(type_: SemanticType, values: pl.Series) -> pl.Series:
    """True where the form is wrong, digits were lost, or one digit stands over and over.

    Of types that are no issued numbers nothing is unusable.

    >>> texts = ["91350100M000100Y43", "9135010", "0" * 18, "91350100M000100Y44", None]
    >>> unusable(SemanticType.USCC, pl.Series(texts)).to_list()
    [False, True, True, False, False]
    """
    found = pl.repeat(False, len(values), eager=True)
    if type_ not in NUMBERS:
        return found
    if type_ is SemanticType.REGISTRATION_NUMBER:  # those of before 2007 have 13 digits
        values = values.set(holds(values.str.contains("^[0-9]{13}$")), None)
    for rule, mask in standard(type_).validate(values, values):
        if rule.code.rpartition(".")[2] in _ENDINGS:
            found = found | holds(mask)
    return found
