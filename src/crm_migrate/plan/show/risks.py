"""What to look at before a plan is approved: failed gates, open decisions, what is left out."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from crm_migrate.language import Language, Text, counted
from crm_migrate.plan.change import Action
from crm_migrate.plan.header import Gate, PlanHeader
from crm_migrate.plan.reasons import REASONS
from crm_migrate.plan.scope import OUTSIDE

ACTION_LABELS: dict[str, Text] = {
    Action.INSERT: Text("new", "新增"),
    Action.UPDATE: Text("change", "修改"),
    Action.DELETE: Text("delete", "删除"),
    Action.UNCHANGED: Text("unchanged", "不变"),
    Action.CONFLICT: Text("conflict", "冲突"),
    Action.SKIP: Text("left out", "暂不处理"),
}


@dataclass(frozen=True, slots=True)
class Risk:
    """Something to look at before approving; `grave` ones hold the plan up."""

    text: str
    count: int
    grave: bool
    share: float | None = None
    """Where a share is measured instead of a number: between 0 and 1."""

    @property
    def figure(self) -> str:
        """The number or share as people read it."""
        return f"{self.count:,}" if self.share is None else f"{self.share:.1%}"


def reason_text(code: str) -> Text:
    """The reason in words; a detail after `:` in the code is shown as it stands."""
    head, _, detail = code.partition(":")
    text = REASONS.get(head, Text(head, head))
    return Text(f"{text.en} ({detail})", f"{text.zh}({detail})") if detail else text


_WAITING = {
    "review": Text(
        "pairs of customers may be the same; a person decides, until then both are loaded apart",
        "对客户疑似重复，待人工裁决；裁决前分别导入",
    ),
    "owner_conflict": Text(
        "customers are claimed by two owners (撞单); left out until both departments decide",
        "户客户有两位负责人(撞单);双方部门决定前暂不导入",
    ),
}
DOUBLES_TEXT = Text(
    "rows of the CRM belong to the same record as another row or a new one (deleted rows among"
    " them) and are not merged; findings.xlsx lists them",
    "条 CRM 记录（含已删除的）与另一条或新增的记录属于同一对象且未合并，明细见 findings.xlsx",
)
_TAGGED = Text(" and tagged 疑似重复", "并加“疑似重复”标签")
"""Said where the CRM has a place for tags."""
_GATE_OF = {"review": "open_reviews", "owner_conflict": "owner_conflicts"}
"""Open decision → the gate that counts the same."""


def risks_of(
    header: PlanHeader, language: Language, overridden: Collection[str] = ()
) -> Iterator[Risk]:
    """The figures to look at before approving; each thing is told once.

    Gates that were `overridden` hold nothing up any more.
    """
    failed = {g.name: g for g in header.gates if not g.passed}
    of_gate = {gate: name for name, gate in _GATE_OF.items()}
    for gate in failed.values():
        if not header.waiting.get(of_gate.get(gate.name, "")):
            share = gate.value if gate.share else None
            label = _limited(gate, language)
            yield Risk(label, int(gate.value), _holds(gate, overridden), share)
    for name, count in header.waiting.items():
        if count:
            held = failed.get(_GATE_OF.get(name, ""))
            text = _WAITING.get(name, Text(name, name)).in_language(language)
            if name == "review" and "tag" in header.counts:
                text += _TAGGED.in_language(language)
            yield Risk(text, count, held is not None and _holds(held, overridden))
    totals = [t for t in header.control_totals if t.source_amount != t.plan_amount]
    if totals and "control_totals_differ" not in failed:
        differing = Text("control totals that differ from the sources", "控制总数与来源不一致")
        yield Risk(differing.in_language(language), len(totals), False)
    if header.merges:
        moved = Text(
            "rows of the CRM are merged into others;"
            f" {counted(header.reparented, 'row')} of what refers to them to be moved over",
            f"条 CRM 记录并入其他记录，关联的 {header.reparented:,} 条记录随之迁移",
        )
        if header.kind == "rollback":
            moved = Text(
                "merges of CRM rows are taken apart;"
                f" {counted(header.reparented, 'row')} of what refers to them to be moved back",
                f"条 CRM 记录的合并将被撤销，关联的 {header.reparented:,} 条记录随之移回",
            )
        yield Risk(moved.in_language(language), header.merges, False)
    deleted = sum(c.delete for c in header.counts.values())
    if deleted:
        gone = Text("rows are deleted from the CRM", "条记录将从 CRM 删除")
        yield Risk(gone.in_language(language), deleted, False)
    told = {OUTSIDE}
    if header.waiting.get("owner_conflict"):
        told.add("owner_conflict")
    for (action, code), count in held_by_reason(header):
        if code not in told:
            label = ACTION_LABELS[action].in_language(language)
            reason = reason_text(code).in_language(language)
            yield Risk(f"{label}: {reason}", count, False)


def _holds(gate: Gate, overridden: Collection[str]) -> bool:
    return gate.on_failure == "block" and gate.name not in overridden


def held_by_reason(header: PlanHeader) -> list[tuple[tuple[str, str], int]]:
    """(action, reason) → how many operations are conflicts or left out; the most frequent first."""
    reasons: dict[tuple[str, str], int] = {}
    for held in header.held:
        key = (held.action, held.reason.partition(":")[0])
        reasons[key] = reasons.get(key, 0) + held.count
    return sorted(reasons.items(), key=lambda item: (-item[1], item[0]))


def _limited(gate: Gate, language: Language) -> str:
    """The gate's label, with its limit where that says something, and who else must approve."""
    label, least = gate.label.in_language(language), gate.bound == "at_least"
    parts = []
    if gate.limit:
        limit = figure_text(gate.limit, share=gate.share)
        name = Text("at least", "不低于") if least else Text("limit", "限值")
        parts.append(f"{name.in_language(language)} {limit}")
    if gate.on_failure == "extra_approval":
        parts.append(Text("one more approval", "需加签").in_language(language))
    if not parts:
        return label
    told = ", ".join(parts)
    return Text(f"{label} ({told})", f"{label}({told})").in_language(language)


def gate_text(gate: Gate, language: Language) -> str:
    """`label: value (limit limit)`, or `at least`."""
    label = gate.label.in_language(language)
    least = gate.bound == "at_least"
    name = Text("at least", "不低于") if least else Text("limit", "限值")
    value, limit = (figure_text(x, share=gate.share) for x in (gate.value, gate.limit))
    return f"{label}: {value} ({name.in_language(language)} {limit})"


def figure_text(figure: float, *, share: bool) -> str:
    """A gate's figure or limit as people read it: a share in per cent, else a number."""
    if not share:
        return f"{figure:,g}"
    # A limit of 0.01 % is not told as 0 %, nor 99.99 % as 100 %.
    near = round(figure, 3) in (0, 1) and figure not in (0, 1)
    return f"{round(figure * 100, 4 if near else 1):g}%"
