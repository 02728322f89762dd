"""Carry out an approved plan: once, in whole groups, resumable wherever it dies.

1. In one transaction: our tables, the plan's lock, schema drift, and a full pre-check. When more
   groups than the limit are stale, it is undone and nothing was written.
2. Batches of whole groups, one transaction each, in the order of `work.py`. A batch that the
   target refuses is halved until the group that is refused stands alone, each part in a
   transaction of its own (some constraints are judged at COMMIT only); that group is `failed`.
3. Everything written is read back and compared; then the plan is `done` for good.

Around each transaction: journal intent → target transaction → journal outcome. After a crash
the target ledger says which groups are finished; the others are done as if nothing had happened.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

from crm_migrate.errors import CrmMigrateError, PlanRefused
from crm_migrate.language import Text
from crm_migrate.loading.applied import Applied, Journal, LoadingKeys, Progress, summary
from crm_migrate.loading.bearings import Bearings, reference_columns
from crm_migrate.loading.holder import this_process
from crm_migrate.loading.plan_lock import Holder, Lock, hold, release, take_lock
from crm_migrate.loading.precondition import check, resolve
from crm_migrate.loading.target_ledger import create_tables, read_ledger, read_moves, rfc3339
from crm_migrate.loading.verify import keys_of_plan, verify
from crm_migrate.loading.work import Work, deletes, moves_in, only_groups, work_of
from crm_migrate.loading.write import FAILED, SKIPPED, Books, Left, leave_groups, write_batch
from crm_migrate.model import Model
from crm_migrate.plan.approval import Approved
from crm_migrate.plan.change import Action, Plan
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.systems.target import ConstraintViolated, TargetSystem, TargetTransaction


def apply(
    plan: Plan,
    target: TargetSystem,
    mapping: TargetMapping,
    keys: LoadingKeys,
    *,
    model: Model,
    approved: Approved,
    clock: Callable[[], datetime],
    journal: Journal,
    progress: Progress = lambda _done, _all: None,
    batch_groups: int | None = None,
    limit: float = 0.01,
    holder: Holder | None = None,
) -> Applied:
    """Write what the plan says into the target; that `approved` is genuine the caller has checked.

    `limit`: share of stale groups (0 to 1) that is put up with. `batch_groups`: groups per
    transaction (None: by the size of the plan); it changes no result.

    Raises:
        PlanRefused: the plan was used or has expired, its target drifted, too much is stale, or
            another apply is at work. Nothing was written by this call.
        TargetFault: the target can't be reached or written (any more). What was finished stands;
            applying again goes on from there.
    """
    about: dict[str, str | int | bool | None] = {
        "plan": plan.header.plan_id,
        "effect": plan.header.effect,
        "target": plan.header.target.name,
    }
    journal("apply.begin", about)
    try:
        _require_approved(plan, approved)
        course = _begin(plan, target, mapping, keys, model, approved, clock, limit, holder)
    except CrmMigrateError as error:
        journal("apply.refused", {**about, "code": error.code})
        raise
    work = work_of(
        course.operations,
        finished=course.finished,
        moves=plan.moves,
        batch_groups=batch_groups,
        backwards=deletes(course.operations),
    )
    run = _Run(plan, target, keys, clock, journal, limit, course)
    journal("apply.begun", {**about, "resumed": course.lock.resumed, "groups": course.groups})
    try:
        done = course.groups - work.groups.height
        for number in range(work.batches):
            done += run.batch(work, number)
            progress(done, course.groups)
            if run.over_limit():
                break
        applied = run.finish()
    except CrmMigrateError as error:
        with suppress(CrmMigrateError), target.transaction() as transaction:
            release(transaction, course.lock, "running", clock())
        journal("apply.interrupted", {**about, "code": error.code})
        raise
    journal("apply.end", {**about, "state": applied.state, "left": applied.left.height})
    return applied


@dataclass(frozen=True)
class _Course:
    """What stands when an apply has begun or resumed."""

    lock: Lock
    bearings: Bearings
    operations: dict[str, pl.DataFrame]
    """The plan's operations, references to rows that stand in the target resolved."""
    finished: pl.Series
    groups: int
    stale: int
    """Groups found stale by an earlier attempt."""


