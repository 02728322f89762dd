"""One transaction on MariaDB or MySQL: what it reads, and what it writes by way of a stage.

Whatever is written is first loaded, as text, into a temporary table and from there inserted or
updated in one strict statement (`stage.py`). Any warning on the way is a fault.

Rows that were asked for by key inside a write transaction are locked. Such a transaction reads
what is committed at the moment of each statement (READ COMMITTED): it takes no locks on gaps,
for which people at work in the CRM would be broken off.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from pymysql.cursors import SSCursor

from crm_migrate.systems.mariadb import expressions, faults
from crm_migrate.systems.mariadb.cells import (
    STAGE,
    as_json,
    asked,
    assigned,
    comparable,
    data_type,
    portions,
    quoted,
    stored_text,
)
from crm_migrate.systems.mariadb.columns import describe_columns
from crm_migrate.systems.mariadb.line import Line
from crm_migrate.systems.mariadb.numbering import Numbering
from crm_migrate.systems.mariadb.packing import Packing
from crm_migrate.systems.mariadb.rights import rights_of
from crm_migrate.systems.mariadb.schema import describe_tables
from crm_migrate.systems.mariadb.stage import load, loads_local, staged
from crm_migrate.systems.mariadb.triggers import trigger_digests
from crm_migrate.systems.target import OWN_PREFIX, TransientFault
from crm_migrate.systems.target_schema import ColumnInfo, KeyPart, TargetSchema, fingerprint

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KEYS_ASKED = 5_000
_UPDATED_ROWS = 5_000
"""Of one UPDATE … JOIN: the server first collects what it will write, and more of it goes to disk
(three times slower)."""
_NUMBER = r"^[+-]?\d+$"


class MariadbView:
    """Reads, and writes where it was opened for writing."""

    def __init__(self, connection: "Connection", database: str, *, writes: bool) -> None:
        self.connection = connection
        self._line = Line(connection, database)
        self._database = database
        self._lock = " FOR UPDATE" if writes else ""
        self._schema: TargetSchema | None = None
        self._columns: dict[str, dict[str, ColumnInfo]] = {}
        self._numbering = Numbering(self._line, database)

    def describe(self) -> TargetSchema:
        """The schema; read once per transaction, in which only our own tables are made."""
        if self._schema is None:
            with faults.faults(self._database):
                rights = rights_of(self.connection)
                tables = describe_tables(self.connection, rights)
                shown = trigger_digests(self.connection, rights, [t.name for t in tables])
            self._schema = TargetSchema(
                system="mariadb",
                database=self._database,
                tables={table.name: table for table in tables},
                # Not every user is shown the triggers (see `schema.py`).
                fingerprint=fingerprint([replace(table, triggers=()) for table in tables]),
                hidden={
                    table.name: digest
                    for table in tables
                    if (digest := shown.get(table.name)) is not None
                },
            )
        return self._schema

    def read_table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows as stored text, streamed."""
        packing = Packing(tuple(columns))
        cells = packing.sql(self._cells(name, columns))
        with self._line.cursor(SSCursor) as cursor:
            cursor.execute(f"SELECT {cells} FROM {quoted(name)}", ())
            return packing.frame(cursor, name)

    def rows(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """The rows with these keys, in their order: `_key` and the columns; locked for writing."""
        read = "SELECT {cells} FROM {table} WHERE {where} ORDER BY {key}" + self._lock
        return self._packed(name, key, keys, columns, read)

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
        known = self._columns_of(name)
        if parts:
            return expressions.taken(self._line, name, known, key, wanted, parts, where)
        columns = [c for c in wanted.columns if c != "_n"]
        names = [f"_w{n}" for n in range(len(columns) + 1)]
        equal = " AND ".join(
            f"t.{quoted(c)} = {comparable(known.get(c), f'w.{quoted(w)}')}"
            for c, w in zip(columns, names[1:], strict=True)
        )
        cell = stored_text(known.get(key), f"t.{quoted(key)}")
        query = (
            f"SELECT w._w0, {cell} FROM {asked(names)} STRAIGHT_JOIN {quoted(name)} t ON {equal}"
            + (f" WHERE {where.replace('%', '%%')}" if where else "")
        )
        sensible = [
            pl.col(c).str.contains(_NUMBER) for c in columns if _is_whole(known.get(c))
        ]  # what is no number would count as 0
        rows = wanted.select("_n", *columns).drop_nulls().filter(pl.lit(True), *sensible)
        schema = {"_n": pl.String, "_key": pl.String}
        found = [pl.DataFrame(schema=schema)]
        for part in portions(rows):
            with self._line.cursor() as cursor:
                cursor.execute(query, (as_json(part),))
                found.append(pl.DataFrame(cursor.fetchall(), schema=schema, orient="row"))
        return pl.concat(found)

    def computed(self, name: str, asked: Sequence[str], cells: pl.DataFrame) -> pl.DataFrame:
        """What the server makes of its own expressions over these cells."""
        return expressions.computed(self._line, self._columns_of(name), asked, cells)

    def insert(self, name: str, rows: pl.DataFrame) -> None:
        """Inserts rows in order."""
        if rows.is_empty():
            return
        if name.startswith(OWN_PREFIX) and loads_local(self._line):
            load(self._line, name, rows)
            return
        listed = ", ".join(map(quoted, rows.columns))
        into = f"INSERT INTO {quoted(name)} ({listed})"
        with staged(self._line, rows):
            cells = self._assigned(name, rows)
            written = dict(zip(rows.columns, cells, strict=True))
            self._numbering.raise_counter(name, self._columns_of(name), into, written)
            with self._numbering.ours(name):
                self._line.write(f"{into} SELECT {', '.join(cells)} FROM {STAGE} s ORDER BY s._row")

    def update(self, name: str, key: str, rows: pl.DataFrame) -> int:
        """Writes the frame's columns into the rows named by `_key`."""
        written = [c for c in rows.columns if c != "_key"]
        if rows.is_empty() or not written:
            return 0
        staged = rows.select("_key", *written)
        parts = staged.iter_slices(_UPDATED_ROWS)
        return sum(self._update(name, key, part, written) for part in parts)

    def delete(self, name: str, key: str, keys: pl.Series) -> int:
        """Deletes the rows with these keys."""
        return sum(
            self._line.write(f"DELETE FROM {quoted(name)} WHERE {condition}", values)
            for condition, values in self._named(name, key, keys)
        )

    def take(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """Deletes the rows with these keys and returns them; MariaDB does it in one statement."""
        if getattr(self.connection.dialect, "is_mariadb", False):
            taken = "DELETE FROM {table} WHERE {where} RETURNING {cells}"
            return self._packed(name, key, keys, columns, taken)
        found = self.rows(name, key, keys, columns)
        self.delete(name, key, found["_key"].unique(maintain_order=True))
        return found

    def next_keys(self, name: str, key: str, count: int) -> pl.Series:
        """The numbers after the counter's and the largest key."""
        return self._numbering.next(name, key, count)

    def ask(self, query: str, rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """The answers to `query`, which has a `%s` for the rows (see `asked`), as text."""
        schema = dict.fromkeys(columns, pl.String)
        parts = [pl.DataFrame(schema=schema)]
        for part in portions(rows):
            with self._line.cursor() as cursor:
                cursor.execute(query, (as_json(part),))
                parts.append(pl.DataFrame(cursor.fetchall(), schema=schema, orient="row"))
        return pl.concat(parts)

    def _packed(
        self, name: str, key: str, keys: pl.Series, columns: Sequence[str], statement: str
    ) -> pl.DataFrame:
        """What a statement with `{cells}`, `{table}`, `{key}` and `{where}` delivers."""
        packing = Packing(("_key", *columns))
        cells = packing.sql(self._cells(name, (key, *columns)))
        parts = [pl.DataFrame(schema=dict.fromkeys(packing.labels, pl.String))]
        for condition, values in self._named(name, key, keys):
            filled = statement.format(
                cells=cells, table=quoted(name), key=quoted(key), where=condition
            )
            with self._line.cursor() as cursor:
                cursor.execute(filled, values)
                parts.append(packing.frame(cursor, name))
        return pl.concat(parts)

    def _cells(self, name: str, columns: Sequence[str]) -> list[str]:
        known = self._columns_of(name)
        return [stored_text(known.get(c), quoted(c)) for c in columns]

    @property
    def undone(self) -> TransientFault | None:
        """Why nothing of this transaction may be committed any more, if so."""
        return self._line.undone

    def undo(self, code: int) -> None:
        """Roll back after an error of that number which passed by us."""
        self._line.undo(code)

    def _columns_of(self, name: str) -> dict[str, ColumnInfo]:
        if name not in self._columns:
            with faults.faults(self._database):
                found = describe_columns(self.connection, name).get(name, [])
            self._columns[name] = {c.name: c for c in found}
        return self._columns[name]

    def _named(
        self, name: str, key: str, keys: pl.Series
    ) -> Iterator[tuple[str, tuple[str | int, ...]]]:
        """Conditions that name rows by key, with their values, in portions."""
        column = self._columns_of(name).get(key)
        whole = _is_whole(column)
        asked_for = keys.drop_nulls().unique(maintain_order=True)
        if whole:
            asked_for = asked_for.filter(asked_for.str.contains(_NUMBER))
        literal = "%s" if whole or column is None else comparable(column, "%s")
        for part in asked_for.to_frame().iter_slices(_KEYS_ASKED):
            values = part.to_series().to_list()
            yield (
                f"{quoted(key)} IN ({', '.join([literal] * len(values))})",
                tuple(map(int, values) if whole else values) * literal.count("%s"),
            )

    def _update(self, name: str, key: str, rows: pl.DataFrame, written: Sequence[str]) -> int:
        with staged(self._line, rows):
            same = comparable(self._columns_of(name).get(key), "s.c0")
            _, *cells = self._assigned(name, rows)
            values = ", ".join(f"t.{quoted(c)} = {v}" for c, v in zip(written, cells, strict=True))
            return self._line.write(
                f"UPDATE {STAGE} s STRAIGHT_JOIN {quoted(name)} t ON t.{quoted(key)} = {same}"
                f" SET {values}"
            )

    def _assigned(self, name: str, rows: pl.DataFrame) -> list[str]:
        known = self._columns_of(name)
        return [
            assigned(known.get(c), f"s.c{n}", hexadecimal=rows.schema[c] == pl.Binary)
            for n, c in enumerate(rows.columns)
        ]


def _is_whole(column: ColumnInfo | None) -> bool:
    return column is not None and (column.kind == "integer" or data_type(column) == "bit")
