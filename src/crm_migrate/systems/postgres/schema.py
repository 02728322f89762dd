"""What a PostgreSQL database says about the tables of one schema.

All names are read with an empty search path, so that definitions name types and functions in
full and are the same for every user. Only system catalogues are read, which needs no rights.
Views are no tables, and a partition is a part of its table.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from crm_migrate.language import Text
from crm_migrate.systems.postgres import catalog
from crm_migrate.systems.postgres.domains import domain_check
from crm_migrate.systems.postgres.text import Cast
from crm_migrate.systems.postgres.types import (
    CITEXT,
    codec_of,
    digits,
    integer_range,
    kind_of,
    vocabulary_of,
)
from crm_migrate.systems.postgres.unique_keys import Folds, unique_keys
from crm_migrate.systems.target_schema import Check, ColumnInfo, ForeignKey, TargetTable

Row = Any
IDENTITY = "identity"
"""`ColumnInfo.default` of an identity column."""

_UNFIT = {
    "partitioned": Text(
        "a partitioned table: its unique keys hold per partition only",
        "分区表：唯一键仅在分区内有效",
    ),
    "foreign": Text(
        "a foreign table: its rows stand on another server", "外部表：数据位于其他服务器"
    ),
    "children": Text("other tables inherit from it", "存在继承自该表的子表"),
    "unlogged": Text(
        "an unlogged table: a crash of the server empties it", "UNLOGGED 表：服务器崩溃后数据会丢失"
    ),
    "secured": Text(
        "row-level security hides rows from this user", "行级安全策略对当前用户隐藏了部分数据"
    ),
    "rules": Text("rewrite rules (CREATE RULE) change what is written", "重写规则会改变写入内容"),
    "no_key": Text("a table without primary key", "该表没有主键"),
    "ascii": Text(
        "the database does not know its character set (SQL_ASCII)",
        "数据库未指定字符集(SQL_ASCII)",
    ),
}
_ELSEWHERE = Text(
    "tables of another schema refer to it; they are not looked at",
    "其他 schema 中有表引用该表，未作检查",
)


@dataclass(frozen=True)
class Described:
    """The tables, and by table and column the types that values are cast to."""

    tables: tuple[TargetTable, ...]
    casts: dict[str, dict[str, Cast]]


@dataclass
class _Found:
    """Rows of the catalogues by table (oid)."""

    columns: Mapping[int, Sequence[Row]]
    constraints: Mapping[int, Sequence[Row]]
    indexes: Mapping[int, Sequence[Row]]
    triggers: Mapping[int, Sequence[Row]]
    rules: Mapping[int, Sequence[Row]]
    vocabularies: Mapping[int, tuple[str, ...]]
    """By type (oid): labels of an enumeration, or what a domain's CHECK allows."""
    domains: Mapping[int, Sequence[Row]]
    """By domain (oid): its CHECKs that are no vocabulary."""
    required: frozenset[int]
    """Domains that are NOT NULL."""
    types: Mapping[int, str]
    """By type (oid): what a domain or an enumeration is made of, for the digest."""
    folds: Folds = field(default_factory=dict)
    encoding: str = "UTF8"


def describe_tables(connection: "psycopg.Connection[Any]", schema: str) -> Described:
    """All tables of the schema but ours, in order of their names."""
    with catalog.plain_names(connection) as cursor:
        relations = catalog.relations(cursor, schema)
        found = _found(cursor, [r.oid for r in relations])
    tables = tuple(_table(r, found) for r in relations)
    casts = {
        r.relname: {c.attname: Cast(c.base_type) for c in found.columns[r.oid]} for r in relations
    }
    return Described(tables, casts)


def _found(cursor: "psycopg.Cursor[Any]", tables: list[int]) -> _Found:
    columns = catalog.columns(cursor, tables)
    checks = catalog.domain_checks(cursor)
    labels = catalog.enum_labels(cursor)
    vocabularies = dict(labels)
    types = {oid: "enum " + "\x1f".join(found) for oid, found in labels.items()}
    domains: dict[int, list[Row]] = defaultdict(list)
    for domain in checks:
        allowed = vocabulary_of(domain.definition or "", "VALUE")
        if allowed:
            vocabularies[domain.oid] = allowed
        elif (domain.definition or "").startswith("CHECK"):
            domains[domain.oid].append(domain)
        types[domain.oid] = types.get(domain.oid, "domain") + f"\x1f{domain.definition}"
    return _Found(
        columns=_by_table(columns),
        constraints=_by_table(catalog.constraints(cursor, tables)),
        indexes=_by_table(catalog.indexes(cursor, tables)),
        triggers=_by_table(catalog.triggers(cursor, tables)),
        rules=_by_table(catalog.rules(cursor, tables)),
        vocabularies=vocabularies,
        domains=domains,
        required=frozenset(d.oid for d in checks if d.typnotnull),
        types=types,
        folds=catalog.collation_folds(cursor),
        encoding=catalog.encoding(cursor),
    )


def _by_table(rows: Sequence[Row]) -> Mapping[int, Sequence[Row]]:
    parted: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        parted[row.relation].append(row)
    return parted


