"""What differs between the evidence of two plans with the same effect, and whether it is worse.

An approval of the earlier plan serves the later one, unless its evidence is worse: a gate's figure
fell, more waits for a decision, rules or demands changed, less was checked. Then the difference is
shown and the approval given again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from crm_migrate.language import Language, Text
from crm_migrate.plan.approval.authorship import DEMANDS, FIGURES
from crm_migrate.plan.header import Gate, PlanHeader

PART_TEXTS = {
    "inputs": Text("sources", "来源数据"),
    "rules": Text("settings, mappings or rules", "设置、映射或规则"),
    "mappings": Text("mappings", "映射"),
    "linkage_model": Text("deduplication model", "去重模型"),
    "counts": Text("counts", "数量"),
    "scope": Text("the part of the data that it is confined to", "限定的数据范围"),
    DEMANDS: Text("who must approve", "审批要求"),
}
_WORSE = ("rules", "mappings", "scope", DEMANDS)
"""Parts of the evidence that may not differ at all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was; `before` and `after` as people read them."""

    name: str
    label: Text
    before: str
    after: str
    worse: bool

    def text(self, language: Language) -> str:
        """`label: before → after`, and whether that is worse."""
        mark = Text(" (worse)", "（变差）").in_language(language) if self.worse else ""
        return f"{self.label.in_language(language)}: {self.before} → {self.after}{mark}"


def differences(header: PlanHeader, earlier: PlanHeader) -> tuple[Difference, ...]:
    """What the plan rests on otherwise than the earlier one; worse things first."""
    found = (*_parts(header, earlier), *_gates(header, earlier), *_open(header, earlier))
    return tuple(sorted(found, key=lambda d: not d.worse))


def inherits(header: PlanHeader, earlier: PlanHeader) -> bool:
    """Whether an approval of the earlier plan serves this one."""
    same = (header.effect, header.target) == (earlier.effect, earlier.target)
    return same and not any(d.worse for d in differences(header, earlier))


def _parts(header: PlanHeader, earlier: PlanHeader) -> Iterator[Difference]:
    now, then = header.evidence_parts, earlier.evidence_parts
    for name in dict.fromkeys((*now, *then)):
        if name != FIGURES and now.get(name) != then.get(name):
            label = PART_TEXTS.get(name, Text(name, name))
            before, after = then.get(name, "-")[:12], now.get(name, "-")[:12]
            yield Difference(name, label, before, after, name in _WORSE or name not in PART_TEXTS)


def _gates(header: PlanHeader, earlier: PlanHeader) -> Iterator[Difference]:
    then = {g.name: g for g in earlier.gates}
    for gate in header.gates:
        before = then.pop(gate.name, None)
        if before is None:
            yield Difference(gate.name, gate.label, "-", gate_figure(gate), True)
        elif before.value != gate.value:
            fell = gate.value < before.value
            worse = fell if gate.bound == "at_least" else not fell
            yield Difference(gate.name, gate.label, gate_figure(before), gate_figure(gate), worse)
    for gone in then.values():
        yield Difference(gone.name, gone.label, gate_figure(gone), "-", True)


def _open(header: PlanHeader, earlier: PlanHeader) -> Iterator[Difference]:
    label = Text("waits for a decision", "待决定事项")
    for name in dict.fromkeys((*header.waiting, *earlier.waiting)):
        now, then = header.waiting.get(name, 0), earlier.waiting.get(name, 0)
        if now != then:
            yield Difference(f"waiting.{name}", label, f"{then:,}", f"{now:,}", now > then)
    new = set(header.unchecked) - set(earlier.unchecked)
    for text in new:
        yield Difference("unchecked", Text("not checked", "未检查"), "-", text.zh, True)


def gate_figure(gate: Gate) -> str:
    """The gate's figure as people read it."""
    return f"{gate.value:.1%}" if gate.share else f"{gate.value:,g}"


def gate_bound(gate: Gate) -> str:
    """`≤` or `≥` and the limit as people read it."""
    limit = f"{gate.limit:.1%}" if gate.share else f"{gate.limit:,g}"
    return f"{'≥' if gate.bound == 'at_least' else '≤'} {limit}"
