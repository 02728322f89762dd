"""How right a clustering is, measured on records whose true owner is known.

`clusters` has record_id, cluster_id; `truth` has record_id, truth (which customer it really is;
null: not known). Only records that stand in both count. Everything is computed from the table of
how many records each cluster shares with each true customer: no pair is ever listed.
"""

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from crm_migrate.records import RECORD_ID

TRUTH = "truth"
STEP = 0.5
"""Bits between two points of a threshold curve."""


@dataclass(frozen=True, slots=True)
class Scores:
    """`right` of what was `found`, and of what there is (`true`): counts, for B³ sums of shares."""

    right: float
    found: float
    true: float

    @property
    def precision(self) -> float:
        """Right of found; 1 when nothing was found, for then nothing is wrong."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Right of true; 1 when there is nothing to find."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall (van Rijsbergen 1979)."""
        return _harmonic(self.precision, self.recall)


@dataclass(frozen=True, slots=True)
class BCubed:
    """Averages over records (Bagga & Baldwin 1998, weight 1 per record)."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return _harmonic(self.precision, self.recall)


@dataclass(frozen=True, slots=True)
class OverMerging:
    """Clusters that hold records of several true customers: what should not have been joined."""

    clusters: int
    records: int
    wrong_pairs: int
    largest: int
    """True customers in the worst cluster."""


@dataclass(frozen=True, slots=True)
class UnderMerging:
    """True customers whose records lie in several clusters: what should have been joined."""

    customers: int
    records: int
    missed_pairs: int
    most: int
    """Clusters over which one true customer is spread at worst."""


@dataclass(frozen=True)
class Evaluation:
    """The measures of one clustering against a truth."""

    records: int
    without_truth: int
    """Clustered records of which nothing is known; they count nowhere."""
    not_clustered: int
    """Records with a truth that no cluster has; they count nowhere."""
    pairs: Scores
    clusters: Scores
    """Clusters that are exactly a true customer's records, singletons included."""
    joined_clusters: Scores
    """The same, of clusters and customers with more than one record."""
    b_cubed: BCubed
    over: OverMerging
    under: UnderMerging

    def to_json(self) -> dict[str, Any]:
        """As plain data, shares to six places."""
        plain = asdict(self)
        for name in ("pairs", "clusters", "joined_clusters", "b_cubed"):
            scores = getattr(self, name)
            shares = {k: round(getattr(scores, k), 6) for k in ("precision", "recall", "f1")}
            plain[name] = {**plain[name], **shares}
        return plain


def evaluate(clusters: pl.DataFrame, truth: pl.DataFrame) -> Evaluation:
    """All measures of `clusters` against `truth` (both with distinct record ids)."""
    known = truth.drop_nulls(TRUTH).select(RECORD_ID, TRUTH)
    both = clusters.select(RECORD_ID, "cluster_id").join(known, on=RECORD_ID, how="inner")
    cells = _cells(both)
    exact = cells.filter((pl.col("n") == pl.col("in_cluster")) & (pl.col("n") == pl.col("of_true")))
    found, true = _sizes(cells, "cluster_id", "in_cluster"), _sizes(cells, TRUTH, "of_true")
    several = pl.col("size") > 1
    pairs = Scores(_pairs(cells["n"]), _pairs(found["size"]), _pairs(true["size"]))
    mixed, split = found.filter(pl.col("parts") > 1), true.filter(pl.col("parts") > 1)
    return Evaluation(
        records=both.height,
        without_truth=clusters.height - both.height,
        not_clustered=known.height - both.height,
        pairs=pairs,
        clusters=Scores(exact.height, found.height, true.height),
        joined_clusters=Scores(
            exact.filter(pl.col("n") > 1).height,
            found.filter(several).height,
            true.filter(several).height,
        ),
        b_cubed=_b_cubed(cells),
        over=OverMerging(
            mixed.height,
            int(mixed["size"].sum()),
            int(pairs.found - pairs.right),
            int(found["parts"].max() or 0),  # type: ignore[arg-type]
        ),
        under=UnderMerging(
            split.height,
            int(split["size"].sum()),
            int(pairs.true - pairs.right),
            int(true["parts"].max() or 0),  # type: ignore[arg-type]
        ),
    )


def true_pairs(records: pl.Series, truth: pl.DataFrame) -> int:
    """How many pairs of `records` are truly the same customer."""
    known = truth.drop_nulls(TRUTH).filter(pl.col(RECORD_ID).is_in(records.implode()))
    return _pairs(known.group_by(TRUTH).len()["len"])


def known_pairs(pairs: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """The pairs (left_id, right_id, …) of which the truth is known, with `right`: the same?"""
    known = truth.drop_nulls(TRUTH)
    left = known.select(left_id=RECORD_ID, _left=TRUTH)
    right = known.select(right_id=RECORD_ID, _right=TRUTH)
    return (
        pairs.join(left, on="left_id", how="inner")
        .join(right, on="right_id", how="inner")
        .with_columns(right=pl.col("_left") == pl.col("_right"))
        .drop("_left", "_right")
    )


def threshold_curve(pairs: pl.DataFrame, truth: pl.DataFrame, true: int) -> pl.DataFrame:
    """Precision and recall of the pairs alone if all at or above a weight were joined.

    pairs: left_id, right_id, match_weight (bits). true: all pairs that are truly the same.
    Returns threshold (bits, every STEP), pairs, right, precision, recall, f1, ascending. Closing
    pairs to clusters, vetoes and limits are not in it: it shows what the weights can tell apart.
    """
    steps = (pl.col("match_weight") / STEP).floor() * STEP
    counted = (
        known_pairs(pairs.select("left_id", "right_id", "match_weight"), truth)
        .group_by(steps.alias("threshold"))
        .agg(pl.len().cast(pl.Int64).alias("pairs"), pl.col("right").sum().cast(pl.Int64))
        .sort("threshold")
        .with_columns(pl.col("pairs", "right").cum_sum(reverse=True))
    )
    precision, recall = pl.col("right") / pl.col("pairs"), pl.col("right") / max(true, 1)
    both = precision + recall
    return counted.with_columns(
        precision=precision,
        recall=recall,
        f1=pl.when(both > 0).then(2 * precision * recall / both).otherwise(0.0),
    )


def _cells(both: pl.DataFrame) -> pl.DataFrame:
    """cluster_id, truth, n records in both, in_cluster and of_true: records of either; sorted."""
    return (
        both.group_by("cluster_id", TRUTH)
        .agg(pl.len().cast(pl.Int64).alias("n"))
        .with_columns(
            in_cluster=pl.col("n").sum().over("cluster_id"), of_true=pl.col("n").sum().over(TRUTH)
        )
        .sort("cluster_id", TRUTH)
    )


def _sizes(cells: pl.DataFrame, by: str, size: str) -> pl.DataFrame:
    return cells.group_by(by).agg(pl.col(size).first().alias("size"), pl.len().alias("parts"))


def _pairs(sizes: pl.Series) -> int:
    counts = sizes.cast(pl.Int64)
    return int((counts * (counts - 1)).sum()) // 2


def _b_cubed(cells: pl.DataFrame) -> BCubed:
    total = int(cells["n"].sum())
    if not total:
        return BCubed(1.0, 1.0)
    squares = pl.col("n") * pl.col("n")
    shares = cells.select(p=squares / pl.col("in_cluster"), r=squares / pl.col("of_true")).sum()
    precision, recall = shares.row(0)
    return BCubed(precision / total, recall / total)


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
