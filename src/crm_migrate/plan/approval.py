"""Approval: signed decisions about a plan's effect and evidence, and what they amount to.

A decision names the two digests and the target, not the plan's file, so a later plan with the
same effect on the same evidence inherits it until it is used, expired or revoked. Of each
person's decisions the latest counts. A signature counts only with the key that the trust file
lists for that person now, so replacing a key or a role takes its decisions away.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Literal

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.plan.change import PlanHeader, TargetIdentity
from crm_migrate.plan.gates import blocking
from crm_migrate.trust.canonical import Json, canonical_json
from crm_migrate.trust.people import Action, Person, TrustFile, may
from crm_migrate.trust.signature import Signer, verify

Verdict = Literal["approve", "reject", "revoke"]
PlanState = Literal["empty", "approvable", "approved", "blocked", "applied", "expired", "rejected"]

_CONTEXT = "plan-decision/1"


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's signed word on a plan. Times are RFC 3339 in UTC."""

    effect: str
    evidence: str
    target: str
    """`target_digest` of the plan's target."""
    approver: str
    role: str
    decision: Verdict
    decided_at: str
    expires_at: str
    reason: str
    trust: str
    """Fingerprint of the trust file that the approver saw."""
    signature: str = ""

    def statement(self) -> dict[str, Json]:
        """What is signed."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "signature"}

    @property
    def id(self) -> str:
        """32 hex characters that name the decision; an approval is used once under this id."""
        return hashlib.sha256(canonical_json(self.statement())).hexdigest()[:32]

    def to_json(self) -> dict[str, Json]:
        """The decision as a JSON object."""
        return {**self.statement(), "signature": self.signature}

    @classmethod
    def from_json(cls, content: Mapping[str, object]) -> "Decision":
        """What `to_json` made.

        Raises:
            ValueError: a member is missing, unknown or no text.
        """
        names = {f.name for f in fields(cls)}
        if content.keys() != names or not all(isinstance(v, str) for v in content.values()):
            raise ValueError("not a decision")
        return cls(**content)  # type: ignore[arg-type]  # all members are text, checked above


@dataclass(frozen=True, slots=True)
class Approved:
    """What an apply may rely on: decisions by id and person, and the digests that they name."""

    approvals: tuple[str, ...]
    effect: str
    evidence: str
    people: tuple[str, ...] = ()


def target_digest(target: TargetIdentity) -> str:
    """SHA-256 (hex) of the target's identity: name, system, database, fingerprint, sandbox."""
    statement: list[str | bool] = [target.name, target.system, target.database]
    statement += [target.fingerprint, target.sandbox]
    return hashlib.sha256(canonical_json(statement)).hexdigest()


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
) -> Decision:
    """The signer's decision on the plan; it expires with the plan unless said to do so earlier.

    Raises:
        PlanRefused: the signer wrote the plan (unless the target is a sandbox), may not approve,
            the plan was applied, has expired, changes nothing, or a gate blocks it.
        NotFound: the trust file does not list the signer.
    """
    person = people.person(signer.id)
    if person.public_key != signer.public_key:
        raise _refused(header, "this is not the key that the trust file lists", "签名密钥不符")
    _require_may(header, person)
    if used:
        raise _refused(header, "the plan was applied already", "该计划已执行")
    if decision == "approve":
        _require_approvable(header, now)
    until = min(expires_at or header.expires_at, header.expires_at)
    unsigned = Decision(
        effect=header.effect,
        evidence=header.evidence,
        target=target_digest(header.target),
        approver=person.id,
        role=str(person.role),
        decision=decision,
        decided_at=_rfc3339(now),
        expires_at=_rfc3339(until),
        reason=reason,
        trust=people.fingerprint,
    )
    return replace(unsigned, signature=signer.sign(_CONTEXT, unsigned.statement()))


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


