"""A real server with the small CRM, a line to it that can be cut, and a plan to carry out."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import crm_migrate
from crm_migrate.errors import CrmMigrateError, PlanRefused
from crm_migrate.loading.applied import Applied
from crm_migrate.plan.change import Plan
from crm_migrate.plan.file.writer import write_plan
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetSystem
from tests.faults.applying import PLAN_KEY, carry_out
from tests.faults.crm import Ask, contents, statements
from tests.loading.killed_apply import crash_plan
from tests.servers.cutting_proxy import CuttingProxy, Watch, never

ATTEMPTS = 5


class Server(Protocol):
    """What the faults need of a throwaway server (see tests/servers)."""

    port: int

    def url(self, database: str) -> str:
        """SQLAlchemy URL of a database."""
        ...

    def create_database(self) -> str:
        """Name of a fresh, empty database."""
        ...

    def run(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """One statement of another program, committed; its rows."""
        ...

    def drop_database(self, name: str) -> None:
        """Remove a database."""
        ...

    def kill(self) -> None:
        """SIGKILL to the whole server."""
        ...

    def start(self) -> None:
        """Start (again); returns when it answers."""
        ...


@dataclass
class World:
    """One fresh CRM; `reported` collects what the product said on the way."""

    server: Server
    database: str
    proxy: CuttingProxy
    folder: Path
    plan: Plan
    reported: list[str] = field(default_factory=list)

    @property
    def target(self) -> TargetSystem:
        """The CRM by way of the line that can be cut."""
        return open_target(self.url)

    @property
    def url(self) -> str:
        """Where the CRM is reached by way of that line."""
        return _by_way_of(self.proxy, self.server, self.database)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """What another program does."""
        return self.server.run(self.database, statement)

    @contextmanager
    def watching(self, watch: Watch) -> Iterator[None]:
        """Packets are counted from 1 and shown to `watch`."""
        self.proxy.packets = 0
        self.proxy.watch = watch
        try:
            yield
        finally:
            self.proxy.watch = never

    def attempt(self) -> Applied | None:
        """Apply once in this process; a fault is noted by its code and words, and None returned."""
        try:
            return carry_out(self.plan, self.target)
        except CrmMigrateError as fault:
            self.reported.append(fault.message.en)
            if isinstance(fault, PlanRefused):
                raise
            return None

    def finish(self) -> Applied | None:
        """Apply until the plan is done; None where it had come to its end before."""
        for _ in range(ATTEMPTS):
            try:
                if (applied := self.attempt()) is not None:
                    assert applied.adds_up
                    assert applied.verified.ok
                    return applied
            except PlanRefused:
                assert self.contents()  # it was used up: the ledger tells the rest
                return None
        raise AssertionError(f"not finished after {ATTEMPTS} attempts: {self.reported}")

    def killed(self, packet: int) -> int:
        """Apply in a process of its own that is killed at its n-th packet; how it ended."""
        process: subprocess.Popen[str] | None = None

        def kill(number: int, _packet: bytes) -> None:
            if number == packet and process is not None:
                process.send_signal(signal.SIGKILL)
                process.wait()

        roots = (Path(crm_migrate.__file__).parents[1], Path(__file__).parents[2])
        path = os.pathsep.join(map(str, roots))
        with self.watching(kill):
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.applying", self.url, str(self.file)],
                stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip
            _, said = process.communicate(timeout=120)
        assert process.returncode in (0, -signal.SIGKILL), said
        return process.returncode

    @property
    def file(self) -> Path:
        """The plan as a file."""
        return self.folder / "p1.crmplan"

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """What must come out the same."""
        ask: Ask = self.ask
        return contents(ask)


@contextmanager
def world(system: str, server: Server, folder: Path) -> Iterator[World]:
    """A fresh CRM on the server and its plan."""
    database = server.create_database()
    for statement in statements(system):
        server.run(database, statement)
    with CuttingProxy(lambda: server.port) as proxy:
        target = open_target(_by_way_of(proxy, server, database))
        made = World(server, database, proxy, folder, crash_plan(target))
        write_plan(made.file, made.plan, PLAN_KEY)
        yield made
    server.drop_database(database)


def _by_way_of(proxy: CuttingProxy, server: Server, database: str) -> str:
    return server.url(database).replace(f":{server.port}", f":{proxy.port}", 1)
