"""Approval: who may, what for, how long, and how often (R-6.3, R-8.3)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crm_migrate.errors import NotFound, PlanRefused
from crm_migrate.language import Text
from crm_migrate.plan.approval.deciding import check_approval, decide, plan_state
from crm_migrate.plan.approval.inheritance import differences
from crm_migrate.plan.approval.overriding import override
from crm_migrate.plan.approval.revoking import revoke
from crm_migrate.plan.approval.standing import Said, standing, time_to_speak
from crm_migrate.plan.approval.statements import Decision, Override, Revocation
from crm_migrate.plan.header import Demand, EntityCounts, Gate, PlanHeader
from crm_migrate.trust.people import TrustFile, add, remove
from crm_migrate.trust.roles import Role
from crm_migrate.trust.signature import Signer
from tests.plan.crm import NOW, TARGET
from tests.plan.signers import PEOPLE, SIGNERS, person, signed_header

SANDBOX = replace(TARGET, sandbox=True)
BLOCKED = Gate("control_totals_differ", Text("totals", "控制总数"), 1, 0, False, "block")
PLAN = signed_header()
TWO = (Demand(2),)


def yes(by: str = "wang", at: PlanHeader = PLAN, **more: Any) -> Decision:
    return decide(at, SIGNERS[by], PEOPLE, NOW, **more)


def said(*decisions: Decision, **more: Any) -> Said:
    return Said(decisions=decisions, **more)


def check(plan: PlanHeader, *decisions: Decision, people: TrustFile = PEOPLE, **more: Any) -> Any:
    return check_approval(plan, said(*decisions, **more), people, NOW)


def refused(plan: PlanHeader, *decisions: Decision, **more: Any) -> str:
    """Why the plan may not be applied."""
    with pytest.raises(PlanRefused) as caught:
        check(plan, *decisions, **more)
    return caught.value.message.en


def test_an_approval_by_another_person_is_enough() -> None:
    """It names both digests, and is used under its own id."""
    decision = yes(reason="已核对")
    approved = check(PLAN, decision)
    assert approved.approvals == (decision.id,)
    assert (approved.effect, approved.evidence) == (PLAN.effect, PLAN.evidence)
    assert Decision.from_json(decision.to_json()) == decision


@pytest.mark.parametrize(
    ("by", "plan", "used"),
    [
        ("li", {}, False),
        ("sun", {}, False),
        ("admin", {}, False),
        ("wang", {"created_by": "wang"}, False),
        ("wang", {"expires_at": NOW}, False),
        ("wang", {"gates": (BLOCKED,)}, False),
        ("wang", {"counts": {"customer": EntityCounts(unchanged=3)}}, False),
        ("wang", {}, True),
        ("sun", {"target": SANDBOX}, False),
    ],
)
def test_who_may_not_approve_is_refused(by: str, plan: dict[str, Any], used: bool) -> None:
    """The author, other roles, and plans that are expired, blocked, empty or applied."""
    with pytest.raises(PlanRefused):
        decide(signed_header(**plan), SIGNERS[by], PEOPLE, NOW, used=used)


def test_a_sandbox_allows_its_author() -> None:
    """Real targets refuse it even when the decision is properly signed."""
    sandbox = signed_header(target=SANDBOX, demands=(Demand(2), Demand(1, department="市场部")))
    decision = yes("li", sandbox)
    assert check(sandbox, decision).people == ("li",)
    assert "missing" in refused(PLAN, decision)


def test_strangers_and_foreign_keys_cannot_sign() -> None:
    """The trust file says whose key counts."""
    with pytest.raises(NotFound):
        decide(PLAN, Signer.from_seed("nobody", b"n" * 32), PEOPLE, NOW)
    with pytest.raises(PlanRefused):
        decide(PLAN, Signer.from_seed("wang", b"n" * 32), PEOPLE, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"effect": "0" * 64},
        {"evidence_parts": {"rules": "0" * 64}},
        {"target": replace(TARGET, database="other.db")},
        {"created_by": "wang"},
        {"gates": (BLOCKED,)},
        {"expires_at": NOW},
        {"demands": TWO},
    ],
)
def test_an_approval_holds_for_what_it_names_only(change: dict[str, Any]) -> None:
    """Another effect, evidence, target or demand, or a plan that may not go on."""
    refused(signed_header(**change), yes())


@pytest.mark.parametrize(
    "change",
    [
        {"effect": "0" * 64},
        {"expires_at": "2099-01-01T00:00:00Z"},
        {"by": "zhao"},
        {"role": "administrator"},
        {"reason": "anything"},
        {"signature": ""},
        {"signature": "AAAA"},
    ],
)
def test_an_altered_decision_does_not_count(change: dict[str, Any]) -> None:
    """Every member of the statement is signed."""
    plan = signed_header(effect=change.get("effect", PLAN.effect))
    refused(plan, replace(yes(), **change))


def test_a_used_and_an_expired_approval_do_not_count() -> None:
    """Single use, and an end."""
    decision = yes()
    refused(PLAN, decision, used=frozenset({decision.id}))
    short = decide(PLAN, SIGNERS["wang"], PEOPLE, NOW, expires_at=NOW + timedelta(hours=1))
    late = NOW + timedelta(hours=1)
    with pytest.raises(PlanRefused):
        check_approval(PLAN, said(short), PEOPLE, late)
    with pytest.raises(PlanRefused, match="expired"):
        check_approval(PLAN, said(decision), PEOPLE, NOW + timedelta(days=8))


def test_the_same_words_after_a_revocation_are_a_new_decision() -> None:
    """Even within one tick of the clock: what was taken back stays so, what follows counts."""
    first = yes()
    taken = revoke(first, SIGNERS["wang"], PEOPLE, NOW, reason="有误", used=False)
    told = Said(decisions=(first,), revocations=(taken,))
    refused(PLAN, first, revocations=(taken,))
    again = decide(PLAN, SIGNERS["wang"], PEOPLE, time_to_speak(told, PEOPLE, "wang", NOW))
    assert check(PLAN, first, again, revocations=(taken,)).approvals == (again.id,)
    assert time_to_speak(told, PEOPLE, "zhao", NOW) == NOW


def test_a_key_that_was_replaced_takes_its_approvals_away() -> None:
    """So does a role that was taken away or swapped, and a person who left."""
    other = Signer.from_seed("wang", b"w" * 32)
    for changed in (
        person("wang", public_key=other.public_key),
        person("wang", role=Role.AUDITOR),
        person("wang", role=Role.ADMINISTRATOR),
    ):
        refused(PLAN, yes(), people=add(PEOPLE, changed, SIGNERS["admin"]))
    refused(PLAN, yes(), people=remove(PEOPLE, "wang", SIGNERS["admin"]))


def test_two_approvers_are_two_people() -> None:
    """N of m: the same person twice is one."""
    plan = signed_header(demands=TWO)
    again = decide(plan, SIGNERS["wang"], PEOPLE, NOW + timedelta(minutes=1))
    assert "zhao" in refused(plan, yes(at=plan), again)
    both = check(plan, yes(at=plan), yes("zhao", plan))
    assert set(both.people) == {"wang", "zhao"}


def test_two_approvers_of_one_department_do_not_stand_for_two_departments() -> None:
    """R-1.5: each department whose customers change has its own word; who is missing is named."""
    each = (Demand(2), Demand(1, department="销售部"), Demand(1, department="市场部"))
    plan = signed_header(demands=each)
    decisions = [yes("wang", plan), yes("zhao", plan)]
    assert refused(plan, *decisions) == ("approvals are missing: 1 × approver of 市场部: qian")
    assert check(plan, decisions[0], yes("qian", plan))
    nobody = signed_header(demands=(Demand(1, department="法务部"),))
    assert "nobody who could" in refused(nobody, yes("wang", nobody))


def test_a_role_that_is_asked_for_may_approve_and_counts_for_that_only() -> None:
    """A steward whom a gate asks for signs beside the approver, not in their place."""
    plan = signed_header(demands=(Demand(1), Demand(1, ("steward",), None, "gate:merges")))
    steward = yes("zhou", plan)
    assert "approver" in refused(plan, steward)
    assert "steward" in refused(plan, yes("wang", plan))
    assert check(plan, steward, yes("wang", plan))
    with pytest.raises(PlanRefused):
        decide(PLAN, SIGNERS["zhou"], PEOPLE, NOW)


def test_one_rejection_stops_the_plan_until_it_is_taken_back() -> None:
    """Whoever rejected may approve later; new evidence for the same effect does not help."""
    no = decide(PLAN, SIGNERS["zhao"], PEOPLE, NOW, decision="reject", reason="数量不符")
    assert "zhao rejected" in refused(PLAN, yes(), no)
    other = signed_header(evidence_parts={"inputs": "9" * 64})
    assert "zhao rejected" in refused(other, yes(at=other), no)
    later = decide(PLAN, SIGNERS["zhao"], PEOPLE, NOW + timedelta(minutes=1))
    assert check(PLAN, yes(), no, later)


def test_an_approval_is_taken_back_by_its_owner_or_an_administrator() -> None:
    """R-6.3: before it is used; what it had replaced does not come back."""
    first = yes()
    later = NOW + timedelta(minutes=1)
    second = decide(PLAN, SIGNERS["wang"], PEOPLE, later)
    for who in ("wang", "admin"):
        back = revoke(second, SIGNERS[who], PEOPLE, later, reason="来源有误")
        assert Revocation.from_json(back.to_json()) == back
        refused(PLAN, first, second, revocations=(back,))
    for who in ("zhao", "li"):
        with pytest.raises(PlanRefused):
            revoke(second, SIGNERS[who], PEOPLE, later, reason="x")
    with pytest.raises(PlanRefused, match="used"):
        revoke(second, SIGNERS["wang"], PEOPLE, later, reason="x", used=True)


def test_a_forged_revocation_takes_nothing_back_and_no_rejection_away() -> None:
    """Signed by somebody else, altered, or an administrator's against a rejection."""
    decision = yes()
    back = revoke(decision, SIGNERS["admin"], PEOPLE, NOW, reason="x")
    for forged in (replace(back, by="zhao", role="approver"), replace(back, reason="y")):
        assert check(PLAN, decision, revocations=(forged,))
    no = decide(PLAN, SIGNERS["zhao"], PEOPLE, NOW, decision="reject")
    with pytest.raises(PlanRefused):
        revoke(no, SIGNERS["admin"], PEOPLE, NOW, reason="x")
    moved = replace(back, decision=no.id, of="zhao")
    refused(PLAN, decision, no, revocations=(moved,))


