"""The plan's row in the target: single use, one apply at a time, fencing number.

A plan and each of its approvals are used once; both are rows of the target ledger. Who applies
writes its name and a sign of life there. Whoever takes over from a dead one raises the fencing
number, and every transaction of an apply first makes sure that the number is still its own.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import insert, inspect, select, update

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.loading.target_ledger import APPROVALS, PLANS, rfc3339
from crm_migrate.systems.target import TargetReader, TargetSystem, TargetTransaction

if TYPE_CHECKING:
    from sqlalchemy import Connection

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


def plan_state(reader: TargetReader, plan_id: str) -> State | None:
    """How far the target knows the plan to be: None when it was never begun there."""
    if not inspect(reader.connection).has_table(PLANS.name):
        return None
    chosen = select(PLANS.c.state).where(PLANS.c.plan_id == plan_id)
    state: State | None = reader.connection.execute(chosen).scalar_one_or_none()
    return state


def used_approvals(target: TargetSystem) -> dict[str, str]:
    """Approvals that were used in this target: id → the plan that they served."""
    with target.reading() as reader:
        if not inspect(reader.connection).has_table(APPROVALS.name):
            return {}
        rows = reader.connection.execute(select(APPROVALS.c.approval_id, APPROVALS.c.plan_id))
        return {row.approval_id: row.plan_id for row in rows}


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
