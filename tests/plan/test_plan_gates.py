"""Gates: figures against limits (R-6.5), and whom a plan needs by its size (R-6.3)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from crm_migrate.errors import ProjectFault
from crm_migrate.plan.approval.demands import demands
from crm_migrate.plan.gates import blocking, evaluate, parse_gates
from crm_migrate.plan.header import Demand, EntityCounts, Gate
from crm_migrate.project.entities_file import starter_file
from crm_migrate.project.gates_file import MEASURES, GateRule, parts
from crm_migrate.project.settings import Approval
from tests.plan.crm import MODEL


def judged(rules: dict[str, Any], **figures: float) -> tuple[Gate, ...]:
    parsed, faults = parse_gates({"gates": rules}, MODEL)
    assert not faults, faults
    return evaluate(parsed, {n.replace("__", "."): v for n, v in figures.items()}, MODEL)


def test_the_standard_gates_warn_of_open_reviews_and_block_on_totals() -> None:
    """A doubtful pair is loaded apart; an amount that differs stops the plan."""
    rules, faults = parse_gates(starter_file("gates.yaml").data, MODEL)
    assert not faults
    assert {parts(name)[0] for name in rules} <= set(MEASURES)
    figures = {"open_reviews": 3, "quarantined_share": 0.1}
    gates = {g.name: g for g in evaluate(rules, figures, MODEL)}
    assert not gates["open_reviews"].passed
    assert not blocking(tuple(gates.values()))
    blocked = blocking(evaluate(rules, figures | {"control_totals_differ": 1}, MODEL))
    assert [g.name for g in blocked] == ["control_totals_differ"]


def test_gates_are_narrowed_to_an_entity_or_a_field() -> None:
    """R-4.1: the completeness of one field has a smallest figure, named in both languages."""
    uscc, share = judged(
        {
            "completeness.customer.uscc": {"at_least": 0.9},
            "changed_share.contact": {"limit": 0.3, "on_failure": "warn"},
        },
        completeness__customer__uscc=0.89,
        changed_share__contact=0.2,
    )
    assert (uscc.passed, uscc.bound, uscc.share) == (False, "at_least", True)
    assert uscc.label.zh == "完整性:客户 · 统一社会信用代码"
    assert share.passed
    (unmeasured,) = judged({"completeness.customer.uscc": {"at_least": 1}})
    assert unmeasured.passed


def test_faults_are_reported_together_with_their_place() -> None:
    """Unknown gates, entities and fields, wrong limits and unknown consequences."""
    data = {
        "gates": {
            "unheard_of": {"limit": 1},
            "conflicts": {"limit": "many"},
            "open_reviews": {"limit": 1, "on_failure": "panic"},
            "does_not_fit": {"limit": -1},
            "owner_conflicts": 3,
            "completeness.customer": {"limit": 0.9},
            "completeness.nobody": {"at_least": 0.9},
            "completeness.customer.shoe_size": {"at_least": 0.9},
            "open_reviews.customer": {"limit": 0},
            "quarantined_share": {"limit": 20},
            "merges": {"limit": 0, "role": "steward"},
            "deletions": {"limit": 0, "at_least": 1},
            "changed_share": {"limit": 0.5},
        }
    }
    rules, faults = parse_gates(data, MODEL)
    assert list(rules) == ["changed_share"]
    assert [at for at, _ in faults] == [f"gates/{n}" for n in list(data["gates"])[:-1]]
    assert parse_gates(None, MODEL) == parse_gates([], MODEL)
    _, (misplaced,) = parse_gates({"gates": {}, "doors": {}}, MODEL)
    assert misplaced[0] == "doors"


def test_faults_of_the_file_name_its_lines(tmp_path: Path) -> None:
    """All faults of rules/gates.yaml at once, each with file and line."""
    from crm_migrate.project.yaml_file import parse_yaml

    text = "gates:\n  merges: {limit: 0}\n  unheard_of: {limit: 1}\n  conflicts: {limit: x}\n"
    file, _ = parse_yaml(tmp_path / "gates.yaml", text)
    _, faults = parse_gates(file.data, MODEL)
    lines = [file.fault(tuple(at.split("/")), told).where for at, told in faults]
    assert [w.rsplit(":", 1)[1] for w in lines] == ["3", "4"]
    assert ProjectFault([file.fault(("gates",), faults[0][1])]).faults


def count(**more: int) -> dict[str, EntityCounts]:
    return {"customer": EntityCounts(**more)}


def test_small_plans_need_one_and_large_ones_two() -> None:
    """R-6.3: by number of operations or share; the old key `approvers` is the least."""
    policy = Approval.model_validate(
        {"levels": [{"up_to": 500, "up_to_share": 0.1, "approvers": 1}, {"approvers": 2}]}
    )
    assert demands(policy, count(insert=500)) == (Demand(1),)
    assert demands(policy, count(insert=501)) == (Demand(2),)
    assert demands(policy, count(insert=400), merges=101) == (Demand(2),)
    assert demands(policy, count(update=5), share=0.2) == (Demand(2),)
    assert demands(Approval(), count(insert=9)) == (Demand(1),)
    standard = Approval()
    assert demands(standard, count(insert=1000)) == (Demand(1),)
    assert demands(standard, count(insert=600, update=401)) == (Demand(2),)
    assert demands(standard, count(insert=1), merges=1) == (Demand(2),)
    assert demands(standard, count(delete=1)) == (Demand(2),)
    assert demands(standard, count(insert=5000), sandbox=True) == (Demand(1),)
    assert demands(Approval(levels=()), count(insert=5000)) == (Demand(1),)
    assert demands(Approval(approvers=3), count(insert=9)) == (Demand(3),)
    least = policy.model_copy(update={"approvers": 2})
    assert demands(least, count(insert=1)) == (Demand(2),)


def test_departments_entities_merges_and_deletes_ask_for_more() -> None:
    """One approver of each affected department; numbers add up, roles and departments stand."""
    policy = Approval.model_validate(
        {
            "levels": [{"departments": "each_affected"}],
            "entities": {"contract": {"departments": ["财务部"]}},
            "merges": {"approvers": 1},
            "deletes": {"roles": ["administrator"]},
        }
    )
    counts = count(delete=1) | {"contract": EntityCounts(insert=1)}
    found = demands(policy, counts, merges=2, departments=["市场部", "销售部"])
    assert found == (
        Demand(2, because="size;merges"),
        Demand(1, department="市场部", because="department"),
        Demand(1, department="销售部", because="department"),
        Demand(1, department="财务部", because="entity:contract"),
        Demand(1, ("administrator",), None, "deletes"),
    )
    assert demands(policy, count(insert=1)) == (Demand(1),)


def test_a_gate_asks_for_more_approvals() -> None:
    """N more people, or somebody of a role or department."""
    rules = {
        "plan_size": {"limit": 10, "on_failure": "extra_approval"},
        "conflicts": {"limit": 0, "on_failure": "extra_approval", "role": "steward"},
        "merges": {"limit": 0, "on_failure": "extra_approval", "department": "财务部"},
    }
    gates = judged(rules, plan_size=11, conflicts=1, merges=1)
    assert blocking(gates) == ()
    known = {n: GateRule.model_validate(r) for n, r in rules.items()}
    found = demands(Approval(), count(insert=11), gates=gates, rules=known)
    assert found == (
        Demand(2, because="size;gate:plan_size"),
        Demand(1, ("steward",), None, "gate:conflicts"),
        Demand(1, department="财务部", because="gate:merges"),
    )
    passed = tuple(replace(g, passed=True) for g in gates)
    assert demands(Approval(), count(insert=11), gates=passed, rules=known) == (Demand(1),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels": [{"approvers": 1}, {"up_to": 5, "approvers": 2}]},
        {"levels": [{"approvers": 0}]},
        {"merges": {"roles": ["operator"]}},
        {"rollback": "sometimes"},
    ],
)
def test_a_policy_that_cannot_be_meant_is_a_fault(wrong: dict[str, Any]) -> None:
    """A level that is never reached, nobody, or an operator who approves."""
    with pytest.raises(ValidationError):
        Approval.model_validate(wrong)
