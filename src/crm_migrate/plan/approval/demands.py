"""Who must approve a plan: the approval policy laid over its size, departments and gates."""

from collections.abc import Iterator, Mapping, Sequence

from crm_migrate.plan.header import Demand, EntityCounts, Gate
from crm_migrate.project.gates_file import GateRule
from crm_migrate.project.settings import STANDARD_LEVELS, Approval, ApprovalLevel, More


def demands(
    policy: Approval,
    counts: Mapping[str, EntityCounts],
    *,
    merges: int = 0,
    share: float = 0.0,
    departments: Sequence[str] = (),
    gates: Sequence[Gate] = (),
    rules: Mapping[str, GateRule] | None = None,
    sandbox: bool = False,
) -> tuple[Demand, ...]:
    """Everything that the policy demands of a plan, the number by size first.

    `share`: of the CRM's rows that change; `departments`: those whose customers change; `gates`:
    judged, and `rules`: what each asks for when it fails. `sandbox`: a rehearsal, to which the
    standard levels don't apply.
    """
    level = _level(policy, counts, merges, share, sandbox)
    more = list(_more(policy, counts, merges)) + list(_of_gates(gates, rules or {}))
    extra = [(code, asked) for code, asked in more if _any_approver(asked)]
    count = max(policy.approvers, level.approvers) + sum(asked.approvers for _, asked in extra)
    found = [Demand(count, level.roles, None, ";".join(["size", *(code for code, _ in extra)]))]
    each = departments if level.departments == "each_affected" else level.departments
    found += [Demand(1, level.roles, name, "department") for name in each]
    for code, asked in more:
        found += [Demand(1, asked.roles, name, code) for name in asked.departments]
        if not asked.departments and not _any_approver(asked):
            found.append(Demand(asked.approvers, asked.roles, None, code))
    return tuple(dict.fromkeys(found))


def _level(
    policy: Approval,
    counts: Mapping[str, EntityCounts],
    merges: int,
    share: float,
    sandbox: bool,
) -> ApprovalLevel:
    """The first level whose bounds all hold."""
    removals = merges + sum(c.delete for c in counts.values())
    size = removals + sum(c.insert + c.update for c in counts.values())
    standard = () if sandbox else STANDARD_LEVELS
    for level in standard if policy.levels is None else policy.levels:
        bounds = (
            (size, level.up_to),
            (share, level.up_to_share),
            (removals, level.up_to_removals),
        )
        if all(bound is None or figure <= bound for figure, bound in bounds):
            return level
    return ApprovalLevel(approvers=policy.approvers)


def _more(
    policy: Approval, counts: Mapping[str, EntityCounts], merges: int
) -> Iterator[tuple[str, More]]:
    for name, asked in policy.entities.items():
        changed = counts.get(name, EntityCounts())
        if changed.insert or changed.update or changed.delete:
            yield f"entity:{name}", asked
    if policy.merges is not None and merges:
        yield "merges", policy.merges
    if policy.deletes is not None and any(c.delete for c in counts.values()):
        yield "deletes", policy.deletes


def _of_gates(gates: Sequence[Gate], rules: Mapping[str, GateRule]) -> Iterator[tuple[str, More]]:
    for gate in gates:
        rule = rules.get(gate.name)
        if gate.passed or gate.on_failure != "extra_approval" or rule is None:
            continue
        roles = (rule.role,) if rule.role is not None else ("approver",)
        departments = (rule.department,) if rule.department is not None else ()
        asked = {"approvers": rule.approvers or 1, "roles": roles, "departments": departments}
        yield f"gate:{gate.name}", More.model_validate(asked)


def _any_approver(asked: More) -> bool:
    """Whether it is only a number, to be added to that of the plan's size."""
    return asked.roles == ("approver",) and not asked.departments
