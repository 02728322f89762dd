"""`reconcile` on a rehearsed project: every cell of every source record beside the CRM."""

import sqlite3
from pathlib import Path

import fastexcel

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits


def applied(command: Command, project: Path) -> None:
    """Planned, approved, applied."""
    for words in (("plan",), ("approve", "latest", "--sandbox"), ("apply", "latest")):
        done = command("-C", project, *words, "--json")
        assert done.code in (0, 3), done.err


def test_reconciled_row_by_row(command: Command, project: Path, tmp_path: Path) -> None:
    """R-6.6: after an apply every record stands in the CRM and every cell is accounted for."""
    applied(command, project)
    out = tmp_path / "reconciliation.xlsx"
    found = fits(command("-C", project, "reconcile", "--out", out, "--json"), "reconcile")
    assert (found["adds_up"], found["explained"]) == (True, True)
    customer = found["entities"]["customer"]
    assert customer["rows"] == {"loaded": customer["records"]}
    cells = customer["cells"]
    assert sum(cells.values()) == customer["filled"]
    assert cells["equal"] + cells["standardized"] > 0
    assert cells["edited_since"] == 0
    book = fastexcel.read_excel(out.read_bytes())
    assert len(book.sheet_names) == 1 + 2 * len(found["entities"])


def test_an_edit_shows_masked(command: Command, project: Path, tmp_path: Path) -> None:
    """What somebody edits afterwards is counted apart, exits with 3, and is listed masked."""
    applied(command, project)
    with sqlite3.connect(project / "sandbox.db") as crm:
        names = [name for (name,) in crm.execute("SELECT name FROM customer")]
        crm.execute("UPDATE customer SET name = '秘密改名有限公司' WHERE name = ?", (names[0],))
    crm.close()
    out = tmp_path / "reconciliation.xlsx"
    found = fits(command("-C", project, "reconcile", "--out", out, "--json"), "reconcile", 3)
    assert not found["explained"]
    assert found["entities"]["customer"]["cells"]["edited_since"] >= 1
    assert found["adds_up"]


def test_before_any_apply(command: Command, planned: Path) -> None:
    """A plan that was not applied: nothing is in the CRM, and the report says so."""
    found = fits(command("-C", planned, "reconcile", "--json"), "reconcile", 3)
    customer = found["entities"]["customer"]
    assert customer["rows"] == {"not_applied": customer["records"]}
    assert customer["cells"]["missing"] + customer["cells"]["not_mapped"] == customer["filled"]
