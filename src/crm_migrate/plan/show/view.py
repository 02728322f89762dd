"""A plan as people see it: masked, risks first, in one language; the only input of the views."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.model import Entity, Model
from crm_migrate.plan.change import (
    AFTER,
    BEFORE,
    REASONS,
    REFERENCE_PREFIX,
    UNTOUCHED,
    Action,
    EntityCounts,
    Gate,
    Plan,
    PlanHeader,
)
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.protection.masking import mask_pair
from crm_migrate.protection.policy import Audience, Policy, Treatment

SHOWN_OTHERS = 2_000
"""Operations without risk that a page holds per entity; risky ones are all there."""

ACTION_LABELS: dict[str, Text] = {
    Action.INSERT: Text("new", "新增"),
    Action.UPDATE: Text("change", "修改"),
    Action.UNCHANGED: Text("unchanged", "不变"),
    Action.CONFLICT: Text("conflict", "冲突"),
    Action.SKIP: Text("left out", "暂不处理"),
}
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


@dataclass(frozen=True, slots=True)
class Risk:
    """Something to look at before approving; `grave` ones hold the plan up."""

    text: str
    count: int
    grave: bool


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


def plan_view(
    plan: Plan,
    *,
    state: str,
    model: Model,
    target: TargetMapping,
    policy: Policy,
    language: Language,
    findings: tuple[tuple[str, str, str, int], ...] = (),
) -> PlanView:
    """The plan masked for the `report` audience, risky operations first."""
    entities = tuple(
        _entity_view(plan, model.entity(name), frame, target, policy, language)
        for name, frame in plan.operations.items()
    )
    risks = tuple(_risks(plan.header, plan.operations, language))
    return PlanView(language, plan.header, state, risks, entities, findings)


def _entity_view(
    plan: Plan,
    entity: Entity,
    frame: pl.DataFrame,
    target: TargetMapping,
    policy: Policy,
    language: Language,
) -> EntityView:
    order = {action: place for place, action in enumerate(_RISK_ORDER)}
    acting = (
        frame.filter(pl.col("action") != Action.UNCHANGED)
        .with_columns(
            pl.col("action").replace_strict(order, default=9, return_dtype=pl.Int8).alias("_order")
        )
        .sort("_order", "group", "golden_id")
    )
    risky = acting.filter(pl.col("_order") < order[Action.UPDATE])
    others = acting.filter(pl.col("_order") >= order[Action.UPDATE])
    shown = pl.concat([risky, others.head(SHOWN_OTHERS)])
    columns = {
        column.column: field
        for field, column in target.entities[entity.name].fields.items()
        if f"{AFTER}{column.column}" in shown.columns
    }
    masked = {
        column: _masked(shown, entity, field, column, policy, language)
        for column, field in columns.items()
    }
    origins = _origins(plan.lineage.get(entity.name), shown, language)
    operations = tuple(
        _operation(row, entity, columns, masked, number, origins, language)
        for number, row in enumerate(shown.iter_rows(named=True))
    )
    counts = plan.header.counts.get(entity.name, EntityCounts())
    label = entity.label.in_language(language)
    return EntityView(entity.name, label, counts, operations, acting.height)


def _masked(
    shown: pl.DataFrame,
    entity: Entity,
    field: str,
    column: str,
    policy: Policy,
    language: Language,
) -> tuple[list[str | None], list[str | None]]:
    before, after = shown[f"{BEFORE}{column}"], shown[f"{AFTER}{column}"]
    touched = pl.Series(after != UNTOUCHED).fill_null(True)
    after = after.set(~touched, None)
    if entity.by_name[field].references is not None:
        return _short(before).to_list(), _short(after).to_list()
    if policy.treatment(entity.name, field, Audience.TARGET) == Treatment.SEAL:
        word = _SEALED.in_language(language)
        hidden = [pl.Series([word if v is not None else None for v in s]) for s in (before, after)]
        return hidden[0].to_list(), hidden[1].to_list()
    if policy.treatment(entity.name, field, Audience.REPORT) != Treatment.CLEAR:
        before, after = mask_pair(before, after, entity.by_name[field].type)
    return before.to_list(), after.to_list()


def _short(references: pl.Series) -> pl.Series:
    return references.str.strip_prefix(REFERENCE_PREFIX).str.head(10)


def _origins(
    lineage: pl.DataFrame | None, shown: pl.DataFrame, language: Language
) -> Mapping[tuple[str, str], str]:
    if lineage is None or lineage.is_empty():
        return {}
    wanted = lineage.join(shown.select("golden_id").unique(), on="golden_id", how="semi")
    return {
        (row["golden_id"], row["field"]): f"{row['source']} · {row['rule']}"
        for row in wanted.iter_rows(named=True)
    }


def _operation(
    row: dict[str, str | None],
    entity: Entity,
    columns: Mapping[str, str],
    masked: Mapping[str, tuple[list[str | None], list[str | None]]],
    number: int,
    origins: Mapping[tuple[str, str], str],
    language: Language,
) -> OperationView:
    golden = row["golden_id"] or ""
    cells = []
    title = ""
    for column, field in columns.items():
        before, after = masked[column][0][number], masked[column][1][number]
        if field in ("name", "company_name", "number", "subject", "label") and not title:
            title = after or before or ""
        if row[f"{AFTER}{column}"] == UNTOUCHED or (before is None and after is None):
            continue
        label = entity.by_name[field].label.in_language(language)
        origin = origins.get((golden, field), "")
        cells.append(CellChange(label, before or "", after or "", origin))
    action = row["action"] or ""
    reason = row["reason"] or ""
    conflicts = [entity.by_name[f].label.in_language(language) if f in entity.by_name else f
                 for f in (row["conflicts"] or "").split(";") if f]  # fmt: skip
    return OperationView(
        action=action,
        action_label=ACTION_LABELS[action].in_language(language),
        title=title or golden[:10],
        golden_id=golden,
        target_key=row["target_key"] or "",
        reason=reason_text(reason).in_language(language),
        conflicts="、".join(conflicts),
        cells=tuple(cells),
    )


def reason_text(code: str) -> Text:
    """The reason in words; a detail after `:` in the code is shown as it stands."""
    head, _, detail = code.partition(":")
    text = REASONS.get(head, Text(head, head))
    return Text(f"{text.en} ({detail})", f"{text.zh}({detail})") if detail else text


def _risks(
    header: PlanHeader, operations: Mapping[str, pl.DataFrame], language: Language
) -> Iterator[Risk]:
    for gate in header.gates:
        if not gate.passed:
            yield Risk(gate_text(gate, language), 1, gate.on_failure == "block")
    waiting = {
        "review": Text("doubtful pairs wait for a person", "疑似重复待人工裁决"),
        "owner_conflict": Text("customers with two owners (撞单)", "撞单:客户有两位负责人"),
    }
    for name, count in header.waiting.items():
        if count:
            yield Risk(waiting.get(name, Text(name, name)).in_language(language), count, False)
    totals = [t for t in header.control_totals if t.source_amount != t.plan_amount]
    if totals:
        text = Text("control totals that differ from the sources", "控制总数与来源不一致")
        yield Risk(text.in_language(language), len(totals), False)
    reasons: dict[str, int] = {}
    for frame in operations.values():
        held = frame.filter(pl.col("action").is_in([Action.SKIP, Action.CONFLICT]))
        for code, count in held["reason"].value_counts().iter_rows():
            head = str(code).partition(":")[0]
            reasons[head] = reasons.get(head, 0) + int(count)
    for code, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        yield Risk(reason_text(code).in_language(language), count, False)


def gate_text(gate: Gate, language: Language) -> str:
    """`label: value (limit limit)`."""
    label = gate.label.in_language(language)
    limit = Text("limit", "限值").in_language(language)
    return f"{label}: {gate.value:g} ({limit} {gate.limit:g})"
