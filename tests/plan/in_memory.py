"""A plan in memory, opened like one in a file; and what its operations hold back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.plan.change import Plan
from crm_migrate.plan.file.held import counted, waiting
from crm_migrate.plan.header import Held, PlanHeader


@dataclass(frozen=True)
class InMemory:
    """A plan that was just made (see `plan.file.opened.Opened`)."""

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


def held_back(operations: Mapping[str, pl.DataFrame]) -> tuple[Held, ...]:
    """What the operations hold back, as the writer of a plan file counts it."""
    return counted([waiting(entity, frame) for entity, frame in operations.items()])
