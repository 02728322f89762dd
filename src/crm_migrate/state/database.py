"""Open the run state, bring its tables up to date, and back it up."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from crm_migrate.errors import IntegrityFault, WorkspaceFault
from crm_migrate.language import Text
from crm_migrate.trust.private_files import create_private, private_folder

STATE_FILE = "state.db"
HEAD = "0001"
"""The newest migration; a test holds it to the files in `migrations/versions`."""


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
    try:
        with engine.connect() as connection:
            version = _version(connection)
        if version != HEAD:
            _migrate(engine)
    except DatabaseError as error:
        engine.dispose()
        if "unable to open" in str(error.orig):
            raise WorkspaceFault(
                Text("the run state cannot be opened", "无法打开运行状态库"),
                where=str(path),
                remedy=Text("check the rights on the folder", "请检查该文件夹的权限"),
            ) from None
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
