"""Carry out an approved plan: once, in whole groups, resumable wherever it dies.

1. Nothing is written before everything was looked at: schema drift, and a full pre-check. When
   more groups than the limit are stale, the plan is refused. Then our tables, and the plan's lock.
2. Batches of whole groups, one transaction each, in the order of `work.py`. A batch that the
   target refuses is halved until the group that is refused stands alone, each part in a
   transaction of its own (some constraints are judged at COMMIT only); that group is `failed`.
   A fault that may pass is waited out. Where nobody knows whether a COMMIT took place, the
   ledger is asked, behind the lock on the plan's row: what it holds is done, the rest is done
   again.
3. Everything written is read back and compared; then the plan is `done` for good.

Around each transaction: journal intent → target transaction → journal outcome. After a crash
the target ledger says which groups are finished; the others are done as if nothing had happened.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from crm_migrate.errors import CrmMigrateError, PlanRefused
from crm_migrate.instants import rfc3339
from crm_migrate.language import Text
from crm_migrate.loading.applied import Applied, Journal, LoadingKeys, Progress, summary
from crm_migrate.loading.books import CREATED, FAILED, Books
from crm_migrate.loading.course import Course, Limits, Order, lay_out, left_in, look, take
from crm_migrate.loading.leaving import Left, enter_left
from crm_migrate.loading.ledger.plan_lock import Holder, Request, State, hold, release
from crm_migrate.loading.ledger.rows import read_ledger, read_moves
from crm_migrate.loading.patience import PATIENT, Patience
from crm_migrate.loading.verify import NOT_READ_BACK, verify
from crm_migrate.loading.work import Part, deletes
from crm_migrate.loading.write import write_batch
from crm_migrate.model import Model
from crm_migrate.plan.approval.deciding import Approved
from crm_migrate.plan.change import Plan
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.systems.target import (
    ConstraintViolated,
    TargetSystem,
    TargetTransaction,
    TransientFault,
)

About = Mapping[str, str | int | bool | None]


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
    asked: Callable[[], Request | None] = lambda: None,
    batch_groups: int | None = None,
    limit: float = 0.01,
    failure_limit: float = 0.01,
    triggers: bool = True,
    patience: Patience = PATIENT,
    holder: Holder | None = None,
) -> Applied:
    """Write what the plan says into the target; that `approved` is genuine the caller has checked.

    `limit`: share of stale groups (0 to 1) that is put up with; `failure_limit`: of groups that
    the target refuses. `asked`: whether to pause or cancel, asked before each batch. `triggers`:
    False keeps the target's triggers from running. `batch_groups`: groups per transaction (None:
    by the size of the plan); it changes no result.

    Raises:
        PlanRefused: the plan was used or has expired, its target drifted, too much is stale,
            another apply is at work, or triggers can't be kept from running. Nothing was written
            by this call.
        TargetFault: the target can't be reached or written (any more). What was finished stands;
            applying again goes on from there.
    """
    about: dict[str, str | int | bool | None] = {
        "plan": plan.header.plan_id,
        "effect": plan.header.effect,
        "target": plan.header.target.name,
    }
    journal("apply.begin", about)
    limits = Limits(limit, failure_limit)
    order = Order(
        plan, target, mapping, keys, model, approved, clock, limits, triggers, holder, batch_groups
    )

    def waited(fault: TransientFault, tried: int) -> None:
        journal("apply.retry", {**about, "fault": fault.passing, "tried": tried + 1})

    try:
        _require_approved(plan, approved)
        sight = patience.through(lambda: look(order), waited)
        patience.through(lambda: lay_out(target), waited)
        course = patience.through(lambda: take(order, sight), waited)
    except CrmMigrateError as error:
        journal("apply.refused", {**about, "code": error.code})
        raise
    run = _Run(order, course, journal, asked, patience, waited)
    journal(
        "apply.begun",
        {
            **about,
            "resumed": course.lock.resumed,
            "groups": course.groups,
            "silenced": ", ".join(course.silenced),
        },
    )
    try:
        applied = run.all(progress)
    except CrmMigrateError as error:
        with suppress(CrmMigrateError), target.transaction() as transaction:
            release(transaction, course.lock, "running", clock())
        journal("apply.interrupted", {**about, "code": error.code})
        raise
    journal(
        "apply.end",
        {**about, "state": applied.state, "why": applied.why, "left": applied.left.height},
    )
    return applied


class _Asked(Exception):
    """Somebody asked to pause or to cancel; what was begun is undone."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.request = request


