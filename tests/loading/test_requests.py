"""Pause, go on, cancel: from this process and from another one."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_migrate.errors import PlanRefused
from crm_migrate.loading.ledger.plan_lock import Holder, Request, State, ask, plan_state
from crm_migrate.loading.outcome import outcome
from crm_migrate.plan.change import Plan
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import MAPPING, MODEL, NOW, Keys, plan_of, sql
from tests.loading.test_apply import company, run


def six(target: SqliteTarget) -> Plan:
    """Six customers, each a group of its own."""
    return plan_of(target, {"customer": [company(f"c{n}", f"第{n}号厂") for n in range(6)]})


def requested(target: SqliteTarget, request: Request, holder: Holder | None = None) -> State:
    """What another process asks for."""
    with target.transaction() as transaction:
        return ask(transaction, "p1", request, holder or Holder("other/9/z"), NOW)


def meanwhile(target: SqliteTarget, request: Request, at: int) -> Any:
    """A journal that lets somebody ask while batch `at` is to begin."""

    def journal(event: str, objects: Mapping[str, Any]) -> None:
        if event == "apply.batch.intent" and objects["batch"] == at:
            assert requested(target, request) == "running"

    return journal


def test_paused_and_gone_on(target: SqliteTarget, file: Path) -> None:
    """Asked from elsewhere: what is begun is finished, the same command does the rest, once."""
    plan = six(target)
    first = run(plan, target, batch_groups=2, journal=meanwhile(target, "pause", 1))
    assert (first.state, first.why, first.counts["customer"].created) == ("paused", "pause", 2)
    assert first.adds_up
    assert first.left["reason"].unique().to_list() == ["not_reached"]
    with target.reading() as reader:
        assert plan_state(reader, "p1") == "paused"
    second = run(plan, target, batch_groups=2)
    assert (second.state, second.resumed, second.verified.rows) == ("done", True, 6)
    assert sql(file, "SELECT count(*), max(id) FROM accounts") == [(6, 6)]


def test_paused_by_the_one_at_work(target: SqliteTarget, file: Path) -> None:
    """Ctrl-C is heeded before the next batch (`asked`)."""
    plan = six(target)
    answers = iter([None, "pause"])
    applied = run(plan, target, batch_groups=2, asked=lambda: next(answers))
    assert (applied.state, applied.counts["customer"].created) == ("paused", 2)
    assert run(plan, target).counts["customer"].created == 6


def test_cancelled_is_used_up(target: SqliteTarget, file: Path) -> None:
    """What is done stands and is read back; the rest is listed; the plan is used."""
    plan = six(target)
    applied = run(plan, target, batch_groups=2, journal=meanwhile(target, "cancel", 2))
    assert (applied.state, applied.why, applied.verified.ok) == ("cancelled", "cancel", True)
    assert (applied.counts["customer"].created, applied.left.height) == (4, 2)
    assert applied.adds_up
    with pytest.raises(PlanRefused, match="applied already"):
        run(plan, target)
    with pytest.raises(PlanRefused, match="applied already"):
        requested(target, "pause")


def test_cancelled_while_nobody_is_at_work(target: SqliteTarget, file: Path) -> None:
    """A paused plan is cancelled at once, and the outcome is rebuilt from the target alone."""
    plan = six(target)
    run(plan, target, batch_groups=2, journal=meanwhile(target, "pause", 1))
    assert requested(target, "cancel") == "cancelled"
    found = outcome(plan, target, MAPPING, Keys(), model=MODEL)
    assert (found.state, found.counts["customer"].created, found.adds_up) == ("cancelled", 2, True)


def test_a_dead_apply_is_paused_in_its_place(target: SqliteTarget, file: Path) -> None:
    """Where the holder is gone the request takes effect; should it live, its fence is broken."""
    plan = six(target)
    dead = Holder("other/9/z", alive=lambda _other: False)

    def journal(event: str, objects: Mapping[str, Any]) -> None:
        if event == "apply.batch.intent" and objects["batch"] == 1:
            assert requested(target, "pause", dead) == "paused"

    with pytest.raises(PlanRefused, match="at work"):
        run(plan, target, batch_groups=2, journal=journal)
    assert sql(file, "SELECT count(*) FROM accounts") == [(2,)]
    assert run(plan, target).state == "done"


def test_a_cancel_is_not_forgotten(target: SqliteTarget, file: Path) -> None:
    """A pause asked for later does not replace a cancel; nor does an apply that takes over."""
    plan = six(target)

    def journal(event: str, objects: Mapping[str, Any]) -> None:
        if event == "apply.batch.intent" and objects["batch"] == 1:
            requested(target, "cancel")
            requested(target, "pause")
            taken = run(plan, target, holder=Holder("y/2/b"), clock=lambda: later)
            assert taken.state == "cancelled"

    later = NOW + timedelta(hours=1)
    with pytest.raises(PlanRefused):
        run(plan, target, batch_groups=2, journal=journal, holder=Holder("x/1/a"))
    assert sql(file, "SELECT count(*) FROM accounts") == [(2,)]
