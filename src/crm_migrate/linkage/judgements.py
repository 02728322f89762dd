"""Verdicts of people: which pairs must, and which must not, be joined in later runs."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_migrate.linkage.features import Features, Indices

SAME, DIFFERENT, UNSURE = "same", "different", "unsure"
VERDICT_COLUMNS = ("left_id", "right_id", "verdict", "given_at")
"""`verdict` is same, different or unsure; `given_at` RFC 3339 text. Other columns are ignored."""


@dataclass(frozen=True)
class Judgements:
    """Record indices of the pairs that people joined (must) and kept apart (cannot)."""

    must: tuple[Indices, Indices]
    cannot: tuple[Indices, Indices]


def standing(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The last verdict per pair: left_id < right_id, verdict. `unsure` lifts an earlier one."""
    low = pl.min_horizontal("left_id", "right_id")
    high = pl.max_horizontal("left_id", "right_id")
    return (
        verdicts.select(low.alias("left_id"), high.alias("right_id"), "verdict", "given_at")
        .filter(pl.col("left_id") != pl.col("right_id"))
        .sort("left_id", "right_id", "given_at", "verdict")
        .unique(["left_id", "right_id"], keep="last", maintain_order=True)
        .filter(pl.col("verdict") != UNSURE)
        .select("left_id", "right_id", "verdict")
    )


def judgements(verdicts: pl.DataFrame | None, features: Features) -> Judgements:
    """The standing verdicts on records at hand; those on unknown records are passed over."""
    nothing = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    if verdicts is None or verdicts.is_empty():
        return Judgements(nothing, nothing)
    index = features.ids.alias("id").to_frame().with_row_index("row")
    placed = (
        standing(verdicts)
        .join(index.rename({"id": "left_id", "row": "left"}), on="left_id", how="inner")
        .join(index.rename({"id": "right_id", "row": "right"}), on="right_id", how="inner")
        .sort("left", "right")
    )

    def pairs(verdict: str) -> tuple[Indices, Indices]:
        of = placed.filter(pl.col("verdict") == verdict)
        return of["left"].to_numpy().astype(np.int64), of["right"].to_numpy().astype(np.int64)

    return Judgements(pairs(SAME), pairs(DIFFERENT))
