"""Throwaway PostgreSQL servers, started by the tests themselves.

`shared_server()` is one server per test process (so one per xdist worker), without fsync, for
tests of function; tests that kill or restart a server start a `PostgresServer` of their own, with
`fsync=True` where a crash is to be survived. PostgreSQL refuses to run as root: then it runs as
the user `postgres`. Without its programs the tests skip and say so.
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

import psycopg
import pytest

from tests.servers.processes import as_user, die_with_parent, free_port

_READY_SECONDS = 120.0
_LOCALE = "C.UTF-8"


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`, newest version first; None where there is none."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/local/pgsql/bin")]
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    fit = [p for p in found if (p / "initdb").exists() and (p / "postgres").exists()]
    return max(
        fit, key=lambda p: (p.parent.name.isdigit() and int(p.parent.name), str(p)), default=None
    )


def lack() -> str | None:
    """Why no server can be started here, or None."""
    if programs() is None:
        return "NOT TESTED HERE: PostgreSQL is not installed (Debian: postgresql)"
    if os.geteuid() == 0 and not _account():
        return "NOT TESTED HERE: PostgreSQL refuses root, and there is no user postgres"
    return None


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return None


class PostgresServer:
    """A server with a data folder of its own; `with PostgresServer(fsync=True) as server: …`."""

    def __init__(
        self,
        *,
        fsync: bool = False,
        settings: dict[str, str] | None = None,
        place: str = "/tmp",
    ) -> None:
        """`settings`: further lines of its configuration. Data lie under `place`."""
        self._place = place
        self._settings = {"fsync": "on" if fsync else "off", **(settings or {})}
        if not fsync:
            self._settings |= {"full_page_writes": "off", "synchronous_commit": "off"}
        self._names = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.folder: Path | None = None
        self.port = 0

    def __enter__(self) -> "PostgresServer":
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
        raise RuntimeError(f"PostgreSQL does not start: {self._log()}")

    def stop(self) -> None:
        """Shut down in order; sessions are cut off."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL to the postmaster and all its sessions: a crash."""
        if self._process is not None:
            for child in _children(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start, on the same port."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop it at once and delete its data."""
        self._end(signal.SIGQUIT)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder, self.port = None, 0

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """The address of a database, as a project names it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def run(self, database: str, statement: str, user: str = "postgres") -> list[tuple[Any, ...]]:
        """What another program does in a database, or sees there."""
        address = f"host=127.0.0.1 port={self.port} dbname={database} user={user}"
        with psycopg.connect(address, autocommit=True) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def create_database(
        self, template: str = "template0", *, encoding: str = "UTF8", locale: str = _LOCALE
    ) -> str:
        """A fresh database, a copy of `template`; returns its name."""
        name = f"t{os.getpid()}_{next(self._names)}"
        own = "" if template != "template0" else f" ENCODING '{encoding}' LOCALE '{locale}'"
        self.run("postgres", f"CREATE DATABASE {name} TEMPLATE {template}{own}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database and whoever is connected to it."""
        self.run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _init(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir=self._place))
        if account := _root_becomes():
            os.chown(self.folder, account["user"], account["group"])
        options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", f"--locale={_LOCALE}"]
        subprocess.run(
            [str(_program("initdb")), *options, "--no-sync", "--no-instructions", "-D", "data"],
            cwd=self.folder,
            check=True,
            capture_output=True,
            **account,
        )

    def _launch(self) -> None:
        assert self.folder is not None
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "max_wal_size": "2GB",
            "recovery_init_sync_method": "syncfs",  # after a crash: one call, not one per file
            "shared_buffers": "128MB",
            **self._settings,
        }
        options = [part for k, v in settings.items() for part in ("-c", f"{k}={v}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(_program("postgres")), "-D", "data", "-p", str(self.port), *options],
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
            with contextlib.suppress(psycopg.OperationalError):
                self.run("postgres", "SELECT 1")
                return True
            time.sleep(0.02)
        self.kill()
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
def shared_server() -> PostgresServer:
    """The server of this test process; skips the test where none can be started."""
    if reason := lack():
        pytest.skip(reason)
    server = PostgresServer()
    server.start()
    atexit.register(server.remove)
    return server


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """A running server, shared by the tests of this process."""
    return shared_server()


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a fresh, empty database, dropped afterwards."""
    name = postgres_server.create_database()
    yield name
    postgres_server.drop_database(name)


def _program(name: str) -> Path:
    folder = programs()
    assert folder is not None
    return folder / name


def _root_becomes() -> dict[str, Any]:
    """Arguments of subprocess that drop root's rights."""
    return as_user(_account() if os.geteuid() == 0 else None)


def _die_with_parent() -> None:
    die_with_parent(signal.SIGQUIT)


def _children(pid: int) -> list[int]:
    """The processes that `pid` started."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listed.stdout.split()]
