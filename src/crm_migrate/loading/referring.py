"""Which rows of the target refer to the rows that a plan deletes: they would be orphans, or go too.

A foreign key may delete or empty what refers to a row, without a word. So a row is deleted only
when nothing refers to it but what the plan itself deletes or points elsewhere.
"""

from collections.abc import Mapping

import polars as pl

from crm_migrate.loading.bearings import RELIEVED, Bearings
from crm_migrate.plan.change import AFTER, UNTOUCHED, Action
from crm_migrate.systems.target import TargetReader
from crm_migrate.systems.target_schema import ForeignKey

_RELIEF = {"table": pl.String, "row_key": pl.String, "column": pl.String, "by": pl.String}
_WHOLE_ROW = ""


def referring_rows(
    reader: TargetReader,
    bearings: Bearings,
    operations: Mapping[str, pl.DataFrame],
    moves: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """RELIEVED, one line per row that refers to one to be deleted; `by` is null where it stays."""
    parts = [pl.DataFrame(schema=RELIEVED)]
    relief: pl.DataFrame | None = None
    for entity, frame in operations.items():
        gone = frame.filter(pl.col("action") == Action.DELETE)
        if gone.is_empty():
            continue
        if relief is None:
            relief = _relief(bearings, operations, moves)
        for table, foreign in _leading_to(bearings, entity):
            found = _referring(reader, bearings, entity, gone, table, foreign)
            parts.append(_relieved(entity, gone, found, relief, table, foreign))
    return pl.concat(parts)


def _leading_to(bearings: Bearings, entity: str) -> list[tuple[str, ForeignKey]]:
    """Tables with the foreign keys that lead to the entity's table, declared or only mapped."""
    led = bearings.entity(entity)
    found = [
        (table.name, foreign)
        for table in bearings.schema.tables.values()
        for foreign in table.foreign_keys
        if foreign.table == led.table
    ]
    declared = {(table, foreign.columns) for table, foreign in found}
    for name, references in bearings.references.items():
        table = bearings.entity(name).table
        for column, referred in references.items():
            if referred == entity and (table, (column,)) not in declared:
                found.append((table, ForeignKey((column,), led.table, (led.key,))))
    return found


def _referring(
    reader: TargetReader,
    bearings: Bearings,
    entity: str,
    gone: pl.DataFrame,
    table: str,
    foreign: ForeignKey,
) -> pl.DataFrame:
    """`_n` (golden id) and `_key` of the rows of `table` that refer to the rows to be deleted."""
    mapping = bearings.entity(entity)
    keys = gone.select(pl.col("golden_id").alias("_n"), pl.col("target_key").alias("_at"))
    stored = reader.rows(mapping.table, mapping.key, keys["_at"], list(foreign.referred))
    wanted = keys.join(stored, left_on="_at", right_on="_key").select(
        "_n",
        *(pl.col(r).alias(c) for c, r in zip(foreign.columns, foreign.referred, strict=True)),
    )
    return reader.taken(table, _key_of(bearings, table, foreign), wanted)


def _relieved(
    entity: str,
    gone: pl.DataFrame,
    found: pl.DataFrame,
    relief: pl.DataFrame,
    table: str,
    foreign: ForeignKey,
) -> pl.DataFrame:
    here = relief.filter(
        (pl.col("table") == table) & pl.col("column").is_in([_WHOLE_ROW, *foreign.columns])
    ).unique("row_key", keep="first", maintain_order=True)
    return (
        gone.select("golden_id", "group")
        .join(found, left_on="golden_id", right_on="_n")
        .join(here, left_on="_key", right_on="row_key", how="left")
        .select(pl.lit(entity).alias("entity"), "golden_id", "group", "by")
    )


def _key_of(bearings: Bearings, table: str, foreign: ForeignKey) -> str:
    """The column by which rows of the table are named in a plan, or else any that it has."""
    for mapping in bearings.mapping.entities.values():
        if mapping.table == table:
            return mapping.key
    return (*bearings.schema.table(table).primary_key, foreign.columns[0])[0]


def _relief(
    bearings: Bearings, operations: Mapping[str, pl.DataFrame], moves: pl.DataFrame | None
) -> pl.DataFrame:
    """Rows that the plan deletes, and cells that it writes: nothing there stands in the way."""
    parts = [pl.DataFrame(schema=_RELIEF)]
    for entity, frame in operations.items():
        mapping = bearings.entity(entity)
        row = (pl.lit(mapping.table).alias("table"), pl.col("target_key").alias("row_key"))
        gone = frame.filter(pl.col("action") == Action.DELETE)
        parts.append(gone.select(*row, pl.lit(_WHOLE_ROW).alias("column"), by="group"))
        for column in bearings.references.get(entity, {}):
            if AFTER + column in frame.columns:
                written = (pl.col("action") == Action.UPDATE) & (
                    pl.col(AFTER + column) != UNTOUCHED
                )
                parts.append(
                    frame.filter(written.fill_null(True)).select(
                        *row, pl.lit(column).alias("column"), by="group"
                    )
                )
    if moves is not None and moves.height:
        moved = moves.filter(pl.col("kind") == "reparent")
        parts.append(moved.select("table", "row_key", "column", by="group"))
    return pl.concat(parts)
