"""Atomic groups and their order: which records go into the target together, and after which.

A customer and all that hangs on it is one group, named by the customer's golden id; groups are
applied in ascending rank: what refers to nothing (products), customers by their depth under
their group parent, and last what may refer to customers (leads).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.model import Entity, Field, Model

FIRST_RANK, HEAD_RANK, LAST_RANK = 0, 1, 1_000_000


@dataclass(frozen=True)
class Standing:
    """How far the records of an entity are in the target once the plan is applied.

    `records`: golden_id, group, rank, `stands` (there already, or inserted by this plan),
    `waits` (skipped).
    """

    records: pl.DataFrame


def self_reference(entity: Entity) -> Field | None:
    """The field that points to another record of the same entity (the group parent)."""
    return next((f for f in entity.references() if f.references == entity.name), None)


def groups_and_ranks(
    entity: Entity, model: Model, golden: pl.DataFrame, standing: Mapping[str, Standing]
) -> pl.DataFrame:
    """`group`, `rank` and `circular` for each golden record, in the frame's order."""
    if entity.root is not None and entity.root in golden.columns:
        parents = standing.get(entity.by_name[entity.root].references or "")
        if parents is not None:
            return _of_parents(golden.select("golden_id", parent=entity.root), parents)
    own = golden.select(group="golden_id")
    if any(_is_root(e, entity) for e in model.entities):
        field = self_reference(entity)
        parent = (
            golden[field.name]
            if field is not None and field.name in golden.columns
            else pl.Series([None] * golden.height, dtype=pl.String)
        )
        depth, circular = depths(golden["golden_id"], parent)
        return own.with_columns(rank=depth + HEAD_RANK, circular=circular)
    rank = LAST_RANK if any(True for _ in entity.references()) else FIRST_RANK
    return own.with_columns(rank=pl.lit(rank, pl.Int64), circular=pl.lit(False))


def depths(ids: pl.Series, parents: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Depth of each id under its topmost parent, and which ids stand in or under a circle.

    A parent that is not among the ids counts as none. Ids without a depth get the largest one.
    """
    rows = pl.DataFrame({"id": ids, "parent": parents})
    hanging = pl.col("parent").is_not_null() & pl.col("parent").is_in(ids.implode())
    remaining = rows.filter(hanging)
    level = rows.filter(~hanging.fill_null(False)).select("id")
    found = [level.with_columns(depth=pl.lit(0, pl.Int64))]
    while remaining.height and level.height:
        level = remaining.join(level, left_on="parent", right_on="id", how="semi").select("id")
        remaining = remaining.join(level, on="id", how="anti")
        found.append(level.with_columns(depth=pl.lit(len(found), pl.Int64)))
    known = pl.concat(found)
    depth = rows.join(known, on="id", how="left", maintain_order="left")["depth"]
    return depth.fill_null(len(found)), depth.is_null()


def _of_parents(children: pl.DataFrame, parents: Standing) -> pl.DataFrame:
    known = parents.records.select(pl.col("golden_id").alias("parent"), "group", "rank")
    joined = children.join(known, on="parent", how="left", maintain_order="left")
    return joined.select(
        pl.coalesce("group", "golden_id").alias("group"),
        pl.col("rank").fill_null(LAST_RANK),
        circular=pl.lit(False),
    )


def _is_root(child: Entity, entity: Entity) -> bool:
    return child.root is not None and child.by_name[child.root].references == entity.name
