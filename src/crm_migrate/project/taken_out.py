"""The packaged rules without what they say of entities and fields that a project's model lacks.

A project may take a field or an entity out of the standard model (`website: null`). What the
packaged files say of it does no harm then and is left out. What a project writes itself stays, and
is a fault where it names what is not there.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_migrate.model import Model
from crm_migrate.project.entities_file import standard_model

_NAME = re.compile(r"(?:(\w+)\.)?(\w+)")


@dataclass(frozen=True)
class TakenOut:
    """Entities and fields of the standard model that a project's model does not have."""

    entities: frozenset[str]
    fields: frozenset[tuple[str, str]]
    """(entity, field), those of missing entities included."""

    def rules(self, name: str, packaged: Any) -> Any:
        """A packaged rules file (`name` without suffix) without what is about them."""
        prune = _PRUNED.get(name)
        return prune(self, packaged) if prune is not None and self.fields else packaged

    def of(self, entity: str) -> frozenset[str]:
        """The missing fields of an entity."""
        return frozenset(f for e, f in self.fields if e == entity)

    def qualified(self, name: str) -> bool:
        """Whether `entity.field` is missing."""
        entity, _, field = name.partition(".")
        return (entity, field) in self.fields


def taken_out(model: Model) -> TakenOut:
    """What the standard model has and this one has not."""
    standard = standard_model()
    entities = standard.by_name.keys() - model.by_name.keys()
    return TakenOut(frozenset(entities), frozenset(_places(standard) - _places(model)))


def _places(model: Model) -> set[tuple[str, str]]:
    return {(e.name, f.name) for e in model.entities for f in e.fields}


def _policy(out: TakenOut, data: Any) -> Any:
    return {**data, "fields": {n: r for n, r in data["fields"].items() if not out.qualified(n)}}


def _records(out: TakenOut, data: Any) -> Any:
    rules = {name: _fewer(out, name, rule) for name, rule in data["rules"].items()}
    return {**data, "rules": {n: r for n, r in rules.items() if not _speaks(out, n, r)}}


def _fewer(out: TakenOut, name: str, rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """A rule that wants one of several fields filled wants one of those that are left."""
    missing = out.of(name.partition(".")[0])
    left = _without(rule.get("required", ()), missing)
    if not left or len(left) == len(rule["required"]):
        return rule
    return {**rule, "required": left, "field": left[0]}


def _speaks(out: TakenOut, name: str, rule: Mapping[str, Any]) -> bool:
    """Whether a rule of records is about something that is missing."""
    entity = name.partition(".")[0]
    said = [*(rule.get(k, "") for k in ("field", "check", "when"))]
    said += [*rule.get("required", ()), *rule.get("unique", ())]
    refers = {f.name: f.references for f in standard_model().entity(entity).references()}
    for text in said:
        for before, field in _NAME.findall(text):
            if before and (entity, before) in out.fields:
                return True
            if ((refers.get(before) or before) if before else entity, field) in out.fields:
                return True
    return entity in out.entities


def _survivorship(out: TakenOut, data: Any) -> Any:
    kept = {}
    for name, part in data.items():
        if name in out.entities:
            continue
        kept[name] = part
        missing = out.of(name)
        if missing:
            groups = part.get("groups", {}).items()
            fewer = {g: {**r, "fields": _without(r["fields"], missing)} for g, r in groups}
            fields = {
                field: [p for p in rules if not _prefers(p, missing)]
                if isinstance(rules, list)
                else rules
                for field, rules in part.get("fields", {}).items()
                if field not in missing
            }
            kept[name] = {
                **part,
                "groups": {g: r for g, r in fewer.items() if r["fields"]},
                "fields": {field: rules for field, rules in fields.items() if rules},
            }
    return kept


def _prefers(preference: Any, missing: frozenset[str]) -> bool:
    return isinstance(preference, Mapping) and preference.get("prefer") in missing


def _without(names: Iterable[str], missing: Iterable[str]) -> list[str]:
    return [n for n in names if n not in missing]


def _linkage(out: TakenOut, data: Any) -> Any:
    kept = {}
    for name, part in data.items():
        if name in out.entities:
            continue
        kept[name] = part
        missing = out.of(name)
        if "natural_keys" in part if isinstance(part, Mapping) else False:
            keys = [k for k in part["natural_keys"] if not missing.intersection(k)]
            kept[name] = {**part, "natural_keys": keys}
        elif isinstance(part, Mapping) and "features" in part:
            kept[name] = _features(out, name, part)
    return kept


def _features(out: TakenOut, entity: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """Linkage rules without the features of which no field is left, and what compares them."""
    features = {}
    for name, feature in part["features"].items():
        of = [f if "." in f else f"{entity}.{f}" for f in feature["from"]]
        left = [f for f, known in zip(feature["from"], of, strict=True) if not out.qualified(known)]
        if left:
            features[name] = {**feature, "from": left}
    gone = frozenset(part["features"].keys() - features.keys())
    kept = {n: rules for n, rules in part.items() if n != "features"}
    return {**part, **{n: _spared(rules, gone) for n, rules in kept.items()}, "features": features}


def _spared(rules: Any, gone: frozenset[str]) -> Any:
    """A part of linkage rules without the lines that name one of the features."""
    if isinstance(rules, list):
        return [line for line in rules if not _names(line, gone)]
    if isinstance(rules, Mapping):
        return {
            name: _spared(line, gone) if isinstance(line, list) else line
            for name, line in rules.items()
            if name not in gone and (isinstance(line, list) or not _names(line, gone))
        }
    return rules


def _names(line: Any, gone: frozenset[str]) -> bool:
    if isinstance(line, str):
        return line.partition(".")[0] in gone
    if isinstance(line, list):
        return any(_names(part, gone) for part in line)
    if isinstance(line, Mapping):
        return any(_names(part, gone) for name, part in line.items() if name != "words")
    return False


_PRUNED = {
    "policy": _policy,
    "records": _records,
    "survivorship": _survivorship,
    "linkage": _linkage,
}
