"""Gates: what must hold of a plan's figures before it may be approved (`rules/gates.yaml`)."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from crm_migrate.language import Text
from crm_migrate.model import Model
from crm_migrate.plan.header import Gate
from crm_migrate.project.form import form_faults
from crm_migrate.project.gates_file import MEASURES, GateRule, Measure, measure_of, parts
from crm_migrate.project.quality_measures import QUALITY, QUALITY_MEASURES, asked

FaultAt = tuple[str, Text]
"""Key path (parts joined by `/`) and what is wrong there."""


def parse_gates(data: Any, model: Model) -> tuple[dict[str, GateRule], list[FaultAt]]:
    """The gates from the plain data of the file, and every fault found in it."""
    gates = data.get("gates") if isinstance(data, Mapping) else None
    if not isinstance(gates, Mapping):
        return {}, [("gates", Text("expected a table of gates", "应为门禁列表"))]
    faults = [
        (str(key), Text(f"there is no '{key}' here", f"此处没有“{key}”"))
        for key in data
        if key != "gates"
    ]
    rules: dict[str, GateRule] = {}
    for name, given in gates.items():
        at = f"gates/{name}"
        wrong = _wrong_name(str(name), model)
        if wrong is not None:
            faults.append((at, wrong))
            continue
        try:
            rule = GateRule.model_validate(given)
        except ValidationError as error:
            faults += [(at, text) for _, text in form_faults(error)]
            continue
        misread = _misread(rule, _measure(str(name)))
        if misread is not None:
            faults.append((at, misread))
        else:
            rules[str(name)] = rule
    return rules, faults


def evaluate(
    rules: Mapping[str, GateRule],
    figures: Mapping[str, float],
    model: Model,
    notes: Mapping[str, Text] = MappingProxyType({}),
) -> tuple[Gate, ...]:
    """Every gate with its figure, in the order of the rules.

    A figure that is not handed in had nothing to be measured on: 0 of what should be few, 1 of
    what should be many. `notes`: what is said of a gate beside its label.
    """
    judged = (_judge(name, rule, figures, model) for name, rule in rules.items())
    return tuple(_noted(gate, notes[gate.name]) if gate.name in notes else gate for gate in judged)


def blocking(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """The gates that keep a plan from being approved unless someone overrides them."""
    return tuple(g for g in gates if not g.passed and g.on_failure == "block")


def gate_label(name: str, model: Model) -> Text:
    """The gate's name for people: its measure, and the entity and field it is narrowed to."""
    _, entity, field = parts(name)
    label = _measure(name).label
    if entity is None or entity not in model.by_name:
        return label
    within = model.entity(entity)
    narrowed = [within.label]
    if field is not None and field in within.by_name:
        narrowed.append(within.by_name[field].label)
    en, zh = " · ".join(t.en for t in narrowed), " · ".join(t.zh for t in narrowed)
    return Text(f"{label.en}: {en}", f"{label.zh}:{zh}")


def _judge(name: str, rule: GateRule, figures: Mapping[str, float], model: Model) -> Gate:
    measure = _measure(name)
    value = float(figures.get(name, 0 if measure.better == "low" else 1))
    at_least = rule.at_least is not None
    limit = float(rule.at_least if rule.at_least is not None else rule.limit or 0)
    return Gate(
        name=name,
        label=gate_label(name, model),
        value=value,
        limit=limit,
        passed=value >= limit if at_least else value <= limit,
        on_failure=rule.on_failure,
        bound="at_least" if at_least else "at_most",
        share=measure.share,
    )


def _noted(gate: Gate, note: Text) -> Gate:
    label = Text(f"{gate.label.en}, {note.en}", f"{gate.label.zh},{note.zh}")
    return replace(gate, label=label)


def _measure(name: str) -> Measure:
    found = measure_of(name)
    if found is None:
        raise KeyError(name)
    return found


def _wrong_name(name: str, model: Model) -> Text | None:
    measure, entity, field = parts(name)
    if name.startswith(QUALITY + "."):
        return _wrong_quality(name) or _wrong_place(model, entity, field)
    if measure not in MEASURES:
        known = ", ".join(MEASURES)
        return Text(f"there is no gate '{measure}'; known: {known}", f"没有门禁“{measure}”")
    selector = "field" if field else "entity" if entity else "plan"
    allowed = MEASURES[measure].selectors
    if selector not in allowed:
        words = {"plan": "", "entity": ".ENTITY", "field": ".ENTITY.FIELD"}
        forms = ", ".join(measure + words[s] for s in allowed)
        return Text(f"'{name}' cannot be measured; write: {forms}", f"“{name}”应写作：{forms}")
    return _wrong_place(model, entity, field)


def _wrong_quality(name: str) -> Text | None:
    quality = asked(name)
    if quality is None:
        forms = "quality[.before][.ENTITY[.FIELD]].MEASURE"
        known = ", ".join(QUALITY_MEASURES)
        return Text(
            f"'{name}' is no measure; write: {forms}; known: score, completeness …, {known}",
            f"“{name}”应写作：{forms}",
        )
    known_measure = QUALITY_MEASURES.get(quality.measure)
    if quality.field is not None and known_measure is not None and not known_measure.per_field:
        return Text(
            f"'{quality.measure}' is measured of an entity, not of a field",
            f"指标“{quality.measure}”按实体评价，不按字段",
        )
    return None


def _wrong_place(model: Model, entity: str | None, field: str | None) -> Text | None:
    if entity is not None and entity not in model.by_name:
        return Text(f"unknown entity '{entity}'", f"未知的实体“{entity}”")
    if entity is not None and field is not None and field not in model.entity(entity).by_name:
        return Text(f"unknown field '{field}'", f"未知的字段“{field}”")
    return None


def _misread(rule: GateRule, measure: Measure) -> Text | None:
    if measure.better == "high" and rule.at_least is None:
        return Text("the more the better: write `at_least`", "该指标越高越好，应写 at_least")
    if measure.better == "low" and rule.limit is None:
        return Text("the less the better: write `limit`", "该指标越低越好，应写 limit")
    if rule.confidence is not None and not measure.sampled:
        return Text(
            "`confidence` goes with linkage_precision", "confidence 仅用于 linkage_precision"
        )
    bound = rule.at_least if rule.at_least is not None else rule.limit
    if measure.share and bound is not None and bound > 1:
        return Text("a share lies between 0 and 1", "占比应介于 0 与 1 之间")
    return None
