"""The disk of the database server fills up while apply is at work (R-5.6)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.world import World, world
from tests.servers import mariadb, postgres
from tests.servers.cutting_proxy import Cut

SMALL = {"postgres": "200m", "mariadb": "400m"}


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system that is soon full."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("NOT TESTED HERE: mounting a tmpfs is not allowed")
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0,
    reason="NOT TESTED HERE: disk full needs root to mount a small tmpfs",
)
@pytest.mark.parametrize("system", ["mariadb", "postgres"])
def test_disk_full_then_room(system: str, tmp_path: Path) -> None:
    """Apply stops with a fault that says so and what to do; with room again it goes on."""
    module = {"mariadb": mariadb, "postgres": postgres}[system]
    if reason := module.lack():
        pytest.skip(reason)
    mount = Path("/tmp") / f"full-{system}-{os.getpid()}"
    with small_disk(mount, SMALL[system]) as disk:
        server = (
            postgres.PostgresServer(fsync=True, place=str(disk), settings={"max_wal_size": "64MB"})
            if system == "postgres"
            else mariadb.MariaServer(durable=True, place=str(disk))
        )
        with server, world(system, server, tmp_path) as crm:
            _fill_and_free(crm, disk / "ballast")
    mount.rmdir()


def _fill_and_free(crm: World, ballast: Path) -> None:
    def fill(number: int, _packet: bytes) -> Cut | None:
        if not ballast.exists():
            with ballast.open("wb", buffering=0) as out:
                try:
                    while out.write(b"\0" * 65536):
                        pass
                except OSError:
                    pass
        return None

    with crm.watching(fill):
        assert crm.attempt() is None
    assert "full" in crm.reported[-1], crm.reported
    ballast.unlink()
    applied = crm.finish()
    assert applied is not None
    assert applied.counts["customer"].created == 28
