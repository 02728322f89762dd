"""Approving a plan: who may sign what, and when it may be applied.

What people signed is in statements.py, which of it counts in standing.py; here stands what is
refused, with the reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crm_migrate.errors import PlanRefused
from crm_migrate.instants import to_the_millisecond
from crm_migrate.language import Text
from crm_migrate.plan.approval.authorship import require_author
from crm_migrate.plan.approval.refusals import is_empty, listed, not_you, refused, require_open
from crm_migrate.plan.approval.standing import (
    Said,
    Standing,
    may_decide,
    standing,
)
from crm_migrate.plan.approval.statements import (
    Decision,
    Override,
    Verdict,
    signed,
    target_digest,
)
from crm_migrate.plan.header import PlanHeader
from crm_migrate.trust.people import Person, TrustFile
from crm_migrate.trust.signature import Signer

PlanState = Literal[
    "empty",
    "approvable",
    "approved",
    "blocked",
    "applied",
    "rolled_back",
    "partly_rolled_back",
    "expired",
    "rejected",
]
USED: tuple[PlanState, ...] = ("applied", "rolled_back", "partly_rolled_back")
"""States of a plan that was carried out."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What an apply may rely on: decisions by id and person, and the plan's digests."""

    approvals: tuple[str, ...]
    effect: str
    evidence: str
    people: tuple[str, ...] = ()


def decide(
    header: PlanHeader,
    signer: Signer,
    people: TrustFile,
    now: datetime,
    *,
    decision: Verdict = "approve",
    reason: str = "",
    expires_at: datetime | None = None,
    used: bool = False,
    overrides: Iterable[Override] = (),
) -> Decision:
    """The signer's decision on the plan; it expires with the plan unless said to do so earlier.

    Raises:
        PlanRefused: the signer wrote the plan (unless the target is a sandbox), may not approve,
            the plan is not signed by its author, was applied, has expired, changes nothing, or a
            gate blocks it that nobody overrode.
        NotFound: the trust file does not list the signer.
    """
    person = listed(header, signer, people)
    _require_may(header, person)
    require_author(header, people)
    if used:
        raise refused(header, "the plan was applied already", "该计划已执行")
    if decision == "approve":
        require_open(header, now)
        _require_no_gate(header, standing(header, Said(overrides=tuple(overrides)), people, now))
    until = min(expires_at or header.expires_at, header.expires_at)
    return signed(
        Decision(
            effect=header.effect,
            evidence=header.evidence,
            target=target_digest(header.target),
            by=person.id,
            role=str(person.role),
            at=to_the_millisecond(now),
            reason=reason,
            trust=people.fingerprint,
            decision=decision,
            expires_at=to_the_millisecond(until),
        ),
        signer,
    )


def check_approval(header: PlanHeader, said: Said, people: TrustFile, now: datetime) -> Approved:
    """What may be applied.

    Raises:
        PlanRefused: not signed by its author, expired, rejected, blocked by a gate, or approvals
            that its demands ask for are missing.
    """
    require_author(header, people)
    return check_standing(header, standing(header, said, people, now), now)


def check_standing(header: PlanHeader, now_standing: Standing, now: datetime) -> Approved:
    """The same for a plan whose author is proven already. Raises PlanRefused."""
    if now >= header.expires_at:
        raise refused(header, "the plan has expired", "计划已过期")
    _require_no_gate(header, now_standing)
    for person in now_standing.rejections:
        raise refused(header, f"{person} rejected the plan", f"{person} 已驳回该计划")
    if now_standing.missing:
        lacking = [m.text() for m in now_standing.missing]
        raise refused(
            header,
            "approvals are missing: " + "; ".join(t.en for t in lacking),
            "尚缺批准:" + ";".join(t.zh for t in lacking),
        )
    return Approved(
        approvals=tuple(d.id for d in now_standing.approvals.values()),
        people=tuple(now_standing.approvals),
        effect=header.effect,
        evidence=header.evidence,
    )


def plan_state(
    header: PlanHeader, said: Said, applied: bool, now: datetime, *, people: TrustFile
) -> PlanState:
    """Where the plan stands; `applied`: the target ledger says that it was."""
    if applied:
        return "applied"
    if is_empty(header):
        return "empty"
    if now >= header.expires_at:
        return "expired"
    now_standing = standing(header, said, people, now)
    if now_standing.rejections:
        return "rejected"
    if now_standing.blocking:
        return "blocked"
    return "approvable" if now_standing.missing else "approved"


def _require_may(header: PlanHeader, person: Person) -> None:
    if not may_decide(header, person):
        raise not_you(header, person, "approve", "审批")


def _require_no_gate(header: PlanHeader, now_standing: Standing) -> None:
    gates = now_standing.blocking
    if gates:
        raise PlanRefused(
            Text(
                "gates block the plan: " + ", ".join(g.label.en for g in gates),
                "计划被门禁阻止:" + "、".join(g.label.zh for g in gates),
            ),
            where=header.plan_id,
            remedy=Text(
                "settle their cause and plan again, or have an approver override them: "
                f'crm-migrate override {header.plan_id} {gates[0].name} --reason "…"',
                "请处理原因后重新生成计划，或由审批人放行："
                f'crm-migrate override {header.plan_id} {gates[0].name} --reason "…"',
            ),
        )
