"""PostgreSQL for the contract suite: a fresh database on the server of this test process."""

import functools
from pathlib import Path

from crm_migrate.systems.opening import open_target
from tests.contracts.live import SCHEMA, Live
from tests.servers.postgres import shared_server

_TABLES = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 't', 'S') AND oid > 16383"


@functools.cache
def _template() -> str:
    """A database with the schema, copied for each test."""
    server = shared_server()
    name = server.create_database()
    for statement in SCHEMA:
        server.run(name, statement)
    return name


def postgres_database(_folder: Path) -> Live:
    """PostgreSQL, in a database of its own; skips where no server can be had."""
    server = shared_server()
    database = server.create_database(_template())
    return Live(
        open_target(server.url(database)),
        lambda statement: server.run(database, statement),
        lambda: {str(name) for (name,) in server.run(database, _TABLES)},
    )
