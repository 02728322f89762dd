"""Linking new records to clusters that are known from before, which keep their ids and members.

Every earlier record takes part with all its values. Its cluster is a certain feature: records of
one cluster belong together whatever their values say, records of two never do; a new record that
fits two of them alike is left to a person.
"""

from dataclasses import dataclass, replace

import polars as pl

from crm_migrate.linkage.deciding.judgements import SAME
from crm_migrate.linkage.engines.choice import engine_for
from crm_migrate.linkage.engines.contract import Linkage, Progress, no_progress
from crm_migrate.linkage.rules.types import FeatureRule, LinkageRules, Veto
from crm_migrate.records import RECORD_ID

KNOWN = "known_cluster"


@dataclass(frozen=True)
class KnownClusters:
    """records: record_id and fields, earlier ones and new ones. members: record_id, cluster_id
    of the earlier ones.
    """

    records: pl.DataFrame
    members: pl.DataFrame


@dataclass(frozen=True)
class LinkedToKnown:
    """The linkage of all records; `new`: records without a cluster before, `joined`: how many
    of these joined one.
    """

    linkage: Linkage
    new: int
    joined: int


def link_to_known(
    known: KnownClusters, rules: LinkageRules, progress: Progress = no_progress
) -> LinkedToKnown:
    """Links all records by the rules; clusters with earlier members have their old ids.

    A new cluster has the smallest record id in it, with `.new` behind it where an earlier
    cluster is called so.
    Raises: CrmMigrateError when record ids are missing or repeated.
    """
    records = known.records.join(
        known.members.rename({"cluster_id": KNOWN}), on=RECORD_ID, how="left"
    )
    together = replace(
        rules,
        features=(*rules.features, FeatureRule(KNOWN, (KNOWN,), "exact")),
        vetoes=(*rules.vetoes, Veto(KNOWN)),
    )
    linkage = engine_for(rules, progress=progress).link(records, together, _chains(known.members))
    clusters = _named(linkage.clusters, records.select(RECORD_ID, KNOWN))
    new = records.filter(pl.col(KNOWN).is_null())
    known_ids = known.members["cluster_id"].unique().implode()
    joined = clusters.join(new, on=RECORD_ID, how="semi").filter(
        pl.col("cluster_id").is_in(known_ids)
    )
    return LinkedToKnown(replace(linkage, clusters=clusters), new.height, joined.height)


def _chains(members: pl.DataFrame) -> pl.DataFrame:
    """Each member of a cluster bound to the next one, as a verdict of people would."""
    ordered = members.sort("cluster_id", RECORD_ID)
    after = pl.col(RECORD_ID).shift(-1)
    return (
        ordered.with_columns(next=after, same=pl.col("cluster_id").shift(-1))
        .filter(pl.col("same") == pl.col("cluster_id"))
        .select(
            left_id=RECORD_ID, right_id="next", verdict=pl.lit(SAME), given_at=pl.lit("1970-01-01")
        )
    )


def _named(clusters: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Old ids for clusters with known members."""
    taken = known[KNOWN].drop_nulls().unique()
    old = (
        clusters.join(known.drop_nulls(KNOWN), on=RECORD_ID)
        .unique("cluster_id")
        .select("cluster_id", KNOWN)
    )
    fresh = pl.col("cluster_id")
    fresh = pl.when(fresh.is_in(taken.implode())).then(fresh + ".new").otherwise(fresh)
    return clusters.join(old, on="cluster_id", how="left", maintain_order="left").select(
        RECORD_ID, cluster_id=pl.coalesce(KNOWN, fresh)
    )
