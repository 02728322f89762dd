"""A rollback killed in the middle goes on by the same command (ask 3, ask 9)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import crm_migrate
from tests.cli.command_line import Command
from tests.cli.test_rollback import applied, content, sql
from tests.cli.test_schemas import fits

__all__ = ["applied"]

KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from crm_migrate.cli.app import main
def count(*arguments):
    statement = arguments[2]
    if statement.startswith(("DELETE FROM customer", "DELETE FROM \\"customer")):
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(Engine, "before_cursor_execute", count)
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_and_called_again(command: Command, applied: Path) -> None:
    """SIGKILL inside of the transaction that deletes: the next call finishes the same plan."""
    loaded = content(applied)
    environment = {**os.environ, "PYTHONPATH": str(Path(crm_migrate.__file__).parents[1])}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, "-C", str(applied), "rollback", "--json"],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert killed.returncode == -9, killed.stderr
    assert content(applied) == loaded  # nothing half done
    states = {p["plan"]: p["state"] for p in command("-C", applied, "runs", "--json").data["plans"]}
    (begun,) = (plan for plan, state in states.items() if plan.startswith("R"))
    done = fits(command("-C", applied, "rollback", "--json"), "rollback")
    assert done["plan"] == begun
    assert done["verified"]
    assert sql(applied, "SELECT count(*) FROM customer") == [(0,)]
    states = {p["plan"]: p["state"] for p in command("-C", applied, "runs", "--json").data["plans"]}
    assert sorted(states.values()) == ["applied", "rolled_back"]
