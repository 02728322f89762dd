"""Which signed statements about a plan count now: one pure reading for plan, apply and auditors.

A signature counts only with the key and in the role that the trust file lists for that person
now, so replacing a key or a role takes their decisions away. Of each person's decisions the
latest counts. A rejection holds for the effect on whatever evidence; an approval for this
evidence, or for that of an earlier plan whose evidence was no better (see inheritance.py).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_migrate.language import Text
from crm_migrate.plan.approval.authorship import is_by_its_author
from crm_migrate.plan.approval.inheritance import inherits
from crm_migrate.plan.approval.statements import (
    Decision,
    Override,
    Revocation,
    Signed,
    target_digest,
)
from crm_migrate.plan.gates import blocking
from crm_migrate.plan.header import Demand, Gate, PlanHeader
from crm_migrate.trust.people import Person, TrustFile
from crm_migrate.trust.roles import ROLE_LABELS, Action, Role, may


@dataclass(frozen=True)
class Said:
    """Everything signed about plans of one effect, and what is known beside it.

    `used`: ids of approvals that served a plan already. `earlier`: headers of other plans with
    the same effect, whose approvals may be inherited.
    """

    decisions: tuple[Decision, ...] = ()
    overrides: tuple[Override, ...] = ()
    revocations: tuple[Revocation, ...] = ()
    used: frozenset[str] = frozenset()
    earlier: tuple[PlanHeader, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """What a demand still lacks: `count` more people, of whom `candidates` are listed."""

    demand: Demand
    count: int
    candidates: tuple[str, ...]

    def text(self) -> Text:
        """In words, with the ids of those who could."""
        wanted = demand_text(self.demand, self.count)
        if not self.candidates:
            return Text(
                f"{wanted.en}; the trust file lists nobody who could",
                f"{wanted.zh}；信任文件中没有可审批的人员",
            )
        names = "、".join(self.candidates)
        return Text(f"{wanted.en}: {', '.join(self.candidates)}", f"{wanted.zh}:{names}")


@dataclass(frozen=True)
class Standing:
    """Where the approval of a plan stands.

    `approvals` and `rejections` by person; `inherited`: approvals that name the evidence of an
    earlier plan, approval id → its plan id; `overridden`: the gates that no longer block.
    """

    approvals: dict[str, Decision]
    rejections: dict[str, Decision]
    inherited: dict[str, str]
    overridden: dict[str, Override]
    blocking: tuple[Gate, ...]
    missing: tuple[Missing, ...]


def standing(header: PlanHeader, said: Said, people: TrustFile, now: datetime) -> Standing:
    """What counts of all that was said, and what is still missing."""
    latest = _latest(header, said, people)
    evidence = _evidence_that_serves(header, said, people, latest.values())
    approvals = {
        person: d
        for person, d in latest.items()
        if d.decision == "approve" and d.evidence in evidence and _time(d.expires_at) > now
    }
    overridden = _overridden(header, said.overrides, people, now)
    return Standing(
        approvals=approvals,
        rejections={p: d for p, d in latest.items() if d.decision == "reject"},
        inherited={
            d.id: evidence[d.evidence] for d in approvals.values() if d.evidence != header.evidence
        },
        overridden=overridden,
        blocking=tuple(g for g in blocking(header.gates) if g.name not in overridden),
        missing=_missing(header, approvals.keys(), people),
    )


def may_decide(header: PlanHeader, person: Person) -> bool:
    """Whether the person may approve or reject: approvers, and roles that the plan asks for.

    Never its author, unless the target is a sandbox.
    """
    if person.id == header.created_by:
        return header.target.sandbox
    asked = {role for demand in header.demands for role in demand.roles}
    return may(person.role, Action.APPROVE) or person.role in asked


def may_override(header: PlanHeader, person: Person) -> bool:
    """Whether the person may override a gate: never the author, unless the target is a sandbox."""
    if person.id == header.created_by:
        return header.target.sandbox
    return may(person.role, Action.OVERRIDE)


def may_revoke(person: Person, decision: Decision) -> bool:
    """Whether the person may take the decision back: their own, or as administrator an approval."""
    own = person.id == decision.by
    return own or (decision.decision == "approve" and may(person.role, Action.REVOKE))


def revoked(said: Said, people: TrustFile) -> frozenset[str]:
    """Ids of the decisions that were validly taken back."""
    by_id = {d.id: d for d in said.decisions}
    found = set()
    for revocation in said.revocations:
        decision = by_id.get(revocation.decision)
        person = _signer(revocation, people)
        if (
            decision is not None
            and person is not None
            and (revocation.effect, revocation.target) == (decision.effect, decision.target)
            and may_revoke(person, decision)
        ):
            found.add(decision.id)
    return frozenset(found)


def time_to_speak(said: Said, people: TrustFile, person: str, now: datetime) -> datetime:
    """`now`, or a millisecond after what was last taken back of the person's decisions.

    The same words within one tick of the clock would else be the decision that was taken back.
    """
    taken_back = revoked(said, people)
    ended = [_time(d.at) for d in said.decisions if d.by == person and d.id in taken_back]
    return max([now, *(at + timedelta(milliseconds=1) for at in ended)])


def demand_text(demand: Demand, count: int | None = None) -> Text:
    """The demand in words: how many people of which roles, of which department."""
    number = demand.count if count is None else count
    labels = [ROLE_LABELS[Role(role)] for role in demand.roles]
    en, zh = " or ".join(t.en for t in labels), "或".join(t.zh for t in labels)
    if demand.department is not None:
        return Text(
            f"{number} × {en} of {demand.department}", f"{demand.department}的{zh} {number} 人"
        )
    return Text(f"{number} × {en}", f"{zh} {number} 人")


def _latest(header: PlanHeader, said: Said, people: TrustFile) -> dict[str, Decision]:
    """By person: the latest decision on this effect and target that is valid and stands."""
    taken_back = revoked(said, people)
    ended: dict[str, str] = {}
    for decision in said.decisions:
        if decision.id in taken_back:
            ended[decision.by] = max(decision.at, ended.get(decision.by, ""))
    about = (header.effect, target_digest(header.target))
    latest: dict[str, Decision] = {}
    # In one millisecond, rejecting weighs more than approving.
    for found in sorted(said.decisions, key=lambda d: (d.at, d.decision == "reject")):
        person = _signer(found, people)
        if (
            person is not None
            and (found.effect, found.target) == about
            and may_decide(header, person)
            and found.id not in said.used
            and found.id not in taken_back
            # What a decision had replaced does not come back when it is taken back.
            and found.at >= ended.get(person.id, "")
        ):
            latest[person.id] = found
    return latest


def _evidence_that_serves(
    header: PlanHeader, said: Said, people: TrustFile, decisions: Iterable[Decision]
) -> dict[str, str]:
    """Evidence digest → plan, of this plan and of earlier ones whose approvals it inherits."""
    named = {d.evidence for d in decisions}
    serves = {
        earlier.evidence: earlier.plan_id
        for earlier in said.earlier
        if earlier.evidence in named
        and is_by_its_author(earlier, people)
        and inherits(header, earlier)
    }
    return serves | {header.evidence: header.plan_id}


def _overridden(
    header: PlanHeader, overrides: Iterable[Override], people: TrustFile, now: datetime
) -> dict[str, Override]:
    about = (header.effect, header.evidence, target_digest(header.target))
    gates = {g.name: (repr(g.value), repr(g.limit)) for g in blocking(header.gates)}
    found = {}
    for override in overrides:
        person = _signer(override, people)
        if (
            person is not None
            and (override.effect, override.evidence, override.target) == about
            and gates.get(override.gate) == (override.figure, override.limit)
            and may_override(header, person)
            and _time(override.expires_at) > now
        ):
            found[override.gate] = override
    return found


def _missing(
    header: PlanHeader, approvers: Collection[str], people: TrustFile
) -> tuple[Missing, ...]:
    if header.target.sandbox and header.created_by in approvers:
        return ()  # whoever rehearses alone
    found = []
    for demand in header.demands:
        fitting = [p for p in people.people if fits(header, p, demand)]
        lacking = demand.count - sum(p.id in approvers for p in fitting)
        if lacking > 0:
            others = tuple(p.id for p in fitting if p.id not in approvers)
            found.append(Missing(demand, lacking, others))
    return tuple(found)


def fits(header: PlanHeader, person: Person, demand: Demand) -> bool:
    """Whether the person's approval counts towards the demand."""
    return (
        person.role in demand.roles
        and demand.department in (None, person.department)
        and may_decide(header, person)
    )


def _signer(statement: Signed, people: TrustFile) -> Person | None:
    """Who signed the statement, with the key and in the role that they have now."""
    known: Mapping[str, Person] = {p.id: p for p in people.people}
    person = known.get(statement.by)
    return person if person is not None and statement.is_by(person) else None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
