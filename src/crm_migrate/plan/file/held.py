"""What a plan's operations hold back, counted by reason."""

from collections.abc import Iterable

import polars as pl

from crm_migrate.plan.change import Action
from crm_migrate.plan.header import Held


def waiting(entity: str, operations: pl.DataFrame) -> pl.DataFrame:
    """How many operations are conflicts or left out, by entity, action and reason."""
    waiting = operations.filter(
        pl.col("action").is_in([str(Action.CONFLICT), str(Action.SKIP)])
    ).select(pl.lit(entity).alias("entity"), "action", pl.col("reason").fill_null(""))
    return waiting.group_by("entity", "action", "reason").len()


def counted(parts: Iterable[pl.DataFrame]) -> tuple[Held, ...]:
    """Entities in the order of the parts, the most frequent reason of each first."""
    counts = [part for part in parts if part.height]
    if not counts:
        return ()
    by = ("entity", "action", "reason")
    rows = pl.concat(counts).group_by(*by, maintain_order=True).agg(pl.col("len").sum())
    place = {e: n for n, e in enumerate(dict.fromkeys(rows["entity"]))}
    ordered = rows.with_columns(_place=pl.col("entity").replace_strict(place, default=0)).sort(
        "_place", "len", "action", "reason", descending=[False, True, False, False]
    )
    return tuple(Held(*row) for row in ordered.drop("_place").iter_rows())
