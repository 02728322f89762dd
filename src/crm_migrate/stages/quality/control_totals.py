"""Control totals of a run: sums straight from the sources beside those of the golden records."""

from collections.abc import Collection
from decimal import Decimal

import polars as pl

from crm_migrate.model import Model
from crm_migrate.plan.header import ControlTotal
from crm_migrate.quality.control_totals import record_totals
from crm_migrate.records import RECORD_ID, SOURCE
from crm_migrate.stages import extract, survive
from crm_migrate.workspace import Run


def totals_of(model: Model, run: Run, names: Collection[str]) -> tuple[ControlTotal, ...]:
    """By entity, source, department and year (R-6.6); `names`: entities of the run."""
    source = run.read(extract.STAGE, "x_totals")
    parts = [source.clear()]
    for entity in model.entities:
        if entity.total is None or entity.name not in names:
            continue
        golden = run.read(survive.STAGE, entity.name)
        members = run.read(survive.STAGE, f"members.{entity.name}")
        records = run.read(survive.STAGE, f"records.{entity.name}")
        origin = (
            members.sort(RECORD_ID)
            .unique("golden_id", keep="first", maintain_order=True)
            .join(records.select(RECORD_ID, pl.col(SOURCE).alias("source")), on=RECORD_ID)
            .select("golden_id", "source")
        )
        named = golden.join(origin, on="golden_id")
        parts.append(record_totals(named, entity.name, entity.total, entity.total_date))
    keys = ["entity", "source", "department", "year"]
    plan = pl.concat(parts).group_by(keys).agg(pl.col("amount").sum().alias("plan"))
    summed = source.group_by(keys).agg(pl.col("count").sum(), pl.col("amount").sum())
    both = summed.join(plan, on=keys, how="full", coalesce=True).sort(keys)
    return tuple(
        ControlTotal(
            entity=row["entity"],
            source=row["source"],
            department=row["department"],
            year=row["year"],
            count=int(row["count"] or 0),
            source_amount=_money(row["amount"]),
            plan_amount=_money(row["plan"]),
        )
        for row in both.iter_rows(named=True)
    )


def _money(value: Decimal | None) -> str:
    return f"{value or Decimal(0):.2f}"
