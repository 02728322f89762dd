"""What happened is read back from the target alone, and adds up to the plan's amounts."""

from pathlib import Path

import pytest

from crm_migrate.errors import NotFound
from crm_migrate.loading.apply import apply
from crm_migrate.loading.ledger.plan_lock import used_approvals
from crm_migrate.loading.outcome import control_totals, outcome
from crm_migrate.plan.change import Plan
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import (
    MAPPING,
    MODEL,
    NOW,
    Keys,
    approved,
    insert,
    plan_of,
    sql,
    unchanged,
)


def contracts(target: SqliteTarget) -> Plan:
    """Contracts of a new and of an old customer, in two departments and two years."""

    def contract(name: str, customer: str, amount: str, date: str | None) -> dict[str, object]:
        return insert(name, customer, account_id=f"@{customer}", amount=amount, signed_on=date)

    return plan_of(
        target,
        {
            "customer": [insert("c1", name="远山厂", department="销售一部"), unchanged("c5", "5")],
            "contract": [
                contract("t1", "c1", "0.1", "2023-12-31"),
                contract("t2", "c1", "0.2", "2023-01-01"),
                contract("t3", "c1", "1000000", "2024-01-01"),
                contract("t4", "c5", "7", None),
            ],
        },
    )


@pytest.fixture
def plan(target: SqliteTarget, file: Path) -> Plan:
    """The contracts, planned while another contract stands in the CRM that is none of ours."""
    sql(file, "INSERT INTO accounts (id, name, department) VALUES (5, '白云厂', '销售二部')")
    sql(file, "INSERT INTO contracts VALUES ('old', 5, 99, '2023-05-05')")
    return contracts(target)


def test_control_totals_by_department_and_year(target: SqliteTarget, plan: Plan) -> None:
    """Amounts are summed exactly, by the customer's department and the year (R-6.6)."""
    before = control_totals(plan, target, MAPPING, Keys(), model=MODEL)
    assert before.is_empty()
    apply(
        plan, target, MAPPING, Keys(), model=MODEL, approved=approved(plan), clock=lambda: NOW,
        journal=lambda _event, _objects: None,
    )  # fmt: skip
    totals = control_totals(plan, target, MAPPING, Keys(), model=MODEL)
    assert totals.rows() == [
        ("contract", "销售一部", "2023", 2, "0.3"),
        ("contract", "销售一部", "2024", 1, "1000000"),
        ("contract", "销售二部", "", 1, "7"),
    ]


def test_outcome_is_rebuilt_from_the_target(target: SqliteTarget, plan: Plan, file: Path) -> None:
    """Counts, what was left and the verification come from the target ledger, without writing."""
    with pytest.raises(NotFound):
        outcome(plan, target, MAPPING, Keys(), model=MODEL)
    assert used_approvals(target) == {}
    applied = apply(
        plan, target, MAPPING, Keys(), model=MODEL, approved=approved(plan), clock=lambda: NOW,
        journal=lambda _event, _objects: None,
    )  # fmt: skip
    content = file.read_bytes()
    again = outcome(plan, target, MAPPING, Keys(), model=MODEL)
    assert (again.counts, again.state) == (applied.counts, "done")
    assert again.left.equals(applied.left)
    assert again.verified.ok
    assert used_approvals(target) == {"a-p1": "p1"}
    assert file.read_bytes() == content
