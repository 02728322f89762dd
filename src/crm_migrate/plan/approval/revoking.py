"""Taking a decision back before it is used: who may, and what is signed."""

from datetime import datetime

from crm_migrate.errors import PlanRefused
from crm_migrate.instants import to_the_millisecond
from crm_migrate.language import Text
from crm_migrate.plan.approval.standing import may_revoke
from crm_migrate.plan.approval.statements import Decision, Revocation, signed
from crm_migrate.trust.people import TrustFile
from crm_migrate.trust.signature import Signer


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
                "请由本人撤回，或由系统管理员撤回（仅限批准）",
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
            at=to_the_millisecond(now),
            reason=reason,
            trust=people.fingerprint,
            decision=decision.id,
            of=decision.by,
        ),
        signer,
    )
