"""Takes the plan of the crash test back in a process of its own, and dies at a given statement.

`python killed_rollback.py FILE AT`: SIGKILL just before the AT-th SQL statement or commit of the
apply; 0 runs to the end. Prints how many there were.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, event

from crm_migrate.loading.applied import Applied
from crm_migrate.loading.apply import apply
from crm_migrate.plan.change import Plan
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import COLUMNS, MAPPING, MODEL, NOW, Keys, approved, header_of
from tests.loading.test_rollback import taking_back


def back_of(target: SqliteTarget) -> Plan:
    """The plan that takes `p1` back; of that plan only its name and entities are asked for."""
    header = header_of(target, "p1")
    none = pl.DataFrame(schema={"golden_id": pl.String, "rank": pl.Int64})
    back = taking_back(Plan(header, dict.fromkeys(COLUMNS, none), {}), target)
    return replace(back, header=replace(back.header, plan_id="r1"))


def carry_out(plan: Plan, target: SqliteTarget) -> Applied:
    """Apply with batches of seven groups."""
    return apply(
        plan, target, MAPPING, Keys(), model=MODEL, approved=approved(plan), clock=lambda: NOW,
        journal=lambda _event, _objects: None, batch_groups=7, limit=1.0,
    )  # fmt: skip


def main(file: Path, at: int) -> None:
    """Plan, then apply and die."""
    target = SqliteTarget(file)
    plan = back_of(target)
    seen = 0

    def count(*_arguments: object) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    assert carry_out(plan, target).verified.ok
    print(seen)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
