"""Survivorship rules: which record's value a golden record keeps, per field group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crm_migrate.language import Text
from crm_migrate.linkage.rules.types import FaultAt

PREFERENCES = (
    "most_trusted",
    "most_recent",
    "most_complete",
    "most_valid",
    "most_frequent",
    "longest",
    "most_restrictive",
)
UNION = "union"
DEFAULT = ("most_trusted", "most_recent", "most_frequent", "longest")


SOURCE_FIELD = "source"
"""Under this name conditions speak of the source of a record."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds for a golden record one of whose records has one of `values` in `field`.

    Any value does when there are none; `negated`: no record may have one. `field` may be `source`.
    """

    field: str
    values: tuple[str, ...] = ()
    negated: bool = False

    @property
    def name(self) -> str:
        """How the lineage calls it."""
        values = f"={','.join(self.values)}" if self.values else ""
        return f"{'no ' if self.negated else ''}{self.field}{values}"


@dataclass(frozen=True, slots=True)
class Preference:
    """One sort key: `kind` is one of PREFERENCES or `prefer` (records whose `field` has one of
    `values`, or any value when there are none).

    `most_trusted` with `values` has an order of sources of its own, `most_recent` with a `field`
    a date of its own. Where `when` does not hold the preference says nothing.
    """

    kind: str
    field: str | None = None
    values: tuple[str, ...] = ()
    when: Condition | None = None

    @property
    def name(self) -> str:
        """How the lineage calls it."""
        name = self.kind if self.field is None else f"{self.kind}:{self.field}"
        return name if self.when is None else f"{name} when {self.when.name}"


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that come from one record together; `union` joins all values instead."""

    fields: tuple[str, ...]
    preferences: tuple[Preference, ...]
    union: bool = False


@dataclass(frozen=True)
class SurvivorshipRules:
    """The rules of all entities. `trusted`: source names, the most trusted first."""

    trusted: tuple[str, ...] = ()
    recent: str | None = None
    default: tuple[Preference, ...] = tuple(Preference(p) for p in DEFAULT)
    groups: Mapping[str, tuple[FieldGroup, ...]] = field(default_factory=dict)

    def of(self, entity: str, fields: Sequence[str]) -> tuple[FieldGroup, ...]:
        """The groups that cover these fields of an entity, each field once, in field order."""
        grouped = {name: g for g in self.groups.get(entity, ()) for name in g.fields}
        result: list[FieldGroup] = []
        for name in fields:
            group = grouped.get(name, FieldGroup((name,), self.default))
            if group not in result:
                result.append(group)
        return tuple(result)


def parse_survivorship(
    data: Mapping[str, Any], fields: Mapping[str, Sequence[str]] | None = None
) -> tuple[SurvivorshipRules, list[FaultAt]]:
    """The rules, and every fault found with its path. `fields`: entity → its field names."""
    faults: list[FaultAt] = []
    default = _preferences("default", data.get("default", list(DEFAULT)), None, faults)
    groups: dict[str, tuple[FieldGroup, ...]] = {}
    for entity, body in data.items():
        if entity in ("version", "trusted", "recent", "default"):
            continue
        if fields is not None and entity not in fields:
            faults.append((entity, Text("no such entity in the model", "模型中没有此实体")))
            continue
        if not isinstance(body, Mapping):
            faults.append((entity, Text("expected a table of rules", "应为规则表")))
            continue
        known = set(fields[entity]) if fields is not None else None
        groups[entity] = tuple(_groups(entity, body, known, faults))
    trusted = data.get("trusted") or []
    if not isinstance(trusted, list):
        faults.append(("trusted", Text("expected a list of sources", "应为来源列表")))
        trusted = []
    rules = SurvivorshipRules(tuple(map(str, trusted)), data.get("recent"), default, groups)
    return rules, faults


def _groups(
    entity: str, body: Mapping[str, Any], known: set[str] | None, faults: list[FaultAt]
) -> list[FieldGroup]:
    specs = [
        (f"{entity}/groups/{name}", tuple(spec.get("fields", ())), spec.get("rules"))
        for name, spec in (body.get("groups") or {}).items()
        if isinstance(spec, Mapping)
    ]
    specs += [
        (f"{entity}/fields/{name}", (name,), rules)
        for name, rules in (body.get("fields") or {}).items()
    ]
    seen: set[str] = set()
    found = []
    for path, names, rules in specs:
        for name in names:
            if known is not None and name not in known:
                faults.append((path, Text(f"no such field '{name}'", f"没有字段“{name}”")))
            if name in seen:
                faults.append((path, Text(f"'{name}' has two rules", f"“{name}”有两条规则")))
            seen.add(name)
        if rules == UNION or rules == [UNION]:
            found.append(FieldGroup(names, (), union=True))
        else:
            found.append(FieldGroup(names, _preferences(path, rules, known, faults)))
    return found


def _preferences(
    path: str, items: Any, known: set[str] | None, faults: list[FaultAt]
) -> tuple[Preference, ...]:
    found: list[Preference] = []
    for item in [items] if isinstance(items, str | Mapping) else items or []:
        if isinstance(item, Mapping) and "when" in item:
            found += _conditional(path, item, known, faults)
            continue
        preference = _preference(path, item, known, faults)
        if preference is not None:
            found.append(preference)
    return tuple(found)


def _preference(
    path: str, item: Any, known: set[str] | None, faults: list[FaultAt]
) -> Preference | None:
    """One preference without a condition; None where it is faulty."""
    if isinstance(item, str) and item in PREFERENCES:
        return Preference(item)
    if isinstance(item, Mapping) and len(item.keys() - {"values"}) == 1:
        (kind,) = item.keys() - {"values"}
        given = item[kind]
        if kind == "most_trusted" and isinstance(given, list) and "values" not in item:
            return Preference(kind, None, tuple(map(str, given)))
        if kind in ("prefer", "most_recent") and isinstance(given, str):
            sourced = kind == "prefer" and given == SOURCE_FIELD
            if not sourced:
                _require_field(path, given, known, faults)
            values = tuple(str(v) for v in item.get("values") or ())
            return Preference(kind, given, values)
    names = ", ".join((*PREFERENCES, "prefer"))
    faults.append((path, Text(f"must be of {names}", f"必须是以下之一：{names}")))
    return None


def _conditional(
    path: str, item: Mapping[str, Any], known: set[str] | None, faults: list[FaultAt]
) -> list[Preference]:
    """`{when: {FIELD: VALUES}, use: …}`: preferences that hold under a condition."""
    when = item["when"]
    if not isinstance(when, Mapping) or len(when) != 1 or item.keys() != {"when", "use"}:
        faults.append(
            (path, Text("write {when: {FIELD: VALUES}, use: RULES}",
                        "应写作 {when: {字段: 取值}, use: 规则}"))
        )  # fmt: skip
        return []
    ((field, values),) = when.items()
    negated = str(field).startswith("not ")
    field = str(field).removeprefix("not ")
    if field != SOURCE_FIELD:
        _require_field(path, field, known, faults)
    listed = values if isinstance(values, list) else [] if values in (None, "any") else [values]
    condition = Condition(field, tuple(_word(v) for v in listed), negated)
    return [replace(p, when=condition) for p in _preferences(path, item["use"], known, faults)]


def _word(value: object) -> str:
    """A value as golden records have it: YAML reads true and false by itself."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _require_field(path: str, name: str, known: set[str] | None, faults: list[FaultAt]) -> None:
    if known is not None and name not in known:
        faults.append((path, Text(f"no such field '{name}'", f"没有字段“{name}”")))
