"""Traces and histories name people's words for rows, actions and what they refer to."""

import sqlite3
from contextlib import closing
from pathlib import Path

from crm_migrate.project import load_project
from tests.cli.command_line import CUSTOMERS, Command


def test_references_and_results_have_names(command: Command, planned: Path) -> None:
    """R-7.1: the contact's customer is called by name, masked for who may not see it; the ledger's
    results are words.
    """
    command("-C", planned, "approve", "latest", "--sandbox")
    assert command("-C", planned, "apply", "latest").code == 0
    at = ("-C", planned, "trace", "--entity", "contact", "--row", "sales.xlsx:客户:4")
    golden = command(*at, "--json").data
    (cell,) = [c for c in golden["cells"] if c["field"] == "customer"]
    assert cell["value"].endswith(")")
    assert "@" not in cell["value"]
    assert CUSTOMERS[2][1] not in cell["value"] or "*" not in cell["value"]
    told = command(*at).out
    assert "created" in told
    customer = command("-C", planned, "trace", "--row", "sales.xlsx:客户:4", "--json").data
    history = command("-C", planned, "history", customer["golden_id"])
    assert f"({customer['golden_id'][:12]})" in history.out


def test_a_double_is_found_by_its_own_code(command: Command, project: Path) -> None:
    """R-3.2: the code of a row that stands double in the CRM leads to the customer."""
    _, name, uscc, *_ = CUSTOMERS[2]
    with closing(sqlite3.connect(project / "sandbox.db")) as connection:
        for key, code in ((901, "C-901"), (902, "C-902")):
            connection.execute(
                "INSERT INTO customer (id, name, uscc, phone, customer_code)"
                " VALUES (?, ?, ?, '0592-5530002', ?)",
                (key, name, uscc or None, code),
            )
        connection.commit()
    assert command("-C", project, "plan", "--json").code in (0, 3)
    found = [command("-C", project, "trace", code, "--json") for code in ("C-901", "C-902")]
    assert [f.code for f in found] == [0, 0]
    assert len({f.data["golden_id"] for f in found}) == 1


def test_another_user_is_no_other_project(project: Path) -> None:
    """Who enters the CRM is no part of what a plan is bound to; where it lies is."""
    settings = project / "crm-migrate.yaml"
    text = settings.read_text("utf-8")

    def digest(url: str) -> str:
        settings.write_text(text.replace("sqlite:///sandbox.db", url), "utf-8")
        return load_project(project).digest

    reader = digest("postgresql://reader:${A}@db/crm")
    assert digest("postgresql://writer:${B}@db/crm") == reader
    assert digest("postgresql://db/crm") == reader
    assert digest("postgresql://reader:${A}@db/other") != reader
