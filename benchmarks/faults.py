"""Faults brought about for real, with fsync on: `python -m benchmarks faults` (some ten minutes).

On PostgreSQL and MariaDB: SIGKILL of apply at 50 points spread over its packets, the line cut
before and after each COMMIT, the server killed at five points, locks and deadlocks, a unique key
taken in between. After each of them the CRM must hold exactly what an undisturbed run leaves.
"""

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from tests.faults import scenes
from tests.faults.world import Server, World, world
from tests.servers import mariadb, postgres

KILLS, CRASHES = 50, 5
SERVERS: dict[str, Callable[[], postgres.PostgresServer | mariadb.MariaServer]] = {
    "postgres": lambda: postgres.PostgresServer(fsync=True),
    "mariadb": lambda: mariadb.MariaServer(durable=True),
}


def run() -> list[dict[str, str]]:
    """Every scene on every system; a scene that leaves something else behind is named."""
    results = []
    for system, start in SERVERS.items():
        if reason := {"postgres": postgres, "mariadb": mariadb}[system].lack():
            print(reason, file=sys.stderr)
            continue
        with start() as server:
            results += _on(system, server)
    return results


def _on(system: str, server: Server) -> list[dict[str, str]]:
    undisturbed, packets, commits = _undisturbed(system, server)
    chance = random.Random(50)
    points = sorted(chance.sample(range(1, packets), min(KILLS, packets - 1)))
    crashes = sorted(chance.sample(range(5, packets), CRASHES))

    def same(scene: Callable[[World], object]) -> bool:
        with tempfile.TemporaryDirectory() as folder, world(system, server, Path(folder)) as crm:
            scene(crm)
            return crm.contents() == undisturbed

    def line(what: str, scenes_of: list[Callable[[World], object]]) -> dict[str, str]:
        begun = perf_counter()
        kept = sum(same(scene) for scene in scenes_of)
        found = {
            "what": f"{system}: {what}",
            "ours": f"{kept} of {len(scenes_of)} whole",
            "peer": f"{perf_counter() - begun:.0f} s",
            "ratio": "ok" if kept == len(scenes_of) else "LOST",
        }
        print(*found.values(), flush=True)
        return found

    return [
        line("SIGKILL of apply", [lambda w, p=p: scenes.killed(w, p) for p in points]),  # type: ignore[misc]
        line(
            "line cut before COMMIT",
            [lambda w, n=n: scenes.cut_at_commit(w, n, "before") for n in range(1, commits + 1)],  # type: ignore[misc]
        ),
        line(
            "line cut after COMMIT",
            [lambda w, n=n: scenes.cut_at_commit(w, n, "after") for n in range(1, commits + 1)],  # type: ignore[misc]
        ),
        line("server killed", [lambda w, p=p: scenes.server_killed(w, p) for p in crashes]),  # type: ignore[misc]
        line("row locked by somebody", [lambda w: scenes.locked(w, 2.0)]),
        line("deadlock", [lambda w: scenes.deadlock(w, system)]),
    ]


def _undisturbed(
    system: str, server: Server
) -> tuple[dict[str, list[tuple[object, ...]]], int, int]:
    """What a run leaves that nothing disturbs, its packets and its commits."""
    commits = 0

    def count(_number: int, packet: bytes) -> None:
        nonlocal commits
        commits += b"COMMIT" in packet

    with tempfile.TemporaryDirectory() as folder, world(system, server, Path(folder)) as crm:
        with crm.watching(count):
            crm.finish()
            packets = crm.proxy.packets
        return crm.contents(), packets, commits
