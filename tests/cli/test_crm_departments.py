"""Departments that stand only in the CRM count, too: for pilots and for who must approve."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command_line import CUSTOMERS, Command

_, NAME, USCC, *_ = CUSTOMERS[0]


@pytest.fixture
def standing(project: Path) -> Path:
    """The sources name no department; the CRM holds one customer of 销售一部."""
    with closing(sqlite3.connect(project / "sandbox.db")) as connection:
        connection.execute(
            "INSERT INTO customer (id, name, uscc, department) VALUES (900, ?, ?, '销售一部')",
            (NAME, USCC),
        )
        connection.commit()
    return project


def test_a_pilot_finds_the_crms_departments(command: Command, standing: Path) -> None:
    """R-6.2: a customer whose department stands only in the CRM is part of that pilot."""
    made = command("-C", standing, "plan", "--pilot", "department=销售一部", "--json")
    assert made.code in (0, 3), made.err
    counts = made.data["counts"]["customer"]
    assert (counts["insert"], counts["update"]) == (0, 1)
    unknown = command("-C", standing, "plan", "--pilot", "department=销售九部", "--json")
    assert unknown.code == 2
    assert "销售一部" in unknown.data["error"]["remedy"]


def test_each_department_of_the_crm_approves(command: Command, standing: Path) -> None:
    """R-7.6: `each_affected` asks the CRM's department of a customer that the plan changes."""
    settings = standing / "crm-migrate.yaml"
    policy = "approval: {levels: [{departments: each_affected}]}\n"
    settings.write_text(settings.read_text("utf-8") + policy, "utf-8")
    assert command("-C", standing, "plan", "--json").code in (0, 3)
    assert "销售一部" in command("-C", standing, "show", "latest", "--json").out
