"""What may go wrong between an apply and a database server, each brought about for real.

Every scene ends with the plan carried out; the tests and `benchmarks/faults.py` then compare what
stands in the CRM with an undisturbed run.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tests.faults.world import World
from tests.servers.cutting_proxy import Cut, at_commit

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_BLOCKED = {
    "postgres": "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
    "mariadb": "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
}
_PATIENCE = 30.0


def killed(world: World, packet: int) -> bool:
    """SIGKILL of the process that applies, at its n-th packet; whether it died of it."""
    died = world.killed(packet) != 0
    world.finish()
    return died


def cut_at_commit(world: World, which: int, cut: Cut) -> None:
    """The line is cut just before, or just after, the server carries out a COMMIT."""
    with world.watching(at_commit(which, cut)):
        world.finish()


def server_killed(world: World, packet: int) -> None:
    """SIGKILL of the server in the middle; it is started again at once."""
    reached, back = threading.Event(), threading.Event()

    def crash(number: int, _packet: bytes) -> Cut | None:
        if number != packet:
            return None
        reached.set()
        back.wait(_PATIENCE)
        return "before"

    # The server is started by this thread: it would die with the one that started it.
    with world.watching(crash), ThreadPoolExecutor(1) as other:
        applying = other.submit(world.finish)
        assert reached.wait(_PATIENCE), "apply sent fewer packets"
        world.server.kill()
        world.server.start()
        back.set()
        applying.result()


def locked(world: World, seconds: float) -> None:
    """Another program keeps a customer's row locked for a while."""
    with other_program(world) as connection:
        connection.exec_driver_sql("UPDATE accounts SET department = 'x' WHERE id = 5")
        release = threading.Timer(seconds, connection.rollback)
        release.start()
        world.finish()
        release.join()


def deadlock(world: World, system: str) -> None:
    """Another program locks two rows the other way round; apply is the one that is sent away."""
    failed: list[BaseException] = []

    def opponent() -> None:
        try:
            with other_program(world) as connection:
                if system == "postgres":
                    connection.exec_driver_sql("SET deadlock_timeout = '60s'")
                else:  # the lighter transaction is the victim
                    connection.exec_driver_sql("INSERT INTO noise SELECT seq FROM seq_1_to_5000")
                connection.exec_driver_sql("UPDATE accounts SET department = 'x' WHERE id = 5")
                ready.set()
                _wait(lambda: world.ask(_BLOCKED[system])[0][0] > 0)
                connection.exec_driver_sql("UPDATE accounts SET department = 'x' WHERE id = 1")
                connection.rollback()
        except BaseException as error:
            failed.append(error)
            ready.set()

    ready = threading.Event()
    thread = threading.Thread(target=opponent)
    thread.start()
    ready.wait()
    world.finish()
    thread.join()
    assert not failed, type(failed[0]).__name__


def name_taken(world: World, name: str) -> None:
    """Somebody enters a customer of that name at the moment when apply inserts."""
    threads: list[threading.Thread] = []

    def enter() -> None:
        with suppress(DBAPIError), other_program(world) as connection:
            connection.exec_driver_sql(f"INSERT INTO accounts (name) VALUES ('{name}')")
            connection.commit()

    def race(_number: int, packet: bytes) -> None:
        inserting = b"accounts" in packet and (b"COPY" in packet or b"INSERT" in packet)
        if inserting and not threads:
            threads.append(threading.Thread(target=enter))
            threads[0].start()
            threads[0].join(1.0)  # where apply holds a lock, the other one waits instead

    with world.watching(race):
        world.finish()
    assert threads, "apply inserted nothing"
    threads[0].join()


@contextmanager
def other_program(world: World) -> Iterator[Connection]:
    """A connection of another program, straight to the server."""
    url = make_url(world.server.url(world.database))
    url = url.set(drivername=_DRIVERS[url.get_backend_name()])
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not until():
        assert time.monotonic() < end, "nothing came to be locked"
        time.sleep(0.25)  # InnoDB renews what it tells of locks only when nobody asked for 0.1 s
