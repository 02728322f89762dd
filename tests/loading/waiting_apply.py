"""Applies a plan file in a process of its own and waits between two transactions.

`python -m tests.loading.waiting_apply URL PLANFILE BATCH`: prints a line when batch BATCH is to
begin, and goes on when it reads one. Exits with 7 when another apply has taken over meanwhile.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from crm_migrate.errors import PlanRefused
from crm_migrate.loading.apply import apply
from crm_migrate.plan.file.stored import open_plan
from crm_migrate.systems.opening import open_target
from tests.loading.small_crm import MAPPING, MODEL, NOW, Keys, approved

PLAN_KEY = b"p" * 32
TAKEN_OVER = 7


def main(url: str, file: Path, batch: int) -> int:
    """Apply with batches of seven groups."""
    plan = open_plan(file, PLAN_KEY)

    def journal(event: str, objects: Mapping[str, object]) -> None:
        if event == "apply.batch.intent" and objects["batch"] == batch:
            print("at work", flush=True)
            sys.stdin.readline()

    try:
        apply(
            plan, open_target(url), MAPPING, Keys(), model=MODEL, approved=approved(plan),
            clock=lambda: NOW, journal=journal, batch_groups=7, limit=1.0,
        )  # fmt: skip
    except PlanRefused:
        return TAKEN_OVER
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
