"""What a target and a run hold, read back for comparison."""

import sqlite3
from collections.abc import Collection
from contextlib import AbstractContextManager, closing
from pathlib import Path

import polars as pl

Rows = list[tuple[object, ...]]

OWN_TABLES = "crm_migrate_"
"""How our own tables in a target begin."""


def tables(target: Path) -> list[str]:
    """All tables of a SQLite file."""
    with _reading(target) as database:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        return [str(name) for (name,) in database.execute(query)]


def business_rows(target: Path) -> dict[str, Rows]:
    """The rows of the CRM's own tables, keys included, without the time stamps of its triggers."""
    names = (n for n in tables(target) if not n.startswith((OWN_TABLES, "sqlite_")))
    return {name: rows(target, name, without={"updated_at"}) for name in names}


def rows(target: Path, table: str, *, without: Collection[str] = ()) -> Rows:
    """A table's rows, sorted, without some columns."""
    with _reading(target) as database:
        cursor = database.execute(f'SELECT * FROM "{table}"')
        kept = [at for at, column in enumerate(cursor.description) if column[0] not in without]
        return sorted((tuple(row[at] for at in kept) for row in cursor), key=repr)


def stage_tables(project: Path, stage: str) -> dict[str, pl.DataFrame]:
    """The tables that the newest run left of a stage, decrypted with the project's keys."""
    from crm_migrate.trust.keyring import open_keyring
    from crm_migrate.trust.setup import KEYRING
    from crm_migrate.workspace import Workspace

    state = project / ".crm-migrate"
    workspace = Workspace(state, open_keyring(state / KEYRING))
    with workspace.open(workspace.run_ids()[-1]) as run:
        return {name: run.read(stage, name) for name in run.names(stage)}


def _reading(path: Path) -> AbstractContextManager[sqlite3.Connection]:
    return closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True))
