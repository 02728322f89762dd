"""What a target system must be able to do: describe itself, be read, and be written.

One package per system implements it (`sqlite/`, `postgres/`, `mariadb/`), and
`tests/contracts/test_target_contract.py` is the suite that each of them passes on the real thing.

Cells travel as *stored text*: Polars Strings as the target itself writes its value, null for SQL
NULL. Planning and applying read through the same adapter, so both see the same raw text. What
"equal" means under a unique key is never decided here but asked of the system (`taken`), because
collations differ from system to system.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import polars as pl

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.trust.canonical import Json, canonical_json

if TYPE_CHECKING:
    from sqlalchemy import Connection

OWN_PREFIX = "crm_migrate_"
"""Tables of ours in the target; no part of its schema fingerprint."""

ColumnKind = Literal["text", "integer", "decimal", "real", "boolean", "date", "time", "binary"]
Violation = Literal["unique", "foreign_key", "not_null", "check", "trigger", "value", "other"]
Passing = Literal["deadlock", "lock_timeout", "serialization", "connection", "key_race"]
"""Faults that may pass: `connection` leaves open whether a COMMIT took place; `key_race`: another
program took a key that was to be ours."""
Purpose = Literal["plan", "apply"]


class ConstraintViolated(TargetFault):
    """The target refused a row by a rule of its own; never says which value."""

    code: ClassVar[str] = "target"

    def __init__(self, violation: Violation, *, where: str | None = None) -> None:
        super().__init__(
            Text("the target refused a row ({rule})", "目标系统拒绝写入一条记录({rule})").fill(
                rule=violation
            ),
            where=where,
        )
        self.violation = violation


class TransientFault(TargetFault):
    """What may pass by itself; the transaction was undone, or nobody knows (`connection`)."""

    code: ClassVar[str] = "target"

    def __init__(
        self,
        passing: Passing,
        message: Text,
        *,
        where: str | None = None,
        remedy: Text | None = None,
    ) -> None:
        super().__init__(message, where=where, remedy=remedy)
        self.passing = passing


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
    cascades: bool = False
    """Deleting the referred row changes these rows, too (ON DELETE CASCADE, SET NULL, …)."""


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
    "请修改 mappings/target.yaml;目标系统中有:{tables}",
)
_NO_TABLE = {
    "postgresql": Text(
        "this user sees no table at all: name the schema in target.url (…/database?schema=NAME),"
        " and have an administrator grant USAGE on it and SELECT on its tables",
        "当前用户看不到任何表:请在 target.url 中指定 schema(…/database?schema=名称),"
        "并由管理员授予该 schema 的 USAGE 及其表的 SELECT 权限",
    ),
    "": Text(
        "this user sees no table at all: check the database in target.url, and have an"
        " administrator grant SELECT on its tables",
        "当前用户看不到任何表:请检查 target.url 中的数据库,并由管理员授予其表的 SELECT 权限",
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


class TargetReader(Protocol):
    """One consistent view of the target."""

    connection: "Connection"
    """For tables of our own, in SQLAlchemy Core."""

    def describe(self) -> TargetSchema:
        """The schema as it stands."""
        ...

    def read_table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows, String columns of stored text labelled as in `columns`, in no set order."""
        ...

    def rows(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """The rows whose `key` is one of `keys`: `_key`, then `columns`, all stored text.

        `key` may be any column (a foreign key yields several rows per value). Inside a write
        transaction the rows are locked: they stay as they are until its end.
        """
        ...

    def taken(
        self,
        name: str,
        key: str,
        wanted: pl.DataFrame,
        *,
        where: str | None = None,
        parts: Sequence[KeyPart] = (),
    ) -> pl.DataFrame:
        """Which wanted tuples stand in the table, equality being the target's own.

        `wanted`: `_n` (String, any label) and the columns to look under; rows with a null match
        nothing. `where` is the predicate of a partial key. With `parts` these are compared, and
        the columns are what they speak of. Returns `_n` and `_key` (the row that has it), one
        line per match.
        """
        ...

    def computed(self, name: str, expressions: Sequence[str], cells: pl.DataFrame) -> pl.DataFrame:
        """What the system makes of expressions over rows that would have these cells.

        `expressions`: of a `KeyPart` or a `Check` of the table, and nothing else; `cells`: `_n`
        and stored text of the columns that they speak of. Returns `_n`, `_0`, `_1`, … as text;
        rows over which the system can't compute (a division by zero) are left out.
        """
        ...


class TargetTransaction(TargetReader, Protocol):
    """A transaction that may write; it is committed when its context ends without an error."""

    def insert(self, name: str, rows: pl.DataFrame) -> None:
        """Inserts rows in order; columns that are not in the frame take their default.

        Raises:
            ConstraintViolated: a rule of the target refused a row.
        """
        ...

    def update(self, name: str, key: str, rows: pl.DataFrame) -> int:
        """Writes the frame's columns into the rows named by its `_key`; returns rows found.

        Raises:
            ConstraintViolated: a rule of the target refused a row.
        """
        ...

    def delete(self, name: str, key: str, keys: pl.Series) -> int:
        """Deletes the rows with these keys; returns rows found.

        Raises:
            ConstraintViolated: other rows refer to one of them.
        """
        ...

    def take(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """Deletes the rows with these keys and returns them, as `rows` would.

        Raises:
            ConstraintViolated: other rows refer to one of them.
        """
        ...

    def next_keys(self, name: str, key: str, count: int) -> pl.Series:
        """Numbers (as text) for `count` new rows of an integer key that nobody else will get.

        Where the system can't promise that, an insert that finds its number taken raises
        TransientFault with `key_race`, and the caller asks anew.
        """
        ...


class TargetSystem(Protocol):
    """A target database. Opening one connects to nothing yet."""

    system: str
    """Name of the kind of system: `sqlite`, …"""
    database: str
    """Which server and database, as the plan names it; never a password."""

    def describe(self) -> TargetSchema:
        """The schema, read on a connection of its own that has read rights only."""
        ...

    def read_table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows of one table as stored text, read as `describe` reads."""
        ...

    def reading(self) -> AbstractContextManager[TargetReader]:
        """A view for planning: needs read rights only, and creates or alters nothing.

        Raises:
            TargetFault: the target can't be reached or read.
        """
        ...

    def transaction(self, *, triggers: bool = True) -> AbstractContextManager[TargetTransaction]:
        """A write transaction that excludes other writers of the rows it touches.

        `triggers=False` keeps the target's triggers from running (see `can_silence`).

        Raises:
            TransientFault: what may pass (deadlock, lock time-out, lost connection); also when
                the COMMIT at the end fails that way.
            ConstraintViolated: a deferred constraint refused at COMMIT.
            TargetFault: the target can't be reached, is full or read-only.
        """
        ...

    def stored_form(self, column: ColumnInfo, values: pl.Series) -> pl.Series:
        """Stored text that these canonical values would have in the column, once written.

        Null where the system would refuse the value.
        """
        ...

    def equality_form(self, column: ColumnInfo, values: pl.Series) -> pl.Series:
        """Text that is equal exactly where the column's collation holds the values for equal.

        The system itself is asked where its collation is not plain bytes. Null stays null.
        """
        ...

    def can_silence(self) -> bool:
        """Whether this user may keep triggers from running."""
        ...

    def grants(self, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
        """Statements with which an administrator gives this user what the purpose needs."""
        ...

    def lacking(self, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
        """The rights that this user lacks for the purpose, each as `RIGHT on table`."""
        ...
