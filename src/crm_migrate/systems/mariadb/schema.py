"""What MariaDB or MySQL says about its tables: columns, keys, vocabularies, triggers, engine.

From information_schema of the one database that the connection is in, set by set; the definition
is SHOW CREATE TABLE without the running AUTO_INCREMENT. Triggers are not shown to users who may
only SELECT: then `TargetTable.unseen` says so. Since the fingerprint has to be the same for whoever
plans and whoever applies, they stand beside it (`TargetSchema.hidden`).
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crm_migrate.language import Text
from crm_migrate.systems.mariadb.cells import quoted
from crm_migrate.systems.mariadb.expressions import columns_in, harmless
from crm_migrate.systems.mariadb.keys import Keys, describe_foreign_keys, describe_keys
from crm_migrate.systems.mariadb.rights import Rights
from crm_migrate.systems.target import OWN_PREFIX
from crm_migrate.systems.target_schema import Check, ColumnInfo, ColumnKind, TargetTable

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
_STRING = r"(?:_\w+)?'(?:[^'\\]|''|\\.)*'"
_VOCABULARY = re.compile(rf"\(*`([^`]+)` in \(({_STRING}(?:,{_STRING})*)\)\)*", re.IGNORECASE)
_NULL_OR = re.compile(r"\(*`[^`]+` is null\)* or ", re.IGNORECASE)
_OR_NULL = re.compile(r" or \(*`[^`]+` is null\)*$", re.IGNORECASE)


def strings(listed: str) -> tuple[str, ...]:
    """The literals of a list in SQL, as enumerations and CHECK clauses have them.

    >>> strings("'x',_utf8mb4'it''s'")
    ('x', "it's")
    """
    found = re.findall(r"'((?:[^'\\]|''|\\.)*)'", listed)
    return tuple(re.sub(r"\\(.)", r"\1", text.replace("''", "'")) for text in found)


def vocabulary(clause: str) -> tuple[str, tuple[str, ...]] | None:
    r"""Column and values of a CHECK clause that holds a column to a list of strings.

    >>> vocabulary("`kind` in ('甲','乙')")
    ('kind', ('甲', '乙'))
    >>> vocabulary("(`kind` in (_utf8mb4\\'a\\',_utf8mb4\\'b\\'))")
    ('kind', ('a', 'b'))
    >>> vocabulary("`kind` is null or `kind` in ('a')")
    ('kind', ('a',))
    >>> vocabulary("`a` > 3")
    """
    plain = clause.replace("\\'", "'")
    plain = _OR_NULL.sub("", _NULL_OR.sub("", plain, count=1))
    match = _VOCABULARY.fullmatch(plain.strip())
    return (match[1], strings(match[2])) if match else None


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


def describe_tables(connection: "Connection", rights: Rights) -> tuple[TargetTable, ...]:
    """All base tables of the database but ours, in order of their names."""
    listed = connection.exec_driver_sql(
        "SELECT table_name AS name, engine FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')"
        " ORDER BY table_name"
    ).all()
    columns, rules = describe_columns(connection), _checks(connection)
    shown = {
        row.name: _shown(connection, row.name)
        for row in listed
        if not row.name.startswith(OWN_PREFIX)
    }
    keys, foreign = describe_keys(connection, columns), describe_foreign_keys(connection, shown)
    triggers = _triggers(connection)
    tables = []
    for name, engine in listed:
        if name.startswith(OWN_PREFIX):
            continue
        allowed = dict(v for c in rules.get(name, ()) if (v := vocabulary(c)) is not None)
        indexed = keys.get(name, Keys())
        tables.append(
            TargetTable(
                name=name,
                columns=tuple(
                    replace(c, vocabulary=c.vocabulary or allowed.get(c.name, ()))
                    for c in columns[name]
                ),
                primary_key=indexed.primary,
                unique_keys=indexed.unique,
                foreign_keys=tuple(foreign.get(name, ())),
                triggers=tuple(triggers.get(name, ())),
                definition=hashlib.sha256(shown[name].encode()).hexdigest(),
                unfit=_unfit(engine),
                checks=tuple(_check(c) for c in rules.get(name, ()) if not vocabulary(c)),
                indexes=indexed.others,
                unseen=()
                if _shows_triggers(connection, rights, name)
                else (_UNSEEN.fill(table=name),),
            )
        )
    return tuple(tables)


def _check(clause: str) -> Check:
    columns = columns_in(clause)
    return Check(clause, columns, clause) if columns and harmless(clause) else Check(clause)


_UNSEEN = Text(
    "whether triggers run on {table}: the target does not show them to this user",
    "表 {table} 上是否有触发器:目标数据库不向当前用户显示",
)


def _unfit(engine: str | None) -> tuple[Text, ...]:
    if (engine or "").lower() == "innodb":
        return ()
    return (
        Text(
            "its engine {engine} knows no transactions: what was written could not be undone;"
            " an administrator can convert it: ALTER TABLE … ENGINE=InnoDB",
            "其存储引擎 {engine} 不支持事务,写入后无法撤销;可由管理员执行 ALTER TABLE …"
            " ENGINE=InnoDB 转换",
        ).fill(engine=engine or "?"),
    )


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


def changes_itself(column: ColumnInfo) -> bool:
    """Whether the system sets the column anew with every update of its row."""
    return column.default is not None and "on update" in column.default


def _checks(connection: "Connection") -> dict[str, list[str]]:
    """Clauses of the CHECK rules by table."""
    if connection.dialect.is_mariadb:  # type: ignore[attr-defined]
        query = (
            "SELECT table_name AS tbl, check_clause AS clause"
            " FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()"
        )
    else:
        query = (
            "SELECT k.table_name AS tbl, c.check_clause AS clause"
            " FROM information_schema.check_constraints c"
            " JOIN information_schema.table_constraints k"
            " USING (constraint_schema, constraint_name)"
            " WHERE c.constraint_schema = DATABASE()"
        )
    found: dict[str, list[str]] = defaultdict(list)
    for table, clause in connection.exec_driver_sql(query):
        found[table].append(clause)
    return found


def _triggers(connection: "Connection") -> dict[str, list[str]]:
    """Names of the triggers that this user may see, by table."""
    rows = connection.exec_driver_sql(
        "SELECT event_object_table AS tbl, trigger_name AS name FROM information_schema.triggers"
        " WHERE event_object_schema = DATABASE() ORDER BY event_object_table, trigger_name"
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.tbl].append(row.name)
    return found


def trigger_digests(
    connection: "Connection", rights: Rights, tables: Sequence[str]
) -> dict[str, str]:
    """Table → SHA-256 over its triggers, for the tables whose triggers this user is shown.

    Their bodies are shown to fewer users still, but no trigger is ever altered: one that is made
    anew has another time of making.
    """
    rows = connection.exec_driver_sql(
        "SELECT event_object_table AS tbl, trigger_name, action_timing, event_manipulation,"
        " action_order, created, sql_mode FROM information_schema.triggers"
        " WHERE event_object_schema = DATABASE() ORDER BY event_object_table, trigger_name"
    )
    found: dict[str, list[str]] = defaultdict(list)
    for name, *shape in rows:
        found[name].append("\x1f".join(map(str, shape)))
    return {
        name: hashlib.sha256("\x00".join(found[name]).encode()).hexdigest()
        for name in tables
        if _shows_triggers(connection, rights, name)
    }


def _shows_triggers(connection: "Connection", rights: Rights, table: str) -> bool:
    """Whether the user is shown the table's triggers: to MariaDB any right but SELECT will do."""
    maria = connection.dialect.is_mariadb  # type: ignore[attr-defined]
    writes = ("INSERT", "UPDATE", "DELETE") if maria else ()
    return any(rights.has(right, table) for right in ("TRIGGER", *writes))


def _shown(connection: "Connection", name: str) -> str:
    """SHOW CREATE TABLE without the number that the next row would get."""
    shown = connection.exec_driver_sql(f"SHOW CREATE TABLE {quoted(name)}").one()[1]
    head, separator, options = shown.rpartition("\n)")
    return str(head + separator + re.sub(r" AUTO_INCREMENT=\d+", "", options))
