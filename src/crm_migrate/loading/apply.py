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

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from crm_migrate.errors import CrmMigrateError, PlanRefused
from crm_migrate.language import Text
from crm_migrate.loading.applied import Applied, Journal, LoadingKeys, Progress
from crm_migrate.loading.batches import Batches
from crm_migrate.loading.course import Limits, Order, lay_out, look, take
from crm_migrate.loading.ledger.plan_lock import Holder, Request, release
from crm_migrate.loading.patience import PATIENT, Patience
from crm_migrate.model import Model
from crm_migrate.plan.approval.deciding import Approved
from crm_migrate.plan.change import Plan
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.systems.target import (
    TargetSystem,
    TransientFault,
)


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
    batches = Batches(order, course, journal, asked, patience, waited)
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
        applied = batches.all(progress)
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


def _require_approved(plan: Plan, approved: Approved) -> None:
    if (approved.effect, approved.evidence) != (plan.header.effect, plan.header.evidence):
        raise PlanRefused(
            Text("the approval is for another content", "审批对应的不是该计划的内容"),
            where=plan.header.plan_id,
            remedy=Text("have this plan approved", "请审批该计划"),
        )
