"""What people said about pairs, as it binds a run: fitting together, on the records at hand."""

from dataclasses import dataclass

import polars as pl
from sqlalchemy.engine import Engine as Database

from crm_migrate.linkage.judgements import VERDICT_COLUMNS, consistent
from crm_migrate.linkage.successors import TRAITS, Digest, successors, traits_of
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import RECORD_ID, SOURCE
from crm_migrate.stages import present, standardize
from crm_migrate.stages.job import Job
from crm_migrate.state.review import CONTRADICTED
from crm_migrate.state.verdicts import pair_verdicts
from crm_migrate.trust.keyed_digest import digests, purpose_key
from crm_migrate.workspace import Run

_TRAIT = "record trait"


@dataclass(frozen=True)
class Binding:
    """The verdicts that bind (VERDICT_COLUMNS), those that contradict others, and how many records
    stand in the place of one that is gone.
    """

    verdicts: pl.DataFrame
    contradicted: pl.DataFrame
    replaced: int = 0

    def with_questions(self, review: pl.DataFrame) -> pl.DataFrame:
        """A table of doubtful pairs, completed by the contradicted ones."""
        asked = self.contradicted.select("left_id", "right_id")
        known = review.join(asked, on=["left_id", "right_id"], how="anti")
        return pl.concat(
            [known, asked.with_columns(pl.lit(CONTRADICTED).alias("reason"))],
            how="diagonal_relaxed",
        ).select(review.columns)


def binding(job: Job, run: Run, state: Database, entity: str, ids: pl.Series) -> Binding:
    """What was said about the records with these ids, or about those whose place they take."""
    said = pair_verdicts(state, entity)
    if said.is_empty():
        return Binding(said.select(VERDICT_COLUMNS), said.select(VERDICT_COLUMNS))
    places = _successors(job, run, entity, said, ids)
    if places:
        sides = (pl.col("left_id"), pl.col("right_id"))
        said = said.with_columns(side.replace(places) for side in sides)
    stands, contradicted = consistent(said.select(VERDICT_COLUMNS))
    at_hand = pl.col("left_id").is_in(ids.implode()) & pl.col("right_id").is_in(ids.implode())
    return Binding(stands, contradicted.filter(at_hand), len(places))


def trait_digest(job: Job) -> Digest:
    """Keyed digests of the fields by which records are known again."""

    def digest(name: str, values: pl.Series) -> pl.Series:
        return digests(purpose_key(job.keyring.digest_key, _TRAIT, name), values)

    return digest


def identifying(run: Run, entity: str, ids: pl.Series | None = None) -> pl.DataFrame:
    """record_id, `_source` and the fields among TRAITS of the records with these ids (all)."""
    fields = [t for t in TRAITS if "." not in t]
    parts = []
    for stage in (standardize.STAGE, present.STAGE):
        if entity in run.names(stage):
            rows = run.scan(stage, entity)
            held = rows.collect_schema().names()
            rows = rows.select(RECORD_ID, SOURCE, *(f for f in fields if f in held))
            here = pl.lit(True) if ids is None else pl.col(RECORD_ID).is_in(ids.implode())
            parts.append(rows.filter(here).collect())
    records = pl.concat(parts, how="diagonal")
    for child in ("contact",):
        if child not in run.names(standardize.STAGE):
            continue
        own = records.select(pl.col(RECORD_ID).alias(entity)).lazy()
        children = run.scan(standardize.STAGE, child)
        traits = [t for t in TRAITS if t.startswith(f"{child}.")]
        held = children.collect_schema().names()
        if entity not in held:
            continue
        wanted = children.select(entity, *(t.partition(".")[2] for t in traits))
        found = wanted.join(own, on=entity, how="semi").collect()
        for trait in traits:
            values = (
                found.select(pl.col(entity).alias(RECORD_ID), pl.col(trait.partition(".")[2]))
                .drop_nulls()
                .group_by(RECORD_ID)
                .agg(pl.nth(1).unique().sort().str.join(MULTI_SEPARATOR).alias(trait))
            )
            records = records.join(values, on=RECORD_ID, how="left", maintain_order="left")
    return records


def _successors(
    job: Job, run: Run, entity: str, said: pl.DataFrame, ids: pl.Series
) -> dict[str, str]:
    sides = [
        said.select(pl.col(f"{s}_id").alias("id"), pl.col(f"{s}_traits").alias("traits"))
        for s in ("left", "right")
    ]
    lost = pl.concat(sides).filter(~pl.col("id").is_in(ids.implode())).drop_nulls().unique("id")
    if lost.is_empty():
        return {}
    known = identifying(run, entity)
    return successors(lost.sort("id").rows(), traits_of(known, trait_digest(job)))
