"""`history`: every change of a customer over all plans."""

from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

if TYPE_CHECKING:
    from crm_migrate.stages.tracing.history_steps import History, PlanStep, RowStep

HELP = Text(
    """Every change of a customer and of what belongs to it, plan by plan: who planned, approved and
applied it, when, what, before and after; rollbacks, too.

CUSTOMER is a golden id (or its beginning), a customer code or a key of the CRM. It is told by the
target ledger, the journal and the plan files, so it works when runs are gone; what these cannot
tell is named. Values are masked; --clear shows what policy lets out in exports, to a role that
may export, and is journaled.

\b
Examples:
  crm-migrate history A100051
  crm-migrate history g00023fd7 --clear --as li --json
""",
    """一个客户及其所属记录的全部变更：按计划列出编制、批准、执行的人员与时间，变更前后的值，包括撤回。

CUSTOMER 可为唯一标识（或其开头）、客户编号或 CRM 主键。依据目标台账、日志与计划文件,
运行数据销毁后仍可用；无法得知的内容会说明。默认脱敏;--clear 按导出策略显示明文,
须具备导出权限并记入日志。

\b
示例:
  crm-migrate history A100051
  crm-migrate history g00023fd7 --clear --as li --json
""",
)
_ACTS = {
    "plan": Text("planned by", "编制"),
    "approve": Text("approved by", "批准"),
    "apply": Text("applied by", "执行"),
}
_UNKNOWN = {
    "after": Text("what was written is not known any more", "写入的值已无法得知"),
    "before": Text("what stood there before is not known any more", "变更前的值已无法得知"),
    "cells": Text("its cells are not known any more", "单元格已无法得知"),
}


@click.command(help=str(HELP))
@click.argument("customer")
@click.option("--clear", is_flag=True, help=str(Text("show clear values", "显示明文")))
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def history(
    ctx: click.Context, customer: str, clear: bool, person: str | None, out: Output
) -> None:
    """Tell a customer's history."""
    from crm_migrate.pipeline import history as tell

    with opened(ctx, out) as session:
        found = tell(session, customer, clear=clear, by=person, language=current_language())
    _show(found, out)
    out.next_step(f"crm-migrate trace {found.golden_id[:12]}")
    out.result(found.to_json())


def _show(found: "History", out: Output) -> None:
    out.say(found.golden_id, "bold")
    for former in found.former_ids:
        out.say(Text(f"  took in {former}", f"  并入 {former}"))
    for step in found.steps:
        _step(step, out)
    if found.now:
        head = (
            Text("record", "记录"),
            Text("key", "主键"),
            Text("last written by", "最后写入"),
            Text("since then", "此后"),
        )
        rows = [(f"{s.label} {s.golden_id[:12]}", s.target_key, s.last_plan, _since(s.edited))
                for s in found.now]  # fmt: skip
        out.table(Text("as it stands", "现状"), head, rows, numbers_from=9)
    for line in found.unknown:
        out.say(f"? {line}", "yellow")


def _since(edited: bool | None) -> str:
    if edited is None:
        return str(Text("gone", "已不存在"))
    return str(Text("edited in the CRM", "在 CRM 中被修改") if edited else Text("as left", "未变"))


def _step(step: "PlanStep", out: Output) -> None:
    from crm_migrate.cli.outcomes import outcome_text

    title = (
        Text(f"{step.plan} takes back {step.reverses}", f"{step.plan} 撤回 {step.reverses}")
        if step.reverses
        else Text(step.plan, step.plan)
    )
    out.say(title, "bold")
    for act in (step.planned, *step.approved, step.applied):
        if act is not None:
            out.say(f"  {_ACTS[act.what]} {act.name} ({act.person}) {act.at}")
    for row in step.rows:
        _row(row, out)
    for move in step.moves:
        what, result = move.column or "", outcome_text(move.result)
        out.say(f"  {outcome_text(move.kind)} {move.table} {move.row_key} {what}: "
                f"{move.before or ''} → {move.after or ''} ({result})")  # fmt: skip


def _row(row: "RowStep", out: Output) -> None:
    from crm_migrate.cli.outcomes import outcome_text

    key = f" #{row.target_key}" if row.target_key else ""
    reason = f" · {row.reason}" if row.reason else ""
    line = f"  {row.at} {row.label} {row.golden_id[:12]}{key}: {outcome_text(row.result)}{reason}"
    out.say(line)
    if row.cells:
        head = (Text("field", "字段"), Text("before", "变更前"), Text("after", "变更后"))
        cells = [(c.label, c.before or "", c.after or "∅") for c in row.cells]
        out.table("", head, cells, numbers_from=9)
    if row.unknown:
        out.say(f"    {_UNKNOWN[row.unknown]}", "yellow")
