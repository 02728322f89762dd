"""Databases as sources: any SQLAlchemy URL, streamed, every value as canonical text.

PostgreSQL is read by COPY (`postgres_source.py`). SQLite files are opened read-only, so reading
neither creates nor changes a file. Dialects other than these and MariaDB go the same way through
SQLAlchemy but are untested here.
"""

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, make_url

from crm_migrate.errors import SourceFault
from crm_migrate.formats.cells import number_text
from crm_migrate.formats.contract import DAMAGE_SCHEMA, DATA, KIND, ROW, TableInfo
from crm_migrate.formats.damage import damage_in
from crm_migrate.language import Text
from crm_migrate.systems.source_faults import source_fault


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

            with _faults(where, self._engine.url.username):
                for columns_read in read_copied(
                    self._engine, self._schema, self._name, names, self.primary_key, size
                ):
                    frame, binary = _framed(names, *columns_read, done)
                    done += frame.height
                    yield frame, binary
            return
        with _faults(where, self._engine.url.username):
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
            raw.text_factory = _text_or_bytes
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
    frame = pl.DataFrame([_filled(c).alias(n) for n, c in zip(names, columns, strict=True)])
    ordinal = pl.int_range(done + 1, done + frame.height + 1, eager=True).alias(ROW)
    return frame.with_columns(ordinal, pl.lit(DATA).alias(KIND)), pl.concat(binary)


def _filled(text: pl.Series) -> pl.Series:
    """Blank text is null."""
    blank = text.str.strip_chars() == ""
    return text.set(blank.fill_null(False), None)


def sql_tables(url: str, names: Sequence[str] | None = None) -> list[SqlTable]:
    """The tables of a database, or those of `names` (also views, `schema.table`), in that order.

    Without `names`, all tables of the default schema, referred ones before those that refer.

    Raises:
        SourceFault: a bad URL, no driver, no connection, no such table. No message holds the
            password.
    """
    parsed = _parsed(url)
    shown = _shown(parsed)
    with _faults(shown, parsed.username):
        engine = _engine(parsed, shown)
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


def canonical_text(
    values: list[Any], *, boolean: bool = False
) -> tuple[pl.Series, tuple[int, ...]]:
    """Driver values → canonical text, and the places of bytes that are no text.

    Dates `2024-02-29` (midnight is dropped), plain decimals, `true`/`false`, empty text is null.
    """
    with suppress(TypeError):  # text and nothing else, as most columns are
        return _filled(pl.Series(values, dtype=pl.String, strict=True)), ()
    kinds = set(map(type, values)) - {type(None)}
    undecodable: tuple[int, ...] = ()
    if kinds == {int} and max(abs(v) for v in values if v is not None) < 2**63:
        text = pl.Series(values, dtype=pl.Int64).cast(pl.String)
    elif kinds <= {int, float}:  # SQLite stores the whole ones of a NUMERIC column as integers
        text = number_text(
            pl.Series([None if v is None else repr(v) for v in values], dtype=pl.String)
        )
    elif kinds == {dt.date}:
        text = pl.Series(values, dtype=pl.Date).dt.strftime("%Y-%m-%d")
    else:
        plain = [_one(v) for v in values]
        undecodable = tuple(
            i for i, (v, p) in enumerate(zip(values, plain, strict=True)) if p is None and v
        )
        text = pl.Series(plain, dtype=pl.String)
    if boolean and kinds == {int}:
        text = text.replace({"0": "false", "1": "true"})
    return _filled(text), undecodable


def _one(value: Any) -> str | None:
    """One value of a column of mixed or rarer types."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            plain = format(value, "f")
            return plain.rstrip("0").rstrip(".") if "." in plain else plain
        case float():
            return str(number_text(pl.Series([repr(value)]))[0])
        case dt.datetime():
            midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
            return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
        case dt.date() | dt.time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return decoded(bytes(value))
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def decoded(data: bytes) -> str | None:
    """Text in UTF-8 or GB18030; None for what is neither."""
    if b"\0" in data:
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _text_or_bytes(data: bytes) -> str | bytes:
    """SQLite text that may have been written in GBK by an old program."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except sa.exc.ArgumentError as e:
        raise SourceFault(
            Text("The database URL cannot be understood", "无法识别数据库地址"),
            remedy=Text(
                "It looks like dialect://user:password@host/database or sqlite:///file",
                "格式为 dialect://用户:密码@主机/数据库，或 sqlite:///文件",
            ),
        ) from e


def _shown(url: URL) -> str:
    """The database as people may see it: without user and password."""
    if url.get_backend_name() == "sqlite":
        return Path(url.database or ":memory:").name
    return url._replace(username=None, password=None, query={}).render_as_string()  # type: ignore[arg-type]


def _engine(url: URL, shown: str) -> Engine:
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=sa.NullPool,
            execution_options={"postgresql_readonly": True},
            client_encoding="utf8",
        )
    if url.drivername in ("mariadb", "mysql"):  # a driver that is named is taken
        url = url.set(drivername="mysql+pymysql")
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, poolclass=sa.NullPool)
    path = Path(url.database or "")
    if not path.is_file():
        raise SourceFault(
            Text("There is no such database file", "数据库文件不存在"),
            where=shown,
            remedy=Text("Check the path in the URL", "请检查地址中的路径"),
        )
    mode = "mode=ro"
    if _at_rest_in_wal_mode(path):  # SQLite would otherwise lay files beside it
        mode += "&immutable=1"

    def connect() -> sqlite3.Connection:
        uri = f"file:{quote(str(path.resolve()))}?{mode}"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        connection.text_factory = _text_or_bytes
        return connection

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)


def _at_rest_in_wal_mode(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(20)
    return len(head) == 20 and head[18] == 2 and not path.with_name(path.name + "-wal").exists()


@contextmanager
def _faults(where: str, user: str | None = None) -> Iterator[None]:
    """Database errors as source faults, without the driver's words: they may hold values."""
    try:
        yield
    except sa.exc.NoSuchModuleError as e:
        raise SourceFault(
            Text("No driver is known for this kind of database", "没有这种数据库的驱动"),
            where=where,
            remedy=Text("Check the start of the URL", "请检查地址的开头部分"),
        ) from e
    except ModuleNotFoundError as e:
        raise SourceFault(
            Text(f"The driver {e.name} is not installed", f"未安装驱动 {e.name}"),
            where=where,
            remedy=Text(f"pip install {e.name}", f"请安装：pip install {e.name}"),
        ) from e
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as e:
        raise source_fault(e, where, user) from None
