"""Verdicts of people: which pairs must, and which must not, be joined in later runs."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_migrate.linkage.features.coded import Indices
from crm_migrate.linkage.features.features import Features

SAME, DIFFERENT, UNSURE = "same", "different", "unsure"
VERDICT_COLUMNS = ("left_id", "right_id", "verdict", "given_at")
"""`verdict` is same, different or unsure; `given_at` RFC 3339 text. Other columns are ignored."""


@dataclass(frozen=True)
class Judgements:
    """Record indices of the pairs that people joined (must) and kept apart (cannot)."""

    must: tuple[Indices, Indices]
    cannot: tuple[Indices, Indices]


def standing(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The last verdict per pair: left_id < right_id, verdict, given_at. `unsure` lifts it."""
    low = pl.min_horizontal("left_id", "right_id")
    high = pl.max_horizontal("left_id", "right_id")
    return (
        verdicts.select(low.alias("left_id"), high.alias("right_id"), "verdict", "given_at")
        .filter(pl.col("left_id") != pl.col("right_id"))
        .sort("left_id", "right_id", "given_at", "verdict")
        .unique(["left_id", "right_id"], keep="last", maintain_order=True)
        .filter(pl.col("verdict") != UNSURE)
        .select("left_id", "right_id", "verdict", "given_at")
    )


def consistent(verdicts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The standing verdicts that fit together, and the pairs called the same that do not.

    verdicts: VERDICT_COLUMNS. "Different" always stands, since a wrong merge harms more than a
    double. Of the pairs called the same the later verdict comes first; one that would join two
    records that are kept apart, directly or by way of others, is left out. Both results: left_id
    < right_id, verdict, given_at; in the order of the ids, which the order of rows does not change.
    """
    said = standing(verdicts)
    apart: dict[str, set[str]] = {}
    for left, right in said.filter(pl.col("verdict") == DIFFERENT)["left_id", "right_id"].rows():
        apart.setdefault(left, set()).add(right)
        apart.setdefault(right, set()).add(left)
    group: dict[str, set[str]] = {}
    refused = []
    same = said.filter(pl.col("verdict") == SAME)
    latest = same.sort("given_at", "left_id", "right_id", descending=[True, False, False])
    for left, right in latest["left_id", "right_id"].rows():
        one, other = group.get(left, {left}), group.get(right, {right})
        if one is other:
            continue
        if any(apart.get(record, set()) & other for record in one):
            refused.append((left, right))
            continue
        joined = one | other
        group |= dict.fromkeys(joined, joined)
    pairs = pl.DataFrame(refused, schema=["left_id", "right_id"], orient="row").cast(pl.String)
    on = ["left_id", "right_id"]
    return said.join(pairs, on=on, how="anti").sort(on), said.join(pairs, on=on).sort(on)


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
