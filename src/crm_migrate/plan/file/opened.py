"""A plan to be looked at: its header at once, its tables when they are asked for."""

from collections.abc import Iterator
from typing import Protocol

import polars as pl

from crm_migrate.plan.header import PlanHeader


class Opened(Protocol):
    """What views need of a plan; `stored.py` has the one that lies in a file."""

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
