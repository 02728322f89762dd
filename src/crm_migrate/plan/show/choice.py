"""Which operations people are shown: all, or a page of them; the risky ones first.

Only what orders them is read of the whole frame; the cells are read of the chosen rows alone, so
that one page of a plan of a million operations opens at once.
"""

from dataclasses import dataclass

import polars as pl

from crm_migrate.plan.change import Action, PlanHeader
from crm_migrate.plan.opened import Opened
from crm_migrate.plan.scope import OUTSIDE

SHOWN_OTHERS = 50_000
"""Operations without risk that people's files hold in all; risky ones are all there."""

_ORDER = (Action.CONFLICT, Action.SKIP, Action.DELETE, Action.UPDATE, Action.INSERT)
_RISKY = (Action.CONFLICT, Action.SKIP)


@dataclass(frozen=True)
class Choice:
    """A part of a plan's operations.

    `groups`: only of these groups; `outside`: with what lies outside of the scope. `page` counts
    from 1 and `size` is its number of operations per entity; without a size, all risky
    operations and `SHOWN_OTHERS` others in all.
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
    frame = plan.operations(entity).with_row_index("_n")
    if choice.entity not in (None, entity):
        return Chosen(frame.head(0).collect(), 0, 0)
    if choice.size == 0:
        return Chosen(frame.head(0).collect(), listed(plan.header, entity, choice.action), 0)
    order = {str(action): place for place, action in enumerate(_ORDER)}
    keys = (
        frame.filter(_fits(choice))
        .select(
            "_n",
            pl.col("action").replace_strict(order, default=9, return_dtype=pl.Int8).alias("_o"),
        )
        .sort("_o", maintain_order=True)  # within an action as planned: by rank and group
        .collect()
    )
    risky = int((keys["_o"] < len(_RISKY)).sum())
    first = 0 if choice.size is None else (choice.page - 1) * choice.size
    wanted = keys.slice(first, risky + room if choice.size is None else choice.size)
    rows = frame if wanted.height == keys.height else _only(frame, wanted["_n"])
    found = wanted.select("_n").join(rows.collect(), on="_n", how="left", maintain_order="left")
    return Chosen(found.drop("_n"), keys.height, int((wanted["_o"] >= len(_RISKY)).sum()))


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


def _only(frame: pl.LazyFrame, numbers: pl.Series) -> pl.LazyFrame:
    return frame.filter(pl.col("_n").is_in(numbers.implode()))
