"""Approving a plan: who may sign what, and when it may be applied.

What people signed is in statements.py, which of it counts in standing.py; here stands what is
refused, with the reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from crm_migrate.errors import NotFound, PlanRefused
from crm_migrate.language import Text
from crm_migrate.plan.authorship import require_author
from crm_migrate.plan.change import Gate, PlanHeader
from crm_migrate.plan.gates import blocking
from crm_migrate.plan.standing import (
    Said,
    Standing,
    may_decide,
    may_override,
    may_revoke,
    standing,
)
from crm_migrate.plan.statements import (
    Decision,
    Override,
    Revocation,
    Verdict,
    signed,
    target_digest,
)
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
REHEARSAL = "演练/REHEARSAL"


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
    person = _listed(header, signer, people)
    _require_may(header, person)
    require_author(header, people)
    if used:
        raise _refused(header, "the plan was applied already", "该计划已执行")
    if decision == "approve":
        _require_open(header, now)
        _require_no_gate(header, standing(header, Said(overrides=tuple(overrides)), people, now))
    until = min(expires_at or header.expires_at, header.expires_at)
    return signed(
        Decision(
            effect=header.effect,
            evidence=header.evidence,
            target=target_digest(header.target),
            by=person.id,
            role=str(person.role),
            at=_rfc3339(now),
            reason=reason,
            trust=people.fingerprint,
            decision=decision,
            expires_at=_rfc3339(until),
        ),
        signer,
    )


def approve(
    header: PlanHeader,
    signer: Signer,
    people: TrustFile,
    now: datetime,
    *,
    reason: str = "",
    used: bool = False,
) -> Decision:
    """The signer's approval of the plan; raises like `decide`."""
    return decide(header, signer, people, now, reason=reason, used=used)


def override(
    header: PlanHeader,
    gate: str,
    signer: Signer,
    people: TrustFile,
    now: datetime,
    *,
    reason: str,
) -> Override:
    """The signer's word that this gate shall not hold the plan up; it expires with the plan.

    Raises:
        PlanRefused: the signer wrote the plan (unless the target is a sandbox), may not override,
            gave no reason, or the plan is not signed by its author or has expired.
        NotFound: the trust file does not list the signer, or no such gate blocks the plan.
    """
    person = _listed(header, signer, people)
    if not may_override(header, person):
        raise _not_you(header, person, "override a gate", "放行门禁")
    require_author(header, people)
    _require_open(header, now)
    if not reason.strip():
        raise PlanRefused(
            Text("an override needs a reason", "放行门禁须说明理由"),
            where=gate,
            remedy=Text('--reason "…"', '--reason "…"'),
        )
    found = _blocking_gate(header, gate)
    return signed(
        Override(
            effect=header.effect,
            evidence=header.evidence,
            target=target_digest(header.target),
            by=person.id,
            role=str(person.role),
            at=_rfc3339(now),
            reason=reason,
            trust=people.fingerprint,
            plan=header.plan_id,
            gate=found.name,
            figure=repr(found.value),
            limit=repr(found.limit),
            expires_at=_rfc3339(header.expires_at),
            rehearsal=REHEARSAL if header.target.sandbox else "",
        ),
        signer,
    )


def revoke(
    decision: Decision,
    signer: Signer,
    people: TrustFile,
    now: datetime,
    *,
    reason: str,
    used: bool = False,
) -> Revocation:
    """A decision taken back before it is used.

    Raises:
        PlanRefused: it served a plan already, or is somebody else's and the signer is no
            administrator (who may take back approvals only).
        NotFound: the trust file does not list the signer.
    """
    person = people.person(signer.id)
    if person.public_key != signer.public_key or not may_revoke(person, decision):
        raise PlanRefused(
            Text(
                f"{signer.id} may not take back the decision of {decision.by}",
                f"{signer.id} 无权撤回 {decision.by} 的审批",
            ),
            remedy=Text(
                "they do it themselves, or an administrator does (approvals only)",
                "请由本人撤回,或由系统管理员撤回(仅限批准)",
            ),
        )
    if used:
        raise PlanRefused(
            Text("the approval was used already", "该批准已被使用"),
            remedy=Text(
                "take the applied plan back: crm-migrate rollback",
                "请回滚已执行的计划:crm-migrate rollback",
            ),
        )
    return signed(
        Revocation(
            effect=decision.effect,
            evidence=decision.evidence,
            target=decision.target,
            by=person.id,
            role=str(person.role),
            at=_rfc3339(now),
            reason=reason,
            trust=people.fingerprint,
            decision=decision.id,
            of=decision.by,
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
        raise _refused(header, "the plan has expired", "计划已过期")
    _require_no_gate(header, now_standing)
    for person in now_standing.rejections:
        raise _refused(header, f"{person} rejected the plan", f"{person} 已驳回该计划")
    if now_standing.missing:
        lacking = [m.text() for m in now_standing.missing]
        raise _refused(
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


def is_empty(header: PlanHeader) -> bool:
    """Whether the plan changes nothing."""
    moved = header.merges or header.reparented
    return not moved and not any(c.insert or c.update or c.delete for c in header.counts.values())


def _listed(header: PlanHeader, signer: Signer, people: TrustFile) -> Person:
    person = people.person(signer.id)
    if person.public_key != signer.public_key:
        raise _refused(header, "this is not the key that the trust file lists", "签名密钥不符")
    return person


def _require_may(header: PlanHeader, person: Person) -> None:
    if not may_decide(header, person):
        raise _not_you(header, person, "approve", "审批")


def _not_you(header: PlanHeader, person: Person, en: str, zh: str) -> PlanRefused:
    if person.id == header.created_by:
        return PlanRefused(
            Text(f"nobody may {en} in a plan of their own", f"不能{zh}自己生成的计划"),
            where=header.plan_id,
            remedy=Text("ask another approver", "请由其他审批人操作"),
        )
    return PlanRefused(
        Text(f"{person.id} has no right to {en}", f"{person.id} 没有{zh}权限"),
        where=header.plan_id,
        remedy=Text("ask someone with the role of approver", "请由审批人角色操作"),
    )


def _require_open(header: PlanHeader, now: datetime) -> None:
    if now >= header.expires_at:
        raise _refused(header, "the plan has expired", "计划已过期")
    if is_empty(header):
        raise _refused(header, "the plan changes nothing", "该计划没有任何变更")


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
                "请处理原因后重新生成计划,或由审批人放行:"
                f'crm-migrate override {header.plan_id} {gates[0].name} --reason "…"',
            ),
        )


def _blocking_gate(header: PlanHeader, name: str) -> Gate:
    known = {g.name: g for g in blocking(header.gates)}
    if name not in known:
        names = ", ".join(known) or "-"
        raise NotFound(
            Text(f"no gate '{name}' blocks the plan", f"没有阻止该计划的门禁“{name}”"),
            where=header.plan_id,
            remedy=Text(f"gates that block it: {names}", f"阻止该计划的门禁:{names}"),
        )
    return known[name]


def _refused(header: PlanHeader, en: str, zh: str) -> PlanRefused:
    return PlanRefused(
        Text(en, zh),
        where=header.plan_id,
        remedy=Text(
            "make a new plan or have this one approved", "请重新生成计划,或完成该计划的审批"
        ),
    )


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
