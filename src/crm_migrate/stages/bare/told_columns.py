"""What is told of the columns of bare files: those that fields take, and those that none takes."""

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from crm_migrate.model import Model
from crm_migrate.stages.bare.column_figures import NOTHING, Shares, shares
from crm_migrate.stages.bare.file_mappings import FileMappings, FileTable
from crm_migrate.stages.bare.likely_fields import likely_fields
from crm_migrate.stages.bare.standardize import StandardizedFiles

_LOOK = 2_000
"""Values that are looked at to see what a column could be."""


def taken_columns(
    found: FileMappings, model: Model, figures: Shares | None = None
) -> Iterator[dict[str, Any]]:
    """What each column was taken for, and why; with `figures`, how it is filled and how right."""
    for table in found.tables:
        for record in table.mapping.records:
            fields = model.entity(record.entity).by_name
            for name, origin in record.fields.items():
                if name in found.carried:
                    continue
                place = table.source, table.table.info.sheet, record.entity, name
                part = {} if figures is None else figures.get(place, NOTHING)._asdict()
                for column in origin.source_columns:
                    yield {
                        "file": table.table.info.file,
                        "sheet": table.table.info.sheet,
                        "column": column,
                        "entity": record.entity,
                        "field": name,
                        "type": str(fields[name].type),
                        "confidence": origin.confidence,
                        "reason": origin.reason,
                        **part,
                    }


def unused_columns(
    found: FileMappings,
    model: Model,
    records: pl.DataFrame | None = None,
    figures: Shares | None = None,
) -> Iterator[dict[str, Any]]:
    """The columns that no field takes, why, under what name they stand in the result (null: they
    do not), how full they are, and which fields they could be meant for that have no column yet.

    records: those of the result, whose values help to see the last.
    """
    nothing = pl.Series([], dtype=pl.String)
    for table, column, why, carried in found.unused():
        info = table.table.info
        place = table.source, info.sheet, found.entity, carried or ""
        known = records is not None and carried is not None
        values = records[carried].drop_nulls().head(_LOOK) if known else nothing  # type: ignore[index]
        yield {
            "file": info.file,
            "sheet": info.sheet,
            "column": column,
            "why": str(why),
            "carried_as": carried,
            "filled": (figures or {}).get(place, NOTHING).filled,
            "could_be": _free(likely_fields(column, values, found, model), table, found.entity),
        }


def _free(fields: Iterable[str], table: FileTable, entity: str) -> list[str]:
    """Those that no column of the table fills: a mapping names each field once."""
    records = table.mapping.records
    taken = {n if r.entity == entity else f"{r.entity}.{n}" for r in records for n in r.fields}
    return [field for field in fields if field not in taken]


def unused_of(result: StandardizedFiles) -> list[dict[str, Any]]:
    """The same of what was read."""
    records = result.records[result.found.entity]
    return list(unused_columns(result.found, result.model, records, shares(result)))
