"""Groups that are left alone, whole: why, and how the ledger says so."""

from dataclasses import dataclass

import polars as pl

from crm_migrate.loading.bearings import STALE, Bearings, Found
from crm_migrate.loading.books import FAILED, SKIPPED, Books, entries
from crm_migrate.loading.keys import keys_of, resolve, unresolved
from crm_migrate.loading.ledger.rows import write_ledger, write_moves_left
from crm_migrate.loading.work import Part
from crm_migrate.plan.change import Action
from crm_migrate.systems.target import TargetTransaction

_REFUSED = ("referred",)
"""Reasons for which a group is not stale, but refused: it is `failed`."""


@dataclass(frozen=True, slots=True)
class Left:
    """Groups that a batch left alone: stale ones, and such as the target would refuse."""

    stale: int = 0
    failed: int = 0

    def __add__(self, other: "Left") -> "Left":
        return Left(self.stale + other.stale, self.failed + other.failed)


def without_stale(
    part: Part, found: Found, known: pl.DataFrame, bearings: Bearings
) -> tuple[Part, pl.DataFrame]:
    """What can be carried out, and what is left (STALE).

    Left are groups with a stale row, groups that refer to a record which, for that reason or
    since an earlier batch, does not exist, and groups that delete what a left one refers to.
    `known`: keys.KEYS of records that stand.
    """
    stale, fresh = found.stale, part
    if stale.height:
        fresh = part.only(stale["group"], keep=False)
    while True:
        more = pl.concat([_waiting(fresh, known, bearings), _held(found.relieved, stale)])
        if more.is_empty():
            return fresh, stale
        stale = pl.concat([stale, more])
        fresh = fresh.only(more["group"], keep=False)


def leave(transaction: TargetTransaction, books: Books, part: Part, stale: pl.DataFrame) -> Left:
    """Enter the groups that were left; says how many."""
    if stale.is_empty():
        return Left()
    refused = stale.filter(pl.col("reason").is_in(_REFUSED))
    skipped = stale.join(refused, on="group", how="anti")
    enter_left(transaction, books, part, skipped, SKIPPED)
    enter_left(transaction, books, part, refused, FAILED)
    return Left(skipped["group"].n_unique(), refused["group"].n_unique())


def enter_left(
    transaction: TargetTransaction, books: Books, part: Part, left: pl.DataFrame, result: str
) -> None:
    """Ledger entries for every operation and move of the groups in `left` (STALE).

    A row that is the reason carries its own; the rest of its group carries the first one.
    """
    if left.is_empty():
        return
    by_row = left.select("entity", "golden_id", pl.col("reason").alias("_own")).unique(
        ["entity", "golden_id"], keep="first", maintain_order=True
    )
    by_group = left.unique("group", keep="first", maintain_order=True).select(
        "group", pl.col("reason").alias("_group")
    )
    entered = []
    for entity, frame in part.operations.items():
        own = by_row.filter(pl.col("entity") == entity).drop("entity")
        rows = (
            frame.drop("reason")
            .join(by_group, on="group", maintain_order="left")
            .join(own, on="golden_id", how="left", maintain_order="left")
            .with_columns(pl.coalesce("_own", "_group").alias("reason"))
        )
        entered.append(entries(entity, rows, books.at, result))
    write_ledger(transaction, books.plan_id, entered)
    if part.moves is not None:
        moved = part.moves.join(by_group, on="group").rename({"_group": "reason"})
        write_moves_left(transaction, books.plan_id, moved, result, books.at)


def _waiting(part: Part, known: pl.DataFrame, bearings: Bearings) -> pl.DataFrame:
    """Rows that refer to a record which is neither known nor inserted along with them."""
    coming = {
        entity: frame.filter(pl.col("action") == Action.INSERT).with_columns(target_key=pl.lit(""))
        for entity, frame in part.operations.items()
    }
    reachable = pl.concat([known, keys_of(coming)])
    waiting = [pl.DataFrame(schema=STALE)]
    for entity, frame in part.operations.items():
        references = bearings.references.get(entity, {})
        mask = unresolved(resolve(frame, references, reachable), references)
        if mask.any():
            reason = pl.lit("parent_waits").alias("reason")
            waits = frame.filter(mask)
            waiting.append(
                waits.select(pl.lit(entity).alias("entity"), "golden_id", "group", reason)
            )
    return pl.concat(waiting)


def _held(relieved: pl.DataFrame, stale: pl.DataFrame) -> pl.DataFrame:
    """Rows to be deleted to which a row of a left group refers, and so goes on referring."""
    left = stale.select("group").unique()
    held = relieved.join(left, left_on="by", right_on="group", how="semi")
    held = held.join(left, on="group", how="anti")
    return held.select(pl.lit("referred").alias("reason"), *list(STALE)[:3]).select(*STALE)
