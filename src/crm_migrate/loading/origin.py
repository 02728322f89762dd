"""Which rows of the target an earlier plan of ours made, as the target ledger knows."""

import polars as pl
from sqlalchemy import inspect, select

from crm_migrate.loading.target_ledger import LEDGER
from crm_migrate.loading.write import CREATED
from crm_migrate.systems.target import TargetSystem


def read_inserted(target: TargetSystem, entity: str) -> pl.Series:
    """Golden ids of the rows that our plans created; empty where nothing was ever applied."""
    chosen = (
        select(LEDGER.c.golden_id)
        .where(LEDGER.c.entity == entity, LEDGER.c.result == CREATED)
        .distinct()
    )
    with target.reading() as reader:
        if not inspect(reader.connection).has_table(LEDGER.name):
            return pl.Series("golden_id", [], dtype=pl.String)
        ids = [row.golden_id for row in reader.connection.execute(chosen)]
    return pl.Series("golden_id", ids, dtype=pl.String)
