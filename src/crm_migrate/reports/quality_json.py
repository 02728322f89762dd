"""The quality report as plain data, for scripts."""

from typing import Any

from crm_migrate.project.quality_measures import AFTER, BEFORE
from crm_migrate.quality.scores import Values
from crm_migrate.reports.quality_rows import total_rows
from crm_migrate.reports.quality_view import QualityView


def to_json(view: QualityView) -> dict[str, Any]:
    """What scripts read."""
    return {
        "run": view.facts.run,
        "at": view.facts.at,
        "baseline": {"run": view.baseline.run, "at": view.baseline.at} | {
            "before": view.first.to_json()
        },
        "before": view.before.to_json(),
        "after": view.after.to_json(),
        "sources": _by_source(view, BEFORE),
        "sources_after": _by_source(view, AFTER),
        "entities": _entities(view),
        "trend": [
            {"run": p.run, "at": p.at, "before": p.before.score, "after": p.after.score}
            for p in view.trend
        ],
        "findings": [
            {
                "rule": c.rule, "severity": c.severity, "measure": c.kind, "entity": c.entity,
                "field": c.field, "source": c.source, "count": c.count,
            }
            for c in view.facts.rules
        ],
        "control_totals": [
            {
                "entity": t.entity, "source": t.source, "department": t.department,
                "year": t.year, "count": t.count, "source_amount": str(t.given),
                "plan_amount": str(t.kept), "agrees": t.agrees,
            }
            for t in total_rows(view)
        ],
    }  # fmt: skip


def _sorted(
    view: QualityView, phase: str, by: tuple[str, ...]
) -> list[tuple[tuple[str, ...], Values]]:
    return sorted(view.scores.parts(phase, by).items())


def _by_source(view: QualityView, phase: str) -> dict[str, Any]:
    return {name: values.to_json() for (name,), values in _sorted(view, phase, ("source",))}


def _entities(view: QualityView) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for phase, sources in ((BEFORE, "sources"), (AFTER, "sources_after")):
        for (name,), values in _sorted(view, phase, ("entity",)):
            part = found.setdefault(name, {"fields": {}, "sources": {}, "sources_after": {}})
            part[phase] = values.to_json()
        for (name, field), values in _sorted(view, phase, ("entity", "field")):
            found[name]["fields"].setdefault(field, {})[phase] = values.to_json()
        for (name, source), values in _sorted(view, phase, ("entity", "source")):
            found[name][sources][source] = values.to_json()
    return found
