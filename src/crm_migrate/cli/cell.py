"""`cell`: a person sets a golden cell where all sources are wrong."""

import sys

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

HELP = Text(
    """Set golden cells by hand where all sources are wrong.

\b
Example:
  crm-migrate cell set C0000012345 address --reason "moved in May" --as zhang
""",
    """来源均有误时人工改值。

\b
示例:
  crm-migrate cell set C0000012345 address --reason "五月搬迁" --as zhang
""",
)
SET_HELP = Text(
    """Set FIELD of a customer, above what the sources say, from the next plan on.

CUSTOMER is a golden id, customer code or key of the CRM. The value is asked for, or read from
standard input; it never stands on the command line. It holds until a source value of the cell
changes, until --days are over, or until it is withdrawn. The plan still has to be approved.

\b
Examples:
  crm-migrate cell set C0000012345 address --reason "moved in May" --days 180 --as zhang
  printf '%s' "$ADDRESS" | crm-migrate cell set C0000012345 address --reason moved --as zhang
""",
    """人工设定客户某字段的值，自下一计划起优先于各来源。

CUSTOMER 为唯一标识、客户编号或 CRM 主键。值在提示后输入，或从标准输入读取，不写在命令行上。
有效至该单元格的来源值发生变化、--days 到期，或被撤回为止。计划仍须审批。

\b
示例:
  crm-migrate cell set C0000012345 address --reason "五月搬迁" --days 180 --as zhang
  printf '%s' "$ADDRESS" | crm-migrate cell set C0000012345 address --reason 搬迁 --as zhang
""",
)
LIST_HELP = Text(
    """List the cells that people set, masked; --clear is journaled. --all: ended ones, too.

\b
Example:
  crm-migrate cell list
""",
    """列出人工改值（脱敏）;--clear 显示明文并记入日志;--all 含已失效的。

\b
示例:
  crm-migrate cell list
""",
)
WITHDRAW_HELP = Text(
    """Let the sources decide about a cell again; NUMBER as `cell list` shows it.

\b
Example:
  crm-migrate cell withdraw 3 --as zhang
""",
    """撤回人工改值，恢复由来源决定;NUMBER 见 `cell list`。

\b
示例:
  crm-migrate cell withdraw 3 --as zhang
""",
)


@click.group(help=str(HELP))
def cell() -> None:
    """The group of verbs about set cells."""


@cell.command("set", help=str(SET_HELP))
@click.argument("customer")
@click.argument("field")
@click.option(
    "--reason", required=True, help=str(Text("why (name nobody)", "理由（勿写个人信息）"))
)
@click.option("--days", type=click.IntRange(1), help=str(Text("until it expires", "有效天数")))
@click.option("--anyway", is_flag=True, help=str(Text("though it is doubtful", "值存疑也设定")))
@click.option("--entity", default="customer", show_default=True, help=str(Text("entity", "对象")))
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def set_cell(
    ctx: click.Context,
    customer: str,
    field: str,
    reason: str,
    days: int | None,
    anyway: bool,
    entity: str,
    person: str | None,
    out: Output,
) -> None:
    """Set a cell."""
    from crm_migrate.pipeline import set_golden_cell

    value = _value(field)
    with opened(ctx, out) as session:
        done = set_golden_cell(
            session, customer, field, value, reason=reason, by=person, days=days,
            anyway=anyway, entity=entity, language=current_language(),
        )  # fmt: skip
    out.say(f"{done.number} · {done.label}: {done.value}", "green")
    out.next_step("crm-migrate plan")
    out.result(done.to_json())


@cell.command("list", help=str(LIST_HELP))
@click.option("--all", "everything", is_flag=True, help=str(Text("ended ones, too", "含已失效")))
@click.option("--clear", is_flag=True, help=str(Text("show clear values", "显示明文")))
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def list_set(
    ctx: click.Context, everything: bool, clear: bool, person: str | None, out: Output
) -> None:
    """List what was set."""
    from crm_migrate.pipeline import list_cells

    with opened(ctx, out) as session:
        found = list_cells(
            session, by=person, clear=clear, everything=everything, language=current_language()
        )
    head = (
        *(Text("no.", "编号"), Text("record", "记录"), Text("field", "字段"), Text("value", "值")),
        *(Text("by", "改值人"), Text("until", "有效至"), Text("state", "状态")),
        Text("reason", "理由"),
    )
    out.table(
        "",
        head,
        [
            (str(c.number), c.golden_id[:12], c.label, c.value, c.author, c.expires_at or "-",
             c.state, c.reason)
            for c in found
        ],
        numbers_from=9,
    )  # fmt: skip
    out.next_step("crm-migrate plan")
    out.result({"cells": [c.to_json() for c in found]})


@cell.command(help=str(WITHDRAW_HELP))
@click.argument("number", type=int)
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def withdraw(ctx: click.Context, number: int, person: str | None, out: Output) -> None:
    """Withdraw an override."""
    from crm_migrate.pipeline import withdraw_cell

    with opened(ctx, out) as session:
        withdraw_cell(session, number, by=person)
    out.say(Text(f"{number}: withdrawn", f"{number}：已撤回"), "green")
    out.next_step("crm-migrate plan")
    out.result({"number": number, "state": "withdrawn"})


def _value(field: str) -> str:
    """The value, from standard input where that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.read().strip()
    return str(click.prompt(field, err=True))
