"""`runs`: the plans of the project."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import opened
from crm_migrate.language import Text

HELP = Text(
    "List plans, the newest last.\n\n\b\nExample:\n  crm-migrate runs --json",
    "列出计划，最新的在最后。\n\n\b\n示例:\n  crm-migrate runs --json",
)


@click.command(help=str(HELP))
@verb_options
@click.pass_context
def runs(ctx: click.Context, out: Output) -> None:
    """List the plans."""
    from crm_migrate.pipeline import list_plans
    from crm_migrate.plan.show.html import STATE_TEXTS

    with opened(ctx, out) as session:
        plans = list_plans(session)
    head = (
        Text("plan", "计划"),
        Text("made", "编制时间"),
        Text("by", "编制人"),
        Text("state", "状态"),
        Text("effect", "效果摘要"),
        Text("about", "范围"),
    )
    rows = [
        (
            p.plan_id,
            p.created_at[:16].replace("T", " "),
            p.created_by,
            STATE_TEXTS[p.state],
            p.effect[:8],
            "; ".join(
                str(part)
                for part in (
                    Text(f"takes back {p.reverses}", f"撤回 {p.reverses}") if p.reverses else None,
                    p.scope,
                )
                if part is not None
            ),
        )
        for p in plans
    ]
    out.table(Text("plans", "计划"), head, rows, numbers_from=9)
    out.next_step("crm-migrate show latest" if plans else "crm-migrate plan")
    out.result({"plans": [p.to_json() for p in plans]})
