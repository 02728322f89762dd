"""Taking merges back: what a rollback plan says of the moves of the plan that it reverses. Pure.

A row that was given up is restored (inserted again with its old key, or its marks taken off), and
what was re-parented is pointed back at it where it still refers to the row that stayed. A row
whose place is taken, that is gone, or whose marks were edited since keeps its whole group as it
is. What people have pointed elsewhere since stays where it is, and keeps nothing.
"""

import polars as pl

from crm_migrate.plan.change import MOVES
from crm_migrate.plan.merging.moves import move_digests

TRAIL = {
    **dict.fromkeys(
        (
            "kind",
            "entity",
            "golden_id",
            "group",
            "table",
            "key_column",
            "row_key",
            "column",
            "before",
            "after",
            "row",
        ),
        pl.String,
    ),
    "deleted": pl.Boolean,
    "there": pl.Boolean,
    "as_left": pl.Boolean,
}
"""Moves of an applied plan (`merge`, `unmerge`, `reparent`) and how they stand now.

`before`, `after`, `column` as in change.MOVES; `row`: the opened image (JSON) or null; `deleted`:
a merge whose row was deleted; `there`: the row stands; `as_left`: its marks, or its cell, are as
the plan left them.
"""

TAKEN_BACK = "taken_back"
"""`rule` of re-parented cells that go back."""


def kept_merges(trail: pl.DataFrame) -> pl.DataFrame:
    """`group` and `reason` of merges that stay as they are.

    `key_taken`, `gone`, `edited_since`; `merge_again`: a rollback had taken it back, and it takes
    a new plan to merge again.
    """
    reason = (
        pl.when(pl.col("kind") == "unmerge")
        .then(pl.lit("merge_again"))
        .when(pl.col("deleted") & pl.col("there"))
        .then(pl.lit("key_taken"))
        .when(~pl.col("deleted") & ~pl.col("there"))
        .then(pl.lit("gone"))
        .when(~pl.col("deleted") & ~pl.col("as_left"))
        .then(pl.lit("edited_since"))
        .alias("reason")
    )
    merges = trail.filter(pl.col("kind") != "reparent")
    return merges.select("group", reason).drop_nulls("reason").unique("group", keep="first")


def inverse_moves(
    trail: pl.DataFrame, ranks: pl.DataFrame, without: pl.Series, digest_key: bytes
) -> pl.DataFrame | None:
    """MOVES that take the merges of `trail` (TRAIL) back; None where nothing is left to do.

    `ranks`: group and rank of the plan. `without`: groups that stay as they are.
    """
    going = trail.filter(~pl.col("group").is_in(without.implode()))
    merge = pl.col("kind") == "merge"
    back = going.filter(
        merge | ((pl.col("kind") == "reparent") & pl.col("as_left") & pl.col("there"))
    )
    if back.filter(merge).is_empty():
        return None
    text = pl.lit(None, pl.String)
    known = ranks.group_by("group").agg(pl.col("rank").max())
    moves = (
        back.join(known, on="group", how="left")
        .with_columns(
            pl.col("rank").fill_null(1),
            pl.when(merge).then(pl.lit("unmerge")).otherwise("kind").alias("kind"),
            pl.col("after").alias("before"),
            pl.when(merge).then(text).otherwise("before").alias("after"),
            text.alias("precondition"),
            pl.when(merge).then(text).otherwise(pl.lit(TAKEN_BACK)).alias("rule"),
        )
        .sort("rank", "group", "kind", "table", "column", "row_key", nulls_last=True)
        .select(*(c for c in MOVES if c != "op_digest"))
    )
    return moves.with_columns(move_digests(digest_key, moves)).select(*MOVES)
