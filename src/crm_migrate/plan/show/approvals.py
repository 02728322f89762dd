"""Who must approve a plan, who has, and which gates were overridden: in words, in one language."""

from collections.abc import Callable
from dataclasses import dataclass

from crm_migrate.language import Language, Text
from crm_migrate.plan.approval.standing import Standing, demand_text
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.show.risks import gate_text


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """Each line is one demand, approval, person still missing, rejection or overridden gate."""

    demanded: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    """Names of the gates that no longer hold the plan up."""


NOTHING_KNOWN = ApprovalView()


def approval_view(
    header: PlanHeader,
    standing: Standing,
    name_of: Callable[[str], str],
    language: Language,
    *,
    spent: bool = False,
) -> ApprovalView:
    """`spent`: the plan was carried out, so nobody is missing any more."""
    gates = {g.name: g for g in header.gates}
    inherits = Text("{name} {at} (inherits from {plan})", "{name} {at}(沿用 {plan})")
    return ApprovalView(
        demanded=tuple(demand_text(d).in_language(language) for d in header.demands),
        given=tuple(
            inherits.in_language(
                language, name=name_of(d.by), at=d.at, plan=standing.inherited[d.id]
            )
            if d.id in standing.inherited
            else _line(name_of(d.by), d.at, d.reason)
            for d in standing.approvals.values()
        ),
        missing=() if spent else tuple(m.text().in_language(language) for m in standing.missing),
        rejected=tuple(_line(name_of(d.by), d.at, d.reason) for d in standing.rejections.values()),
        overrides=tuple(
            f"{gate_text(gates[gate], language)}: "
            + _line(name_of(o.by), o.at, o.reason)
            + (f" [{o.rehearsal}]" if o.rehearsal else "")
            for gate, o in standing.overridden.items()
        ),
        overridden=tuple(standing.overridden),
    )


def _line(name: str, at: str, reason: str) -> str:
    return f"{name} {at}" + (f" · {reason}" if reason else "")
