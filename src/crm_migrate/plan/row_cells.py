"""The cells of planned rows as they would stand once written, as far as planning knows them."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.cells import ColumnChange, DiffRules, TargetSide
from crm_migrate.plan.change import UNTOUCHED, Action
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


def row_cells(
    entity: Entity,
    rows: pl.DataFrame,
    changes: Sequence[ColumnChange],
    side: TargetSide,
    rules: DiffRules,
) -> dict[str, RowCell]:
    """By column, what can be said of the cells: fields, constants of new rows, blind indexes."""
    sealed = {c.field for c in changes if rules.treatments.get(c.field) is Treatment.SEAL}
    found: dict[str, RowCell] = {}
    for change in changes:
        if change.field not in sealed:
            stays = change.after.eq_missing(pl.Series([UNTOUCHED]))
            cells = change.before.zip_with(stays, change.after)
            reference = change.field if change.reference else None
            found[change.column] = RowCell(change.column, cells, change.written, reference)
    nothing = pl.Series([None] * rows.height, dtype=pl.String)
    new = rows["action"] == Action.INSERT
    for column, value in side.mapping.constants.items():
        cells = pl.repeat(value, rows.height, eager=True).zip_with(new, nothing)
        found.setdefault(column, RowCell(column, cells, new, known=False))
    indexes = index_columns(side.mapping, rules.treatments)
    for change in changes:
        column_of_index = indexes.get(change.field)
        if column_of_index is not None and rules.index is not None:
            index = rules.index(entity.name, change.field, change.golden)
            cells = index.zip_with(change.written, nothing)
            found[column_of_index] = RowCell(column_of_index, cells, change.written, known=False)
    return found
