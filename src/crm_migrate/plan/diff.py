"""The difference between golden records and the target, one entity at a time: pure, by columns.

three_way.py decides each cell, this module each row: an operation is a whole golden record.
A row is skipped for the first reason that holds: two owners claim it; it was deleted in the CRM
and the CRM wins; its customer is unknown; a record it refers to waits; a value does not fit; a
unique key is taken. Rows that write nothing are skipped for the first two reasons only.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from crm_migrate.model import Entity, Model
from crm_migrate.plan.alignment import align, find_places
from crm_migrate.plan.cells import (
    RAW,
    ColumnChange,
    DiffRules,
    TargetSide,
    column_change,
    together,
)
from crm_migrate.plan.change import Action
from crm_migrate.plan.fit import demanded_columns
from crm_migrate.plan.groups import Standing, groups_and_ranks, self_reference
from crm_migrate.plan.leaving import SET_BY_PERSON
from crm_migrate.plan.obstacles import (
    missing_references,
    refused_by_rules,
    unknown_values,
    waiting_children,
    waiting_references,
)
from crm_migrate.plan.present import TARGET_KEY
from crm_migrate.plan.row_cells import row_cells
from crm_migrate.plan.three_way import Outcome
from crm_migrate.plan.undisturbed import undisturbed
from crm_migrate.plan.unique_keys import taken_keys
from crm_migrate.plan.written_cells import HEAD_COLUMNS, WrittenCells, written_cells
from crm_migrate.protection.policy import Treatment

NOTE_COLUMNS = ("entity", "golden_id", "target_key", "reason", "fields")
SLICE = 100_000
"""Records whose cells lie beside each other at once."""
_LIVE = [str(Action.INSERT), str(Action.UPDATE)]
_SEPARATOR = ";"


@dataclass(frozen=True)
class EntityDiff:
    """What becomes of each golden record; the cells are made part by part.

    `heads`, in the order of the plan: group, rank, action, golden_id, target_key, reason,
    conflicts, `adopt` (Boolean: unchanged, but without a base row yet), and `_n` for
    `WrittenCells`. `conflicts` of a skipped row names the fields that are the reason. `notes`
    (NOTE_COLUMNS) lists skipped rows and further rows of the CRM for one golden id. `forbidden`:
    field → golden values that policy keeps out of the target.
    """

    heads: pl.DataFrame
    cells: WrittenCells
    notes: pl.DataFrame
    standing: Standing
    forbidden: dict[str, int]

    def parts(self, heads: pl.DataFrame | None = None) -> Iterator[pl.DataFrame]:
        """Operations as `change.py` lays down, in clear and without `op_digest`, in slices.

        Beside those columns: `adopt`, and `commitments` for the base row of inserts, updates and
        adoptions. `heads`: the same heads, some of them decided otherwise since (scope.py).
        """
        heads = self.heads if heads is None else heads
        for at in range(0, max(heads.height, 1), SLICE):
            yield self.cells.of(heads.slice(at, SLICE))

    @cached_property
    def operations(self) -> pl.DataFrame:
        """All parts in one."""
        return pl.concat(self.parts(), rechunk=True)


def diff_entity(
    entity: Entity,
    model: Model,
    golden: pl.DataFrame,
    side: TargetSide,
    standing: Mapping[str, Standing],
    rules: DiffRules,
) -> EntityDiff:
    """Operations that bring the target to the golden records.

    `golden`: golden_id and fields in canonical text, references as golden ids. `standing`: by
    entity, what stood out of the diffs of the entities before (parents first).

    Raises:
        TargetFault: the mapping names a column that the target does not have.
    """
    golden = golden.rechunk()  # Polars 2.1 fails on columns whose chunks lie differently
    allowed = [
        name
        for name in side.mapping.fields
        if name in golden.columns and rules.treatments.get(name) is not Treatment.FORBID
    ]
    forbidden = {
        name: golden[name].count()
        for name in side.mapping.fields
        if name in golden.columns and name not in allowed
    }
    order = groups_and_ranks(entity, model, golden, standing)
    places = find_places(golden["golden_id"], side)
    quiet = undisturbed(entity, golden, places.rows, allowed, side, rules)
    rows = places.rows.select("golden_id", TARGET_KEY).with_columns(order)
    compared, moved = golden.filter(~quiet), places.rows.filter(~quiet)
    aligned, changes = _compared(entity, compared, moved, allowed, side, rules)
    decided = _actions(aligned, changes, side).with_columns(order.filter(~quiet))
    decided = _skips(decided, entity, changes, aligned, golden["golden_id"], side, standing, rules)
    cells = written_cells(entity, decided, changes, aligned, side, rules.digest_key)
    heads = _heads(decided, rows.filter(quiet))
    return EntityDiff(
        heads=heads,
        cells=cells,
        notes=_notes(entity.name, heads, places.others),
        standing=_standing(heads),
        forbidden={name: count for name, count in forbidden.items() if count},
    )


def _compared(
    entity: Entity,
    golden: pl.DataFrame,
    places: pl.DataFrame,
    fields: Collection[str],
    side: TargetSide,
    rules: DiffRules,
) -> tuple[pl.DataFrame, list[ColumnChange]]:
    """The golden records with what else is decided by, and what becomes of each column."""
    mirror = RAW + (side.mapping.golden_id or "")
    parts: list[list[ColumnChange]] = []
    thin: list[pl.DataFrame] = []
    for at in range(0, max(golden.height, 1), SLICE):
        aligned = align(golden.slice(at, SLICE), places.slice(at, SLICE), side, rules.digest_key)
        parts.append([column_change(entity, name, aligned, side, rules) for name in fields])
        kept = [TARGET_KEY, "based", "deleted", *({mirror} & set(aligned.columns))]
        thin.append(aligned.select(kept))
    beside = pl.concat(thin, how="diagonal")
    return golden.with_columns(beside), [together(p) for p in zip(*parts, strict=True)]


def _heads(decided: pl.DataFrame, quiet: pl.DataFrame) -> pl.DataFrame:
    """All golden records in the order of the plan; `quiet`: those of which nothing moved."""
    adopt = (pl.col("action") == Action.UNCHANGED) & ~pl.col("based")
    compared = decided.select(*HEAD_COLUMNS, "conflicts", adopt.alias("adopt")).with_row_index("_n")
    unmoved = quiet.select(
        pl.lit(None, pl.UInt32).alias("_n"),
        "group",
        "rank",
        pl.lit(str(Action.UNCHANGED)).alias("action"),
        "golden_id",
        TARGET_KEY,
        pl.lit("same").alias("reason"),
        pl.lit(None, pl.String).alias("conflicts"),
        pl.lit(False).alias("adopt"),
    )
    return pl.concat([compared, unmoved]).sort("rank", "group", "golden_id")


def _actions(aligned: pl.DataFrame, changes: list[ColumnChange], side: TargetSide) -> pl.DataFrame:
    """What would happen to each golden record if nothing stood in the way."""
    seen = {
        outcome: _any([c.outcome == outcome for c in changes], aligned.height)
        for outcome in Outcome
    }
    matched = pl.col(TARGET_KEY).is_not_null()
    rows = aligned.select("golden_id", TARGET_KEY, "based", "deleted").with_columns(
        filled=seen[Outcome.FILLED],
        changed=seen[Outcome.CHANGED],
        kept=seen[Outcome.KEPT],
        contested=seen[Outcome.CONFLICT],
        conflicts=_names({c.field: c.outcome == Outcome.CONFLICT for c in changes}, aligned.height),
    )
    gone_asks = pl.col("deleted") & pl.lit(side.mapping.on_conflict == "ask")
    action = (
        pl.when(gone_asks)
        .then(pl.lit(Action.CONFLICT))
        .when(~matched)
        .then(pl.lit(Action.INSERT))
        .when(pl.col("filled") | pl.col("changed"))
        .then(pl.lit(Action.UPDATE))
        .when(pl.col("contested"))
        .then(pl.lit(Action.CONFLICT))
        .otherwise(pl.lit(Action.UNCHANGED))
    )
    reason = (
        pl.when(
            gone_asks | (matched & ~pl.col("changed") & ~pl.col("filled") & pl.col("contested"))
        )
        .then(pl.lit("conflict"))
        .when(~matched)
        .then(pl.lit("new"))
        .when(pl.col("changed"))
        .then(pl.lit("changed"))
        .when(pl.col("filled"))
        .then(pl.lit("filled"))
        .when(pl.col("kept"))
        .then(pl.lit("edited"))
        .otherwise(pl.lit("same"))
    )
    return _told_overridden(rows.with_columns(action=action, reason=reason), aligned, changes)


def _told_overridden(
    rows: pl.DataFrame, aligned: pl.DataFrame, changes: list[ColumnChange]
) -> pl.DataFrame:
    """The rows, those that write a cell which a person set with that for a reason."""
    if SET_BY_PERSON not in aligned.columns:
        return rows
    named = aligned[SET_BY_PERSON].fill_null("")
    masks = {
        c.field: c.written & named.str.contains(f";{c.field};", literal=True)
        for c in changes
        if named.str.contains(f";{c.field};", literal=True).any()
    }
    names = _names(masks, rows.height)
    told = names.is_not_null() & rows["action"].is_in(_LIVE)
    return rows.with_columns(rows["reason"].zip_with(~told, "overridden:" + names))


def _skips(
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
        where = where & rows["action"].is_in(_LIVE)
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
    names = _names(found, rows.height)
    where = names.is_not_null() & rows["action"].is_in(_LIVE)
    skipped = _skip(rows, where, "does_not_fit")
    return skipped.with_columns(conflicts=names.zip_with(where, skipped["conflicts"]))


def no_notes() -> pl.DataFrame:
    """An empty table of notes."""
    return pl.DataFrame(schema=dict.fromkeys(NOTE_COLUMNS, pl.String))


def _notes(entity: str, operations: pl.DataFrame, duplicates: pl.DataFrame) -> pl.DataFrame:
    skipped = operations.filter(pl.col("action") == Action.SKIP).select(
        pl.lit(entity).alias("entity"),
        "golden_id",
        TARGET_KEY,
        "reason",
        pl.col("conflicts").alias("fields"),
    )
    doubled = duplicates.select(
        pl.lit(entity).alias("entity"),
        "golden_id",
        TARGET_KEY,
        pl.lit("duplicate_in_crm").alias("reason"),
        pl.lit(None, pl.String).alias("fields"),
    )
    return pl.concat([skipped, doubled]).sort("reason", "golden_id", TARGET_KEY)


def _standing(rows: pl.DataFrame) -> Standing:
    insert, skip = (pl.col("action") == a for a in (Action.INSERT, Action.SKIP))
    return Standing(
        rows.select(
            "golden_id",
            "group",
            "rank",
            stands=pl.col(TARGET_KEY).is_not_null() | insert,
            waits=skip,
        )
    )


def _never(rows: pl.DataFrame) -> pl.Series:
    return pl.repeat(False, rows.height, eager=True)


def _any(masks: list[pl.Series], height: int) -> pl.Series:
    found = pl.repeat(False, height, eager=True)
    for mask in masks:
        found = found | mask
    return found


def _names(masks: Mapping[str, pl.Series], height: int) -> pl.Series:
    """The names whose mask holds, joined by `;`; null where none does."""
    some = {name: mask for name, mask in masks.items() if mask.any()}
    if not some:
        return pl.Series([None] * height, dtype=pl.String)
    parts = [pl.when(pl.col(n)).then(pl.lit(n)) for n in some]
    joined = pl.concat_str(parts, separator=_SEPARATOR, ignore_nulls=True)
    names = pl.DataFrame(some).select(pl.when(joined.str.len_chars() > 0).then(joined))
    return names.to_series()
