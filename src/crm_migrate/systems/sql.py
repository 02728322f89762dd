"""Databases as sources: any SQLAlchemy URL, streamed, every value as canonical text.

PostgreSQL is read by COPY (`postgres/source.py`). SQLite files are opened read-only, so reading
neither creates nor changes a file. Dialects other than these and MariaDB go the same way through
SQLAlchemy but are untested here.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from crm_migrate.errors import SourceFault
from crm_migrate.formats.contract import DAMAGE_SCHEMA, DATA, KIND, TableInfo
from crm_migrate.formats.damage import damage_in
from crm_migrate.language import Text
from crm_migrate.records import ROW
from crm_migrate.systems.canonical_text import canonical_text, filled
from crm_migrate.systems.source_engine import parsed_url, shown_url, source_engine, text_or_bytes
from crm_migrate.systems.source_faults import source_faults


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` point to the `referred` columns of `table`."""

    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]


@dataclass(frozen=True)
class SqlTable:
    """A table of a database as a `Table`; `_row` is the ordinal in primary-key order, from 1."""

    info: TableInfo
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    booleans: frozenset[str] = frozenset()
    """Columns declared boolean, whatever the driver delivers."""
    _engine: Engine | None = field(default=None, repr=False, compare=False)
    _schema: str | None = field(default=None, repr=False)
    _name: str = ""
    _damage: list[pl.DataFrame] = field(default_factory=list, repr=False, compare=False)
    """What reading all columns found, so that the table is read but once."""

    def batches(
        self, columns: Sequence[str] | None = None, size: int = 200_000
    ) -> Iterator[pl.DataFrame]:
        """Rows in primary-key order, streamed from the server `size` at a time.

        Raises:
            SourceFault: the connection broke, or there is no such column.
        """
        found = [pl.DataFrame(schema=DAMAGE_SCHEMA)]
        for frame, binary in self._read(columns, size):
            if columns is None:
                found.extend(damage_in(frame[c], frame[ROW], c) for c in self.info.columns)
                found.append(binary)
            yield frame
        if columns is None:
            order = pl.Enum(self.info.columns)
            damage = pl.concat(found).sort(pl.col("column").cast(order), "row", "kind")
            self._damage[:] = [damage]

    def damage(self) -> pl.DataFrame:
        """Damage found in the values; `binary` where bytes are no text in any known encoding."""
        if not self._damage:
            for _ in self.batches():
                pass
        return self._damage[0]

    def _read(
        self, columns: Sequence[str] | None, size: int
    ) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        names = list(self.info.columns if columns is None else columns)
        missing = [n for n in names if n not in self.info.columns]
        where = f"{self.info.file}, {self.info.sheet}"
        if missing:
            raise SourceFault(
                Text(f"There is no column {missing[0]!r}", f"没有“{missing[0]}”这一列"),
                where=where,
                remedy=Text(
                    "Columns found: " + ", ".join(self.info.columns),
                    "现有的列：" + "、".join(self.info.columns),
                ),
            )
        assert self._engine is not None
        # Bare column names: the driver's own values, no conversion that stumbles over 0000-00-00
        query: Any = sa.select(*(sa.column(n) for n in names)).select_from(
            sa.table(self._name, schema=self._schema)
        )
        for key in self.primary_key:
            query = query.order_by(sa.column(key))
        if not self.primary_key and self._engine.dialect.name == "sqlite":
            query = query.order_by(sa.text("rowid"))
        done = 0
        if self._engine.dialect.name == "postgresql":
            from crm_migrate.systems.postgres.source import read_copied

            with source_faults(where, self._engine.url.username):
                for columns_read in read_copied(
                    self._engine, self._schema, self._name, names, self.primary_key, size
                ):
                    frame, binary = _framed(names, *columns_read, done)
                    done += frame.height
                    yield frame, binary
            return
        with source_faults(where, self._engine.url.username):
            for rows in _fetched(self._engine, query, size):
                frame, binary = self._canonical(names, rows, done)
                done += frame.height
                yield frame, binary

    def _canonical(
        self, names: Sequence[str], rows: Sequence[Any], done: int
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        read = [
            canonical_text(list(values), boolean=name in self.booleans)
            for name, values in zip(names, zip(*rows, strict=True), strict=True)
        ]
        return _framed(names, [text for text, _ in read], [lost for _, lost in read], done)


def _fetched(engine: Engine, query: Any, size: int) -> Iterator[Sequence[Any]]:
    """The rows of a query as tuples, `size` at a time."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            yield from _from_sqlite(raw, str(query.compile(engine)), size)
            return
        streamed = connection.execution_options(stream_results=True, max_row_buffer=size)
        result = streamed.execute(query)
        while rows := result.fetchmany(size):
            yield rows


def _from_sqlite(raw: sqlite3.Connection, query: str, size: int) -> Iterator[list[Any]]:
    """Text as the driver decodes it, ten times as fast; from the first text that is no UTF-8 on,
    value by value.
    """
    raw.text_factory = str
    cursor, done = raw.execute(query), 0
    while True:
        try:
            rows = cursor.fetchmany(size)
        except sqlite3.OperationalError as error:
            if raw.text_factory is not str or "decode" not in str(error):
                raise
            raw.text_factory = text_or_bytes
            cursor = raw.execute(query)
            if done:  # 0 would mean all
                cursor.fetchmany(done)
            continue
        if not rows:
            return
        done += len(rows)
        yield rows


def _framed(
    names: Sequence[str],
    columns: Sequence[pl.Series],
    undecodable: Sequence[tuple[int, ...]],
    done: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A batch after `done` rows, and its damage: the places of bytes that are no text."""
    binary = [pl.DataFrame(schema=DAMAGE_SCHEMA)]
    for name, places in zip(names, undecodable, strict=True):
        if places:
            rows = pl.Series("row", places, dtype=pl.Int64) + (done + 1)
            binary.append(rows.to_frame().with_columns(column=pl.lit(name), kind=pl.lit("binary")))
    frame = pl.DataFrame([filled(c).alias(n) for n, c in zip(names, columns, strict=True)])
    ordinal = pl.int_range(done + 1, done + frame.height + 1, eager=True).alias(ROW)
    return frame.with_columns(ordinal, pl.lit(DATA).alias(KIND)), pl.concat(binary)


def sql_tables(url: str, names: Sequence[str] | None = None) -> list[SqlTable]:
    """The tables of a database, or those of `names` (also views, `schema.table`), in that order.

    Without `names`, all tables of the default schema, referred ones before those that refer.

    Raises:
        SourceFault: a bad URL, no driver, no connection, no such table. No message holds the
            password.
    """
    parsed = parsed_url(url)
    shown = shown_url(parsed)
    with source_faults(shown, parsed.username):
        engine = source_engine(parsed, shown)
        inspector = sa.inspect(engine)
        if names is None:
            names = [n for n, _ in inspector.get_sorted_table_and_fkc_names() if n is not None]
        found = [_describe(engine, inspector, name, shown) for name in names]
    if not found:
        raise SourceFault(
            Text("The database has no tables", "数据库中没有表"),
            where=shown,
            remedy=Text("Check the database name in the URL", "请检查地址中的数据库名"),
        )
    return found


def _describe(engine: Engine, inspector: sa.Inspector, name: str, shown: str) -> SqlTable:
    schema, _, bare = name.rpartition(".")
    try:
        columns = inspector.get_columns(bare, schema=schema or None)
    except sa.exc.NoSuchTableError:
        columns = []
    if not columns:
        existing = ", ".join([*inspector.get_table_names(), *inspector.get_view_names()])
        raise SourceFault(
            Text(f"The database has no table “{name}”", f"数据库中没有表“{name}”"),
            where=shown,
            remedy=Text(f"Tables found: {existing}", f"现有的表：{existing}"),
        )
    key = inspector.get_pk_constraint(bare, schema=schema or None)["constrained_columns"]
    keys = tuple(
        ForeignKey(
            tuple(k["constrained_columns"]), k["referred_table"], tuple(k["referred_columns"])
        )
        for k in inspector.get_foreign_keys(bare, schema=schema or None)
    )
    with engine.connect() as connection:
        counted = sa.select(sa.func.count()).select_from(sa.table(bare, schema=schema or None))
        rows = int(connection.execute(counted).scalar_one())
    return SqlTable(
        TableInfo(shown, name, tuple(c["name"] for c in columns), rows=rows),
        tuple(key),
        keys,
        frozenset(c["name"] for c in columns if isinstance(c["type"], sa.Boolean)),
        engine,
        schema or None,
        bare,
    )