def _table(relation: Row, found: _Found) -> TargetTable:
    oid = relation.oid
    names = {c.attnum: c.attname for c in found.columns[oid]}
    constraints = found.constraints[oid]
    primary = next((c for c in constraints if c.contype == "p"), None)
    key = tuple(names[n] for n in primary.conkey) if primary else ()
    return TargetTable(
        name=relation.relname,
        columns=tuple(_column(c, constraints, found) for c in found.columns[oid]),
        primary_key=key,
        unique_keys=unique_keys(found.indexes[oid], found.columns[oid], found.folds),
        foreign_keys=tuple(
            ForeignKey(
                columns=tuple(names[n] for n in c.conkey),
                table=c.referred_table,
                referred=tuple(c.referred_columns),
            )
            for c in constraints
            if c.contype == "f"
        ),
        triggers=tuple(t.tgname for t in found.triggers[oid] if t.tgenabled in ("O", "A")),
        definition=_digest(relation, found),
        unfit=_unfit(relation, key, found.encoding),
        unseen=(_ELSEWHERE,) if relation.referred_elsewhere else (),
        checks=(
            *(
                _check(c, names)
                for c in constraints
                if c.contype == "c"
                and not any(vocabulary_of(c.definition, names[n]) for n in c.conkey or ())
            ),
            *(
                domain_check(column.attname, check.definition, check.expression)
                for column in found.columns[oid]
                for domain in column.types
                for check in found.domains.get(domain, ())
            ),
        ),
        indexes=tuple(
            tuple(names[n] for n in i.key if n)
            for i in found.indexes[oid]
            if not i.indisunique and i.indisvalid and i.predicate is None and all(i.key)
        ),
    )


def _column(column: Row, constraints: Sequence[Row], found: _Found) -> ColumnInfo:
    cast = Cast(column.base_type)
    precision, scale = digits(cast.name, column.base_typmod)
    low, high = integer_range(cast.name)
    checked = [
        c.definition for c in constraints if c.contype == "c" and c.conkey == [column.attnum]
    ]
    allowed = (vocabulary_of(definition, column.attname) for definition in checked)
    chain = [found.vocabularies[t] for t in column.types if t in found.vocabularies]
    kind = kind_of(cast.name)
    textual = cast.name in ("character varying", "bpchar", "text", CITEXT)
    return ColumnInfo(
        name=column.attname,
        type=column.type,
        kind=kind,
        nullable=not (column.attnotnull or found.required & set(column.types)),
        length=column.base_typmod - 4
        if cast.name in ("character varying", "bpchar") and column.base_typmod > 4
        else None,
        vocabulary=next((v for v in [*allowed, *chain] if v), ()),
        generated=bool(column.attgenerated),
        default=IDENTITY
        if column.attidentity
        else (None if column.attgenerated else column.default_value or column.domain_default),
        collation=_collation(cast, column, found),
        characters=codec_of(found.encoding) if textual else None,
        precision=precision,
        scale=scale,
        low=low,
        high=high,
    )


def _collation(cast: Cast, column: Row, found: _Found) -> str | None:
    """None where equal means the same bytes, as under every deterministic collation."""
    if cast.name == CITEXT:
        return CITEXT
    return column.collation if column.attcollation in found.folds else None


def _check(constraint: Row, names: Mapping[int, str]) -> Check:
    if not constraint.expression:
        return Check(constraint.definition)
    columns = tuple(names[n] for n in constraint.conkey or ())
    return Check(constraint.definition, columns, constraint.expression)


def _unfit(relation: Row, key: tuple[str, ...], encoding: str) -> tuple[Text, ...]:
    found = {
        "partitioned": relation.relkind == "p",
        "foreign": relation.relkind == "f",
        "children": relation.children,
        "unlogged": relation.relpersistence == "u",
        "secured": relation.secured,
        "rules": relation.relhasrules,
        "no_key": not key,
        "ascii": encoding == "SQL_ASCII",
    }
    return tuple(_UNFIT[reason] for reason, holds in found.items() if holds)


def _digest(relation: Row, found: _Found) -> str:
    """SHA-256 over all that defines the table, whatever order the catalogues give it in."""
    oid = relation.oid
    parts = [f"{relation.relkind} {relation.relpersistence} {relation.relrowsecurity}"]
    for column in found.columns[oid]:
        made_of = [found.types.get(t, "") for t in column.types]
        shape = (
            column.attname, column.type, column.attnotnull, column.attidentity,
            column.attgenerated, column.default_value, column.collation, *made_of,
        )  # fmt: skip
        parts.append(f"column {shape}")
    parts += [f"constraint {c.definition}" for c in found.constraints[oid]]
    parts += [f"index {i.indisvalid} {i.definition}" for i in found.indexes[oid]]
    parts += [f"trigger {t.tgenabled} {t.definition} {t.body}" for t in found.triggers[oid]]
    parts += [f"rule {r.definition}" for r in found.rules[oid]]
    return hashlib.sha256("\x00".join(sorted(parts)).encode()).hexdigest()
