"""What a plan did, as the target knows it: ledger, opened before-images, base rows, rows now."""

from collections.abc import Mapping

import polars as pl
from sqlalchemy import inspect, select

from crm_migrate.loading.applied import LoadingKeys
from crm_migrate.loading.bearings import Bearings
from crm_migrate.loading.before_image import open_images
from crm_migrate.loading.target_ledger import BASE_BEFORE, BEFORE, base_before, read_ledger
from crm_migrate.plan.change import Plan
from crm_migrate.plan.digest import row_columns
from crm_migrate.plan.reversal import BASE, IMAGE, WAS, Trail, done_rows
from crm_migrate.systems.target import TargetReader


def read_trails(
    reader: TargetReader, plan: Plan, bearings: Bearings, keys: LoadingKeys
) -> dict[str, Trail]:
    """Entity → what the plan did to its rows, in the plan's order.

    Raises:
        IntegrityFault: a before-image does not open.
        TargetFault: the target can't be read, or a mapped table or column is gone.
    """
    ledger = read_ledger(reader, plan.header.plan_id)
    return {
        entity: _trail(reader, plan, entity, ledger, bearings, keys) for entity in plan.operations
    }


def read_images(
    reader: TargetReader,
    plan_id: str,
    entity: str,
    columns: list[str],
    rollback_key: bytes,
    golden_id: str | None = None,
) -> pl.DataFrame:
    """The plan's opened before-images of the entity (of one row): IMAGE and `was:` cells.

    Raises:
        IntegrityFault: an image does not open.
    """
    ids: list[str] = []
    sealed: list[bytes] = []
    if inspect(reader.connection).has_table(BEFORE.name):
        chosen = select(BEFORE.c.golden_id, BEFORE.c.image).where(
            BEFORE.c.plan_id == plan_id, BEFORE.c.entity == entity
        )
        if golden_id is not None:
            chosen = chosen.where(BEFORE.c.golden_id == golden_id)
        for row in reader.connection.execute(chosen):
            ids.append(row.golden_id)
            sealed.append(row.image)
    texts = pl.Series(open_images(rollback_key, plan_id, entity, ids, sealed), dtype=pl.String)
    kind = pl.Struct(
        {
            "before": pl.Struct(dict.fromkeys(columns, pl.String)),
            "written": pl.List(pl.String),
            "base": pl.Struct(dict.fromkeys(BASE_BEFORE, pl.String)),
        }
    )
    opened = texts.str.json_decode(kind).struct.unnest().with_columns(golden_id=pl.Series(ids))
    before, base = pl.col("before").struct, pl.col("base").struct
    return opened.select(
        pl.col("golden_id").cast(pl.String),
        "written",
        *(base.field(name).alias(name) for name in BASE_BEFORE),
        *(before.field(c).alias(WAS + c) for c in columns),
    ).select(*IMAGE, *(WAS + c for c in columns))


def kept_columns(bearings: Bearings, entity: str) -> list[str]:
    """The columns that a before-image can hold: all that can be read as text and written."""
    mapping = bearings.entity(entity)
    table = bearings.schema.table(mapping.table)
    fit = [c.name for c in table.columns if not c.generated and c.kind != "binary"]
    return list(dict.fromkeys([*(c for c in fit if c != mapping.key), *row_columns(mapping)]))


def _trail(
    reader: TargetReader,
    plan: Plan,
    entity: str,
    ledger: pl.DataFrame,
    bearings: Bearings,
    keys: LoadingKeys,
) -> Trail:
    plan_id, mapping = plan.header.plan_id, bearings.entity(entity)
    columns = kept_columns(bearings, entity)
    entries = ledger.filter(pl.col("entity") == entity)
    images = read_images(reader, plan_id, entity, columns, keys.rollback_key)
    done = done_rows(
        plan_id, entries, plan.operations[entity], images, mapping, bearings.digest_key
    )
    base = base_before(reader, entity, done["golden_id"]).select(*BASE)
    at = pl.concat([done["target_key"], base["target_key"]]).drop_nulls().unique().sort()
    rows = reader.rows(mapping.table, mapping.key, at, columns)
    references: Mapping[str, str] = bearings.references.get(entity, {})
    return Trail(mapping, tuple(columns), references, done, images, base, rows)
