"""`review`: what only a person can say, on the terminal or by verbs that scripts can use."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.review_workbook import export_workbook, import_workbook
from crm_migrate.cli.session import AS, opened
from crm_migrate.errors import UsageFault
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
DECIDE_HELP = Text(
    """Decide a task. The verdict binds later runs; the last one on a task stands.

A 撞单 stands once every department involved has named the same owner. A case (from
`review list --cases`) is decided by groups: records of one group are the same customer, all others
are different.

\b
Examples:
  crm-migrate review decide 3f2a91c0b7de same --as zhang --reason "called them"
  crm-migrate review decide 91bb0d12aa04 owner --owner 李四 --department 销售一部 --as zhang
  crm-migrate review decide c91bb0d12a --groups "1,3|2,4" --as zhang
""",
    """裁决任务。裁决对以后的运行有效;以最后一次为准。

撞单须由涉及的每个部门确定同一负责人后生效。组(见 `review list --cases`)按分组裁决:
同组记录为同一客户,其余均不同。

\b
示例:
  crm-migrate review decide 3f2a91c0b7de same --as zhang --reason "已电话确认"
  crm-migrate review decide 91bb0d12aa04 owner --owner 李四 --department 销售一部 --as zhang
  crm-migrate review decide c91bb0d12a --groups "1,3|2,4" --as zhang
""",
)
UNDO_HELP = Text(
    """Take a verdict of yours back: the last one, or that on TASK. Both stay on record.

\b
Example:
  crm-migrate review undo --as zhang
""",
    """撤回自己的裁决:最近一次,或指定任务的。两者都保留在记录中。

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
    """将任务分配给某人:按编号,或取未分配的前 --count 条。

\b
示例:
  crm-migrate review assign --count 50 --to zhang --as li
  crm-migrate review assign 3f2a91c0b7de --free --as li
""",
)
SPLIT_HELP = Text(
    """These records of a customer are another one, also after it was loaded.

CUSTOMER is a golden id, customer code or key of the CRM; each RECORD a row (file:sheet:row), a
record id or a key of the CRM, as `trace` lists them. The next plan inserts the other customer, and
contacts, orders and tickets go with the records that they belong to.

\b
Example:
  crm-migrate review split C0000012345 service.csv:17 --as zhang --reason "two branches"
""",
    """客户中的这些记录其实是另一客户,已导入后也可拆分。

CUSTOMER 为唯一标识、客户编号或 CRM 主键;RECORD 为行(文件:工作表:行)、记录标识或 CRM 主键
(见 `trace`)。下一计划将新增另一客户,其联系人、订单、工单随各自的记录转移。

\b
示例:
  crm-migrate review split C0000012345 service.csv:17 --as zhang --reason "两家分公司"
""",
)
JOIN_HELP = Text(
    """Two customers are one, though linkage never asked.

\b
Example:
  crm-migrate review join C0000012345 service.csv:17 --as zhang --reason "renamed in 2023"
""",
    """两个客户其实是同一客户,而系统未提出疑问。

\b
示例:
  crm-migrate review join C0000012345 service.csv:17 --as zhang --reason "2023 年更名"
""",
)
_CLEAR = Text("show clear values", "显示明文")
_BLIND = Text("hide scores, reasons and others' verdicts until you have given yours",
              "在您裁决之前隐藏评分、理由与他人裁决")  # fmt: skip
_MINE = Text("only those assigned to you", "仅分配给您的任务")
_WHY = Text("why (name nobody)", "理由(勿写个人信息)")


