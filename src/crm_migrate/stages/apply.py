"""Carry out an approved plan, keep what became of it, and make its identities final."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import polars as pl

from crm_migrate.errors import PlanRefused
from crm_migrate.instants import rfc3339
from crm_migrate.language import Text, current_language
from crm_migrate.loading.applied import Applied
from crm_migrate.loading.apply import apply as load
from crm_migrate.loading.ledger.plan_lock import ENDED, Request, plan_state, used_approvals
from crm_migrate.loading.outcome import outcome
from crm_migrate.loading.precondition import LEFT_REASONS
from crm_migrate.plan.approval.deciding import USED
from crm_migrate.plan.change import Plan
from crm_migrate.plan.file.parts import SUFFIX
from crm_migrate.plan.file.stored import read_header
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.operations import verify_plan
from crm_migrate.plan.show.risks import reason_text
from crm_migrate.reports.facts import ApplyFacts
from crm_migrate.reports.versions import named
from crm_migrate.stages import link, survive
from crm_migrate.stages.approving.said import approved_to_apply
from crm_migrate.stages.planning.plans import entity_labels, open_checked, require_same_project
from crm_migrate.stages.reconciliation.target_totals import totals_in_target
from crm_migrate.stages.rollback.taken_back import ROLLED_BACK, settle_taken_back
from crm_migrate.stages.sandbox import require_laid_out
from crm_migrate.stages.session import About, Session
from crm_migrate.state import plans as entries
from crm_migrate.state.approvals import mark_used
from crm_migrate.state.registry import activate, retire, store_members
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetSystem
from crm_migrate.trust.private_files import write_private
from crm_migrate.trust.roles import Action

APPLIED = "applied.json"
Requests = Callable[[], Request | None]


@dataclass(frozen=True)
class Done:
    """What an apply did."""

    run: str
    plan_id: str
    facts: ApplyFacts
    applied: Applied
    labels: dict[str, str]
    seconds: float
    """From the first statement to the last, read-back included."""

    @property
    def ok(self) -> bool:
        """Whether all that was written stands as planned, and the counts add up."""
        if self.applied.state == "paused":
            return self.applied.adds_up
        return self.facts.verified

    @property
    def complete(self) -> bool:
        """Whether nothing was left: no stale or refused row, no pause, no limit passed."""
        return self.applied.state == "done" and self.applied.left.is_empty()

    @property
    def stale(self) -> list[str]:
        """What was left alone, in words, with counts."""
        language = current_language()
        left = self.applied.left.group_by("entity", "reason").len().sort("entity", "reason")
        return [
            f"{self.labels.get(entity, entity)}: {_words(reason or '').in_language(language)}"
            f" ({count})"
            for entity, reason, count in left.iter_rows()
        ]

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        return {
            "run": self.run,
            "plan": self.plan_id,
            "state": self.applied.state,
            "resumed": self.applied.resumed,
            "applied": self.facts.counts,
            "merges": self.applied.merges,
            "reparented": self.applied.reparented,
            "verified": self.facts.verified,
            "why": self.applied.why,
            "silenced": list(self.applied.silenced),
            "totals_differ": self.facts.totals_differ,
            "seconds": round(self.seconds, 3),
            "left": self.applied.left.select("entity", "golden_id", "reason").to_dicts(),
        }


def _words(reason: str) -> Text:
    return LEFT_REASONS.get(reason) or reason_text(reason)


def apply_plan(
    session: Session, name: str, *, by: str | None = None, asked: Requests = lambda: None
) -> Done:
    """Write exactly what was approved, once; interrupted or paused, the same call goes on.

    `asked`: whether to pause or cancel, asked before each batch.

    Raises:
        PlanRefused: altered, unapproved, used, expired, drifted or blocked.
        IntegrityFault: the plan file was altered.
        TargetFault: the target cannot be written; what is done stands in its ledger.
        KeyFault: the person may not apply, or their key does not open.
    """
    begun = perf_counter()
    job = session.job
    person = session.acting(by, Action.APPLY)
    require_laid_out(session.project)
    entry, plan = open_checked(session, name)
    header = plan.header
    if header.kind == "rollback":
        session.person(person.id, Action.ROLL_BACK)
    if entry.state in USED:
        raise PlanRefused(
            Text("this plan was applied already", "该计划已执行"),
            where=header.plan_id,
            remedy=Text("make a new plan: crm-migrate plan", "请重新生成计划:crm-migrate plan"),
        )
    mapping = session.project.target
    verify_plan(plan, mapping, digest_key=job.keyring.digest_key, keys=job.keyring)
    target = open_target(session.project.target_url)
    resumed = entry.state == "applying"
    if resumed and _ended(target, header.plan_id):
        return recover(session, plan, target, person.id, begun)
    require_same_project(session, header)
    approved = approved_to_apply(session, header, header.created_at if resumed else job.clock())

    def journal(event: str, about: About) -> None:
        session.record(person.id, event, about)
        if event == "apply.begun":  # from here on an expired approval still finishes its work
            entries.set_plan_state(session.state, header.plan_id, "applying")

    settings = session.project.settings
    with session.workspace.lock():
        memberships = _memberships(session, plan)  # what cannot be kept afterwards is not begun
        applied = load(
            plan,
            target,
            mapping,
            job.keyring,
            model=session.project.model,
            approved=approved,
            clock=job.clock,
            journal=journal,
            progress=lambda done, total: job.progress("apply", done, total),
            asked=asked,
            limit=settings.approval.stale_limit,
            failure_limit=settings.approval.failure_limit,
            triggers=settings.target.triggers == "on",
        )
        facts = _facts(session, person.id, plan, target, applied)
        if applied.state != "paused":
            _settle(session, plan, approved.approvals, facts, memberships, applied)
    labels = entity_labels(session, current_language())
    return Done(header.run, header.plan_id, facts, applied, labels, perf_counter() - begun)


def _ended(target: TargetSystem, plan_id: str) -> bool:
    """Whether the target ledger says that the plan was carried out to its end."""
    with target.reading() as reader:
        return plan_state(reader, plan_id) in ENDED


def recover(session: Session, plan: Plan, target: TargetSystem, person: str, begun: float) -> Done:
    """The plan was ended in the target, and nobody settled it here: the target ledger decides."""
    plan_id = plan.header.plan_id
    keys, model = session.job.keyring, session.project.model
    applied = outcome(plan, target, session.project.target, keys, model=model)
    served = [a for a, served in used_approvals(target).items() if served == plan_id]
    facts = _facts(session, person, plan, target, applied)
    _settle(session, plan, tuple(served), facts, _memberships(session, plan), applied)
    session.record(person, "apply.recovered", {"plan": plan_id})
    labels = entity_labels(session, current_language())
    return Done(plan.header.run, plan_id, facts, applied, labels, perf_counter() - begun)


def _facts(
    session: Session, person: str, plan: Plan, target: TargetSystem, applied: Applied
) -> ApplyFacts:
    counts = {}
    for entity, result in applied.counts.items():
        named = asdict(result)
        named.pop("planned")
        counts[entity] = named
    return ApplyFacts(
        plan_id=applied.plan_id,
        applied_at=rfc3339(session.job.clock()),
        applied_by=person,
        counts=counts,
        verified=applied.verified.ok and applied.adds_up,
        differing=applied.verified.differing.height,
        totals=()
        if applied.state == "paused"
        else totals_in_target(session, plan, target, applied),
    )


@dataclass(frozen=True)
class _Membership:
    """What an apply makes final of an entity's identities: bound records and fallen golden ids."""

    members: pl.DataFrame
    tombstones: pl.DataFrame


