"""Identities and their members: which record belongs to which golden record, for ever.

Tables come and go as Polars frames. Rows go to SQLite as JSON that it takes apart itself
(`json_each`), a hundred thousand at a time; the driver takes longer for as many tuples.
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
    rows = identities.select("golden_id", "anchor", "customer_code").sort("golden_id")
    with state.begin() as connection:
        _write(
            connection,
            "INSERT INTO identities"
            " (golden_id, anchor, customer_code, entity, status, created_at, run)"
            " SELECT golden_id, anchor, customer_code, ?, 'reserved', ?, ? FROM {given} WHERE true"
            " ON CONFLICT (golden_id) DO UPDATE"
            " SET customer_code = excluded.customer_code, run = excluded.run"
            " WHERE status = 'reserved'",
            rows,
            (entity, at, run),
        )


def activate(state: Engine, golden_ids: pl.Series) -> None:
    """Reserved identities become final: they stand in the target."""
    with state.begin() as connection:
        _write(
            connection,
            "UPDATE identities SET status = 'active'"
            " WHERE status = 'reserved' AND golden_id IN (SELECT golden_id FROM {given})",
            golden_ids.sort().to_frame("golden_id"),
        )


def release(state: Engine, golden_ids: pl.Series) -> None:
    """Final identities that stand in the target no more: reserved again, their records unbound."""
    rows = golden_ids.sort().to_frame("golden_id")
    chosen = "golden_id IN (SELECT golden_id FROM {given})"
    with state.begin() as connection:
        _write(
            connection,
            f"UPDATE identities SET status = 'reserved' WHERE status = 'active' AND {chosen}",
            rows,
        )
        _write(connection, f"DELETE FROM members WHERE {chosen}", rows)


def retire(state: Engine, tombstones: pl.DataFrame) -> None:
    """Golden ids that gave way to another on a merge; `golden_id`, `into`."""
    with state.begin() as connection:
        _write(
            connection,
            "UPDATE identities SET successor = g.\"into\", status = 'merged'"
            " FROM {given} g WHERE identities.golden_id = g.golden_id",
            tombstones.select("into", "golden_id"),
        )


def revive(state: Engine, tombstones: pl.DataFrame) -> None:
    """Takes `retire` back: golden ids that stand for themselves again; `golden_id`, `into`."""
    with state.begin() as connection:
        _write(
            connection,
            "UPDATE identities SET successor = NULL, status = 'active' FROM {given} g"
            ' WHERE successor = g."into" AND identities.golden_id = g.golden_id'
            " AND status = 'merged'",
            tombstones.select("into", "golden_id"),
        )


def store_members(state: Engine, members: pl.DataFrame, entity: str, run: str) -> None:
    """Which golden record each record belongs to now; `record_id`, `golden_id`."""
    with state.begin() as connection:
        _write(
            connection,
            "INSERT INTO members (record_id, golden_id, entity, run)"
            " SELECT record_id, golden_id, ?, ? FROM {given} WHERE true"
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


def _write(
    connection: Connection, statement: str, rows: pl.DataFrame, constants: tuple[str, ...] = ()
) -> None:
    """Runs a statement in which `{given}` stands for the rows, after its constants."""
    cells = (f"json_extract(value, '$[{n}]') AS \"{c}\"" for n, c in enumerate(rows.columns))
    given = f"(SELECT {', '.join(cells)} FROM json_each(?))"
    filled = statement.format(given=given)
    for batch in rows.iter_slices(_BATCH):
        if batch.height:
            connection.exec_driver_sql(filled, (*constants, _json(batch)))


def _json(rows: pl.DataFrame) -> str:
    """The rows as one JSON array of arrays."""
    listed = rows.select(pl.struct(v=pl.concat_list(pl.all())).struct.json_encode())
    # Each is {"v":[…]}: the brackets of one array around all, a comma between.
    return "[" + ",".join(listed.to_series().str.slice(5).str.head(-1).to_list()) + "]"


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
