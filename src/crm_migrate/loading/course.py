"""How an apply begins, and what stands then: drift, the full pre-check, our tables, the lock."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.loading.applied import LoadingKeys
from crm_migrate.loading.bearings import Bearings, reference_columns
from crm_migrate.loading.books import CREATED, FAILED, SKIPPED
from crm_migrate.loading.keys import Known, resolve
from crm_migrate.loading.leaving import Left
from crm_migrate.loading.ledger.holder import this_process
from crm_migrate.loading.ledger.plan_lock import ENDED, Holder, Lock, plan_state, take_lock, used
from crm_migrate.loading.ledger.rows import read_ledger, read_moves
from crm_migrate.loading.ledger.tables import create_tables
from crm_migrate.loading.precondition import check
from crm_migrate.loading.verify import keys_of_plan
from crm_migrate.loading.work import Work, deletes, work_of
from crm_migrate.model import Model
from crm_migrate.plan.approval.deciding import Approved
from crm_migrate.plan.change import Plan
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.systems.target import TargetSystem
from crm_migrate.systems.target_schema import TargetSchema

FEW = 5
"""So many refused groups are put up with in any plan, unless none are."""


@dataclass(frozen=True)
class Limits:
    """Shares of a plan's groups (0 to 1): above them apply writes nothing, or stops."""

    stale: float = 0.01
    failed: float = 0.01

    def passed(self, left: Left, groups: int) -> str | None:
        """Which limit the groups that were left have passed: `stale`, `failed` or none."""
        if left.stale > self.stale * groups:
            return "stale"
        few = FEW if self.failed else 0
        return "failed" if left.failed > max(self.failed * groups, few) else None


@dataclass(frozen=True)
class Order:
    """What is to be applied, where, by which keys and within which limits."""

    plan: Plan
    target: TargetSystem
    mapping: TargetMapping
    keys: LoadingKeys
    model: Model
    approved: Approved
    clock: Callable[[], datetime]
    limits: Limits
    triggers: bool = True
    holder: Holder | None = None
    batch_groups: int | None = None


@dataclass(frozen=True)
class Course:
    """What stands when an apply has begun or resumed."""

    lock: Lock
    bearings: Bearings
    work: Work
    """What is to be done, references to rows that stand in the target resolved."""
    groups: int
    left: Left
    """Groups that an earlier attempt left."""
    known: Known
    """Keys of rows that an earlier attempt inserted."""
    silenced: tuple[str, ...] = ()
    """`table.trigger` of the triggers that are kept from running."""


@dataclass(frozen=True)
class Sight:
    """What is found before anything is written."""

    bearings: Bearings
    operations: dict[str, pl.DataFrame]
    work: Work
    finished: int
    silenced: tuple[str, ...]

    @property
    def groups(self) -> int:
        """All groups of the plan that have something to be done."""
        return self.work.groups.height + self.finished


def look(order: Order) -> Sight:
    """Whether the plan may still be applied, asked of the target as a whole; nothing is written.

    Raises:
        PlanRefused: the plan was used or has expired, its target drifted, or too much is stale.
        TransientFault, TargetFault: the target can't be read.
    """
    header = order.plan.header
    with order.target.reading() as reader:
        state = plan_state(reader, header.plan_id)
        if state in ENDED:
            raise used(header.plan_id)
        if state is None and order.clock() >= header.expires_at:
            raise _expired(header.plan_id)
        schema = reader.describe()
        _require_undrifted(order.plan, order.mapping, schema)
        references = reference_columns(order.mapping, order.model)
        bearings = Bearings(order.mapping, references, schema, order.keys.digest_key)
        ledger = read_ledger(reader, header.plan_id)
        standing = keys_of_plan(order.plan, ledger.clear())
        places = {entity.name: place for place, entity in enumerate(order.model.entities)}
        operations = {
            entity: resolve(order.plan.operations[entity], references.get(entity, {}), standing)
            for entity in sorted(order.plan.operations, key=lambda e: places.get(e, 0))
        }
        moved = read_moves(reader, header.plan_id)
        finished = _groups(ledger, moved)
        work = _work(order, operations, finished)
        part = work.whole()
        found = check(reader, bearings, part.operations, part.moves, whole=False)
        stale = left_in(ledger, moved).stale + found.stale["group"].n_unique()
    silenced = _silenced(order, bearings)
    bearings = replace(bearings, silenced=bool(silenced))
    sight = Sight(bearings, operations, work, len(finished), silenced)
    if stale > order.limits.stale * sight.groups:
        raise _too_stale(stale, sight.groups)
    return sight


