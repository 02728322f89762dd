"""`rules/quality.yaml` checked against the model: every name it speaks of exists and fits."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import ValidationError

from crm_migrate.language import Text
from crm_migrate.model import Entity, Model, SemanticType
from crm_migrate.project.entities_file import starter_file
from crm_migrate.project.form import form_faults
from crm_migrate.project.quality_file import QualityFile
from crm_migrate.project.quality_measures import QUALITY_MEASURES

FaultAt = tuple[str, Text]
"""Key path (parts joined by `/`) and what is wrong there."""

_Named = tuple[str, str, Text]
"""Key path, the name that stands there, and what is wrong with it."""


def parse_quality(data: Any, model: Model) -> tuple[QualityFile, list[FaultAt]]:
    """The rules from the plain data of the file, and every fault found in it.

    What the standard file says of entities and fields that a project took out of its model does
    no harm: it is left out, not a fault.
    """
    try:
        rules = QualityFile.model_validate(data or {})
    except ValidationError as error:
        return QualityFile(), [("/".join(map(str, at)), text) for at, text in form_faults(error)]
    faults = [(at, text) for at, name, text in _faults(rules, model) if name not in _standard()]
    return _known(rules, model), faults


@cache
def _standard() -> frozenset[str]:
    """The names that the packaged file speaks of."""
    return frozenset(_texts(starter_file("quality.yaml").data))


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(data, list):
        for item in data:
            yield from _texts(item)


def _known(rules: QualityFile, model: Model) -> QualityFile:
    """The rules without what the model does not have."""

    def stands(name: str) -> bool:
        entity, _, field = name.partition(".")
        return entity in model.by_name and field in model.entity(entity).by_name

    def dated(entity: str, name: str) -> bool:
        return not list(_date(model, entity, name, ""))

    kept: dict[str, Any] = {
        "unique": tuple(filter(stands, rules.unique)),
        "own_to_source": tuple(filter(stands, rules.own_to_source)),
        "period": rules.period.model_copy(
            update={"future": tuple(filter(stands, rules.period.future))}
        ),
        "current": {
            name: rule.model_copy(update={"dates": dates})
            for name, rule in rules.current.items()
            if name in model.by_name and (dates := tuple(filter(stands, rule.dates)))
        },
        "sequence": {
            name: tuple(p for p in pairs if dated(name, p[0]) and dated(name, p[1]))
            for name, pairs in rules.sequence.items()
            if name in model.by_name
        },
    }
    return rules.model_copy(update=kept)


def _faults(rules: QualityFile, model: Model) -> Iterator[_Named]:
    for name in rules.weights.measures:
        if name not in QUALITY_MEASURES:
            known = ", ".join(QUALITY_MEASURES)
            message = Text(f"there is no measure '{name}'; known: {known}", f"没有指标“{name}”")
            yield f"weights/measures/{name}", name, message
    for name in rules.weights.entities:
        yield from _entity(model, name, f"weights/entities/{name}")
    for name in rules.weights.fields:
        yield from _field(model, name, f"weights/fields/{name}")
    for key in ("unique", "own_to_source"):
        for place, name in enumerate(getattr(rules, key)):
            yield from _field(model, name, f"{key}/{place}")
    for place, name in enumerate(rules.period.future):
        yield from _field(model, name, f"period/future/{place}", SemanticType.DATE)
    for entity, rule in rules.current.items():
        yield from _entity(model, entity, f"current/{entity}")
        for place, name in enumerate(rule.dates):
            at = f"current/{entity}/dates/{place}"
            yield from _field(model, name, at, SemanticType.DATE)
            yield from _belongs(model, entity, name.partition(".")[0], at)
    for entity, pairs in rules.sequence.items():
        yield from _entity(model, entity, f"sequence/{entity}")
        for place, pair in enumerate(pairs):
            for number, name in enumerate(pair):
                yield from _date(model, entity, name, f"sequence/{entity}/{place}/{number}")


def _entity(model: Model, name: str, at: str) -> Iterator[_Named]:
    if name not in model.by_name:
        yield at, name, Text(f"unknown entity '{name}'", f"未知的实体“{name}”")


def _field(model: Model, name: str, at: str, kind: SemanticType | None = None) -> Iterator[_Named]:
    entity, _, field = name.partition(".")
    if entity not in model.by_name or field not in model.entity(entity).by_name:
        yield at, name, Text(f"unknown field '{name}'", f"未知的字段“{name}”")
    elif kind is not None and model.entity(entity).by_name[field].type is not kind:
        yield at, name, _no_date(name)


def _date(model: Model, entity: str, name: str, at: str) -> Iterator[_Named]:
    """`field`, or `reference.field`."""
    if entity not in model.by_name:
        return
    held: Entity | None = model.entity(entity)
    reference, dot, field = name.rpartition(".")
    if dot:
        known = model.entity(entity).by_name.get(reference)
        held = model.by_name.get(known.references or "") if known is not None else None
    if held is None or field not in held.by_name:
        yield at, name, Text(f"unknown field '{name}'", f"未知的字段“{name}”")
    elif held.by_name[field].type is not SemanticType.DATE:
        yield at, name, _no_date(name)


def _belongs(model: Model, entity: str, other: str, at: str) -> Iterator[_Named]:
    if other == entity or entity not in model.by_name or other not in model.by_name:
        return
    if all(f.references != entity for f in model.entity(other).references()):
        yield at, other, Text(f"{other} does not refer to {entity}", f"{other} 未引用 {entity}")


def _no_date(name: str) -> Text:
    return Text(f"'{name}' is no date", f"“{name}”不是日期字段")
