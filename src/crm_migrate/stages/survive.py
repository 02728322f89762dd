"""One golden record per customer, and per thing that hangs on it; the source of every value."""

import polars as pl
from sqlalchemy.engine import Engine as Database

from crm_migrate.linkage.identity import customer_codes
from crm_migrate.linkage.survivorship import POOL, owner_conflicts, survive
from crm_migrate.mapping.identity import hashed_ids
from crm_migrate.model import Entity
from crm_migrate.records import PROVENANCE, RECORD_ID, ROW, SHEET, SOURCE, Severity
from crm_migrate.stages import link, present, standardize
from crm_migrate.stages.golden_overrides import SETTLED, no_overrides, with_overrides
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import GOLDEN
from crm_migrate.state.owners import decided_owners
from crm_migrate.workspace import Run

STAGE = GOLDEN
DOUBTFUL_TAG = "疑似重复"
REVIEW_SOURCE = "@review"
"""`_source` of the tags that mark customers who wait for a person's verdict."""


def make_golden(job: Job, run: Run, state: Database) -> None:
    """Write `golden/<entity>`, `lineage.<entity>`, `owner_conflicts`, `crosswalk`, SETTLED.

    Golden records come from source records alone; what only the CRM holds is left alone.
    """
    prefix = "members."
    names = [n.removeprefix(prefix) for n in run.names(link.STAGE) if n.startswith(prefix)]
    model = job.project.model
    conflicts = pl.DataFrame(schema={"golden_id": pl.String()})
    overridden: list[pl.DataFrame] = []
    for done, entity in enumerate(e for e in model.entities if e.name in names):
        job.progress("golden", done, len(names))
        records = run.read(link.STAGE, f"records.{entity.name}")
        members = run.read(link.STAGE, f"members.{entity.name}")
        if entity.name == "tag":
            records, members = _with_doubtful(job, run, records, members)
        sources = members.join(records.select(RECORD_ID), on=RECORD_ID, how="semi")
        result = survive(
            records, sources, job.rules.survivorship, entity, _doubts(job, run, entity)
        )
        golden, lineage, settled = with_overrides(
            job, state, entity, records, sources, result.golden, result.lineage
        )
        overridden.append(settled)
        if entity.name == "customer":
            conflicts = owner_conflicts(*_with_doubles(job, run, records, sources, members))
            golden, conflicts = _decide_owners(golden, conflicts, decided_owners(state))
            golden = _with_codes(golden, members, run)
            run.write(STAGE, "crosswalk", _crosswalk(records, sources, golden))
            run.write(STAGE, "x_owner_conflicts", conflicts)
        run.write(STAGE, entity.name, golden)
        run.write(STAGE, f"lineage.{entity.name}", lineage)
        run.write(STAGE, f"members.{entity.name}", sources)
        run.write(STAGE, f"records.{entity.name}", records)
    run.write(STAGE, SETTLED, pl.concat(overridden) if overridden else no_overrides())
    job.progress("golden", len(names), len(names))


def _doubts(job: Job, run: Run, entity: Entity) -> pl.DataFrame | None:
    """The values that the standards doubt, where a rule of the entity looks at validity."""
    rules = job.rules.survivorship
    groups = rules.of(entity.name, entity.field_names)
    if not any(p.kind == "most_valid" for g in groups for p in g.preferences):
        return None
    found = run.read(standardize.STAGE, "x_findings")
    mine = (pl.col("entity") == entity.name) & (pl.col("severity") != Severity.REPAIR)
    return found.filter(mine).select(RECORD_ID, "field").drop_nulls().unique()


def _with_doubtful(
    job: Job, run: Run, records: pl.DataFrame, members: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tags for customers in open doubtful pairs: loaded apart, and marked so in the CRM."""
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


def _with_doubles(
    job: Job, run: Run, records: pl.DataFrame, sources: pl.DataFrame, members: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records and their members, with the CRM's rows that a merge would join across owners."""
    held = job.project.target.entities.get("customer")
    if held is None or held.merge is None or "customer" not in run.names(present.STAGE):
        return records, sources
    columns = (RECORD_ID, "owner", "department")
    rows = run.read(present.STAGE, "customer").filter(~pl.col("given_up"))
    claims = (
        members.filter(pl.col("target_key").is_not_null())
        .join(rows.select(columns), on=RECORD_ID)
        .filter(pl.col("owner").is_not_null() & (pl.col("owner") != POOL))
        .filter(pl.col("owner").n_unique().over("golden_id") > 1)
    )
    both = [records.select(columns), claims.select(columns)]
    known = [sources.select(RECORD_ID, "golden_id"), claims.select(RECORD_ID, "golden_id")]
    return pl.concat(both), pl.concat(known)


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


def _decide_owners(
    golden: pl.DataFrame, conflicts: pl.DataFrame, decided: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Owners that both departments agreed on stand; the other conflicts wait (R-1.5)."""
    known = conflicts.join(decided, on=["golden_id", "owners"], how="inner")
    golden = (
        golden.join(
            known.select(
                "golden_id", pl.col("owner").alias("_o"), pl.col("department").alias("_d")
            ),
            on="golden_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            pl.coalesce("_o", "owner").alias("owner"),
            pl.coalesce("_d", "department").alias("department"),
        )
        .drop("_o", "_d")
    )
    return golden, conflicts.join(known, on="golden_id", how="anti")


def _with_codes(golden: pl.DataFrame, members: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Customer codes: the CRM's own where it has one, else derived from the golden id."""
    taken = pl.DataFrame(schema={"golden_id": pl.String(), "customer_code": pl.String()})
    if "customer" in run.names(present.STAGE):
        rows = run.read(present.STAGE, "customer").drop_nulls("customer_code")
        standing = members.filter(pl.col("target_key").is_not_null()).drop("target_key")
        key = pl.col("target_key")
        taken = (
            standing.join(rows, on=RECORD_ID)
            # Of several rows the one that a merge would keep.
            .with_columns(_ours=pl.col("base_id").eq_missing(pl.col("golden_id")))
            .sort("golden_id", "given_up", ~pl.col("_ours"), key.str.len_chars(), key)
            .unique("golden_id", keep="first", maintain_order=True)
            .select("golden_id", "customer_code")
        )
    codes = customer_codes(golden["golden_id"], taken)
    return golden.drop("customer_code").join(codes, on="golden_id", how="left").sort("golden_id")


def _crosswalk(records: pl.DataFrame, members: pl.DataFrame, golden: pl.DataFrame) -> pl.DataFrame:
    """Old place and code → golden id and new customer code (R-6.6)."""
    return (
        records.select(RECORD_ID, *PROVENANCE, pl.col("customer_code").alias("old_code"))
        .join(members.select(RECORD_ID, "golden_id"), on=RECORD_ID)
        .join(golden.select("golden_id", "customer_code"), on="golden_id")
        .sort(SOURCE, SHEET, ROW, RECORD_ID)
    )
