"""The cells of planned rows as they would stand once written, as far as planning knows them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.change import UNTOUCHED, Action
from crm_migrate.plan.diff.columns import ColumnChange
from crm_migrate.plan.diff.side import DiffRules, Indexer, TargetSide
from crm_migrate.plan.sealed_cells import index_columns
from crm_migrate.protection.policy import Treatment


@dataclass(frozen=True)
class RowCell:
    """A column's cells as they would stand once written, null where that is not known.

    `field`: what fills it, where the cell refers to another record; `known`: the target's rows
    were read with this column.
    """

    column: str
    cells: pl.Series
    written: pl.Series
    field: str | None = None
    known: bool = True


class RowCells(Mapping[str, RowCell]):
    """Column → its cells, made when they are asked for: most columns are in no key or rule."""

    def __init__(self, makers: Mapping[str, Callable[[], RowCell]]) -> None:
        self._makers, self._made = makers, dict[str, RowCell]()

    def __getitem__(self, column: str) -> RowCell:
        if column not in self._made:
            self._made[column] = self._makers[column]()
        return self._made[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def row_cells(
    entity: Entity,
    rows: pl.DataFrame,
    changes: Sequence[ColumnChange],
    side: TargetSide,
    rules: DiffRules,
) -> RowCells:
    """By column, what can be said of the cells: fields, constants of new rows, blind indexes."""
    sealed = {c.field for c in changes if rules.treatments.get(c.field) is Treatment.SEAL}
    nothing = pl.Series([None], dtype=pl.String)
    new = rows["action"] == Action.INSERT
    indexes = index_columns(side.mapping, rules.treatments)
    makers: dict[str, Callable[[], RowCell]] = {}

    def of_field(change: ColumnChange) -> RowCell:
        stays = change.after.eq_missing(pl.Series([UNTOUCHED]))
        cells = change.before.zip_with(stays, change.after)
        reference = change.field if change.reference else None
        return RowCell(change.column, cells, change.written, reference)

    def of_constant(column: str, value: str) -> RowCell:
        cells = pl.repeat(value, rows.height, eager=True).zip_with(new, nothing)
        return RowCell(column, cells, new, known=False)

    def of_index(change: ColumnChange, column: str, index: Indexer) -> RowCell:
        cells = index(entity.name, change.field, change.golden).zip_with(change.written, nothing)
        return RowCell(column, cells, change.written, known=False)

    for change in changes:
        if change.field not in sealed:
            makers[change.column] = partial(of_field, change)
    for column, value in side.mapping.constants.items():
        makers.setdefault(column, partial(of_constant, column, value))
    for change in changes:
        held = indexes.get(change.field)
        if held is not None and rules.index is not None:
            makers[held] = partial(of_index, change, held, rules.index)
    return RowCells(makers)
