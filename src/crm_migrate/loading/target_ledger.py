"""The target ledger: our tables in the target, written in the same transactions as its rows.

It decides what happened. Made at the first apply, never by planning:

- `crm_migrate_plan`      one row per plan that was begun: single use, who is at it, fencing number
- `crm_migrate_approval`  one row per approval used: it serves one plan
- `crm_migrate_ledger`    one row per operation that was carried out or left
- `crm_migrate_before`    sealed before-images
- `crm_migrate_base`      what was last applied to each golden record: commitments of its golden
                          cells and the digest of the raw cells as the target stored them

Times are RFC 3339 text in UTC. No cell value stands here in clear.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl
from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy import (
    Text as LongText,
)

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.systems.target import TargetReader, TargetSystem, TargetTransaction

if TYPE_CHECKING:
    from sqlalchemy import Connection

_METADATA = MetaData()
_ID, _DIGEST, _NAME, _TIME = String(64), String(64), String(100), String(32)

PLANS = Table(
    "crm_migrate_plan",
    _METADATA,
    Column("plan_id", _ID, primary_key=True),
    Column("effect", _DIGEST, nullable=False),
    Column("evidence", _DIGEST, nullable=False),
    Column("state", String(8), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("holder", String(200)),
    Column("seen_at", _TIME),
    Column("started_at", _TIME, nullable=False),
    Column("finished_at", _TIME),
    Column("approvals", LongText, nullable=False),
)
APPROVALS = Table(
    "crm_migrate_approval",
    _METADATA,
    Column("approval_id", _ID, primary_key=True),
    Column("plan_id", _ID, nullable=False),
    Column("used_at", _TIME, nullable=False),
)
LEDGER = Table(
    "crm_migrate_ledger",
    _METADATA,
    Column("plan_id", _ID, primary_key=True),
    Column("entity", _NAME, primary_key=True),
    Column("golden_id", _ID, primary_key=True),
    Column("group_id", _ID, nullable=False),
    Column("action", String(16), nullable=False),
    Column("target_key", String(200)),
    Column("op_digest", _DIGEST),
    Column("result", String(16), nullable=False),
    Column("reason", String(40)),
    Column("at", _TIME, nullable=False),
)
BEFORE = Table(
    "crm_migrate_before",
    _METADATA,
    Column("plan_id", _ID, primary_key=True),
    Column("entity", _NAME, primary_key=True),
    Column("golden_id", _ID, primary_key=True),
    Column("target_table", String(128), nullable=False),
    Column("target_key", String(200), nullable=False),
    Column("image", LargeBinary, nullable=False),
)
BASE = Table(
    "crm_migrate_base",
    _METADATA,
    Column("entity", _NAME, primary_key=True),
    Column("golden_id", _ID, primary_key=True),
    Column("target_table", String(128), nullable=False),
    Column("target_key", String(200), nullable=False),
    Column("commitments", LongText, nullable=False),
    Column("raw_digest", _DIGEST, nullable=False),
    Column("plan_id", _ID, nullable=False),
    Column("at", _TIME, nullable=False),
)

BASE_COLUMNS = ("golden_id", "target_key", "commitments", "raw_digest")
LEDGER_COLUMNS = tuple(c.name for c in LEDGER.columns if c.name != "plan_id")

State = Literal["running", "done", "stopped"]


def _unknown(_other: str) -> bool | None:
    return None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who applies: a name that is unique per attempt, and how to tell whether another lives.

    `alive` says of another holder's name whether it is at work, or None when that can't be known
    from here; then it counts as at work until `lease` has passed since its last sign of life.
    Should it live after all, the fencing number keeps it from writing.
    """

    name: str
    alive: Callable[[str], bool | None] = _unknown
    lease: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Lock:
    """The right to write a plan, as long as the fencing number in the target is still `fence`."""

    plan_id: str
    fence: int
    resumed: bool


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


def read_ledger(reader: TargetReader, plan_id: str) -> pl.DataFrame:
    """The plan's ledger entries (LEDGER_COLUMNS, all String); empty when it was never begun."""
    chosen = select(*(LEDGER.c[name] for name in LEDGER_COLUMNS)).where(LEDGER.c.plan_id == plan_id)
    return _read(reader, LEDGER, chosen, LEDGER_COLUMNS)


def known_keys(reader: TargetReader, golden_ids: Sequence[str]) -> pl.DataFrame:
    """Base rows of these golden ids: entity, golden_id, target_key."""
    names = ("entity", "golden_id", "target_key")
    parts = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))]
    for start in range(0, len(golden_ids), 5_000):
        some = golden_ids[start : start + 5_000]
        chosen = select(*(BASE.c[n] for n in names)).where(BASE.c.golden_id.in_(some))
        parts.append(_read(reader, BASE, chosen, names))
    return pl.concat(parts)


def create_tables(transaction: TargetTransaction) -> None:
    """Our tables, where they do not stand yet."""
    _METADATA.create_all(transaction.connection)


