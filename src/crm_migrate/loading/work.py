"""The part of a plan that is still to be carried out, in order and in batches of whole groups.

Groups go in ascending (rank, group), and within a group the entities in the plan's order. So the
keys that a target numbers through come out the same however the work is cut into batches, and
whether or not it was interrupted. A plan that takes another one back goes the other way round:
what refers to a row is gone before the row is deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.plan.change import Action
from crm_migrate.plan.digest import WRITES

ADOPT = "adopt"
"""Column of the operations: an unchanged row that still needs its base row in the target."""

_LEAST, _MOST, _PARTS = 500, 25_000, 10


@dataclass(frozen=True)
class Part:
    """Whole groups: operations per entity in the plan's order, and moves where there are any."""

    operations: dict[str, pl.DataFrame]
    moves: pl.DataFrame | None
    groups: pl.Series

    def only(self, groups: pl.Series, *, keep: bool = True) -> "Part":
        """The part of these groups, or (`keep` False) of the others; empty frames left out."""
        named = groups.unique().implode()

        def wanted(frame: pl.DataFrame) -> pl.DataFrame:
            inside = pl.col("group").is_in(named)
            return frame.filter(inside if keep else ~inside)

        operations = {entity: wanted(frame) for entity, frame in self.operations.items()}
        return Part(
            {entity: frame for entity, frame in operations.items() if frame.height},
            None if self.moves is None else wanted(self.moves),
            wanted(self.groups.alias("group").to_frame())["group"],
        )

    def halves(self) -> tuple["Part", "Part"]:
        """The first groups and the others."""
        first = self.groups.head(len(self.groups) // 2)
        return self.only(first), self.only(first, keep=False)


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

    def whole(self) -> Part:
        """All of it."""
        operations = {e: f.drop("_batch") for e, f in self.operations.items() if f.height}
        moves = None if self.moves is None else self.moves.drop("_batch")
        return Part(operations, moves, self.groups["group"])

    def batch(self, number: int) -> Part:
        """The groups of one batch."""
        parts = {}
        for entity, frame in self.operations.items():
            first = frame["_batch"].search_sorted(number, side="left")
            end = frame["_batch"].search_sorted(number, side="right")
            if end > first:
                parts[entity] = frame[first:end].drop("_batch")
        here = pl.col("_batch") == number
        moves = None if self.moves is None else self.moves.filter(here).drop("_batch")
        return Part(parts, moves, self.groups.filter(here)["group"])


def work_of(
    operations: Mapping[str, pl.DataFrame],
    *,
    finished: pl.Series,
    moves: pl.DataFrame | None = None,
    batch_groups: int | None = None,
    backwards: bool = False,
) -> Work:
    """What is left of the operations and moves when the groups in `finished` are done.

    `batch_groups`: groups per transaction; None: about a tenth of the rows, within 500 to
    25,000 rows.
    `backwards`: children before parents, for a plan that deletes.
    """
    chosen = {}
    for entity, frame in operations.items():
        wanted = frame.select(to_do(frame) & ~pl.col("group").is_in(finished.implode()))
        mask = wanted.to_series()
        chosen[entity] = frame if mask.all() else frame.filter(mask)
    moved = None
    if moves is not None:
        moved = moves.filter(~pl.col("group").is_in(finished.implode()))
    empty = pl.DataFrame(schema={"group": pl.String, "rank": pl.Int64})
    frames = [*chosen.values(), *([] if moved is None else [moved])]
    groups = (
        pl.concat([empty, *(frame.select("group", "rank") for frame in frames)])
        .group_by("group", maintain_order=True)  # nearly sorted, so the sort is quick
        .agg(pl.len(), pl.col("rank").max() if backwards else pl.col("rank").min())
        .sort("rank", "group", descending=backwards)
        .with_row_index("_at")
    )
    if batch_groups is None:
        rows = pl.col("len").cum_sum()
        size = max(_LEAST, min(_MOST, int(groups["len"].sum()) // _PARTS))
        batch = ((rows - 1) // size).rle_id()
    else:
        batch = pl.col("_at") // batch_groups
    numbered = groups.select("group", "_at", batch.alias("_batch"))
    ordered = {entity: _in_order(frame, numbered) for entity, frame in chosen.items()}
    if moved is not None:
        moved = moved.join(numbered, on="group").sort("_at", "rank").drop("_at")
    return Work(ordered, numbered.drop("_at"), moved)


def _in_order(frame: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    # Only the group is joined: a plan's frames are wide.
    places = frame.select("group").join(numbered, on="group", how="left", maintain_order="left")
    placed = frame.hstack(places.select("_at", "_batch"))
    order = ("_at", "rank", "golden_id")
    if not placed.select(pl.struct(order).is_sorted()).item():  # plans are, as a rule
        placed = placed.sort(order)
    return placed.drop("_at")


def to_do(frame: pl.DataFrame) -> pl.Expr:
    """Rows that apply has to touch: inserts, updates, deletes, and unchanged rows to adopt."""
    writes = pl.col("action").is_in(list(WRITES))
    if ADOPT not in frame.columns:
        return writes
    return writes | ((pl.col("action") == Action.UNCHANGED) & pl.col(ADOPT).fill_null(False))


def deletes(operations: Mapping[str, pl.DataFrame]) -> bool:
    """Whether any of the operations deletes a row."""
    return any((frame["action"] == Action.DELETE).any() for frame in operations.values())