def _memberships(session: Session, plan: Plan) -> dict[str, _Membership]:
    if plan.header.kind == "rollback":  # it binds nothing new
        return {}
    with session.workspace.open(plan.header.run) as run:
        return {
            name: _Membership(
                run.read(survive.STAGE, f"members.{name}"),
                run.read(link.STAGE, f"tombstones.{name}"),
            )
            for name in plan.operations
        }


def _settle(
    session: Session,
    plan: Plan,
    approvals: tuple[str, ...],
    facts: ApplyFacts,
    memberships: dict[str, _Membership],
    applied: Applied,
) -> None:
    """The run state after the target transaction: identities final, approvals used."""
    plan_id = plan.header.plan_id
    for approval in approvals:
        mark_used(session.state, approval, facts.applied_at)
    if plan.header.kind == "rollback":
        settle_taken_back(session, plan, applied.left)
    for name, membership in memberships.items():
        # Records of a customer that waits are not bound to it yet: the next plan looks afresh.
        settled = pl.col("action") != "skip"
        standing = plan.operations[name].filter(settled)["golden_id"]
        waiting = plan.operations[name].filter(~settled)["golden_id"]
        bound = membership.members.filter(pl.col("golden_id").is_in(standing.implode()))
        store_members(session.state, bound, name, plan.header.run)
        activate(session.state, standing)
        given_up = ~pl.col("into").is_in(waiting.implode())
        retire(session.state, membership.tombstones.filter(given_up))
    path = session.plan_folder(plan_id) / APPLIED
    write_private(path, json.dumps(facts.to_json(), ensure_ascii=False).encode())
    about = {"plan": plan_id, **named(session.audit, path)}  # reports rest on these figures
    session.record(facts.applied_by, "apply.settled", about)
    entries.set_plan_state(session.state, plan_id, "applied")


def read_applied(session: Session, plan_id: str) -> ApplyFacts | None:
    """What became of a plan; None when it was not applied."""
    path = session.plan_folder(plan_id) / APPLIED
    if not path.exists():
        return None
    return ApplyFacts.from_json(json.loads(path.read_text("utf-8")))


def last_applied(session: Session) -> tuple[PlanHeader, ApplyFacts] | None:
    """Header and outcome of the migration that was applied last and stands; None where none is."""
    found = [
        (facts.applied_at, entry.plan_id, facts)
        for entry in entries.list_plans(session.state)
        if entry.state != ROLLED_BACK and (facts := read_applied(session, entry.plan_id))
    ]
    for _, plan_id, facts in sorted(found, key=lambda f: f[:2], reverse=True):
        path = session.plan_folder(plan_id) / f"{plan_id}{SUFFIX}"
        header = read_header(path) if path.exists() else None
        if header is not None and header.kind == "migration":
            return header, facts
    return None
