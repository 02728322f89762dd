"""`review decide`, `undo` and `assign`: one task after the other, for scripts, too."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.review.options import WHY
from crm_migrate.cli.session import AS, opened
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text

DECIDE_HELP = Text(
    """Decide a task. The verdict binds later runs; the last one on a task stands.

A 撞单 stands once every department involved has named the same owner, each by a steward of its own.
A case (from `review list --cases`) is decided by groups: records of one group are the same
customer, all others are different.

\b
Examples:
  crm-migrate review decide 3f2a91c0b7de same --as zhang --reason "called them"
  crm-migrate review decide 91bb0d12aa04 owner --owner 李四 --as zhang
  crm-migrate review decide c91bb0d12a --groups "1,3|2,4" --as zhang
""",
    """裁决任务。裁决对以后的运行有效;以最后一次为准。

撞单须由涉及的每个部门各自的数据管理员确定同一负责人后生效。组(见 `review list --cases`)按分组裁决:
同组记录为同一客户,其余均不同。

\b
示例:
  crm-migrate review decide 3f2a91c0b7de same --as zhang --reason "已电话确认"
  crm-migrate review decide 91bb0d12aa04 owner --owner 李四 --as zhang
  crm-migrate review decide c91bb0d12a --groups "1,3|2,4" --as zhang
""",
)
UNDO_HELP = Text(
    """Take a verdict of yours back: the last one, or that on TASK. Both stay on record.

\b
Example:
  crm-migrate review undo --as zhang
""",
    """撤回自己的裁决：最近一次，或指定任务的。两者都保留在记录中。

\b
示例:
  crm-migrate review undo --as zhang
""",
)
ASSIGN_HELP = Text(
    """Give tasks to a person, by id or the next --count of those that nobody has.

\b
Examples:
  crm-migrate review assign --count 50 --to zhang --as li
  crm-migrate review assign 3f2a91c0b7de --free --as li
""",
    """将任务分配给某人：按编号，或取未分配的前 --count 条。

\b
示例:
  crm-migrate review assign --count 50 --to zhang --as li
  crm-migrate review assign 3f2a91c0b7de --free --as li
""",
)


@click.command(help=str(DECIDE_HELP))
@click.argument("task")
@click.argument(
    "verdict", type=click.Choice(["same", "different", "unsure", "owner"]), required=False
)
@click.option("--groups", metavar="1,3|2", help=str(Text("of a case", "组的划分")))
@click.option("--as", "person", help=str(AS))
@click.option("--reason", default="", help=str(WHY))
@click.option("--owner", help=str(Text("who is responsible", "负责人")))
@click.option(
    "--department", help=str(Text("in a rehearsal alone: which speaks", "单人演练时：表态部门"))
)
@verb_options
@click.pass_context
def decide(
    ctx: click.Context,
    task: str,
    verdict: str | None,
    groups: str | None,
    person: str | None,
    reason: str,
    owner: str | None,
    department: str | None,
    out: Output,
) -> None:
    """Decide one task, or one case."""
    from crm_migrate.pipeline import decide_review
    from crm_migrate.stages.review.cases import decide_case

    if (verdict is None) == (groups is None):
        raise UsageFault(
            Text("either a verdict on a task, or --groups of a case",
                 "请对任务给出裁决，或对组使用 --groups")
        )  # fmt: skip
    with opened(ctx, out) as session:
        if verdict is None or groups is not None:
            numbers = _groups(str(groups))
            result = decide_case(session, task, numbers, by=person, reason=reason)
            said = f"{task}: {len(result['tasks'])} · {result['open']} open"
        else:
            result = decide_review(
                session, task, verdict, by=person, reason=reason, owner=owner,
                department=department,
            )  # fmt: skip
            said = f"{result['task']}: {result['status']}"
    out.say(said, "green")
    out.next_step("crm-migrate plan")
    out.result(result)


def _groups(text: str) -> list[list[int]]:
    """`1,3|2` as lists of numbers."""
    try:
        return [[int(n) for n in group.split(",") if n.strip()] for group in text.split("|")]
    except ValueError:
        raise UsageFault(
            Text("groups are numbers: 1,3|2", "分组写作数字:1,3|2"), where=text
        ) from None


@click.command(help=str(UNDO_HELP))
@click.argument("task", required=False)
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def undo(ctx: click.Context, task: str | None, person: str | None, out: Output) -> None:
    """Take a verdict back."""
    from crm_migrate.pipeline import undo_review

    with opened(ctx, out) as session:
        done = undo_review(session, task, by=person)
    out.say(f"{done['task']}: {done['status']}", "green")
    out.next_step(f"crm-migrate review decide {done['task']} …")
    out.result(done)


@click.command(help=str(ASSIGN_HELP))
@click.argument("tasks", nargs=-1)
@click.option("--to", help=str(Text("person", "人员")))
@click.option("--free", is_flag=True, help=str(Text("nobody's any more", "取消分配")))
@click.option("--count", type=click.IntRange(1), help=str(Text("so many", "条数")))
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def assign(
    ctx: click.Context,
    tasks: tuple[str, ...],
    to: str | None,
    free: bool,
    count: int | None,
    person: str | None,
    out: Output,
) -> None:
    """Assign tasks."""
    from crm_migrate.pipeline import assign_reviews

    if free == (to is not None) or not (tasks or count):
        raise UsageFault(
            Text(
                "name tasks or --count, and --to or --free",
                "请指定任务或 --count,以及 --to 或 --free",
            )
        )
    with opened(ctx, out) as session:
        done = assign_reviews(session, tasks, to, by=person, count=count)
    out.say(Text(f"{len(done)} tasks → {to or '-'}", f"{len(done)} 项 → {to or '-'}"), "green")
    out.next_step(f"crm-migrate review --mine --as {to}" if to else "crm-migrate review list")
    out.result({"tasks": done, "to": to})
