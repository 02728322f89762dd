"""Fills a database from a schema and rows: the same for SQLite and any other SQLAlchemy URL."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection, MetaData, Table, create_engine, func, insert, select
from sqlalchemy.engine import make_url

Row: TypeAlias = dict[str, object]
Tables: TypeAlias = Mapping[str, Sequence[Row]]
"""Rows by table name; every row of a table has the same keys."""


def sqlite_url(path: Path) -> str:
    """The SQLAlchemy URL of an SQLite file."""
    return f"sqlite:///{path.as_posix()}"


def fill(url: str, schema: MetaData, tables: Tables) -> None:
    """Create the tables of `schema` and fill them, parents before children, in one transaction.

    An SQLite file is made anew; in any other database tables of these names must not exist.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: when a table exists or a row breaks a constraint.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite" and target.database:
        Path(target.database).unlink(missing_ok=True)
    engine = create_engine(target)
    try:
        with engine.begin() as connection:
            schema.create_all(connection, checkfirst=False)
            for table in schema.sorted_tables:
                if rows := tables.get(table.name):
                    connection.execute(insert(table), list(rows))
                    _advance_sequence(connection, table)
    finally:
        engine.dispose()


def _advance_sequence(connection: Connection, table: Table) -> None:
    """PostgreSQL does not notice keys that are given: its next own key must lie behind them."""
    key = table.autoincrement_column
    if key is None or connection.dialect.name != "postgresql":
        return
    sequence = func.pg_get_serial_sequence(table.name, key.name)
    connection.execute(select(func.setval(sequence, select(func.max(key)).scalar_subquery())))
