"""Values that many different customers share (a switchboard, an agent's mail) say nothing."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_migrate.linkage.features.coded import MISSING
from crm_migrate.linkage.features.digest import value_digest
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.rules.types import LinkageRules, SharedValues

VALUES_SCHEMA = {"feature": pl.String(), "value": pl.UInt64()}
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
    values: pl.DataFrame
    """feature, value (its number, `Feature.numbers`) of what was taken out."""

    @property
    def stop_list(self) -> tuple[tuple[str, str], ...]:
        """(feature, keyed digest) of every value that was taken out."""
        return tuple(self.report.select("feature", "value").iter_rows())


def stop_shared_values(features: Features, rules: LinkageRules, key: bytes) -> Stopped:
    """Takes out every value that occurs with more distinct companions than its rule allows."""
    by_name = dict(features.by_name)
    reports = [pl.DataFrame(schema=SHARED_SCHEMA)]
    values = [pl.DataFrame(schema=VALUES_SCHEMA)]
    for shared in rules.shared:
        counts = _counts(features, shared)
        hot = counts.filter(pl.col("distinct") > shared.limit)
        if hot.is_empty():
            continue
        feature = by_name[shared.feature]
        stop = np.zeros(len(feature.values), dtype=np.bool_)
        stop[hot["code"].to_numpy()] = True
        by_name[shared.feature] = feature.without(stop)
        values.append(
            pl.DataFrame(
                {"feature": shared.feature, "value": feature.numbers[stop]}, schema=VALUES_SCHEMA
            ).sort("value")
        )
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
    without = Features(features.ids, features.hashes, by_name)
    return Stopped(without, pl.concat(reports), pl.concat(values))


def stop_known_values(features: Features, values: pl.DataFrame, report: pl.DataFrame) -> Stopped:
    """Takes out the values that an earlier run found shared."""
    by_name = dict(features.by_name)
    for (name,), found in values.group_by("feature", maintain_order=True):
        feature = by_name[str(name)]
        by_name[str(name)] = feature.without(np.isin(feature.numbers, found["value"].to_numpy()))
    return Stopped(Features(features.ids, features.hashes, by_name), report, values)


def _counts(features: Features, shared: SharedValues) -> pl.DataFrame:
    """code, records, distinct: per value, in how many records and with how many companions; only
    of values in so many records that their companions could exceed the limit.
    """
    feature = features[shared.feature]
    matrix = feature.codes if feature.is_set else feature.codes[:, None]
    often = np.append(feature.counts() > shared.limit, False)  # the last one is for MISSING
    rows, columns = np.nonzero(often[matrix])
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
