"""What every field standard offers: four verbs over Polars columns, and the rules it may cite."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Field, Model, Vocabulary
from crm_migrate.records import Rule

Masks = Iterator[tuple[Rule, pl.Series]]
"""Rules that were broken (or repairs that were made), each with the rows where it holds."""
Broken = tuple[str, Rule, pl.Series]
"""The same of a record's field: its name, the rule, and the rows where it holds."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a standard may need to know of the field: unit, vocabulary, currencies."""

    unit: str | None = None
    vocabulary: Vocabulary | None = None
    foreign: bool = False
    """Amounts in other currencies are kept: a field beside says which."""


PLAIN = Context()
"""A field without unit or vocabulary."""


def context_of(field: Field, model: Model) -> Context:
    """The context in which the field's values are read.

    Raises:
        KeyError: the field names a vocabulary that the model does not have.
    """
    vocabulary = model.vocabularies[field.vocabulary] if field.vocabulary else None
    return Context(field.unit, vocabulary, foreign=field.currency is not None)


class Standard(Protocol):
    """A module of this package. Columns are Polars Strings, null where a value is missing.

    None of the verbs looks at other fields, at the clock or at the order of the rows, and
    `normalise(normalise(x)) == normalise(x)`.
    """

    BASIS: Text
    """The standard and edition that the module follows."""
    NORMALISED: Rule
    """The repair that is cited when `normalise` changed more than blanks at the ends."""
    RULES: tuple[Rule, ...]
    """Every rule that `validate` may cite, `NORMALISED` included."""

    def normalise(self, raw: pl.Series, context: Context = PLAIN) -> pl.Series:
        """The canonical text of each value.

        Never guesses: text that it cannot read is kept (tidied) in fields that hold text, and
        becomes null in fields whose target is no text (dates, amounts, vocabularies, …); both
        are reported by `validate`.
        """
        ...

    def validate(self, raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
        """The rules that are broken; `value` is `normalise(raw)`, or what was moved here."""
        ...

    def format(self, value: pl.Series) -> pl.Series:
        """The canonical text as it is shown to people."""
        ...

    def mask(self, value: pl.Series) -> pl.Series:
        """The canonical text with its confidential part covered by `*`."""
        ...
