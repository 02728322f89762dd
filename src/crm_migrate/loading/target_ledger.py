"""The target ledger: our tables in the target, written in the same transactions as its rows.

It decides what happened. Made at the first apply, never by planning:

- `crm_migrate_plan`      one row per plan that was begun: single use, who is at it, fencing number
- `crm_migrate_approval`  one row per approval used: it serves one plan
- `crm_migrate_ledger`    one row per operation that was carried out or left
- `crm_migrate_move`      one row per merge and re-parented row, carried out or left
- `crm_migrate_before`    sealed before-images, in packets of rows
- `crm_migrate_base`      what was last applied to each golden record: commitments of its golden
                          cells and the digest of the raw cells as the target stored them

Times are RFC 3339 text in UTC. No cell value stands here in clear.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    inspect,
    literal,
    select,
    table,
)
from sqlalchemy import (
    Text as AnyText,
)
from sqlalchemy.dialects.mysql import LONGBLOB, LONGTEXT

from crm_migrate.systems.target import TargetReader, TargetSystem, TargetTransaction

_METADATA = MetaData()


def _text(length: int) -> String:
    """Text that is compared byte by byte: PostgreSQL's own collations cost time, and sort."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


_LONG_TEXT = AnyText().with_variant(LONGTEXT(), "mysql")  # its TEXT and BLOB end at 64 KiB
_BYTES = LargeBinary().with_variant(LONGBLOB(), "mysql")
_OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",  # keys and ids that differ in case are different
}
_ID, _DIGEST, _NAME, _TIME = _text(64), _text(64), _text(100), _text(32)

PLANS = Table(
    "crm_migrate_plan",
    _METADATA,
    Column("plan_id", _ID, primary_key=True),
    Column("effect", _DIGEST, nullable=False),
    Column("evidence", _DIGEST, nullable=False),
    Column("state", _text(16), nullable=False),
    Column("request", _text(8)),  # pause or cancel, until it is heeded
    Column("fence", Integer, nullable=False),
    Column("holder", _text(200)),
    Column("seen_at", _TIME),
    Column("started_at", _TIME, nullable=False),
    Column("finished_at", _TIME),
    Column("approvals", _LONG_TEXT, nullable=False),
    **_OPTIONS,
)
APPROVALS = Table(
    "crm_migrate_approval",
    _METADATA,
    Column("approval_id", _ID, primary_key=True),
    Column("plan_id", _ID, nullable=False),
    Column("used_at", _TIME, nullable=False),
    **_OPTIONS,
)
LEDGER = Table(
    "crm_migrate_ledger",
    _METADATA,
    Column("plan_id", _ID, primary_key=True),
    Column("entity", _NAME, primary_key=True),
    Column("golden_id", _ID, primary_key=True),
    Column("group_id", _ID, nullable=False),
    Column("action", _text(16), nullable=False),
    Column("target_key", _text(200)),
    Column("op_digest", _DIGEST),
    Column("result", _text(16), nullable=False),
    Column("reason", _text(40)),
    Column("at", _TIME, nullable=False),
    **_OPTIONS,
)
MOVES = Table(
    "crm_migrate_move",
    _METADATA,
    Column("plan_id", _ID, primary_key=True),
    Column("table_name", _text(128), primary_key=True),
    Column("row_key", _text(200), primary_key=True),
    Column("column_name", _text(128), primary_key=True),  # '' for a merge
    Column("kind", _text(16), nullable=False),
    Column("before_key", _text(200)),
    Column("after_key", _text(200)),
    Column("group_id", _ID, nullable=False),
    Column("entity", _NAME, nullable=False),
    Column("golden_id", _ID, nullable=False),
    Column("op_digest", _DIGEST),
    Column("result", _text(16), nullable=False),
    Column("reason", _text(40)),
    Column("image", _BYTES),
    Column("at", _TIME, nullable=False),
    **_OPTIONS,
)
BEFORE = Table(
    "crm_migrate_before",
    _METADATA,
    Column("plan_id", _ID, primary_key=True),
    Column("entity", _NAME, primary_key=True),
    Column("first_id", _ID, primary_key=True),
    Column("last_id", _ID, nullable=False),
    Column("held", Integer, nullable=False),
    Column("image", _BYTES, nullable=False),
    **_OPTIONS,
)
BASE = Table(
    "crm_migrate_base",
    _METADATA,
    Column("golden_id", _ID, primary_key=True),
    Column("entity", _NAME, primary_key=True),
    Column("target_table", _text(128), nullable=False),
    Column("target_key", _text(200), nullable=False),
    Column("commitments", _LONG_TEXT, nullable=False),
    Column("raw_digest", _DIGEST, nullable=False),
    Column("plan_id", _ID, nullable=False),
    Column("at", _TIME, nullable=False),
    **_OPTIONS,
)

