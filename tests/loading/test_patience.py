"""What may pass is waited out; what does not pass stops apply: limits, and no wait for ever."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.loading.patience import Patience
from crm_migrate.systems.sqlite.target import SqliteTarget
from crm_migrate.systems.target import TransientFault
from tests.loading.small_crm import insert, plan_of, sql
from tests.loading.test_apply import company, first_plan, run


def test_a_lock_is_waited_out(target: SqliteTarget, file: Path) -> None:
    """Somebody holds the CRM while a batch begins: apply waits longer each time, then goes on."""
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    waits: list[float] = []
    events: list[str] = []

    def journal(event: str, objects: Mapping[str, Any]) -> None:
        events.append(event)
        if event == "apply.batch.intent":
            other.execute("BEGIN IMMEDIATE")

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            other.execute("COMMIT")

    patience = Patience(first=1.0, sleep=sleep, chance=lambda: 0.5)
    applied = run(first_plan(target), target, journal=journal, patience=patience)
    other.close()
    assert waits == [0.75, 1.5, 3.0]
    assert events.count("apply.retry") == 3
    assert (applied.state, applied.verified.ok) == ("done", True)


def test_not_for_ever(target: SqliteTarget, file: Path) -> None:
    """After the last try apply stops with the fault, and can be taken up again."""
    plan = first_plan(target)
    other = sqlite3.connect(file, isolation_level=None)

    def journal(event: str, objects: Mapping[str, Any]) -> None:
        if event == "apply.batch.intent":
            other.execute("BEGIN IMMEDIATE")

    with pytest.raises(TransientFault, match="locked"):
        run(plan, target, journal=journal)
    other.execute("ROLLBACK")
    other.close()
    assert run(plan, target).verified.ok


def test_waits_grow_and_are_spread() -> None:
    """The wait doubles up to the longest, each between half and the whole of it."""
    for chance, factor in ((0.0, 0.5), (1.0, 1.0)):
        waits: list[float] = []
        patience = Patience(5, 1.0, 6.0, waits.append, lambda chance=chance: chance)
        fault = TransientFault("deadlock", Text("somebody else", "他人"))
        for tried in range(5):
            patience.wait(fault, tried, lambda _fault, _tried: None)
        assert waits == [w * factor for w in (1.0, 2.0, 4.0, 6.0, 6.0)]
        with pytest.raises(TransientFault):
            patience.wait(fault, 5, lambda _fault, _tried: None)


def test_too_many_refusals_stop_it(target: SqliteTarget, file: Path) -> None:
    """More refused groups than the failure limit: apply stops there, and the rest is listed."""
    customers = [insert(f"c{n:02}", name=f"第{n}号厂", kind="不在词表") for n in range(20)]
    plan = plan_of(target, {"customer": customers})
    applied = run(plan, target, batch_groups=1, failure_limit=0.3)
    assert (applied.state, applied.why) == ("stopped", "failed")
    counts = applied.counts["customer"]
    assert (counts.failed, counts.skipped) == (7, 13)
    assert applied.adds_up


def test_a_few_refusals_are_put_up_with(target: SqliteTarget, file: Path) -> None:
    """Five refused groups stop no plan, unless none are allowed."""
    customers = [insert(f"c{n}", name=f"第{n}号厂", kind="不在词表") for n in range(5)]
    customers.append(company("c9", "好厂"))
    assert run(plan_of(target, {"customer": customers}), target).state == "done"
    again = plan_of(target, {"customer": customers[:3]}, name="p2")
    strict = run(again, target, batch_groups=1, failure_limit=0.0)
    assert (strict.state, strict.counts["customer"].failed) == ("stopped", 1)


def test_triggers_stay_on_where_they_cannot_be_silenced(target: SqliteTarget, file: Path) -> None:
    """SQLite can't: refused before anything is written, with what to do."""
    with pytest.raises(PlanRefused, match="triggers") as refused:
        run(first_plan(target), target, triggers=False)
    assert refused.value.remedy is not None
    assert sql(file, "SELECT count(*) FROM sqlite_master WHERE name LIKE 'crm_migrate_%'") == [(0,)]
