"""A plan to be looked at: its header at once, its tables when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from crm_migrate.plan.change import Plan
from crm_migrate.plan.header import PlanHeader


class Opened(Protocol):
    """What views need of a plan, whether it lies in memory or in a file (see `stored.py`)."""

    @property
    def header(self) -> PlanHeader:
        """The clear part."""
        ...

    @property
    def entities(self) -> list[str]:
        """The entities that have operations, in dependency order."""
        ...

    def operations(self, entity: str) -> pl.LazyFrame:
        """The operations of an entity."""
        ...

    def slices(self, entity: str) -> Iterator[pl.LazyFrame]:
        """The same, slice after slice; each is read when its turn comes."""
        ...

    def lineage(self, entity: str) -> pl.LazyFrame | None:
        """The lineage of an entity, where there is one."""
        ...

    def moves(self) -> pl.DataFrame | None:
        """Merges and re-parented rows, where there are any."""
        ...


@dataclass(frozen=True)
class InMemory:
    """A plan that was just made."""

    plan: Plan

    @property
    def header(self) -> PlanHeader:
        """The clear part."""
        return self.plan.header

    @property
    def entities(self) -> list[str]:
        """The entities that have operations, in dependency order."""
        return list(self.plan.operations)

    def operations(self, entity: str) -> pl.LazyFrame:
        """The operations of an entity."""
        return self.plan.operations[entity].lazy()

    def slices(self, entity: str) -> Iterator[pl.LazyFrame]:
        """The same; one slice is all of it."""
        return iter((self.operations(entity),))

    def lineage(self, entity: str) -> pl.LazyFrame | None:
        """The lineage of an entity, where there is one."""
        frame = self.plan.lineage.get(entity)
        return None if frame is None else frame.lazy()

    def moves(self) -> pl.DataFrame | None:
        """Merges and re-parented rows, where there are any."""
        return self.plan.moves
