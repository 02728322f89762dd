"""The questions of a run, entered for people: each with what its answer is worth."""

import polars as pl

from crm_migrate.linkage.deciding.worth import cases, worth
from crm_migrate.linkage.golden.successors import as_text, traits_of
from crm_migrate.project.settings import SecondReviewer
from crm_migrate.records import RECORD_ID
from crm_migrate.stages import link, survive
from crm_migrate.stages.review.verdicts import identifying, trait_digest
from crm_migrate.stages.session import Session
from crm_migrate.state.review import store_tasks, task_id
from crm_migrate.workspace import Run

CUSTOMER = "customer"
_SHARES = 1 << 16


def store_questions(session: Session, run: Run) -> None:
    """Enter the doubtful pairs and the 撞单 of a run; what was decided stays decided."""
    review = run.read(link.STAGE, f"review.{CUSTOMER}")
    conflicts = run.read(survive.STAGE, "x_owner_conflicts")
    ids = [review["left_golden"], review["right_golden"], conflicts["golden_id"]]
    records = affected(run, pl.concat([pl.Series([], dtype=pl.String), *ids]).unique())
    pairs = as_tasks(session, run, worth(review, records))
    store_tasks(session.state, pairs, "doubtful", CUSTOMER, run.id)
    if "owners" in conflicts.columns:
        claims = conflicts.join(records, on="golden_id", how="left").select(
            pl.col("golden_id").alias("left_id"),
            pl.col("owners").alias("right_id"),
            pl.col("golden_id").alias("golden_ids"),
            "departments",
            pl.lit(1.0).alias("probability"),
            "records",
            pl.col("records").cast(pl.Float64).fill_null(1.0).alias("worth"),
        )
        store_tasks(session.state, claims, "owner_conflict", CUSTOMER, run.id)


def as_tasks(session: Session, run: Run, pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs with their worth, as the run state takes them.

    pairs: left_id, right_id, left_golden, right_golden, match_weight, reason, probability,
    records, worth.
    """
    ids = pl.concat([pairs["left_id"], pairs["right_id"]]).unique().sort()
    traits = as_text(
        traits_of(identifying(session.job, run, CUSTOMER, ids), trait_digest(session.job))
    )
    sides = [
        traits.select(pl.col(RECORD_ID).alias(f"{s}_id"), pl.col("traits").alias(f"{s}_traits"))
        for s in ("left", "right")
    ]
    pairs = pairs.with_columns(
        cases(pairs), golden_ids=pl.concat_str("left_golden", "right_golden", separator=";")
    )
    for side, name in zip(sides, ("left_id", "right_id"), strict=True):
        pairs = pairs.join(side, on=name, how="left", maintain_order="left")
    return pairs.with_columns(_wants(session.project.settings.review.second_reviewer, pairs))


def affected(run: Run, golden_ids: pl.Series) -> pl.DataFrame:
    """golden_id, records: source records of these customers, and all that hang on them."""
    wanted = golden_ids.alias("golden_id").to_frame()
    members = run.read(link.STAGE, f"members.{CUSTOMER}", ["golden_id"])
    found = [members.join(wanted, on="golden_id", how="semi")]
    for name in run.names(link.STAGE):
        prefix, _, entity = name.partition(".")
        if prefix != "records" or entity == CUSTOMER:
            continue
        held = run.scan(link.STAGE, name)
        if CUSTOMER in held.collect_schema().names():
            referring = held.select(pl.col(CUSTOMER).alias("golden_id")).drop_nulls().collect()
            found.append(referring.join(wanted, on="golden_id", how="semi"))
    counted = pl.concat(found).group_by("golden_id").len("records")
    return counted.with_columns(pl.col("records").cast(pl.Int64)).sort("golden_id")


def _wants(policy: SecondReviewer | None, pairs: pl.DataFrame) -> pl.Series:
    """How many people must say the same of each pair."""
    if policy is None:
        return pl.repeat(1, pairs.height, dtype=pl.Int64, eager=True).alias("wants")
    asked = pairs["reason"].is_in(list(policy.reasons)).fill_null(False)
    if policy.worth_at_least is not None:
        asked = asked | (pairs["worth"] >= policy.worth_at_least).fill_null(False)
    if policy.share:
        ids = [
            int(task_id("doubtful", CUSTOMER, left, right)[:4], 16)
            for left, right in pairs["left_id", "right_id"].rows()
        ]
        drawn = pl.Series(ids, dtype=pl.Int64) < policy.share * _SHARES
        asked = asked | drawn
    return (asked.cast(pl.Int64) + 1).alias("wants")
