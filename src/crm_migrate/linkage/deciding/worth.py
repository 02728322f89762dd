"""What a verdict is worth: the records that it is expected to move.

Until somebody speaks, a doubtful pair is loaded apart, and nothing of a customer that two owners
claim is loaded. A verdict that leaves it so changes nothing; the other one moves records. So

    worth = probability that the verdict changes something × records that would then move

The probability is that of the match; 1 for what waits as a whole or contradicts itself. The records
are those of the smaller side, which would go over to the other: its own and all that hang on it.
"""

import hashlib

import numpy as np
import polars as pl

from crm_migrate.linkage.deciding.clustering import components

SURE = ("verdicts",)
"""Reasons of pairs that a verdict changes for certain."""


def worth(review: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The pairs with `probability`, `records` and `worth` (records, to three decimals).

    review: left_golden, right_golden, match_probability, reason. records: golden_id, records
    (its own and those that hang on it).
    """
    for side in ("left", "right"):
        here = records.select(pl.col("golden_id").alias(f"{side}_golden"),
                              pl.col("records").alias(f"_{side}"))  # fmt: skip
        review = review.join(here, on=f"{side}_golden", how="left", maintain_order="left")
    certain = pl.col("reason").is_in(list(SURE)).fill_null(False)
    chance = pl.when(certain).then(1.0).otherwise(pl.col("match_probability")).fill_null(1.0)
    moving = pl.min_horizontal(pl.col("_left").fill_null(1), pl.col("_right").fill_null(1))
    return review.with_columns(
        probability=chance, records=moving.cast(pl.Int64), worth=(chance * moving).round(3)
    ).drop("_left", "_right")


def cases(review: pl.DataFrame) -> pl.Series:
    """The case of each pair: pairs that hang together by their golden ids are one question.

    review: left_golden, right_golden. A case is named after its smallest golden id.
    """
    ids = pl.concat([review["left_golden"], review["right_golden"]]).unique().sort()
    left, right = (
        ids.search_sorted(review[f"{side}_golden"]).cast(pl.Int64).to_numpy()
        for side in ("left", "right")
    )
    label = components(len(ids), left, right) if len(ids) else np.empty(0, dtype=np.int64)
    names = ["c" + hashlib.sha256(ids[int(n)].encode()).hexdigest()[:9] for n in label[left]]
    return pl.Series("case_id", names, dtype=pl.String)
