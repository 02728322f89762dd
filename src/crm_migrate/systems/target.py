"""What a target system must be able to do: describe itself, be read, and be written.

One package per system implements it (`sqlite/`, `postgres/`, `mariadb/`), and
`tests/contracts/test_target_contract.py` is the suite that each of them passes on the real thing.

Cells travel as *stored text*: Polars Strings as the target itself writes its value, null for SQL
NULL. Planning and applying read through the same adapter, so both see the same raw text. What
"equal" means under a unique key is never decided here but asked of the system (`taken`), because
collations differ from system to system.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import polars as pl

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.target_schema import ColumnInfo, KeyPart, TargetSchema

if TYPE_CHECKING:
    from sqlalchemy import Connection

OWN_PREFIX = "crm_migrate_"
"""Tables of ours in the target; no part of its schema fingerprint."""

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
        the columns are what they speak of: there a null is an empty cell, and only a null that a
        part yields matches nothing. Returns `_n` and `_key` (the row that has it), one line per
        match.
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
