"""`override`: a gate that blocks a plan shall not hold it up; a named person says why."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text

HELP = Text(
    """Let a gate that blocks a plan no longer hold it up.

Signed with a reason by an approver or administrator, never by the plan's author (a sandbox allows
it, marked as a rehearsal). It holds for this very figure of this plan and ends with it; the plan
must still be approved. Pages and audit report name who overrode what, and why.

\b
Example:
  crm-migrate override latest quarantined_share --as wang --reason "the old branch is closed"
""",
    """放行阻止计划的门禁。

由审批人或系统管理员签名并说明理由，编制人不得自行放行（沙箱允许，并标注演练）。
仅对该计划的该项数值有效，随计划到期；计划仍须审批。计划页与审计报告会列明放行人与理由。

\b
示例:
  crm-migrate override latest quarantined_share --as wang --reason "旧分公司已关闭"
""",
)


@click.command(help=str(HELP))
@click.argument("plan")
@click.argument("gate")
@click.option("--as", "person", help=str(AS))
@click.option("--reason", required=True, help=str(Text("why", "理由")))
@verb_options
@click.pass_context
def override(
    ctx: click.Context, plan: str, gate: str, person: str | None, reason: str, out: Output
) -> None:
    """Override a gate."""
    from crm_migrate.pipeline import override_gate

    with opened(ctx, out) as session:
        done = override_gate(session, plan, gate, reason=reason, by=person)
    said = done.override
    figure, limit = f"{float(said.figure):.4g}", f"{float(said.limit):.4g}"
    out.say(
        Text(
            f"gate {gate} ({figure}, limit {limit}) overridden by {said.by}",
            f"门禁 {gate}({figure}，限值 {limit})已由 {said.by} 放行",
        ),
        "yellow",
    )
    if said.rehearsal:
        out.say("演练 / REHEARSAL", "bold red")
    verb = "approve" if done.state == "approvable" else "show"
    out.next_step(f"crm-migrate {verb} {said.plan}")
    out.result(done.to_json())
