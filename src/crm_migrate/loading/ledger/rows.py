"""What our tables in the target (`tables.py`) say, and how they are written."""

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Select, Table, inspect, literal, select, table

from crm_migrate.loading.ledger.tables import (
    BASE,
    BASE_BEFORE,
    BASE_COLUMNS,
    BEFORE,
    LEDGER,
    LEDGER_COLUMNS,
    MOVE_COLUMNS,
    MOVES,
)
from crm_migrate.systems.target import TargetReader, TargetSystem, TargetTransaction


def read_base(target: TargetSystem, entity: str) -> pl.DataFrame:
    """What was last applied: golden_id, target_key, commitments (JSON), raw_digest.

    Empty when nothing was ever applied. Needs read rights only.
    """
    with target.reading() as reader:
        return base_of(reader, entity)


def base_of(reader: TargetReader, entity: str) -> pl.DataFrame:
    """The entity's base rows (BASE_COLUMNS)."""
    chosen = select(*(BASE.c[name] for name in BASE_COLUMNS)).where(BASE.c.entity == entity)
    return _read(reader, BASE, chosen, BASE_COLUMNS)


def read_ledger(reader: TargetReader, plan_id: str, group: str | None = None) -> pl.DataFrame:
    """The plan's ledger entries (LEDGER_COLUMNS, all String); empty when it was never begun.

    `group`: of that group only.
    """
    if group is None:
        if not inspect(reader.connection).has_table(LEDGER.name):
            return pl.DataFrame(schema=dict.fromkeys(LEDGER_COLUMNS, pl.String))
        ours = pl.Series([plan_id], dtype=pl.String)
        return reader.rows(LEDGER.name, "plan_id", ours, LEDGER_COLUMNS).select(LEDGER_COLUMNS)
    chosen = (
        select(*(LEDGER.c[name] for name in LEDGER_COLUMNS))
        .where(LEDGER.c.plan_id == plan_id)
        .where(LEDGER.c.group_id == group)
    )
    return _read(reader, LEDGER, chosen, LEDGER_COLUMNS)


def read_moves(reader: TargetReader, plan_id: str, group: str | None = None) -> pl.DataFrame:
    """The plan's merges and re-parented rows (MOVE_COLUMNS, all String), carried out or left.

    `group`: of that group only.
    """
    chosen = select(*(MOVES.c[name] for name in MOVE_COLUMNS)).where(MOVES.c.plan_id == plan_id)
    if group is not None:
        chosen = chosen.where(MOVES.c.group_id == group)
    return _read(reader, MOVES, chosen, MOVE_COLUMNS)


def base_before(reader: TargetReader, entity: str, golden_ids: pl.Series) -> pl.DataFrame:
    """The base rows of these golden ids: golden_id, target_key, BASE_BEFORE."""
    columns = ("golden_id", "target_key", *BASE_BEFORE)
    if golden_ids.is_empty() or not inspect(reader.connection).has_table(BASE.name):
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    rows = reader.rows(BASE.name, "golden_id", golden_ids, ("entity", *columns))
    return rows.filter(pl.col("entity") == entity).select(columns)


def take_base(transaction: TargetTransaction, entity: str, golden_ids: pl.Series) -> pl.DataFrame:
    """The base rows of these golden ids, as `base_before` tells them; they go."""
    columns = tuple(c.name for c in BASE.columns)
    rows = transaction.take(BASE.name, "golden_id", golden_ids, columns)
    ours = pl.col("entity") == entity
    # Another entity may have a record of that golden id (none of ours does): it stays.
    transaction.insert(BASE.name, rows.filter(~ours).select(columns))
    return rows.filter(ours).select("golden_id", "target_key", *BASE_BEFORE)


def known_keys(reader: TargetReader, golden_ids: pl.Series) -> pl.DataFrame:
    """Base rows of these golden ids: entity, golden_id, target_key."""
    names = ("entity", "golden_id", "target_key")
    if golden_ids.is_empty() or not has_rows(reader, BASE.name):
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return reader.rows(BASE.name, "golden_id", golden_ids, names).select(names)


def has_rows(reader: TargetReader, name: str) -> bool:
    """Whether the table stands and has any row."""
    if not inspect(reader.connection).has_table(name):
        return False
    any_row = select(literal(1)).select_from(table(name)).limit(1)
    return reader.connection.execute(any_row).first() is not None


def write_ledger(
    transaction: TargetTransaction, plan_id: str, entries: Sequence[pl.DataFrame]
) -> None:
    """Ledger rows; `entries` have LEDGER_COLUMNS."""
    if entries:
        named = pl.concat(entries).select(pl.lit(plan_id).alias("plan_id"), *LEDGER_COLUMNS)
        transaction.insert(LEDGER.name, named)


def write_images(
    transaction: TargetTransaction, plan_id: str, images: Sequence[pl.DataFrame]
) -> None:
    """Before-images: `entity` and before_image.PACKET."""
    if images:
        named = pl.concat(images).with_columns(pl.col("held").cast(pl.String))
        transaction.insert(BEFORE.name, named.select(pl.lit(plan_id).alias("plan_id"), pl.all()))


def write_moves_left(
    transaction: TargetTransaction, plan_id: str, moves: pl.DataFrame, result: str, at: str
) -> None:
    """Entries for merges and re-parented rows that were left; `moves`: plan.change.MOVES."""
    transaction.insert(MOVES.name, move_entries(plan_id, moves, result, at))


def move_entries(plan_id: str, moves: pl.DataFrame, result: str, at: str) -> pl.DataFrame:
    """The rows of MOVES, but for images; `moves`: plan.change.MOVES with `reason`."""
    return moves.select(
        pl.lit(plan_id).alias("plan_id"),
        pl.col("table").alias("table_name"),
        "row_key",
        pl.col("column").fill_null("").alias("column_name"),
        "kind",
        pl.col("before").alias("before_key"),
        pl.col("after").alias("after_key"),
        pl.col("group").alias("group_id"),
        "entity",
        "golden_id",
        "op_digest",
        pl.lit(result).alias("result"),
        "reason",
        pl.lit(at).alias("at"),
    )


def write_base(
    transaction: TargetTransaction, entity: str, table: str, rows: pl.DataFrame, at: str
) -> None:
    """New base rows of an entity; `rows` has BASE_COLUMNS and `plan_id`, the plan applied."""
    named = rows.with_columns(pl.lit(entity).alias("entity"), pl.lit(table).alias("target_table"))
    add_base(transaction, [named], at)


def add_base(transaction: TargetTransaction, rows: Sequence[pl.DataFrame], at: str) -> None:
    """New base rows; `rows` have all columns of the table but `at`."""
    columns = [c.name for c in BASE.columns if c.name != "at"]
    if rows:
        named = pl.concat([frame.select(columns) for frame in rows])
        transaction.insert(BASE.name, named.with_columns(pl.lit(at).alias("at")))


def _read(
    reader: TargetReader, source: Table, chosen: "Select[tuple[str, ...]]", columns: Sequence[str]
) -> pl.DataFrame:
    schema = dict.fromkeys(columns, pl.String)
    if not inspect(reader.connection).has_table(source.name):
        return pl.DataFrame(schema=schema)
    rows = [tuple(row) for row in reader.connection.execute(chosen)]
    return pl.DataFrame(rows, schema=schema, orient="row")
