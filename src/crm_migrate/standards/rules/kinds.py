"""Kinds of values in rules, and canonical text read as each of them."""

from dataclasses import dataclass
from enum import Enum

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Field, SemanticType, Vocabulary

TODAY = "@today"
"""Column with the day as of which a rule is judged."""


class Kind(Enum):
    """What a value is to the language of rules; named in both languages."""

    TEXT = ("text", "文本")
    NUMBER = ("number", "数字")
    DATE = ("date", "日期")
    TRUTH = ("condition", "条件")

    @property
    def en(self) -> str:
        """English name."""
        return self.value[0]

    @property
    def zh(self) -> str:
        """Chinese name."""
        return self.value[1]

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type of such values."""
        return {
            Kind.TEXT: pl.String(), Kind.NUMBER: pl.Float64(),
            Kind.DATE: pl.Date(), Kind.TRUTH: pl.Boolean(),
        }[self]  # fmt: skip


class Misread(ValueError):
    """An expression that is no rule: what is wrong, and what to do about it."""

    def __init__(self, message: Text, remedy: Text | None = None) -> None:
        super().__init__(message.en)
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, eq=False)
class Typed:
    """A Polars expression and its kind; of a plain field also the type and what it can be, of a
    literal its value.
    """

    expr: pl.Expr
    kind: Kind
    type: SemanticType | None = None
    literal: str | float | None = None
    vocabulary: Vocabulary | None = None


_NUMBERS = {SemanticType.AMOUNT, SemanticType.INTEGER, SemanticType.PERCENTAGE}


def kind_of(field: Field) -> Kind:
    """The kind of the values of a field."""
    if field.type in _NUMBERS:
        return Kind.NUMBER
    if field.type is SemanticType.DATE:
        return Kind.DATE
    return Kind.TRUTH if field.type is SemanticType.BOOLEAN else Kind.TEXT


def column_of(column: pl.Expr, field: Field, vocabulary: Vocabulary | None = None) -> Typed:
    """A column of canonical text, read as what it is; what cannot be read is unknown."""
    match kind_of(field):
        case Kind.NUMBER:
            return Typed(column.cast(pl.Float64, strict=False), Kind.NUMBER, field.type)
        case Kind.DATE:
            day = column.str.to_date("%Y-%m-%d", strict=False)
            return Typed(day, Kind.DATE, field.type)
        case Kind.TRUTH:
            return Typed(column == "true", Kind.TRUTH, field.type)
    return Typed(column, Kind.TEXT, field.type, vocabulary=vocabulary)
