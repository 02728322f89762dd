"""The part of a plan that is still to be carried out, in order and in batches of whole groups.

Groups go in ascending (rank, group), and within a group the entities in the plan's order. So the
keys that a target numbers through come out the same however the work is cut into batches, and
whether or not it was interrupted. A plan that takes another one back goes the other way round:
what refers to a row is gone before the row is deleted.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.plan.change import Action
from crm_migrate.plan.digest import WRITES

ADOPT = "adopt"
"""Column of the operations: an unchanged row that still needs its base row in the target."""

_LEAST, _MOST, _PARTS = 200, 5_000, 20


@dataclass(frozen=True)
class Work:
    """Operations per entity, sorted, with `_batch`; the groups (`group`, `_batch`); and moves."""

    operations: dict[str, pl.DataFrame]
    groups: pl.DataFrame
    moves: pl.DataFrame | None = None

    @property
    def batches(self) -> int:
        """How many batches there are."""
        return 0 if self.groups.is_empty() else int(self.groups["_batch"][-1]) + 1

    def batch(self, number: int) -> dict[str, pl.DataFrame]:
        """The operations of one batch, per entity in the plan's order, empty ones left out."""
        parts = {}
        for entity, frame in self.operations.items():
            first = frame["_batch"].search_sorted(number, side="left")
            end = frame["_batch"].search_sorted(number, side="right")
            if end > first:
                parts[entity] = frame[first:end].drop("_batch")
        return parts

    def moves_of(self, number: int) -> pl.DataFrame | None:
        """The batch's merges and re-parented rows; None where the plan has none."""
        if self.moves is None:
            return None
        return self.moves.filter(pl.col("_batch") == number).drop("_batch")


def work_of(
    operations: Mapping[str, pl.DataFrame],
    *,
    finished: pl.Series,
    moves: pl.DataFrame | None = None,
    batch_groups: int | None = None,
    backwards: bool = False,
) -> Work:
    """What is left of the operations and moves when the groups in `finished` are done.

    `batch_groups`: groups per transaction; None: a twentieth of the work, within 200 to 5,000.
    `backwards`: children before parents, for a plan that deletes.
    """
    chosen = {
        entity: frame.filter(to_do(frame) & ~pl.col("group").is_in(finished.implode()))
        for entity, frame in operations.items()
    }
    moved = None
    if moves is not None:
        moved = moves.filter(~pl.col("group").is_in(finished.implode()))
    empty = pl.DataFrame(schema={"group": pl.String, "rank": pl.Int64})
    frames = [*chosen.values(), *([] if moved is None else [moved])]
    groups = (
        pl.concat([empty, *(frame.select("group", "rank") for frame in frames)])
        .group_by("group")
        .agg(pl.col("rank").max() if backwards else pl.col("rank").min())
        .sort("rank", "group", descending=backwards)
        .with_row_index("_at")
    )
    size = batch_groups or max(_LEAST, min(_MOST, groups.height // _PARTS))
    numbered = groups.select("group", "_at", (pl.col("_at") // size).alias("_batch"))
    ordered = {
        entity: frame.join(numbered, on="group").sort("_at", "rank", "golden_id").drop("_at")
        for entity, frame in chosen.items()
    }
    if moved is not None:
        moved = moved.join(numbered, on="group").sort("_at", "rank").drop("_at")
    return Work(ordered, numbered.drop("_at"), moved)


def to_do(frame: pl.DataFrame) -> pl.Expr:
    """Rows that apply has to touch: inserts, updates, deletes, and unchanged rows to adopt."""
    writes = pl.col("action").is_in(list(WRITES))
    if ADOPT not in frame.columns:
        return writes
    return writes | ((pl.col("action") == Action.UNCHANGED) & pl.col(ADOPT).fill_null(False))


def moves_in(moves: pl.DataFrame | None, groups: Collection[str]) -> pl.DataFrame | None:
    """The merges and re-parented rows of these groups."""
    if moves is None:
        return None
    return moves.filter(pl.col("group").is_in(pl.Series(list(groups), dtype=pl.String).implode()))


def deletes(operations: Mapping[str, pl.DataFrame]) -> bool:
    """Whether any of the operations deletes a row."""
    return any((frame["action"] == Action.DELETE).any() for frame in operations.values())


def only_groups(
    operations: Mapping[str, pl.DataFrame], groups: Collection[str], *, keep: bool
) -> dict[str, pl.DataFrame]:
    """The operations inside (`keep`) or outside of these groups, empty frames left out."""
    names = pl.Series(list(groups), dtype=pl.String).implode()
    inside = pl.col("group").is_in(names)
    parts = {e: f.filter(inside if keep else ~inside) for e, f in operations.items()}
    return {entity: frame for entity, frame in parts.items() if frame.height}
