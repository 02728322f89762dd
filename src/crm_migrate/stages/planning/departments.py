"""The departments whose customers a plan changes: each may have to approve it."""

from collections.abc import Mapping

import polars as pl

from crm_migrate.plan.change import Action
from crm_migrate.stages import survive
from crm_migrate.stages.tracing.standing import standing_customers
from crm_migrate.workspace import Run

_WRITES = [str(Action.INSERT), str(Action.UPDATE), str(Action.DELETE)]


def affected_departments(run: Run, operations: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """Departments, sorted, of the customers that are written or to which something belongs that is.

    Both that of the sources and that of the CRM: a customer who goes from one department to another
    concerns both. What belongs to no customer, or to one without a department, affects none.
    """
    if "customer" not in run.names(survive.STAGE):
        return ()
    heads = [
        frame.filter(pl.col("action").is_in(_WRITES)).select(golden_id="group")
        for frame in operations.values()
    ]
    if not heads:
        return ()
    customers = run.read(survive.STAGE, "customer", ["golden_id", "department"])
    customers = pl.concat([customers, standing_customers(run, ["department"])])
    changed = customers.join(pl.concat(heads).unique(), on="golden_id", how="semi")
    return tuple(changed["department"].drop_nulls().unique().sort())
