"""Which operations people are shown: all, or a page of them; the risky ones first.

Only what orders them is read of the whole frame; the cells are read of the chosen rows alone, so
that one page of a plan of a million operations opens at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from crm_migrate.plan.change import Action
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.scope import OUTSIDE

SHOWN_OTHERS = 50_000
"""Operations without risk that people's files hold at most; risky ones are all there."""
SAMPLE_OTHERS = 10_000
"""So many they hold of a plan that has more: nobody reads them all, and pages open at once."""

_ORDER = (Action.CONFLICT, Action.SKIP, Action.DELETE, Action.UPDATE, Action.INSERT)
_RISKY = (Action.CONFLICT, Action.SKIP)


@dataclass(frozen=True)
class Choice:
    """A part of a plan's operations.

    `groups`: only of these groups; `outside`: with what lies outside of the scope. `page` counts
    from 1 and `size` is its number of operations per entity; without a size, all risky
    operations and as many others as there is `room_for`.
    """

    entity: str | None = None
    action: str | None = None
    groups: tuple[str, ...] | None = None
    outside: bool = False
    page: int = 1
    size: int | None = None


EVERYTHING, NOTHING = Choice(), Choice(size=0)


@dataclass(frozen=True)
class Chosen:
    """The chosen operations of one entity, in the order to be shown, and how many would fit."""

    operations: pl.DataFrame
    total: int
    others: int
    """How many of them are without risk."""


def chosen(plan: Opened, entity: str, choice: Choice, room: int = SHOWN_OTHERS) -> Chosen:
    """The operations of the entity that the choice shows. `room`: see `Choice`."""
    if choice.entity not in (None, entity) or choice.size == 0:
        nothing = next(plan.slices(entity)).head(0).collect()
        shown = choice.entity in (None, entity)
        return Chosen(nothing, listed(plan.header, entity, choice.action) if shown else 0, 0)
    order = {str(action): place for place, action in enumerate(_ORDER)}
    place = pl.col("action").replace_strict(order, default=9, return_dtype=pl.Int8)
    found = [
        part.filter(_fits(choice)).select("_n", place.alias("_o")).collect()
        for part in _numbered(plan, entity)
    ]
    # Within an action as planned: by rank and group.
    keys = pl.concat(found).sort("_o", maintain_order=True)
    risky = int((keys["_o"] < len(_RISKY)).sum())
    first = 0 if choice.size is None else (choice.page - 1) * choice.size
    wanted = keys.slice(first, risky + room if choice.size is None else choice.size)
    rows = pl.concat([p.collect() for p in _only(_numbered(plan, entity), wanted["_n"])])
    chosen = wanted.select("_n").join(rows, on="_n", how="left", maintain_order="left")
    return Chosen(chosen.drop("_n"), keys.height, int((wanted["_o"] >= len(_RISKY)).sum()))


def _numbered(plan: Opened, entity: str) -> Iterator[pl.LazyFrame]:
    """The slices with `_n`, the operation's number in the entity."""
    first = 0
    for part in plan.slices(entity):
        yield part.with_row_index("_n", first)
        first += part.select(pl.len()).collect().item()


def _only(parts: Iterator[pl.LazyFrame], numbers: pl.Series) -> Iterator[pl.LazyFrame]:
    """The operations of these numbers."""
    for part in parts:
        yield part.filter(pl.col("_n").is_in(numbers.implode()))


def room_for(header: PlanHeader, choice: Choice) -> int:
    """How many operations without risk are shown: all of them, or a part of too many."""
    if choice.groups is not None:
        return SHOWN_OTHERS
    others = sum(c.insert + c.update + c.delete for c in header.counts.values())
    return SHOWN_OTHERS if others <= SHOWN_OTHERS else SAMPLE_OTHERS


def listed(header: PlanHeader, entity: str, action: str | None = None) -> int:
    """How many operations of an entity are listed, from the header alone."""
    counts = header.counts.get(entity)
    if counts is None:
        return 0
    outside = sum(
        h.count for h in header.held if h.entity == entity and h.reason.startswith(OUTSIDE)
    )
    by_action = {str(a): int(getattr(counts, str(a))) for a in _ORDER}
    by_action[str(Action.SKIP)] -= outside
    return by_action.get(action, 0) if action is not None else sum(by_action.values())


def _fits(choice: Choice) -> pl.Expr:
    fits = pl.col("action") != str(Action.UNCHANGED)
    if choice.action is not None:
        fits = fits & (pl.col("action") == choice.action)
    if choice.groups is not None:
        fits = fits & pl.col("group").is_in(list(choice.groups))
    return fits if choice.outside else fits & (pl.col("reason") != OUTSIDE).fill_null(True)
