"""A plan as people see it: masked, risks first, in one language; the only input of the views."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.model import Entity, Model
from crm_migrate.plan.change import (
    AFTER,
    BEFORE,
    UNTOUCHED,
    Action,
    EntityCounts,
    Plan,
    PlanHeader,
)
from crm_migrate.plan.show.names import TITLE_FIELDS, Names
from crm_migrate.plan.show.risks import ACTION_LABELS, Risk, reason_text, risks_of
from crm_migrate.project.mapping_file import TargetColumn, TargetMapping
from crm_migrate.protection.masking import mask_pair
from crm_migrate.protection.policy import Audience, Policy, Treatment

SHOWN_OTHERS = 50_000
"""Operations without risk that a view holds in all; risky ones are all there."""

_RISK_ORDER = (Action.CONFLICT, Action.SKIP, Action.UPDATE, Action.INSERT)
_SEALED = Text("(encrypted)", "(加密)")


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell: label of the field, masked text before and after, where the value comes from."""

    label: str
    before: str
    after: str
    origin: str


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation, its cells masked."""

    action: str
    action_label: str
    title: str
    golden_id: str
    target_key: str
    reason: str
    conflicts: str
    cells: tuple[CellChange, ...]


@dataclass(frozen=True)
class EntityView:
    """One entity: counts, and the operations that are shown of `total`."""

    name: str
    label: str
    counts: EntityCounts
    operations: tuple[OperationView, ...]
    total: int


@dataclass(frozen=True)
class PlanView:
    """The whole page."""

    language: Language
    header: PlanHeader
    state: str
    risks: tuple[Risk, ...]
    entities: tuple[EntityView, ...]
    findings: tuple[tuple[str, str, str, int], ...]
    """severity, rule code, message, count"""
    author: str
    """Name of the person who made the plan."""


def plan_view(
    plan: Plan,
    *,
    state: str,
    model: Model,
    target: TargetMapping,
    policy: Policy,
    language: Language,
    findings: tuple[tuple[str, str, str, int], ...] = (),
    names: Names | None = None,
    author: str | None = None,
) -> PlanView:
    """The plan masked for the `report` audience, risky operations first.

    `names` knows what records are called; without it titles are made of the plan's own cells.
    """
    names = names or Names(model, policy, language)
    entities = []
    room = SHOWN_OTHERS
    for name, frame in plan.operations.items():
        acting = _ordered(frame)
        shown = acting.head(int((acting["_order"] < _SAFE).sum()) + room)
        room -= int((shown["_order"] >= _SAFE).sum())
        mapped = target.entities[name].fields
        lineage = plan.lineage.get(name)
        entities.append(
            EntityView(
                name,
                model.entity(name).label.in_language(language),
                plan.header.counts.get(name, EntityCounts()),
                tuple(_operations(shown, model.entity(name), mapped, lineage, names)),
                acting.height,
            )
        )
    risks = sorted(risks_of(plan.header, plan.operations, language), key=lambda r: not r.grave)
    who = author or plan.header.created_by
    return PlanView(language, plan.header, state, tuple(risks), tuple(entities), findings, who)


_SAFE = _RISK_ORDER.index(Action.UPDATE)


def _ordered(frame: pl.DataFrame) -> pl.DataFrame:
    order = {action: place for place, action in enumerate(_RISK_ORDER)}
    place = pl.col("action").replace_strict(order, default=9, return_dtype=pl.Int8)
    acting = frame.filter(pl.col("action") != Action.UNCHANGED)
    return acting.with_columns(place.alias("_order")).sort("_order", "group", "golden_id")


@dataclass(frozen=True)
class _Column:
    """A column of the target, ready to be shown: a value per shown operation."""

    label: str
    field: str
    before: list[str | None]
    after: list[str | None]
    written: list[bool]


def _operations(
    shown: pl.DataFrame,
    entity: Entity,
    mapped: Mapping[str, TargetColumn],
    lineage: pl.DataFrame | None,
    names: Names,
) -> Iterator[OperationView]:
    language = names.language
    columns = [
        _column(shown, entity, field, column, names)
        for field, column in mapped.items()
        if f"{AFTER}{column.column}" in shown.columns
    ]
    labels = {name: f.label.in_language(language) for name, f in entity.by_name.items()}
    labels |= {c.column: labels[f] for f, c in mapped.items() if c.column not in labels}
    actions = {a: t.in_language(language) for a, t in ACTION_LABELS.items()}
    reasons = {r: reason_text(r or "").in_language(language) for r in shown["reason"].unique()}
    origins = _origins(lineage, shown, entity, names)
    titles = names.titles(entity, shown["golden_id"]).to_list()
    lines = zip(*(shown[n] for n in _PLAIN), titles, strict=True)
    for number, (action, golden, key, reason, conflicts, title) in enumerate(lines):
        cells = tuple(
            CellChange(
                c.label,
                c.before[number] or "",
                c.after[number] or "",
                origins.get((golden, c.field), ""),
            )
            for c in columns
            if c.written[number]
        )
        yield OperationView(
            action=action,
            action_label=actions[action],
            title=title or _own_title(columns, number) or golden[:10],
            golden_id=golden,
            target_key=key or "",
            reason=reasons[reason],
            conflicts="、".join(labels.get(f, f) for f in (conflicts or "").split(";") if f),
            cells=cells,
        )


_PLAIN = ("action", "golden_id", "target_key", "reason", "conflicts")


def _column(
    shown: pl.DataFrame, entity: Entity, name: str, column: TargetColumn, names: Names
) -> _Column:
    field = entity.by_name[name]
    before, after = shown[f"{BEFORE}{column.column}"], shown[f"{AFTER}{column.column}"]
    touched = (after != UNTOUCHED).fill_null(True)
    after = after.set(~touched, None)
    written = touched & (before.is_not_null() | after.is_not_null())
    if field.references is not None:
        before, after = names.references(field, before), names.references(field, after)
    elif names.policy.treatment(entity.name, name, Audience.TARGET) == Treatment.SEAL:
        word = _SEALED.in_language(names.language)
        before, after = _instead(before, word), _instead(after, word)
    elif names.policy.treatment(entity.name, name, Audience.REPORT) != Treatment.CLEAR:
        before, after = mask_pair(before, after, field.type)
    else:
        before, after = names.words(field, column, before), names.words(field, column, after)
    label = field.label.in_language(names.language)
    return _Column(label, name, before.to_list(), after.to_list(), written.to_list())


def _instead(values: pl.Series, word: str) -> pl.Series:
    return values.set(values.is_not_null(), word)


def _own_title(columns: list[_Column], number: int) -> str:
    for c in columns:
        if c.field in TITLE_FIELDS and (c.after[number] or c.before[number]):
            return c.after[number] or c.before[number] or ""
    return ""


def _origins(
    lineage: pl.DataFrame | None, shown: pl.DataFrame, entity: Entity, names: Names
) -> Mapping[tuple[str, str], str]:
    if lineage is None or lineage.is_empty():
        return {}
    changed = shown.filter(pl.col("action").is_in([str(Action.UPDATE), str(Action.CONFLICT)]))
    wanted = lineage.join(changed.select("golden_id").unique(), on="golden_id", how="semi")
    if "source" not in wanted.columns:
        return {}
    said = {code: names.rule(entity, code) for code in wanted["rule"].unique()}
    return {
        (golden, field): f"{source} · {said[rule]}"
        for golden, field, source, rule in wanted.select(
            "golden_id", "field", "source", "rule"
        ).iter_rows()
    }
