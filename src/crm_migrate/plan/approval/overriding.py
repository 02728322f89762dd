"""Letting a gate no longer hold a plan up: who may, and what is signed."""

from datetime import datetime

from crm_migrate.errors import NotFound, PlanRefused
from crm_migrate.instants import to_the_millisecond
from crm_migrate.language import Text
from crm_migrate.plan.approval.authorship import require_author
from crm_migrate.plan.approval.refusals import listed, not_you, require_open
from crm_migrate.plan.approval.standing import may_override
from crm_migrate.plan.approval.statements import Override, signed, target_digest
from crm_migrate.plan.gates import blocking
from crm_migrate.plan.header import Gate, PlanHeader
from crm_migrate.trust.people import TrustFile
from crm_migrate.trust.signature import Signer

REHEARSAL = "演练/REHEARSAL"


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
    person = listed(header, signer, people)
    if not may_override(header, person):
        raise not_you(header, person, "override a gate", "放行门禁")
    require_author(header, people)
    require_open(header, now)
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
            at=to_the_millisecond(now),
            reason=reason,
            trust=people.fingerprint,
            plan=header.plan_id,
            gate=found.name,
            figure=repr(found.value),
            limit=repr(found.limit),
            expires_at=to_the_millisecond(header.expires_at),
            rehearsal=REHEARSAL if header.target.sandbox else "",
        ),
        signer,
    )


def _blocking_gate(header: PlanHeader, name: str) -> Gate:
    known = {g.name: g for g in blocking(header.gates)}
    if name not in known:
        names = ", ".join(known) or "-"
        raise NotFound(
            Text(f"no gate '{name}' blocks the plan", f"没有阻止该计划的门禁“{name}”"),
            where=header.plan_id,
            remedy=Text(f"gates that block it: {names}", f"阻止该计划的门禁：{names}"),
        )
    return known[name]
