"""SQLite as a target: a CRM in one file, and the sandbox of every project.

- Planning opens the file with `mode=ro`, which creates neither a journal nor a lock file. A file
  in WAL mode that nobody has open is read with `immutable=1`, since SQLite would otherwise lay a
  `-shm` beside it; then a file that changed while it was read is refused. A program that died in
  the middle of a transaction leaves a hot journal, which only a writer may play back: where the
  file may be written, it is opened once for that, as any program would.
- Writing takes `BEGIN IMMEDIATE` with foreign keys on and `synchronous=FULL`. The journal mode
  stays what the CRM chose. Nothing is ever ATTACHed: a WAL commit is not atomic across files.
- Temporary tables and sorts stay in memory, so that no cell is spilled to a file.
- Cells are bound as text; the column's affinity turns them into what the column stores.
"""

import os
import sqlite3
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.sqlite.faults import cannot_open, faults
from crm_migrate.systems.sqlite.schema import affinity
from crm_migrate.systems.sqlite.text import stored_text
from crm_migrate.systems.sqlite.view import SqliteView
from crm_migrate.systems.target import Purpose
from crm_migrate.systems.target_schema import ColumnInfo, TargetSchema

_WAL_VERSION = 2
"""Bytes 18 and 19 of the database header (file format, section 1.3): 2 means WAL."""


def _look(uri: str, wait: float) -> None:
    """Open the file and read a little, by which SQLite plays a hot journal back if it may."""
    raw = sqlite3.connect(uri, uri=True, timeout=wait)
    try:
        raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        raw.close()


class SqliteTarget:
    """A SQLite file as a target."""

    system = "sqlite"

    def __init__(self, file: Path, *, wait: float = 15.0) -> None:
        """`wait`: seconds to wait for another writer before the target counts as locked."""
        self._file = file.resolve()
        self._wait = wait
        self.database = self._file.as_posix()

    def describe(self) -> TargetSchema:
        """The schema, read-only."""
        with self.reading() as view:
            return view.describe()

    def read_table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows of a table as stored text, read-only."""
        with self.reading() as view:
            return view.read_table(name, columns)

    @contextmanager
    def reading(self) -> Iterator[SqliteView]:
        """A consistent view that creates no file; alters none but to end a broken transaction."""
        self._play_back()
        wal = Path(f"{self._file}-wal")
        with faults(self._file):
            still = self._in_wal_mode() and not wal.exists()
        before = self._file.stat() if still else None
        mode = "mode=ro&immutable=1" if still else "mode=ro"
        with self._connection(mode, "BEGIN") as connection:
            yield SqliteView(connection, self._file)
        if before is not None:
            after = self._file.stat()
            moved = (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size)
            if moved or wal.exists():
                raise TargetFault(
                    Text("the target changed while it was read", "读取期间目标数据库发生了变化"),
                    where=self.database,
                    remedy=Text("run again", "请重新运行"),
                )

    @contextmanager
    def transaction(self, *, triggers: bool = True) -> Iterator[SqliteView]:
        """A write transaction: no other writer until it ends. Triggers always run."""
        if not triggers:
            raise ValueError("SQLite cannot keep triggers from running")
        with self._connection("mode=rw", "BEGIN IMMEDIATE") as connection:
            yield SqliteView(connection, self._file)

    def stored_form(self, column: ColumnInfo, values: pl.Series) -> pl.Series:
        """What SQLite makes of the values, asked of SQLite itself by a column in memory."""
        kind = affinity(column.type)
        if kind in ("TEXT", "BLOB"):
            return values
        bound = values.replace({"true": "1", "false": "0"}).to_list()
        memory = sqlite3.connect(":memory:", isolation_level=None)
        try:
            memory.execute(f"CREATE TABLE cell (n INTEGER PRIMARY KEY, v {kind})")
            memory.execute("BEGIN")
            memory.executemany("INSERT INTO cell (v) VALUES (?)", ((v,) for v in bound))
            stored = memory.execute(f"SELECT {stored_text('v')} FROM cell ORDER BY n").fetchall()
        finally:
            memory.close()
        return pl.Series(values.name, [text for (text,) in stored], dtype=pl.String)

    def equality_form(self, column: ColumnInfo, values: pl.Series) -> pl.Series:
        """NOCASE folds the 26 letters of ASCII, RTRIM drops trailing blanks; else bytes."""
        match column.collation:
            case "NOCASE":
                letters = {upper: upper.lower() for upper in string.ascii_uppercase}
                return values.str.replace_many(letters)
            case "RTRIM":
                return values.str.strip_chars_end(" ")
            case _:
                return values

    def can_silence(self) -> bool:
        """SQLite has no such switch."""
        return False

    def grants(self, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
        """SQLite knows no users: the rights are those of the file."""
        return ()

    def lacking(self, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
        """Read or write rights on the file and, for writing, on its folder."""
        wanted = os.R_OK if purpose == "plan" else os.R_OK | os.W_OK
        places = [self._file] if purpose == "plan" else [self._file, self._file.parent]
        right = "read" if purpose == "plan" else "write"
        return tuple(f"{right} on {p.as_posix()}" for p in places if not os.access(p, wanted))

    def _play_back(self) -> None:
        """Lets SQLite undo what a dead writer left half done, where the file may be written."""
        if not Path(f"{self._file}-journal").exists():
            return
        try:
            _look(f"{self._file.as_uri()}?mode=ro", self._wait)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname == "SQLITE_READONLY_ROLLBACK" and not self.lacking(
                (), "apply"
            ):
                with faults(self._file):
                    _look(f"{self._file.as_uri()}?mode=rw", self._wait)

    def _in_wal_mode(self) -> bool:
        try:
            with self._file.open("rb") as file:
                return file.read(20)[18:] == bytes((_WAL_VERSION, _WAL_VERSION))
        except OSError:
            raise cannot_open(self._file) from None

    @contextmanager
    def _connection(self, mode: str, begin: str) -> Iterator[Connection]:
        engine = self._engine(f"{self._file.as_uri()}?{mode}", begin)
        try:
            with faults(self._file), engine.connect() as connection, connection.begin():
                yield connection
        finally:
            engine.dispose()

    def _engine(self, uri: str, begin: str) -> Engine:
        def connect() -> sqlite3.Connection:
            # isolation_level=None: the driver opens no transaction of its own.
            raw = sqlite3.connect(uri, uri=True, timeout=self._wait, isolation_level=None)
            raw.execute("PRAGMA foreign_keys = ON")
            raw.execute("PRAGMA synchronous = FULL")
            raw.execute("PRAGMA temp_store = MEMORY")
            return raw

        engine = create_engine(
            "sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine
