"""A plan as people see it: masked, risks first, in one language; the only input of the views."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Language
from crm_migrate.model import Entity, Model
from crm_migrate.plan.change import AFTER, Action
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.header import EntityCounts, PlanHeader
from crm_migrate.plan.scope import EXCLUDED
from crm_migrate.plan.show.approvals import NOTHING_KNOWN, ApprovalView
from crm_migrate.plan.show.cells import CellChange, Column, column_shown, persons_shown
from crm_migrate.plan.show.choice import EVERYTHING, Choice, chosen, room_for
from crm_migrate.plan.show.moves import MoveView, moves_shown
from crm_migrate.plan.show.names import TITLE_FIELDS, Names
from crm_migrate.plan.show.risks import ACTION_LABELS, DOUBLES_TEXT, Risk, reason_text, risks_of
from crm_migrate.project.mapping_file import TargetColumn, TargetMapping

_ORIGINS = (str(Action.UPDATE), str(Action.CONFLICT))
_CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation, its cells masked."""

    action: str
    action_label: str
    title: str
    golden_id: str
    group: str
    target_key: str
    reason: str
    conflicts: str
    cells: tuple[CellChange, ...]
    excluded: bool = False
    """Left out because people who checked the plan said so."""


@dataclass(frozen=True)
class EntityView:
    """One entity: counts, and the operations that are shown of `total`."""

    name: str
    label: str
    counts: EntityCounts
    operations: tuple[OperationView, ...]
    total: int


@dataclass(frozen=True)
class Comment:
    """What someone wrote beside a record of an earlier plan; `title` names the record."""

    entity: str
    golden_id: str
    title: str
    text: str


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
    heads: tuple[OperationView, ...] = ()
    """Customers that do not change themselves, but of which something else is shown."""
    moves: tuple[MoveView, ...] = ()
    comments: tuple[Comment, ...] = ()
    approval: ApprovalView = NOTHING_KNOWN


def plan_view(
    plan: Opened,
    *,
    state: str,
    model: Model,
    target: TargetMapping,
    names: Names,
    findings: tuple[tuple[str, str, str, int], ...] = (),
    doubles: int = 0,
    author: str | None = None,
    choice: Choice = EVERYTHING,
    comments: tuple[Comment, ...] = (),
    approval: ApprovalView = NOTHING_KNOWN,
) -> PlanView:
    """The chosen operations masked for the `report` audience, risky ones first.

    `names` knows what records are called; without golden records titles are made of the plan's
    own cells. `doubles`: how many rows of the CRM stay double.
    """
    language, header = names.language, plan.header
    entities = []
    room = room_for(header, choice)
    for name in plan.entities:
        if choice.entity not in (None, name):
            continue
        part = chosen(plan, name, choice, room)
        room -= part.others
        entity, mapped = model.entity(name), target.entities[name].fields
        origins = _origins(plan, entity, part.operations, names)
        entities.append(
            EntityView(
                name,
                entity.label.in_language(language),
                header.counts.get(name, EntityCounts()),
                tuple(_operations(part.operations, entity, mapped, origins, names)),
                part.total,
            )
        )
    risks = sorted(risks_of(header, language, approval.overridden), key=lambda r: not r.grave)
    if doubles:
        risks.append(Risk(DOUBLES_TEXT.in_language(language), doubles, False))
    shown = choice.size != 0 and choice.entity is None and choice.page == 1
    return PlanView(
        language,
        header,
        state,
        tuple(risks),
        tuple(entities),
        findings,
        author or header.created_by,
        _heads(plan, entities, names) if choice.size is None else (),
        moves_shown(plan.moves(), target, names, choice.groups) if shown else (),
        comments,
        approval,
    )


