"""What the CRM says of customers, under their golden ids: some of it stands in no source."""

from collections.abc import Sequence

import polars as pl

from crm_migrate.plan.target.present import smallest_keys
from crm_migrate.records import RECORD_ID
from crm_migrate.stages import link, present
from crm_migrate.workspace import Run

CUSTOMER = "customer"


def standing_customers(run: Run, fields: Sequence[str]) -> pl.DataFrame:
    """`golden_id` and the fields as the CRM holds them; one row per customer that stands there.

    Of several rows for one customer the one with the smallest key counts. Empty where the run
    looked at no CRM.
    """
    nothing = pl.DataFrame(schema=dict.fromkeys(("golden_id", *fields), pl.String))
    if CUSTOMER not in run.names(present.STAGE) or "members.customer" not in run.names(link.STAGE):
        return nothing
    known = run.read(link.STAGE, "members.customer").select(RECORD_ID, "golden_id")
    rows = run.read(present.STAGE, CUSTOMER)
    first, _ = smallest_keys(rows.join(known, on=RECORD_ID, how="inner"))
    held = [f for f in fields if f in first.columns]
    return pl.concat([nothing, first.select("golden_id", *held)], how="diagonal")


def completed(run: Run, golden: pl.DataFrame) -> pl.DataFrame:
    """The golden customers; what no source says of them is as the CRM holds it."""
    fields = [c for c in golden.columns if c != "golden_id"]
    crm = standing_customers(run, fields).rename({f: f"{f}:crm" for f in fields})
    joined = golden.join(crm, on="golden_id", how="left", maintain_order="left")
    return joined.select("golden_id", *(pl.coalesce(f, f"{f}:crm").alias(f) for f in fields))
