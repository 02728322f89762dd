"""What PostgreSQL makes of the expressions in its own indexes and CHECKs, over cells to come.

Only expressions whose every function is immutable are asked for (catalog.py looks into their
trees), and planning asks in a read-only transaction: asking changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import psycopg

from crm_migrate.systems.postgres.copying import copied
from crm_migrate.systems.postgres.forms import castable
from crm_migrate.systems.postgres.text import (
    Cast,
    arrays,
    as_input,
    cell,
    frame_of,
    literal,
    quoted,
)
from crm_migrate.systems.target_schema import KeyPart

Connection = psycopg.Connection[Any]
_ROWS = 20_000
_MOST_TRIES = 200
"""Questions asked to find the rows over which an expression fails."""


def computed(
    connection: Connection,
    casts: Mapping[str, Cast],
    expressions: Sequence[str],
    cells: pl.DataFrame,
) -> pl.DataFrame:
    """`_n` and the expressions' values as text; rows that can't be computed are left out."""
    typed = _typed(connection, casts, cells)
    listed = ", ".join(f"({e})::text" for e in expressions)
    labels = ("_n", *(f"_{i}" for i in range(len(expressions))))
    found = [pl.DataFrame(schema=dict.fromkeys(labels, pl.String))]
    waiting, tries = list(typed.iter_slices(_ROWS)), 0
    while waiting:
        part, tries = waiting.pop(), tries + 1
        query = f'SELECT c."_n", {listed} FROM {_coming(casts, part)} c'
        try:
            with connection.transaction():  # a savepoint: one failure does not end the view
                found.append(_copied(connection, query, labels))
        except psycopg.DataError:
            if part.height > 1 and tries < _MOST_TRIES:
                half = part.height // 2
                waiting += [part.head(half), part.slice(half)]
    return pl.concat(found)


def taken(
    connection: Connection,
    table: str,
    casts: Mapping[str, Cast],
    key: str,
    wanted: pl.DataFrame,
    parts: Sequence[KeyPart],
    where: str | None,
) -> pl.DataFrame:
    """`_n` and `_key` of the rows of `table` (quoted) that stand under the same parts."""
    coming = [p.coming for p in parts]
    able = computed(connection, casts, coming, wanted).drop_nulls()
    asked = _typed(connection, casts, wanted.join(able.select("_n"), on="_n", how="semi"))
    standing = ", ".join(f"({p.standing}) AS p{i}" for i, p in enumerate(parts))
    source = f'SELECT {quoted(key)} AS "_key", {standing} FROM {table}'
    source += f" WHERE {where}" if where else ""
    made = ", ".join(f"({e}) AS p{i}" for i, e in enumerate(coming))
    equal = " AND ".join(f"t.p{i} = w.p{i}" for i in range(len(parts)))
    found = [pl.DataFrame(schema={"_n": pl.String, "_key": pl.String})]
    for part in asked.iter_slices(_ROWS):
        query = (
            f'SELECT w."_n", {cell("t." + quoted("_key"), casts[key])}'
            f' FROM (SELECT c."_n", {made} FROM {_coming(casts, part)} c) w'
            f" JOIN ({source}) t ON {equal}"
        )
        found.append(_copied(connection, query, ("_n", "_key")))
    return pl.concat(found)


def _typed(connection: Connection, casts: Mapping[str, Cast], cells: pl.DataFrame) -> pl.DataFrame:
    """The cells as the columns' input functions read them, without rows that they would refuse."""
    columns = [c for c in cells.columns if c != "_n"]
    fit = cells.select("_n", *(castable(connection, casts[c], cells[c]).alias(c) for c in columns))
    refused = [fit[c].is_null() & cells[c].is_not_null() for c in columns]
    fit = fit.filter(~pl.Series(pl.select(pl.any_horizontal(*refused))))
    return as_input(fit, {"_n": Cast("text"), **casts})


def _coming(casts: Mapping[str, Cast], rows: pl.DataFrame) -> str:
    """The rows as a subquery whose columns are named and typed as the table's."""
    columns = [c for c in rows.columns if c != "_n"]
    names = ", ".join(f"v{i}" for i in range(rows.width))
    given = ", ".join(f"{literal(a)}::text[]" for a in arrays(rows.select("_n", *columns)))
    cells = [f"u.v{i}::{casts[c].base} AS {quoted(c)}" for i, c in enumerate(columns, 1)]
    listed = ", ".join(['u.v0 AS "_n"', *cells])
    return f"(SELECT {listed} FROM unnest({given}) u ({names}))"


def _copied(connection: Connection, query: str, labels: Sequence[str]) -> pl.DataFrame:
    return frame_of(copied(connection, f"COPY ({query}) TO STDOUT (FORMAT csv)"), labels)
