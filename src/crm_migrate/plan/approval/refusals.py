"""What is refused to whoever would sign, in words; shared by all that people sign on plans."""

from datetime import datetime

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.plan.header import PlanHeader
from crm_migrate.trust.people import Person, TrustFile
from crm_migrate.trust.signature import Signer


def is_empty(header: PlanHeader) -> bool:
    """Whether the plan changes nothing."""
    moved = header.merges or header.reparented
    return not moved and not any(c.insert or c.update or c.delete for c in header.counts.values())


def listed(header: PlanHeader, signer: Signer, people: TrustFile) -> Person:
    """The signer as the trust file lists them. Raises NotFound, PlanRefused (another key)."""
    person = people.person(signer.id)
    if person.public_key != signer.public_key:
        raise refused(header, "this is not the key that the trust file lists", "签名密钥不符")
    return person


def not_you(header: PlanHeader, person: Person, en: str, zh: str) -> PlanRefused:
    """Why this person may not: the plan is their own, or their role has no such right."""
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


def require_open(header: PlanHeader, now: datetime) -> None:
    """Refuse a plan that has expired or changes nothing. Raises PlanRefused."""
    if now >= header.expires_at:
        raise refused(header, "the plan has expired", "计划已过期")
    if is_empty(header):
        raise refused(header, "the plan changes nothing", "该计划没有任何变更")


def refused(header: PlanHeader, en: str, zh: str) -> PlanRefused:
    """The plan may not go on, for that reason."""
    return PlanRefused(
        Text(en, zh),
        where=header.plan_id,
        remedy=Text(
            "make a new plan or have this one approved", "请重新生成计划，或完成该计划的审批"
        ),
    )
