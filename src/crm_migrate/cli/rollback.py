"""`rollback`: take an applied plan back, as far as nobody has edited its rows since."""

import sys
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.pipeline import RolledBack

HELP = Text(
    """Take an applied plan back: rows it created go, cells it changed are as before.

PLAN is a plan or run; without it, the plan that was applied last. A row that was edited since is
kept with all that belongs to its customer; so is one that other rows refer to, or that a later
plan wrote. A rollback is a plan: shown, approved where policy says so, applied once, and can be
taken back itself. --plan only makes it, and ends with 0 like `plan` does. Without --plan, exit
code 3 says that nothing was taken back yet, since somebody must approve it first.

\b
Examples:
  crm-migrate rollback --plan
  crm-migrate rollback P20250301T090000-5f2c --entity contact
  crm-migrate rollback --customer A100051 --json | jq .kept_rows
""",
    """撤回已执行的计划：新建的记录删除，修改的单元格恢复原值。

PLAN 为计划或运行编号；省略时为最近执行的计划。执行后被修改的记录及其客户的全部记录保留；
被其他记录引用或其后有计划写入的也保留。撤回本身也是计划：可查看、按策略审批、只执行一次、
也可再撤回。--plan 仅生成计划，与 plan 一样以 0 退出；不带 --plan 时，退出码 3 表示尚未撤回，
须先审批。

\b
示例:
  crm-migrate rollback --plan
  crm-migrate rollback P20250301T090000-5f2c --entity contact
  crm-migrate rollback --customer A100051 --json | jq .kept_rows
""",
)
KEPT_LINES = 20
"""Kept rows that the terminal lists."""


@click.command(help=str(HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--plan", "rehearse", is_flag=True, help=str(Text("only plan it", "仅生成计划")))
@click.option("--entity", multiple=True, help=str(Text("only this entity", "仅此对象")))
@click.option(
    "--customer",
    multiple=True,
    help=str(Text("only this customer: golden id, code or key", "仅此客户：标识、编号或主键")),
)
@click.option("--as", "person", help=str(AS))
@click.option("--yes", is_flag=True, help=str(Text("do not ask", "不再询问")))
@verb_options
@click.pass_context
def rollback(
    ctx: click.Context,
    plan: str,
    rehearse: bool,
    entity: tuple[str, ...],
    customer: tuple[str, ...],
    person: str | None,
    yes: bool,
    out: Output,
) -> int:
    """Take a plan back."""
    from crm_migrate.pipeline import plan_rollback, roll_back

    with opened(ctx, out) as session:
        if rehearse:
            found = plan_rollback(session, plan, entities=entity, customers=customer, by=person)
        else:
            found = roll_back(
                session,
                plan,
                entities=entity,
                customers=customer,
                by=person,
                agreed=lambda planned: _agreed(planned, out, yes or out.as_json),
            )
    _show(found, out)
    out.result(found.to_json())
    if found.waits and not rehearse:
        return 3
    return 0 if found.ok else 1


def _agreed(found: "RolledBack", out: Output, sure: bool) -> bool:
    """Ask once more on a terminal; where nobody can be asked, the approval speaks."""
    if sure or not sys.stdin.isatty():
        return True
    _show(found, out, ahead=True)
    return click.confirm(str(Text("take these rows back?", "撤回这些记录？")), err=True)


def _show(found: "RolledBack", out: Output, *, ahead: bool = False) -> None:
    from crm_migrate.plan.show.html import STATE_TEXTS
    from crm_migrate.stages.rollback.heaps import reason_words

    header = found.header
    title = (
        Text(f"taken back of plan {header.reverses}", f"撤回计划 {header.reverses} 的结果")
        if found.done
        else Text(f"taking back plan {header.reverses}", f"拟撤回计划 {header.reverses}")
    )
    head = (
        Text("entity", "对象"),
        Text("taken back", "撤回"),
        Text("kept", "保留"),
        Text("failed", "失败"),
        Text("let go", "解除接管"),
        Text("nothing to do", "无需处理"),
    )
    rows = [
        (found.labels[name], h.reversed, h.kept, h.failed, h.let_go, h.nothing)
        for name, h in found.by_entity.items()
    ]
    out.table(title, head, rows)
    if found.merges.reversed or found.merges.kept:
        merges = found.merges
        text = Text(
            f"merges taken apart: {merges.reversed:,}, kept: {merges.kept:,}",
            f"撤回合并：{merges.reversed:,}，保留合并：{merges.kept:,}",
        )
        out.say(text)
    if header.scope is not None:
        out.say(Text(f"only: {header.scope.en}", f"仅限：{header.scope.zh}"))
    language = current_language()
    for reason, count in found.reasons.items():
        out.say(f"  {count:>7,}  {reason_words(reason).in_language(language)}", "yellow")
    for entity, golden, reason in found.kept_rows[:KEPT_LINES]:
        words = reason_words(reason).in_language(language)
        out.say(f"  {found.labels[entity]} {golden[:12]}  {words}")
    if ahead:
        return
    if found.done is not None and found.done.facts.verified:
        out.say(
            Text("everything was read back and is as before", "已全部回读，与执行前一致"), "green"
        )
    if found.done is None:
        state = STATE_TEXTS[found.state]
        plan = header.plan_id
        out.say(Text(f"plan {plan}: {state.en}", f"计划 {plan}：{state.zh}"), "bold")
    for path in found.files:
        out.say(f"  {path}")
    out.next_step(found.next_step)
