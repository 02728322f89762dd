"""MariaDB for the contract suite: a fresh database on the server of this test process."""

from pathlib import Path

from crm_migrate.systems.opening import open_target
from tests.contracts.live import SCHEMA, Live
from tests.servers.mariadb import shared_server


def mariadb_database(_folder: Path) -> Live:
    """MariaDB, in a database of its own; skips where no server can be had."""
    server = shared_server()
    database = server.create_database()

    def run(statement: str) -> list[tuple[object, ...]]:
        return server.run(database, statement)

    for statement in SCHEMA:
        run(statement)
    return Live(
        open_target(server.url(database)),
        run,
        lambda: {str(name) for (name,) in run("SHOW TABLES")},
    )
