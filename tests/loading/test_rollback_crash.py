"""A rollback killed anywhere goes on where it was: each row is taken back once (ask 3)."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import crm_migrate
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.killed_apply import crash_plan
from tests.loading.killed_rollback import back_of, carry_out
from tests.loading.small_crm import sql
from tests.loading.test_crash import STATE, crm, resume

POINTS = 6


def attempt(file: Path, at: int) -> subprocess.CompletedProcess[str]:
    """Take back in a process of its own that dies at a statement (0: never)."""
    folders = (Path(crm_migrate.__file__).parents[1], Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-m", "tests.loading.killed_rollback", str(file), str(at)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
    )


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_at_random_points_then_resumed(tmp_path: Path) -> None:
    """SIGKILL at random statements and commits: the resumed result is the undisturbed one."""
    file = crm(tmp_path / "crm")
    start = [sql(file, query) for query in STATE[:3]]
    resume(file, crash_plan(SqliteTarget(file)))
    sql(file, "UPDATE accounts SET department = '人工' WHERE id IN (3, 20)")
    loaded = tmp_path / "loaded.db"
    shutil.copy(file, loaded)
    back = back_of(SqliteTarget(file))
    whole = attempt(file, 0)
    assert whole.returncode == 0, whole.stderr
    expected = [sql(file, query) for query in STATE]
    assert expected[0] != start[0]  # the two that were edited are kept
    for point in random.Random(4).sample(range(2, int(whole.stdout)), POINTS):
        shutil.copy(loaded, file)
        assert attempt(file, point).returncode == -9, point
        applied = carry_out(back, SqliteTarget(file))
        assert applied.adds_up
        assert applied.verified.ok
        assert [sql(file, query) for query in STATE] == expected, f"killed at {point}"
