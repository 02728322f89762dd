"""PostgreSQL as a target.

- Planning reads in one REPEATABLE READ, READ ONLY transaction: SELECT rights suffice.
- Writing goes by COPY and by sets, under READ COMMITTED, with the rows that were asked for locked.
- The settings that decide how cells are spelt are set in every transaction, for it alone, so that
  a connection pooler between us and the server does no harm.
"""

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import polars as pl
import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import OperationalError

from crm_migrate.systems.postgres import forms, rights
from crm_migrate.systems.postgres.faults import connect_fault, faults, no_schema
from crm_migrate.systems.postgres.text import Cast
from crm_migrate.systems.postgres.view import PostgresView, raw_connection
from crm_migrate.systems.target import Purpose
from crm_migrate.systems.target_schema import ColumnInfo, TargetSchema

SETTINGS = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "xmloption": "content",
    "row_security": "off",  # a policy that would hide rows is an error, not fewer rows
    "idle_in_transaction_session_timeout": "0",
}
"""How the server spells cells; the manual, "Client Connection Defaults"."""

_WRITING = {"lock_timeout": "15s", "statement_timeout": "15min"}
_CONNECTING = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "application_name": "crm-migrate",
}
_SCHEMA = "schema"
"""Query parameter of our own in the URL: the schema that holds the CRM's tables."""

_SEARCH_PATH = """
    SELECT set_config('search_path', string_agg(quote_ident(s), ', ' ORDER BY n), true)
    FROM unnest(%(schema)s::text || current_schemas(false)::text[]) WITH ORDINALITY u (s, n)
    WHERE s = %(schema)s OR NOT EXISTS (
      SELECT FROM pg_tables WHERE schemaname = s AND starts_with(tablename::text, 'crm_migrate_'))
"""
"""The named schema first; what it lacks is still found where it was, but for tables of ours."""


class PostgresTarget:
    """A schema of a PostgreSQL database as a target."""

    system = "postgresql"

    def __init__(self, url: URL, *, wait: float = 15.0) -> None:
        """`url` may name a schema by `?schema=`; `wait`: seconds to wait for another's locks."""
        schema = url.query.get(_SCHEMA)
        self._schema = schema if isinstance(schema, str) and schema else None
        self._url = url.difference_update_query([_SCHEMA]).set(drivername="postgresql+psycopg")
        self._wait = wait
        self._casts: dict[str, dict[str, Cast]] = {}
        host = url.host or url.query.get("host") or "localhost"
        self.database = f"{host}:{url.port or 5432}/{url.database or url.username or ''}"
        if self._schema is not None:
            self.database += f"?schema={self._schema}"

    def describe(self) -> TargetSchema:
        """The schema, read-only."""
        with self.reading() as view:
            return view.describe()

    def read_table(self, name: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows of a table as stored text, read-only."""
        with self.reading() as view:
            return view.read_table(name, columns)

    @contextmanager
    def reading(self) -> Iterator[PostgresView]:
        """One consistent view, read-only by the server's own word."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._begun(options, {"statement_timeout": "0"}) as (connection, schema):
            yield PostgresView(connection, self.database, schema, self._casts)

    @contextmanager
    def transaction(self, *, triggers: bool = True) -> Iterator[PostgresView]:
        """A write transaction; deferred constraints are checked when it commits."""
        settings = _WRITING | {"lock_timeout": f"{round(self._wait * 1000)}ms"}
        if not triggers:
            settings["session_replication_role"] = "replica"
        with self._begun({"isolation_level": "READ COMMITTED"}, settings) as (connection, schema):
            view = PostgresView(
                connection, self.database, schema, self._casts, writes=True, silent=not triggers
            )
            yield view
            view.finish()

    def stored_form(self, column: ColumnInfo, values: pl.Series) -> pl.Series:
        """What PostgreSQL makes of the values: told by rule for plain text, else asked of it."""
        if not forms.needs_server(column):
            return forms.stored_form(None, column, values)
        with self._asking() as raw:
            return forms.stored_form(raw, column, values)

    def equality_form(self, column: ColumnInfo, values: pl.Series) -> pl.Series:
        """Bytes compare as they are; citext and nondeterministic collations are asked."""
        if column.collation is None:
            return forms.equality_form(None, column, values)
        with self._asking() as raw:
            return forms.equality_form(raw, column, values)

    def can_silence(self) -> bool:
        """Whether this user may set session_replication_role."""
        with self._asking() as raw:
            return rights.may_silence(raw)

    def grants(self, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
        """GRANT statements for schema, tables (ours, too, once they stand) and sequences."""
        with self.reading() as view:
            return rights.grants(view.raw, view.schema_name, tables, purpose)

    def lacking(self, tables: Sequence[str], purpose: Purpose) -> tuple[str, ...]:
        """What has_table_privilege and its like deny."""
        with self.reading() as view:
            return rights.lacking(view.raw, view.schema_name, tables, purpose)

    @contextmanager
    def _asking(self) -> "Iterator[psycopg.Connection[Any]]":
        with self.reading() as view:
            yield view.raw

    @contextmanager
    def _begun(
        self, options: dict[str, Any], settings: dict[str, str]
    ) -> Iterator[tuple[Connection, str]]:
        """A connection in a transaction with the settings, and the schema of the tables."""
        with faults(self.database), self._connect() as connection:
            raw = raw_connection(connection)
            try:
                with connection.execution_options(**options).begin():
                    yield connection, self._prepare(raw, SETTINGS | settings)
            except BaseException:
                if raw.broken:  # it must not come back from the pool
                    connection.invalidate()
                raise

    def _connect(self) -> Connection:
        try:
            return self._engine.connect()
        except OperationalError as error:
            if isinstance(error.orig, psycopg.OperationalError) and not error.orig.sqlstate:
                database = self._url.database or self._url.username or ""
                raise connect_fault(error.orig, self.database, database) from None
            raise

    def _prepare(self, raw: "psycopg.Connection[Any]", settings: dict[str, str]) -> str:
        settled = ", ".join(f"set_config('{n}', '{v}', true)" for n, v in settings.items())
        (*_, schema) = raw.execute(f"SELECT {settled}, current_schema()").fetchone() or (None,)
        if self._schema is None:
            return str(schema or "public")
        found = raw.execute("SELECT FROM pg_namespace WHERE nspname = %s", [self._schema])
        if found.fetchone() is None:
            raise no_schema(self.database)
        raw.execute(_SEARCH_PATH, {"schema": self._schema})
        return self._schema

    @cached_property
    def _engine(self) -> Engine:
        """One connection is kept, and tried before it is used again: connecting takes its time."""
        engine = create_engine(
            self._url,
            pool_size=1,
            max_overflow=9,
            pool_pre_ping=True,
            hide_parameters=True,
            client_encoding="utf8",
            connect_args={"prepare_threshold": None}
            | {n: v for n, v in _CONNECTING.items() if n not in self._url.query},
        )
        weakref.finalize(self, engine.dispose)
        return engine