BASE_COLUMNS = ("golden_id", "target_key", "commitments", "raw_digest")
BASE_BEFORE = ("commitments", "raw_digest", "plan_id")
"""What a before-image keeps of the base row that it goes with."""
MOVE_COLUMNS = tuple(c.name for c in MOVES.columns if c.name not in ("plan_id", "image"))
LEDGER_COLUMNS = tuple(c.name for c in LEDGER.columns if c.name != "plan_id")


def read_base(target: TargetSystem, entity: str) -> pl.DataFrame:
    """What was last applied: golden_id, target_key, commitments (JSON), raw_digest.

    Empty when nothing was ever applied. Needs read rights only.
    """
    with target.reading() as reader:
        return base_of(reader, entity)


def base_of(reader: TargetReader, entity: str) -> pl.DataFrame:
    """The entity's base rows (BASE_COLUMNS)."""
    chosen = select(*(BASE.c[name] for name in BASE_COLUMNS)).where(BASE.c.entity == entity)
    return _read(reader, BASE, chosen, BASE_COLUMNS)


def read_ledger(reader: TargetReader, plan_id: str, group: str | None = None) -> pl.DataFrame:
    """The plan's ledger entries (LEDGER_COLUMNS, all String); empty when it was never begun.

    `group`: of that group only.
    """
    if group is None:
        if not inspect(reader.connection).has_table(LEDGER.name):
            return pl.DataFrame(schema=dict.fromkeys(LEDGER_COLUMNS, pl.String))
        ours = pl.Series([plan_id], dtype=pl.String)
        return reader.rows(LEDGER.name, "plan_id", ours, LEDGER_COLUMNS).select(LEDGER_COLUMNS)
    chosen = (
        select(*(LEDGER.c[name] for name in LEDGER_COLUMNS))
        .where(LEDGER.c.plan_id == plan_id)
        .where(LEDGER.c.group_id == group)
    )
    return _read(reader, LEDGER, chosen, LEDGER_COLUMNS)


def read_moves(reader: TargetReader, plan_id: str, group: str | None = None) -> pl.DataFrame:
    """The plan's merges and re-parented rows (MOVE_COLUMNS, all String), carried out or left.

    `group`: of that group only.
    """
    chosen = select(*(MOVES.c[name] for name in MOVE_COLUMNS)).where(MOVES.c.plan_id == plan_id)
    if group is not None:
        chosen = chosen.where(MOVES.c.group_id == group)
    return _read(reader, MOVES, chosen, MOVE_COLUMNS)


def base_before(reader: TargetReader, entity: str, golden_ids: pl.Series) -> pl.DataFrame:
    """The base rows of these golden ids: golden_id, target_key, BASE_BEFORE."""
    columns = ("golden_id", "target_key", *BASE_BEFORE)
    if golden_ids.is_empty() or not inspect(reader.connection).has_table(BASE.name):
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    rows = reader.rows(BASE.name, "golden_id", golden_ids, ("entity", *columns))
    return rows.filter(pl.col("entity") == entity).select(columns)