def test_a_gate_is_overridden_by_a_person_who_may_with_a_reason() -> None:
    """The plan becomes approvable; gate and figure are signed; it ends with the plan (R-8.3)."""
    plan = signed_header(gates=(BLOCKED,))
    free = override(plan, BLOCKED.name, SIGNERS["zhao"], PEOPLE, NOW, reason="差额已核实")
    assert Override.from_json(free.to_json()) == free
    assert free.rehearsal == ""

    def state(*overrides: Override, days: int = 0) -> str:
        told = Said(overrides=overrides)
        return plan_state(plan, told, False, NOW + timedelta(days=days), people=PEOPLE)

    assert state() == "blocked"
    assert state(free) == "approvable"
    assert state(free, days=7) == "expired"
    decision = decide(plan, SIGNERS["wang"], PEOPLE, NOW, overrides=[free])
    assert check(plan, decision, overrides=(free,))
    assert "gates block" in refused(plan, decision)


@pytest.mark.parametrize("by", ["li", "sun", "zhou"])
def test_who_may_not_override_is_refused(by: str) -> None:
    """The author, an auditor, a steward; an empty reason; a gate that does not block."""
    plan = signed_header(gates=(BLOCKED,))
    with pytest.raises(PlanRefused):
        override(plan, BLOCKED.name, SIGNERS[by], PEOPLE, NOW, reason="x")
    with pytest.raises(PlanRefused):
        override(plan, BLOCKED.name, SIGNERS["wang"], PEOPLE, NOW, reason=" ")
    with pytest.raises(NotFound):
        override(plan, "merges", SIGNERS["wang"], PEOPLE, NOW, reason="x")


