"""`apply`: write exactly what was approved, then read it back."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.errors import CrmMigrateError
from crm_migrate.language import Text, counted

if TYPE_CHECKING:
    from crm_migrate.loading.ledger.plan_lock import Request
    from crm_migrate.pipeline import Done, Planned, Session

HELP = Text(
    """Write an approved plan to the CRM, once, and read back every row written.

Refused when the plan was changed, is not approved, was used, has expired, or the CRM's structure
or too many rows changed since. Interrupted anywhere, the same command goes on. What was edited in
the CRM meanwhile is left alone, and becomes a plan of its own to be approved (follow-up).

Ctrl-C finishes the batch and pauses; so does --pause from another terminal, and the same command
goes on. A plan that is cancelled is used up: what is done stands. Exits with 3 when something was
left.

\b
Examples:
  crm-migrate apply latest
  crm-migrate apply latest --pause
  crm-migrate apply latest --json | jq .applied
""",
    """将已批准的计划写入 CRM（仅一次），并回读核对每一行。

计划被改动、未批准、已使用、已过期，或 CRM 结构、过多记录已变化时，拒绝执行。
中断后可重复同一命令继续。期间在 CRM 中被修改的记录不会覆盖，另生成后续计划待批准。

Ctrl-C 或在另一终端执行 --pause:完成当前批次后暂停，重复同一命令继续。
--cancel 取消：已写入的保留，计划作废。有未处理的记录时退出码为 3。

\b
示例:
  crm-migrate apply latest
  crm-migrate apply latest --pause
  crm-migrate apply latest --json | jq .applied
