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

import json
import os
import sqlite3
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.sqlite import expressions
from crm_migrate.systems.sqlite.schema import affinity, describe_tables
from crm_migrate.systems.target import ConstraintViolated, Purpose, TransientFault, Violation
from crm_migrate.systems.target_schema import ColumnInfo, KeyPart, TargetSchema, fingerprint

_READ_ROWS = 100_000
_ASK_ROWS = 20_000
"""Rows per statement when reading, and per question when rows are named."""
_WAL_VERSION = 2
"""Bytes 18 and 19 of the database header (file format, section 1.3): 2 means WAL."""

_CONSTRAINTS: dict[str, Violation] = {
    "SQLITE_CONSTRAINT_UNIQUE": "unique",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "unique",
    "SQLITE_CONSTRAINT_ROWID": "unique",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign_key",
    "SQLITE_CONSTRAINT_NOTNULL": "not_null",
    "SQLITE_CONSTRAINT_CHECK": "check",
    "SQLITE_CONSTRAINT_DATATYPE": "check",
    "SQLITE_CONSTRAINT_TRIGGER": "trigger",
}

_FAULTS: dict[str, tuple[Text, Text]] = {
    "SQLITE_BUSY": (
        Text("the target is locked by another program", "目标数据库被其他程序锁定"),
        Text("close the program that writes to it, then run again", "请关闭正在写入的程序后重试"),
    ),
    "SQLITE_READONLY": (
        Text("the target can't be written", "目标数据库不可写"),
        Text(
            "give this user write rights on the file and its folder; after a crash, open it once"
            " with a program that may write",
            "请授予当前用户对该文件及其文件夹的写权限;若曾异常中断,请先用有写权限的程序打开一次",
        ),
    ),
    "SQLITE_FULL": (
        Text("the disk that holds the target is full", "目标数据库所在磁盘已满"),
        Text(
            "make room and run again: what was finished stays, the rest is continued",
            "请腾出空间后重新运行:已完成的部分保留,其余继续执行",
        ),
    ),
    "SQLITE_CANTOPEN": (
        Text("the target can't be opened", "无法打开目标数据库"),
        Text(
            "check that the file exists and that this user may open it and its folder",
            "请检查文件是否存在,以及当前用户是否有权打开该文件及其文件夹",
        ),
    ),
    "SQLITE_IOERR": (
        Text("the target's disk reports an error", "目标数据库所在磁盘读写出错"),
        Text("check the disk and its free space", "请检查磁盘及剩余空间"),
    ),
    "SQLITE_NOTADB": (
        Text("the target is not a SQLite database", "目标文件不是 SQLite 数据库"),
        Text("correct target.url", "请修改 target.url"),
    ),
    "SQLITE_CORRUPT": (
        Text("the target's file is damaged", "目标数据库文件已损坏"),
        Text("restore it from a backup", "请从备份恢复"),
    ),
}


def _fault(error: BaseException, file: Path) -> TargetFault:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith("SQLITE_CONSTRAINT"):
        return ConstraintViolated(_CONSTRAINTS.get(name, "other"), where=str(file))
    for code, (message, remedy) in _FAULTS.items():
        if name.startswith("SQLITE_BUSY") and name.startswith(code):
            return TransientFault("lock_timeout", message, where=str(file), remedy=remedy)
        if name.startswith(code):
            return TargetFault(message, where=str(file), remedy=remedy)
    # The driver's own words may quote a cell: only its code is passed on.
    message = Text("the target answered with {code}", "目标数据库返回错误 {code}")
    return TargetFault(message.fill(code=name or type(error).__name__), where=str(file))


@contextmanager
def _faults(file: Path) -> Iterator[None]:
    """Turns what SQLite reports into faults that carry no value and no statement."""
    try:
        yield
    except DBAPIError as error:
        raise _fault(error.orig or error, file) from None
    except sqlite3.Error as error:
        raise _fault(error, file) from None