def test_the_author_overrides_in_a_sandbox_only_and_it_says_rehearsal() -> None:
    """An approver who is the author stays the author."""
    own = signed_header(gates=(BLOCKED,), created_by="wang")
    with pytest.raises(PlanRefused, match="of their own"):
        override(own, BLOCKED.name, SIGNERS["wang"], PEOPLE, NOW, reason="x")
    sandbox = signed_header(gates=(BLOCKED,), target=SANDBOX)
    free = override(sandbox, BLOCKED.name, SIGNERS["li"], PEOPLE, NOW, reason="演练")
    assert "REHEARSAL" in free.rehearsal
    decision = decide(sandbox, SIGNERS["li"], PEOPLE, NOW, overrides=[free])
    assert check(sandbox, decision, overrides=(free,))


@pytest.mark.parametrize(
    "change",
    [
        {"figure": "0.5"},
        {"gate": "merges"},
        {"limit": "1"},
        {"reason": "x"},
        {"by": "wang"},
        {"signature": ""},
        {"expires_at": "2099-01-01T00:00:00Z"},
    ],
)
def test_an_altered_override_does_not_count(change: dict[str, str]) -> None:
    """Nor one for another figure of the same gate."""
    plan = signed_header(gates=(BLOCKED,))
    free = override(plan, BLOCKED.name, SIGNERS["zhao"], PEOPLE, NOW, reason="ok")
    assert standing(plan, Said(overrides=(replace(free, **change),)), PEOPLE, NOW).blocking
    worse = signed_header(gates=(replace(BLOCKED, value=2),))
    assert standing(worse, Said(overrides=(free,)), PEOPLE, NOW).blocking


