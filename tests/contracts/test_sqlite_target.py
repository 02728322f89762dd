"""What only SQLite has: its files, its modes and its collations."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.errors import TargetFault
from crm_migrate.systems.sqlite.target import SqliteTarget
from crm_migrate.systems.target_schema import KeyPart

NOBODY = 65534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with one table."""
    path = tmp_path / "crm.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE,"
        " code TEXT, gone INTEGER DEFAULT 0, big AS (upper(name)));"
        "CREATE UNIQUE INDEX by_name ON t (name);"
        "CREATE UNIQUE INDEX by_code ON t (code) WHERE gone = 0;"
        "CREATE UNIQUE INDEX by_lower ON t (lower(code));"
        "INSERT INTO t (name, code) VALUES ('Ab', 'X');"
    )
    connection.close()
    return path


def test_collations_partial_and_expression_keys(file: Path) -> None:
    """NOCASE, the predicate of a partial index and expressions are described (ask 8)."""
    table = SqliteTarget(file).describe().table("t")
    keys = {(k.columns, k.expression): k for k in table.unique_keys}
    assert keys[("name",), False].case_insensitive
    assert keys[("code",), False].where == "gone = 0"
    lowered = keys[("code",), True]
    assert (lowered.checkable, lowered.parts) == (False, (KeyPart("lower(code)", "lower(code)"),))
    assert table.column("big").generated
    with SqliteTarget(file).reading() as reader:
        wanted = pl.DataFrame({"_n": ["a", "b"], "name": ["AB", "zz"]})
        assert reader.taken("t", "id", wanted).rows() == [("a", "1")]
        coded = pl.DataFrame({"_n": ["a"], "code": ["X"]})
        assert reader.taken("t", "id", coded, where="gone = 1").is_empty()


def test_autoincrement_keys_are_not_used_again(file: Path) -> None:
    """The key of a deleted row stays used where the CRM asked for that."""
    target = SqliteTarget(file)
    with target.transaction() as t:
        t.insert("t", pl.DataFrame({"id": ["9"], "name": ["c"]}))
        t.connection.exec_driver_sql("DELETE FROM t WHERE id = 9")
        assert t.next_keys("t", "id", 1).to_list() == ["10"]


def test_wal_database_is_read_without_a_trace(file: Path) -> None:
    """A database in WAL mode that nobody has open gets no -wal and no -shm by planning."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    before = {p.name for p in file.parent.iterdir()}
    assert SqliteTarget(file).read_table("t", ["name"]).rows() == [("Ab",)]
    assert {p.name for p in file.parent.iterdir()} == before


def test_wal_database_in_use_is_read_with_its_newest_rows(file: Path) -> None:
    """While the CRM is running, what it committed to its WAL is seen."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("INSERT INTO t (name) VALUES ('new')")
    assert SqliteTarget(file).read_table("t", ["name"]).height == 2
    connection.close()


def test_a_change_while_reading_still_wal_is_refused(file: Path) -> None:
    """A WAL database that comes into use while it is read as if still is not believed."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    other = sqlite3.connect(file, isolation_level=None)

    def read() -> None:
        with SqliteTarget(file).reading() as reader:
            reader.read_table("t", ["name"])
            other.execute("INSERT INTO t (name) VALUES ('new')")

    with pytest.raises(TargetFault, match="changed while"):
        read()
    other.close()


@pytest.mark.parametrize("content", [b"", b"no database " * 500, None])
def test_no_database(tmp_path: Path, content: bytes | None) -> None:
    """A missing file and a file that is something else are faults; an empty one has no tables."""
    path = tmp_path / "x.db"
    if content is not None:
        path.write_bytes(content)
    if content == b"":
        assert SqliteTarget(path).describe().tables == {}
        return
    with pytest.raises(TargetFault) as fault:
        SqliteTarget(path).describe()
    assert fault.value.remedy is not None
    assert (content is not None) == path.exists()


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0,
    reason="NOT TESTED HERE: needs root to become an unprivileged user",
)
def test_read_rights_suffice_for_planning_and_not_for_writing(file: Path) -> None:
    """A user with read rights only can plan; writing is refused with a remedy (ask 2)."""
    target = SqliteTarget(file)

    def write() -> None:
        with target.transaction() as t:
            t.insert("t", pl.DataFrame({"name": ["x"]}))

    target.describe()  # loads what a user without rights on our own code could not load
    for folder in file.parents:
        if folder.owner() == "root" and folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o055)
    file.chmod(0o444)
    os.seteuid(NOBODY)
    try:
        assert target.read_table("t", ["name"]).rows() == [("Ab",)]
        assert "t" in target.describe().tables
        with pytest.raises(TargetFault, match="can't be written") as fault:
            write()
    finally:
        os.seteuid(0)
    assert fault.value.remedy is not None
    assert [p.name for p in file.parent.iterdir()] == ["crm.db"]


def test_what_a_dead_writer_left_half_done_is_undone(file: Path) -> None:
    """Killed with its pages half written, the file is read as it stood before (R-5.6)."""
    dying = (
        "import os, signal, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size = 1')\n"  # so that pages reach the file before COMMIT
        "c.execute('BEGIN IMMEDIATE')\n"
        "c.executemany('INSERT INTO t (name) VALUES (?)', [('n' * 900 + str(n),)"
        " for n in range(500)])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", dying, str(file)], check=False)
    journal = Path(f"{file}-journal")
    assert journal.stat().st_size > 0
    target = SqliteTarget(file)
    assert target.read_table("t", ["name"])["name"].to_list() == ["Ab"]
    with target.transaction() as t:
        t.insert("t", pl.DataFrame({"name": ["c"]}))
    assert target.read_table("t", ["name"])["name"].to_list() == ["Ab", "c"]
