"""Applies the plan of the crash test in a process of its own, and dies at a given statement.

`python killed_apply.py FILE AT`: SIGKILL just before the AT-th SQL statement or commit;
0 runs to the end. Prints how many there were.
"""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Engine, event

from crm_migrate.loading.apply import apply
from crm_migrate.plan.change import Plan
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import MAPPING, MODEL, NOW, Keys, approved, insert, plan_of, update

EXISTING = 10
ROWS = ", ".join(f"({n}, '第{n}老客户', {n})" for n in range(1, EXISTING + 1))


def crash_plan(target: SqliteTarget) -> Plan:
    """40 groups: updates of old rows, new customers with children, daughters, a poison row."""
    customers = [update(f"u{n}", str(n), budget=str(n * 100)) for n in range(1, EXISTING + 1)]
    contacts = []
    contracts = []
    for n in range(30):
        golden = f"c{n:02}"
        kind = "不在词表" if n == 18 else "成交客户"
        later = n % 5 == 4
        parent = f"@c{n - 1:02}" if later else None
        row = insert(golden, name=f"第{n}号新客户", kind=kind, parent_id=parent)
        customers.append(row | {"rank": 2 if later else 1})
        contacts.append(
            insert(f"k{n}", golden, 2 if later else 1, account_id=f"@{golden}", name=f"测试{n}")
        )
        if n % 3 == 0:
            contracts.append(
                insert(f"t{n}", golden, 2 if later else 1, account_id=f"@{golden}", amount=str(n))
            )
    return plan_of(target, {"customer": customers, "contact": contacts, "contract": contracts})


def main(file: Path, at: int) -> None:
    """Apply with batches of seven groups."""
    target = SqliteTarget(file)
    plan = crash_plan(target)
    seen = 0

    def count(*_arguments: object) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    applied = apply(
        plan, target, MAPPING, Keys(), model=MODEL, approved=approved(plan), clock=lambda: NOW,
        journal=lambda _event, _objects: None, batch_groups=7, limit=1.0,
    )  # fmt: skip
    assert applied.adds_up
    assert applied.verified.ok
    print(seen)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
