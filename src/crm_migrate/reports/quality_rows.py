"""The rows that page, workbook and terminal share; nothing is decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crm_migrate.project.quality_measures import (
    AFTER,
    BEFORE,
    DIMENSIONS,
    QUALITY_MEASURES,
    Dimension,
)
from crm_migrate.quality.scores import Figure
from crm_migrate.reports.quality_facts import Example
from crm_migrate.reports.quality_view import QualityView

Pair = tuple[float | None, float | None]
"""Before and after."""


def dimension_rows(view: QualityView) -> list[tuple[str, float | None, float | None, float | None]]:
    """Dimension, in the first run's sources, in this run's sources, in the golden records."""
    first, before, after = (v.dimensions for v in (view.first, view.before, view.after))
    return [
        (view.say(label), first.get(name), before.get(name), after.get(name))
        for name, label in DIMENSIONS.items()
    ]


@dataclass(frozen=True)
class MeasureRow:
    """A measure with its formula and figures."""

    dimension: str
    number: str
    name: str
    formula: str
    counted: str
    judged: str
    before: Figure | None
    after: Figure | None
    rate: bool


def measure_rows(view: QualityView) -> list[MeasureRow]:
    """Every measure that had something to judge."""
    found = []
    for name, measure in QUALITY_MEASURES.items():
        before, after = view.before.measures.get(name), view.after.measures.get(name)
        if before is not None or after is not None:
            found.append(
                MeasureRow(
                    view.say(DIMENSIONS[measure.dimension]),
                    measure.number,
                    view.say(measure.label),
                    measure.formula,
                    view.say(measure.counted),
                    view.say(measure.judged),
                    before,
                    after,
                    measure.rate,
                )
            )
    return found


@dataclass(frozen=True)
class PartRow:
    """A part of the data: its score and dimensions, before and after."""

    entity: str
    field: str
    source: str
    score: Pair
    dimensions: Mapping[str, Pair]


def entity_rows(view: QualityView) -> list[PartRow]:
    """Every entity, in the order of the model."""
    rows = _part_rows(view, ("entity",))
    order = {e.name: n for n, e in enumerate(view.model.entities)}
    return sorted(rows, key=lambda r: order.get(r.entity, len(order)))


def source_rows(view: QualityView) -> list[PartRow]:
    """Every source, all entities."""
    return sorted(_part_rows(view, ("source",)), key=lambda r: r.source)


def entity_source_rows(view: QualityView) -> list[PartRow]:
    """Every entity of every source."""
    return sorted(_part_rows(view, ("source", "entity")), key=lambda r: (r.source, r.entity))


def field_rows(view: QualityView) -> list[PartRow]:
    """Every field, in the order of the model."""
    rows = _part_rows(view, ("entity", "field"))
    places = [(e.name, f.name) for e in view.model.entities for f in e.fields]
    order = {place: n for n, place in enumerate(places)}
    return sorted(rows, key=lambda r: order.get((r.entity, r.field), len(order)))


def field_source_rows(view: QualityView) -> list[PartRow]:
    """Every field of every source."""
    rows = _part_rows(view, ("source", "entity", "field"))
    return sorted(rows, key=lambda r: (r.source, r.entity, r.field))


def _part_rows(view: QualityView, by: tuple[str, ...]) -> list[PartRow]:
    before, after = view.scores.parts(BEFORE, by), view.scores.parts(AFTER, by)
    rows = []
    for key in {**before, **after}:
        place = dict(zip(by, key, strict=True))
        one, two = before.get(key), after.get(key)
        dimensions = {
            str(d): (
                one.dimensions.get(d) if one else None,
                two.dimensions.get(d) if two else None,
            )
            for d in Dimension
        }
        score = (one.score if one else None, two.score if two else None)
        rows.append(
            PartRow(
                place.get("entity", ""), place.get("field", ""), place.get("source", ""),
                score, dimensions,
            )
        )  # fmt: skip
    return rows


@dataclass(frozen=True)
class RuleRow:
    """A rule that spoke: how often, where, and masked examples."""

    rule: str
    severity: str
    measure: str
    message: str
    hint: str
    count: int
    places: str
    examples: tuple[Example, ...]


_SEVERITIES = ("error", "warning", "repair")
_PLACES = 3


def rule_rows(view: QualityView) -> list[RuleRow]:
    """Every rule, the gravest and most frequent first."""
    by_rule: dict[tuple[str, str], list[Any]] = {}
    for count in view.facts.rules:
        by_rule.setdefault((count.severity, count.rule), []).append(count)
    rows = []
    for (severity, rule), counts in by_rule.items():
        fields: dict[str, int] = {}
        for c in counts:
            name = f"{view.entity(c.entity)} · {view.field(c.entity, c.field)}".strip(" ·")
            fields[name] = fields.get(name, 0) + c.count
        listed = sorted(fields.items(), key=lambda f: (-f[1], f[0]))
        places = [f"{name} {n:,}" for name, n in listed[:_PLACES]]
        places += ["…"] * (len(listed) > _PLACES)
        known = QUALITY_MEASURES.get(counts[0].kind)
        rows.append(
            RuleRow(
                rule,
                severity,
                view.say(known.label if known else QUALITY_MEASURES["elements"].label),
                view.say(counts[0].message),
                view.say(counts[0].hint),
                sum(c.count for c in counts),
                "；".join(places),
                tuple(e for e in view.examples if e.rule == rule),
            )
        )
    return sorted(rows, key=lambda r: (_SEVERITIES.index(r.severity), -r.count, r.rule))


@dataclass(frozen=True)
class TotalRow:
    """A control total; amounts in the unit of the entity's field."""

    entity: str
    source: str
    department: str
    year: str
    count: int
    given: Decimal
    kept: Decimal

    @property
    def agrees(self) -> bool:
        """Whether the golden records add up to what the source gave."""
        return self.given == self.kept


def total_rows(view: QualityView, by: Sequence[str] = ()) -> list[TotalRow]:
    """Control totals, summed over everything but `by` (nothing: the single totals)."""
    keys = ("entity", "source", "department", "year")
    kept = by or keys
    summed: dict[tuple[str, ...], TotalRow] = {}
    for t in view.facts.totals:
        entity, source, department, year = (getattr(t, k) if k in kept else "" for k in keys)
        place = (entity, source, department, year)
        known = summed.get(place)
        given, after = Decimal(t.source_amount), Decimal(t.plan_amount)
        summed[place] = TotalRow(
            entity,
            source,
            department,
            year,
            count=t.count + (known.count if known else 0),
            given=given + (known.given if known else 0),
            kept=after + (known.kept if known else 0),
        )
    return [summed[place] for place in sorted(summed)]


def unit_of(view: QualityView, entity: str) -> str:
    """The unit of the amount that an entity's control totals add up."""
    known = view.model.by_name.get(entity)
    field = known.by_name.get(known.total or "") if known else None
    return (field.unit or "") if field else ""
