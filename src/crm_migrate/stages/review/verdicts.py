"""What people said about pairs, as it binds a run: fitting together, on the records at hand."""

import json
from dataclasses import dataclass

import polars as pl
from sqlalchemy.engine import Engine as Database

from crm_migrate.linkage.deciding.judgements import VERDICT_COLUMNS, consistent
from crm_migrate.linkage.golden.successors import Digest, successors, traits_of
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import RECORD_ID, SOURCE
from crm_migrate.stages import present, standardize
from crm_migrate.stages.job import Job
from crm_migrate.state.review import CONTRADICTED
from crm_migrate.state.verdicts import pair_verdicts
from crm_migrate.trust.keyed_digest import digests, purpose_key
from crm_migrate.workspace import Run

CHILD, EVIDENCE = "contact", ("name", "mobile")
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


def identifying(
    job: Job, run: Run, name: str, ids: pl.Series | None = None, sources: list[str] | None = None
) -> pl.DataFrame:
    """record_id, `_source` and what the records with these ids, or of these sources, are known by.

    That is all fields but references; of a customer also the names and mobiles of its contacts.
    """
    entity = job.project.model.entity(name)
    fields = [f.name for f in entity.fields if f.references is None]
    here = pl.lit(True)
    if ids is not None:
        here = here & pl.col(RECORD_ID).is_in(ids.implode())
    if sources is not None:
        here = here & pl.col(SOURCE).is_in(sources)
    parts = [
        run.scan(stage, name).filter(here).select(RECORD_ID, SOURCE, *fields).collect()
        for stage in (standardize.STAGE, present.STAGE)
        if name in run.names(stage)
    ]
    records = pl.concat(parts)
    if CHILD not in run.names(standardize.STAGE):
        return records
    children = run.scan(standardize.STAGE, CHILD)
    if name not in children.collect_schema().names():
        return records
    own = records.select(pl.col(RECORD_ID).alias(name)).lazy()
    joined = [
        pl.col(n).drop_nulls().unique().sort().str.join(MULTI_SEPARATOR).alias(f"{CHILD}.{n}")
        for n in EVIDENCE
    ]
    found = children.join(own, on=name, how="semi").group_by(name).agg(joined).collect()
    return records.join(found, left_on=RECORD_ID, right_on=name, how="left", maintain_order="left")


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
    digest = trait_digest(job)
    everywhere = pl.Series(SOURCE, sorted(job.project.settings.sources))
    marks = traits_of(everywhere.to_frame().insert_column(0, everywhere.alias(RECORD_ID)), digest)
    held = {json.loads(text).get(SOURCE) for text in lost["traits"]}
    sources = marks.filter(pl.col(SOURCE).is_in(sorted(held - {None})))[RECORD_ID].to_list()
    known = identifying(job, run, entity, sources=sources)
    return successors(lost.sort("id").rows(), traits_of(known, digest))
