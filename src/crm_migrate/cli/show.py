"""`show`: a plan on the terminal, as JSON, or opened as a page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import opened
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.plan.show.view import OperationView

CELLS = 3
"""Changed cells of an operation that a line on the terminal shows."""

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
@click.option("--limit", default=5, show_default=True, help=str(Text("operations", "条数")))
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
    from crm_migrate.plan.show.html import STATE_TEXTS

    with opened(ctx, out) as session:
        found = view_plan(session, plan, current_language())
    view = found.view
    state = STATE_TEXTS[view.state]
    plan_id = view.header.plan_id
    out.say(Text(f"plan {plan_id}: {state.en}", f"计划 {plan_id}:{state.zh}"), "bold")
    for risk in view.risks:
        mark = "✗" if risk.grave else "!"
        out.say(f"{mark} {risk.figure:>7}  {risk.text}", "red" if risk.grave else "yellow")
    for part in view.entities:
        if entity is not None and part.name != entity:
            continue
        chosen = [o for o in part.operations if action is None or o.action == action]
        if chosen:
            total = part.total if action is None else len(chosen)
            _operations(part.label, chosen[:limit], total, out)
    out.say(Text(f"page: {found.page}", f"网页:{found.page}"))
    out.say(Text(f"workbook: {found.workbook}", f"工作簿:{found.workbook}"))
    if browse:
        click.launch(str(found.page))
    out.next_step(found.next_step)
    out.result(found.to_json())


def _operations(label: str, chosen: "Sequence[OperationView]", total: int, out: Output) -> None:
    rows = []
    for o in chosen:
        what = f"{o.reason}: {o.conflicts}" if o.conflicts else o.reason
        if o.action in ("update", "conflict"):  # what is new is on the page
            cells = (f"{c.label}: {c.before + ' → ' if c.before else ''}{c.after or '∅'}"
                     for c in o.cells[:CELLS])  # fmt: skip
            what = "  ".join(cells) + (" …" if len(o.cells) > CELLS else "") or what
        rows.append((o.action_label, o.title, what))
    head = (Text("action", "动作"), Text("record", "记录"), Text("reason or change", "原因或变更"))
    out.table(f"{label} ({len(chosen):,}/{total:,})", head, rows, numbers_from=9)