def check_approval(
    header: PlanHeader,
    decisions: Iterable[Decision],
    people: TrustFile,
    now: datetime,
    *,
    approvers: int = 1,
    used: Iterable[str] = (),
) -> Approved:
    """What may be applied. `approvers`: how many people must approve; `used`: ids used already.

    Raises:
        PlanRefused: expired, rejected, blocked by a gate, or too few valid approvals.
    """
    if now >= header.expires_at:
        raise _refused(header, "the plan has expired", "计划已过期")
    _require_no_gate(header)
    latest = _latest(header, decisions, people, set(used))
    for person, found in latest.items():
        if found.decision == "reject":
            raise _refused(header, f"{person} rejected the plan", f"{person} 已驳回该计划")
    valid = [d for d in latest.values() if d.decision == "approve" and _time(d.expires_at) > now]
    if len(valid) < approvers:
        raise _refused(
            header,
            f"{len(valid)} of {approvers} approvals are there",
            f"需要 {approvers} 人批准,目前有效批准 {len(valid)} 人",
        )
    return Approved(
        approvals=tuple(d.id for d in valid),
        people=tuple(d.approver for d in valid),
        effect=header.effect,
        evidence=header.evidence,
    )


def plan_state(
    header: PlanHeader,
    decisions: Iterable[Decision],
    used: bool,
    now: datetime,
    *,
    people: TrustFile,
    approvers: int = 1,
    used_approvals: Iterable[str] = (),
) -> PlanState:
    """Where the plan stands; `used`: the target ledger says that it was applied."""
    if used:
        return "applied"
    if is_empty(header):
        return "empty"
    if now >= header.expires_at:
        return "expired"
    decided = list(decisions)
    spent = set(used_approvals)
    latest = _latest(header, decided, people, spent).values()
    if any(d.decision == "reject" for d in latest):
        return "rejected"
    if blocking(header.gates):
        return "blocked"
    try:
        check_approval(header, decided, people, now, approvers=approvers, used=spent)
    except PlanRefused:
        return "approvable"
    return "approved"


def is_empty(header: PlanHeader) -> bool:
    """Whether the plan changes nothing."""
    return not any(c.insert or c.update for c in header.counts.values())


def _latest(
    header: PlanHeader, decisions: Iterable[Decision], people: TrustFile, used: set[str]
) -> dict[str, Decision]:
    """By person: the latest decision on exactly this effect, evidence and target that is valid."""
    known = {p.id: p for p in people.people}
    about = (header.effect, header.evidence, target_digest(header.target))
    latest: dict[str, Decision] = {}
    # In one second, taking back weighs more than approving.
    for found in sorted(decisions, key=lambda d: (d.decided_at, d.decision != "approve")):
        person = known.get(found.approver)
        if (
            person is not None
            and (found.effect, found.evidence, found.target) == about
            and found.role == person.role
            and _may_decide(header, person)
            and verify(person.public_key, _CONTEXT, found.statement(), found.signature)
            and found.id not in used
        ):
            latest[found.approver] = found
    return latest


def _may_decide(header: PlanHeader, person: Person) -> bool:
    author = person.id == header.created_by
    if header.target.sandbox:
        return author or may(person.role, Action.APPROVE)
    return not author and may(person.role, Action.APPROVE)


def _require_may(header: PlanHeader, person: Person) -> None:
    if _may_decide(header, person):
        return
    if person.id == header.created_by:
        raise PlanRefused(
            Text("nobody approves a plan of their own", "不能审批自己生成的计划"),
            where=header.plan_id,
            remedy=Text("ask another approver", "请由其他审批人审批"),
        )
    raise PlanRefused(
        Text(f"{person.id} has no right to approve", f"{person.id} 没有审批权限"),
        where=header.plan_id,
        remedy=Text("ask someone with the role of approver", "请由审批人角色审批"),
    )


def _require_approvable(header: PlanHeader, now: datetime) -> None:
    if now >= header.expires_at:
        raise _refused(header, "the plan has expired", "计划已过期")
    if is_empty(header):
        raise _refused(header, "the plan changes nothing", "该计划没有任何变更")
    _require_no_gate(header)


def _require_no_gate(header: PlanHeader) -> None:
    names = [g.label for g in blocking(header.gates)]
    if names:
        raise PlanRefused(
            Text(
                "gates block the plan: " + ", ".join(n.en for n in names),
                "计划被门禁阻止:" + "、".join(n.zh for n in names),
            ),
            where=header.plan_id,
            remedy=Text("settle their cause and plan again", "请处理原因后重新生成计划"),
        )


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


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
