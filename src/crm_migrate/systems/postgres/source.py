"""PostgreSQL as a source: COPY straight into Polars, with the canonical text of every source.

A database in SQL_ASCII keeps bytes of any kind, and one in EUC_CN characters that no longer exist
elsewhere: both are read as bytes and decoded here, the former cell by cell.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import polars as pl
import psycopg
import sqlalchemy as sa

from crm_migrate.formats.cells import number_text
from crm_migrate.systems.canonical_text import decoded
from crm_migrate.systems.postgres.copying import copied
from crm_migrate.systems.postgres.text import frame_of, quoted

Read = tuple[list[pl.Series], list[tuple[int, ...]]]
"""A batch: its columns as canonical text, and for each the places of bytes that are no text."""

_SETTINGS = "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 1"
_BYTEWISE = "SQL_ASCII"
_CHINESE = "EUC_CN"

_PLAIN = frozenset({"text", "varchar", "int2", "int4", "int8", "numeric", "date", "name"})
_MIDNIGHT = r" 00:00:00(?:[+-]\d\d(?::\d\d)?)?$"
_FRACTION = r"(:\d\d)\.\d+"
_SHORT_ZONE = r"([+-]\d\d)$"


def read_copied(
    engine: sa.Engine, schema: str | None, table: str, columns: Sequence[str],
    key: Sequence[str], size: int,
) -> Iterator[Read]:  # fmt: skip
    """The rows in the order of the key, `size` at a time, as they stand at one moment.

    Raises:
        sqlalchemy.exc.DBAPIError: the server refused, or the connection broke.
    """
    try:
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, psycopg.Connection)
            raw.execute(_SETTINGS)
            place = quoted(table) if schema is None else f"{quoted(schema)}.{quoted(table)}"
            types = _types(raw, place, columns)
            encoding = str(raw.info.parameter_status("server_encoding"))
            if encoding in (_BYTEWISE, _CHINESE):
                raw.execute(f"SET LOCAL client_encoding = '{encoding}'")
            cells = ", ".join(_cell(quoted(c), t) for c, t in zip(columns, types, strict=True))
            order = f" ORDER BY {', '.join(map(quoted, key))}" if key else ""
            query = f"COPY (SELECT {cells} FROM {place}{order}) TO STDOUT (FORMAT csv)"
            for lines in _in_parts(chain.from_iterable(copied(raw, query)), size):
                yield _canonical(lines, types, encoding)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError(None, None, error) from None


def _types(
    raw: "psycopg.Connection[tuple[object, ...]]", place: str, columns: Sequence[str]
) -> list[str]:
    """Names of the columns' types (of a domain: what it is made from); arrays end in `[]`."""
    cursor = raw.execute(f"SELECT {', '.join(map(quoted, columns))} FROM {place} LIMIT 0")
    oids = [column.type_code for column in cursor.description or ()]
    found = raw.execute(
        "SELECT oid::int8, CASE WHEN typcategory = 'A' THEN typname || '[]' ELSE typname END"
        " FROM pg_type WHERE oid = ANY (%s)",
        [oids],
    )
    names = {oid: str(name) for oid, name in found.fetchall()}
    return [names[oid] for oid in oids]


def _cell(column: str, kind: str) -> str:
    if kind in _PLAIN:
        return column
    if kind == "bool":
        return f"CASE WHEN {column} THEN 'true' WHEN NOT {column} THEN 'false' END"
    if kind == "bytea":
        return f"encode({column}, 'hex')"
    if kind.endswith("[]"):
        return f"to_jsonb({column})::text"
    return f"{column}::text"


def _in_parts(lines: Iterable[memoryview], size: int) -> Iterator[list[memoryview]]:
    """One line of COPY is one row."""
    held: list[memoryview] = []
    for line in lines:
        held.append(line)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


def _canonical(sent: list[memoryview], types: Sequence[str], encoding: str) -> Read:
    labels = [str(n) for n in range(len(types))]
    lines: list[memoryview] | list[bytes] = sent
    bytewise = False
    if encoding == _CHINESE:
        try:  # GB18030 holds all of EUC_CN, and what the server's own conversion refuses
            lines = [b"".join(lines).decode("gb18030").encode()]
        except UnicodeDecodeError:
            bytewise = True
    elif encoding == _BYTEWISE:
        bytewise = not b"".join(lines).isascii()
    if bytewise:  # each byte as a character, so that the cells can be told apart first
        lines = [b"".join(lines).decode("latin-1").encode()]
    read = [
        _one(column, kind, bytewise)
        for column, kind in zip(frame_of([lines], labels).iter_columns(), types, strict=True)
    ]
    return [text for text, _ in read], [lost for _, lost in read]


def _one(column: pl.Series, kind: str, bytewise: bool) -> tuple[pl.Series, tuple[int, ...]]:
    if kind == "bytea":
        return _decoded(column, {v: bytes.fromhex(v) for v in column.unique().drop_nulls()})
    if kind == "numeric":
        column = column.str.replace(r"(\.\d*?)0+$", "${1}").str.strip_suffix(".")
    elif kind in ("float4", "float8"):
        column = number_text(column)
    elif kind.startswith("timestamp"):
        column = column.str.replace(_MIDNIGHT, "").str.replace(_FRACTION, "${1}")
        if kind == "timestamptz":
            column = column.str.replace(rf"(:\d\d){_SHORT_ZONE}", "${1}${2}:00")
    elif bytewise:
        beyond = column.str.contains(r"[^\x00-\x7F]").fill_null(False)
        return _decoded(column, {v: v.encode("latin-1") for v in column.filter(beyond).unique()})
    return column, ()


def _decoded(column: pl.Series, raw: dict[str, bytes]) -> tuple[pl.Series, tuple[int, ...]]:
    """The column with the text of raw bytes in UTF-8 or GB18030; null where they are neither."""
    texts = {value: decoded(data) for value, data in raw.items()}
    lost = [value for value, text in texts.items() if text is None]
    places = column.is_in(pl.Series(lost, dtype=pl.String).implode()).fill_null(False).arg_true()
    return column.replace(texts), tuple(places.to_list())
