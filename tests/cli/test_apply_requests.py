"""Pause, go on and cancel by the command line."""

import sqlite3
from pathlib import Path

import pytest

from crm_migrate.pipeline import apply_plan, open_session
from crm_migrate.project import load_project
from tests.cli.command_line import Command
from tests.cli.test_schemas import fits


@pytest.fixture
def paused(command: Command, planned: Path) -> Path:
    """A project whose approved plan was paused before its first batch."""
    assert command("-C", planned, "approve", "latest", "--sandbox").code == 0
    session = open_session(load_project(planned), ask=lambda _prompt: "")
    try:
        done = apply_plan(session, "latest", asked=lambda: "pause")
    finally:
        session.close()
    assert (done.applied.state, done.ok, done.complete) == ("paused", True, False)
    assert not done.facts.verified
    return planned


def customers(project: Path) -> int:
    """Rows of the CRM."""
    with sqlite3.connect(project / "sandbox.db") as crm:
        ((count,),) = crm.execute("SELECT count(*) FROM customer").fetchall()
    crm.close()
    return int(count)


def test_goes_on_from_a_pause(command: Command, paused: Path) -> None:
    """Asked again while nobody is at work, it stays paused; the same command does the rest."""
    asked = fits(command("-C", paused, "apply", "latest", "--pause", "--json"), "apply-request")
    assert (asked["state"], asked["asked"]) == ("paused", "pause")
    done = fits(command("-C", paused, "apply", "latest", "--json"), "apply")
    assert (done["state"], done["resumed"], done["verified"]) == ("done", True, True)
    assert customers(paused) == done["applied"]["customer"]["created"]


def test_cancelled_is_used_up(command: Command, paused: Path) -> None:
    """What was not reached is listed; the plan cannot be applied any more, a new one can."""
    asked = fits(command("-C", paused, "apply", "latest", "--cancel", "--json"), "apply-request")
    assert asked["state"] == "cancelled"
    fits(command("-C", paused, "apply", asked["plan"], "--cancel", "--json"), "error", 1)
    assert {left["reason"] for left in asked["left"]} == {"not_reached"}
    assert customers(paused) == 0
    refused = command("-C", paused, "apply", asked["plan"], "--json")
    assert refused.code == 1
    assert fits(command("-C", paused, "plan", "--json"), "plan", (0, 3))["state"] == "approvable"


def test_only_what_was_begun_is_cancelled(command: Command, planned: Path) -> None:
    """A plan that nobody has begun is rejected instead, and the message says so."""
    refused = fits(command("-C", planned, "apply", "latest", "--cancel", "--json"), "error", 1)
    assert "reject" in refused["error"]["remedy"]
