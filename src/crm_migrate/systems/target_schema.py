"""What a target system says of itself: its tables, their columns, keys and checks."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.trust.canonical import Json, canonical_json

ColumnKind = Literal["text", "integer", "decimal", "real", "boolean", "date", "time", "binary"]


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column. `vocabulary` is what a CHECK … IN or an enumeration allows."""

    name: str
    type: str
    kind: ColumnKind = "text"
    nullable: bool = True
    length: int | None = None
    """Characters."""
    vocabulary: tuple[str, ...] = ()
    generated: bool = False
    default: str | None = None
    collation: str | None = None
    """Name of the collation under which the system compares the column; None: byte by byte."""
    characters: str | None = None
    """What the column can hold: `bmp` (utf8mb3) or a Python codec (`gbk`); None: all."""
    octets: int | None = None
    """Bytes in the column's own character set, where that is the limit (MariaDB's TEXT)."""
    precision: int | None = None
    """Digits of a decimal in all."""
    scale: int | None = None
    """Digits behind the point; a value with more would be rounded."""
    low: int | None = None
    high: int | None = None
    """Range of an integer."""
    formula: str | None = None
    """SQL by which the system computes a generated column from others, where it may be asked."""


@dataclass(frozen=True, slots=True)
class KeyPart:
    """What an expression key compares: SQL in the system's own words, naming bare columns."""

    standing: str
    """Over a row that stands, as the index has it."""
    coming: str
    """Over the cells of a row to be written."""


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK rule that no `vocabulary` stands for, in the system's words."""

    text: str
    columns: tuple[str, ...] = ()
    """What it speaks of; empty where it can't be asked ahead (`TargetReader.computed`)."""
    expression: str = ""


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """Columns whose values together may stand in the table once."""

    columns: tuple[str, ...]
    case_insensitive: bool = False
    accent_insensitive: bool = False
    where: str | None = None
    """Predicate of a partial index (rows that are not soft-deleted, say)."""
    expression: bool = False
    """Some part is an expression: `columns` are what it speaks of, as far as that is known."""
    nulls_equal: bool = False
    """NULL counts as a value (NULLS NOT DISTINCT)."""
    parts: tuple[KeyPart, ...] = ()
    """What an expression key compares, where the system may be asked to compute it: every
    function in it is immutable and allowed to this user."""

    @property
    def checkable(self) -> bool:
        """Whether the columns themselves are what must be absent."""
        return not self.expression

    @property
    def askable(self) -> bool:
        """Whether absence under this key can be asked before writing."""
        return not self.expression or bool(self.parts)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` hold the values of `referred` in `table`."""

    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]


@dataclass(frozen=True)
class TargetTable:
    """One table of the target as it stands."""

    name: str
    columns: tuple[ColumnInfo, ...]
    primary_key: tuple[str, ...]
    unique_keys: tuple[UniqueKey, ...] = ()
    """Unique constraints and indexes; the primary key is not repeated here."""
    foreign_keys: tuple[ForeignKey, ...] = ()
    triggers: tuple[str, ...] = ()
    """Names of the triggers that run when rows of this table change."""
    definition: str = ""
    """SHA-256 of what the system keeps as the table's and its triggers' definition."""
    unfit: tuple[Text, ...] = ()
    """Why this table can't be written safely (an engine without transactions, say)."""
    checks: tuple[Check, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    """Columns of the indexes that are not unique, in their order."""
    unseen: tuple[Text, ...] = ()
    """What this user's rights don't show of the table (triggers, say)."""

    def column(self, name: str) -> ColumnInfo:
        """The column of that name.

        Raises:
            TargetFault: the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise TargetFault(
            Text("table {table} has no column {column}", "目标表 {table} 没有字段 {column}").fill(
                table=self.name, column=name
            ),
            where=self.name,
            remedy=Text("correct mappings/target.yaml", "请修改 mappings/target.yaml"),
        )


_OTHERS = Text(
    "correct mappings/target.yaml; the target has: {tables}",
    "请修改 mappings/target.yaml;目标系统中有：{tables}",
)


_NO_TABLE = {
    "postgresql": Text(
        "this user sees no table at all: name the schema in target.url (…/database?schema=NAME),"
        " and have an administrator grant USAGE on it and SELECT on its tables",
        "当前用户看不到任何表：请在 target.url 中指定 schema（…/database?schema=名称），"
        "并由管理员授予该 schema 的 USAGE 及其表的 SELECT 权限",
    ),
    "": Text(
        "this user sees no table at all: check the database in target.url, and have an"
        " administrator grant SELECT on its tables",
        "当前用户看不到任何表：请检查 target.url 中的数据库，并由管理员授予其表的 SELECT 权限",
    ),
}


@dataclass(frozen=True)
class TargetSchema:
    """The target's tables without ours; `fingerprint` is the same while none of them changes.

    Target identity is `system`, `database` and `fingerprint` together.
    """

    system: str
    database: str
    tables: dict[str, TargetTable]
    fingerprint: str
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Table → digest of its triggers, where the system shows them to some users only and they are
    therefore no part of `fingerprint`; tables whose triggers this user does not see are missing."""

    def fingerprint_of(self, tables: Collection[str]) -> str:
        """The fingerprint with the triggers of these tables, if the user is shown all of them.

        Without them it is `fingerprint`, which says nothing of triggers there.
        """
        named = sorted(set(tables))
        if not self.hidden or not all(t in self.hidden for t in named):
            return self.fingerprint
        shown: Json = [self.fingerprint, [[t, self.hidden[t]] for t in named]]
        return hashlib.sha256(canonical_json(shown)).hexdigest()

    def table(self, name: str) -> TargetTable:
        """The table of that name.

        Raises:
            TargetFault: there is no such table.
        """
        if name not in self.tables:
            raise TargetFault(
                Text("the target has no table {table}", "目标系统没有表 {table}").fill(table=name),
                where=self.database,
                remedy=_OTHERS.fill(tables=", ".join(sorted(self.tables)))
                if self.tables
                else _NO_TABLE.get(self.system, _NO_TABLE[""]),
            )
        return self.tables[name]


def fingerprint(tables: Sequence[TargetTable]) -> str:
    """SHA-256 (hex) over the canonical description of the tables, in order of their names."""

    def column(info: ColumnInfo) -> Json:
        shape: list[Json] = [info.name, info.type, info.kind, info.nullable, info.length]
        return [*shape, list(info.vocabulary), info.generated, info.default]

    def description(table: TargetTable) -> Json:
        return [
            table.name,
            [column(c) for c in table.columns],
            list(table.primary_key),
            sorted(
                [list(k.columns), k.case_insensitive, k.where or "", k.expression]
                for k in table.unique_keys
            ),
            sorted([list(k.columns), k.table, list(k.referred)] for k in table.foreign_keys),
            sorted(table.triggers),
            table.definition,
        ]

    ordered = sorted(tables, key=lambda t: t.name)
    return hashlib.sha256(canonical_json([description(t) for t in ordered])).hexdigest()
