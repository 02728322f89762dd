"""Identities and their members: which record belongs to which golden record, for ever.

Tables come and go as Polars frames; 1 M rows are written in a few seconds by the driver's own
bulk insert.
"""

from dataclasses import dataclass

import polars as pl
from sqlalchemy.engine import Connection, Engine

_BATCH = 100_000


@dataclass(frozen=True, slots=True)
class Named:
    """Golden ids that go by a name: it is the id, its beginning, or the customer code."""

    same: set[str]
    by_prefix: set[str]
    by_code: set[str]


def reserve(state: Engine, identities: pl.DataFrame, entity: str, run: str, at: str) -> None:
    """Reserve golden ids and customer codes for a plan; those that are final are left as they are.

    identities: golden_id, anchor, customer_code (the last two may be null).
    """
    _insert(
        state,
        "INSERT INTO identities (golden_id, anchor, customer_code, entity, status, created_at, run)"
        " VALUES (?, ?, ?, ?, 'reserved', ?, ?) ON CONFLICT (golden_id) DO UPDATE"
        " SET customer_code = excluded.customer_code, run = excluded.run"
        " WHERE status = 'reserved'",
        identities.select("golden_id", "anchor", "customer_code").sort("golden_id"),
        (entity, at, run),
    )


def activate(state: Engine, golden_ids: pl.Series) -> None:
    """Reserved identities become final: they stand in the target."""
    with state.begin() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE final (golden_id TEXT)")
        _write(connection, "INSERT INTO final VALUES (?)", golden_ids.sort().to_frame())
        connection.exec_driver_sql(
            "UPDATE identities SET status = 'active'"
            " WHERE status = 'reserved' AND golden_id IN (SELECT golden_id FROM final)"
        )
        connection.exec_driver_sql("DROP TABLE final")


def release(state: Engine, golden_ids: pl.Series) -> None:
    """Final identities that stand in the target no more: reserved again, their records unbound."""
    with state.begin() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE gone (golden_id TEXT PRIMARY KEY)")
        _write(connection, "INSERT OR IGNORE INTO gone VALUES (?)", golden_ids.sort().to_frame())
        chosen = "golden_id IN (SELECT golden_id FROM gone)"
        connection.exec_driver_sql(
            f"UPDATE identities SET status = 'reserved' WHERE status = 'active' AND {chosen}"
        )
        connection.exec_driver_sql(f"DELETE FROM members WHERE {chosen}")
        connection.exec_driver_sql("DROP TABLE gone")


def retire(state: Engine, tombstones: pl.DataFrame) -> None:
    """Golden ids that gave way to another on a merge; `golden_id`, `into`."""
    _insert(
        state,
        "UPDATE identities SET successor = ?, status = 'merged' WHERE golden_id = ?",
        tombstones.select("into", "golden_id"),
    )


def revive(state: Engine, tombstones: pl.DataFrame) -> None:
    """Takes `retire` back: golden ids that stand for themselves again; `golden_id`, `into`."""
    _insert(
        state,
        "UPDATE identities SET successor = NULL, status = 'active'"
        " WHERE successor = ? AND golden_id = ? AND status = 'merged'",
        tombstones.select("into", "golden_id"),
    )


def store_members(state: Engine, members: pl.DataFrame, entity: str, run: str) -> None:
    """Which golden record each record belongs to now; `record_id`, `golden_id`."""
    _insert(
        state,
        "INSERT INTO members (record_id, golden_id, entity, run) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (entity, record_id)"
        " DO UPDATE SET golden_id = excluded.golden_id, run = excluded.run",
        members.select("record_id", "golden_id").sort("record_id"),
        (entity, run),
    )


def known_members(state: Engine, entity: str) -> pl.DataFrame:
    """record_id, golden_id and when the golden id was founded (`founded`), by record id."""
    return _frame(
        state,
        "SELECT m.record_id, m.golden_id, coalesce(i.created_at, '') AS founded FROM members m"
        " LEFT JOIN identities i ON i.golden_id = m.golden_id WHERE m.entity = ?"
        " ORDER BY m.record_id",
        (entity,),
        ("record_id", "golden_id", "founded"),
    )


def known_tombstones(state: Engine, entity: str) -> pl.DataFrame:
    """golden_id, into: golden ids that gave way to another, by golden id."""
    return _frame(
        state,
        "SELECT golden_id, successor FROM identities"
        " WHERE entity = ? AND status = 'merged' ORDER BY golden_id",
        (entity,),
        ("golden_id", "into"),
    )


def known_identities(state: Engine, entity: str) -> pl.DataFrame:
    """golden_id, anchor, customer_code, status, successor, created_at, run, by golden id."""
    columns = ("golden_id", "anchor", "customer_code", "status", "successor", "created_at", "run")
    return _frame(
        state,
        f"SELECT {', '.join(columns)} FROM identities WHERE entity = ? ORDER BY golden_id",
        (entity,),
        columns,
    )


def golden_ids_of(state: Engine, entity: str, name: str) -> Named:
    """The golden ids of an entity that go by that name."""
    query = (
        "SELECT golden_id, customer_code FROM identities WHERE entity = ?"
        " AND (golden_id = ? OR substr(golden_id, 1, ?) = ? OR customer_code = ?)"
    )
    with state.connect() as connection:
        rows = connection.exec_driver_sql(query, (entity, name, len(name), name, name)).all()
    return Named(
        same={g for g, _ in rows if g == name},
        by_prefix={g for g, _ in rows if g.startswith(name)},
        by_code={g for g, code in rows if code == name},
    )


def predecessors(state: Engine, golden_id: str) -> list[str]:
    """The golden ids that gave way to this one, directly or by way of others; sorted."""
    query = (
        "WITH RECURSIVE former (golden_id) AS (SELECT golden_id FROM identities"
        " WHERE successor = ? AND status = 'merged' UNION SELECT i.golden_id FROM identities i"
        " JOIN former f ON i.successor = f.golden_id WHERE i.status = 'merged')"
        " SELECT golden_id FROM former ORDER BY golden_id"
    )
    with state.connect() as connection:
        return [str(row[0]) for row in connection.exec_driver_sql(query, (golden_id,))]


def resolve(state: Engine, golden_id: str) -> str:
    """The golden id that stands for this one today: tombstones are followed to their end."""
    with state.connect() as connection:
        while True:
            row = connection.exec_driver_sql(
                "SELECT successor FROM identities WHERE golden_id = ? AND status = 'merged'",
                (golden_id,),
            ).first()
            if row is None:
                return golden_id
            golden_id = str(row[0])


def _insert(
    state: Engine, statement: str, rows: pl.DataFrame, constants: tuple[str, ...] = ()
) -> None:
    filled = rows.with_columns(pl.lit(c).alias(f"_{n}") for n, c in enumerate(constants))
    with state.begin() as connection:
        _write(connection, statement, filled)


def _write(connection: Connection, statement: str, rows: pl.DataFrame) -> None:
    for batch in rows.iter_slices(_BATCH):
        if batch.height:
            connection.exec_driver_sql(statement, batch.rows())


def _frame(
    state: Engine, query: str, parameters: tuple[str, ...], columns: tuple[str, ...]
) -> pl.DataFrame:
    schema = dict.fromkeys(columns, pl.String)
    frames = [pl.DataFrame(schema=schema)]
    with state.connect() as connection:
        result = connection.exec_driver_sql(query, parameters)
        while rows := result.fetchmany(_BATCH):
            texts = zip(columns, zip(*rows, strict=True), strict=True)
            frames.append(pl.DataFrame({n: list(v) for n, v in texts}, schema=schema))
    return pl.concat(frames)
