"""`apply`: write exactly what was approved, then read it back."""

from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.errors import CrmMigrateError
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.pipeline import Done, Planned, Session

HELP = Text(
    """Write an approved plan to the CRM, once, and read back every row written.

Refused when the plan was changed, is not approved, was used, has expired, or the CRM's structure
or too many rows changed since. Interrupted anywhere, the same command goes on. What was edited in
the CRM meanwhile is left alone, and becomes a plan of its own to be approved (follow-up).

\b
Examples:
  crm-migrate apply latest
  crm-migrate apply latest --json | jq .applied
""",
    """将已批准的计划写入 CRM(仅一次),并回读核对每一行。

计划被改动、未批准、已使用、已过期,或 CRM 结构、过多记录已变化时,拒绝执行。
中断后可重复同一命令继续。期间在 CRM 中被修改的记录不会覆盖,另生成后续计划待批准。

\b
示例:
  crm-migrate apply latest
  crm-migrate apply latest --json | jq .applied
""",
)


@click.command(help=str(HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--as", "person", help=str(AS))
@click.option(
    "--no-follow-up",
    is_flag=True,
    help=str(Text("make no plan of what was left", "不为未处理的记录生成后续计划")),
)
@verb_options
@click.pass_context
def apply(
    ctx: click.Context, plan: str, person: str | None, no_follow_up: bool, out: Output
) -> int:
    """Apply a plan."""
    from crm_migrate.pipeline import apply_plan

    with opened(ctx, out) as session:
        done = apply_plan(session, plan, by=person)
        _written(done, out)
        planned = None if no_follow_up else _follow_up(session, done, person, out)
    plan_id = planned.header.plan_id if planned is not None else None
    out.next_step(f"crm-migrate show {plan_id} --open" if plan_id else "crm-migrate audit report")
    out.result({**done.to_json(), "follow_up": plan_id})
    return 0 if done.ok else 1


def _follow_up(
    session: "Session", done: "Done", person: str | None, out: Output
) -> "Planned | None":
    """The plan of what was left; that it cannot be made takes nothing away from what was done."""
    from crm_migrate.pipeline import follow_up

    try:
        planned = follow_up(session, done, by=person)
    except CrmMigrateError as fault:
        out.say(Text(f"no follow-up plan: {fault.message.en}",
                     f"未生成后续计划:{fault.message.zh}"), "yellow")  # fmt: skip
        return None
    if planned is not None:
        plan_id = planned.header.plan_id
        out.say(Text(f"what was left is plan {plan_id}", f"未处理的部分已生成计划 {plan_id}"))
    return planned


def _written(done: "Done", out: Output) -> None:
    head = (
        Text("entity", "对象"),
        Text("created", "新建"),
        Text("updated", "更新"),
        Text("unchanged", "不变"),
        Text("skipped", "跳过"),
        Text("failed", "失败"),
    )
    keys = ("created", "updated", "unchanged", "skipped", "failed")
    rows = [(done.labels[name], *(c[k] for k in keys)) for name, c in done.facts.counts.items()]
    out.table(Text("written to the CRM", "写入 CRM 的结果"), head, rows)
    if done.applied.merges:
        merged, moved = done.applied.merges, done.applied.reparented
        out.say(
            Text(
                f"{merged:,} rows merged into others, {moved:,} rows that hung on them moved over",
                f"合并 {merged:,} 条重复记录,转移 {moved:,} 条从属记录",
            )
        )
    if done.facts.verified:
        out.say(
            Text("everything written was read back and is equal", "已全部回读,内容一致"), "green"
        )
    else:
        text = Text(
            f"{done.facts.differing} rows read back differently",
            f"{done.facts.differing} 行回读不一致",
        )
        out.say(text, "bold red")
    for line in done.stale:
        out.say(line, "yellow")
