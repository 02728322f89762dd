"""What a plan did, as the target knows it: ledger, opened before-images, base rows, rows now."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, inspect, select

from crm_migrate.loading.applied import LoadingKeys
from crm_migrate.loading.bearings import Bearings
from crm_migrate.loading.ledger.before_image import PACKET, open_packets
from crm_migrate.loading.ledger.rows import base_before
from crm_migrate.loading.ledger.tables import BEFORE, LEDGER
from crm_migrate.plan.change import AFTER
from crm_migrate.plan.digest import row_columns
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.reversal import BASE, IMAGE, WAS, Trail, done_rows
from crm_migrate.systems.target import TargetReader

_ENTRY = ("entity", "golden_id", "group_id", "result", "target_key")
_MOST = 5_000
"""Keys per question to the ledger."""


def read_trails(
    reader: TargetReader,
    plan: Opened,
    bearings: Bearings,
    keys: LoadingKeys,
    groups: Collection[str] = (),
) -> dict[str, Trail]:
    """Entity → what the plan did to its rows, in the plan's order.

    `groups`: only these, and what refers to their rows (none named: all).

    Raises:
        IntegrityFault: a before-image does not open.
        TargetFault: the target can't be read, or a mapped table or column is gone.
    """
    entries = _entries(reader, plan.header.plan_id, bearings, groups)
    return {
        entity: _trail(reader, plan, entity, entries.filter(entity=entity), bearings, keys)
        for entity in plan.entities
    }


def read_images(
    reader: TargetReader,
    plan_id: str,
    entity: str,
    columns: Sequence[str],
    rollback_key: bytes,
    golden_ids: pl.Series,
) -> pl.DataFrame:
    """The plan's opened before-images of these rows: IMAGE and `was:` cells.

    Raises:
        IntegrityFault: an image does not open.
    """
    wanted = golden_ids.unique().alias("golden_id").to_frame()
    found = [
        packet.join(wanted, on="golden_id", how="semi")
        for packet in open_packets(
            rollback_key, plan_id, entity, _packets(reader, plan_id, entity, golden_ids)
        )
    ]
    schema: dict[str, Any] = {**IMAGE, **dict.fromkeys((WAS + c for c in columns), pl.String)}
    empty = pl.DataFrame(schema=schema)
    return pl.concat([empty, *found], how="diagonal").select(empty.columns)


def _packets(
    reader: TargetReader, plan_id: str, entity: str, golden_ids: pl.Series
) -> pl.DataFrame:
    """The packets (PACKET) that can hold these rows."""
    rows: list[tuple[Any, ...]] = []
    if len(golden_ids) and inspect(reader.connection).has_table(BEFORE.name):
        chosen = select(*(BEFORE.c[c] for c in PACKET)).where(
            BEFORE.c.plan_id == plan_id,
            BEFORE.c.entity == entity,
            BEFORE.c.first_id <= golden_ids.max(),
            BEFORE.c.last_id >= golden_ids.min(),
        )
        rows = [tuple(row) for row in reader.connection.execute(chosen.order_by(BEFORE.c.first_id))]
    return pl.DataFrame(rows, schema=PACKET, orient="row")


def kept_columns(bearings: Bearings, entity: str) -> list[str]:
    """The columns that a before-image can hold: all that can be read as text and written."""
    mapping = bearings.entity(entity)
    table = bearings.schema.table(mapping.table)
    fit = [c.name for c in table.columns if not c.generated and c.kind != "binary"]
    return list(dict.fromkeys([*(c for c in fit if c != mapping.key), *row_columns(mapping)]))


def _trail(
    reader: TargetReader,
    plan: Opened,
    entity: str,
    entries: pl.DataFrame,
    bearings: Bearings,
    keys: LoadingKeys,
) -> Trail:
    plan_id, mapping = plan.header.plan_id, bearings.entity(entity)
    columns = kept_columns(bearings, entity)
    ids = entries["golden_id"]
    images = read_images(reader, plan_id, entity, columns, keys.rollback_key, ids)
    operations = _operations(plan, entity, ids)
    done = done_rows(plan_id, entries, operations, images, mapping, bearings.digest_key)
    base = base_before(reader, entity, done["golden_id"]).select(*BASE)
    at = pl.concat([done["target_key"], base["target_key"]]).drop_nulls().unique().sort()
    rows = reader.rows(mapping.table, mapping.key, at, columns)
    references: Mapping[str, str] = bearings.references.get(entity, {})
    return Trail(mapping, tuple(columns), references, done, images, base, rows)


def _operations(plan: Opened, entity: str, ids: pl.Series) -> pl.DataFrame:
    """Rank of the operations and, of a plan that took another back, what it put in place."""
    frame = plan.operations(entity)
    columns = frame.collect_schema().names()
    wanted = ["golden_id", "rank"]
    if "base_plan" in columns:
        wanted += ["base_plan", *(c for c in columns if c.startswith(AFTER))]
    here = pl.col("golden_id").is_in(ids.implode())
    return frame.filter(here).select(wanted).collect()


def _entries(
    reader: TargetReader, plan_id: str, bearings: Bearings, groups: Collection[str]
) -> pl.DataFrame:
    """The plan's ledger entries (_ENTRY), of these groups and of what refers to their rows."""
    ours = LEDGER.c.plan_id == plan_id
    if not groups:
        return _chosen(reader, ours)
    found = _chosen(reader, ours & LEDGER.c.group_id.in_(list(groups)))
    fresh = found
    while fresh.height:
        parts = [found.clear()]
        for name, references in bearings.references.items():
            mapping = bearings.entity(name)
            for column, referred in references.items():
                at = fresh.filter(entity=referred)["target_key"].drop_nulls()
                hanging = reader.rows(mapping.table, column, at, [mapping.key])[mapping.key]
                of_entity = ours & (LEDGER.c.entity == name)
                for some in hanging.unique().to_frame().iter_slices(_MOST):
                    known = LEDGER.c.target_key.in_(some[mapping.key].to_list())
                    parts.append(_chosen(reader, of_entity & known))
        more = pl.concat(parts).unique(["entity", "golden_id"])
        fresh = more.join(found, on=["entity", "golden_id"], how="anti")
        found = pl.concat([found, fresh])
    return found


def _chosen(reader: TargetReader, where: "ColumnElement[bool]") -> pl.DataFrame:
    schema = dict.fromkeys(_ENTRY, pl.String)
    if not inspect(reader.connection).has_table(LEDGER.name):
        return pl.DataFrame(schema=schema)
    chosen = select(*(LEDGER.c[name] for name in _ENTRY)).where(where)
    rows = [tuple(row) for row in reader.connection.execute(chosen)]
    return pl.DataFrame(rows, schema=schema, orient="row")
