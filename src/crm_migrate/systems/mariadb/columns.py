"""Columns of MariaDB and MySQL: their kinds, ranges, character sets and defaults."""

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from crm_migrate.systems.target_schema import ColumnInfo, ColumnKind

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


_BLOBS = ("tinyblob", "blob", "mediumblob", "longblob")
_SHAPES = (
    *("geometry", "point", "linestring", "polygon", "geometrycollection", "geomcollection"),
    *("multipoint", "multilinestring", "multipolygon"),
)
_KINDS: dict[str, ColumnKind] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), "integer"),
    "decimal": "decimal",
    **dict.fromkeys(("float", "double"), "real"),
    "date": "date",
    **dict.fromkeys(("datetime", "timestamp", "time"), "time"),
    **dict.fromkeys(("binary", "varbinary", "vector", *_BLOBS, *_SHAPES), "binary"),
}
_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_CODECS: dict[str, str | None] = {
    "utf8mb4": None,
    "utf16": None,
    "utf16le": None,
    "utf32": None,
    "gb18030": None,
    "utf8mb3": "bmp",
    "utf8": "bmp",
    "ucs2": "bmp",
    "gbk": "gbk",
    "gb2312": "gb2312",
    "big5": "big5",
    "latin1": "cp1252",
    "latin2": "iso8859_2",
    "latin5": "iso8859_9",
    "latin7": "iso8859_13",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
    "cp932": "cp932",
    "sjis": "cp932",
    "ujis": "euc_jp",
    "eucjpms": "euc_jp",
    "euckr": "euc_kr",
    "greek": "iso8859_7",
    "hebrew": "iso8859_8",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "tis620": "tis_620",
}


def strings(listed: str) -> tuple[str, ...]:
    """The literals of a list in SQL, as enumerations and CHECK clauses have them.

    >>> strings("'x',_utf8mb4'it''s'")
    ('x', "it's")
    """
    found = re.findall(r"'((?:[^'\\]|''|\\.)*)'", listed)
    return tuple(re.sub(r"\\(.)", r"\1", text.replace("''", "'")) for text in found)


def describe_columns(
    connection: "Connection", table: str | None = None
) -> dict[str, list[ColumnInfo]]:
    """Columns by table (or of one table), in their order; vocabularies of CHECKs are left out."""
    chosen = " AND table_name = %s" if table is not None else ""
    rows = connection.exec_driver_sql(
        "SELECT table_name AS tbl, column_name AS name, column_type AS type, data_type AS bare,"
        " is_nullable AS nullable, character_maximum_length AS length,"
        " character_octet_length AS octets, numeric_precision AS digits, numeric_scale AS scale,"
        " character_set_name AS characters, collation_name AS collation, column_default AS value,"
        " extra AS extra, generation_expression AS formula FROM information_schema.columns"
        f" WHERE table_schema = DATABASE(){chosen} ORDER BY table_name, ordinal_position",
        (table,) if table is not None else (),
    )
    columns: dict[str, list[ColumnInfo]] = defaultdict(list)
    for row in rows:
        columns[row.tbl].append(_column(row))
    return columns


def _column(row: "Row[Any]") -> ColumnInfo:
    bare, declared = row.bare.lower(), row.type
    extra = (row.extra or "").lower()
    kind = _KINDS.get(bare, "text")
    unsigned = "unsigned" in declared
    low: int | None = 0 if unsigned else None
    high: int | None = None
    if bare in _BITS:
        low = 0 if unsigned else -(2 ** (_BITS[bare] - 1))
        high = 2 ** _BITS[bare] - 1 if unsigned else 2 ** (_BITS[bare] - 1) - 1
    elif bare == "year":
        low, high = 1901, 2155
    elif bare == "bit":
        width = int(row.digits or 1)
        kind = "boolean" if width == 1 else "integer"
        low, high = 0, 2**width - 1
    return ColumnInfo(
        name=row.name,
        type=declared,
        kind=kind,
        nullable=row.nullable == "YES",
        length=int(row.length) if bare in ("char", "varchar") else None,
        vocabulary=strings(declared) if bare == "enum" else (),
        generated="generated" in extra.replace("default_generated", ""),
        formula=row.formula or None,
        default=_default(row.value, extra),
        collation=row.collation,
        characters=_CODECS.get((row.characters or "").lower()),
        octets=int(row.octets) if _limited_by_octets(bare, kind, row.octets) else None,
        precision=int(row.digits) if kind == "decimal" else None,
        scale=int(row.scale) if kind == "decimal" else None,
        low=low if kind in ("integer", "boolean", "decimal") else None,
        high=high if kind in ("integer", "boolean") else None,
    )


def _limited_by_octets(bare: str, kind: ColumnKind, octets: int | None) -> bool:
    return octets is not None and (bare.endswith("text") or kind == "binary")


def _default(value: str | None, extra: str) -> str | None:
    """The default in SQL; MariaDB writes NULL as text. What the system fills in counts, too."""
    if "auto_increment" in extra:
        return "auto_increment"
    found = None if value is None or value == "NULL" else value
    if "on update" in extra:
        changed = extra[extra.index("on update") :]
        return f"{found or 'NULL'} {changed}" if found else None
    return found