def take_base(transaction: TargetTransaction, entity: str, golden_ids: pl.Series) -> pl.DataFrame:
    """The base rows of these golden ids, as `base_before` tells them; they go."""
    columns = tuple(c.name for c in BASE.columns)
    rows = transaction.take(BASE.name, "golden_id", golden_ids, columns)
    ours = pl.col("entity") == entity
    # Another entity may have a record of that golden id (none of ours does): it stays.
    transaction.insert(BASE.name, rows.filter(~ours).select(columns))
    return rows.filter(ours).select("golden_id", "target_key", *BASE_BEFORE)


def known_keys(reader: TargetReader, golden_ids: pl.Series) -> pl.DataFrame:
    """Base rows of these golden ids: entity, golden_id, target_key."""
    names = ("entity", "golden_id", "target_key")
    if golden_ids.is_empty() or not has_rows(reader, BASE.name):
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return reader.rows(BASE.name, "golden_id", golden_ids, names).select(names)


def has_rows(reader: TargetReader, name: str) -> bool:
    """Whether the table stands and has any row."""
    if not inspect(reader.connection).has_table(name):
        return False
    any_row = select(literal(1)).select_from(table(name)).limit(1)
    return reader.connection.execute(any_row).first() is not None


def create_tables(transaction: TargetTransaction) -> None:
    """Our tables, where they do not stand yet."""
    _METADATA.create_all(transaction.connection)


def write_ledger(
    transaction: TargetTransaction, plan_id: str, entries: Sequence[pl.DataFrame]
) -> None:
    """Ledger rows; `entries` have LEDGER_COLUMNS."""
    if entries:
        named = pl.concat(entries).select(pl.lit(plan_id).alias("plan_id"), *LEDGER_COLUMNS)
        transaction.insert(LEDGER.name, named)


def write_images(
    transaction: TargetTransaction, plan_id: str, images: Sequence[pl.DataFrame]
) -> None:
    """Before-images: `entity` and before_image.PACKET."""
    if images:
        named = pl.concat(images).with_columns(pl.col("held").cast(pl.String))
        transaction.insert(BEFORE.name, named.select(pl.lit(plan_id).alias("plan_id"), pl.all()))


def write_moves_left(
    transaction: TargetTransaction, plan_id: str, moves: pl.DataFrame, result: str, at: str
) -> None:
    """Entries for merges and re-parented rows that were left; `moves`: plan.change.MOVES."""
    named = moves.select(
        pl.lit(plan_id).alias("plan_id"),
        pl.col("table").alias("table_name"),
        "row_key",
        pl.col("column").fill_null("").alias("column_name"),
        "kind",
        pl.col("before").alias("before_key"),
        pl.col("after").alias("after_key"),
        pl.col("group").alias("group_id"),
        "entity",
        "golden_id",
        "op_digest",
        pl.lit(result).alias("result"),
        "reason",
        pl.lit(at).alias("at"),
    )
    transaction.insert(MOVES.name, named)


def write_base(
    transaction: TargetTransaction, entity: str, table: str, rows: pl.DataFrame, at: str
) -> None:
    """New base rows of an entity; `rows` has BASE_COLUMNS and `plan_id`, the plan applied."""
    named = rows.with_columns(pl.lit(entity).alias("entity"), pl.lit(table).alias("target_table"))
    add_base(transaction, [named], at)


def add_base(transaction: TargetTransaction, rows: Sequence[pl.DataFrame], at: str) -> None:
    """New base rows; `rows` have all columns of the table but `at`."""
    columns = [c.name for c in BASE.columns if c.name != "at"]
    if rows:
        named = pl.concat([frame.select(columns) for frame in rows])
        transaction.insert(BASE.name, named.with_columns(pl.lit(at).alias("at")))


def rfc3339(time: datetime) -> str:
    """UTC to the second, `2025-01-31T08:00:00Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(
    reader: TargetReader, source: Table, chosen: "Select[tuple[str, ...]]", columns: Sequence[str]
) -> pl.DataFrame:
    schema = dict.fromkeys(columns, pl.String)
    if not inspect(reader.connection).has_table(source.name):
        return pl.DataFrame(schema=schema)
    rows = [tuple(row) for row in reader.connection.execute(chosen)]
    return pl.DataFrame(rows, schema=schema, orient="row")
