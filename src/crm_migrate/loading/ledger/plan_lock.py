"""The plan's row in the target: single use, one apply at a time, fencing number.

A plan and each of its approvals are used once; both are rows of the target ledger. Who applies
writes its name and a sign of life there. Whoever takes over from a dead one raises the fencing
number, and every transaction of an apply first locks the row and makes sure that the number is
still its own. So a transaction that nobody hears of any more (its connection was lost, its COMMIT
under way) is waited for: it holds the same row.

    running → done | stopped (a limit was passed) | cancelled      these plans are used up
    running ⇄ paused                                               goes on with the same command
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert, inspect, select, update

from crm_migrate.errors import PlanRefused
from crm_migrate.instants import rfc3339
from crm_migrate.language import Text
from crm_migrate.loading.ledger.tables import APPROVALS, PLANS
from crm_migrate.systems.target import TargetReader, TargetSystem, TargetTransaction

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

State = Literal["running", "paused", "done", "stopped", "cancelled"]
Request = Literal["pause", "cancel"]
ENDED: tuple[State, ...] = ("done", "stopped", "cancelled")
"""States in which a plan is used up."""


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
    row = _locked(transaction, plan_id)
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
    if row.state in ENDED:
        raise used(plan_id)
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
    # A pause is over when somebody goes on; what was asked for beyond that still stands.
    values = {"fence": fence, "holder": holder.name, "seen_at": at, "state": "running"}
    if row.request == "pause":
        values["request"] = None
    connection.execute(update(PLANS).where(PLANS.c.plan_id == plan_id).values(values))
    # Our own row, though nobody told us that it was written: the answer to a COMMIT was lost.
    return Lock(plan_id, fence, resumed=row.holder != holder.name)


def hold(transaction: TargetTransaction, lock: Lock, now: datetime) -> Request | None:
    """Lock the plan's row and give a sign of life; must stand first in every transaction.

    Returns what somebody asked for meanwhile: to pause or to cancel.

    Raises:
        PlanRefused: another apply has taken over since, or the plan was ended.
    """
    row = _locked(transaction, lock.plan_id)
    if row is None or row.fence != lock.fence or row.state != "running":
        raise _at_work(lock.plan_id)
    transaction.connection.execute(
        update(PLANS).where(PLANS.c.plan_id == lock.plan_id).values(seen_at=rfc3339(now))
    )
    request: Request | None = row.request
    return request


def release(transaction: TargetTransaction, lock: Lock, state: State, now: datetime) -> None:
    """Let go of the plan; a `running` or `paused` one can be taken up again.

    Once more for a COMMIT whose answer was lost, it does nothing.

    Raises:
        PlanRefused: another apply has taken over since.
    """
    row = _locked(transaction, lock.plan_id)
    if row is None or row.fence != lock.fence:
        raise _at_work(lock.plan_id)
    if row.state != "running":
        return
    _leave(transaction, lock.plan_id, state, lock.fence, now)


def ask(
    transaction: TargetTransaction, plan_id: str, request: Request, holder: Holder, now: datetime
) -> State:
    """Ask the apply that is at work to pause or to cancel; returns the state after that.

    Where none is at work any more, it happens at once, and the fencing number goes up.

    Raises:
        PlanRefused: the plan is used up.
    """
    row = _locked(transaction, plan_id)
    if row is None or row.state in ENDED:
        raise used(plan_id)
    if row.holder is not None and not _gone(holder, row.holder, row.seen_at, now):
        # Who wants to cancel means it, whatever somebody else asks for afterwards.
        wanted = "cancel" if row.request == "cancel" else request
        values = update(PLANS).where(PLANS.c.plan_id == plan_id).values(request=wanted)
        transaction.connection.execute(values)
        return "running"
    state: State = "cancelled" if request == "cancel" else "paused"
    _leave(transaction, plan_id, state, int(row.fence) + 1, now)
    return state


def _locked(transaction: TargetTransaction, plan_id: str) -> "Row[Any] | None":
    chosen = select(PLANS).where(PLANS.c.plan_id == plan_id).with_for_update()
    return transaction.connection.execute(chosen).one_or_none()


def _leave(
    transaction: TargetTransaction, plan_id: str, state: State, fence: int, now: datetime
) -> None:
    values = {"state": state, "holder": None, "fence": fence, "seen_at": rfc3339(now)}
    if state in ENDED:
        values["finished_at"] = rfc3339(now)
    if state != "running":
        values["request"] = None
    transaction.connection.execute(update(PLANS).where(PLANS.c.plan_id == plan_id).values(values))


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
    if not _gone(holder, other, seen_at, now):
        raise _at_work(other)


def _gone(holder: Holder, other: str, seen_at: str | None, now: datetime) -> bool:
    alive = holder.alive(other)
    if alive is None:
        return seen_at is None or now - datetime.fromisoformat(seen_at) > holder.lease
    return not alive


def _at_work(where: str) -> PlanRefused:
    return PlanRefused(
        Text("another apply of this plan is at work", "该计划正由另一个 apply 执行"),
        where=where,
        remedy=Text(
            "wait until it ends; what it wrote stands in the target ledger",
            "请等待其结束；已写入的内容记录在目标台账中",
        ),
    )


def used(plan_id: str) -> PlanRefused:
    """The fault of a plan that was carried out, stopped or cancelled before."""
    return PlanRefused(
        Text("this plan was applied already", "该计划已执行过"),
        where=plan_id,
        remedy=Text("make a new plan: `crm-migrate plan`", "请重新生成计划:`crm-migrate plan`"),
    )
