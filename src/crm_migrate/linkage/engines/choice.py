"""The engine that the rules name, and how far two engines agree."""

from dataclasses import dataclass

import polars as pl

from crm_migrate.linkage.engines.contract import Engine, Linkage, Progress, no_progress
from crm_migrate.linkage.engines.native import REPORT_KEY, NativeEngine
from crm_migrate.linkage.engines.natural_key import NaturalKeyEngine
from crm_migrate.linkage.rules.types import LinkageRules

ADVISED_RECORDS = 200_000
"""Beyond this recordlinkage is no longer a sensible choice (it is said, and works nonetheless)."""


def engine_for(
    rules: LinkageRules, *, key: bytes = REPORT_KEY, progress: Progress = no_progress
) -> Engine:
    """The engine that `rules.engine` names; `key` keys the digests in its reports."""
    if rules.engine == "recordlinkage":
        from crm_migrate.linkage.engines.toolkit import RecordLinkageEngine

        return RecordLinkageEngine(key=key, progress=progress)
    if rules.engine == "native":
        return NativeEngine(key=key, progress=progress)
    return NaturalKeyEngine()


@dataclass(frozen=True)
class Agreement:
    """Pairs of records (within clusters) that both, or only one, of two engines join."""

    both: int
    only_first: int
    only_second: int
    disagreements: pl.DataFrame
    """left_id, right_id, joined_by (first or second)."""

    @property
    def share(self) -> float:
        """Pairs joined by both, of the pairs joined by either (Jaccard); 1 when there are none."""
        either = self.both + self.only_first + self.only_second
        return self.both / either if either else 1.0


def compare_engines(first: Linkage, second: Linkage) -> Agreement:
    """How far two linkages of the same records agree."""
    a, b = clustered_pairs(first.clusters), clustered_pairs(second.clusters)
    on = ["left_id", "right_id"]
    only_a, only_b = a.join(b, on=on, how="anti"), b.join(a, on=on, how="anti")
    differing = pl.concat(
        [
            only_a.with_columns(joined_by=pl.lit("first")),
            only_b.with_columns(joined_by=pl.lit("second")),
        ]
    ).sort(on)
    return Agreement(a.height - only_a.height, only_a.height, only_b.height, differing)


def clustered_pairs(clusters: pl.DataFrame) -> pl.DataFrame:
    """left_id < right_id of every two records in one cluster."""
    several = clusters.filter(pl.len().over("cluster_id") > 1)
    return (
        several.select("cluster_id", left_id="record_id")
        .join(several.select("cluster_id", right_id="record_id"), on="cluster_id")
        .filter(pl.col("left_id") < pl.col("right_id"))
        .select("left_id", "right_id")
    )
