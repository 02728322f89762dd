"""A project spoken to in JSON, two stewards of two departments, and their workbooks."""

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema
from msoffcrypto import OfficeFile
from openpyxl import Workbook, load_workbook

from crm_migrate.stages.bare.table_files import protect
from tests.cli.command_line import Command, Ran

SCHEMAS = Path(__file__).parents[2] / "docs" / "json"
PASSWORD = "ein langer Satz"
PEOPLE = ("li:steward:李:销售一部", "wang:steward:王:销售二部")


class Project:
    """A project in a folder, spoken to in JSON."""

    def __init__(self, command: Command, root: Path) -> None:
        self.command, self.root = command, root

    def run(self, *arguments: str) -> Ran:
        return self.command("-C", self.root, *arguments, "--json")

    def ok(self, *arguments: str, schema: str | None = None) -> dict[str, Any]:
        done = self.run(*arguments)
        assert done.code in (0, 3), done.err
        if schema is not None:
            text = (SCHEMAS / f"{schema}.schema.json").read_text("utf-8")
            jsonschema.Draft202012Validator(json.loads(text)).validate(done.data)
        return done.data

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.root / "sandbox.db") as crm:
            found = crm.execute(query).fetchall()
        crm.close()
        return found

    def load(self) -> dict[str, Any]:
        """Plan, approve and apply."""
        planned = self.ok("plan", "--as", "operator")
        self.ok("approve", "latest", "--sandbox", "--as", "operator")
        assert self.ok("apply", "latest", "--as", "operator")["verified"]
        return planned


def opened(path: Path) -> Workbook:
    clear = io.BytesIO()
    with path.open("rb") as file:
        book = OfficeFile(file)
        book.load_key(password=PASSWORD)
        book.decrypt(clear)
    return load_workbook(clear)


def kept(path: Path, book: Workbook) -> None:
    data = io.BytesIO()
    book.save(data)
    path.write_bytes(protect(data.getvalue(), PASSWORD))


def planned(command: Command, folder: Path, rows: str) -> Project:
    """A project made of one list, with both stewards, after its first plan."""
    (folder / "list.csv").write_text(rows, "utf-8")
    made = command("init", folder / "p", "--from", folder / "list.csv")
    assert made.code == 0, made.err
    project = Project(command, folder / "p")
    for person in PEOPLE:
        project.ok("keys", "add-person", person, "--by", "operator", "--no-passphrase")
    project.ok("plan", "--as", "operator")
    return project
