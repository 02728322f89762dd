"""A source that can't be read says who was refused where and what helps, and no value."""

from pathlib import Path

import pytest

from crm_migrate.errors import SourceFault
from crm_migrate.systems.sql import sql_tables
from tests.servers import mariadb
from tests.servers.postgres import PostgresServer, postgres_database, postgres_server

__all__ = ["postgres_database", "postgres_server"]


def read(url: str) -> None:
    for table in sql_tables(url):
        list(table.batches())


def said(url: str) -> tuple[str, str, str]:
    """Message, place and remedy of the fault."""
    with pytest.raises(SourceFault) as found:
        read(url)
    told = found.value.describe("en")
    return str(told["message"]), str(told["where"]), str(told["remedy"])


def test_mariadb_refuses() -> None:
    """R-2.1: a wrong password names the user, never the password; so do a missing right, a missing
    database and a server that is not there.
    """
    server = mariadb.shared_server()
    database = server.create_database()
    server.run(database, "CREATE TABLE t (a INT PRIMARY KEY)")
    user = server.create_user(database)
    url = server.url(database, user)
    wrong = url.replace(f"{user}@", f"{user}:geheim@")
    message, where, remedy = said(wrong)
    assert (user in message, "password" in message, "environment variable" in remedy) == (True,) * 3
    assert "geheim" not in message + where + remedy
    assert "may not read" in said(url)[0]
    assert "no such database" in said(server.url("nowhere"))[0]
    message, _, remedy = said("mysql://x@127.0.0.1:1/y")
    assert ("reached" in message, "host and port" in remedy) == (True, True)
    server.drop_database(database)


def test_postgresql_refuses(postgres_server: PostgresServer, postgres_database: str) -> None:
    """R-2.1: an unknown user, a missing right and a missing database are told apart."""
    url = postgres_server.url(postgres_database)
    postgres_server.run(postgres_database, "CREATE TABLE t (a int PRIMARY KEY)")
    postgres_server.run(postgres_database, "DROP ROLE IF EXISTS source_reader")
    postgres_server.run(postgres_database, "CREATE ROLE source_reader LOGIN")
    message, _, remedy = said(postgres_server.url(postgres_database, "source_reader"))
    assert ("source_reader" in message, "grant SELECT" in remedy) == (True, True)
    assert "no such database" in said(url.replace(postgres_database, "nowhere"))[0]
    assert "reached" in said("postgresql://x@127.0.0.1:1/y")[0]


def test_sqlite_refuses(tmp_path: Path) -> None:
    """R-2.1: a file that is none of SQLite's says so."""
    file = tmp_path / "x.db"
    file.write_bytes(b"SQLite format 3\0" + b"\x01" * 200)
    assert "no SQLite database" in said(f"sqlite:///{file}")[0]