def _begin(
    plan: Plan,
    target: TargetSystem,
    mapping: TargetMapping,
    keys: LoadingKeys,
    model: Model,
    approved: Approved,
    clock: Callable[[], datetime],
    limit: float,
    holder: Holder | None,
) -> _Course:
    header = plan.header
    with target.transaction() as transaction:
        create_tables(transaction)
        now = clock()
        lock = take_lock(
            transaction,
            plan_id=header.plan_id,
            effect=header.effect,
            evidence=header.evidence,
            approvals=approved.approvals,
            holder=holder or this_process(),
            now=now,
        )
        if not lock.resumed and now >= header.expires_at:
            raise _expired(header.plan_id)
        schema = transaction.describe()
        _require_undrifted(plan, schema.system, schema.database, schema.fingerprint)
        bearings = Bearings(mapping, reference_columns(mapping, model), schema, keys.digest_key)
        ledger = read_ledger(transaction, header.plan_id)
        standing = keys_of_plan(plan, ledger.clear())
        operations = {
            entity: resolve(frame, bearings.references.get(entity, {}), standing)
            for entity, frame in plan.operations.items()
        }
        moved = read_moves(transaction, header.plan_id)
        finished = pl.concat([ledger["group_id"], moved["group_id"]]).unique()
        groups = work_of(operations, finished=finished.clear(), moves=plan.moves).groups.height
        stale = _stale_groups(pl.concat([f.select(_REASONED) for f in (ledger, moved)]))
        stale_now = stale + _pre_check(transaction, bearings, operations, plan.moves, finished)
        if stale_now > limit * groups:
            raise _too_stale(stale_now, groups)
    return _Course(lock, bearings, operations, finished, groups, stale)


def _pre_check(
    transaction: TargetTransaction,
    bearings: Bearings,
    operations: Mapping[str, pl.DataFrame],
    moves: pl.DataFrame | None,
    finished: pl.Series,
) -> int:
    """How many of the groups that are still to be done are stale."""
    work = work_of(operations, finished=finished, moves=moves)
    found = check(
        transaction,
        bearings,
        {e: f.drop("_batch") for e, f in work.operations.items()},
        None if work.moves is None else work.moves.drop("_batch"),
    )
    return found.stale["group"].n_unique()


