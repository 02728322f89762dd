"""Control totals (R-6.6): sums of amounts by department and year, straight from source cells.

This path shares nothing with the standards: a cell becomes a decimal by its own few lines here,
so that an error in the standards shows as a difference.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import polars as pl

from crm_migrate.model import Model
from crm_migrate.project.mapping_file import FieldSource, RecordMapping, TableMapping, ValueMap

TOTALS_SCHEMA = {
    "entity": pl.String(),
    "source": pl.String(),
    "department": pl.String(),
    "year": pl.String(),
    "count": pl.Int64(),
    "amount": pl.Decimal(38, 4),
}

_FACTORS = {"元": Decimal(1), "万元": Decimal(10_000), "亿元": Decimal(100_000_000)}
_NUMBER = re.compile(r"(-?[\d,]+(?:\.\d+)?)\s*(亿|万)?元?")


def source_totals(
    rows: pl.DataFrame,
    mapping: TableMapping,
    source: str,
    model: Model,
    value_maps: Mapping[str, ValueMap],
) -> pl.DataFrame:
    """Totals (TOTALS_SCHEMA) of every entity of the table that has an amount, in its own unit."""
    parts = [pl.DataFrame(schema=TOTALS_SCHEMA)]
    for record in mapping.records:
        entity = model.entity(record.entity)
        if entity.total is None or entity.total not in record.fields:
            continue
        unit = entity.by_name[entity.total].unit or "元"
        origin = record.fields[entity.total]
        amounts = _amounts(rows, origin, unit)
        frame = pl.DataFrame(
            {
                "department": _department(rows, record, value_maps),
                "year": _year(rows, record, entity.total_date),
                "amount": amounts,
            }
        ).filter(pl.col("amount").is_not_null())
        parts.append(_summed(frame, record.entity, source))
    return pl.concat(parts)


def record_totals(
    records: pl.DataFrame, entity: str, total: str, total_date: str | None
) -> pl.DataFrame:
    """The same sums (TOTALS_SCHEMA) over standardized records that carry `source`."""
    nothing = pl.lit(None, dtype=pl.String)
    department = pl.col("department") if "department" in records.columns else nothing
    year = pl.col(total_date).str.head(4) if total_date else nothing
    frame = records.filter(pl.col(total).is_not_null()).select(
        pl.col("source"),
        department.alias("department"),
        year.alias("year"),
        pl.col(total).cast(pl.Decimal(38, 4)).alias("amount"),
    )
    parts = [pl.DataFrame(schema=TOTALS_SCHEMA)]
    for (source,), part in frame.group_by(["source"]):
        parts.append(_summed(part.drop("source"), entity, str(source)))
    return pl.concat(parts)


def _summed(frame: pl.DataFrame, entity: str, source: str) -> pl.DataFrame:
    return (
        frame.with_columns(pl.col("department").fill_null(""), pl.col("year").fill_null(""))
        .group_by("department", "year")
        .agg(pl.len().cast(pl.Int64).alias("count"), pl.col("amount").sum())
        .select(
            pl.lit(entity).alias("entity"),
            pl.lit(source).alias("source"),
            "department",
            "year",
            "count",
            pl.col("amount").cast(pl.Decimal(38, 4)),
        )
        .sort("department", "year")
    )


def _amounts(rows: pl.DataFrame, origin: FieldSource, unit: str) -> pl.Series:
    column = rows[origin.source_columns[0]]
    given = _FACTORS.get(origin.unit or unit, Decimal(1))
    wanted = _FACTORS.get(unit, Decimal(1))
    # A loop over distinct texts: amounts repeat, and this path is meant to be plain.
    known = {text: _decimal(text, given, wanted) for text in column.unique().to_list() if text}
    values = [known.get(text) for text in column.to_list()]
    return pl.Series(values, dtype=pl.Decimal(38, 4))


def _decimal(text: str, given: Decimal, wanted: Decimal) -> Decimal | None:
    match = _NUMBER.fullmatch(text.strip().replace("，", ",").replace(" ", ""))
    if match is None:
        return None
    try:
        number = Decimal(match[1].replace(",", ""))
    except InvalidOperation:
        return None
    factor = _FACTORS[match[2] + "元"] if match[2] else given
    return number * factor / wanted


def _department(
    rows: pl.DataFrame, record: RecordMapping, value_maps: Mapping[str, ValueMap]
) -> pl.Series:
    """The department in the row, else that of the owner by the owner map."""
    own = _cells(rows, record.fields.get("department"), value_maps, departments=False)
    owners = _cells(rows, record.fields.get("owner"), value_maps, departments=True)
    return own.zip_with(own.is_not_null(), owners)


def _cells(
    rows: pl.DataFrame,
    origin: FieldSource | None,
    value_maps: Mapping[str, ValueMap],
    *,
    departments: bool,
) -> pl.Series:
    nothing = pl.Series([None] * rows.height, dtype=pl.String)
    if origin is None or (departments and origin.values is None):
        return nothing
    if origin.constant is not None:
        return nothing if departments else nothing.fill_null(origin.constant)
    column = rows[origin.source_columns[0]].str.strip_chars()
    column = column.set(column == "", None)
    if origin.values is None:
        return column
    known = value_maps[origin.values]
    if not departments:
        return column.replace(known.map)
    named = {c.old: c.department or None for c in known.owners}
    return column.replace_strict(named, default=None, return_dtype=pl.String) if named else nothing


def _year(rows: pl.DataFrame, record: RecordMapping, field: str | None) -> pl.Series:
    origin = record.fields.get(field or "")
    if origin is None or not origin.source_columns:
        return pl.Series([None] * rows.height, dtype=pl.String)
    return rows[origin.source_columns[0]].str.extract(r"(?:^|\D)?((?:19|20)\d{2})", 1)
