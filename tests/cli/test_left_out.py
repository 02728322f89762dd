"""Soft-deleted rows of the CRM: nobody's customers, though the CRM's unique keys count them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from openpyxl import load_workbook

from crm_migrate.plan.target.left_out import left_out
from crm_migrate.project.mapping_file import LeftOut
from tests.cli.command_line import CUSTOMERS, Command

_, NAME, USCC, *_ = CUSTOMERS[0]


def change(project: Path, *statements: str) -> None:
    """What people do in the CRM meanwhile."""
    with closing(sqlite3.connect(project / "sandbox.db")) as connection:
        connection.executescript(";".join(statements))


def leave_out(project: Path, rule: str) -> None:
    """Write the rule into the customers' part of the target mapping."""
    mapping = project / "mappings" / "target.yaml"
    head, found, rest = mapping.read_text("utf-8").partition("    table: customer\n")
    mapping.write_text(f"{head}{found}    left_out: {rule}\n{rest}", "utf-8")


def customers(command: Command, project: Path) -> dict[str, int]:
    done = command("-C", project, "plan", "--json")
    assert done.code in (0, 3), done.err
    found: dict[str, int] = done.data["counts"]["customer"]
    return found


def test_a_soft_deleted_customer_is_nobodys(command: Command, project: Path) -> None:
    """The sources' customer is new, the deleted row stays as it is, and the findings name it by
    its key; where a unique key counts it, the new one waits (what users ask, 8).
    """
    change(
        project,
        "ALTER TABLE customer ADD COLUMN deleted_at TEXT",
        "INSERT INTO customer (id, name, uscc, deleted_at)"
        f" VALUES (900, '{NAME}', '{USCC}', '2026-01-02')",
    )
    counted = customers(command, project)
    leave_out(project, "{column: deleted_at, when: filled}")
    apart = customers(command, project)
    assert (counted["update"], apart["update"]) == (1, 0)
    assert (counted["insert"] + 1, counted["golden"]) == (apart["insert"], apart["golden"])
    books = sorted(project.rglob("findings.xlsx"), key=lambda path: path.stat().st_mtime)
    sheets = load_workbook(books[-1])
    assert "900" in {str(cell.value) for sheet in sheets for row in sheet for cell in row}
    shown = command("-C", project, "show", "latest")
    assert "deleted rows among them" in shown.out
    change(project, "CREATE UNIQUE INDEX by_uscc ON customer (uscc)")
    assert customers(command, project)["skip"] == 1


def test_what_people_delete_softly_is_gone(command: Command, project: Path) -> None:
    """A row that we loaded and people deleted softly counts as deleted: it is not loaded again."""
    change(project, "ALTER TABLE customer ADD COLUMN state TEXT DEFAULT 'active'")
    leave_out(project, "{column: state, when: [deleted, archived]}")
    customers(command, project)
    assert command("-C", project, "approve", "latest", "--sandbox", "--json").code == 0
    assert command("-C", project, "apply", "latest", "--json").code == 0
    change(project, f"UPDATE customer SET state = 'deleted' WHERE uscc = '{USCC}'")
    again = customers(command, project)
    assert (again["insert"], again["update"], again["skip"]) == (0, 0, 1)


@pytest.mark.parametrize(
    ("when", "cells", "expected"),
    [
        ("filled", ["2026-01-01", None, "", "0000-00-00 00:00:00"], [True, False, False, False]),
        ("empty", ["1", None, " "], [False, True, True]),
        (("true",), ["1", "t", "0", None], [True, True, False, False]),
        (("gone", "test"), ["gone", "kept", None], [True, False, False]),
    ],
)
def test_which_rows(when: str, cells: list[str | None], expected: list[bool]) -> None:
    """Filled, empty, or one of some values; systems spell true and empty dates in many ways."""
    rows = pl.DataFrame({"x": cells}, schema={"x": pl.String})
    policy = LeftOut.model_validate({"column": "x", "when": when})
    assert left_out(policy, rows, None, lambda _info, values: values).to_list() == expected
