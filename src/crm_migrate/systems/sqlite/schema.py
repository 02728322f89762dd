"""What a SQLite database says about its tables: columns, keys, vocabularies, triggers.

Column affinity follows section 3.1 of SQLite's "Datatypes" page: the declared type is searched
for INT, then CHAR/CLOB/TEXT, then BLOB, then REAL/FLOA/DOUB; what is left is NUMERIC.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from crm_migrate.systems.sqlite.expressions import askable, columns_in, index_parts
from crm_migrate.systems.target import OWN_PREFIX
from crm_migrate.systems.target_schema import (
    Check,
    ColumnInfo,
    ColumnKind,
    ForeignKey,
    KeyPart,
    TargetTable,
    UniqueKey,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

Affinity = Literal["INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC"]

_NAME = r"""(?:"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|\w+)"""
_STRINGS = r"\(\s*('(?:[^']|'')*'(?:\s*,\s*'(?:[^']|'')*')*)\s*\)"
_VOCABULARY = re.compile(
    rf"\s*(?:{_NAME}\s+IS\s+NULL\s+OR\s+)?({_NAME})\s+IN\s*{_STRINGS}"
    rf"(?:\s+OR\s+{_NAME}\s+IS\s+NULL)?\s*",
    re.IGNORECASE,
)


def affinity(declared: str) -> Affinity:
    """The affinity of a column by its declared type.

    >>> affinity("VARCHAR(20)"), affinity("DECIMAL(12,2)"), affinity("BIGINT")
    ('TEXT', 'NUMERIC', 'INTEGER')
    """
    name = declared.upper()
    if "INT" in name:
        return "INTEGER"
    if any(part in name for part in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if not name or "BLOB" in name:
        return "BLOB"
    if any(part in name for part in ("REAL", "FLOA", "DOUB")):
        return "REAL"
    return "NUMERIC"


def _kind(declared: str) -> ColumnKind:
    name = declared.upper()
    if "BOOL" in name:
        return "boolean"
    if "TIME" in name:
        return "time"
    if "DATE" in name:
        return "date"
    match affinity(declared):
        case "INTEGER":
            return "integer"
        case "TEXT":
            return "text"
        case "BLOB":
            return "binary" if name else "text"
        case "REAL":
            return "real"
        case "NUMERIC":
            return "decimal"


def _checks(definition: str) -> list[str]:
    """The bodies of the CHECK clauses of a CREATE TABLE, by counting parentheses."""
    bodies = []
    for start in re.finditer(r"\bCHECK\s*\(", definition, re.IGNORECASE):
        depth, quoted, position = 1, False, start.end()
        while depth and position < len(definition):
            letter = definition[position]
            if letter == "'":
                quoted = not quoted
            elif not quoted:
                depth += (letter == "(") - (letter == ")")
            position += 1
        bodies.append(definition[start.end() : position - 1])
    return bodies


def vocabularies(definition: str) -> dict[str, tuple[str, ...]]:
    """Columns that a CHECK … IN (…) holds to a list of strings.

    >>> vocabularies("CREATE TABLE t (a TEXT CHECK (a IN ('x', 'it''s')), b TEXT)")
    {'a': ('x', "it's")}
    """
    found = {}
    for body in _checks(definition):
        if match := _VOCABULARY.fullmatch(body):
            name, listed = match.groups()
            values = re.findall(r"'((?:[^']|'')*)'", listed)
            found[name.strip('"`[]')] = tuple(value.replace("''", "'") for value in values)
    return found


def describe_tables(connection: "Connection") -> tuple[TargetTable, ...]:
    """All tables but SQLite's own and ours, in order of their names."""
    listed = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name"
    ).all()
    return tuple(
        _table(connection, name, definition)
        for name, definition in listed
        if not name.startswith(("sqlite_", OWN_PREFIX))
    )


def _table(connection: "Connection", name: str, definition: str) -> TargetTable:
    triggers = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? ORDER BY name",
        (name,),
    ).all()
    described = connection.exec_driver_sql(
        'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', (name,)
    ).all()
    allowed = vocabularies(definition)
    types = {row.name: row.type for row in described if not row.hidden}
    keys = sorted((row.pk, row.name) for row in described if row.pk)
    digest = hashlib.sha256("\x00".join([definition, *(t.sql for t in triggers)]).encode())
    return TargetTable(
        name=name,
        columns=tuple(
            ColumnInfo(
                name=row.name,
                type=row.type,
                kind=_kind(row.type),
                nullable=not row.notnull and not row.pk,
                length=_length(row.type),
                vocabulary=allowed.get(row.name, ()),
                generated=row.hidden in (2, 3),
                default=row.dflt_value,
            )
            for row in described
        ),
        primary_key=tuple(column for _, column in keys),
        unique_keys=_unique_keys(connection, name, types),
        foreign_keys=_foreign_keys(connection, name),
        triggers=tuple(t.name for t in triggers),
        definition=digest.hexdigest(),
        checks=tuple(
            _check(b.strip(), definition, types)
            for b in _checks(definition)
            if not _VOCABULARY.fullmatch(b)
        ),
        indexes=_indexes(connection, name),
    )


