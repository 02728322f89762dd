"""`review split` and `join`: what linkage never asked, also after it was loaded."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.review.options import WHY
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text

SPLIT_HELP = Text(
    """These records of a customer are another one, also after it was loaded.

CUSTOMER is a golden id, customer code or key of the CRM; each RECORD a row (file:sheet:row), a
record id or a key of the CRM, as `trace` lists them. The next plan inserts the other customer, and
contacts, orders and tickets go with the records that they belong to.

\b
Example:
  crm-migrate review split C0000012345 service.csv:17 --as zhang --reason "two branches"
""",
    """客户中的这些记录其实是另一客户，已导入后也可拆分。

CUSTOMER 为唯一标识、客户编号或 CRM 主键;RECORD 为行（文件:工作表:行）、记录标识或 CRM 主键
（见 `trace`）。下一计划将新增另一客户，其联系人、订单、工单随各自的记录转移。

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
    """两个客户其实是同一客户，而系统未提出疑问。

\b
示例:
  crm-migrate review join C0000012345 service.csv:17 --as zhang --reason "2023 年更名"
""",
)


@click.command(help=str(SPLIT_HELP))
@click.argument("customer")
@click.argument("records", nargs=-1, required=True, metavar="RECORD…")
@click.option("--as", "person", help=str(AS))
@click.option("--reason", required=True, help=str(WHY))
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
    out.say(
        Text(
            "what the CRM allows once only goes over in two plans: the first gives it up, the next"
            " takes it up; plan and apply until nothing is left out",
            "CRM 中须唯一的值分两个计划转移：先让出，再写入；"
            "请重复计划与执行，直至没有未导入的记录",
        )
    )
    out.result(done)


@click.command(help=str(JOIN_HELP))
@click.argument("one")
@click.argument("other")
@click.option("--as", "person", help=str(AS))
@click.option("--reason", required=True, help=str(WHY))
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