@dataclass
class _Run:
    """One apply on its way through the batches."""

    plan: Plan
    target: TargetSystem
    keys: LoadingKeys
    clock: Callable[[], datetime]
    journal: Journal
    limit: float
    course: _Course
    stale: int = field(init=False)

    def __post_init__(self) -> None:
        self.stale = self.course.stale

    def over_limit(self) -> bool:
        """Whether more groups are stale than the approval puts up with."""
        return self.stale > self.limit * self.course.groups

    def batch(self, work: Work, number: int) -> int:
        """Carry out one batch; returns its number of groups."""
        groups = work.groups.filter(pl.col("_batch") == number)["group"].to_list()
        about: dict[str, str | int | bool | None] = {
            "plan": self.plan.header.plan_id,
            "batch": number,
            "fence": self.course.lock.fence,
            "groups": len(groups),
        }
        self.journal("apply.batch.intent", about)
        left = self._settle(work.batch(number), work.moves_of(number), groups)
        self.stale += left.stale
        self.journal("apply.batch.outcome", {**about, "stale": left.stale, "failed": left.failed})
        return len(groups)

    def finish(self) -> Applied:
        """Read back, close the plan, and sum up from the target ledger."""
        state: Literal["done", "stopped"] = "stopped" if self.over_limit() else "done"
        with self.target.transaction() as transaction:
            ledger = read_ledger(transaction, self.plan.header.plan_id)
            moved = read_moves(transaction, self.plan.header.plan_id)
            verified = verify(transaction, self.plan, self.course.bearings)
            release(transaction, self.course.lock, state, self.clock())
        return summary(self.plan, ledger, moved, verified, state, resumed=self.course.lock.resumed)

    def _settle(
        self, operations: Mapping[str, pl.DataFrame], moves: pl.DataFrame | None, groups: list[str]
    ) -> Left:
        """Carry out the groups; returns how many were left."""
        try:
            with self.target.transaction() as transaction:
                now = self.clock()
                hold(transaction, self.course.lock, now)
                books = self._books(now)
                return write_batch(transaction, self.course.bearings, books, operations, moves)
        except ConstraintViolated as refused:
            if len(groups) == 1:
                self._fail(operations, moves, groups[0], refused)
                return Left(failed=1)
        half = len(groups) // 2
        left = Left()
        for part in (groups[:half], groups[half:]):
            left += self._settle(
                only_groups(operations, part, keep=True), moves_in(moves, part), part
            )
        return left

    def _fail(
        self,
        operations: Mapping[str, pl.DataFrame],
        moves: pl.DataFrame | None,
        group: str,
        refused: ConstraintViolated,
    ) -> None:
        deletes = any((f["action"] == Action.DELETE).any() for f in operations.values())
        referred = deletes and refused.violation == "foreign_key"
        frames = {**operations, **({} if moves is None else {"": moves})}
        left = pl.concat(
            frame.select(
                (pl.lit(entity) if entity else pl.col("entity")).alias("entity"),
                "golden_id",
                "group",
                pl.lit("referred" if referred else refused.violation).alias("reason"),
            )
            for entity, frame in frames.items()
        ).filter(pl.col("group") == group)
        with self.target.transaction() as transaction:
            now = self.clock()
            hold(transaction, self.course.lock, now)
            leave_groups(transaction, self._books(now), operations, moves, left, FAILED)

    def _books(self, now: datetime) -> Books:
        return Books(self.plan.header.plan_id, rfc3339(now), self.keys.rollback_key)


_REASONED = ("group_id", "result", "reason")


def _stale_groups(ledger: pl.DataFrame) -> int:
    by_group = ledger.filter(pl.col("result") == SKIPPED).group_by("group_id")
    # A group that only waited for another one carries no other reason.
    waited = by_group.agg((pl.col("reason") == "parent_waits").all().alias("waited"))
    return waited.filter(~pl.col("waited")).height


def _require_approved(plan: Plan, approved: Approved) -> None:
    if (approved.effect, approved.evidence) != (plan.header.effect, plan.header.evidence):
        raise PlanRefused(
            Text("the approval is for another content", "审批对应的不是该计划的内容"),
            where=plan.header.plan_id,
            remedy=Text("have this plan approved", "请审批该计划"),
        )


def _require_undrifted(plan: Plan, system: str, database: str, fingerprint: str) -> None:
    planned = plan.header.target
    if (planned.system, planned.database) != (system, database):
        raise PlanRefused(
            Text("the plan was made for another target", "该计划针对的是另一个目标系统"),
            where=planned.name,
            remedy=Text("make a new plan for this target", "请针对该目标系统重新生成计划"),
        )
    if planned.fingerprint != fingerprint:
        raise PlanRefused(
            Text(
                "the target's tables changed since planning",
                "计划生成后目标系统的表结构发生了变化",
            ),
            where=planned.name,
            remedy=Text("make a new plan", "请重新生成计划"),
        )


def _expired(plan_id: str) -> PlanRefused:
    return PlanRefused(
        Text("this plan has expired", "该计划已过期"),
        where=plan_id,
        remedy=Text("make a new plan", "请重新生成计划"),
    )


def _too_stale(stale: int, groups: int) -> PlanRefused:
    return PlanRefused(
        Text(
            "{stale} of {groups} groups changed in the CRM since planning; nothing was written",
            "{groups} 组中有 {stale} 组在计划生成后被修改;未写入任何数据",
        ).fill(stale=stale, groups=groups),
        remedy=Text("make a new plan", "请重新生成计划"),
    )
