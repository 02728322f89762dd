"""`show`: a plan on the terminal, page by page, as JSON, or as a page or workbook."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import opened
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.pipeline import Shown
    from crm_migrate.plan.show.view import EntityView, OperationView

CELLS = 3
"""Changed cells of an operation that a line on the terminal shows."""

HELP = Text(
    """Show a plan: what to look at first, then the changes. Personal data is masked.

\b
Examples:
  crm-migrate show latest
  crm-migrate show latest --entity contact --action update --page 3 --size 50
  crm-migrate show latest --customer C0000123
  crm-migrate show latest --open
  crm-migrate show latest --workbook           # comments and exclusions come back by plan --exclude
  crm-migrate show latest --packs department   # a workbook per department, to check and sign
""",
    """查看计划：先看需关注的事项，再看逐条变更。个人信息已脱敏。

\b
示例:
  crm-migrate show latest
  crm-migrate show latest --entity contact --action update --page 3 --size 50
  crm-migrate show latest --customer C0000123
  crm-migrate show latest --open
  crm-migrate show latest --workbook           # 填写意见与排除后用 plan --exclude 读回
  crm-migrate show latest --packs department   # 每个部门一份核对签字工作簿
""",
)


@click.command(help=str(HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--open", "browse", is_flag=True, help=str(Text("open the page", "打开网页")))
@click.option(
    "--workbook",
    is_flag=True,
    help=str(Text("write the workbook to comment on", "生成可填写意见的工作簿")),
)
@click.option("--entity", help=str(Text("only this entity", "仅此对象")))
@click.option(
    "--action",
    type=click.Choice(["insert", "update", "delete", "conflict", "skip"]),
    help=str(Text("only this action", "仅此动作")),
)
@click.option(
    "--customer",
    help=str(
        Text("only this customer (code, golden id, CRM key)", "仅此客户（编码、唯一标识或主键）")
    ),
)
@click.option("--page", type=click.IntRange(1), default=1, help=str(Text("which page", "第几页")))
@click.option(
    "--size",
    "--limit",
    type=click.IntRange(0, 10_000),
    default=5,
    show_default=True,
    help=str(Text("operations of an entity on a page", "每页每类对象的条数")),
)
@click.option(
    "--packs",
    type=click.Choice(["department", "owner"]),
    help=str(Text("a workbook to check and sign for each", "按部门或负责人生成核对工作簿")),
)
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help=str(Text("folder of the packs", "核对工作簿的目录")),
)
@verb_options
@click.pass_context
def show(
    ctx: click.Context,
    plan: str,
    browse: bool,
    workbook: bool,
    entity: str | None,
    action: str | None,
    customer: str | None,
    page: int,
    size: int,
    packs: Literal["department", "owner"] | None,
    folder: Path | None,
    out: Output,
) -> None:
    """Show one plan."""
    if packs is not None:
        from crm_migrate.cli.packs import write

        write(ctx, plan, packs, folder, out)
        return
    from crm_migrate.plan.show.choice import Choice
    from crm_migrate.stages.planning.view import view_plan  # the pipeline would import all stages

    with opened(ctx, out) as session:
        choice = Choice(entity, action, page=page, size=size)
        if browse or workbook:
            from crm_migrate.pipeline import write_pages

            write_pages(session, plan, current_language(), page=browse, workbook=workbook)
        found = view_plan(session, plan, current_language(), choice, customer=customer)
    _summary(found, out)
    for part in found.view.entities:
        if part.operations:
            _operations(part, page, size, out)
    _files(found, out)
    if browse:
        click.launch(str(found.page))
    out.next_step(found.next_step)
    out.result(found.to_json())


def _summary(found: "Shown", out: Output) -> None:
    from crm_migrate.plan.show.html import KIND_TEXTS, STATE_TEXTS

    view, header = found.view, found.view.header
    kind, state = KIND_TEXTS[header.kind], STATE_TEXTS[view.state]
    plan_id = header.plan_id
    out.say(Text(f"{kind.en} {plan_id}: {state.en}", f"{kind.zh} {plan_id}:{state.zh}"), "bold")
    if header.reverses:
        out.say(Text(f"takes back {header.reverses}", f"撤回 {header.reverses}"), "yellow")
    if header.scope:
        out.say(Text(f"only a part: {header.scope.en}", f"仅部分数据：{header.scope.zh}"), "yellow")
    for risk in view.risks:
        mark = "✗" if risk.grave else "!"
        out.say(f"{mark} {risk.figure:>7}  {risk.text}", "red" if risk.grave else "yellow")
    for text in header.irreversible:
        out.say(Text(f"cannot be taken back: {text.en}", f"无法撤回：{text.zh}"))
    for text in header.unchecked:
        out.say(Text(f"was not checked: {text.en}", f"未检查：{text.zh}"))
    for comment in view.comments:
        out.say(f"“{comment.text}” ({comment.title})")
    approval = view.approval
    for name, lines, style in (
        (Text("must approve", "须批准"), approval.demanded, None),
        (Text("approved", "已批准"), approval.given, "green"),
        (Text("still missing", "尚缺"), approval.missing, "yellow"),
        (Text("rejected", "已驳回"), approval.rejected, "red"),
        (Text("gate overridden", "门禁放行"), approval.overrides, "yellow"),
    ):
        for line in lines:
            out.say(Text(f"{name.en}: {line}", f"{name.zh}:{line}"), style)


def _files(found: "Shown", out: Output) -> None:
    plan = found.view.header.plan_id
    if found.page is not None:
        out.say(Text(f"page: {found.page}", f"网页：{found.page}"))
    if found.workbook is not None:
        out.say(Text(f"workbook: {found.workbook}", f"工作簿：{found.workbook}"))
    else:
        command = f"crm-migrate show {plan} --workbook"
        out.say(Text(f"workbook: {command}", f"工作簿：{command}"))


def _operations(part: "EntityView", page: int, size: int, out: Output) -> None:
    rows = [_line(o) for o in part.operations]
    first = (page - 1) * size + 1
    head = (Text("action", "动作"), Text("record", "记录"), Text("reason or change", "原因或变更"))
    title = f"{part.label} ({first:,}–{first + len(rows) - 1:,} / {part.total:,})"
    out.table(title, head, rows, numbers_from=9)


def _line(o: "OperationView") -> tuple[str, str, str]:
    what = f"{o.reason}: {o.conflicts}" if o.conflicts else o.reason
    if o.action in ("update", "conflict"):  # what is new is on the page
        cells = (f"{c.label}: {c.before + ' → ' if c.before else ''}{c.after or '∅'}"
                 for c in o.cells[:CELLS] if not c.kept)  # fmt: skip
        what = "  ".join(cells) + (" …" if len(o.cells) > CELLS else "") or what
    return o.action_label, o.title, what
