"""Which rows of the target an earlier plan of ours made, as the target ledger knows."""

import polars as pl
from sqlalchemy import case, func, inspect, select

from crm_migrate.loading.books import CREATED, DELETED
from crm_migrate.loading.ledger.tables import LEDGER, MOVES
from crm_migrate.systems.target import TargetSystem


def read_inserted(target: TargetSystem, entity: str) -> pl.Series:
    """Golden ids of the rows that our plans created and did not take back since.

    Empty where nothing was ever applied.
    """
    made = func.sum(case((LEDGER.c.result == CREATED, 1), else_=-1))
    chosen = (
        select(LEDGER.c.golden_id)
        .where(LEDGER.c.entity == entity, LEDGER.c.result.in_([CREATED, DELETED]))
        .group_by(LEDGER.c.golden_id)
        .having(made > 0)
    )
    with target.reading() as reader:
        if not inspect(reader.connection).has_table(LEDGER.name):
            return pl.Series("golden_id", [], dtype=pl.String)
        ids = [row.golden_id for row in reader.connection.execute(chosen)]
    return pl.Series("golden_id", ids, dtype=pl.String)


def read_given_up(target: TargetSystem, entity: str) -> pl.DataFrame:
    """Rows that our plans had created and a merge gave up: target_key, and whose row stayed.

    Empty where nothing was ever merged, or all of it was taken apart again; `golden_id` may have
    given way to another one since.
    """
    names = ("target_key", "golden_id")
    moved = MOVES.alias()
    stands = func.sum(case((moved.c.result == "merged", 1), else_=-1))
    still = (
        select(moved.c.row_key)
        .where(moved.c.entity == entity, moved.c.result.in_(["merged", "unmerged"]))
        .group_by(moved.c.row_key)
        .having(stands > 0)
    )
    chosen = (
        select(MOVES.c.row_key, MOVES.c.golden_id)
        .join(
            LEDGER,
            (LEDGER.c.entity == MOVES.c.entity)
            & (LEDGER.c.target_key == MOVES.c.row_key)
            & (LEDGER.c.result == CREATED),
        )
        .where(MOVES.c.entity == entity, MOVES.c.result == "merged", MOVES.c.row_key.in_(still))
        .order_by(MOVES.c.at)
    )
    with target.reading() as reader:
        if not inspect(reader.connection).has_table(MOVES.name):
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        rows = [tuple(row) for row in reader.connection.execute(chosen)]
    found = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return found.unique("target_key", keep="last", maintain_order=True)
