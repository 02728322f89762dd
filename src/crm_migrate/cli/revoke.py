"""`revoke`: a decision taken back before it is used."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text

HELP = Text(
    """Take back a decision on a plan before it is used.

Whoever approved or rejected takes back their own; an administrator takes back the approvals of
anybody (--of), or all of them.

\b
Examples:
  crm-migrate revoke latest --as wang --reason "the price list was wrong"
  crm-migrate revoke latest --as chen --of wang --reason "left the company"
""",
    """在使用前撤回对计划的审批。

批准人或驳回人撤回本人的决定；系统管理员可撤回任何人的批准(--of),或全部批准。

\b
示例:
  crm-migrate revoke latest --as wang --reason "价格表有误"
  crm-migrate revoke latest --as chen --of wang --reason "已离职"
""",
)


@click.command(help=str(HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--as", "person", help=str(AS))
@click.option("--of", "of", help=str(Text("whose decision", "撤回谁的决定")))
@click.option("--reason", required=True, help=str(Text("why", "理由")))
@verb_options
@click.pass_context
def revoke(
    ctx: click.Context, plan: str, person: str | None, of: str | None, reason: str, out: Output
) -> None:
    """Revoke decisions."""
    from crm_migrate.pipeline import revoke_decisions

    with opened(ctx, out) as session:
        done = revoke_decisions(session, plan, reason=reason, by=person, of=of)
    for one in done.revocations:
        out.say(
            Text(
                f"the decision of {one.of} on {done.plan_id} no longer counts",
                f"{one.of} 对 {done.plan_id} 的决定已撤回",
            ),
            "yellow",
        )
    out.next_step("crm-migrate show latest")
    out.result(done.to_json())