@dataclass
class _Run:
    """One apply on its way through the batches."""

    order: Order
    course: Course
    journal: Journal
    asked: Callable[[], Request | None]
    patience: Patience
    waited: Callable[[TransientFault, int], None]
    left: Left = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.course.left

    def all(self, progress: Progress) -> Applied:
        """Carry out the work as far as it goes; then read back and close the plan."""
        work = self.course.work
        done = self.course.groups - work.groups.height
        progress(done, self.course.groups)
        for number in range(work.batches):
            try:
                self._heed(self.asked())
                done += self._batch(work.batch(number), number)
            except _Asked as asked:
                paused = asked.request == "pause"
                return self._finish("paused" if paused else "cancelled", asked.request)
            progress(done, self.course.groups)
            if passed := self._limits_passed():
                return self._finish("stopped", passed)
        return self._finish("done", None)

    def _limits_passed(self) -> str | None:
        return self.order.limits.passed(self.left, self.course.groups)

    def _heed(self, request: Request | None) -> None:
        if request is not None:
            raise _Asked(request)

    def _batch(self, part: Part, number: int) -> int:
        """Carry out one batch; returns its number of groups."""
        about: dict[str, str | int | bool | None] = {
            "plan": self.order.plan.header.plan_id,
            "batch": number,
            "fence": self.course.lock.fence,
            "groups": len(part.groups),
        }
        self.journal("apply.batch.intent", about)
        left = self._settle(part)
        self.left += left
        self.journal("apply.batch.outcome", {**about, "stale": left.stale, "failed": left.failed})
        return len(part.groups)

    def _settle(self, part: Part, *, ahead: bool = False) -> Left:
        """Carry out the groups, in halves where the target refuses; returns what was left.

        `ahead`: a row was refused by a unique key: ask first which ones are taken.
        """
        before = Left()
        tried = 0
        while len(part.groups):
            try:
                return before + self._once(part, ahead)
            except ConstraintViolated as refused:
                if refused.violation == "unique" and not ahead:
                    ahead = True
                elif len(part.groups) == 1:
                    return before + self._fail(part, refused)
                else:
                    first, second = part.halves()
                    before += self._settle(first, ahead=ahead)
                    return before + self._settle(second, ahead=ahead)
            except TransientFault as fault:
                self.patience.wait(fault, tried, self.waited)
                tried += 1
                if fault.passing == "connection":
                    finished, found = self._finished(part.groups)
                    before += found
                    part = part.only(finished, keep=False)
        return before

    def _once(self, part: Part, ahead: bool) -> Left:
        with self._writing() as transaction:
            now = self.order.clock()
            self._heed(hold(transaction, self.course.lock, now))
            written = write_batch(
                transaction,
                self.course.bearings,
                self._books(now),
                part,
                self.course.known,
                ahead=ahead,
            )
        self.course.known.learn(written.keys)
        return written.left

    def _finished(self, groups: pl.Series) -> tuple[pl.Series, Left]:
        """Which of the groups a lost transaction has finished after all, and what it left."""
        plan_id = self.order.plan.header.plan_id

        def behind_the_lock() -> tuple[pl.DataFrame, pl.DataFrame]:
            with self._writing() as transaction:
                hold(transaction, self.course.lock, self.order.clock())
            with self.order.target.reading() as reader:
                return read_ledger(reader, plan_id), read_moves(reader, plan_id)

        ours = pl.col("group_id").is_in(groups.implode())
        ledger, moved = self.patience.through(behind_the_lock, self.waited)
        ledger, moved = ledger.filter(ours), moved.filter(ours)
        self.course.known.learn(ledger.filter(pl.col("result") == CREATED))
        return pl.concat([ledger["group_id"], moved["group_id"]]), left_in(ledger, moved)

    def _fail(self, part: Part, refused: ConstraintViolated) -> Left:
        """Enter the one group that the target refuses."""
        in_use = deletes(part.operations) and refused.violation == "foreign_key"
        frames = {**part.operations, **({} if part.moves is None else {"": part.moves})}
        left = pl.concat(
            frame.select(
                (pl.lit(entity) if entity else pl.col("entity")).alias("entity"),
                "golden_id",
                "group",
                pl.lit("referred" if in_use else refused.violation).alias("reason"),
            )
            for entity, frame in frames.items()
        )

        def enter() -> None:
            with self._writing() as transaction:
                now = self.order.clock()
                hold(transaction, self.course.lock, now)
                if not self._entered(transaction, part.groups[0]):
                    enter_left(transaction, self._books(now), part, left, FAILED)

        self.patience.through(enter, self.waited)
        return Left(failed=1)

    def _entered(self, transaction: TargetTransaction, group: str) -> bool:
        """Whether an attempt whose COMMIT was not answered has entered the group already."""
        plan_id = self.order.plan.header.plan_id
        frames = (read_ledger(transaction, plan_id, group), read_moves(transaction, plan_id, group))
        return any(frame.height for frame in frames)

    def _finish(self, state: State, why: str | None) -> Applied:
        """Read back, close the plan, and sum up from the target ledger."""
        order, course = self.order, self.course

        def read_back() -> Applied:
            plan_id = order.plan.header.plan_id
            with order.target.reading() as reader:
                ledger, moved = read_ledger(reader, plan_id), read_moves(reader, plan_id)
                verified = NOT_READ_BACK
                if state != "paused":
                    form = order.target.stored_form
                    verified = verify(reader, order.plan, course.bearings, form, ledger, moved)
            resumed = course.lock.resumed
            return summary(order.plan, ledger, moved, verified, state, resumed=resumed, why=why)

        def close() -> None:
            with order.target.transaction() as transaction:
                release(transaction, course.lock, state, order.clock())

        applied = self.patience.through(read_back, self.waited)
        self.patience.through(close, self.waited)
        return replace(applied, silenced=course.silenced)

    def _writing(self) -> AbstractContextManager[TargetTransaction]:
        return self.order.target.transaction(triggers=not self.course.silenced)

    def _books(self, now: datetime) -> Books:
        return Books(self.order.plan.header.plan_id, rfc3339(now), self.order.keys.rollback_key)


def _require_approved(plan: Plan, approved: Approved) -> None:
    if (approved.effect, approved.evidence) != (plan.header.effect, plan.header.evidence):
        raise PlanRefused(
            Text("the approval is for another content", "审批对应的不是该计划的内容"),
            where=plan.header.plan_id,
            remedy=Text("have this plan approved", "请审批该计划"),
        )
