"""The batches of an apply: whole groups, a transaction each, halved where the target refuses.

What an apply does with them, and what stands around each transaction, says `apply`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from crm_migrate.instants import rfc3339
from crm_migrate.loading.applied import Applied, Journal, Progress, summary
from crm_migrate.loading.books import CREATED, FAILED, Books
from crm_migrate.loading.course import Course, Order, left_in
from crm_migrate.loading.leaving import Left, enter_left
from crm_migrate.loading.ledger.plan_lock import Request, State, hold, release
from crm_migrate.loading.ledger.rows import read_ledger, read_moves
from crm_migrate.loading.patience import Patience
from crm_migrate.loading.verify import NOT_READ_BACK, verify
from crm_migrate.loading.work import Part, deletes
from crm_migrate.loading.write import write_batch
from crm_migrate.systems.target import (
    ConstraintViolated,
    TargetTransaction,
    TransientFault,
)


class _Asked(Exception):
    """Somebody asked to pause or to cancel; what was begun is undone."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.request = request


@dataclass
class Batches:
    """One apply on its way through its batches."""

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
