"""Signed decisions on a plan, by other people than its author; overrides of gates; revocations."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from crm_migrate.errors import NotFound, PlanRefused, UsageFault
from crm_migrate.language import Text
from crm_migrate.plan.approval import deciding as approval
from crm_migrate.plan.approval.deciding import PlanState
from crm_migrate.plan.approval.overriding import override
from crm_migrate.plan.approval.revoking import revoke
from crm_migrate.plan.approval.standing import standing, time_to_speak
from crm_migrate.plan.approval.statements import Decision, Override, Revocation, Signed
from crm_migrate.plan.header import PlanHeader
from crm_migrate.stages.approving.said import said_about, standing_of
from crm_migrate.stages.planning.plans import checked_header, require_same_project, state_of
from crm_migrate.stages.session import Session
from crm_migrate.state import plans as entries
from crm_migrate.state.approvals import (
    ApprovalEntry,
    StatementEntry,
    add_approval,
    add_statement,
)
from crm_migrate.state.approvals import revoke as mark_revoked
from crm_migrate.trust.people import Person
from crm_migrate.trust.private_files import write_private
from crm_migrate.trust.roles import Action


@dataclass(frozen=True)
class Decided:
    """A decision that was entered; `missing` says in words who must still approve."""

    plan_id: str
    by: str
    decision: Decision
    state: PlanState
    rehearsal: bool
    missing: tuple[Text, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The signed decision, and where the plan stands now."""
        return {
            "plan": self.plan_id,
            "by": self.by,
            "state": self.state,
            "rehearsal": self.rehearsal,
            "decision": asdict(self.decision) | {"id": self.decision.id},
            "missing": [str(text) for text in self.missing],
        }


@dataclass(frozen=True)
class Overridden:
    """A gate that no longer holds a plan up."""

    override: Override
    state: PlanState

    def to_json(self) -> dict[str, Any]:
        """The signed override, and where the plan stands now."""
        signed = asdict(self.override) | {"id": self.override.id}
        return {
            "plan": self.override.plan,
            "by": self.override.by,
            "gate": self.override.gate,
            "state": self.state,
            "rehearsal": bool(self.override.rehearsal),
            "override": signed,
        }


@dataclass(frozen=True)
class Revoked:
    """Decisions that no longer count."""

    plan_id: str
    by: str
    revocations: tuple[Revocation, ...]
    state: PlanState

    def to_json(self) -> dict[str, Any]:
        """The signed revocations, and where the plan stands now."""
        return {
            "plan": self.plan_id,
            "by": self.by,
            "state": self.state,
            "revoked": [asdict(r) | {"id": r.id} for r in self.revocations],
        }


def decide(
    session: Session,
    name: str,
    decision: str,
    *,
    by: str | None = None,
    reason: str = "",
    sandbox: bool = False,
) -> Decided:
    """Approve or reject a plan: signed, journaled, entered, kept beside the plan.

    Raises:
        PlanRefused: own plan on a real target, blocked, expired, applied, empty, rejected by
            somebody else, not signed by its author, or the project changed since.
        UsageFault: `sandbox` on a real target.
        KeyFault: the person's key is not theirs, or their role may not approve.
        IntegrityFault: the plan file was altered.
    """
    header = checked_header(session, name)
    if sandbox:
        _require_sandbox(header)
    person = _who(session, header, by, Action.APPROVE, own=sandbox)
    if decision == "approve":
        require_same_project(session, header)
    said = said_about(session, header)
    before = standing(header, said, session.trust, session.job.clock())
    signed = approval.decide(
        header,
        session.signer(person),
        session.trust,
        time_to_speak(said, session.trust, person.id, session.job.clock()),
        decision="approve" if decision == "approve" else "reject",
        reason=_kept(reason),
        used=state_of(session, header) in approval.USED,
        overrides=said.overrides,
    )
    others = [p for p in before.rejections if p != person.id]
    if others and decision == "approve":
        raise PlanRefused(
            Text(f"{others[0]} rejected the plan", f"{others[0]} 已驳回该计划"),
            where=header.plan_id,
            remedy=Text(
                f"{others[0]} takes it back first: crm-migrate revoke {header.plan_id}",
                f"须由 {others[0]} 先撤回:crm-migrate revoke {header.plan_id}",
            ),
        )
    if signed.id not in {d.id for d in said.decisions}:
        _journal(session, header, person, f"plan.{decision}", signed, {"decision": signed.id})
        add_approval(session.state, _entry(signed))
    _keep(session, header, decision, person, signed)
    state = _settle(session, header)
    missing = tuple(m.text() for m in standing_of(session, header).missing)
    sandboxed = header.target.sandbox
    return Decided(header.plan_id, person.id, signed, state, sandboxed, missing)


