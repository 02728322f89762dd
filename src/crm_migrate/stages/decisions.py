"""Signed decisions on a plan, by other people than its author."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from crm_migrate.errors import PlanRefused, UsageFault
from crm_migrate.language import Text
from crm_migrate.plan import approval
from crm_migrate.plan.approval import Decision, PlanState
from crm_migrate.stages.plans import open_checked, require_same_project, state_of
from crm_migrate.stages.session import Session
from crm_migrate.state import plans as entries
from crm_migrate.state.approvals import ApprovalEntry, add_approval
from crm_migrate.trust.people import Action, Person
from crm_migrate.trust.private_files import write_private


@dataclass(frozen=True)
class Decided:
    """A decision that was entered."""

    plan_id: str
    by: str
    decision: Decision
    state: PlanState
    rehearsal: bool

    def to_json(self) -> dict[str, Any]:
        """The signed decision, and where the plan stands now."""
        return {
            "plan": self.plan_id,
            "by": self.by,
            "state": self.state,
            "rehearsal": self.rehearsal,
            "decision": asdict(self.decision) | {"id": self.decision.id},
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
    """Approve or reject a plan: signed, entered, journaled, kept beside the plan.

    Raises:
        PlanRefused: own plan on a real target, blocked, expired, applied, empty, or the project
            changed since.
        UsageFault: `sandbox` on a real target.
        KeyFault: the person's key is not theirs, or their role may not approve.
        IntegrityFault: the plan file was altered.
    """
    _, plan = open_checked(session, name)
    header = plan.header
    if sandbox and not header.target.sandbox:
        raise UsageFault(
            Text("the target is no sandbox", "目标不是沙箱"),
            where=header.target.name,
            remedy=Text("another person approves: approve --as …", "请由他人批准:approve --as …"),
        )
    person = _author(session, header.created_by) if sandbox and by is None else None
    person = person or _decider(session, by, header.target.sandbox)
    if decision == "approve":
        require_same_project(session, header)
    state = state_of(session, header)
    signed = approval.decide(
        header,
        session.signer(person),
        session.trust,
        session.job.clock(),
        decision="approve" if decision == "approve" else "reject",
        reason=reason,
        used=state == "applied",
    )
    if state == "rejected" and decision == "approve":
        raise PlanRefused(Text("the plan was rejected", "计划已被驳回"), where=header.plan_id)
    add_approval(
        session.state,
        ApprovalEntry(
            approval_id=signed.id,
            effect=signed.effect,
            evidence=signed.evidence,
            approver=signed.approver,
            decision="approve" if decision == "approve" else "reject",
            signature=json.dumps(signed.to_json(), ensure_ascii=False),
            at=signed.decided_at,
            expires_at=signed.expires_at,
        ),
    )
    kept = session.plan_folder(header.plan_id) / f"{decision}-{person.id}.json"
    write_private(kept, json.dumps(signed.to_json(), ensure_ascii=False, indent=1).encode())
    now = state_of(session, header)
    entries.set_plan_state(session.state, header.plan_id, now)
    about = {"plan": header.plan_id, "effect": header.effect, "decision": signed.id}
    session.record(person.id, f"plan.{decision}", about)
    return Decided(header.plan_id, person.id, signed, now, header.target.sandbox)


def _author(session: Session, created_by: str) -> Person:
    return session.trust.person(created_by)


def _decider(session: Session, by: str | None, sandbox: bool) -> Person:
    if by is not None and sandbox:
        return session.trust.person(by)
    if by is not None:
        return session.trust.person(by)  # whether they may is for the plan to say
    return session.person(None, Action.APPROVE)
