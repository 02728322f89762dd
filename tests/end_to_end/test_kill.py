"""`apply` is killed hard at ten places, run again, and nothing is lost and nothing done twice."""

import random

import pytest

from tests.end_to_end.conftest import OPERATOR, Demo
from tests.end_to_end.contents import business_rows, rows

APPLY = ("apply", "latest", "--as", OPERATOR)
TIMES = {"at", "used_at", "seen_at", "started_at", "finished_at", "holder", "fence"}
POINTS = 10


@pytest.fixture(scope="module")
def steps(small: Demo) -> int:
    """How many files and databases an undisturbed `apply` opens to write."""
    small.at("approved")
    whole = small.killed(str(small.root), 0, 0, *APPLY)
    assert whole.code == 0, whole.said
    return int(whole.said.strip().rsplit("\n", 1)[-1])


@pytest.mark.parametrize("point", range(POINTS))
def test_killed_apply_goes_on(small: Demo, steps: int, point: int) -> None:
    """R-5.6: killed anywhere and run again, the same business rows and base rows come out."""
    chance = random.Random(1000 + point)
    part = steps / POINTS
    number = 1 + int(part * (point + chance.random()))
    small.at("approved")
    whole = small.snapshots / "applied" / "crm" / "crm.db"
    dead = small.killed(str(small.root), number, chance.uniform(0, 15), *APPLY)
    if dead.code == 0:  # the delay outlived the last step
        assert number > 0.8 * steps
    else:
        assert dead.code == -9, dead.said
        again = small.run(*APPLY)
        refused = again.code == 1 and again.error["code"] == "refused"
        assert again.code == 0 or (refused and number > 0.8 * steps), again.said
    assert business_rows(small.target) == business_rows(whole)
    for table in ("crm_migrate_base", "crm_migrate_ledger", "crm_migrate_approval"):
        assert rows(small.target, table, without=TIMES) == rows(whole, table, without=TIMES), table
    assert small.ok("audit", "verify")["result"] == "OK"
