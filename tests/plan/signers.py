"""Invented people with keys, their trust file, and headers that their author signed."""

from typing import Any

from crm_migrate.plan.approval.authorship import sign_as_author
from crm_migrate.plan.header import PlanHeader
from crm_migrate.trust.people import Person, TrustFile, add, found
from crm_migrate.trust.roles import Role
from crm_migrate.trust.signature import Signer
from tests.plan.plans import header

ROLES = {
    "admin": (Role.ADMINISTRATOR, "信息部"),
    "li": (Role.OPERATOR, "信息部"),
    "wang": (Role.APPROVER, "销售部"),
    "zhao": (Role.APPROVER, "销售部"),
    "qian": (Role.APPROVER, "市场部"),
    "zhou": (Role.STEWARD, "销售部"),
    "sun": (Role.AUDITOR, "审计部"),
}
SIGNERS = {id: Signer.from_seed(id, bytes([n]) * 32) for n, id in enumerate(ROLES, 1)}
JOURNAL = Signer.from_seed("journal", b"j" * 32)


def person(id: str, **more: Any) -> Person:
    role, department = ROLES[id]
    values = {"id": id, "name": id, "role": role, "department": department}
    return Person(**(values | {"public_key": SIGNERS[id].public_key} | more))


def trust() -> TrustFile:
    file = found(person("admin"), SIGNERS["admin"], JOURNAL.public_key)
    for id in list(ROLES)[1:]:
        file = add(file, person(id), SIGNERS["admin"])
    return file


PEOPLE = trust()


def signed_header(**more: Any) -> PlanHeader:
    """The header of a small plan, signed by its author (li unless `created_by` says else)."""
    made = header(**more)
    return sign_as_author(made, SIGNERS[made.created_by])