def _origins(
    plan: Opened, entity: Entity, shown: pl.DataFrame, names: Names
) -> Mapping[tuple[str, str], str]:
    """(golden id, field) → where the value comes from, of the shown changes; field `` for all."""
    changed = shown.filter(pl.col("action").is_in(_ORIGINS))["golden_id"]
    lineage = plan.lineage(entity.name) if len(changed) else None
    if lineage is None:
        return {}
    rows = lineage.filter(pl.col("golden_id").is_in(changed.implode())).collect()
    told = names.origins(entity, rows)
    origins = {
        (golden, field): origin or ""
        for golden, field, origin in zip(rows["golden_id"], rows["field"], told, strict=True)
    }
    rest = changed.filter(~changed.is_in(rows["golden_id"].implode()))
    return origins | {(g, ""): text for g, text in names.only_sources(entity, rest).items()}


def _operations(
    shown: pl.DataFrame,
    entity: Entity,
    mapped: Mapping[str, TargetColumn],
    origins: Mapping[tuple[str, str], str],
    names: Names,
) -> Iterator[OperationView]:
    language = names.language
    persons = persons_shown(shown, entity, mapped, names)
    columns = [
        column_shown(shown, entity, field, column, names, persons)
        for field, column in mapped.items()
        if f"{AFTER}{column.column}" in shown.columns
    ]
    labels = {name: f.label.in_language(language) for name, f in entity.by_name.items()}
    labels |= {c.column: labels[f] for f, c in mapped.items() if c.column not in labels}
    actions = {str(a): t.in_language(language) for a, t in ACTION_LABELS.items()}
    reasons = {r: reason_text(r or "").in_language(language) for r in shown["reason"].unique()}
    titles = names.titles(entity, shown["golden_id"]).to_list()
    lines = zip(*(shown[n] for n in _PLAIN), titles, strict=True)
    for number, (action, golden, group, key, reason, conflicts, title) in enumerate(lines):
        cells = tuple(
            CellChange(
                c.label,
                c.before[number] or "",
                c.after[number] or "",
                origins.get((golden, c.field)) or origins.get((golden, ""), ""),
                c.kept[number],
            )
            for c in columns
            if c.written[number]
        )
        yield OperationView(
            action=action,
            action_label=actions[action],
            title=title or _own_title(columns, number) or golden[:10],
            golden_id=golden,
            group=group,
            target_key=key or "",
            reason=reasons[reason],
            conflicts="、".join(labels.get(f, f) for f in (conflicts or "").split(";") if f),
            cells=cells,
            excluded=reason == EXCLUDED,
        )


_PLAIN = ("action", "golden_id", "group", "target_key", "reason", "conflicts")


def _own_title(columns: list[Column], number: int) -> str:
    for c in columns:
        if c.field in TITLE_FIELDS and (c.after[number] or c.before[number]):
            return c.after[number] or c.before[number] or ""
    return ""


def _heads(plan: Opened, entities: list[EntityView], names: Names) -> tuple[OperationView, ...]:
    """Customers whose own row is not listed, though something that hangs on them is."""
    if _CUSTOMER not in plan.entities:
        return ()
    listed = {o.golden_id for e in entities if e.name == _CUSTOMER for o in e.operations}
    groups = {o.group for e in entities for o in e.operations} - listed
    if not groups:
        return ()
    rows = (
        plan.operations(_CUSTOMER)
        .filter(pl.col("golden_id").is_in(sorted(groups)))
        .select("action", "golden_id", "target_key", "reason")
        .sort("golden_id")
        .collect()
    )
    titles = names.titles(names.model.entity(_CUSTOMER), rows["golden_id"])
    language = names.language
    return tuple(
        OperationView(
            action=action,
            action_label=ACTION_LABELS[action].in_language(language),
            title=title or golden[:10],
            golden_id=golden,
            group=golden,
            target_key=key or "",
            reason=reason_text(reason or "").in_language(language),
            conflicts="",
            cells=(),
        )
        for (action, golden, key, reason), title in zip(rows.iter_rows(), titles, strict=True)
    )
