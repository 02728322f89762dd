"""The difference between golden records and the target, one entity at a time: pure, by columns.

three_way.py decides each cell, this module each row: an operation is a whole golden record.
skips.py says which rows are left out.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from crm_migrate.model import Entity, Model
from crm_migrate.plan.change import Action
from crm_migrate.plan.diff.alignment import align, find_places
from crm_migrate.plan.diff.columns import ColumnChange, column_change, together
from crm_migrate.plan.diff.groups import Standing, groups_and_ranks
from crm_migrate.plan.diff.leaving import SET_BY_PERSON
from crm_migrate.plan.diff.side import RAW, DiffRules, TargetSide
from crm_migrate.plan.diff.skips import LIVE, names_where, with_skips
from crm_migrate.plan.diff.three_way import Outcome
from crm_migrate.plan.diff.undisturbed import undisturbed
from crm_migrate.plan.diff.unusable import LEFT_EMPTY, without_unusable
from crm_migrate.plan.diff.written_cells import HEAD_COLUMNS, WrittenCells, written_cells
from crm_migrate.plan.target.present import TARGET_KEY
from crm_migrate.protection.policy import Treatment

NOTE_COLUMNS = ("entity", "golden_id", "target_key", "reason", "fields")
SLICE = 100_000
"""Records whose cells lie beside each other at once."""


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
    golden = without_unusable(entity, golden, side, rules)
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
    decided = with_skips(
        decided, entity, changes, aligned, golden["golden_id"], side, standing, rules
    )
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
        conflicts=names_where(
            {c.field: c.outcome == Outcome.CONFLICT for c in changes}, aligned.height
        ),
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
    rows = _told_overridden(rows.with_columns(action=action, reason=reason), aligned, changes)
    return _told_left_empty(rows, aligned)


def _told_left_empty(rows: pl.DataFrame, aligned: pl.DataFrame) -> pl.DataFrame:
    """The rows, those written without an identifier that can be none with that for a reason."""
    if LEFT_EMPTY not in aligned.columns:
        return rows
    names = aligned[LEFT_EMPTY].str.strip_chars(";")
    told = names.is_not_null() & rows["action"].is_in(LIVE)
    return rows.with_columns(rows["reason"].zip_with(~told, "identifier_left_empty:" + names))


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
    names = names_where(masks, rows.height)
    told = names.is_not_null() & rows["action"].is_in(LIVE)
    return rows.with_columns(rows["reason"].zip_with(~told, "overridden:" + names))


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


def _any(masks: list[pl.Series], height: int) -> pl.Series:
    found = pl.repeat(False, height, eager=True)
    for mask in masks:
        found = found | mask
    return found
