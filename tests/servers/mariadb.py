"""Throwaway MariaDB servers, started by the tests themselves.

`shared_server()` is one server per test process (so one per xdist worker), which writes lazily,
for tests of function; tests that kill or restart a server start a `MariaServer` of their own,
with `durable=True` where a crash is to be survived. It does not run as root: then it runs as the
user `mysql`. Without its programs the tests skip and say so.
"""

import atexit
import contextlib
import functools
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pymysql
import pytest

from tests.servers.processes import as_user, die_with_parent, free_port

_READY_SECONDS = 120.0
_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def _program(*names: str) -> str | None:
    found = (shutil.which(name, path=_PLACES) for name in names)
    return next((place for place in found if place), None)


def lack() -> str | None:
    """Why no server can be started here, or None."""
    if not _program("mariadbd", "mysqld") or not _program("mariadb-install-db", "mysql_install_db"):
        return "NOT TESTED HERE: MariaDB is not installed (Debian: mariadb-server)"
    if os.geteuid() == 0 and not _account():
        return "NOT TESTED HERE: MariaDB refuses root, and there is no user mysql"
    return None


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("mysql")
    except KeyError:
        return None


class MariaServer:
    """A server with a data folder of its own; `with MariaServer(durable=True) as server: …`."""

    def __init__(
        self,
        *,
        durable: bool = False,
        settings: dict[str, str] | None = None,
        place: str = "/tmp",
    ) -> None:
        """`settings`: further options of mariadbd. Data lie under `place`."""
        self._place = place
        lazy = {"innodb-flush-log-at-trx-commit": "0", "innodb-flush-method": "nosync"}
        self._settings = {
            "character-set-server": "utf8mb4",
            "local-infile": "1",
            "innodb-buffer-pool-size": "128M",
            "skip-name-resolve": "1",
            **({} if durable else lazy),
            **(settings or {}),
        }
        self._names = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.folder: Path | None = None
        self.port = 0

    def __enter__(self) -> "MariaServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.remove()

    def start(self) -> None:
        """Start it, for the first time or again; returns when it answers."""
        if self.folder is None:
            self._init()
        for attempt in range(5):
            # Another server may have taken the free port meanwhile.
            self.port = self.port if attempt == 0 and self.port else free_port()
            self._launch()
            if self._answers():
                return
        raise RuntimeError(f"MariaDB does not start: {self._log()}")

    def stop(self) -> None:
        """Shut down in order; sessions are cut off."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: a crash."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start, on the same port."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop it at once and delete its data."""
        self._end(signal.SIGKILL)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder, self.port = None, 0

    def url(self, database: str = "mysql", user: str = "root") -> str:
        """The address of a database, as a project names it."""
        return f"mariadb://{user}@127.0.0.1:{self.port}/{database}"

    def run(self, database: str, statement: str, user: str = "root") -> list[tuple[Any, ...]]:
        """What another program does in a database, or sees there."""
        connection = self.connect(database, user)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def connect(
        self, database: str, user: str = "root", *, autocommit: bool = True
    ) -> "pymysql.Connection[Any]":
        """Another program's connection, which its caller closes."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            database=database,
            charset="utf8mb4",
            autocommit=autocommit,
        )

    def create_database(self, charset: str = "utf8mb4") -> str:
        """A fresh, empty database; returns its name."""
        name = f"t{os.getpid()}_{next(self._names)}"
        self.run("mysql", f"CREATE DATABASE {name} CHARACTER SET {charset}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database; whoever is inside a transaction there is cut off first."""
        busy = self.run(
            "mysql",
            f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"
            " AND id <> connection_id()",
        )
        for (number,) in busy:
            with contextlib.suppress(pymysql.MySQLError):
                self.run("mysql", f"KILL {number}")
        self.run("mysql", f"DROP DATABASE IF EXISTS {name}")

    def create_user(self, database: str, *grants: str) -> str:
        """A user without a password; `{user}` and `{database}` in the grants are filled in."""
        name = f"u{os.getpid()}_{next(self._names)}"
        self.run("mysql", f"CREATE USER {name}@'127.0.0.1'")
        for grant in grants:
            self.run("mysql", grant.format(user=f"{name}@'127.0.0.1'", database=database))
        return name

    def _init(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mariadb-", dir=self._place))
        if account := _root_becomes():
            os.chown(self.folder, account["user"], account["group"])
        program = _program("mariadb-install-db", "mysql_install_db")
        assert program is not None
        subprocess.run(
            [
                program,
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                f"--datadir={self.folder / 'data'}",
            ],
            cwd=self.folder,
            check=True,
            capture_output=True,
            **account,
        )

    def _launch(self) -> None:
        assert self.folder is not None
        program = _program("mariadbd", "mysqld")
        assert program is not None
        settings = {
            "datadir": str(self.folder / "data"),
            "socket": str(self.folder / "socket"),
            "pid-file": str(self.folder / "pid"),
            "tmpdir": str(self.folder),
            "bind-address": "127.0.0.1",
            "port": str(self.port),
            **self._settings,
        }
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "--no-defaults", *(f"--{k}={v}" for k, v in settings.items())],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
                **_root_becomes(),
            )

    def _answers(self) -> bool:
        end = time.monotonic() + _READY_SECONDS
        assert self._process is not None
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(pymysql.OperationalError):
                self.run("mysql", "SELECT 1")
                return True
            time.sleep(0.02)
        self._end(signal.SIGKILL)
        return False

    def _end(self, number: int) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def _log(self) -> str:
        assert self.folder is not None
        return (self.folder / "log").read_text(errors="replace")[-2000:]


@functools.cache
def shared_server() -> MariaServer:
    """The server of this test process; skips the test where none can be started."""
    if reason := lack():
        pytest.skip(reason)
    server = MariaServer()
    server.start()
    atexit.register(server.remove)
    return server


@pytest.fixture(scope="session")
def mariadb_server() -> MariaServer:
    """A running server, shared by the tests of this process."""
    return shared_server()


@pytest.fixture
def mariadb_database(mariadb_server: MariaServer) -> Iterator[str]:
    """The name of a fresh, empty database, dropped afterwards."""
    name = mariadb_server.create_database()
    yield name
    mariadb_server.drop_database(name)


def _root_becomes() -> dict[str, Any]:
    """Arguments of subprocess that drop root's rights."""
    return as_user(_account() if os.geteuid() == 0 else None)


def _die_with_parent() -> None:
    die_with_parent(signal.SIGKILL)
