"""One transaction on MariaDB or MySQL: what it reads, and what it writes by way of a stage.

Whatever is written is first loaded, as text, into a temporary table and from there inserted or
updated in one strict statement (mariadb_stage.py). Any warning on the way is a fault.

Rows that were asked for by key inside a write transaction are locked. Such a transaction reads
what is committed at the moment of each statement (READ COMMITTED): it takes no locks on gaps,
for which people at work in the CRM would be broken off.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
from crm_migrate.systems.mariadb.line import Line
from crm_migrate.systems.mariadb.packing import Packing
from crm_migrate.systems.mariadb.rights import rights_of
from crm_migrate.systems.mariadb.schema import (
    describe_columns,
    describe_tables,
    trigger_digests,
)
from crm_migrate.systems.mariadb.stage import load, loads_local, staged
from crm_migrate.systems.target import OWN_PREFIX, ConstraintViolated, TransientFault
from crm_migrate.systems.target_schema import ColumnInfo, KeyPart, TargetSchema, fingerprint

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KEYS_ASKED = 5_000
_UPDATED_ROWS = 5_000
"""Of one UPDATE … JOIN: the server first collects what it will write, and more of it goes to disk
(three times slower)."""
_ON_PRIMARY = re.compile(r"for key '(?:[^']*\.)?PRIMARY'$")
_NUMBER = r"^[+-]?\d+$"
_PROBE = "crm_migrate_probe"


class MariadbView:
    """Reads, and writes where it was opened for writing."""

    def __init__(self, connection: "Connection", database: str, *, writes: bool) -> None:
        self.connection = connection
        self._line = Line(connection, database)
        self._database = database
        self._lock = " FOR UPDATE" if writes else ""
        self._schema: TargetSchema | None = None
        self._columns: dict[str, dict[str, ColumnInfo]] = {}
        self._given: dict[str, tuple[str, int]] = {}
        """Table → key column and greatest number that was handed out."""

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
                # Not every user is shown the triggers (see schema.py).
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
            self._raise_counter(name, into, rows.columns, cells)
            with self._numbers_ours(name):
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
        """The numbers after the counter's and the largest key.

        The counter itself is raised by the first insert; whoever took one of the numbers until
        then makes that insert raise `key_race`.
        """
        with self._line.cursor() as cursor:
            cursor.execute(
                "SELECT auto_increment, @@auto_increment_increment, @@auto_increment_offset"
                " FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = %s",
                (name,),
            )
            counter, step, offset = cursor.fetchone() or (None, 1, 1)
            cursor.execute(f"SELECT MAX({quoted(key)} + 0) FROM {quoted(name)}", ())
            ((largest,),) = cursor.fetchall()
        _, given = self._given.get(name, ("", 0))
        least = max(int(counter or 1), int(largest or 0) + 1, given + 1)
        # Members of a cluster number in steps; ours are left to this member.
        first = least + (int(offset) - least) % int(step)
        numbers = pl.int_range(first, first + count * int(step), int(step), eager=True)
        if count:
            self._given[name] = (key, int(numbers[-1]))
        return numbers.cast(pl.String).alias(key)

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

    def _raise_counter(
        self, name: str, into: str, columns: Sequence[str], cells: Sequence[str]
    ) -> None:
        """Let the table's counter pass the numbers that were handed out, before they are used.

        InnoDB's counter is raised by an insert and stays raised when it is undone: the last row
        is inserted under the greatest number, and taken back. Where the row can't be, the table
        is left as it is.
        """
        key, greatest = self._given.get(name, ("", 0))
        column = self._columns_of(name).get(key)
        if key not in columns or column is None or column.default != "auto_increment":
            return
        values = [str(greatest) if c == key else v for c, v in zip(columns, cells, strict=True)]
        chosen = f"SELECT {', '.join(values)} FROM {STAGE} s ORDER BY s._row DESC LIMIT 1"
        with self._line.cursor() as cursor:
            cursor.execute(f"SAVEPOINT {_PROBE}", ())
        with suppress(ConstraintViolated), self._line.cursor() as cursor:
            cursor.execute(f"{into} {chosen}", ())
        with self._line.cursor() as cursor:
            cursor.execute(f"ROLLBACK TO SAVEPOINT {_PROBE}", ())
            cursor.execute(f"RELEASE SAVEPOINT {_PROBE}", ())

    @contextmanager
    def _numbers_ours(self, name: str) -> Iterator[None]:
        """A number that is refused although we were handed it was taken by somebody else."""
        try:
            yield
        except ConstraintViolated as refused:
            if refused.violation == "unique" and name in self._given and self._primary_refused():
                raise faults.key_race(self._database) from None
            raise

    def _primary_refused(self) -> bool:
        with self._line.cursor() as cursor:
            cursor.execute("SHOW ERRORS", ())
            return any(
                int(code) == faults.DUPLICATE and _ON_PRIMARY.search(str(words))
                for _, code, words in cursor.fetchall()
            )


def _is_whole(column: ColumnInfo | None) -> bool:
    return column is not None and (column.kind == "integer" or data_type(column) == "bit")