def override_gate(
    session: Session, name: str, gate: str, *, reason: str, by: str | None = None
) -> Overridden:
    """Let a gate that blocks the plan no longer hold it up: signed, journaled, entered, kept.

    Raises:
        PlanRefused: own plan on a real target, no right, no reason, expired, empty, not signed by
            its author, or the project changed since.
        NotFound: no such gate blocks the plan.
        KeyFault, IntegrityFault: like `decide`.
    """
    header = checked_header(session, name)
    person = _who(session, header, by, Action.OVERRIDE, own=header.target.sandbox)
    require_same_project(session, header)
    signer, now = session.signer(person), session.job.clock()
    said = _kept(reason)
    signed = override(header, gate, signer, session.trust, now, reason=said)
    about = {"gate": signed.gate, "figure": signed.figure, "override": signed.id}
    _journal(session, header, person, "plan.override", signed, about)
    _enter(session, "override", signed)
    _keep(session, header, f"override-{gate}", person, signed)
    return Overridden(signed, _settle(session, header))


def revoke_decisions(
    session: Session, name: str, *, reason: str, by: str | None = None, of: str | None = None
) -> Revoked:
    """Take decisions on a plan back before they are used: one's own, or as administrator those of
    `of`, or every approval.

    Raises:
        NotFound: there is nothing to take back.
        PlanRefused: somebody else's, and no administrator; or used already.
        KeyFault, IntegrityFault: like `decide`.
    """
    header = checked_header(session, name)
    person = _who(session, header, by, Action.APPROVE, own=header.target.sandbox)
    said = said_about(session, header)
    now = session.job.clock()
    counting = standing(header, said, session.trust, now)
    standing_now = [*counting.approvals.values(), *counting.rejections.values()]
    own = person.id if any(d.by == person.id for d in standing_now) else None
    whose = of or own
    chosen = [
        d for d in standing_now if d.by == whose or (whose is None and d.decision == "approve")
    ]
    if not chosen:
        raise NotFound(
            Text("there is no decision to take back", "没有可撤回的审批"), where=header.plan_id
        )
    used = state_of(session, header) in approval.USED
    signer, why, made = session.signer(person), _kept(reason), []
    for decision in chosen:
        signed = revoke(decision, signer, session.trust, now, reason=why, used=used)
        about = {"decision": decision.id, "of": decision.by}
        _journal(session, header, person, "plan.revoke", signed, about)
        _enter(session, "revocation", signed)
        mark_revoked(session.state, decision.id, signed.at)
        _keep(session, header, f"revoke-{decision.by}", person, signed)
        made.append(signed)
    return Revoked(header.plan_id, person.id, tuple(made), _settle(session, header))


def _kept(reason: str) -> str:
    """The reason as it is signed: it goes to state, reports and outsiders, in clear."""
    from crm_migrate.protection.free_text import redact_sentence  # compiles much

    return redact_sentence(reason) if reason else reason


def _who(
    session: Session, header: PlanHeader, by: str | None, action: Action, *, own: bool
) -> Person:
    """Who signs; whether they may is for the plan to say."""
    if by is not None:
        return session.trust.person(by)
    return session.trust.person(header.created_by) if own else session.person(None, action)


def _require_sandbox(header: PlanHeader) -> None:
    if not header.target.sandbox:
        raise UsageFault(
            Text("the target is no sandbox", "目标不是沙箱"),
            where=header.target.name,
            remedy=Text("another person approves: approve --as …", "请由他人批准:approve --as …"),
        )


def _journal(
    session: Session,
    header: PlanHeader,
    person: Person,
    event: str,
    signed: Signed,
    about: Mapping[str, str],
) -> None:
    """Before it is entered: what the run state loses, the journal still tells."""
    objects = {"plan": header.plan_id, "effect": signed.effect, "evidence": signed.evidence}
    session.record(person.id, event, objects | dict(about))


def _entry(signed: Decision) -> ApprovalEntry:
    return ApprovalEntry(
        approval_id=signed.id,
        effect=signed.effect,
        evidence=signed.evidence,
        approver=signed.by,
        decision=signed.decision,
        signature=json.dumps(signed.to_json(), ensure_ascii=False),
        at=signed.at,
        expires_at=signed.expires_at,
    )


def _enter(session: Session, kind: Any, signed: Signed) -> None:
    document = json.dumps(signed.to_json(), ensure_ascii=False)
    add_statement(
        session.state,
        StatementEntry(signed.id, kind, signed.effect, signed.by, document, signed.at),
    )


def _keep(session: Session, header: PlanHeader, what: str, person: Person, signed: Signed) -> None:
    path = session.plan_folder(header.plan_id) / f"{what}-{person.id}.json"
    write_private(path, json.dumps(signed.to_json(), ensure_ascii=False, indent=1).encode())


def _settle(session: Session, header: PlanHeader) -> PlanState:
    state = state_of(session, header)
    entries.set_plan_state(session.state, header.plan_id, state)
    return state
