"""`rollback` through the real command line: plan, apply, take back, plan again (R-6.3)."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits


def sandbox(project: Path) -> Path:
    """The sandbox's file."""
    (file,) = (f for f in project.rglob("*.db") if f.name != "state.db")
    return file


def content(project: Path) -> dict[str, list[Any]]:
    """All rows of the CRM's own tables."""
    connection = sqlite3.connect(sandbox(project))
    try:
        names = [
            n
            for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not n.startswith("crm_migrate_")
        ]
        return {
            n: sorted(connection.execute(f'SELECT * FROM "{n}"').fetchall(), key=str) for n in names
        }
    finally:
        connection.close()


def sql(project: Path, statement: str, *values: object) -> list[Any]:
    """What another program does in the CRM."""
    connection = sqlite3.connect(sandbox(project))
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


@pytest.fixture
def applied(
    command: Command, sources: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A copy of a project whose first plan was approved and applied."""
    template = tmp_path_factory.getbasetemp() / "applied"
    if not template.exists():
        making = template.with_name("applied.making")
        assert command("init", making, "--from", sources).code == 0
        assert command("-C", making, "plan").code in (0, 3)
        assert command("-C", making, "approve", "latest", "--sandbox").code == 0
        done = command("-C", making, "apply", "latest")
        assert done.code == 0, done.err
        making.rename(template)
    return Path(shutil.copytree(template, tmp_path / "project"))


def test_plan_apply_rollback_plan(command: Command, planned: Path) -> None:
    """R-6.3: the CRM is as before, and planning again proposes the very same plan."""
    before = content(planned)
    first = fits(command("-C", planned, "show", "latest", "--json"), "show")
    command("-C", planned, "approve", "latest", "--sandbox")
    command("-C", planned, "apply", "latest")
    loaded = content(planned)
    assert loaded != before
    rehearsed = fits(command("-C", planned, "rollback", "--plan", "--json"), "rollback")
    assert content(planned) == loaded
    back = fits(command("-C", planned, "rollback", "--json"), "rollback")
    assert back["effect"] == rehearsed["effect"]
    assert back["reverses"] == first["plan"]
    assert (back["kept"], back["failed"]) == (0, 0)
    assert back["reversed"] > 10
    assert back["verified"]
    assert content(planned) == before
    states = {
        p["plan"]: p["state"]
        for p in fits(command("-C", planned, "runs", "--json"), "runs")["plans"]
    }
    assert states[first["plan"]] == "rolled_back"
    report = fits(command("-C", planned, "audit", "report", "--json"), "audit-report")
    (page,) = (Path(f) for f in report["files"] if f.endswith(".html"))
    assert f"{back['plan']} took {first['plan']} back" in page.read_text("utf-8")
    again = fits(command("-C", planned, "plan", "--json"), "plan", (0, 3))
    assert again["effect"] == first["effect"]
    command("-C", planned, "approve", "latest", "--sandbox")
    command("-C", planned, "apply", "latest")
    assert content(planned) == loaded


def test_edited_customers_are_kept(command: Command, applied: Path) -> None:
    """A customer edited since is kept with all that belongs to it, and named by its golden id."""
    sql(applied, "UPDATE customer SET remark = '电话里说的' WHERE name LIKE '%青禾%'")
    ran = command("-C", applied, "rollback")
    assert ran.code == 0, ran.err
    assert "edited in the CRM since" in ran.out
    assert "青禾" not in ran.out
    assert sql(applied, "SELECT count(*) FROM customer") == [(1,)]
    states = [p["state"] for p in command("-C", applied, "runs", "--json").data["plans"]]
    assert states == ["partly_rolled_back", "applied"]


def test_one_customer_and_then_the_rest(command: Command, applied: Path) -> None:
    """--customer takes one back; the rest can follow, and a rollback can be taken back."""
    loaded = content(applied)
    golden = sql(
        applied, "SELECT golden_id FROM crm_migrate_base WHERE entity = 'customer' ORDER BY 1"
    )[0][0]
    one = fits(command("-C", applied, "rollback", "--customer", golden, "--json"), "rollback")
    assert one["by_entity"]["customer"]["reversed"] == 1
    redone = fits(command("-C", applied, "rollback", one["plan"], "--json"), "rollback")
    assert redone["reversed"] == one["reversed"]
    assert content(applied) == loaded
    rest = fits(command("-C", applied, "rollback", "--json"), "rollback")
    assert rest["kept"] == 0
    assert sql(applied, "SELECT count(*) FROM customer") == [(0,)]
    refused = command("-C", applied, "rollback", "--json")
    assert refused.data["error"]["code"]


def test_policy_asks_for_an_approval(command: Command, applied: Path) -> None:
    """Where settings say so, a rollback waits for an approval (exit 3) and is then carried out."""
    settings = applied / "crm-migrate.yaml"
    settings.write_text(settings.read_text("utf-8") + "\napproval: {rollback: approve}\n", "utf-8")
    loaded = content(applied)
    waiting = fits(command("-C", applied, "rollback", "--json"), "rollback", 3)
    assert waiting["state"] == "approvable"
    assert content(applied) == loaded
    assert command("-C", applied, "approve", waiting["plan"], "--sandbox").code == 0
    done = fits(command("-C", applied, "rollback", "--json"), "rollback")
    assert done["plan"] == waiting["plan"]
    assert done["verified"]