@click.group(invoke_without_command=True, help=str(HELP))
@click.option("--as", "person", help=str(AS))
@click.option("--clear", is_flag=True, help=str(_CLEAR))
@click.option("--blind", is_flag=True, help=str(_BLIND))
@click.option("--mine", is_flag=True, help=str(_MINE))
@verb_options
@click.pass_context
def review(
    ctx: click.Context, person: str | None, clear: bool, blind: bool, mine: bool, out: Output
) -> None:
    """Ask one question after the other, unless a verb follows."""
    if ctx.invoked_subcommand is not None:
        return
    from crm_migrate.cli.review_session import review_one_by_one
    from crm_migrate.stages.review.view import Viewing
    from crm_migrate.trust.people import Action

    with opened(ctx, out) as session:
        who = session.acting(person, Action.REVIEW)
        if clear:
            session.record(who.id, "review.shown", {"tasks": None})
        viewing = Viewing(who.id, clear, blind, current_language())
        done = review_one_by_one(session, out, who, viewing, mine=mine)
    out.say(
        Text(
            f"{done['answered']} answered, {done['skipped']} skipped, {done['undone']} undone",
            f"已裁决 {done['answered']} 项,跳过 {done['skipped']} 项,撤销 {done['undone']} 项",
        ),
        "bold",
    )
    out.next_step("crm-migrate plan")
    out.result(done)


@review.command("list", help=str(LIST_HELP))
@click.option("--as", "person", help=str(AS))
@click.option("--clear", is_flag=True, help=str(_CLEAR))
@click.option("--blind", is_flag=True, help=str(_BLIND))
@click.option("--mine", is_flag=True, help=str(_MINE))
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
    from crm_migrate.cli.review_table import show_task
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
    from crm_migrate.cli.review_table import show_case
    from crm_migrate.stages.review.cases import list_cases
    from crm_migrate.stages.review.view import Viewing
    from crm_migrate.trust.people import Action

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


@review.command(help=str(DECIDE_HELP))
@click.argument("task")
@click.argument(
    "verdict", type=click.Choice(["same", "different", "unsure", "owner"]), required=False
)
@click.option("--groups", metavar="1,3|2", help=str(Text("of a case", "组的划分")))
@click.option("--as", "person", help=str(AS))
@click.option("--reason", default="", help=str(_WHY))
@click.option("--owner", help=str(Text("who is responsible", "负责人")))
@click.option("--department", help=str(Text("department that agrees", "表态部门")))
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
                 "请对任务给出裁决,或对组使用 --groups")
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


@review.command(help=str(UNDO_HELP))
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


@review.command(help=str(ASSIGN_HELP))
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


@review.command(help=str(SPLIT_HELP))
@click.argument("customer")
@click.argument("records", nargs=-1, required=True, metavar="RECORD…")
@click.option("--as", "person", help=str(AS))
@click.option("--reason", required=True, help=str(_WHY))
@verb_options
@click.pass_context
def split(
    ctx: click.Context,
    customer: str,
    records: tuple[str, ...],
    person: str | None,
    reason: str,
    out: Output,
) -> None:
    """Split a customer."""
    from crm_migrate.pipeline import split_customer

    with opened(ctx, out) as session:
        done = split_customer(session, customer, records, by=person, reason=reason)
    _told(out, done["tasks"], done["open"])
    out.result(done)


@review.command(help=str(JOIN_HELP))
@click.argument("one")
@click.argument("other")
@click.option("--as", "person", help=str(AS))
@click.option("--reason", required=True, help=str(_WHY))
@verb_options
@click.pass_context
def join(
    ctx: click.Context, one: str, other: str, person: str | None, reason: str, out: Output
) -> None:
    """Join two customers."""
    from crm_migrate.pipeline import join_customers

    with opened(ctx, out) as session:
        done = join_customers(session, one, other, by=person, reason=reason)
    _told(out, done["tasks"], done["open"])
    out.result(done)


def _told(out: Output, given: list[dict[str, str]], open_: int) -> None:
    out.say(Text(f"{len(given)} verdicts", f"{len(given)} 项裁决"), "green")
    if open_:
        out.say(Text(f"{open_} want a second person", f"{open_} 项须第二人裁决"), "yellow")
    out.next_step("crm-migrate plan")


review.add_command(export_workbook)
review.add_command(import_workbook)