def lay_out(target: TargetSystem) -> None:
    """Make our tables where they do not stand: alone, since MariaDB commits with every table."""
    with target.transaction() as transaction:
        create_tables(transaction)


def take(order: Order, sight: Sight) -> Course:
    """Take the plan's lock; from here on it is used.

    Raises:
        PlanRefused: the plan or an approval was used already, or another apply is at work.
        TransientFault, TargetFault: the target can't be written.
    """
    header = order.plan.header
    with order.target.transaction() as transaction:
        lock = take_lock(
            transaction,
            plan_id=header.plan_id,
            effect=header.effect,
            evidence=header.evidence,
            approvals=order.approved.approvals,
            holder=order.holder or this_process(),
            now=order.clock(),
        )
    # Read behind the lock: whoever wrote until now has come to an end.
    with order.target.reading() as reader:
        ledger = read_ledger(reader, header.plan_id)
        moved = read_moves(reader, header.plan_id)
    finished, work = _groups(ledger, moved), sight.work
    if len(finished) != sight.finished:
        work = _work(order, sight.operations, finished)
    references = sight.bearings.references.values()
    known = Known({entity for columns in references for entity in columns.values()})
    known.learn(ledger.filter(pl.col("result") == CREATED))
    left = left_in(ledger, moved)
    return Course(lock, sight.bearings, work, sight.groups, left, known, sight.silenced)


def left_in(ledger: pl.DataFrame, moved: pl.DataFrame) -> Left:
    """The groups that the ledger says were left: stale ones and refused ones."""
    entries = pl.concat([f.select("group_id", "result", "reason") for f in (ledger, moved)])
    skipped = entries.filter(pl.col("result") == SKIPPED).group_by("group_id")
    # A group that only waited for another one carries no other reason.
    waited = skipped.agg((pl.col("reason") == "parent_waits").all().alias("waited"))
    failed = entries.filter(pl.col("result") == FAILED)["group_id"].n_unique()
    return Left(waited.filter(~pl.col("waited")).height, failed)


def _silenced(order: Order, bearings: Bearings) -> tuple[str, ...]:
    """The triggers of the tables to be written, where policy keeps them from running."""
    if order.triggers:
        return ()
    tables = (bearings.schema.table(bearings.entity(e).table) for e in order.plan.operations)
    found = tuple(sorted({f"{table.name}.{name}" for table in tables for name in table.triggers}))
    if found and not order.target.can_silence():
        raise PlanRefused(
            Text(
                "this user can't keep the target's triggers from running",
                "当前用户无权停用目标系统的触发器",
            ),
            where=", ".join(found),
            remedy=Text(
                "set target.triggers: on in crm-migrate.yaml, or have the right granted where"
                " the system has it",
                "请在 crm-migrate.yaml 中设置 target.triggers: on;若系统支持，也可授予相应权限",
            ),
        )
    return found


def _groups(ledger: pl.DataFrame, moved: pl.DataFrame) -> pl.Series:
    return pl.concat([ledger["group_id"], moved["group_id"]]).unique()


def _work(order: Order, operations: dict[str, pl.DataFrame], finished: pl.Series) -> Work:
    return work_of(
        operations,
        finished=finished,
        moves=order.plan.moves,
        batch_groups=order.batch_groups,
        backwards=deletes(operations),
    )


def _require_undrifted(plan: Plan, mapping: TargetMapping, schema: TargetSchema) -> None:
    planned = plan.header.target
    if (planned.system, planned.database) != (schema.system, schema.database):
        raise PlanRefused(
            Text("the plan was made for another target", "该计划针对的是另一个目标系统"),
            where=planned.name,
            remedy=Text("make a new plan for this target", "请针对该目标系统重新生成计划"),
        )
    # Whoever planned was shown the triggers, or was not, which the plan says.
    whole = schema.fingerprint_of([e.table for e in mapping.entities.values()])
    if planned.fingerprint not in (whole, schema.fingerprint):
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
            "{groups} 组中有 {stale} 组在计划生成后被修改；未写入任何数据",
        ).fill(stale=stale, groups=groups),
        remedy=Text("make a new plan", "请重新生成计划"),
    )
