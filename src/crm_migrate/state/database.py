"""Open the run state, bring its tables up to date, and back it up."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from crm_migrate.errors import IntegrityFault, WorkspaceFault
from crm_migrate.language import Text
from crm_migrate.trust.private_files import create_private, private_folder

STATE_FILE = "state.db"
HEAD = "0005"
"""The newest migration; a test holds it to the files in `migrations/versions`."""

_RIGHTS = Text("check the rights on the file and its folder", "请检查该文件及其文件夹的权限")
_SPACE = Text("free some space, then run again", "请腾出空间后重试")
_OBSTACLES = {
    "SQLITE_FULL": (Text("the disk of the run state is full", "运行状态库所在磁盘已满"), _SPACE),
    "SQLITE_IOERR": (Text("the disk of the run state fails", "运行状态库所在磁盘读写出错"), _SPACE),
    "SQLITE_CANTOPEN": (Text("the run state cannot be opened", "无法打开运行状态库"), _RIGHTS),
    "SQLITE_READONLY": (Text("the run state cannot be written", "无法写入运行状态库"), _RIGHTS),
    "SQLITE_PERM": (Text("the run state cannot be opened", "无法打开运行状态库"), _RIGHTS),
    "SQLITE_BUSY": (
        Text("the run state is locked by another program", "运行状态库被其他程序锁定"),
        Text("wait until it has ended, then try again", "请等其结束后重试"),
    ),
}
"""SQLite's result codes that say something about the place, not about the content."""


def open_state(folder: Path) -> Engine:
    """The run state in a project's state folder; made, or migrated, when it has to be.

    Raises:
        IntegrityFault: the file is no state database, or a newer version made it.
        WorkspaceFault: it cannot be opened.
    """
    path = private_folder(folder) / STATE_FILE
    if not path.exists():
        os.close(create_private(path))  # SQLite gives its -wal and -shm files the same mode
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _configure)
    event.listen(engine, "handle_error", _explain)
    try:
        with engine.connect() as connection:
            version = _version(connection)
        if version != HEAD:
            _migrate(engine)
    except DatabaseError:
        engine.dispose()
        raise _damaged(path) from None
    return engine


def back_up(state: Engine, path: Path) -> None:
    """Write a consistent copy of the run state to a private file, replacing an earlier one."""
    temporary = path.with_name(path.name + ".tmp")
    os.close(create_private(temporary))
    with state.connect() as connection, closing(sqlite3.connect(temporary)) as copy:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        source.backup(copy)
    temporary.replace(path)


def _configure(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    # The default cache of 2 MiB makes a million identities four times as slow.
    settings = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000")
    for setting in (*settings, "cache_size=-131072", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {setting}")


def _explain(context: ExceptionContext) -> None:
    """What a full disk or missing rights mean, wherever the run state is used."""
    name = getattr(context.original_exception, "sqlite_errorname", "")
    for code, (message, remedy) in _OBSTACLES.items():
        if name.startswith(code):
            where = None if context.engine is None else context.engine.url.database
            raise WorkspaceFault(message, where=where, remedy=remedy) from None


def _version(connection: Connection) -> str | None:
    known = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).first()
    if known is None:
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def _migrate(engine: Engine) -> None:
    # Imported only when there is something to do: Alembic takes a quarter of a second.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise IntegrityFault(
                Text(
                    "the run state was made by a newer version of crm-migrate",
                    "运行状态库由更新版本的 crm-migrate 建立",
                ),
                where=str(engine.url.database),
                remedy=Text("update crm-migrate", "请升级 crm-migrate"),
            ) from None


def _damaged(path: Path) -> IntegrityFault:
    return IntegrityFault(
        Text("the run state is damaged", "运行状态库已损坏"),
        where=str(path),
        remedy=Text(
            "restore it from its backup; identities also stand in the target",
            "请从备份恢复；目标系统中也保存有标识",
        ),
    )
