"""The cells of operations: what each column holds before and after, and what the base keeps."""

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.cells import ColumnChange, DiffRules, TargetSide
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED, Action
from crm_migrate.plan.commitments import base_texts
from crm_migrate.plan.digest import WRITES, preconditions
from crm_migrate.plan.present import TARGET_KEY
from crm_migrate.plan.three_way import Outcome

_LIVE = [str(a) for a in WRITES]


def write_cells(
    entity: Entity,
    rows: pl.DataFrame,
    changes: list[ColumnChange],
    aligned: pl.DataFrame,
    side: TargetSide,
    rules: DiffRules,
) -> pl.DataFrame:
    """The operations of the decided `rows`: preconditions, base commitments, before and after.

    Columns that no operation writes are left out; `before:` is also shown for contested cells.
    """
    live = rows["action"].is_in(_LIVE)
    update = rows["action"] == Action.UPDATE
    settled = rows["action"] != Action.SKIP
    cells: list[pl.Series] = []
    raw: dict[str, pl.Series] = {}
    nothing = pl.Series([None] * rows.height, dtype=pl.String)
    untouched = pl.repeat(UNTOUCHED, rows.height, eager=True)
    for change in [*changes, *_own_columns(rows, changes, aligned, side)]:
        written = live & change.written
        shown = (written & update) | (settled & (change.outcome == Outcome.CONFLICT))
        if not (written | shown).any():
            continue
        cells.append(change.before.zip_with(shown, nothing).alias(BEFORE + change.column))
        cells.append(change.after.zip_with(written, untouched).alias(AFTER + change.column))
        raw[change.column] = change.raw.zip_with(written, untouched)
    checked = pl.DataFrame(raw).filter(update) if raw else pl.DataFrame()
    precondition = nothing.scatter(
        update.arg_true(), preconditions(rules.digest_key, checked) if raw else []
    )
    adopt = (rows["action"] == Action.UNCHANGED) & ~rows["based"]
    return rows.select("group", "rank", "action", "golden_id", TARGET_KEY, "reason").with_columns(
        precondition.alias("precondition"),
        rows["conflicts"],
        adopt.alias("adopt"),
        _base_commitments(entity, live | adopt, changes, rows["golden_id"], rules),
        *cells,
    )


def _base_commitments(
    entity: Entity,
    wanted: pl.Series,
    changes: list[ColumnChange],
    golden_ids: pl.Series,
    rules: DiffRules,
) -> pl.Series:
    """What the base is to keep of each record: its golden cells but contested and borrowed ones."""
    at = wanted.arg_true()
    ids = golden_ids.gather(at)
    kept = []
    for change in changes:
        golden = change.golden.gather(at)
        left_out = change.outcome.gather(at) == Outcome.CONFLICT
        if change.lent is not None:
            left_out = left_out | change.lent.gather(at)
        golden = golden.zip_with(~left_out, pl.Series([None] * len(at), dtype=pl.String))
        kept.append(golden.alias(change.field))
    text = base_texts(rules.digest_key, entity.name, ids, pl.DataFrame(kept))
    empty = pl.Series("commitments", [None] * len(wanted), dtype=pl.String)
    return empty.scatter(at, text)


def _own_columns(
    rows: pl.DataFrame, changes: list[ColumnChange], aligned: pl.DataFrame, side: TargetSide
) -> list[ColumnChange]:
    """Columns that no field fills: constants of new rows, and the mirror of the golden id."""
    held = {c.column for c in changes}
    insert, update = (rows["action"] == a for a in (Action.INSERT, Action.UPDATE))
    nothing = pl.Series([None] * rows.height, dtype=pl.String)
    own = []
    for column, value in side.mapping.constants.items():
        if column not in held:
            text = pl.repeat(value, rows.height, eager=True)
            own.append(_own_column(column, insert, text, nothing))
    mirror = side.mapping.golden_id
    if mirror is not None:
        name = f"raw:{mirror}"
        known = name in aligned.columns  # where it was not read, it is written in new rows only
        raw = aligned[name] if known else nothing
        stale = insert | (update & raw.ne_missing(rows["golden_id"])) if known else insert
        own.append(_own_column(mirror, stale, rows["golden_id"], raw))
    return own


def _own_column(column: str, written: pl.Series, text: pl.Series, raw: pl.Series) -> ColumnChange:
    untouched = pl.repeat(UNTOUCHED, len(text), eager=True)
    return ColumnChange(
        field=column,
        column=column,
        golden=text,
        outcome=written.cast(pl.UInt8) * int(Outcome.NEW),
        after=text.zip_with(written, untouched),
        before=raw,
        raw=raw,
        misfit=pl.repeat(False, len(text), eager=True),
    )
