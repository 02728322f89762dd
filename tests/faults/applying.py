"""Applies a plan file in a process of its own: `python -m tests.faults.applying URL PLANFILE`.

So that it can be killed. Ends with 0 when the plan was carried out to its end.
"""

import sys
from pathlib import Path

from crm_migrate.loading.applied import Applied
from crm_migrate.loading.apply import apply
from crm_migrate.plan.change import Plan
from crm_migrate.plan.file.stored import open_plan
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetSystem
from tests.loading.small_crm import MAPPING, MODEL, NOW, Keys, approved

PLAN_KEY = b"p" * 32
BATCH = 7


def carry_out(plan: Plan, target: TargetSystem) -> Applied:
    """One attempt."""
    return apply(
        plan, target, MAPPING, Keys(), model=MODEL, approved=approved(plan), clock=lambda: NOW,
        journal=lambda _event, _objects: None, batch_groups=BATCH, limit=1.0,
    )  # fmt: skip


if __name__ == "__main__":
    applied = carry_out(open_plan(Path(sys.argv[2]), PLAN_KEY), open_target(sys.argv[1]))
    assert applied.adds_up
    assert applied.verified.ok
