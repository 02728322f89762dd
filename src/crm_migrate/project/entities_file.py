"""`rules/entities.yaml` → the frozen `Model`: entities in dependency order, vocabularies."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field as Setting

from crm_migrate.errors import Fault
from crm_migrate.language import Text
from crm_migrate.model import Condition, Entity, Field, Level, Model, SemanticType, Vocabulary
from crm_migrate.project.settings import Frozen
from crm_migrate.project.yaml_file import YamlFile, parse_yaml


class Label(Frozen):
    """A name in both languages."""

    en: str
    zh: str

    def text(self) -> Text:
        """As a `Text`."""
        return Text(self.en, self.zh)


Words = Label | str
"""In both languages, or one text for both."""


class FieldRules(Frozen):
    """One field as written in the file."""

    type: SemanticType
    label: Label
    level: Level = Level.INTERNAL
    required: bool = False
    required_when: dict[str, tuple[str, ...]] = {}
    identifying: bool = False
    vocabulary: str | None = None
    unit: str | None = None
    currency: str | None = None
    references: str | None = None
    owner: Words | None = None
    update_frequency: Words | None = None
    retention: Words | None = None
    max_length: int | None = Setting(default=None, ge=1)
    meaning: Words | None = None

    def build(self, name: str, entity: "EntityRules") -> Field:
        """The model's field; the entity says what the field leaves open."""
        texts = {"label", "owner", "update_frequency", "retention", "meaning"}
        plain = self.model_dump(exclude={*texts, "required_when"})
        when = tuple(Condition(k, v) for k, v in self.required_when.items())
        return Field(
            name=name,
            label=self.label.text(),
            required_when=when,
            owner=_text(self.owner or entity.owner),
            update_frequency=_text(self.update_frequency or entity.update_frequency),
            retention=_text(self.retention or entity.retention),
            meaning=_text(self.meaning),
            **plain,
        )


class EntityRules(Frozen):
    """One entity as written in the file."""

    label: Label
    fields: dict[str, FieldRules]
    root: str | None = None
    total: str | None = None
    total_date: str | None = None
    owner: Words | None = None
    """This and the next two: of every field that does not say otherwise."""
    update_frequency: Words | None = None
    retention: Words | None = None


class EntitiesFile(Frozen):
    """The whole file, after `extends` was resolved."""

    entities: dict[str, EntityRules]
    vocabularies: dict[str, dict[str, tuple[str, ...]]] = {}


def starter_text(name: str) -> str:
    """The text of a rules file that ships with the package."""
    return (files("crm_migrate") / "starter" / name).read_text("utf-8")


def starter_file(name: str) -> YamlFile:
    """A rules file that ships with the package, parsed."""
    return parse_yaml(Path("starter") / name, starter_text(name))[0]


def extend(base: Any, change: Any) -> Any:
    """Mappings merge by key, everything else is replaced; null takes a key away."""
    if not (isinstance(base, Mapping) and isinstance(change, Mapping)):
        return change
    merged = dict(base)
    for key, value in change.items():
        if value is None and isinstance(base.get(key), Mapping):
            merged.pop(key, None)
        else:
            merged[key] = extend(merged.get(key), value)
    return merged


def resolve_extends(file: YamlFile, packaged: Any) -> Any:
    """The file's data laid over the packaged ones where it says `extends: standard`."""
    data = file.data if isinstance(file.data, dict) else {}
    if data.get("extends") != "standard":
        return data
    change = {k: v for k, v in data.items() if k != "extends"}
    return extend(packaged, change)


def build_model(parsed: EntitiesFile, file: YamlFile) -> tuple[Model | None, list[Fault]]:
    """The model, or every fault: unknown references and vocabularies, circles between entities."""
    faults: list[Fault] = []
    for name, entity in parsed.entities.items():
        for field_name, field in entity.fields.items():
            at = ("entities", name, "fields", field_name)
            if field.references is not None and field.references not in parsed.entities:
                faults.append(file.fault(at, _unknown("entity", "实体", field.references)))
            if field.vocabulary is not None and field.vocabulary not in parsed.vocabularies:
                faults.append(file.fault(at, _unknown("vocabulary", "词表", field.vocabulary)))
            faults += [file.fault(at, told) for told in _about_currency(entity, field_name, field)]
        for other in (entity.root, entity.total, entity.total_date):
            if other is not None and other not in entity.fields:
                faults.append(file.fault(("entities", name), _unknown("field", "字段", other)))
    order = _dependency_order(parsed.entities)
    if order is None:
        message = Text("entities refer to each other in a circle", "实体之间循环引用")
        faults.append(file.fault(("entities",), message))
    if faults or order is None:
        return None, faults
    return Model(
        entities=tuple(_entity(n, parsed.entities[n]) for n in order),
        vocabularies={n: _vocabulary(n, v) for n, v in parsed.vocabularies.items()},
    ), []


@cache
def standard_model() -> Model:
    """The packaged standard model, for commands that work without a project."""
    file = starter_file("entities.yaml")
    model, faults = build_model(EntitiesFile.model_validate(file.data), file)
    if model is None:
        raise AssertionError(faults)
    return model


def _text(words: Words | None) -> Text | None:
    if words is None:
        return None
    return Text(words, words) if isinstance(words, str) else words.text()


def _unknown(what: str, what_zh: str, name: str) -> Text:
    return Text(f"unknown {what} '{name}'", f"未知的{what_zh}“{name}”")


def _about_currency(entity: EntityRules, name: str, field: FieldRules) -> Iterator[Text]:
    """What is wrong with a field's `currency`: it is for amounts that nobody sums up."""
    if field.currency is None:
        return
    beside = entity.fields.get(field.currency)
    if beside is None:
        yield _unknown("field", "字段", field.currency)
    elif beside.vocabulary != "currency":
        yield Text(
            "the currency field is to have `vocabulary: currency`",
            "币种字段须设置 vocabulary: currency",
        )
    if field.type is not SemanticType.AMOUNT:
        yield Text("only an amount has a currency", "只有金额字段可以设置币种字段")
    if name == entity.total:
        yield Text(
            "control totals are sums: amounts in several currencies have none",
            "对账合计字段不能含多个币种",
        )


def _entity(name: str, rules: EntityRules) -> Entity:
    return Entity(
        name=name,
        label=rules.label.text(),
        fields=tuple(f.build(n, rules) for n, f in rules.fields.items()),
        root=rules.root,
        total=rules.total,
        total_date=rules.total_date,
    )


def _vocabulary(name: str, values: dict[str, tuple[str, ...]]) -> Vocabulary:
    synonyms = {s: value for value, others in values.items() for s in others}
    return Vocabulary(name, tuple(values), synonyms)


def _dependency_order(entities: Mapping[str, EntityRules]) -> list[str] | None:
    """Parents first; a reference to the own entity (group parent) does not count."""
    needs = {
        n: {f.references for f in e.fields.values() if f.references in entities} - {n}
        for n, e in entities.items()
    }
    order: list[str] = []
    while len(order) < len(needs):
        ready = [n for n in needs if n not in order and needs[n] <= set(order)]
        if not ready:
            return None
        order += ready
    return order
