"""Gates: what must hold of a plan's figures before it may be approved (`rules/gates.yaml`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from crm_migrate.language import Text
from crm_migrate.plan.change import Gate

LABELS = {
    "control_totals_differ": Text("control totals that differ", "不一致的控制总数"),
    "quarantined_share": Text("share of rows in quarantine", "隔离行占比"),
    "changed_share": Text("share of CRM rows that change", "CRM 记录变更占比"),
    "unmapped_values": Text("values without a mapping", "未映射的取值"),
    "open_reviews": Text("doubtful pairs not decided", "未裁决的疑似重复"),
    "owner_conflicts": Text("customers with two owners", "撞单客户"),
    "conflicts": Text("conflicts with edits in the CRM", "与 CRM 修改的冲突"),
    "does_not_fit": Text("records that do not fit the CRM", "不符合 CRM 限制的记录"),
}
"""Every gate there is; the figures handed to `evaluate` go by these names."""

FaultAt = tuple[str, Text]
"""Key path (parts joined by `/`) and what is wrong there."""


@dataclass(frozen=True, slots=True)
class GateRule:
    """The largest figure that passes, and what happens above it."""

    limit: float
    on_failure: Literal["block", "warn"] = "block"


def parse_gates(data: Any) -> tuple[dict[str, GateRule], list[FaultAt]]:
    """The gates from the plain data of the file, and every fault found in it."""
    faults: list[FaultAt] = []
    gates = data.get("gates") if isinstance(data, Mapping) else None
    if not isinstance(gates, Mapping):
        return {}, [("gates", Text("expected a table of gates", "应为门禁列表"))]
    rules = {}
    for name, rule in gates.items():
        at = f"gates/{name}"
        known = ", ".join(LABELS)
        if name not in LABELS:
            text = Text(f"there is no gate '{name}'; known: {known}", f"没有门禁“{name}”")
            faults.append((at, text))
            continue
        found = _rule(rule)
        if found is None:
            text = Text(
                "expected {limit: NUMBER, on_failure: block|warn}",
                "格式应为 {limit: 数值, on_failure: block|warn}",
            )
            faults.append((at, text))
        else:
            rules[name] = found
    return rules, faults


def evaluate(rules: Mapping[str, GateRule], figures: Mapping[str, float]) -> tuple[Gate, ...]:
    """Every gate with its figure, in the order of the rules; a figure not handed in is 0."""
    return tuple(
        Gate(
            name=name,
            label=LABELS[name],
            value=float(figures.get(name, 0)),
            limit=rule.limit,
            passed=figures.get(name, 0) <= rule.limit,
            on_failure=rule.on_failure,
        )
        for name, rule in rules.items()
    )


def blocking(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """The gates that keep a plan from being approved."""
    return tuple(g for g in gates if not g.passed and g.on_failure == "block")


def _rule(rule: Any) -> GateRule | None:
    if not isinstance(rule, Mapping) or rule.keys() - {"limit", "on_failure"}:
        return None
    limit, on_failure = rule.get("limit"), rule.get("on_failure", "block")
    if isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 0:
        return None
    if on_failure not in ("block", "warn"):
        return None
    return GateRule(float(limit), on_failure)
