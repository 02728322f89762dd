"""Control totals as people read them: by entity and year, over departments and sources."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from crm_migrate.plan.header import ControlTotal


class TotalRow(NamedTuple):
    """Control totals of an entity and year; amounts in the unit of the entity's field."""

    entity: str
    year: str
    number: int
    source: Decimal
    plan: Decimal
    differing: int
    """How many of the single totals (department, source) differ."""


def by_year(totals: Iterable[ControlTotal]) -> list[TotalRow]:
    """The sums, in order of entity and year.

    Totals that differ may cancel each other out in a sum: `differing` counts them.
    """
    rows: dict[tuple[str, str], TotalRow] = {}
    for t in totals:
        source, plan = Decimal(t.source_amount), Decimal(t.plan_amount)
        key = (t.entity, t.year)
        sofar = rows.get(key, TotalRow(*key, 0, Decimal(0), Decimal(0), 0))
        rows[key] = TotalRow(
            *key,
            sofar.number + t.count,
            sofar.source + source,
            sofar.plan + plan,
            sofar.differing + (source != plan),
        )
    return [row for _, row in sorted(rows.items())]
