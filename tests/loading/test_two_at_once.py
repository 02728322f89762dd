"""Two applies at once, in two processes on a real server: one writes, the other may not."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import crm_migrate
from crm_migrate.errors import PlanRefused
from crm_migrate.loading.ledger.plan_lock import Holder, ask
from crm_migrate.plan.change import Plan
from crm_migrate.plan.file.stored import open_plan
from crm_migrate.plan.file.writer import write_plan
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetSystem
from tests.faults.crm import statements
from tests.loading.killed_apply import crash_plan
from tests.loading.small_crm import NOW
from tests.loading.test_apply import run
from tests.loading.waiting_apply import PLAN_KEY, TAKEN_OVER

WRITTEN = "SELECT count(*), count(DISTINCT name) FROM accounts"


class Crm:
    """The small CRM on a server, a plan for it as a file, and an apply that waits in its midst."""

    def __init__(self, url: str, run: Any, folder: Path) -> None:
        self.url, self.run = url, run
        self.target: TargetSystem = open_target(url)
        self.file = folder / "p1.crmplan"
        write_plan(self.file, crash_plan(self.target), PLAN_KEY)
        self.plan: Plan = open_plan(self.file, PLAN_KEY)

    @contextmanager
    def other(self, batch: int) -> Iterator["subprocess.Popen[str]"]:
        """Another process that stands before that batch."""
        roots = (Path(crm_migrate.__file__).parents[1], Path(__file__).parents[2])
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.loading.waiting_apply", self.url, str(self.file),
             str(batch)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))},
        )  # fmt: skip
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "at work\n"
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(params=["mariadb", "postgres"])
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crm]:
    """Ten old customers on each server in turn, and the plan of the crash test."""
    server = importlib.import_module(f"tests.servers.{request.param}").shared_server()
    name = server.create_database()
    for statement in statements(request.param):
        server.run(name, statement)
    yield Crm(server.url(name), lambda statement: server.run(name, statement), tmp_path)
    server.drop_database(name)


def ended(process: "subprocess.Popen[str]") -> int:
    """How the other process ends once it may go on."""
    process.communicate("\n", timeout=120)
    return process.returncode


def test_the_second_is_refused_while_the_first_lives(crm: Crm) -> None:
    """The first process is alive, so the second is turned away; the first ends undisturbed."""
    with crm.other(batch=2) as first:
        with pytest.raises(PlanRefused, match="at work"):
            run(crm.plan, crm.target, limit=1.0)
        assert ended(first) == 0
    assert crm.run(WRITTEN) == [(38, 38)]


def test_another_machine_takes_over_when_the_lease_ran_out(crm: Crm) -> None:
    """Nobody knows whether a holder elsewhere lives: after its lease its fence is broken, and
    when it wakes it writes nothing more (R-5.6).
    """
    elsewhere = Holder("elsewhere/1/a")
    with crm.other(batch=2) as first:
        with pytest.raises(PlanRefused, match="at work"):
            run(crm.plan, crm.target, limit=1.0, holder=elsewhere)
        later = NOW + timedelta(minutes=6)
        applied = run(crm.plan, crm.target, limit=1.0, holder=elsewhere, clock=lambda: later)
        assert (applied.resumed, applied.state, applied.verified.ok) == (True, "done", True)
        assert ended(first) == TAKEN_OVER
    assert crm.run(WRITTEN) == [(38, 38)]
    assert crm.run("SELECT fence, state FROM crm_migrate_plan") == [(2, "done")]


def test_a_dead_process_is_followed_at_once(crm: Crm) -> None:
    """The holder's process is gone on this machine: its place is taken without waiting."""
    with crm.other(batch=2) as first:
        first.kill()
        first.wait()
        applied = run(crm.plan, crm.target, limit=1.0)
    assert (applied.resumed, applied.verified.ok) == (True, True)
    assert crm.run(WRITTEN) == [(38, 38)]


def test_paused_from_another_process(crm: Crm) -> None:
    """A request in the target's row is heeded by the process at work; then this one goes on."""
    with crm.other(batch=1) as first:
        with crm.target.transaction() as transaction:
            assert ask(transaction, "p1", "pause", Holder("elsewhere/1/a"), NOW) == "running"
        assert ended(first) == 0
        assert crm.run("SELECT state FROM crm_migrate_plan") == [("paused",)]
    assert run(crm.plan, crm.target, limit=1.0).state == "done"
    assert crm.run(WRITTEN) == [(38, 38)]
