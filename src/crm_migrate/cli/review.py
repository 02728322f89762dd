"""`review list` and `review decide`: what only a person can say."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

LIST_HELP = Text(
    """List doubtful pairs and 撞单 of the newest run, with the reasons.

Clear values are shown only with --clear, to a person whose role may review; that is journaled.

\b
Examples:
  crm-migrate review list --limit 5
  crm-migrate review list --clear --as zhang
""",
    """列出最近一次运行的疑似重复与撞单及其理由。

仅在 --clear 且身份有权裁决时显示明文,并记入日志。

\b
示例:
  crm-migrate review list --limit 5
  crm-migrate review list --clear --as zhang
""",
)
DECIDE_HELP = Text(
    """Decide a task. The verdict binds later runs; the last one on a task stands.

A 撞单 stands once every department involved has named the same owner.

\b
Examples:
  crm-migrate review decide t-3f2a91c0 same --as zhang --reason "called them"
  crm-migrate review decide t-91bb0d12 owner --owner 李四 --department 销售一部 --as zhang
""",
    """裁决任务。裁决对以后的运行有效;以最后一次为准。

撞单须由涉及的每个部门确定同一负责人后生效。

\b
示例:
  crm-migrate review decide t-3f2a91c0 same --as zhang --reason "已电话确认"
  crm-migrate review decide t-91bb0d12 owner --owner 李四 --department 销售一部 --as zhang
""",
)


@click.group(help=str(Text("Decide doubtful pairs and 撞单.", "裁决疑似重复与撞单。")))
def review() -> None:
    """The group of review verbs."""


@review.command("list", help=str(LIST_HELP))
@click.option("--as", "person", help=str(AS))
@click.option("--clear", is_flag=True, help=str(Text("show clear values", "显示明文")))
@click.option("--limit", default=10, show_default=True, help=str(Text("tasks", "条数")))
@click.option("--all", "everything", is_flag=True, help=str(Text("decided ones, too", "含已裁决")))
@verb_options
@click.pass_context
def list_tasks(
    ctx: click.Context, person: str | None, clear: bool, limit: int, everything: bool, out: Output
) -> None:
    """List the tasks."""
    from crm_migrate.pipeline import list_reviews

    with opened(ctx, out) as session:
        tasks = list_reviews(
            session,
            by=person,
            clear=clear,
            everything=everything,
            limit=limit,
            language=current_language(),
        )
    for task in tasks.tasks:
        out.table(
            f"{task.task_id} · {task.title}",
            (Text("field", "字段"), Text("left", "左"), Text("right", "右")),
            task.rows,
            numbers_from=9,
        )
        for reason in task.reasons:
            out.say(f"  {reason}")
    out.say(Text(f"{tasks.open} open", f"待裁决 {tasks.open} 项"), "bold")
    if tasks.tasks:
        first = tasks.tasks[0]
        verdicts = "same|different|unsure" if first.kind == "doubtful" else "owner --owner …"
        out.next_step(f"crm-migrate review decide {first.task_id} {verdicts}")
    else:
        out.next_step("crm-migrate plan")
    out.result(tasks.to_json())


@review.command(help=str(DECIDE_HELP))
@click.argument("task")
@click.argument("verdict", type=click.Choice(["same", "different", "unsure", "owner"]))
@click.option("--as", "person", help=str(AS))
@click.option("--reason", default="", help=str(Text("why", "理由")))
@click.option("--owner", help=str(Text("who is responsible", "负责人")))
@click.option("--department", help=str(Text("department that agrees", "表态部门")))
@verb_options
@click.pass_context
def decide(
    ctx: click.Context,
    task: str,
    verdict: str,
    person: str | None,
    reason: str,
    owner: str | None,
    department: str | None,
    out: Output,
) -> None:
    """Decide one task."""
    from crm_migrate.pipeline import decide_review

    with opened(ctx, out) as session:
        done = decide_review(
            session, task, verdict, by=person, reason=reason, owner=owner, department=department
        )
    out.say(Text(f"{task}: {done['status']}", f"{task}:{done['status']}"), "green")
    out.next_step("crm-migrate plan")
    out.result(done)
