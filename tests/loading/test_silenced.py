"""Triggers on or off by policy, on a system that can: said in the result and in the journal."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetSystem
from tests.faults.crm import statements
from tests.loading.small_crm import plan_of, update
from tests.loading.test_apply import run
from tests.servers import postgres


@pytest.fixture
def crm() -> Iterator[tuple[TargetSystem, Any]]:
    """The small CRM, whose trigger counts updates, and another program beside it."""
    server = postgres.shared_server()
    name = server.create_database()
    for statement in statements("postgres"):
        server.run(name, statement)
    yield open_target(server.url(name)), lambda statement: server.run(name, statement)
    server.drop_database(name)


@pytest.mark.parametrize(("triggers", "touched"), [(True, 1), (False, 0)])
def test_triggers_run_or_do_not(
    crm: tuple[TargetSystem, Any], triggers: bool, touched: int
) -> None:
    """The CRM's own trigger is kept from running, and the apply says which one."""
    target, ask = crm
    said: list[Any] = []

    def journal(event: str, objects: Mapping[str, Any]) -> None:
        if event == "apply.begun":
            said.append(objects["silenced"])

    plan = plan_of(target, {"customer": [update("u1", "1", budget="99")]})
    applied = run(plan, target, triggers=triggers, journal=journal)
    assert applied.verified.ok
    assert ask("SELECT touched FROM accounts WHERE id = 1") == [(touched,)]
    names = () if triggers else ("accounts.accounts_touched",)
    assert (applied.silenced, said) == (names, [", ".join(names)])
