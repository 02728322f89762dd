"""What a user needs in PostgreSQL for planning and applying, and what of it is lacking."""

from collections.abc import Sequence
from typing import Any

import psycopg

from crm_migrate.systems.postgres.text import literal, quoted
from crm_migrate.systems.target import OWN_PREFIX, Purpose

_READS, _WRITES = ("SELECT",), ("SELECT", "INSERT", "UPDATE", "DELETE")
"""DELETE serves merges and taking a plan back."""

Connection = psycopg.Connection[Any]


def grants(
    connection: Connection, schema: str, tables: Sequence[str], purpose: Purpose
) -> tuple[str, ...]:
    """GRANT statements for the user of the connection."""
    user = quoted(connection.info.user)
    named = [f"{quoted(schema)}.{quoted(t)}" for t in _existing(connection, schema, tables)]
    usage = "USAGE, CREATE" if purpose == "apply" else "USAGE"
    rights = ", ".join(_WRITES if purpose == "apply" else _READS)
    given = [f"GRANT {usage} ON SCHEMA {quoted(schema)} TO {user}"]
    if named:
        given.append(f"GRANT {rights} ON {', '.join(named)} TO {user}")
    if purpose == "apply" and (numbers := _sequences(connection, schema, tables)):
        given.append(f"GRANT USAGE ON SEQUENCE {', '.join(numbers)} TO {user}")
    return tuple(given)


def lacking(
    connection: Connection, schema: str, tables: Sequence[str], purpose: Purpose
) -> tuple[str, ...]:
    """`RIGHT on table` for every right that the user lacks.

    A right on some of a table's columns counts: which of them are mapped is not known here.
    """
    found = _existing(connection, schema, tables)
    missing = []
    place = literal(schema)
    if not _holds(connection, f"has_schema_privilege({place}, 'USAGE')"):
        return (f"USAGE on schema {schema}",)
    makes = purpose == "apply" and not any(t.startswith(OWN_PREFIX) for t in found)
    if makes and not _holds(connection, f"has_schema_privilege({place}, 'CREATE')"):
        missing.append(f"CREATE on schema {schema}")
    for table in found:
        name = literal(f"{quoted(schema)}.{quoted(table)}")
        for right in _WRITES if purpose == "apply" else _READS:
            held = f"has_table_privilege({name}, '{right}')"
            if right != "DELETE":
                held += f" OR has_any_column_privilege({name}, '{right}')"
            if not _holds(connection, held):
                missing.append(f"{right} on {table}")
    if purpose == "apply":
        missing += [
            f"USAGE on {sequence}"
            for sequence in _sequences(connection, schema, tables)
            if not _holds(connection, f"has_sequence_privilege({literal(sequence)}, 'USAGE')")
        ]
    return tuple(missing)


def may_silence(connection: Connection) -> bool:
    """Whether the user may set session_replication_role (by GRANT SET from PostgreSQL 15 on)."""
    if connection.info.server_version >= 150000:
        return _holds(connection, "has_parameter_privilege('session_replication_role', 'SET')")
    return _holds(connection, "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)")


def _existing(connection: Connection, schema: str, tables: Sequence[str]) -> list[str]:
    """Those of the tables that stand, and ours."""
    rows = connection.execute(
        "SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'f')"
        " AND (c.relname = ANY (%s) OR starts_with(c.relname::text, %s)) ORDER BY c.relname",
        [schema, list(tables), OWN_PREFIX],
    ).fetchall()
    return [name for (name,) in rows]


def _sequences(connection: Connection, schema: str, tables: Sequence[str]) -> list[str]:
    """Sequences that the tables' columns own or draw from."""
    rows = connection.execute(
        "SELECT DISTINCT quote_ident(sn.nspname) || '.' || quote_ident(s.relname)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_attrdef f ON f.adrelid = c.oid"
        " JOIN pg_depend d ON (d.refobjid = c.oid AND d.deptype IN ('a', 'i')"
        " AND d.classid = 'pg_class'::regclass) OR (d.objid = f.oid"
        " AND d.classid = 'pg_attrdef'::regclass)"
        " JOIN pg_class s ON s.relkind = 'S' AND s.oid IN (d.objid, d.refobjid)"
        " JOIN pg_namespace sn ON sn.oid = s.relnamespace"
        " WHERE n.nspname = %s AND c.relname = ANY (%s) ORDER BY 1",
        [schema, list(tables)],
    ).fetchall()
    return [name for (name,) in rows]


def _holds(connection: Connection, condition: str) -> bool:
    row = connection.execute(f"SELECT {condition}").fetchone()
    return bool(row and row[0])
