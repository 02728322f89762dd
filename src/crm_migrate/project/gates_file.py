"""`rules/gates.yaml`: which figures of a plan are judged, and what follows when one misses.

A gate is named after its measure, narrowed to an entity or a field by dots: `changed_share`,
`changed_share.contact`, `completeness.customer.uscc`. Every measure of `crm-migrate quality` is
one, too: `quality.customer.mobile.completeness`, `quality.before.customer.repetition`.
"""

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from crm_migrate.language import Text
from crm_migrate.project.quality_measures import (
    BEFORE,
    QUALITY,
    QUALITY_MEASURES,
    SCORE,
    Dimension,
    asked,
    figure_label,
)
from crm_migrate.project.settings import ApprovingRole, Frozen

Selector = Literal["plan", "entity", "field"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a plan: its name for people, what it can be narrowed to, how it is read."""

    label: Text
    selectors: tuple[Selector, ...] = ("plan",)
    share: bool = False
    """Between 0 and 1."""
    better: Literal["low", "high"] = "low"
    sampled: bool = False
    """Estimated from verdicts: the figure is the lower bound at the rule's `confidence`."""


_PER_ENTITY: tuple[Selector, ...] = ("plan", "entity")
_QUALITY: tuple[Selector, ...] = ("entity", "field")

MEASURES = {
    "control_totals_differ": Measure(Text("control totals that differ", "不一致的控制总数")),
    "quarantined_share": Measure(Text("share of rows in quarantine", "隔离行占比"), share=True),
    "changed_share": Measure(
        Text("share of CRM rows that change", "CRM 记录变更占比"), _PER_ENTITY, share=True
    ),
    "plan_size": Measure(Text("operations of the plan", "计划的操作数"), _PER_ENTITY),
    "deletions": Measure(Text("rows deleted in the CRM", "CRM 中删除的记录"), _PER_ENTITY),
    "merges": Measure(Text("rows merged in the CRM", "CRM 中合并的记录"), _PER_ENTITY),
    "unmapped_values": Measure(
        Text("values without a mapping", "未映射的取值"), ("plan", "entity", "field")
    ),
    "open_reviews": Measure(Text("doubtful pairs not decided", "未裁决的疑似重复")),
    "owner_conflicts": Measure(Text("customers with two owners", "撞单客户")),
    "conflicts": Measure(Text("conflicts with edits in the CRM", "与 CRM 修改的冲突"), _PER_ENTITY),
    "does_not_fit": Measure(
        Text("records that do not fit the CRM", "不符合 CRM 限制的记录"), _PER_ENTITY
    ),
    "completeness": Measure(
        Text("completeness", "完整性"), _QUALITY, share=True, better="high"
    ),
    "uniqueness": Measure(Text("uniqueness", "唯一性"), _QUALITY, share=True, better="high"),
    "conformity": Measure(Text("conformity", "规范性"), _QUALITY, share=True, better="high"),
    "linkage_precision": Measure(
        Text("precision of joined pairs (lower bound)", "合并记录对的查准率（置信下限）"),
        share=True, better="high", sampled=True,
    ),
    "schema_drift": Measure(
        Text("CRM structure changed since the last applied plan", "CRM 结构较上次执行有变化")
    ),
    "mapping_drift": Measure(
        Text("mappings changed since the last applied plan", "映射较上次执行有变化")
    ),
    "crm_edits": Measure(
        Text("loaded rows edited in the CRM since", "导入后在 CRM 中被修改的记录"), _PER_ENTITY
    ),
    "stale_share": Measure(
        Text("share of the last plan left alone as stale", "上次计划因过时未执行的占比"), share=True
    ),
}  # fmt: skip
"""Every measure there is, by name."""

_WORD = r"[a-z][a-z0-9_]*"
_FIGURES = "|".join((SCORE, *Dimension, *QUALITY_MEASURES))
NAMES = (
    rf"^(({'|'.join(MEASURES)})(\.{_WORD}(\.{_WORD})?)?"
    rf"|{QUALITY}(\.{BEFORE})?(\.{_WORD}){{0,2}}\.({_FIGURES}))$"
)
"""What gates may be called, as a regular expression for editors."""


class GateRule(Frozen):
    """The figure that passes, and what happens when it is missed."""

    limit: float | None = Field(default=None, ge=0)
    """The largest figure that passes."""
    at_least: float | None = Field(default=None, ge=0)
    """The smallest figure that passes."""
    confidence: float | None = Field(default=None, ge=0.5, lt=1)
    """With `linkage_precision`: how sure the bound is; 0.95 unless said."""
    on_failure: Literal["block", "extra_approval", "warn"] = "block"
    approvers: int | None = Field(default=None, ge=1, le=9)
    """With `extra_approval`: so many more people; 1 unless said."""
    role: ApprovingRole | None = None
    """With `extra_approval`: someone of this role."""
    department: str | None = None
    """With `extra_approval`: someone of this department."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.limit is None) == (self.at_least is None):
            raise ValueError(
                "give either `limit` (the largest) or `at_least` (the smallest)"
                " | limit（上限）与 at_least（下限）须且只能填写一项"
            )
        extra = (self.approvers, self.role, self.department)
        if self.on_failure != "extra_approval" and any(e is not None for e in extra):
            raise ValueError(
                "`approvers`, `role`, `department` go with on_failure: extra_approval"
                " | approvers、role、department 仅用于 on_failure: extra_approval"
            )
        return self


class GatesFile(Frozen):
    """The whole file, after `extends` was resolved."""

    gates: dict[str, GateRule]


def measure_of(name: str) -> Measure | None:
    """What the gate of that name judges; None where nothing is called so."""
    quality = asked(name)
    if quality is None:
        return MEASURES.get(parts(name)[0])
    label = figure_label(quality.measure) or Text(quality.measure, quality.measure)
    if quality.phase == BEFORE:
        label = Text(f"{label.en} of the sources", f"{label.zh}（来源）")
    known = QUALITY_MEASURES.get(quality.measure)
    rate = known is not None and known.rate
    return Measure(label, share=True, better="low" if rate else "high")


def parts(name: str) -> tuple[str, str | None, str | None]:
    """Measure, entity and field of a gate's name."""
    quality = asked(name)
    if quality is not None:
        return quality.measure, quality.entity, quality.field
    measure, _, rest = name.partition(".")
    entity, _, field = rest.partition(".")
    return measure, entity or None, field or None
