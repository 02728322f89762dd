"""Merges on database servers: carried out, guarded against children added meanwhile, taken back."""

import importlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from crm_migrate.loading.bearings import Bearings, reference_columns
from crm_migrate.loading.merging.merge import check_moves
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetSystem
from tests.loading import doubled_crm as crm
from tests.loading.small_crm import Keys

TABLES = {
    "clients": "no, title, credit_code, phone, note, parent_no, state, merged_into",
    "persons": "id, client_no, full_name, mobile",
    "labels": "id, client_no, label",
    "visits": "id, client_no",
}


@dataclass(frozen=True)
class Crm:
    """The CRM that holds a customer twice, on a server, and other programs beside it."""

    target: TargetSystem
    run: Callable[[str], list[tuple[Any, ...]]]

    def contents(self) -> list[list[tuple[Any, ...]]]:
        """All rows of the tables that have keys."""
        return [self.run(f"SELECT {c} FROM {t} ORDER BY 1") for t, c in TABLES.items()]


@pytest.fixture(params=["mariadb", "postgres"])
def server(request: pytest.FixtureRequest) -> Iterator[Crm]:
    """The CRM on each server in turn."""
    running = importlib.import_module(f"tests.servers.{request.param}").shared_server()
    name = running.create_database()
    for statement in crm.SCHEMA:
        running.run(name, statement)
    target = open_target(running.url(name))
    crm.fill(target, crm.TWICE)
    yield Crm(target, lambda statement: running.run(name, statement))
    running.drop_database(name)


@pytest.mark.parametrize("policy", [crm.SOFT, crm.HARD])
def test_merged_and_taken_back(server: Crm, policy: dict[str, object]) -> None:
    """Everything refers to the row that stays; taken back, every row is as it was (R-6.3)."""
    held = crm.mapping(policy | {"references": crm.MEMOS}, contact=crm.HARD)
    server.run("INSERT INTO persons (id, client_no, full_name) VALUES (13, 2, '李雷')")
    linked = {**crm.LINKED, "contact": {"11": "c11", "12": "c12", "13": "c11"}}
    before = server.contents()
    plan = crm.plan(server.target, held, linked)
    done = crm.run(plan, server.target, held)
    assert (done.merges, done.reparented, done.verified.ok) == (2, 6, True)
    assert server.run("SELECT DISTINCT client_no FROM persons") == [(1,)]
    assert server.run("SELECT DISTINCT client_no FROM badges") == [(1,)]
    assert server.run("SELECT client FROM memos") == [("1",)]
    assert crm.plan(server.target, held, linked, name="p2").moves is None
    back = crm.run(crm.taking_back(plan, server.target, held), server.target, held)
    assert back.left.is_empty()
    assert back.verified.ok
    assert server.contents() == before


def test_child_added_since_keeps_the_group(server: Crm) -> None:
    """Somebody entered a visit for the row that was to be given up: nothing is written."""
    held = crm.mapping(crm.HARD)
    plan = crm.plan(server.target, held, crm.LINKED)
    server.run("INSERT INTO visits (id, client_no) VALUES (29, 2)")
    before = server.contents()
    done = crm.run(plan, server.target, held)
    assert done.left["reason"].to_list() == ["children_changed"]
    assert server.contents() == before


def test_child_added_meanwhile_waits(server: Crm) -> None:
    """Once checked, the row is locked: who hangs something on it waits for the end, and then
    finds it gone.
    """
    held = crm.mapping(crm.HARD)
    plan = crm.plan(server.target, held, crm.LINKED)
    assert plan.moves is not None
    schema = server.target.describe()
    bearings = Bearings(held, reference_columns(held, crm.MODEL), schema, Keys.digest_key)
    added = threading.Event()

    def add() -> None:
        server.run("INSERT INTO visits (id, client_no) VALUES (29, 2)")
        added.set()

    other = threading.Thread(target=add)
    with server.target.transaction() as transaction:
        assert check_moves(transaction, bearings, plan.moves).is_empty()
        other.start()
        assert not added.wait(0.5)
    other.join(10)
    assert added.is_set()


def test_unique_keys_are_the_servers_to_judge(server: Crm) -> None:
    """A tag that would stand twice under the key of its table holds the merge."""
    server.run("INSERT INTO labels (id, client_no, label) VALUES (41, 1, 'vip'), (42, 2, 'vip')")
    made = crm.operations(server.target, crm.mapping(crm.HARD), crm.LINKED)
    assert made.moves is None
    assert dict(made.notes.select("target_key", "reason").iter_rows()) == {"2": "reparent_collides"}
