"""The data dictionary (R-2.2): every field as the rules have it; never written by hand.

A dictionary is plain data with both languages in it, so that a stored version can be shown and
compared without the rules that made it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from crm_migrate.language import Text
from crm_migrate.model import LEVEL_LABELS, Entity, Field, Vocabulary
from crm_migrate.project import Project
from crm_migrate.project.mapping_file import FieldSource
from crm_migrate.quality.field_types import TYPE_WORDS
from crm_migrate.standards import standard

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One field."""

    name: str
    label: Text
    meaning: Text
    type: Text
    form: Text
    """Range or written form of a value."""
    values: tuple[str, ...]
    """The vocabulary; empty where any value of the form will do."""
    unit: str
    max_length: int | None
    required: Text
    identifying: bool
    level: Text
    owner: Text
    update_frequency: Text
    retention: Text
    standard: Text
    """Standard and edition."""
    target: str
    """`table.column` of the CRM; empty where it has none."""
    treatment: str
    """What happens to the value in the CRM: clear, seal, index or forbid."""
    sources: tuple[str, ...]
    """`source / table: columns`."""
    spellings: tuple[str, ...] = ()
    """`spelling → value` of the vocabulary: what else is read as one of its values."""


@dataclass(frozen=True, slots=True)
class Part:
    """The fields of an entity."""

    name: str
    label: Text
    fields: tuple[Entry, ...]


@dataclass(frozen=True)
class Dictionary:
    """All entities, parents first."""

    parts: tuple[Part, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of what it says."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def gaps(self) -> dict[str, int]:
        """What is not decided yet: `owner`, `update_frequency`, `retention` → fields."""
        every = [f for p in self.parts for f in p.fields]
        names = ("owner", "update_frequency", "retention")
        return {n: missing for n in names if (missing := sum(not getattr(f, n).en for f in every))}

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"format": FORMAT, "entities": [asdict(p) for p in self.parts]}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Dictionary":
        """What `to_json` gave."""
        return Dictionary(
            tuple(
                Part(p["name"], Text(**p["label"]), tuple(_entry(f) for f in p["fields"]))
                for p in data["entities"]
            )
        )


def _entry(data: Mapping[str, Any]) -> Entry:
    plain: dict[str, Any] = {k: Text(**v) if isinstance(v, dict) else v for k, v in data.items()}
    plain |= {k: tuple(plain.get(k, ())) for k in ("values", "sources", "spellings")}
    return Entry(**plain)


def dictionary(
    project: Project, treatments: Mapping[str, str], derived: frozenset[str] = frozenset()
) -> Dictionary:
    """The dictionary of a project; `treatments`: `entity.field` → treatment in the CRM.

    derived: `entity.field` that follow from other data by rules/derivations.yaml.
    """
    parts = []
    for entity in project.model.entities:
        sources = _sources(project, entity.name)
        for field in entity.field_names:
            if f"{entity.name}.{field}" in derived:
                sources[field] = (*sources.get(field, ()), "rules/derivations.yaml")
        fields = tuple(
            _field(project, entity, f, treatments, sources.get(f.name, ())) for f in entity.fields
        )
        parts.append(Part(entity.name, entity.label, fields))
    return Dictionary(tuple(parts))


def _field(
    project: Project,
    entity: Entity,
    field: Field,
    treatments: Mapping[str, str],
    sources: tuple[str, ...],
) -> Entry:
    words = TYPE_WORDS[field.type]
    model = project.model
    nothing = Text("", "")
    held = project.target.entities.get(entity.name)
    column = held.fields.get(field.name) if held is not None else None
    kind = words.label
    if field.references is not None:
        other = model.entity(field.references).label
        kind = Text(f"{kind.en}: {other.en}", f"{kind.zh}:{other.zh}")
    vocabulary = model.vocabularies.get(field.vocabulary or "")
    return Entry(
        name=field.name,
        label=field.label,
        meaning=field.meaning or words.meaning,
        type=kind,
        form=words.form,
        values=vocabulary.values if vocabulary is not None else (),
        unit=field.unit or "",
        max_length=field.max_length,
        required=_required(field, entity),
        identifying=field.identifying,
        level=LEVEL_LABELS[field.level],
        owner=field.owner or nothing,
        update_frequency=field.update_frequency or nothing,
        retention=field.retention or nothing,
        standard=standard(field.type).BASIS,
        target=f"{held.table}.{column.column}" if held is not None and column is not None else "",
        treatment=treatments.get(f"{entity.name}.{field.name}", ""),
        sources=sources,
        spellings=_spellings(vocabulary),
    )


