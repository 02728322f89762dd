"""What an apply is given beside the plan, and what it reports: counts that add up, rows left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from crm_migrate.loading.books import CREATED, DELETED, FAILED, SKIPPED, UPDATED
from crm_migrate.loading.ledger.plan_lock import State
from crm_migrate.loading.verify import Verified
from crm_migrate.plan.change import Action, Plan
from crm_migrate.plan.digest import WRITES

Journal = Callable[[str, Mapping[str, str | int | bool | None]], None]
"""Receives an event name and its objects (ids, digests, counts); must be durable on return."""
Progress = Callable[[int, int], None]
"""Receives groups finished and groups in all."""

LEFT = ("entity", "golden_id", "group", "result", "reason")


class LoadingKeys(Protocol):
    """The keys that apply needs, 32 bytes each; the project's keyring has them."""

    @property
    def digest_key(self) -> bytes:
        """Key of preconditions and raw digests."""
        ...

    @property
    def rollback_key(self) -> bytes:
        """Key under which before-images are sealed."""
        ...


@dataclass(frozen=True, slots=True)
class EntityResult:
    """planned = created + updated + deleted + unchanged + skipped + failed.

    `skipped` holds what the plan skipped (conflicts, too) and what apply left.
    """

    planned: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    failed: int
    deleted: int = 0

    def adds_up(self) -> bool:
        """Whether the equation of the class docstring holds."""
        done = self.created + self.updated + self.deleted + self.unchanged
        return self.planned == done + self.skipped + self.failed


@dataclass(frozen=True)
class Applied:
    """What an apply did."""

    plan_id: str
    state: State
    resumed: bool
    counts: dict[str, EntityResult]
    left: pl.DataFrame
    """Rows that were to be written and were not (LEFT): `result` is skipped or failed."""
    verified: Verified
    merges: int = 0
    """Rows of the CRM that were given up for another one, or came back by a rollback."""
    reparented: int = 0
    """Cells that now refer to the row that stays."""
    why: str | None = None
    """What ended it before its end: `stale` or `failed` (a limit was passed), pause, cancel."""
    silenced: tuple[str, ...] = ()
    """`table.trigger` of the triggers that were kept from running."""

    @property
    def adds_up(self) -> bool:
        """Whether the counts of every entity add up."""
        return all(count.adds_up() for count in self.counts.values())


def summary(
    plan: Plan,
    ledger: pl.DataFrame,
    moved: pl.DataFrame,
    verified: Verified,
    state: State,
    *,
    resumed: bool,
    why: str | None = None,
) -> Applied:
    """What happened, from the plan and the target ledger (`moved`: its merges)."""
    counts, left = {}, []
    for entity, frame in plan.operations.items():
        entries = ledger.filter(pl.col("entity") == entity)
        not_reached = frame.filter(pl.col("action").is_in(list(WRITES))).join(
            entries, on="golden_id", how="anti"
        )
        counts[entity] = _counted(frame, entries, not_reached.height)
        left.append(
            not_reached.select(
                pl.lit(entity).alias("entity"),
                "golden_id",
                "group",
                pl.lit(SKIPPED).alias("result"),
                pl.lit("not_reached").alias("reason"),
            )
        )
    refused = ledger.filter(pl.col("result").is_in([SKIPPED, FAILED]))
    named = refused.rename({"group_id": "group"}).select(LEFT)
    return Applied(
        plan_id=plan.header.plan_id,
        state=state,
        resumed=resumed,
        counts=counts,
        left=pl.concat([named, *left]).sort("entity", "golden_id"),
        verified=verified,
        merges=_carried_out(moved, "merge", "unmerge"),
        reparented=_carried_out(moved, "reparent"),
        why=why,
    )


def _carried_out(moved: pl.DataFrame, *kinds: str) -> int:
    done = pl.col("kind").is_in(kinds) & ~pl.col("result").is_in([SKIPPED, FAILED])
    return moved.filter(done).height


def _counted(frame: pl.DataFrame, entries: pl.DataFrame, not_reached: int) -> EntityResult:
    def entered(result: str) -> int:
        return entries.filter(pl.col("result") == result).height

    def planned(*actions: Action) -> int:
        return frame.filter(pl.col("action").is_in(list(actions))).height

    # A row to adopt whose group was left stands in the ledger as skipped or failed.
    left = entries.filter(
        (pl.col("action") == Action.UNCHANGED) & pl.col("result").is_in([SKIPPED, FAILED])
    )
    return EntityResult(
        planned=frame.height,
        created=entered(CREATED),
        updated=entered(UPDATED),
        deleted=entered(DELETED),
        unchanged=planned(Action.UNCHANGED) - left.height,
        skipped=planned(Action.CONFLICT, Action.SKIP) + entered(SKIPPED) + not_reached,
        failed=entered(FAILED),
    )
