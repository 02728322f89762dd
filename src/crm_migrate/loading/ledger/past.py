"""What the target ledger tells of some golden records over all plans; reads only."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Table, inspect, or_, select

from crm_migrate.loading.ledger.tables import BASE, LEDGER, MOVES, PLANS
from crm_migrate.systems.target import TargetReader

ENTRY = ("plan_id", *(c.name for c in LEDGER.columns if c.name != "plan_id"))
MOVED = tuple(c.name for c in MOVES.columns if c.name != "image")
BASED = ("entity", "golden_id", "target_table", "target_key", "raw_digest", "plan_id")


@dataclass(frozen=True, slots=True)
class PlanPast:
    """A plan as its row in the target tells it; `approvals` are ids of decisions."""

    plan_id: str
    state: str
    started_at: str
    finished_at: str | None
    approvals: tuple[str, ...]


@dataclass(frozen=True)
class Past:
    """`entries` (ENTRY), `moves` (MOVED) and `base` (BASED) rows, all String; plans in order."""

    plans: tuple[PlanPast, ...]
    entries: pl.DataFrame
    moves: pl.DataFrame
    base: pl.DataFrame


def past_of(reader: TargetReader, golden_ids: Collection[str]) -> Past:
    """Everything entered for these golden ids, and for what stood in a group with them."""
    wanted = sorted(golden_ids)
    entries = _rows(reader, LEDGER, ENTRY, ("golden_id", "group_id"), wanted)
    moves = _rows(reader, MOVES, MOVED, ("golden_id", "group_id"), wanted)
    ids = sorted({*wanted, *entries["golden_id"]})
    base = _rows(reader, BASE, BASED, ("golden_id",), ids)
    plans = set(entries["plan_id"]) | set(moves["plan_id"])
    return Past(_plans(reader, plans), entries, moves, base)


def _rows(
    reader: TargetReader,
    table: Table,
    columns: Sequence[str],
    named: Sequence[str],
    ids: Sequence[str],
) -> pl.DataFrame:
    """The rows of one of our tables that have one of the ids in one of the named columns."""
    schema = dict.fromkeys(columns, pl.String)
    if not inspect(reader.connection).has_table(table.name):
        return pl.DataFrame(schema=schema)
    where = or_(*(table.c[c].in_(ids) for c in named))
    chosen = select(*(table.c[c] for c in columns)).where(where)
    found = [tuple(row) for row in reader.connection.execute(chosen)]
    return pl.DataFrame(found, schema=schema, orient="row")


def _plans(reader: TargetReader, plan_ids: Collection[str]) -> tuple[PlanPast, ...]:
    if not plan_ids:
        return ()
    chosen = select(PLANS).where(PLANS.c.plan_id.in_(sorted(plan_ids)))
    listed = [
        PlanPast(
            row.plan_id,
            row.state,
            row.started_at,
            row.finished_at,
            tuple(json.loads(row.approvals)),
        )
        for row in reader.connection.execute(chosen)
    ]
    return tuple(sorted(listed, key=lambda p: (p.started_at, p.plan_id)))
