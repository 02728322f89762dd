"""Control totals after an apply: what the plan's records add up to in the CRM (R-6.6)."""

from decimal import Decimal

import polars as pl

from crm_migrate.errors import KeyFault, NotFound
from crm_migrate.loading.applied import Applied
from crm_migrate.loading.outcome import control_totals
from crm_migrate.plan.change import Action, Plan
from crm_migrate.quality.control_totals import record_totals
from crm_migrate.reports.facts import TotalFacts
from crm_migrate.stages import survive
from crm_migrate.stages.session import Session
from crm_migrate.systems.target import TargetSystem

_Sums = dict[tuple[str, str], Decimal]
"""Entity and year → amount."""


def totals_in_target(
    session: Session, plan: Plan, target: TargetSystem, applied: Applied
) -> tuple[TotalFacts, ...]:
    """By entity and year: the plan's amounts, those of what is loaded, and those in the CRM.

    Entities whose amount the CRM does not hold as a number are left out; so are all where the
    run's tables are gone.
    """
    if plan.header.kind == "rollback":
        return ()
    try:
        planned, loaded = _of_golden_records(session, plan, applied)
    except (NotFound, KeyFault):
        return ()
    if not planned:
        return ()
    keys, model = session.job.keyring, session.project.model
    found = control_totals(plan, target, session.project.target, keys, model=model)
    held = set(found["entity"])
    stands: _Sums = {}
    for entity, year, amount in found.select("entity", "year", "amount").iter_rows():
        stands[entity, year] = stands.get((entity, year), Decimal(0)) + Decimal(amount)
    every = sorted(place for place in {*planned, *stands} if place[0] in held)
    return tuple(
        TotalFacts(
            *place,
            plan=_money(planned.get(place)),
            loaded=_money(loaded.get(place)),
            target=_money(stands.get(place)),
        )
        for place in every
    )


def _of_golden_records(session: Session, plan: Plan, applied: Applied) -> tuple[_Sums, _Sums]:
    """The amounts of all golden records of the plan, and of those that stand in the CRM."""
    planned: _Sums = {}
    loaded: _Sums = {}
    left = applied.left.select("entity", "golden_id")
    with session.workspace.open(plan.header.run) as run:
        for entity in session.project.model.entities:
            if entity.total is None or entity.name not in plan.operations:
                continue
            golden = run.read(survive.STAGE, entity.name).with_columns(source=pl.lit(""))
            operations = plan.operations[entity.name].select("golden_id", "target_key", "action")
            missed = left.filter(pl.col("entity") == entity.name)["golden_id"]
            created = (pl.col("action") == Action.INSERT) & ~pl.col("golden_id").is_in(
                missed.implode()
            )
            there = operations.filter(pl.col("target_key").is_not_null() | created)
            for sums, records in (
                (planned, golden.join(operations, on="golden_id", how="semi")),
                (loaded, golden.join(there, on="golden_id", how="semi")),
            ):
                found = record_totals(records, entity.name, entity.total, entity.total_date)
                for year, amount in found.group_by("year").agg(pl.col("amount").sum()).iter_rows():
                    sums[entity.name, year] = amount
    return planned, loaded


def _money(amount: Decimal | None) -> str:
    return f"{amount or Decimal(0):.2f}"
