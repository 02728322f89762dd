"""Values that many different customers share (a switchboard, an agent's mail) say nothing."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_migrate.linkage.digest import value_digest
from crm_migrate.linkage.features import MISSING, Features
from crm_migrate.linkage.rule_types import LinkageRules, SharedValues

SHARED_SCHEMA = {
    "feature": pl.String(),
    "value": pl.String(),
    "records": pl.Int64(),
    "distinct": pl.Int64(),
}


@dataclass(frozen=True)
class Stopped:
    """The features without the shared values, and the report on them."""

    features: Features
    report: pl.DataFrame

    @property
    def stop_list(self) -> tuple[tuple[str, str], ...]:
        """(feature, keyed digest) of every value that was taken out."""
        return tuple(self.report.select("feature", "value").iter_rows())


def stop_shared_values(features: Features, rules: LinkageRules, key: bytes) -> Stopped:
    """Takes out every value that occurs with more distinct companions than its rule allows."""
    by_name = dict(features.by_name)
    reports = [pl.DataFrame(schema=SHARED_SCHEMA)]
    for shared in rules.shared:
        counts = _counts(features, shared)
        hot = counts.filter(pl.col("distinct") > shared.limit)
        if hot.is_empty():
            continue
        feature = by_name[shared.feature]
        stop = np.zeros(len(feature.values), dtype=np.bool_)
        stop[hot["code"].to_numpy()] = True
        by_name[shared.feature] = feature.without(stop)
        texts = feature.values.gather(hot["code"])
        digests = [value_digest(key, shared.feature, text) for text in texts.to_list()]
        reports.append(
            hot.select(
                pl.lit(shared.feature).alias("feature"),
                pl.Series("value", digests),
                pl.col("records").cast(pl.Int64),
                pl.col("distinct").cast(pl.Int64),
            ).sort("value")
        )
    return Stopped(Features(features.ids, features.hashes, by_name), pl.concat(reports))


def _counts(features: Features, shared: SharedValues) -> pl.DataFrame:
    """code, records, distinct: per value, in how many records and with how many companions."""
    codes = features[shared.feature].codes
    matrix = codes if codes.ndim == 2 else codes[:, None]
    rows, columns = np.nonzero(matrix != MISSING)
    frame = pl.DataFrame(
        {"code": matrix[rows, columns], "by": features[shared.by].codes[rows]},
        schema={"code": pl.Int32(), "by": pl.Int32()},
    )
    return (
        frame.group_by("code")
        .agg(
            records=pl.len(),
            distinct=pl.col("by").filter(pl.col("by") != MISSING).n_unique(),
        )
        .sort("code")
    )
