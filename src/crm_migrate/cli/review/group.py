"""`review`: what only a person can say, on the terminal or by verbs that scripts can use."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.review.deciding import assign, decide, undo
from crm_migrate.cli.review.joining import join, split
from crm_migrate.cli.review.listing import list_tasks
from crm_migrate.cli.review.options import BLIND, CLEAR, MINE
from crm_migrate.cli.review.workbook import export_workbook, import_workbook
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

HELP = Text(
    """Decide doubtful pairs and 撞单.

Without a verb: one question after the other, those first whose answer moves most records. Keys:
s(ame) d(ifferent) n(ot sure) k(skip) u(ndo) c(omment) q(uit). Come back any time: what is decided
is not asked again, what was skipped comes last.

\b
Examples:
  crm-migrate review --as zhang
  crm-migrate review --blind --mine --as zhang
  crm-migrate review export 复核.xlsx --as zhang
""",
    """裁决疑似重复与撞单。

不带子命令时逐题裁决,影响记录最多的在前。按键:s 同一、d 不同、n 不确定、k 跳过、u 撤销、
c 备注、q 退出。可随时退出后继续:已裁决的不再询问,跳过的排在最后。

\b
示例:
  crm-migrate review --as zhang
  crm-migrate review --blind --mine --as zhang
  crm-migrate review export 复核.xlsx --as zhang
""",
)


@click.group(invoke_without_command=True, help=str(HELP))
@click.option("--as", "person", help=str(AS))
@click.option("--clear", is_flag=True, help=str(CLEAR))
@click.option("--blind", is_flag=True, help=str(BLIND))
@click.option("--mine", is_flag=True, help=str(MINE))
@verb_options
@click.pass_context
def review(
    ctx: click.Context, person: str | None, clear: bool, blind: bool, mine: bool, out: Output
) -> None:
    """Ask one question after the other, unless a verb follows."""
    if ctx.invoked_subcommand is not None:
        return
    from crm_migrate.cli.review.one_by_one import review_one_by_one
    from crm_migrate.stages.review.viewing import Viewing
    from crm_migrate.trust.roles import Action

    with opened(ctx, out) as session:
        who = session.acting(person, Action.REVIEW)
        if clear:
            session.record(who.id, "review.shown", {"tasks": None})
        viewing = Viewing(who.id, clear, blind, current_language())
        done = review_one_by_one(session, out, who, viewing, mine=mine)
    out.say(
        Text(
            f"{done['answered']} answered, {done['skipped']} skipped, {done['undone']} undone",
            f"已裁决 {done['answered']} 项，跳过 {done['skipped']} 项，撤销 {done['undone']} 项",
        ),
        "bold",
    )
    out.next_step("crm-migrate plan")
    out.result(done)


for verb in (list_tasks, decide, undo, assign, split, join, export_workbook, import_workbook):
    review.add_command(verb)