""",
)


_WHY = {
    "stale": Text(
        "stopped: more changed in the CRM meanwhile than the approval puts up with",
        "已停止：执行期间 CRM 中的改动超过审批允许的比例",
    ),
    "failed": Text(
        "stopped: the CRM refused more than the failure limit allows",
        "已停止:CRM 拒绝写入的数量超过失败上限",
    ),
    "pause": Text("paused; the same command goes on", "已暂停；重复同一命令继续"),
    "cancel": Text("cancelled; what is done stands", "已取消；已写入的保留"),
}


@click.command(help=str(HELP))
@click.argument("plan", default="latest", metavar="[PLAN]")
@click.option("--as", "person", help=str(AS))
@click.option(
    "--no-follow-up",
    is_flag=True,
    help=str(Text("make no plan of what was left", "不为未处理的记录生成后续计划")),
)
@click.option(
    "--pause",
    "request",
    flag_value="pause",
    help=str(Text("ask the apply at work to pause", "请求正在执行的 apply 暂停")),
)
@click.option(
    "--cancel",
    "request",
    flag_value="cancel",
    help=str(
        Text(
            "cancel a plan that was begun: what is done stands",
            "取消已开始执行的计划：已写入的保留",
        )
    ),
)
@verb_options
@click.pass_context
def apply(
    ctx: click.Context,
    plan: str,
    person: str | None,
    no_follow_up: bool,
    request: "Request | None",
    out: Output,
) -> int:
    """Apply a plan."""
    from crm_migrate.pipeline import apply_plan

    if request is not None:
        return _ask(ctx, plan, person, request, out)
    with opened(ctx, out) as session, _pausing(out) as asked:
        done = apply_plan(session, plan, by=person, asked=asked)
        _written(done, out)
        if done.applied.state == "paused":
            out.next_step(f"crm-migrate apply {done.plan_id}")
            out.result({**done.to_json(), "follow_up": None})
            return 3
        planned = None if no_follow_up else _follow_up(session, done, person, out)
    plan_id = planned.header.plan_id if planned is not None else None
    out.next_step(f"crm-migrate show {plan_id} --open" if plan_id else "crm-migrate audit report")
    out.result({**done.to_json(), "follow_up": plan_id})
    if not done.ok:
        return 1
    return 0 if done.complete else 3


def _ask(ctx: click.Context, plan: str, person: str | None, request: "Request", out: Output) -> int:
    from crm_migrate.pipeline import request_apply

    with opened(ctx, out) as session:
        found = request_apply(session, plan, request, by=person)
    if found.done is not None:
        _written(found.done, out)
    said = {
        "running": Text("asked; it is heeded before the next batch", "已请求，将在下一批之前生效"),
        "paused": Text("nobody was at work: paused", "无正在执行的进程：已暂停"),
        "cancelled": Text("cancelled; what is done stands", "已取消；已写入的保留"),
    }
    out.say(said[found.state], "yellow")
    out.next_step(f"crm-migrate {'apply ' + found.plan_id if request == 'pause' else 'plan'}")
    out.result(found.to_json())
    return 0


@contextmanager
def _pausing(out: Output) -> "Iterator[Callable[[], Request | None]]":
    """The first Ctrl-C asks to pause after the batch; the second breaks off as ever."""
    pressed = []

    def note(_number: int, _frame: object) -> None:
        pressed.append(True)
        signal.signal(signal.SIGINT, before)
        out.say(
            Text(
                "finishing this batch, then pausing; Ctrl-C again breaks off",
                "完成当前批次后暂停；再按 Ctrl-C 立即中断",
            ),
            "yellow",
        )

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread: whoever called us handles signals
        yield lambda: None
        return
    try:
        yield lambda: "pause" if pressed else None
    finally:
        signal.signal(signal.SIGINT, before)


def _follow_up(
    session: "Session", done: "Done", person: str | None, out: Output
) -> "Planned | None":
    """The plan of what was left; that it cannot be made takes nothing away from what was done."""
    from crm_migrate.pipeline import follow_up

    try:
        planned = follow_up(session, done, by=person)
    except CrmMigrateError as fault:
        out.say(Text(f"no follow-up plan: {fault.message.en}",
                     f"未生成后续计划：{fault.message.zh}"), "yellow")  # fmt: skip
        return None
    if planned is not None:
        plan_id = planned.header.plan_id
        out.say(Text(f"what was left is plan {plan_id}", f"未处理的部分已生成计划 {plan_id}"))
    return planned


def _written(done: "Done", out: Output) -> None:
    head: tuple[Text, ...] = (
        Text("entity", "对象"),
        Text("created", "新建"),
        Text("updated", "更新"),
        Text("unchanged", "不变"),
        Text("skipped", "跳过"),
        Text("failed", "失败"),
    )
    keys: tuple[str, ...] = ("created", "updated", "unchanged", "skipped", "failed")
    if any(c.get("deleted") for c in done.facts.counts.values()):
        head = (*head[:3], Text("deleted", "删除"), *head[3:])
        keys = (*keys[:2], "deleted", *keys[2:])
    rows = [(done.labels[name], *(c[k] for k in keys)) for name, c in done.facts.counts.items()]
    out.table(Text("written to the CRM", "写入 CRM 的结果"), head, rows)
    if done.applied.merges:
        merged, moved = done.applied.merges, done.applied.reparented
        said = Text(
            f"{counted(merged, 'row')} merged into others, {counted(moved, 'row')} that hung on"
            " them moved over",
            f"合并 {merged:,} 条重复记录，转移 {moved:,} 条从属记录",
        )
        if done.facts.plan_id.startswith("R"):  # a rollback's moves lead back
            said = Text(
                f"{counted(merged, 'merge')} taken apart, {counted(moved, 'row')} that hung on"
                " them moved back",
                f"撤销合并 {merged:,} 条，移回 {moved:,} 条从属记录",
            )
        out.say(said)
    if done.applied.state == "paused":
        out.say(Text("not read back yet", "尚未回读核对"), "yellow")
    elif done.facts.verified:
        out.say(
            Text("everything written was read back and is equal", "已全部回读，内容一致"), "green"
        )
    else:
        text = Text(
            f"{counted(done.facts.differing, 'row')} read back differently",
            f"{done.facts.differing} 行回读不一致",
        )
        out.say(text, "bold red")
    for line in done.stale:
        out.say(line, "yellow")
    if done.applied.silenced:
        names = ", ".join(done.applied.silenced)
        out.say(Text(f"triggers kept from running: {names}", f"未触发的触发器：{names}"), "yellow")
    if done.facts.totals:
        differ, every = done.facts.totals_differ, len(done.facts.totals)
        beside = sum(t.plan != t.loaded for t in done.facts.totals)
        out.say(
            Text(
                f"{every - differ} of {every} control totals in the CRM are those of the records"
                f" that were loaded; of {beside}, the plan's include records that were left out",
                f"CRM 中 {every} 项控制总数有 {every - differ} 项与已导入记录一致；"
                f"其中 {beside} 项的计划总数含未写入的记录",
            )
        )
    if done.applied.why is not None:
        out.say(_WHY[done.applied.why], "bold yellow")
