"""The tag 疑似重复 of customers who wait for a person's verdict: loaded apart, and marked so."""

import polars as pl

from crm_migrate.mapping.identity import hashed_ids
from crm_migrate.records import RECORD_ID, ROW, SOURCE
from crm_migrate.stages import link, present
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import GOLDEN
from crm_migrate.workspace import Run

DOUBTFUL_TAG = "疑似重复"
REVIEW_SOURCE = "@review"
"""`_source` of these tags."""


def with_doubtful(
    job: Job, run: Run, records: pl.DataFrame, members: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records and members of tags, with those of customers in open doubtful pairs."""
    review = run.read(link.STAGE, "review.customer")
    ids = pl.concat([review["left_golden"], review["right_golden"]]).unique().sort()
    sourced = run.read(link.STAGE, "members.customer").filter(pl.col("target_key").is_null())
    ids = ids.filter(ids.is_in(sourced["golden_id"].implode()))
    if not len(ids):
        return records, members
    made = hashed_ids(job.keyring.record_key, (REVIEW_SOURCE, "tag"), [ids])
    tags = pl.DataFrame({RECORD_ID: made, "customer": ids}).with_columns(
        pl.lit(DOUBTFUL_TAG).alias("label"), pl.lit(REVIEW_SOURCE).alias(SOURCE)
    )
    # A tag of that name that the CRM or a source has already is the same tag.
    known = records.filter(pl.col("label") == DOUBTFUL_TAG)["customer"]
    tags = tags.filter(~pl.col("customer").is_in(known.implode()).fill_null(False))
    standing = _standing_tags(run, members)
    named = tags.select(RECORD_ID, "customer").join(standing, on="customer", how="left")
    fresh = named.select(
        RECORD_ID,
        pl.coalesce("golden_id", pl.lit("g") + pl.col(RECORD_ID)).alias("golden_id"),
        pl.lit("new").alias("state"),
        pl.lit(None, dtype=pl.String).alias("target_key"),
    )
    empty = pl.lit(None, dtype=pl.String)
    absent = [c for c in records.columns if c not in tags.columns and c != ROW]
    filled = tags.with_columns(
        *(empty.alias(c) for c in absent), pl.lit(None, dtype=pl.Int64).alias(ROW)
    )
    return pl.concat([records, filled.select(records.columns)]), pl.concat([members, fresh])


def made_here(run: Run) -> int:
    """How many records of tags no source has: those that `with_doubtful` added."""
    kept = run.read(GOLDEN, "members.tag", [RECORD_ID])
    return kept.join(
        run.read(link.STAGE, "members.tag", [RECORD_ID]), on=RECORD_ID, how="anti"
    ).height


def _standing_tags(run: Run, members: pl.DataFrame) -> pl.DataFrame:
    """Customer (golden id) → golden id of its 疑似重复 tag in the CRM."""
    if "tag" not in run.names(present.STAGE):
        return pl.DataFrame(schema={"customer": pl.String(), "golden_id": pl.String()})
    customers = run.read(link.STAGE, "members.customer").filter(pl.col("target_key").is_not_null())
    tags = run.read(present.STAGE, "tag").filter(pl.col("label") == DOUBTFUL_TAG)
    known = customers.select(
        (pl.lit("@key:") + pl.col("target_key")).alias("customer"),
        pl.col("golden_id").alias("_customer"),
    )
    return (
        tags.join(known, on="customer")
        .join(members.select(RECORD_ID, "golden_id"), on=RECORD_ID)
        .select(pl.col("_customer").alias("customer"), "golden_id")
        .unique("customer", keep="any")
    )
