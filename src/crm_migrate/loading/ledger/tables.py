"""Our tables in the target, the ledger: written in the same transactions as its rows.

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

from typing import Any

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table
from sqlalchemy import Text as AnyText
from sqlalchemy.dialects.mysql import LONGBLOB, LONGTEXT

from crm_migrate.systems.target import TargetTransaction

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


def create_tables(transaction: TargetTransaction) -> None:
    """Our tables, where they do not stand yet."""
    _METADATA.create_all(transaction.connection)
