"""`show`: a plan on the terminal, as JSON, or opened as a page."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import opened
from crm_migrate.language import Text, current_language

HELP = Text(
    """Show a plan: what to look at first, then the changes. Personal data is masked.

\b
Examples:
  crm-migrate show latest
  crm-migrate show latest --entity customer --action update --limit 50
  crm-migrate show latest --open
""",
    """查看计划:先看需关注的事项,再看逐条变更。个人信息已脱敏。

\b
示例:
  crm-migrate show latest
  crm-migrate show latest --entity customer --action update --limit 50
  crm-migrate show latest --open
""",
)


@click.command(help=str(HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--open", "browse", is_flag=True, help=str(Text("open the page", "打开网页")))
@click.option("--entity", help=str(Text("only this entity", "仅此对象")))
@click.option(
    "--action",
    type=click.Choice(["insert", "update", "conflict", "skip"]),
    help=str(Text("only this action", "仅此动作")),
)
@click.option("--limit", default=10, show_default=True, help=str(Text("operations", "条数")))
@verb_options
@click.pass_context
def show(
    ctx: click.Context,
    plan: str,
    browse: bool,
    entity: str | None,
    action: str | None,
    limit: int,
    out: Output,
) -> None:
    """Show one plan."""
    from crm_migrate.pipeline import view_plan

    with opened(ctx, out) as session:
        found = view_plan(session, plan, current_language())
    view = found.view
    out.say(Text(f"plan {view.header.plan_id}", f"计划 {view.header.plan_id}"), "bold")
    risks = [(r.count, r.text) for r in view.risks]
    if risks:
        head = (Text("count", "数量"), Text("look at this first", "请先关注"))
        out.table("", head, risks, numbers_from=9)
    for part in view.entities:
        if entity is not None and part.name != entity:
            continue
        chosen = [o for o in part.operations if action is None or o.action == action]
        if chosen:
            _operations(part.label, chosen[:limit], len(chosen), out)
    out.say(Text(f"page: {found.page}", f"网页:{found.page}"))
    out.say(Text(f"workbook: {found.workbook}", f"工作簿:{found.workbook}"))
    if browse:
        click.launch(str(found.page))
    out.next_step(found.next_step)
    out.result(found.to_json())


def _operations(label: str, chosen: list, total: int, out: Output) -> None:  # type: ignore[type-arg]
    rows = []
    for o in chosen:
        cells = "  ".join(
            f"{c.label}: {c.before + ' → ' if c.before else ''}{c.after or '∅'}"
            for c in o.cells[:6]
        )
        rows.append((o.action_label, o.title, o.reason, cells))
    head = (
        Text("action", "动作"),
        Text("record", "记录"),
        Text("reason", "原因"),
        Text("cells", "字段"),
    )
    out.table(f"{label} ({len(chosen):,}/{total:,})", head, rows, numbers_from=9)
