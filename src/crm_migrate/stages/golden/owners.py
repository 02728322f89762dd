"""Whose a customer is: owners in conflict (撞单), and what both departments decided (R-1.5)."""

from dataclasses import dataclass

import polars as pl
from sqlalchemy.engine import Engine as Database

from crm_migrate.linkage.golden.survivorship import POOL, owner_conflicts
from crm_migrate.records import RECORD_ID, SOURCE
from crm_migrate.stages import present
from crm_migrate.stages.job import Job
from crm_migrate.state.owners import decided_owners
from crm_migrate.workspace import Run

DECIDED_RULE = "owners_agreed"
"""Rule in the lineage of an owner on whom the departments agreed."""
_FIELDS = ("owner", "department")


@dataclass(frozen=True)
class Owners:
    """conflicts: golden_id, owners, departments, record_ids. decided: what people agreed on."""

    conflicts: pl.DataFrame
    decided: pl.DataFrame

    @property
    def known(self) -> pl.DataFrame:
        """Conflicts that all departments have decided."""
        return self.conflicts.join(self.decided, on=["golden_id", "owners"], how="inner")

    @property
    def waiting(self) -> pl.DataFrame:
        """The other conflicts."""
        return self.conflicts.join(self.known, on="golden_id", how="anti")


def owners_of(
    job: Job,
    run: Run,
    state: Database,
    records: pl.DataFrame,
    sources: pl.DataFrame,
    members: pl.DataFrame,
) -> Owners:
    """The conflicts of a run. `sources`: those of `members` that stand in `records`."""
    conflicts = owner_conflicts(*_with_doubles(job, run, records, sources, members))
    return Owners(conflicts, decided_owners(state))


def decide_owners(
    golden: pl.DataFrame,
    lineage: pl.DataFrame,
    records: pl.DataFrame,
    members: pl.DataFrame,
    owners: Owners,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Golden customers and lineage: owners that the departments agreed on stand.

    The department is the one that the owner map names, else that of the owner's own record, never
    that of the other owner.
    """
    known = owners.known.join(golden.select("golden_id"), on="golden_id", how="semi")
    if known.is_empty():
        return golden, lineage
    held = [c for c in (RECORD_ID, SOURCE, *_FIELDS) if c in records.columns]
    own = members.select(RECORD_ID, "golden_id").join(records.select(held), on=RECORD_ID)
    first = own.sort(RECORD_ID).unique(["golden_id", "owner"], keep="first", maintain_order=True)
    if "department" not in first.columns:
        first = first.with_columns(department=pl.lit(None, dtype=pl.String))
    first = first.rename({"department": "_own"})
    agreed = known.select("golden_id", "owners", "owner", "department").join(
        first, on=["golden_id", "owner"], how="left"
    )
    agreed = agreed.with_columns(department=pl.coalesce("department", "_own"))
    chosen = agreed.select("golden_id", *(pl.col(f).alias(f"_{f}") for f in _FIELDS))
    here = pl.col("golden_id").is_in(agreed["golden_id"].implode())
    golden = golden.join(chosen, on="golden_id", how="left", maintain_order="left").with_columns(
        pl.when(here).then(f"_{f}").otherwise(f).alias(f) for f in _FIELDS
    )
    lines = [
        agreed.drop_nulls(field).select(
            "golden_id",
            pl.lit(field).alias("field"),
            RECORD_ID,
            pl.col(SOURCE).alias("source"),
            pl.lit(DECIDED_RULE).alias("rule"),
            pl.col("owners").str.split(";").list.len().cast(pl.Int64).sub(1).alias("losers"),
        )
        for field in _FIELDS
    ]
    rest = lineage.filter(~(here & pl.col("field").is_in(list(_FIELDS))))
    return golden.drop(f"_{f}" for f in _FIELDS), pl.concat([rest, *lines]).sort(
        "golden_id", "field"
    )


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
