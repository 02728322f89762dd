"""Which rows of a diff are skipped: for the first reason that holds.

Two owners claim it; it was deleted in the CRM and the CRM wins; its customer is unknown; a record
it refers to waits; a value does not fit; a unique key is taken. Rows that write nothing are skipped
for the first two reasons only.
"""

from collections.abc import Mapping

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.change import Action
from crm_migrate.plan.diff.columns import ColumnChange
from crm_migrate.plan.diff.groups import Standing, self_reference
from crm_migrate.plan.diff.obstacles import (
    missing_references,
    refused_by_rules,
    unknown_values,
    waiting_children,
    waiting_references,
)
from crm_migrate.plan.diff.row_cells import row_cells
from crm_migrate.plan.diff.side import DiffRules, TargetSide
from crm_migrate.plan.diff.unique_keys import taken_keys
from crm_migrate.plan.target.fit import demanded_columns
from crm_migrate.plan.target.present import TARGET_KEY

LIVE = [str(Action.INSERT), str(Action.UPDATE)]
"""Actions that write."""
_SEPARATOR = ";"


def with_skips(
    rows: pl.DataFrame,
    entity: Entity,
    changes: list[ColumnChange],
    aligned: pl.DataFrame,
    family: pl.Series,
    side: TargetSide,
    standing: Mapping[str, Standing],
    rules: DiffRules,
) -> pl.DataFrame:
    """The rows with action `skip` where something stands in the way.

    `family`: golden ids of all records of the entity.
    """
    claimed = pl.Series(list(rules.owner_conflict), dtype=pl.String)
    rows = _skip(
        rows, rows["golden_id"].is_in(claimed.implode()), "owner_conflict", any_action=True
    )
    if side.mapping.on_conflict == "crm":
        rows = _skip(rows, rows["deleted"], "edited", any_action=True)
    unknown = missing_references(entity, changes, aligned, rows, family, standing)
    if entity.root is not None:
        rows = _skip(rows, unknown.pop(entity.root, _never(rows)), "orphan")
    waits = waiting_references(entity, changes, aligned, rows, standing)
    rows = _skip(rows, waits, "parent_waits")
    circle = self_reference(entity)
    if circle is not None:
        inserted = rows["circular"] & (rows["action"] == Action.INSERT)
        unknown[circle.name] = unknown.get(circle.name, _never(rows)) | inserted
    for name, mask in unknown_values(changes, side).items():
        unknown[name] = unknown.get(name, _never(rows)) | mask
    rows = _skip_misfits(rows, _misfits(changes, unknown, side, rows, rules))
    if side.table is not None and side.table.checks:
        known = row_cells(entity, rows, changes, side, rules)
        rows = _skip_misfits(rows, refused_by_rules(rows, known, side))
    for names, mask in taken_keys(entity, rows, changes, aligned, side, rules):
        rows = _skip(rows, mask, "unique_taken", _SEPARATOR.join(names))
    if circle is not None and circle.name in aligned.columns:
        waits = waiting_children(rows, aligned[circle.name])
        rows = _skip(rows, waits, "parent_waits")
    return rows


def _skip(
    rows: pl.DataFrame,
    mask: pl.Series,
    reason: str,
    fields: str | None = None,
    *,
    any_action: bool = False,
) -> pl.DataFrame:
    """The rows with action `skip` where the mask holds; others keep what they have."""
    where = mask & (rows["action"] != Action.SKIP)
    if not any_action:
        where = where & rows["action"].is_in(LIVE)
    if not where.any():
        return rows
    return rows.with_columns(
        action=pl.when(where).then(pl.lit(Action.SKIP)).otherwise("action"),
        reason=pl.when(where).then(pl.lit(reason)).otherwise("reason"),
        conflicts=pl.when(where).then(pl.lit(fields, pl.String)).otherwise("conflicts"),
    )


def _misfits(
    changes: list[ColumnChange],
    unknown: Mapping[str, pl.Series],
    side: TargetSide,
    rows: pl.DataFrame,
    rules: DiffRules,
) -> dict[str, pl.Series]:
    """By field (or column, where no field fills it): the rows whose value the target refuses."""
    found = {c.field: c.misfit for c in changes}
    for name, mask in unknown.items():
        found[name] = found.get(name, _never(rows)) | mask
    inserts = rows[TARGET_KEY].is_null()
    by_column = {c.column: c for c in changes}
    indexes = {c.index for c in side.mapping.fields.values()}
    constant = set(side.mapping.constants) | {side.mapping.golden_id} | indexes
    for column in demanded_columns(side.table) if side.table is not None else ():
        change = by_column.get(column)
        if change is not None:
            found[change.field] = found[change.field] | (inserts & ~change.written)
        elif column not in constant:
            found[column] = inserts
    return found


def _skip_misfits(rows: pl.DataFrame, found: Mapping[str, pl.Series]) -> pl.DataFrame:
    names = names_where(found, rows.height)
    where = names.is_not_null() & rows["action"].is_in(LIVE)
    skipped = _skip(rows, where, "does_not_fit")
    return skipped.with_columns(conflicts=names.zip_with(where, skipped["conflicts"]))


def _never(rows: pl.DataFrame) -> pl.Series:
    return pl.repeat(False, rows.height, eager=True)


def names_where(masks: Mapping[str, pl.Series], height: int) -> pl.Series:
    """The names whose mask holds, joined by `;`; null where none does."""
    some = {name: mask for name, mask in masks.items() if mask.any()}
    if not some:
        return pl.Series([None] * height, dtype=pl.String)
    parts = [pl.when(pl.col(n)).then(pl.lit(n)) for n in some]
    joined = pl.concat_str(parts, separator=_SEPARATOR, ignore_nulls=True)
    names = pl.DataFrame(some).select(pl.when(joined.str.len_chars() > 0).then(joined))
    return names.to_series()
