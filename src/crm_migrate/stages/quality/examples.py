"""Masked examples of findings: for each rule a few cells with their places."""

import polars as pl

from crm_migrate.model import Model
from crm_migrate.protection.policy import Policy
from crm_migrate.reports.quality_facts import Example
from crm_migrate.stages import standardize
from crm_migrate.stages.quality.found_cells import with_cells
from crm_migrate.workspace import Run

_PLACE = ("source", "file", "sheet", "row", "entity", "field")


def examples(run: Run, model: Model, policy: Policy, each: int) -> tuple[Example, ...]:
    """The first `each` findings of every rule by place, their cells masked by policy."""
    if not each:
        return ()
    found = run.read(standardize.STAGE, "x_findings").filter(pl.col("severity") != "repair")
    places = found.sort("rule", *_PLACE, nulls_last=True).unique(
        ("rule", "file", "sheet", "row", "column"), keep="first", maintain_order=True
    )
    turn = pl.int_range(pl.len()).over("rule")
    listed = places.filter(turn < each)
    columns = ("rule", "file", "sheet", "row", "column", "entity", "field", "value")
    shown = with_cells(listed, run, model, policy)
    rows = shown.sort("rule", *_PLACE, nulls_last=True).select(columns)
    texts = [c for c in columns if c != "row"]
    return tuple(Example(**row) for row in rows.with_columns(
        pl.col(texts).fill_null("")
    ).iter_rows(named=True))  # fmt: skip