def _spellings(vocabulary: Vocabulary | None) -> tuple[str, ...]:
    known = vocabulary.synonyms.items() if vocabulary is not None else ()
    return tuple(f"{spelling} → {value}" for spelling, value in known if spelling != value)


def _required(field: Field, entity: Entity) -> Text:
    if not field.required:
        return Text("no", "否")
    if not field.required_when:
        return Text("yes", "是")
    names = [(entity.by_name[c.field].label, " / ".join(c.values)) for c in field.required_when]
    en = " and ".join(f"{label.en} is {values}" for label, values in names)
    zh = "且".join(f"{label.zh}为{values}" for label, values in names)
    return Text(f"when {en}", f"当{zh}时")


def _sources(project: Project, entity: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, mapping in project.mappings.items():
        for table in mapping.tables:
            place = f"{name} / {table.table}" if table.table else name
            for record in table.records:
                if record.entity != entity:
                    continue
                for field, origin in record.fields.items():
                    told = f"{place}: {_origin(origin)}"
                    if told not in found.setdefault(field, []):
                        found[field].append(told)
    return {field: tuple(told) for field, told in found.items()}


def _origin(origin: FieldSource) -> str:
    if origin.constant is not None:
        return f"“{origin.constant}”"
    if origin.record is not None:
        return f"→ {origin.record}"
    told = "、".join(origin.source_columns)
    if origin.table is not None:
        told += f" → {origin.table}"
    return told + (f" ({origin.values})" if origin.values is not None else "")


@dataclass(frozen=True, slots=True)
class Difference:
    """What is another between two dictionaries. `what`: entity, field, or the attribute's name."""

    kind: str
    """`added`, `removed` or `changed`."""
    entity: str
    field: str
    what: str
    old: Text
    new: Text


_COMPARED = (
    "label", "meaning", "type", "form", "values", "unit", "max_length", "required", "identifying",
    "level", "owner", "update_frequency", "retention", "standard", "target", "treatment",
    "sources", "spellings",
)  # fmt: skip


def compare(old: Dictionary, new: Dictionary) -> tuple[Difference, ...]:
    """Every difference, in the order of the entities and fields."""
    before = {p.name: p for p in old.parts}
    after = {p.name: p for p in new.parts}
    found: list[Difference] = []
    nothing = Text("", "")
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            found.append(Difference("removed", name, "", "entity", before[name].label, nothing))
            continue
        if name not in before:
            found.append(Difference("added", name, "", "entity", nothing, after[name].label))
            continue
        found += _fields_differ(before[name], after[name])
    return tuple(found)


def _fields_differ(old: Part, new: Part) -> list[Difference]:
    before = {f.name: f for f in old.fields}
    after = {f.name: f for f in new.fields}
    nothing = Text("", "")
    found = []
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            found.append(
                Difference("removed", old.name, name, "field", before[name].label, nothing)
            )
        elif name not in before:
            found.append(Difference("added", new.name, name, "field", nothing, after[name].label))
        else:
            found += [
                Difference("changed", new.name, name, what, *both)
                for what in _COMPARED
                if (both := _both(before[name], after[name], what))[0] != both[1]
            ]
    return found


def _both(old: Entry, new: Entry, what: str) -> tuple[Text, Text]:
    """Of lists only what went and what came, unless they differ in their order alone."""
    one, two = getattr(old, what), getattr(new, what)
    if isinstance(one, tuple) and set(one) != set(two):
        one, two = (
            tuple(v for v in one if v not in two),
            tuple(v for v in two if v not in one),
        )
    return _as_text(one), _as_text(two)


def _as_text(value: object) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, tuple):
        told = "、".join(map(str, value))
    elif isinstance(value, bool):
        return Text("yes", "是") if value else Text("no", "否")
    else:
        told = "" if value is None else str(value)
    return Text(told, told)