def take_lock(
    transaction: TargetTransaction,
    *,
    plan_id: str,
    effect: str,
    evidence: str,
    approvals: Sequence[str],
    holder: Holder,
    now: datetime,
) -> Lock:
    """Begin or resume a plan: its row, its approvals' rows, and a new fencing number.

    Raises:
        PlanRefused: the plan or an approval was used already, or another apply is at work.
    """
    connection = transaction.connection
    row = connection.execute(
        select(PLANS).where(PLANS.c.plan_id == plan_id).with_for_update()
    ).one_or_none()
    at = rfc3339(now)
    if row is None:
        _use_approvals(connection, approvals, plan_id, at)
        connection.execute(
            insert(PLANS).values(
                plan_id=plan_id,
                effect=effect,
                evidence=evidence,
                state="running",
                fence=1,
                holder=holder.name,
                seen_at=at,
                started_at=at,
                approvals=json.dumps(list(approvals)),
            )
        )
        return Lock(plan_id, 1, resumed=False)
    if row.state != "running":
        raise _used()
    if (row.effect, row.evidence) != (effect, evidence):
        raise PlanRefused(
            Text(
                "the target knows a plan of this name with another content",
                "目标系统中已有同名但内容不同的计划",
            ),
            where=plan_id,
            remedy=Text("make a new plan", "请重新生成计划"),
        )
    if row.holder is not None and row.holder != holder.name:
        _require_gone(holder, row.holder, row.seen_at, now)
    fence = int(row.fence) + 1
    connection.execute(
        update(PLANS)
        .where(PLANS.c.plan_id == plan_id)
        .values(fence=fence, holder=holder.name, seen_at=at)
    )
    return Lock(plan_id, fence, resumed=True)


def hold(transaction: TargetTransaction, lock: Lock, now: datetime) -> None:
    """Sign of life; must stand in every transaction of an apply.

    Raises:
        PlanRefused: another apply has taken over since.
    """
    held = transaction.connection.execute(
        update(PLANS)
        .where(PLANS.c.plan_id == lock.plan_id, PLANS.c.fence == lock.fence)
        .where(PLANS.c.state == "running")
        .values(seen_at=rfc3339(now))
    )
    if held.rowcount != 1:
        raise _at_work(lock.plan_id)


def release(transaction: TargetTransaction, lock: Lock, state: State, now: datetime) -> None:
    """Let go of the plan; `done` and `stopped` plans are used up, a `running` one is resumable."""
    hold(transaction, lock, now)
    finished = None if state == "running" else rfc3339(now)
    transaction.connection.execute(
        update(PLANS)
        .where(PLANS.c.plan_id == lock.plan_id)
        .values(state=state, holder=None, finished_at=finished)
    )


def write_ledger(transaction: TargetTransaction, plan_id: str, entries: pl.DataFrame) -> None:
    """Ledger rows; `entries` has LEDGER_COLUMNS."""
    named = entries.select(pl.lit(plan_id).alias("plan_id"), *LEDGER_COLUMNS)
    transaction.insert(LEDGER.name, named)


def write_images(
    transaction: TargetTransaction, plan_id: str, entity: str, table: str, images: pl.DataFrame
) -> None:
    """Before-images; `images` has golden_id, target_key and image (Binary)."""
    named = images.select(
        pl.lit(plan_id).alias("plan_id"),
        pl.lit(entity).alias("entity"),
        "golden_id",
        pl.lit(table).alias("target_table"),
        "target_key",
        "image",
    )
    transaction.insert(BEFORE.name, named)


def write_base(
    transaction: TargetTransaction,
    plan_id: str,
    entity: str,
    table: str,
    rows: pl.DataFrame,
    at: str,
) -> None:
    """Base rows, replacing older ones; `rows` has BASE_COLUMNS."""
    gone = delete(BASE).where(BASE.c.entity == entity, BASE.c.golden_id == bindparam("replaced"))
    if rows.height:
        replaced = [{"replaced": golden_id} for golden_id in rows["golden_id"]]
        transaction.connection.execute(gone, replaced)
    named = rows.select(
        pl.lit(entity).alias("entity"),
        "golden_id",
        pl.lit(table).alias("target_table"),
        "target_key",
        "commitments",
        "raw_digest",
        pl.lit(plan_id).alias("plan_id"),
        pl.lit(at).alias("at"),
    )
    transaction.insert(BASE.name, named)


def rfc3339(time: datetime) -> str:
    """UTC to the second, `2025-01-31T08:00:00Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(
    reader: TargetReader, table: Table, chosen: "Select[tuple[str, ...]]", columns: Sequence[str]
) -> pl.DataFrame:
    schema = dict.fromkeys(columns, pl.String)
    if not inspect(reader.connection).has_table(table.name):
        return pl.DataFrame(schema=schema)
    rows = [tuple(row) for row in reader.connection.execute(chosen)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _use_approvals(
    connection: "Connection", approvals: Sequence[str], plan_id: str, at: str
) -> None:
    used = select(APPROVALS.c.approval_id).where(APPROVALS.c.approval_id.in_(list(approvals)))
    if approvals and connection.execute(used).first() is not None:
        raise PlanRefused(
            Text("an approval of this plan was used already", "该计划的审批已被使用过"),
            where=plan_id,
            remedy=Text("have the plan approved again", "请重新审批该计划"),
        )
    for approval in approvals:
        connection.execute(
            insert(APPROVALS).values(approval_id=approval, plan_id=plan_id, used_at=at)
        )


def _require_gone(holder: Holder, other: str, seen_at: str | None, now: datetime) -> None:
    alive = holder.alive(other)
    quiet = seen_at is None or now - datetime.fromisoformat(seen_at) > holder.lease
    if alive is True or (alive is None and not quiet):
        raise _at_work(other)


def _at_work(where: str) -> PlanRefused:
    return PlanRefused(
        Text("another apply of this plan is at work", "该计划正由另一个 apply 执行"),
        where=where,
        remedy=Text(
            "wait until it ends; what it wrote stands in the target ledger",
            "请等待其结束;已写入的内容记录在目标台账中",
        ),
    )


def _used() -> PlanRefused:
    return PlanRefused(
        Text("this plan was applied already", "该计划已执行过"),
        remedy=Text("make a new plan: `crm-migrate plan`", "请重新生成计划:`crm-migrate plan`"),
    )
