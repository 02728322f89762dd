"""`verify`: ask outside a second time about key data; the only verb that asks anybody."""

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text

HELP = Text(
    """Ask outside a second time about key data: mail domains in the DNS, codes in a register.

Only what rules/verification.yaml names is asked, and only by this verb; who asked, whom and about
how many values is journaled. Answers are kept with their date and count for keep_days; values that
were refuted are findings of the next plan.

\b
Examples:
  crm-migrate verify
  crm-migrate verify mail_domain --limit 200
  crm-migrate verify register --again --as li
""",
    """向外部二次核验关键数据：邮箱域名查 DNS,代码等查登记系统。

只核验 rules/verification.yaml 中配置的内容，且只由本命令发出请求；人员、对象与数量均记入日志。
结果连同日期保存，在 keep_days 内有效；被否定的值在下一次生成计划时列为数据问题。

\b
示例:
  crm-migrate verify
  crm-migrate verify mail_domain --limit 200
  crm-migrate verify register --again --as li
""",
)


@click.command(help=str(HELP))
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.option("--again", is_flag=True,
              help=str(Text("also what was answered before", "包括已有结果的值")))  # fmt: skip
@click.option("--limit", type=click.IntRange(1),
              help=str(Text("values at most, of each verifier", "每项最多核验的数量")))  # fmt: skip
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def verify(
    ctx: click.Context,
    names: tuple[str, ...],
    again: bool,
    limit: int | None,
    person: str | None,
    out: Output,
) -> None:
    """Ask."""
    from crm_migrate.pipeline import verify as ask

    with opened(ctx, out) as session:
        done = ask(session, names, by=person, again=again, limit=limit)
    head = (
        Text("verifier", "核验"), Text("known", "已有结果"), Text("asked", "本次核验"),
        Text("confirmed", "确认"), Text("refuted", "否定"), Text("unknown", "未知"),
    )  # fmt: skip
    rows = [(d.verifier, d.known, d.asked, d.confirmed, d.refuted, d.unknown) for d in done]
    out.table(Text("second verification", "二次核验"), head, rows, numbers_from=1)
    out.next_step("crm-migrate plan")
    out.result({"verified": [d.to_json() for d in done]})
