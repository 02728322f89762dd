"""Masked examples of findings: for each rule a few cells with their places."""

import polars as pl

from crm_migrate.model import Model, SemanticType
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Policy, Treatment
from crm_migrate.records import RECORD_ID
from crm_migrate.reports.quality_facts import Example
from crm_migrate.stages import extract, standardize
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
    parts = [
        _with_values(part, run, model, policy, str(entity), str(field))
        for (entity, field), part in listed.group_by(["entity", "field"], maintain_order=True)
    ]
    if not parts:
        return ()
    columns = ("rule", "file", "sheet", "row", "column", "entity", "field", "value")
    rows = pl.concat(parts).sort("rule", *_PLACE, nulls_last=True).select(columns)
    texts = [c for c in columns if c != "row"]
    return tuple(Example(**row) for row in rows.with_columns(
        pl.col(texts).fill_null("")
    ).iter_rows(named=True))  # fmt: skip


def _with_values(
    part: pl.DataFrame, run: Run, model: Model, policy: Policy, entity: str, field: str
) -> pl.DataFrame:
    known = model.by_name.get(entity)
    empty = pl.lit(None, dtype=pl.String).alias("value")
    if known is None or field not in known.by_name or entity not in run.names(extract.STAGE):
        return part.with_columns(empty)
    kind = known.by_name[field].type
    if kind is SemanticType.REFERENCE:  # ours by now, no text of the source
        return part.with_columns(empty)
    ids = part[RECORD_ID].drop_nulls().unique()
    rows = run.rows(extract.STAGE, entity, RECORD_ID, ids)
    raw = rows.select(RECORD_ID, pl.col(field).alias("value")).unique(RECORD_ID)
    joined = part.join(raw, on=RECORD_ID, how="left", maintain_order="left")
    if policy.treatment(entity, field, Audience.REPORT) == Treatment.CLEAR:
        return joined
    return joined.with_columns(mask_series(joined["value"], kind))
