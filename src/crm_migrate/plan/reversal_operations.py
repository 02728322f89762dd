"""The operations of a rollback, from the rows that reversal.py judged."""

import polars as pl

from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED, Action
from crm_migrate.plan.digest import preconditions, row_columns
from crm_migrate.plan.reversal import (
    CREATED,
    DELETED,
    KEEP,
    NOTHING,
    NOW,
    REVERSE,
    UPDATED,
    WAS,
    Judged,
    Trail,
)
from crm_migrate.project.mapping_file import TargetEntity


def operations_of(part: Judged, digest_key: bytes) -> pl.DataFrame:
    """The entity's operations (see change.py), without `op_digest`.

    Beside those columns: `adopt` (a row whose base row goes), and `commitments`, `base_plan` and
    `base_digest` of the base row to be put back: `commitments` null: none; `base_digest` null: the
    row as it is read back (else somebody had edited it before the plan came).
    """
    trail, rows = part.trail, part.rows.sort("rank", "group", "golden_id")
    action = _action()
    rows = rows.with_columns(action=action)
    update = pl.col("action") == Action.UPDATE
    insert = pl.col("action") == Action.INSERT
    cells: list[pl.Expr] = []
    for column in _written_columns(rows, trail):
        was, now = pl.col(WAS + column), pl.col(NOW + column)
        put = (update & pl.col("written").list.contains(column)) | insert
        cells.append(pl.when(update & put).then(now).alias(BEFORE + column))
        cells.append(pl.when(put).then(was).otherwise(pl.lit(UNTOUCHED)).alias(AFTER + column))
    back = (update | insert) & pl.col("i_plan_id").is_not_null()
    return rows.with_columns(_edited_before(rows, trail.mapping, digest_key)).select(
        "group",
        "rank",
        "action",
        "golden_id",
        pl.col("key").alias("target_key"),
        "reason",
        _precondition(rows, trail, digest_key),
        pl.lit(None, dtype=pl.String).alias("conflicts"),
        ((pl.col("action") == Action.UNCHANGED) & (pl.col("fate") == REVERSE)).alias("adopt"),
        pl.when(back).then("i_commitments").alias("commitments"),
        pl.when(back).then("i_plan_id").alias("base_plan"),
        pl.when(back & update & pl.col("edited_before")).then("i_raw_digest").alias("base_digest"),
        *cells,
    )


def _action() -> pl.Expr:
    inverse = {CREATED: Action.DELETE, UPDATED: Action.UPDATE, DELETED: Action.INSERT}
    named = {result: str(action) for result, action in inverse.items()}
    return (
        pl.when(pl.col("fate") == KEEP)
        .then(pl.lit(Action.SKIP))
        .when(pl.col("fate") == NOTHING)
        .then(pl.lit(Action.UNCHANGED))
        .otherwise(
            pl.col("result").replace_strict(
                named, default=str(Action.UNCHANGED), return_dtype=pl.String
            )
        )
    )


def _written_columns(rows: pl.DataFrame, trail: Trail) -> list[str]:
    """All columns where whole rows come or go (their image must hold them), else those written."""
    whole = rows["action"].is_in([str(Action.DELETE), str(Action.INSERT)]).any()
    if whole:
        return [c for c in trail.columns if c != trail.mapping.key]
    updated = rows.filter(pl.col("action") == Action.UPDATE)
    written = set(updated["written"].explode().drop_nulls().unique())
    return [c for c in trail.columns if c in written]


def _precondition(rows: pl.DataFrame, trail: Trail, digest_key: bytes) -> pl.Series:
    """Of an update, the cells it replaces but for blind indexes; of a delete, the whole row."""
    indexes = {column.index for column in trail.mapping.fields.values()}
    update, delete = (rows["action"] == a for a in (Action.UPDATE, Action.DELETE))
    empty = pl.Series("precondition", [None] * rows.height, dtype=pl.String)
    updated = rows.filter(update)
    covered = [c for c in _written_columns(rows, trail) if c not in indexes]
    replaced = updated.select(
        pl.when(pl.col("written").list.contains(c))
        .then(NOW + c)
        .otherwise(pl.lit(UNTOUCHED))
        .alias(c)
        for c in covered
    )
    nothing = pl.Series([], dtype=pl.String)
    digests = preconditions(digest_key, replaced) if covered else nothing
    return empty.scatter(update.arg_true(), digests).scatter(
        delete.arg_true(), rows.filter(delete)["now_digest"]
    )


def _edited_before(rows: pl.DataFrame, mapping: TargetEntity, digest_key: bytes) -> pl.Series:
    """Mask: when the plan came, the row was no longer as the base row of that day said."""
    was = rows.select(pl.col(WAS + c).alias(c) for c in row_columns(mapping))
    return (preconditions(digest_key, was) != rows["i_raw_digest"]).alias("edited_before")
