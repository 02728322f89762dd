"""`approve` and `reject`: signed decisions on a plan."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text

APPROVE_HELP = Text(
    """Approve a plan: a signature over its effect and its evidence.

On a real target the author of a plan cannot approve it. A sandbox allows that with --sandbox, and
everything is marked as a rehearsal.

\b
Examples:
  crm-migrate approve latest --as wang --reason "checked with sales"
  crm-migrate approve latest --sandbox
""",
    """批准计划:对其效果与依据签名。

真实目标不允许编制人自行批准;沙箱可用 --sandbox 自批,并全程标注演练。

\b
示例:
  crm-migrate approve latest --as wang --reason "已与销售部核对"
  crm-migrate approve latest --sandbox
""",
)
REJECT_HELP = Text(
    "Reject a plan, with a reason.\n\n\b\nExample:\n  crm-migrate reject latest --as wang"
    ' --reason "wrong owners"',
    "驳回计划并说明理由。\n\n\b\n示例:\n"
    '  crm-migrate reject latest --as wang --reason "负责人有误"',
)
REASON = Text("why", "理由")


@click.command(help=str(APPROVE_HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--as", "person", help=str(AS))
@click.option("--reason", default="", help=str(REASON))
@click.option("--sandbox", is_flag=True, help=str(Text("approve a rehearsal", "批准演练")))
@verb_options
@click.pass_context
def approve(
    ctx: click.Context, plan: str, person: str | None, reason: str, sandbox: bool, out: Output
) -> None:
    """Approve a plan."""
    _decide(ctx, plan, "approve", person, reason, sandbox, out)


@click.command(help=str(REJECT_HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--as", "person", help=str(AS))
@click.option("--reason", required=True, help=str(REASON))
@verb_options
@click.pass_context
def reject(ctx: click.Context, plan: str, person: str | None, reason: str, out: Output) -> None:
    """Reject a plan."""
    _decide(ctx, plan, "reject", person, reason, False, out)


def _decide(
    ctx: click.Context,
    plan: str,
    decision: str,
    person: str | None,
    reason: str,
    sandbox: bool,
    out: Output,
) -> None:
    from crm_migrate.pipeline import decide

    with opened(ctx, out) as session:
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
    out.next_step(
        "crm-migrate apply latest" if decided.state == "approved" else "crm-migrate show latest"
    )
    out.result(decided.to_json())
