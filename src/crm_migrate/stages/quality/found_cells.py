"""The raw cells that findings speak of, as a report may show them."""

import polars as pl

from crm_migrate.model import Entity, Model, SemanticType
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Policy, Treatment
from crm_migrate.protection.private_persons import (
    KIND,
    NAME,
    any_of,
    covered,
    persons_of,
    tells_of_person,
)
from crm_migrate.protection.strays import cover_strays
from crm_migrate.records import RECORD_ID
from crm_migrate.stages import extract, standardize
from crm_migrate.workspace import Run


def with_cells(found: pl.DataFrame, run: Run, model: Model, policy: Policy) -> pl.DataFrame:
    """The findings with `value`: the raw cell, masked as policy says for reports.

    Of references nothing is shown: they are ids of ours by now, no text of the source.
    """
    parts = [found.clear().with_columns(value=pl.lit(None, pl.String))]
    for (entity, field), some in found.group_by(["entity", "field"], maintain_order=True):
        values = _cells(some[RECORD_ID], run, model, policy, str(entity), str(field))
        parts.append(some.with_columns(values.alias("value")))
    return pl.concat(parts)


def _cells(
    ids: pl.Series, run: Run, model: Model, policy: Policy, entity: str, name: str
) -> pl.Series:
    known = model.by_name.get(entity)
    field = known.by_name.get(name) if known else None
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(ids))
    if known is None or field is None or field.type is SemanticType.REFERENCE:
        return nothing
    if entity not in run.names(extract.STAGE):
        return nothing
    raw = run.read(extract.STAGE, entity, [RECORD_ID, name]).unique(RECORD_ID)
    cells = ids.to_frame().join(raw, on=RECORD_ID, how="left", maintain_order="left")[name]
    if policy.treatment(entity, name, Audience.REPORT) == Treatment.CLEAR:
        if tells_of_person(field.type):
            cells = covered(cells, field.type, _persons(ids, run, known))
        return cover_strays(cells, field.type)
    return mask_series(cells, field.type)


def _persons(ids: pl.Series, run: Run, entity: Entity) -> pl.Series:
    """Whether the records are private persons', by what they say and by what was made of it."""
    columns = [RECORD_ID, *(n for n in (NAME, KIND) if n in entity.by_name)]
    found = [pl.repeat(False, len(ids), eager=True)]
    for stage in (extract.STAGE, standardize.STAGE):
        if entity.name in run.names(stage):
            told = run.read(stage, entity.name, columns).unique(RECORD_ID)
            rows = ids.to_frame().join(told, on=RECORD_ID, how="left", maintain_order="left")
            found.append(persons_of(rows, entity))
    return any_of(found)
