"""The columns that expressions need, gathered by joins: one row per record of the entity."""

from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.records import RECORD_ID
from crm_migrate.standards.rules.expression import Aggregate, Expression
from crm_migrate.standards.rules.kinds import TODAY


def inputs(
    entity: Entity,
    expressions: Iterable[Expression],
    tables: Mapping[str, pl.DataFrame],
    today: date,
    key: str = RECORD_ID,
    own: Iterable[str] = (),
) -> pl.DataFrame:
    """`record_id` (that is the column `key`), the columns that the expressions need, and `own`.

    `tables`: records by entity in canonical text, one row per `key`; references name keys. The rows
    are those of the entity's table, in its order.
    """
    made = list(expressions)
    names = {n for e in made for n in e.columns} | set(own)
    base = _present(tables[entity.name], names).select(
        pl.col(key).alias(RECORD_ID), *(pl.col(n) for n in sorted(names) if n != RECORD_ID)
    )
    frame = base.with_columns(pl.lit(today, dtype=pl.Date).alias(TODAY))
    for reference in sorted({r for e in made for r, _ in e.through}):
        fields = sorted({f for e in made for r, f in e.through if r == reference})
        led = {f: pl.col(f).alias(f"{reference}.{f}") for f in fields}
        there = tables.get(entity.by_name[reference].references or "")
        if there is None:
            frame = frame.with_columns(
                pl.lit(None, pl.String).alias(f"{reference}.{f}") for f in led
            )
            continue
        other = _present(there, fields).select(pl.col(key).alias(reference), *led.values())
        frame = frame.join(other, on=reference, how="left", maintain_order="left")
    for figure in {a.name: a for e in made for a in e.aggregates}.values():
        frame = _with_figure(frame, figure, tables, today)
    return frame


def _with_figure(
    frame: pl.DataFrame, figure: Aggregate, tables: Mapping[str, pl.DataFrame], today: date
) -> pl.DataFrame:
    there = tables.get(figure.entity)
    names = sorted({*figure.columns, figure.reference})
    rows = pl.DataFrame(schema=dict.fromkeys(names, pl.String)) if there is None else there
    rows = _present(rows, names).select(names)
    rows = rows.with_columns(pl.lit(today, dtype=pl.Date).alias(TODAY))
    if figure.where is not None:
        rows = rows.filter(figure.where)
    found = (
        rows.drop_nulls(figure.reference)
        .group_by(figure.reference)
        .agg(figure.value.alias(figure.name))
    )
    found = found.rename({figure.reference: RECORD_ID})
    return frame.join(found, on=RECORD_ID, how="left", maintain_order="left")


def _present(table: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """The table with every column; those that it lacks are empty."""
    absent = [n for n in names if n not in table.columns and n != RECORD_ID]
    return table.with_columns(pl.lit(None, dtype=pl.String).alias(n) for n in sorted(absent))
