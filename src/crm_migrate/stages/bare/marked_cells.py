"""Which cells of a workbook are to be marked, how, and what stands in them in standard form.

A cell all of whose findings are repairs gets its standard form, unless part of it went to another
field: then nobody would see it any more. A doubtful cell keeps what is typed in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from crm_migrate.model import SemanticType
from crm_migrate.project.mapping_file import FieldSource
from crm_migrate.records import ROW, SHEET, SOURCE
from crm_migrate.stages.bare.standardize import StandardizedFiles

_PLACE = ["sheet", "row", "place"]
_WEIGHTS = {"error": 0, "warning": 1, "repair": 2}
_MOVED = r"\.moved"


class Cell(NamedTuple):
    """A cell to be marked. `row` is 1-based, `place` 0-based (0 is column A)."""

    sheet: str
    row: int
    place: int
    severity: str
    rules: tuple[str, ...]
    """Codes of why it is marked."""
    value: str | None
    """The standard form that replaces what is typed; None: it stays."""
    type: SemanticType
    unit: str | None


@dataclass(frozen=True)
class MarkedCells:
    """The cells by sheet, row and column, and how many findings belong to no cell."""

    cells: tuple[Cell, ...]
    elsewhere: int


def marked_cells(result: StandardizedFiles) -> MarkedCells:
    """The cells of one workbook that the findings are about. Errors of a row without a column of
    their own are marked in its first cell.
    """
    columns = pl.DataFrame(
        list(_columns(result)),
        schema={
            "source": pl.String, "sheet": pl.String, "entity": pl.String, "field": pl.String,
            "place": pl.Int64, "fillable": pl.Boolean, "first": pl.Int64,
        },
        orient="row",
    )  # fmt: skip
    found = result.findings.with_columns(
        pl.col("severity").replace_strict(_WEIGHTS, return_dtype=pl.Int8).alias("weight"),
        pl.col("sheet").fill_null(""),
    )
    key = ["source", "sheet", "entity", "field"]
    first = columns.group_by("source", "sheet").agg(pl.col("first").first())
    placed = (
        found.join(columns.drop("first"), on=key, how="left")
        .join(first, on=["source", "sheet"], how="left")
        .with_columns(
            pl.when(pl.col("place").is_null() & (pl.col("weight") == 0))
            .then("first")
            .otherwise("place")
            .alias("place")
        )
    )
    elsewhere = placed["place"].null_count()
    cells = (
        placed.drop_nulls("place")
        .sort(*_PLACE, "weight", "rule", "entity", "field")
        .group_by(_PLACE, maintain_order=True)
        .agg(
            pl.col("severity").first(),
            pl.col("rule").filter(_told()).unique(maintain_order=True),
            pl.col("entity", "field").first(),
            (pl.col("fillable") & (pl.col("weight") == _WEIGHTS["repair"])).all().alias("fill"),
            pl.col("rule").str.contains(_MOVED).any().alias("moved"),
        )
        .with_columns(pl.col("fill").fill_null(False) & ~pl.col("moved"))
        .join(_values(result, columns), on=["sheet", "row", "entity", "field"], how="left")
        .sort(_PLACE)
    )
    return MarkedCells(tuple(_cells(cells, result)), elsewhere)


def _told() -> pl.Expr:
    """Of a cell's findings those that say why it is marked: the gravest; of repairs, the moves."""
    gravest = pl.col("weight") == pl.col("weight").min()
    moved = pl.col("rule").str.contains(_MOVED)
    return gravest & (moved | (pl.col("weight") < _WEIGHTS["repair"]) | ~moved.any())


def _cells(cells: pl.DataFrame, result: StandardizedFiles) -> Iterator[Cell]:
    model = result.model.by_name
    for line in cells.iter_rows(named=True):
        field = model[line["entity"]].by_name.get(line["field"])
        value = line["value"] if line["fill"] else None
        if line["severity"] == "repair" and value is None and not line["moved"]:
            continue
        yield Cell(
            line["sheet"], line["row"], line["place"], line["severity"], tuple(line["rule"]), value,
            SemanticType.TEXT if field is None else field.type,
            None if field is None else field.unit,
        )  # fmt: skip


def _columns(result: StandardizedFiles) -> Iterator[tuple[Any, ...]]:
    """Every field of every table with the place of each of its columns."""
    for table in result.found.tables:
        info = table.table.info
        places = dict(zip(info.columns, info.places, strict=True))
        where = table.source, info.sheet or ""
        first = min(info.places, default=0)
        for record in table.mapping.records:
            fields = result.model.entity(record.entity).by_name
            for name, origin in record.fields.items():
                for column in origin.source_columns:
                    fillable = _fillable(origin, fields[name].unit)
                    yield *where, record.entity, name, places[column], fillable, first
            for column in (record.key or table.mapping.key)[:1]:
                yield *where, record.entity, "", places[column], False, first


def _fillable(origin: FieldSource, unit: str | None) -> bool:
    """Whether the field's value could stand in its cell: one column, whole, in the same unit."""
    return (
        origin.column is not None
        and origin.pattern is None
        and origin.table is None
        and origin.unit in (None, unit)
    )


def _values(result: StandardizedFiles, columns: pl.DataFrame) -> pl.DataFrame:
    """sheet, row, entity, field → standard value, of fields that could fill their cells."""
    parts = [
        pl.DataFrame(
            schema={
                "sheet": pl.String, "row": pl.Int64, "entity": pl.String, "field": pl.String,
                "value": pl.String,
            }
        )
    ]  # fmt: skip
    wanted = columns.filter("fillable").select("entity", "field").unique()
    for entity in wanted["entity"].unique().sort():
        names = wanted.filter(pl.col("entity") == entity)["field"].sort().to_list()
        records = result.records[entity]
        # Of two contacts in a row it is not known here which column is whose.
        alone = records.filter(~pl.struct(SOURCE, SHEET, ROW).is_duplicated())
        parts.append(
            alone.select(
                pl.col(SHEET).fill_null("").alias("sheet"),
                pl.col(ROW).cast(pl.Int64).alias("row"),
                pl.lit(entity).alias("entity"),
                *names,
            )
            .unpivot(names, index=["sheet", "row", "entity"], variable_name="field")
            .drop_nulls("value")
            .select(parts[0].columns)
        )
    return pl.concat(parts)
