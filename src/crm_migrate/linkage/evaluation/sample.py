"""How right a linkage probably is, judged by people on a random sample of its pairs.

The pairs that linkage joined, and those that it saw and left apart, are sorted into strata by their
weight. Within a stratum pairs stand in the order of a hash of their record ids: the first ones are
a simple random sample, the same on every machine, and a larger sample only adds to a smaller one.
Verdicts count up to the first pair that nobody answered: whoever answers only what is easy, or what
a review task asked for, does not bend the estimate. `unsure` is passed over and counted.

The frame must come from a linkage that was made *without* verdicts: otherwise the errors that the
sample found are mended already, and what is left of it looks better than what nobody looked at.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Text
from crm_migrate.linkage.deciding.judgements import SAME, UNSURE
from crm_migrate.linkage.engines.choice import clustered_pairs
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.features.hashing import hash_texts, mix

EDGES = (0.0, 2.5, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0)
"""Bits at which strata end: finer where decisions are made. Fixed, so that strata stay the same
when data are added."""
_IMPLIED = len(EDGES) + 1
"""Pairs of one cluster that were never scored: joined by way of others."""
_ON = ("left_id", "right_id")


@dataclass(frozen=True, slots=True)
class Stratum:
    """Pairs of one weight class (bits from `low` to below `high`; None: open, or never scored).

    pairs: how many there are. asked: of those answered in order. same: of those, the same
    customer. beyond: answered, but after a gap. unsure: passed over.
    """

    number: int
    joined: bool
    low: float | None
    high: float | None
    pairs: int
    likely: float
    """Mean match probability, by the model: only for deciding where to ask more."""
    asked: int = 0
    same: int = 0
    beyond: int = 0
    unsure: int = 0

    @property
    def words(self) -> Text:
        """The stratum for people."""
        side = Text("joined", "已合并") if self.joined else Text("left apart", "未合并")
        if self.low is None and self.high is None:
            return Text(f"{side.en}, by way of others", f"{side.zh}，经其他记录间接合并")
        if self.low is None:
            return Text(
                f"{side.en}, below {self.high:g} bits", f"{side.zh}，低于 {self.high:g} 比特"
            )
        if self.high is None:
            return Text(f"{side.en}, {self.low:g} bits and more",
                        f"{side.zh}，{self.low:g} 比特及以上")  # fmt: skip
        span = f"{self.low:g} … {self.high:g}"
        return Text(f"{side.en}, {span} bits", f"{side.zh}，{span} 比特")


def sampling_frame(linkage: Linkage) -> pl.DataFrame:
    """left_id, right_id, match_weight (null: never scored), likely, joined, stratum, order.

    All pairs within clusters, and all scored pairs across; each stratum in the order in which its
    pairs are asked about. `linkage` must have been made without verdicts.
    """
    joined = clustered_pairs(linkage.clusters).with_columns(joined=pl.lit(True))
    scored = linkage.pairs.select(*_ON, "match_weight", likely="match_probability")
    every = scored.join(joined, on=_ON, how="full", coalesce=True).with_columns(
        pl.col("joined").fill_null(False), pl.col("likely").fill_null(0.9)
    )
    bins = pl.lit(0, dtype=pl.Int64)
    for edge in EDGES:
        bins = bins + (pl.col("match_weight") >= edge).cast(pl.Int64)
    number = bins.fill_null(_IMPLIED) + pl.when("joined").then(0).otherwise(_IMPLIED + 1)
    left, right = hash_texts(every["left_id"]), hash_texts(every["right_id"])
    order = mix(mix(left) ^ right)
    return every.with_columns(stratum=number, order=pl.Series(order, dtype=pl.UInt64)).sort(
        "stratum", "order", *_ON
    )


def strata(frame: pl.DataFrame, verdicts: pl.DataFrame) -> list[Stratum]:
    """The strata of the frame with what people said. verdicts: as in `judgements`, all of them."""
    said = frame.join(last_answers(verdicts), on=_ON, how="left", maintain_order="left")
    answered = pl.col("verdict").is_not_null()
    gap = (~answered).cum_sum().over("stratum") > 0
    counts = answered & (pl.col("verdict") != UNSURE)
    found = (
        said.with_columns(gap=gap)
        .group_by("stratum", maintain_order=True)
        .agg(
            pl.col("joined").first(),
            pl.len().alias("pairs"),
            pl.col("likely").mean(),
            (counts & ~pl.col("gap")).sum().alias("asked"),
            ((pl.col("verdict") == SAME) & ~pl.col("gap")).sum().alias("same"),
            (counts & pl.col("gap")).sum().alias("beyond"),
            (pl.col("verdict") == UNSURE).sum().alias("unsure"),
        )
    )
    return [
        Stratum(number, joined, *_limits(number), *counted)
        for number, joined, *counted in found.iter_rows()
    ]


def last_answers(verdicts: pl.DataFrame) -> pl.DataFrame:
    """left_id < right_id, verdict: the last word on each pair, `unsure` included."""
    low, high = pl.min_horizontal(*_ON), pl.max_horizontal(*_ON)
    return (
        verdicts.select(low.alias(_ON[0]), high.alias(_ON[1]), "verdict", "given_at")
        .sort(*_ON, "given_at", "verdict")
        .unique(_ON, keep="last", maintain_order=True)
        .drop("given_at")
    )


def allocate(strata: Sequence[Stratum], total: int) -> dict[int, int]:
    """Stratum number → pairs to ask about, `total` in all (fewer when there are fewer).

    Neyman's allocation (1934): in proportion to N·√(p(1−p)), p being what the model expects, kept
    between .02 and .98; at least two of each stratum while they last.
    """
    left = min(total, sum(s.pairs for s in strata))
    wanted = {s.number: 0 for s in strata}
    for s in strata:
        wanted[s.number] = min(s.pairs, 2, left)
        left -= wanted[s.number]
    while left > 0:
        free = [s for s in strata if wanted[s.number] < s.pairs]
        spread = {s.number: s.pairs * _deviation(s.likely) for s in free}
        whole, before = sum(spread.values()), left
        for s in free:
            more = min(int(before * spread[s.number] / whole), s.pairs - wanted[s.number])
            wanted[s.number] += more
            left -= more
        if left == before:  # less than one each: to the largest ones
            for s in sorted(free, key=lambda s: (-spread[s.number], s.number))[:left]:
                wanted[s.number] += 1
                left -= 1
    return wanted


def draw(frame: pl.DataFrame, verdicts: pl.DataFrame, total: int) -> pl.DataFrame:
    """The pairs of a sample of `total` that wait for an answer, in the frame's columns."""
    wanted = allocate(strata(frame, verdicts), total)
    said = frame.join(last_answers(verdicts), on=_ON, how="left", maintain_order="left")
    asked = said.filter(pl.col("verdict").is_null() | (pl.col("verdict") != UNSURE))
    place = pl.int_range(pl.len()).over("stratum")
    limit = pl.col("stratum").replace_strict(wanted, return_dtype=pl.Int64, default=0)
    return asked.filter(place < limit, pl.col("verdict").is_null()).drop("verdict")


def _deviation(p: float) -> float:
    kept = min(max(p, 0.02), 0.98)
    return math.sqrt(kept * (1 - kept))


def _limits(number: int) -> tuple[float | None, float | None]:
    """The weights between which a stratum lies."""
    place = number % (_IMPLIED + 1)
    low = EDGES[place - 1] if 0 < place < _IMPLIED else None
    return low, EDGES[place] if place < len(EDGES) else None
