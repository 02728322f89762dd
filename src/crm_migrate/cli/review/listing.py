"""`review list`: questions and cases, without answering them."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.review.options import BLIND, CLEAR, MINE
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

LIST_HELP = Text(
    """List doubtful pairs and 撞单 of the newest run, with the reasons.

Those come first whose answer is expected to move most records. Clear values are shown only with
--clear, to a person whose role may review; that is journaled. --cases shows pairs that hang
together as one question: which of these records are one customer?

\b
Examples:
  crm-migrate review list --limit 5
  crm-migrate review list --clear --as zhang
  crm-migrate review list --cases
""",
    """列出最近一次运行的疑似重复与撞单及其理由。

预计影响记录最多的排在最前。仅在 --clear 且身份有权裁决时显示明文,并记入日志。
--cases 将相互关联的记录对合为一题:哪些记录是同一客户?

\b
示例:
  crm-migrate review list --limit 5
  crm-migrate review list --clear --as zhang
  crm-migrate review list --cases
""",
)


@click.command("list", help=str(LIST_HELP))
@click.option("--as", "person", help=str(AS))
@click.option("--clear", is_flag=True, help=str(CLEAR))
@click.option("--blind", is_flag=True, help=str(BLIND))
@click.option("--mine", is_flag=True, help=str(MINE))
@click.option("--cases", is_flag=True, help=str(Text("pairs that hang together", "按组列出")))
@click.option("--limit", default=10, show_default=True, help=str(Text("tasks", "条数")))
@click.option("--all", "everything", is_flag=True, help=str(Text("decided ones, too", "含已裁决")))
@verb_options
@click.pass_context
def list_tasks(
    ctx: click.Context,
    person: str | None,
    clear: bool,
    blind: bool,
    mine: bool,
    cases: bool,
    limit: int,
    everything: bool,
    out: Output,
) -> None:
    """List the tasks."""
    if cases:
        _list_cases(ctx, person, clear, blind, limit, out)
        return
    from crm_migrate.cli.review.questions import show_task
    from crm_migrate.pipeline import list_reviews

    with opened(ctx, out) as session:
        tasks = list_reviews(
            session,
            by=person,
            clear=clear,
            blind=blind,
            everything=everything,
            mine=mine,
            limit=limit,
            language=current_language(),
        )
    for task in tasks.tasks:
        show_task(out, task)
    out.say(Text(f"{tasks.open} open", f"待裁决 {tasks.open} 项"), "bold")
    if tasks.tasks:
        first = tasks.tasks[0]
        verdicts = "same|different|unsure" if first.kind == "doubtful" else "owner --owner …"
        out.next_step(f"crm-migrate review decide {first.task_id} {verdicts}")
    else:
        out.next_step("crm-migrate plan")
    out.result(tasks.to_json())


def _list_cases(
    ctx: click.Context, person: str | None, clear: bool, blind: bool, limit: int, out: Output
) -> None:
    from crm_migrate.cli.review.questions import show_case
    from crm_migrate.stages.review.cases import list_cases
    from crm_migrate.stages.review.viewing import Viewing
    from crm_migrate.trust.roles import Action

    with opened(ctx, out) as session:
        known = session.trust.person(person) if person else None
        who = session.acting(person, Action.REVIEW) if clear else known
        viewing = Viewing(who.id if who is not None else None, clear, blind, current_language())
        found = list_cases(session, viewing, who, limit=limit)
        if clear and who is not None:
            session.record(who.id, "review.shown", {"cases": len(found)})
    for case in found:
        show_case(out, case)
    first = found[0].case if found else None
    out.next_step(
        f'crm-migrate review decide {first} --groups "1,2"' if first else "crm-migrate plan"
    )
    out.result({"cases": [case.to_json() for case in found]})
