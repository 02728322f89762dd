"""`approve` and `reject`: signed decisions on a plan."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.pipeline import Considered

APPROVE_HELP = Text(
    """Approve a plan: a signature over its effect and its evidence.

Shows what will be signed and asks, unless --yes is given or nobody is there to answer. On a real
target the author of a plan cannot approve it. A sandbox allows that with --sandbox, and everything
is marked as a rehearsal. How many people of which departments must approve says the project
(approval in crm-migrate.yaml; gates.yaml); who is still missing is printed.

\b
Examples:
  crm-migrate approve latest --as wang --reason "checked with sales"
  crm-migrate approve latest --sandbox --yes
""",
    """批准计划：对其效果与依据签名。

签名前会显示所签内容并询问（--yes 或无人应答的环境除外）。真实目标不允许编制人自行批准;
沙箱可用 --sandbox 自批，并全程标注演练。需要多少人、哪些部门批准由项目规定
（crm-migrate.yaml 的 approval 与 gates.yaml）；尚缺的审批人会列出。

\b
示例:
  crm-migrate approve latest --as wang --reason "已与销售部核对"
  crm-migrate approve latest --sandbox --yes
""",
)
REJECT_HELP = Text(
    "Reject a plan, with a reason. It holds for every plan with the same effect until it is taken"
    " back.\n\n\b\nExample:\n  crm-migrate reject latest --as wang"
    ' --reason "wrong owners"',
    "驳回计划并说明理由；在撤回前，对效果相同的所有计划有效。\n\n\b\n示例:\n"
    '  crm-migrate reject latest --as wang --reason "负责人有误"',
)
REASON = Text("why", "理由")
YES = Text("sign without being asked", "不询问，直接签名")


@click.command(help=str(APPROVE_HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--as", "person", help=str(AS))
@click.option("--reason", default="", help=str(REASON))
@click.option("--sandbox", is_flag=True, help=str(Text("approve a rehearsal", "批准演练")))
@click.option("--yes", is_flag=True, help=str(YES))
@verb_options
@click.pass_context
def approve(
    ctx: click.Context,
    plan: str,
    person: str | None,
    reason: str,
    sandbox: bool,
    yes: bool,
    out: Output,
) -> None:
    """Approve a plan."""
    ask = not yes and not out.as_json and sys.stdin.isatty()
    _decide(ctx, plan, "approve", person, reason, sandbox, ask, out)


@click.command(help=str(REJECT_HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--as", "person", help=str(AS))
@click.option("--reason", required=True, help=str(REASON))
@verb_options
@click.pass_context
def reject(ctx: click.Context, plan: str, person: str | None, reason: str, out: Output) -> None:
    """Reject a plan."""
    _decide(ctx, plan, "reject", person, reason, False, False, out)


def _decide(
    ctx: click.Context,
    plan: str,
    decision: str,
    person: str | None,
    reason: str,
    sandbox: bool,
    ask: bool,
    out: Output,
) -> None:
    from crm_migrate.pipeline import consider, decide
    from crm_migrate.stages.planning.plans import entity_labels

    with opened(ctx, out) as session:
        considered = consider(session, plan)
        if decision == "approve":
            show_considered(considered, entity_labels(session, current_language()), out)
        if ask and not click.confirm(str(Text("Sign this?", "确认签名？")), err=True):
            raise click.Abort
        decided = decide(session, plan, decision, by=person, reason=reason, sandbox=sandbox)
    words = (
        Text(
            f"{decided.plan_id} approved by {decided.by}", f"{decided.by} 已批准 {decided.plan_id}"
        )
        if decision == "approve"
        else Text(
            f"{decided.plan_id} rejected by {decided.by}", f"{decided.by} 已驳回 {decided.plan_id}"
        )
    )
    out.say(words, "green" if decision == "approve" else "yellow")
    if decided.rehearsal:
        out.say("演练 / REHEARSAL", "bold red")
    if decision == "approve":
        for text in decided.missing:
            out.say(Text(f"still missing: {text.en}", f"尚缺：{text.zh}"), "yellow")
    next_step = {"approved": "apply latest", "approvable": "approve latest --as …"}
    out.next_step(f"crm-migrate {next_step.get(decided.state, 'show latest')}")
    out.result(
        decided.to_json()
        | {
            "inherits": sorted(set(considered.standing.inherited.values())),
            "differs": [
                {"what": d.name, "before": d.before, "after": d.after, "worse": d.worse}
                for d in considered.differs
            ],
            "differs_from": considered.earlier,
        }
    )


def show_considered(considered: "Considered", labels: Mapping[str, str], out: Output) -> None:
    """What a signature would say: effect, counts, what stands out, gates; and what stands."""
    header = considered.header
    out.say(Text(f"plan {header.plan_id}, by {header.created_by}",
                 f"计划 {header.plan_id}，编制人 {header.created_by}"), "bold")  # fmt: skip
    out.say(Text(f"effect:   {header.effect}", f"效果摘要：{header.effect}"))
    out.say(Text(f"evidence: {header.evidence}", f"依据摘要：{header.evidence}"))
    head = (
        Text("entity", "对象"),
        Text("new", "新增"),
        Text("change", "修改"),
        Text("delete", "删除"),
        Text("conflict", "冲突"),
        Text("left out", "暂缓"),
    )
    rows = [
        (labels.get(n, n), c.insert, c.update, c.delete, c.conflict, c.skip)
        for n, c in header.counts.items()
    ]
    out.table(Text("what will be written", "将写入的内容"), head, rows)
    if header.merges:
        out.say(
            Text(
                f"{header.merges:,} rows merged, {header.reparented:,} re-parented",
                f"合并 {header.merges:,} 行，改挂 {header.reparented:,} 行",
            )
        )
    for text in header.irreversible:
        out.say(f"! {text}", "red")
    _show_gates(considered, out)
    _show_approvals(considered, out)
    if considered.differs:
        other = considered.earlier
        out.say(Text(
            f"{other} had the same effect; its approval does not serve, because its evidence"
            " differs:",
            f"{other} 的效果相同，但依据有变，其批准不能沿用：",
        ), "yellow")  # fmt: skip
        for difference in considered.differs:
            out.say(f"  {difference.text(current_language())}")


def _show_gates(considered: "Considered", out: Output) -> None:
    """The gates that did not pass, and who overrode them."""
    from crm_migrate.plan.approval.inheritance import gate_bound, gate_figure

    for gate in considered.header.gates:
        if not gate.passed:
            held = gate.on_failure == "block" and gate.name not in considered.standing.overridden
            mark, style = ("✗", "red") if held else ("!", "yellow")
            label = gate.label.in_language(current_language())
            out.say(f"{mark} {label}: {gate_figure(gate)} ({gate_bound(gate)})", style)
    for name, override in considered.standing.overridden.items():
        out.say(
            Text(
                f"gate {name} overridden by {override.by}: {override.reason}",
                f"门禁 {name} 由 {override.by} 放行：{override.reason}",
            ),
            "yellow",
        )


def _show_approvals(considered: "Considered", out: Output) -> None:
    """Who must approve, and who has."""
    from crm_migrate.plan.approval.standing import demand_text

    asked = [demand_text(d) for d in considered.header.demands]
    out.say(Text(
        "must approve: " + "; ".join(t.en for t in asked), "须批准:" + ";".join(t.zh for t in asked)
    ))  # fmt: skip
    for person, decision in considered.standing.approvals.items():
        origin = considered.standing.inherited.get(decision.id)
        said = Text(f"approved: {person}", f"已批准：{person}")
        if origin is not None:
            said = Text(
                f"approved: {person} (inherits from {origin})", f"已批准：{person}(沿用 {origin})"
            )
        out.say(said, "green")
