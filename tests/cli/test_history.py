"""`history`: every change of a customer over all plans, rollbacks included (R-7.1)."""

import json
import shutil
from pathlib import Path

from tests.cli.command_line import Command
from tests.cli.test_rollback import applied, sql
from tests.cli.test_schemas import fits

__all__ = ["applied"]
NAME = "%青禾%"


def customer(project: Path) -> tuple[str, str]:
    """Golden id and key of one customer."""
    rows = sql(
        project,
        "SELECT b.golden_id, b.target_key FROM crm_migrate_base b JOIN customer c"
        " ON b.entity = 'customer' AND CAST(c.id AS TEXT) = b.target_key WHERE c.name LIKE ?",
        NAME,
    )
    return rows[0]


def test_the_whole_story(command: Command, applied: Path) -> None:
    """R-7.1: created by a plan, edited by people, taken back in part: who, when, before, after."""
    golden, key = customer(applied)
    told = fits(command("-C", applied, "history", key, "--json"), "history")
    assert told["golden_id"] == golden
    (step,) = told["steps"]
    assert step["planned"]["person"] == step["applied"]["person"] == "operator"
    assert [a["what"] for a in step["approved"]] == ["approve"]
    created = {(r["entity"], r["result"]) for r in step["rows"]}
    assert {("customer", "created"), ("contact", "created"), ("ticket", "created")} <= created
    contact = next(r for r in step["rows"] if r["entity"] == "contact")
    cells = {c["field"]: (c["before"], c["after"]) for c in contact["cells"]}
    assert cells["mobile"] == (None, "138****8004")
    assert not any(s["edited"] for s in told["now"])
    back = fits(command("-C", applied, "rollback", "--customer", golden, "--json"), "rollback")
    assert back["kept"] == 0
    told = fits(command("-C", applied, "history", golden, "--json"), "history")
    undone = told["steps"][1]
    assert (undone["kind"], undone["reverses"]) == ("rollback", step["plan"])
    gone = next(r for r in undone["rows"] if r["entity"] == "contact")
    assert gone["result"] == "deleted"
    assert ("138****8004", None) in {(c["before"], c["after"]) for c in gone["cells"]}
    assert told["now"] == []


def test_edits_of_people_are_seen_but_not_told(command: Command, applied: Path) -> None:
    """A row that is not as the last plan left it says so; who did it the CRM's own log knows."""
    golden, key = customer(applied)
    sql(applied, "UPDATE customer SET remark = '电话里说的' WHERE id = ?", key)
    told = command("-C", applied, "history", golden, "--json").data
    assert {s["entity"]: s["edited"] for s in told["now"]}["customer"] is True
    assert any("CRM's own log" in line for line in told["unknown"])


def test_without_runs_and_plan_files(command: Command, applied: Path) -> None:
    """Runs destroyed, plan files gone: the target and the journal still tell what they know."""
    golden, _ = customer(applied)
    shutil.rmtree(applied / ".crm-migrate" / "runs")
    whole = fits(command("-C", applied, "history", golden, "--json"), "history")
    assert whole["steps"][0]["rows"][0]["cells"]
    for plan in applied.rglob("*.crmplan"):
        plan.unlink()
    told = fits(command("-C", applied, "history", golden, "--json"), "history")
    (step,) = told["steps"]
    assert step["planned"]["person"] == "operator"
    assert {r["unknown"] for r in step["rows"] if r["result"] == "created"} == {"after"}
    assert any("file of plan" in line for line in told["unknown"])


def test_clear_values_are_journaled(command: Command, applied: Path) -> None:
    """--clear needs a role that may export, and leaves a line in the journal."""
    golden, _ = customer(applied)
    told = command("-C", applied, "history", golden, "--clear", "--as", "operator", "--json").data
    cells = [c for r in told["steps"][0]["rows"] for c in r["cells"] if c["field"] == "mobile"]
    assert "13800138004" in {c["after"] for c in cells}
    (journal,) = applied.rglob("journal.jsonl")
    events = [json.loads(line)["event"] for line in journal.read_text("utf-8").splitlines()]
    assert "history.shown" in events
