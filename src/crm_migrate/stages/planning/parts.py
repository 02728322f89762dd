"""A plan in parts, one per department or owner: read once for all of them, and not once for each.

So many parts are held in memory together as hold BATCH operations; a plan of ordinary size is
read twice in all, once for what belongs where and once for the cells.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from crm_migrate.plan.change import Action
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.scope import OUTSIDE

CUSTOMER = "customer"
BATCH = 200_000
"""Operations whose cells are in memory together."""
_LISTED = ("action", "golden_id", "group", "target_key", "reason")
_INSIDE = (pl.col("reason") != OUTSIDE).fill_null(True)
_SHOWN = (pl.col("action") != str(Action.UNCHANGED)) & _INSIDE

Head = str | None


@dataclass(frozen=True)
class PlanPart:
    """The operations of some customers' groups, as a plan that can be looked at."""

    plan: Opened
    frames: Mapping[str, pl.DataFrame]
    lineages: Mapping[str, pl.DataFrame]

    @property
    def header(self) -> PlanHeader:
        """The header of the whole plan."""
        return self.plan.header

    @property
    def entities(self) -> list[str]:
        """The entities of the whole plan."""
        return self.plan.entities

    def operations(self, entity: str) -> pl.LazyFrame:
        """The part's operations of an entity; of unchanged customers only what names them."""
        return self.frames[entity].lazy()

    def slices(self, entity: str) -> Iterator[pl.LazyFrame]:
        """The same; one slice is all of it."""
        return iter((self.operations(entity),))

    def lineage(self, entity: str) -> pl.LazyFrame | None:
        """Where the part's cells come from."""
        return self.lineages[entity].lazy() if entity in self.lineages else None

    def moves(self) -> pl.DataFrame | None:
        """Merges and re-parented rows of the whole plan."""
        return self.plan.moves()


def actions_by_head(plan: Opened, heads: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Entity → `head`, `golden_id`, `action` of every operation inside the plan's scope.

    `heads`: `golden_id` of customers and the `head` that each belongs to.
    """
    groups = heads.select(group="golden_id", head="head")
    found = {}
    for entity in plan.entities:
        rows = [
            part.filter(_INSIDE).select("group", "golden_id", "action").collect()
            for part in plan.slices(entity)
        ]
        joined = pl.concat(rows).join(groups, on="group", how="inner")
        found[entity] = joined.select("head", "golden_id", "action")
    return found


def parts(
    plan: Opened, heads: pl.DataFrame, actions: Mapping[str, pl.DataFrame]
) -> Iterator[tuple[Head, PlanPart]]:
    """Each head, in the order of `heads`, with its part of the plan. `actions`: as above."""
    order = heads["head"].unique(maintain_order=True).to_list()
    shown = pl.concat(
        f.filter(pl.col("action") != str(Action.UNCHANGED)).select("head") for f in actions.values()
    )
    sizes = dict(shown["head"].value_counts().iter_rows())
    for batch in _batches(order, sizes):
        yield from _read(plan, heads, batch)


def _batches(order: Sequence[Head], sizes: Mapping[Head, int]) -> Iterator[list[Head]]:
    batch: list[Head] = []
    held = 0
    for head in order:
        if batch and held + sizes.get(head, 0) > BATCH:
            yield batch
            batch, held = [], 0
        batch.append(head)
        held += sizes.get(head, 0)
    if batch:
        yield batch


def _read(plan: Opened, heads: pl.DataFrame, batch: list[Head]) -> Iterator[tuple[Head, PlanPart]]:
    wanted = pl.Series("head", batch, dtype=heads.schema["head"])
    mine = heads.filter(pl.col("head").is_in(wanted.implode(), nulls_equal=True))
    groups = mine.select(group="golden_id", head="head").lazy()
    frames: dict[str, dict[Head, pl.DataFrame]] = {}
    lineages: dict[str, dict[Head, pl.DataFrame]] = {}
    for entity in plan.entities:
        read = [p.filter(_SHOWN).join(groups, on="group").collect() for p in plan.slices(entity)]
        if entity == CUSTOMER:
            rest = [
                p.filter(~_SHOWN).select(_LISTED).join(groups, on="group").collect()
                for p in plan.slices(entity)
            ]
            read += rest
        whole = pl.concat(read, how="diagonal")
        frames[entity] = _by_head(whole)
        origin = plan.lineage(entity)
        if origin is not None:
            named = whole.select("golden_id", "head").lazy()
            lineages[entity] = _by_head(origin.join(named, on="golden_id").collect())
    for head in batch:
        yield (
            head,
            PlanPart(
                plan,
                {e: _of(found, head) for e, found in frames.items()},
                {e: _of(found, head) for e, found in lineages.items()},
            ),
        )


_EMPTY = "\x00"


def _by_head(rows: pl.DataFrame) -> dict[Head, pl.DataFrame]:
    parted: dict[Head, pl.DataFrame] = {
        key: part
        for (key,), part in rows.partition_by(
            "head", as_dict=True, include_key=False, maintain_order=True
        ).items()
    }
    parted[_EMPTY] = rows.clear().drop("head")
    return parted


def _of(found: Mapping[Head, pl.DataFrame], head: Head) -> pl.DataFrame:
    return found[head] if head in found else found[_EMPTY]