def _look(uri: str, wait: float) -> None:
    """Open the file and read a little, by which SQLite plays a hot journal back if it may."""
    raw = sqlite3.connect(uri, uri=True, timeout=wait)
    try:
        raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        raw.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text_of(column: str) -> str:
    """SQL for a cell as stored text: numbers without an idle `.0`, reals exact, blobs as hex."""
    return (
        f"CASE typeof({column}) WHEN 'text' THEN {column}"
        f" WHEN 'integer' THEN CAST({column} AS TEXT)"
        f" WHEN 'real' THEN CASE"
        f" WHEN abs({column}) < 1e15 AND {column} = CAST({column} AS INTEGER)"
        f" THEN CAST(CAST({column} AS INTEGER) AS TEXT)"
        f" WHEN CAST(CAST({column} AS TEXT) AS REAL) = {column} THEN CAST({column} AS TEXT)"
        f" ELSE printf('%!.17g', {column}) END"
        f" WHEN 'blob' THEN 'x''' || hex({column}) || '''' END"
    )


class SqliteView:
    """One transaction on the file: reads, and writes where it was opened for writing."""

    def __init__(self, connection: Connection, file: Path) -> None:
        self.connection = connection
        self._file = file
        self._schema: TargetSchema | None = None

    def describe(self) -> TargetSchema:
        """The schema; read once per transaction, in which only our own tables are made."""
        if self._schema is None:
            with _faults(self._file):
                tables = describe_tables(self.connection)
            self._schema = TargetSchema(
                system="sqlite",
                database=self._file.as_posix(),
                tables={table.name: table for table in tables},
                fingerprint=fingerprint(tables),
            )
        return self._schema

    def read_table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows as stored text."""
        cells = ", ".join(_text_of(_quoted(c)) for c in columns)
        return self._frame(f"SELECT {cells} FROM {_quoted(name)}", (), columns)

    def rows(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """The rows with these keys: `_key` and the columns."""
        cells = ", ".join(_text_of(f"t.{_quoted(c)}") for c in (key, *columns))
        query = (
            f"SELECT {cells} FROM {_quoted(name)} t"
            f" WHERE t.{_quoted(key)} IN (SELECT value FROM json_each(?))"
        )
        asked = [
            self._frame(query, (json.dumps(part.to_series().to_list()),), ("_key", *columns))
            for part in keys.drop_nulls().to_frame().iter_slices(_ASK_ROWS)
        ]
        empty = pl.DataFrame(schema=dict.fromkeys(("_key", *columns), pl.String))
        return pl.concat([empty, *asked])

    def taken(
        self,
        name: str,
        key: str,
        wanted: pl.DataFrame,
        *,
        where: str | None = None,
        parts: Sequence[KeyPart] = (),
    ) -> pl.DataFrame:
        """Which wanted tuples stand in the table, under the collations of its columns."""
        columns = [c for c in wanted.columns if c != "_n"]
        standing = [f"t.{_quoted(c)}" for c in columns]
        if parts:
            wanted = self.computed(name, [p.coming for p in parts], wanted.drop_nulls())
            columns = [c for c in wanted.columns if c != "_n"]
            standing = [f"({p.standing})" for p in parts]
        given = ", ".join(
            f"json_extract(value, '$[{i}]') AS _wanted_{i}" for i in range(len(columns) + 1)
        )
        # The table's column stands on the left: its collation and affinity decide.
        equal = " AND ".join(
            # An expression has no affinity: a number that it yields is no text.
            f"{s} IN (_wanted_{i}, CAST(_wanted_{i} AS NUMERIC))" if parts else f"{s} = _wanted_{i}"
            for i, s in enumerate(standing, 1)
        )
        query = (
            f"WITH wanted AS MATERIALIZED (SELECT {given} FROM json_each(?))"
            f" SELECT _wanted_0, {_text_of('t.' + _quoted(key))}"
            f" FROM wanted CROSS JOIN {_quoted(name)} t ON {equal}"
            + (f" WHERE {where}" if where else "")
        )
        asked = [
            self._frame(query, (json.dumps(part.rows()),), ("_n", "_key"))
            for part in wanted.select("_n", *columns).drop_nulls().iter_slices(_ASK_ROWS)
        ]
        return pl.concat([pl.DataFrame(schema={"_n": pl.String, "_key": pl.String}), *asked])

    def computed(self, name: str, asked: Sequence[str], cells: pl.DataFrame) -> pl.DataFrame:
        """What SQLite makes of its own expressions over these cells."""
        types = {c.name: c.type for c in self.describe().table(name).columns}
        return expressions.computed(types, asked, cells)

    def insert(self, name: str, rows: pl.DataFrame) -> None:
        """Inserts rows in order."""
        if rows.height:
            columns = ", ".join(map(_quoted, rows.columns))
            marks = ", ".join("?" * rows.width)
            statement = f"INSERT INTO {_quoted(name)} ({columns}) VALUES ({marks})"
            with _faults(self._file):
                self.connection.exec_driver_sql(statement, rows.rows())

    def update(self, name: str, key: str, rows: pl.DataFrame) -> int:
        """Writes the frame's columns into the rows named by `_key`."""
        columns = [c for c in rows.columns if c != "_key"]
        if not rows.height or not columns:
            return 0
        written = ", ".join(f"{_quoted(c)} = ?" for c in columns)
        statement = f"UPDATE {_quoted(name)} SET {written} WHERE {_quoted(key)} = ?"
        with _faults(self._file):
            done = self.connection.exec_driver_sql(statement, rows.select(*columns, "_key").rows())
        return int(done.rowcount)

    def delete(self, name: str, key: str, keys: pl.Series) -> int:
        """Deletes the rows with these keys."""
        statement = f"DELETE FROM {_quoted(name)} WHERE {_quoted(key)} = ?"
        if keys.is_empty():
            return 0
        with _faults(self._file):
            done = self.connection.exec_driver_sql(statement, [(k,) for k in keys.to_list()])
        return int(done.rowcount)

    def take(self, name: str, key: str, keys: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
        """Deletes the rows with these keys and returns them."""
        found = self.rows(name, key, keys, columns)
        self.delete(name, key, found["_key"].unique(maintain_order=True))
        return found

    def next_keys(self, name: str, key: str, count: int) -> pl.Series:
        """The numbers after the largest so far: nobody else writes during the transaction."""
        last = self._last_key(name, key)
        return pl.int_range(last + 1, last + count + 1, eager=True).cast(pl.String).alias(key)

    def _last_key(self, name: str, key: str) -> int:
        """The largest integer key, also of rows deleted since where AUTOINCREMENT keeps it."""
        with _faults(self._file):
            largest = self.connection.exec_driver_sql(
                f"SELECT max(CAST({_quoted(key)} AS INTEGER)) FROM {_quoted(name)}"
            ).scalar()
            counted = None
            if self.connection.exec_driver_sql(
                "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
            ).scalar():
                counted = self.connection.exec_driver_sql(
                    "SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)
                ).scalar()
        return max(int(largest or 0), int(counted or 0))

    def _frame(
        self, query: str, parameters: tuple[Any, ...], columns: Sequence[str]
    ) -> pl.DataFrame:
        schema = dict.fromkeys(columns, pl.String)
        parts = [pl.DataFrame(schema=schema)]
        with _faults(self._file):
            cursor = self.connection.exec_driver_sql(query, parameters)
            while rows := cursor.fetchmany(_READ_ROWS):
                parts.append(pl.DataFrame([tuple(r) for r in rows], schema=schema, orient="row"))
        return pl.concat(parts)


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
        with _faults(self._file):
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
            stored = memory.execute(f"SELECT {_text_of('v')} FROM cell ORDER BY n").fetchall()
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
                with _faults(self._file):
                    _look(f"{self._file.as_uri()}?mode=rw", self._wait)

    def _in_wal_mode(self) -> bool:
        try:
            with self._file.open("rb") as file:
                return file.read(20)[18:] == bytes((_WAL_VERSION, _WAL_VERSION))
        except OSError:
            message, remedy = _FAULTS["SQLITE_CANTOPEN"]
            raise TargetFault(message, where=self.database, remedy=remedy) from None

    @contextmanager
    def _connection(self, mode: str, begin: str) -> Iterator[Connection]:
        engine = self._engine(f"{self._file.as_uri()}?{mode}", begin)
        try:
            with _faults(self._file), engine.connect() as connection, connection.begin():
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
