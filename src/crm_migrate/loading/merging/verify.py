"""After an apply: whether what was merged and re-parented stands as planned."""

import polars as pl

from crm_migrate.loading.bearings import Bearings
from crm_migrate.loading.merging.books import MERGED, PLACE, REPARENTED, UNMERGED
from crm_migrate.loading.merging.pointing import misplaced
from crm_migrate.systems.target import TargetReader


def moves_done(moves: pl.DataFrame, entered: pl.DataFrame) -> pl.DataFrame:
    """The plan's MOVES that were carried out, by its target ledger (`entered`: MOVE_COLUMNS)."""
    named = entered.filter(pl.col("result").is_in([MERGED, REPARENTED, UNMERGED])).select(
        pl.col("table_name").alias("table"),
        "row_key",
        pl.when(pl.col("column_name") != "").then("column_name").alias("column"),
    )
    return moves.join(named, on=PLACE, how="semi", nulls_equal=True)


def differing_moves(reader: TargetReader, bearings: Bearings, done: pl.DataFrame) -> pl.DataFrame:
    """What was moved and no longer stands as planned: the columns of verify.DIFFERING.

    `done`: MOVES that were carried out.
    """
    cells = misplaced(reader, done.filter(pl.col("kind") == "reparent"))
    state = pl.when(pl.col("_there")).then(pl.lit("edited_since")).otherwise(pl.lit("gone"))
    found = [_named(cells, pl.col("column"), state)]
    rows = done.filter(pl.col("kind") != "reparent")
    for (entity,), some in rows.group_by("entity", maintain_order=True):
        found.append(_rows_differing(reader, bearings, str(entity), some))
    return pl.concat(found)


def _rows_differing(
    reader: TargetReader, bearings: Bearings, entity: str, rows: pl.DataFrame
) -> pl.DataFrame:
    """Rows given up that still stand (or stand unmarked), and restored ones that do not."""
    mapping = bearings.entity(entity)
    policy = mapping.merge
    deleted = pl.lit(policy is not None and policy.delete)
    into = None if policy is None else policy.into
    now = reader.rows(mapping.table, mapping.key, rows["row_key"], [] if into is None else [into])
    marks = now.select("_key", _there=pl.lit(True), _into=pl.lit(None) if into is None else into)
    state = rows.join(marks, left_on="row_key", right_on="_key", how="left")
    merge, stands = pl.col("kind") == "merge", pl.col("_there").fill_null(False)
    elsewhere = pl.col("_into").ne_missing(pl.col("after")) & pl.lit(into is not None)
    kind = (
        pl.when(merge & deleted & stands)
        .then(pl.lit("still_there"))
        .when(~stands & ~(merge & deleted))
        .then(pl.lit("gone"))
        .when(merge & ~deleted & elsewhere)
        .then(pl.lit("edited_since"))
    )
    wrong = state.with_columns(kind.alias("_kind")).drop_nulls("_kind")
    return _named(wrong, pl.lit(None, pl.String), pl.col("_kind"))


def _named(rows: pl.DataFrame, column: pl.Expr, kind: pl.Expr) -> pl.DataFrame:
    return rows.select(
        "entity",
        "golden_id",
        pl.col("row_key").alias("target_key"),
        column.alias("column"),
        kind.alias("kind"),
    )