@pytest.mark.parametrize(
    "change",
    [
        {"created_by": "zhao"},
        {"demands": ()},
        {"gates": ()},
        {"expires_at": NOW + timedelta(days=99)},
        {"counts": {"customer": EntityCounts(9, 9, 0, 9)}},
        {"author_signature": ""},
        {"evidence_parts": {}},
    ],
)
def test_a_header_that_its_author_did_not_sign_is_refused(change: dict[str, Any]) -> None:
    """Who may not approve is proven: neither author, gates nor demands can be put in later."""
    plan = signed_header(gates=(BLOCKED,), demands=TWO)
    changed = replace(plan, **change)
    with pytest.raises(PlanRefused, match="not signed by its author"):
        check_approval(changed, said(), PEOPLE, NOW)
    with pytest.raises(PlanRefused, match="not signed by its author"):
        decide(changed, SIGNERS["wang"], PEOPLE, NOW, decision="reject")


def test_a_later_plan_inherits_an_approval_unless_its_evidence_is_worse() -> None:
    """A gate that fell, rules that changed or more to decide want a new word."""
    warn = Gate("completeness.customer.uscc", Text("c", "c"), 0.95, 0.9, True, "warn", "at_least")
    first = signed_header(gates=(warn,), evidence_parts={"inputs": "1" * 64, "rules": "2" * 64})

    def later(gate: Gate = warn, **more: Any) -> PlanHeader:
        parts = {"inputs": "3" * 64, "rules": "2" * 64} | more.pop("parts", {})
        return signed_header(plan_id="p-2", gates=(gate,), evidence_parts=parts, **more)

    decision = yes(at=first)
    better = later(replace(warn, value=0.97))
    known = {"earlier": (first,)}
    assert check(better, decision, **known).approvals == (decision.id,)
    inherited = standing(better, said(decision, **known), PEOPLE, NOW).inherited
    assert inherited == {decision.id: "p-1"}
    for worse in (
        later(replace(warn, value=0.91)),
        later(parts={"rules": "4" * 64}),
        later(waiting={"review": 1}),
        later(demands=(Demand(1, ("steward", "approver")),)),
    ):
        refused(worse, decision, **known)
        assert any(d.worse for d in differences(worse, first))
    refused(better, decision)  # nobody knows what it rested on
    refused(better, decision, earlier=(replace(first, created_by="zhao"),))
    refused(better, decision, used=frozenset({decision.id}), **known)


def test_the_state_of_a_plan() -> None:
    """One pure function for every list and page that shows it."""
    no = decide(PLAN, SIGNERS["zhao"], PEOPLE, NOW, decision="reject")
    empty = signed_header(counts={"customer": EntityCounts(unchanged=3)})

    def state(plan: PlanHeader, *decisions: Decision, used: bool = False, days: int = 0) -> str:
        told = said(*decisions)
        return plan_state(plan, told, used, NOW + timedelta(days=days), people=PEOPLE)

    assert state(PLAN) == "approvable"
    assert state(PLAN, yes()) == "approved"
    assert state(PLAN, yes(), used=True) == "applied"
    assert state(PLAN, yes(), days=7) == "expired"
    assert state(PLAN, yes(), no) == "rejected"
    assert state(signed_header(gates=(BLOCKED,)), yes()) == "blocked"
    assert state(empty) == "empty"
