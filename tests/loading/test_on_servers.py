"""The whole way on database servers: plan, apply, again, verify, edit, take back."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from crm_migrate.errors import PlanRefused
from crm_migrate.loading.ledger.rows import read_base
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetSystem
from tests.faults.crm import BUSINESS, statements
from tests.loading.small_crm import insert, plan_of, unchanged, update
from tests.loading.test_apply import company, first_plan, run
from tests.loading.test_rollback import done, taking_back


@dataclass(frozen=True)
class Crm:
    """The small CRM on a server, and other programs beside it."""

    target: TargetSystem
    run: Callable[[str], list[tuple[Any, ...]]]

    def contents(self) -> list[list[tuple[Any, ...]]]:
        """All rows by what they mean, but for the counter that a trigger of its own keeps."""
        return [[row[:7] for row in self.run(query)] for query in BUSINESS]


@pytest.fixture(params=["mariadb", "postgres"])
def crm(request: pytest.FixtureRequest) -> Iterator[Crm]:
    """Ten old customers on each server in turn."""
    server = importlib.import_module(f"tests.servers.{request.param}").shared_server()
    name = server.create_database()
    for statement in statements(request.param):
        server.run(name, statement)
    yield Crm(open_target(server.url(name)), lambda statement: server.run(name, statement))
    server.drop_database(name)


def test_applied_once_and_proven(crm: Crm) -> None:
    """New groups stand with their children, once, each row with ledger and base (ask 16)."""
    plan = first_plan(crm.target)
    applied = run(plan, crm.target)
    assert (applied.state, applied.adds_up, applied.verified.ok) == ("done", True, True)
    assert applied.verified.rows == 5
    found = crm.run(
        "SELECT a.name, p.name FROM accounts a LEFT JOIN accounts p ON p.id = a.parent_id"
        " WHERE a.id > 10 ORDER BY a.id"
    )
    assert found == [("远山机械有限公司", None), ("远山机械苏州分公司", "远山机械有限公司")]
    assert crm.run("SELECT count(*) FROM crm_migrate_ledger") == [(5,)]
    assert read_base(crm.target, "customer").height == 2
    before = crm.contents()
    with pytest.raises(PlanRefused):
        run(plan, crm.target)
    assert crm.contents() == before
    stale = run(plan_of(crm.target, {"customer": [company("c9", "远山机械有限公司")]}, "p2"),
                crm.target, limit=1.0)  # fmt: skip
    assert stale.left["reason"].to_list() == ["taken"]


def test_updates_guard_what_people_edited(crm: Crm) -> None:
    """A cell that someone changed since planning is left alone, with its group (ask 3)."""
    plan = plan_of(
        crm.target,
        {
            "customer": [
                update("u1", "1", budget="12.5"),
                update("u2", "2", budget="13.5", department="销售二部"),
                unchanged("u3", "3"),
            ],
            "contact": [insert("k2", "u2", account_id="@u2", name="测试")],
        },
    )
    crm.run("UPDATE accounts SET budget = 99 WHERE id = 2")
    applied = run(plan, crm.target)
    assert applied.adds_up
    assert set(applied.left["reason"]) == {"edited_since"}
    budgets = crm.run("SELECT id, budget, department FROM accounts WHERE id < 4 ORDER BY id")
    assert [(i, float(b), d) for i, b, d in budgets] == [
        (1, 12.5, None),
        (2, 99, None),
        (3, 3, None),
    ]
    assert crm.run("SELECT count(*) FROM contacts") == [(0,)]


def test_taken_back_as_it_was(crm: Crm) -> None:
    """Creates are deleted and updates get their old cells; rows edited since are kept (ask 3)."""
    before = crm.contents()
    plan = plan_of(
        crm.target,
        {
            "customer": [
                company("c1", "远山机械有限公司", budget="120.5"),
                company("c2", "远山机械苏州分公司", parent_id="@c1") | {"rank": 2},
                update("u1", "1", budget="12.5", department="销售一部"),
                update("u2", "2", department="销售二部"),
            ],
            "contact": [insert("k1", "c1", account_id="@c1", name="林测试", mobile="sealed:1")],
            "contract": [insert("t1", "c1", account_id="@c1", amount="1000.5")],
        },
    )
    assert run(plan, crm.target).verified.ok
    crm.run("UPDATE accounts SET department = '市场部' WHERE id = 2")
    back = run(taking_back(plan, crm.target), crm.target, limit=1.0)
    assert back.adds_up
    assert (done(back)["deleted"], done(back)["updated"]) == (4, 1)
    crm.run("UPDATE accounts SET department = NULL WHERE id = 2")
    assert crm.contents() == before
