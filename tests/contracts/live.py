"""Real systems for the contract suite: each with the same schema and nothing in it."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetSystem

SCHEMA = (
    "CREATE TABLE departments (name VARCHAR(20) PRIMARY KEY)",
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(30) NOT NULL,"
    " kind VARCHAR(10) CHECK (kind IN ('甲', '乙')), amount DECIMAL(12, 2), born DATE,"
    " department VARCHAR(20) REFERENCES departments (name), active INTEGER DEFAULT 1,"
    " UNIQUE (name, born))",
)


@dataclass(frozen=True)
class Live:
    """A target and another program beside it."""

    target: TargetSystem
    run: Callable[[str], Sequence[tuple[object, ...]]]
    files: Callable[[], set[str]]
    """What planning could leave behind: files beside the database, or tables in it."""


def sqlite_file(folder: Path) -> Live:
    """SQLite, in a file of its own."""
    file = folder / "crm.db"

    def run(statement: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(file)
        try:
            with connection:
                return connection.execute(statement).fetchall()
        finally:
            connection.close()

    for statement in SCHEMA:
        run(statement)
    return Live(
        open_target("sqlite:///crm.db", folder=folder),
        run,
        lambda: {p.name for p in folder.iterdir()},
    )