def _length(declared: str) -> int | None:
    match = re.search(r"CHAR[A-Z ]*\((\d+)\)", declared, re.IGNORECASE)
    return int(match[1]) if match else None


def _check(body: str, table: str, types: Mapping[str, str]) -> Check:
    if not askable(body, table, types):
        return Check(body)
    return Check(body, columns_in(body, list(types)), body)


def _parts(index: str, types: Mapping[str, str]) -> tuple[KeyPart, ...]:
    """What an index with expressions compares; nothing where it can't be computed ahead."""
    parts = index_parts(index)
    if not all(askable(p, index, types) for p in parts):
        return ()
    return tuple(KeyPart(p, p) for p in parts)


def _unique_keys(
    connection: "Connection", table: str, types: Mapping[str, str]
) -> tuple[UniqueKey, ...]:
    indexes = connection.exec_driver_sql(
        "SELECT i.name, i.partial, m.sql FROM pragma_index_list(?) i"
        " LEFT JOIN sqlite_master m ON m.type = 'index' AND m.name = i.name"
        " WHERE i.\"unique\" AND i.origin <> 'pk' ORDER BY i.name",
        (table,),
    ).all()
    keys = []
    for index, partial, definition in indexes:
        parts = connection.exec_driver_sql(
            "SELECT name, coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno", (index,)
        ).all()
        where = re.search(r"\)\s*WHERE\s+(.*)$", definition or "", re.IGNORECASE | re.DOTALL)
        expression = any(name is None for name, _ in parts)
        asked = _parts(definition or "", types) if expression else ()
        spoken_of = columns_in(" ".join(p.coming for p in asked), list(types))
        keys.append(
            UniqueKey(
                columns=spoken_of or tuple(name for name, _ in parts if name is not None),
                case_insensitive=any(collation.upper() == "NOCASE" for _, collation in parts),
                where=where[1].strip() if partial and where else None,
                expression=expression,
                parts=asked if spoken_of else (),
            )
        )
    return tuple(keys)


def _indexes(connection: "Connection", table: str) -> tuple[tuple[str, ...], ...]:
    """Columns of the indexes that are neither unique nor partial."""
    listed = connection.exec_driver_sql(
        "SELECT i.name AS name, x.name AS part FROM pragma_index_list(?) i,"
        ' pragma_index_info(i.name) x WHERE NOT i."unique" AND NOT i.partial'
        " ORDER BY i.name, x.seqno",
        (table,),
    ).all()
    names = dict.fromkeys(row.name for row in listed)
    return tuple(tuple(r.part for r in listed if r.name == n and r.part) for n in names)


def _foreign_keys(connection: "Connection", table: str) -> tuple[ForeignKey, ...]:
    listed = connection.exec_driver_sql(
        'SELECT id, "table" AS referred, "from" AS source, "to" AS target'
        " FROM pragma_foreign_key_list(?) ORDER BY id, seq",
        (table,),
    ).all()
    return tuple(
        ForeignKey(
            columns=tuple(row.source for row in listed if row.id == number),
            table=next(row.referred for row in listed if row.id == number),
            referred=tuple(row.target for row in listed if row.id == number and row.target),
        )
        for number in sorted({row.id for row in listed})
    )
