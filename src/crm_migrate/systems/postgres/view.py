"""One transaction on PostgreSQL: reads by COPY, and writes set by set where it may write.

What is wanted travels as array literals; the column's own type says what is equal, so indexes
serve. Text that is no value of a column's type matches nothing there.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import polars as pl
import psycopg
from psycopg.copy import QueuedLibpqWriter
from sqlalchemy import Connection

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.postgres import catalog, expressions
from crm_migrate.systems.postgres.copying import copied
from crm_migrate.systems.postgres.faults import faults, is_unique
from crm_migrate.systems.postgres.forms import castable
from crm_migrate.systems.postgres.joining import along_index
from crm_migrate.systems.postgres.keys import Keys
from crm_migrate.systems.postgres.schema import describe_tables
from crm_migrate.systems.postgres.silence import Silence
from crm_migrate.systems.postgres.text import (
    Cast,
    array,
    arrays,
    as_input,
    cell,
    copy_pieces,
    frame_of,
    literal,
    quoted,
)
from crm_migrate.systems.target import TransientFault
from crm_migrate.systems.target_schema import KeyPart, TargetSchema, fingerprint

_NAMED_ROWS = 20_000
"""Rows per statement that names rows by key."""


class PostgresView:
    """Reads, and writes where it was opened for writing."""

    def __init__(
        self,
        connection: Connection,
        database: str,
        schema_name: str,
        casts: dict[str, dict[str, Cast]],
        *,
        writes: bool = False,
        silent: bool = False,
    ) -> None:
        """A view of one schema.

        `casts`: what is known of the tables' types, filled on the way; `writes`: rows that are
        asked for by key are locked; `silent`: triggers don't run.
        """
        self.connection = connection
        self._database = database
        self._writes = writes
        self._schema: TargetSchema | None = None
        self._casts = casts
        self.schema_name = schema_name
        self.raw = raw = raw_connection(connection)
        self._keys = Keys(raw)
        self._silence = Silence(raw) if silent else None

    def describe(self) -> TargetSchema:
        """The schema; read once per transaction, in which only our own tables are made."""
        if self._schema is None:
            with faults(self._database):
                found = describe_tables(self.raw, self.schema_name)
            self._casts.update(found.casts)
            self._schema = TargetSchema(
                system="postgresql",
                database=self._database,
                tables={table.name: table for table in found.tables},
                fingerprint=fingerprint(found.tables),
            )
        return self._schema

    def read_table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows as stored text."""
        cells = self._cells(name, columns)
        return self._copied(name, f"SELECT {cells} FROM {self._table(name)} t", columns)

    def rows(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """The rows with these keys: `_key` and the columns; locked in the order of the key."""
        cast = self._cast(name, key)
        cells = self._cells(name, (key, *columns))
        labels = ("_key", *columns)
        parts = [pl.DataFrame(schema=dict.fromkeys(labels, pl.String))]
        for some in self._named(name, key, keys):
            query = (
                f"SELECT {cells} FROM {self._table(name)} t"
                f" WHERE t.{quoted(key)} = ANY ({literal(array(some))}::text[]::{cast.base}[])"
            )
            if self._writes:  # two writers that want the same rows wait, and don't deadlock
                query += f" ORDER BY t.{quoted(key)}, t.ctid FOR UPDATE"
            parts.append(self._copied(name, query, labels))
        return pl.concat(parts)

    def taken(
        self,
        name: str,
        key: str,
        wanted: pl.DataFrame,
        *,
        where: str | None = None,
        parts: Sequence[KeyPart] = (),
    ) -> pl.DataFrame:
        """Which wanted tuples stand in the table, as its columns' types and collations compare."""
        if parts:
            with self._guard(name):
                casts = self._casts_of(name, [c for c in wanted.columns if c != "_n"])
                return expressions.taken(
                    self.raw, self._table(name), casts, key, wanted, parts, where
                )
        columns = [c for c in wanted.columns if c != "_n"]
        asked = wanted.select("_n", *columns).drop_nulls()
        with self._guard(name):
            asked = asked.with_columns(
                castable(self.raw, self._cast(name, c), asked[c]).alias(c) for c in columns
            ).drop_nulls()
        source = f"SELECT * FROM {self._table(name)}" + (f" WHERE {where}" if where else "")
        equal = " AND ".join(
            f"t.{quoted(c)} = w.v{i}::{self._cast(name, c).base}" for i, c in enumerate(columns)
        )
        found = cell(f"t.{quoted(key)}", self._cast(name, key))
        names = ", ".join(["n", *(f"v{i}" for i in range(len(columns)))])
        hits = [pl.DataFrame(schema={"_n": pl.String, "_key": pl.String})]
        for part in asked.iter_slices(_NAMED_ROWS):
            typed = as_input(part, {"_n": Cast("text")} | self._casts_of(name))
            wanted_arrays = ", ".join(f"{literal(a)}::text[]" for a in arrays(typed))
            query = (
                f"SELECT w.n, {found} FROM unnest({wanted_arrays}) w ({names})"
                f" JOIN ({source}) t ON {equal}"
            )
            with self._guard(name), along_index(self.raw, self._table(name), columns):
                hits.append(self._copied(name, query, ("_n", "_key")))
        return pl.concat(hits)

    def computed(self, name: str, asked: Sequence[str], cells: pl.DataFrame) -> pl.DataFrame:
        """What the server makes of its own expressions over these cells."""
        with self._guard(name):
            casts = self._casts_of(name, [c for c in cells.columns if c != "_n"])
            return expressions.computed(self.raw, casts, asked, cells)

    def insert(self, name: str, rows: pl.DataFrame) -> None:
        """Inserts rows in order, by COPY."""
        if not rows.height:
            return
        with self._guard(name):
            typed = as_input(rows, self._casts_of(name, rows.columns))
            columns = ", ".join(map(quoted, rows.columns))
            hexes = [name for name, kind in rows.schema.items() if kind == pl.Binary]
            try:
                cursor = self.raw.cursor()
                # It sends in a thread of its own: one piece travels while the next is spelt out.
                with cursor.copy(
                    f"COPY {self._table(name)} ({columns}) FROM STDIN",
                    writer=QueuedLibpqWriter(cursor),
                ) as copy:
                    for piece in copy_pieces(typed, hexes):
                        copy.write(piece)
            except psycopg.Error as error:
                if is_unique(error) and self._keys.counted(name):
                    raise _key_race(self._database) from None
                raise
            if self._silence is not None:
                self._silence.wrote(self._table(name), rows)

    def update(self, name: str, key: str, rows: pl.DataFrame) -> int:
        """Writes the frame's columns into the rows named by `_key`."""
        columns = [c for c in rows.columns if c != "_key"]
        if not rows.height or not columns:
            return 0
        casts = self._casts_of(name, (key, *columns))
        written = ", ".join(f"{quoted(c)} = w.v{i}::{casts[c].base}" for i, c in enumerate(columns))
        names = ", ".join(["k", *(f"v{i}" for i in range(len(columns)))])
        given = ", ".join(f"${i}::text[]" for i in range(1, len(columns) + 2))
        statement = (
            f"UPDATE {self._table(name)} t SET {written} FROM unnest({given}) w ({names})"
            f" WHERE t.{quoted(key)} = w.k::{casts[key].base}"
        )
        done = 0
        with self._guard(name):
            keys = castable(self.raw, casts[key], rows["_key"])
            keyed = rows.select(keys.alias("_key"), *columns)
            typed = as_input(keyed.drop_nulls("_key"), {**casts, "_key": casts[key]})
            with along_index(self.raw, self._table(name), (key,)):
                for part in typed.iter_slices(_NAMED_ROWS):
                    done += psycopg.RawCursor(self.raw).execute(statement, arrays(part)).rowcount
            if self._silence is not None:
                self._silence.changed(self._table(name), key, casts[key], typed["_key"])
        return done

    def delete(self, name: str, key: str, keys: pl.Series) -> int:
        """Deletes the rows with these keys."""
        done = 0
        cast = self._cast(name, key)
        for some in self._named(name, key, keys):
            with self._guard(name):
                if self._silence is not None:
                    self._silence.will_delete(self._table(name), key, cast, some)
                done += self.raw.execute(
                    f"DELETE FROM {self._table(name)}"
                    f" WHERE {quoted(key)} = ANY ({literal(array(some))}::text[]::{cast.base}[])"
                ).rowcount
        return done

    def take(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """Deletes the rows with these keys and returns them, in one statement."""
        cast = self._cast(name, key)
        cells = self._cells(name, (key, *columns))
        labels = ("_key", *columns)
        parts = [pl.DataFrame(schema=dict.fromkeys(labels, pl.String))]
        for some in self._named(name, key, keys):
            if self._silence is not None:
                with self._guard(name):
                    self._silence.will_delete(self._table(name), key, cast, some)
            wanted = f"{literal(array(some))}::text[]::{cast.base}[]"
            query = (
                f"DELETE FROM {self._table(name)} t WHERE t.{quoted(key)} = ANY ({wanted})"
                f" RETURNING {cells}"
            )
            parts.append(self._copied(name, query, labels))
        return pl.concat(parts)

    def next_keys(self, name: str, key: str, count: int) -> pl.Series:
        """Numbers from the column's own sequence, else those after the largest."""
        with self._guard(name):
            return self._keys.next(name, self._table(name), key, count)

    def finish(self) -> None:
        """What is to be checked before COMMIT: references that silenced triggers did not check."""
        if self._silence is not None:
            with faults(self._database):
                self._silence.check(self._database)

    def _table(self, name: str) -> str:
        return f"{quoted(self.schema_name)}.{quoted(name)}"

    def _casts_of(self, name: str, columns: Sequence[str] = ()) -> dict[str, Cast]:
        """The table's types; asked anew when a column is not known yet."""
        known = self._casts.get(name)
        if known is None or not known.keys() >= set(columns):
            with faults(self._database):
                known = self._casts[name] = catalog.casts(self.raw, self._table(name))
        for column in columns:
            if column not in known:
                raise TargetFault(
                    Text("there is no column {column}", "没有字段 {column}").fill(column=column),
                    where=f"{self._database}, {name}",
                )
        return known

    def _cast(self, name: str, column: str) -> Cast:
        return self._casts_of(name, (column,))[column]

    def _cells(self, name: str, columns: Sequence[str]) -> str:
        return ", ".join(cell(f"t.{quoted(c)}", self._cast(name, c)) for c in columns)

    def _named(self, name: str, key: str, keys: pl.Series) -> list[pl.Series]:
        """The keys that can be keys of the table, as its type reads them, in parts."""
        cast = self._cast(name, key)
        with self._guard(name):
            fit = castable(self.raw, cast, keys.drop_nulls().cast(pl.String)).drop_nulls()
        typed = as_input(fit.to_frame("k"), {"k": cast})
        return [part.to_series() for part in typed.iter_slices(_NAMED_ROWS)]

    def _copied(self, name: str, query: str, labels: Sequence[str]) -> pl.DataFrame:
        with self._guard(name):
            return frame_of(copied(self.raw, f"COPY ({query}) TO STDOUT (FORMAT csv)"), labels)

    def _guard(self, name: str) -> AbstractContextManager[None]:
        rights = "SELECT, INSERT, UPDATE, DELETE" if self._writes else "SELECT"
        user = quoted(self.raw.info.user)
        return faults(self._database, (f"GRANT {rights} ON {self._table(name)} TO {user}",))


def raw_connection(connection: Connection) -> "psycopg.Connection[Any]":
    """The driver's own connection."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def _key_race(database: str) -> TransientFault:
    return TransientFault(
        "key_race",
        Text("another program took a key that was to be ours", "其他程序占用了预定的主键"),
        where=database,
    )
