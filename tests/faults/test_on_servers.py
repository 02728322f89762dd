"""Apply against real servers that crash, lock, cut the line: nothing lost, nothing twice (R-5.6).

The short form of `python -m benchmarks faults`, which goes through many more points.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults import scenes
from tests.faults.world import Server, World, world
from tests.servers import mariadb, postgres
from tests.servers.cutting_proxy import Cut

SYSTEMS = ("mariadb", "postgres")


def durable(system: str) -> Server:
    """A server of that kind that survives a crash (fsync on), not started yet."""
    module = {"mariadb": mariadb, "postgres": postgres}[system]
    if reason := module.lack():
        pytest.skip(reason)
    return (
        postgres.PostgresServer(fsync=True)
        if system == "postgres"
        else mariadb.MariaServer(durable=True)
    )


@pytest.fixture(scope="module", params=SYSTEMS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, Server]]:
    """Each system in turn, on a durable server of its own."""
    made = durable(request.param)
    made.start()
    yield request.param, made
    made.remove()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def undisturbed(
    server: tuple[str, Server], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[Any, ...]]]:
    """What stands in the CRM when nothing goes wrong."""
    with world(*server, tmp_path_factory.mktemp("whole")) as whole:
        applied = whole.finish()
        assert applied is not None
        assert (applied.counts["customer"].created, applied.counts["customer"].failed) == (28, 1)
        return whole.contents()


@pytest.fixture
def crm(server: tuple[str, Server], tmp_path: Path) -> Iterator[World]:
    """A fresh CRM and the same plan."""
    with world(*server, tmp_path) as made:
        yield made


@pytest.mark.parametrize("packet", [9, 47, 90])
def test_killed(crm: World, undisturbed: object, packet: int) -> None:
    """SIGKILL of apply at a packet: run again, it ends where it would have ended."""
    scenes.killed(crm, packet)
    assert crm.contents() == undisturbed


@pytest.mark.parametrize("cut", ["before", "after"])
def test_line_cut_at_commit(crm: World, undisturbed: object, cut: Cut) -> None:
    """The answer of a COMMIT is lost, or the COMMIT itself: each group is written once."""
    scenes.cut_at_commit(crm, 3, cut)
    assert crm.contents() == undisturbed


def test_server_crashes(crm: World, undisturbed: object) -> None:
    """SIGKILL of the server in the middle of a batch; it comes back, and apply goes on."""
    scenes.server_killed(crm, 40)
    assert crm.contents() == undisturbed


def test_row_locked_by_somebody(crm: World, undisturbed: object) -> None:
    """A lock that somebody holds for a while is waited for, or the batch is done again."""
    scenes.locked(crm, 1.5)
    assert crm.contents() == undisturbed


def test_deadlock(crm: World, server: tuple[str, Server], undisturbed: object) -> None:
    """Sent away as the victim of a deadlock, the batch is done again."""
    scenes.deadlock(crm, server[0])
    assert crm.contents() == undisturbed


def test_name_taken_meanwhile(crm: World, undisturbed: dict[str, Any]) -> None:
    """A unique key taken between check and insert: that group is left and listed, no other."""
    scenes.name_taken(crm, "第3号新客户")
    left = {
        row[0]
        for row in crm.ask(
            "SELECT golden_id FROM crm_migrate_ledger WHERE result <> 'created'"
            " AND result <> 'updated' AND entity = 'customer'"
        )
    }
    assert left <= {"c03", "c04", "c18", "c19"}
    names = [row[0] for row in crm.ask("SELECT name FROM accounts")]
    assert len(names) == len(set(names)) == 38 or left > {"c18", "c19"}
