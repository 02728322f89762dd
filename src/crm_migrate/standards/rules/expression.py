"""An expression of the language of rules, compiled."""

from dataclasses import dataclass

import polars as pl

from crm_migrate.standards.rules.kinds import Kind


@dataclass(frozen=True, eq=False)
class Aggregate:
    """A figure over the records of `entity` whose field `reference` leads to the record."""

    name: str
    entity: str
    reference: str
    columns: frozenset[str]
    value: pl.Expr
    where: pl.Expr | None


@dataclass(frozen=True, eq=False)
class Expression:
    """A compiled text: evaluate `expr` over the columns that `inputs.inputs` makes."""

    text: str
    kind: Kind
    expr: pl.Expr
    columns: frozenset[str]
    """The record's own fields."""
    through: frozenset[tuple[str, str]]
    """(reference field, field of what it leads to)."""
    aggregates: tuple[Aggregate, ...]
    today: bool
    unknown_without: frozenset[str] = frozenset()
    """Fields of the record without any of which it has no answer."""
    untrue_without: frozenset[str] = frozenset()
    """Fields of the record without any of which it is not true."""

    @property
    def of_record(self) -> bool:
        """Whether it depends on the record alone: on no other record, and on no day."""
        return not (self.through or self.aggregates or self.today)
