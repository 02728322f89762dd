"""One transaction on a SQLite file: what planning reads, and what applying writes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection

from crm_migrate.systems.sqlite import expressions
from crm_migrate.systems.sqlite.faults import faults
from crm_migrate.systems.sqlite.schema import describe_tables
from crm_migrate.systems.sqlite.text import quoted, stored_text
from crm_migrate.systems.target_schema import KeyPart, TargetSchema, fingerprint

_READ_ROWS = 100_000
_ASK_ROWS = 20_000
"""Rows per statement when reading, and per question when rows are named."""


class SqliteView:
    """One transaction on the file: reads, and writes where it was opened for writing."""

    def __init__(self, connection: Connection, file: Path) -> None:
        self.connection = connection
        self._file = file
        self._schema: TargetSchema | None = None

    def describe(self) -> TargetSchema:
        """The schema; read once per transaction, in which only our own tables are made."""
        if self._schema is None:
            with faults(self._file):
                tables = describe_tables(self.connection)
            self._schema = TargetSchema(
                system="sqlite",
                database=self._file.as_posix(),
                tables={table.name: table for table in tables},
                fingerprint=fingerprint(tables),
            )
        return self._schema

    def read_table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows as stored text."""
        cells = ", ".join(stored_text(quoted(c)) for c in columns)
        return self._frame(f"SELECT {cells} FROM {quoted(name)}", (), columns)

    def rows(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """The rows with these keys: `_key` and the columns."""
        cells = ", ".join(stored_text(f"t.{quoted(c)}") for c in (key, *columns))
        query = (
            f"SELECT {cells} FROM {quoted(name)} t"
            f" WHERE t.{quoted(key)} IN (SELECT value FROM json_each(?))"
        )
        asked = [
            self._frame(query, (json.dumps(part.to_series().to_list()),), ("_key", *columns))
            for part in keys.drop_nulls().to_frame().iter_slices(_ASK_ROWS)
        ]
        empty = pl.DataFrame(schema=dict.fromkeys(("_key", *columns), pl.String))
        return pl.concat([empty, *asked])

    def taken(
        self,
        name: str,
        key: str,
        wanted: pl.DataFrame,
        *,
        where: str | None = None,
        parts: Sequence[KeyPart] = (),
    ) -> pl.DataFrame:
        """Which wanted tuples stand in the table, under the collations of its columns."""
        columns = [c for c in wanted.columns if c != "_n"]
        standing = [f"t.{quoted(c)}" for c in columns]
        if parts:
            wanted = self.computed(name, [p.coming for p in parts], wanted)
            columns = [c for c in wanted.columns if c != "_n"]
            standing = [f"({p.standing})" for p in parts]
        given = ", ".join(
            f"json_extract(value, '$[{i}]') AS _wanted_{i}" for i in range(len(columns) + 1)
        )
        # The table's column stands on the left: its collation and affinity decide.
        equal = " AND ".join(
            # An expression has no affinity: a number that it yields is no text.
            f"{s} IN (_wanted_{i}, CAST(_wanted_{i} AS NUMERIC))" if parts else f"{s} = _wanted_{i}"
            for i, s in enumerate(standing, 1)
        )
        query = (
            f"WITH wanted AS MATERIALIZED (SELECT {given} FROM json_each(?))"
            f" SELECT _wanted_0, {stored_text('t.' + quoted(key))}"
            f" FROM wanted CROSS JOIN {quoted(name)} t ON {equal}"
            + (f" WHERE {where}" if where else "")
        )
        asked = [
            self._frame(query, (json.dumps(part.rows()),), ("_n", "_key"))
            for part in wanted.select("_n", *columns).drop_nulls().iter_slices(_ASK_ROWS)
        ]
        return pl.concat([pl.DataFrame(schema={"_n": pl.String, "_key": pl.String}), *asked])

    def computed(self, name: str, asked: Sequence[str], cells: pl.DataFrame) -> pl.DataFrame:
        """What SQLite makes of its own expressions over these cells."""
        types = {c.name: c.type for c in self.describe().table(name).columns}
        return expressions.computed(types, asked, cells)

    def insert(self, name: str, rows: pl.DataFrame) -> None:
        """Inserts rows in order."""
        if rows.height:
            columns = ", ".join(map(quoted, rows.columns))
            marks = ", ".join("?" * rows.width)
            statement = f"INSERT INTO {quoted(name)} ({columns}) VALUES ({marks})"
            with faults(self._file):
                self.connection.exec_driver_sql(statement, rows.rows())

    def update(self, name: str, key: str, rows: pl.DataFrame) -> int:
        """Writes the frame's columns into the rows named by `_key`."""
        columns = [c for c in rows.columns if c != "_key"]
        if not rows.height or not columns:
            return 0
        written = ", ".join(f"{quoted(c)} = ?" for c in columns)
        statement = f"UPDATE {quoted(name)} SET {written} WHERE {quoted(key)} = ?"
        with faults(self._file):
            done = self.connection.exec_driver_sql(statement, rows.select(*columns, "_key").rows())
        return int(done.rowcount)

    def delete(self, name: str, key: str, keys: pl.Series) -> int:
        """Deletes the rows with these keys."""
        statement = f"DELETE FROM {quoted(name)} WHERE {quoted(key)} = ?"
        if keys.is_empty():
            return 0
        with faults(self._file):
            done = self.connection.exec_driver_sql(statement, [(k,) for k in keys.to_list()])
        return int(done.rowcount)

    def take(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """Deletes the rows with these keys and returns them."""
        found = self.rows(name, key, keys, columns)
        self.delete(name, key, found["_key"].unique(maintain_order=True))
        return found

    def next_keys(self, name: str, key: str, count: int) -> pl.Series:
        """The numbers after the largest so far: nobody else writes during the transaction."""
        last = self._last_key(name, key)
        return pl.int_range(last + 1, last + count + 1, eager=True).cast(pl.String).alias(key)

    def _last_key(self, name: str, key: str) -> int:
        """The largest integer key, also of rows deleted since where AUTOINCREMENT keeps it."""
        with faults(self._file):
            largest = self.connection.exec_driver_sql(
                f"SELECT max(CAST({quoted(key)} AS INTEGER)) FROM {quoted(name)}"
            ).scalar()
            counted = None
            if self.connection.exec_driver_sql(
                "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
            ).scalar():
                counted = self.connection.exec_driver_sql(
                    "SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)
                ).scalar()
        return max(int(largest or 0), int(counted or 0))

    def _frame(
        self, query: str, parameters: tuple[Any, ...], columns: Sequence[str]
    ) -> pl.DataFrame:
        schema = dict.fromkeys(columns, pl.String)
        parts = [pl.DataFrame(schema=schema)]
        with faults(self._file):
            cursor = self.connection.exec_driver_sql(query, parameters)
            while rows := cursor.fetchmany(_READ_ROWS):
                parts.append(pl.DataFrame([tuple(r) for r in rows], schema=schema, orient="row"))
        return pl.concat(parts)
