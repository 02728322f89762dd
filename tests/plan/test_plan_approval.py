"""Approval: who may, what for, how long, and how often (R-6.3, R-8.3)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crm_migrate.errors import NotFound, PlanRefused
from crm_migrate.language import Text
from crm_migrate.plan.approval import (
    Decision,
    approve,
    check_approval,
    decide,
    plan_state,
)
from crm_migrate.plan.change import EntityCounts, Gate, PlanHeader
from crm_migrate.trust.people import Person, Role, TrustFile, add, found
from crm_migrate.trust.signature import Signer
from tests.plan.crm import NOW, TARGET
from tests.plan.plans import header

SIGNERS = {
    id: Signer.from_seed(id, bytes([n]) * 32)
    for n, id in enumerate(("admin", "li", "wang", "zhao", "sun"), 1)
}
ROLES = {
    "admin": Role.ADMINISTRATOR,
    "li": Role.OPERATOR,
    "wang": Role.APPROVER,
    "zhao": Role.APPROVER,
    "sun": Role.AUDITOR,
}
SANDBOX = replace(TARGET, sandbox=True)
BLOCKED = Gate("control_totals_differ", Text("totals", "控制总数"), 1, 0, False, "block")


def person(id: str, **more: Any) -> Person:
    values = {"id": id, "name": id, "role": ROLES[id], "department": "销售部"}
    return Person(**(values | {"public_key": SIGNERS[id].public_key} | more))


def trust() -> TrustFile:
    file = found(person("admin"), SIGNERS["admin"], "journal")
    for id in list(ROLES)[1:]:
        file = add(file, person(id), SIGNERS["admin"])
    return file


PEOPLE = trust()


def yes(by: str = "wang", at: PlanHeader | None = None, **more: Any) -> Decision:
    return approve(at or header(), SIGNERS[by], PEOPLE, NOW, **more)


def test_an_approval_by_another_person_is_enough() -> None:
    """It names both digests, and is used under its own id."""
    decision = yes(reason="已核对")
    approved = check_approval(header(), [decision], PEOPLE, NOW)
    assert approved.approvals == (decision.id,)
    assert (approved.effect, approved.evidence) == (header().effect, header().evidence)
    assert Decision.from_json(decision.to_json()) == decision


@pytest.mark.parametrize(
    ("by", "plan", "used"),
    [
        ("li", header(), False),
        ("sun", header(), False),
        ("admin", header(), False),
        ("wang", header(created_by="wang"), False),
        ("wang", header(expires_at=NOW), False),
        ("wang", header(gates=(BLOCKED,)), False),
        ("wang", header(counts={"customer": EntityCounts(unchanged=3)}), False),
        ("wang", header(), True),
        ("sun", header(target=SANDBOX), False),
    ],
)
def test_who_may_not_approve_is_refused(by: str, plan: PlanHeader, used: bool) -> None:
    """The author, other roles, and plans that are expired, blocked, empty or applied."""
    with pytest.raises(PlanRefused):
        approve(plan, SIGNERS[by], PEOPLE, NOW, used=used)


def test_a_sandbox_allows_its_author() -> None:
    """Real targets refuse it even when the decision is properly signed."""
    sandbox = header(target=SANDBOX)
    decision = yes("li", sandbox)
    assert check_approval(sandbox, [decision], PEOPLE, NOW).people == ("li",)
    with pytest.raises(PlanRefused):
        check_approval(header(), [decision], PEOPLE, NOW)


def test_strangers_and_foreign_keys_cannot_sign() -> None:
    """The trust file says whose key counts."""
    with pytest.raises(NotFound):
        approve(header(), Signer.from_seed("nobody", b"n" * 32), PEOPLE, NOW)
    with pytest.raises(PlanRefused):
        approve(header(), Signer.from_seed("wang", b"n" * 32), PEOPLE, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"effect": "0" * 64},
        {"evidence": "0" * 64},
        {"target": replace(TARGET, database="other.db")},
        {"created_by": "wang"},
        {"gates": (BLOCKED,)},
        {"expires_at": NOW},
    ],
)
def test_an_approval_holds_for_what_it_names_only(change: dict[str, Any]) -> None:
    """Another effect, evidence or target, or a plan that may not go on."""
    with pytest.raises(PlanRefused):
        check_approval(header(**change), [yes()], PEOPLE, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"effect": "0" * 64},
        {"expires_at": "2099-01-01T00:00:00Z"},
        {"approver": "zhao"},
        {"reason": "anything"},
        {"signature": ""},
        {"signature": "AAAA"},
    ],
)
def test_an_altered_decision_does_not_count(change: dict[str, Any]) -> None:
    """Every member of the statement is signed."""
    plan = header(effect=change.get("effect", header().effect))
    with pytest.raises(PlanRefused):
        check_approval(plan, [replace(yes(), **change)], PEOPLE, NOW)


def test_a_used_an_expired_and_a_revoked_approval_do_not_count() -> None:
    """Single use; an end; and a way back."""
    decision = yes()
    with pytest.raises(PlanRefused):
        check_approval(header(), [decision], PEOPLE, NOW, used=[decision.id])
    short = decide(header(), SIGNERS["wang"], PEOPLE, NOW, expires_at=NOW + timedelta(hours=1))
    with pytest.raises(PlanRefused):
        check_approval(header(), [short], PEOPLE, NOW + timedelta(hours=1))
    back = decide(header(), SIGNERS["wang"], PEOPLE, NOW, decision="revoke")
    for decisions in ([decision, back], [back, decision]):
        with pytest.raises(PlanRefused):
            check_approval(header(), decisions, PEOPLE, NOW)


def test_a_key_that_was_replaced_takes_its_approvals_away() -> None:
    """So does a role that was taken away."""
    other = Signer.from_seed("wang", b"w" * 32)
    for changed in (person("wang", public_key=other.public_key), person("wang", role=Role.AUDITOR)):
        later = add(PEOPLE, changed, SIGNERS["admin"])
        with pytest.raises(PlanRefused):
            check_approval(header(), [yes()], later, NOW)


def test_two_approvers_are_two_people() -> None:
    """N of m: the same person twice is one."""
    again = approve(header(), SIGNERS["wang"], PEOPLE, NOW + timedelta(minutes=1))
    with pytest.raises(PlanRefused):
        check_approval(header(), [yes(), again], PEOPLE, NOW, approvers=2)
    both = check_approval(header(), [yes(), yes("zhao")], PEOPLE, NOW, approvers=2)
    assert set(both.people) == {"wang", "zhao"}


def test_one_rejection_stops_the_plan_until_it_is_taken_back() -> None:
    """Whoever rejected may approve later."""
    no = decide(header(), SIGNERS["zhao"], PEOPLE, NOW, decision="reject", reason="数量不符")
    with pytest.raises(PlanRefused):
        check_approval(header(), [yes(), no], PEOPLE, NOW)
    later = approve(header(), SIGNERS["zhao"], PEOPLE, NOW + timedelta(minutes=1))
    assert check_approval(header(), [yes(), no, later], PEOPLE, NOW)


def test_the_state_of_a_plan() -> None:
    """One pure function for every list and page that shows it."""
    no = decide(header(), SIGNERS["zhao"], PEOPLE, NOW, decision="reject")
    empty = header(counts={"customer": EntityCounts(unchanged=3)})

    def state(plan: PlanHeader, *decisions: Decision, used: bool = False, days: int = 0) -> str:
        return plan_state(plan, decisions, used, NOW + timedelta(days=days), people=PEOPLE)

    assert state(header()) == "approvable"
    assert state(header(), yes()) == "approved"
    assert state(header(), yes(), used=True) == "applied"
    assert state(header(), yes(), days=7) == "expired"
    assert state(header(), yes(), no) == "rejected"
    assert state(header(gates=(BLOCKED,)), yes()) == "blocked"
    assert state(empty) == "empty"
