"""`quarantine`: what was set aside, out as a workbook and back with corrections."""

from pathlib import Path

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.protected_file import (
    days_option,
    export_protected,
    password_option,
    password_to_open,
    require_faultless,
    tell_cells,
)
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, counted, current_language

HELP = Text(
    """What was set aside: out to the people who know the customers, and back corrected.

\b
Examples:
  crm-migrate quarantine export 隔离.xlsx
  crm-migrate quarantine import exports/隔离.xlsx --as zhou
  crm-migrate plan --only-rejected
  crm-migrate quarantine list --json | jq '.corrections | length'
""",
    """被隔离的记录:导出给熟悉客户的人员更正,再读回。

\b
示例:
  crm-migrate quarantine export 隔离.xlsx
  crm-migrate quarantine import exports/隔离.xlsx --as zhou
  crm-migrate plan --only-rejected
  crm-migrate quarantine list --json | jq '.corrections | length'
""",
)
EXPORT_HELP = Text(
    """Write the records that were set aside into exports/, as a workbook under a password.

A line per record: file, sheet and row, why it was set aside, what to do, and its cells, which are
the only ones that can be changed. Journaled; the file expires. What policy masks in exports is
masked here, too; a masked cell that stays as it is changes nothing.

\b
Example:
  crm-migrate quarantine export 隔离.xlsx --days 7 --as zhou
""",
    """将被隔离的记录导出到 exports/,为带口令的加密工作簿。

每条记录一行:文件、工作表、行号、隔离原因、处理建议及各字段;只有字段单元格可以修改。
导出记入日志,文件到期清除。策略要求脱敏的字段以脱敏形式显示,保持原样即视为未改。

\b
示例:
  crm-migrate quarantine export 隔离.xlsx --days 7 --as zhou
""",
)
IMPORT_HELP = Text(
    """Enter the corrections of a workbook in your name: all, or none if a line is faulty.

Lines that were altered and records that changed in the source since are named with row and column.
Corrected records keep their ids. A file may be imported again: what stands is passed over. The next
plan reads the records as corrected.

\b
Example:
  crm-migrate quarantine import exports/隔离.xlsx --as zhou
""",
    """以您的名义录入工作簿中的更正:全部录入;如有错误则全部不录入。

被改动的行、导出后源数据有变化的记录,均指出行与列。更正后的记录保留原标识。
可重复导入:已有的更正会跳过。下一次生成计划时按更正后的内容读取。

\b
示例:
  crm-migrate quarantine import exports/隔离.xlsx --as zhou
""",
)
LIST_HELP = Text(
    """List the corrections that stand; values are not shown.

\b
Example:
  crm-migrate quarantine list
""",
    """列出有效的更正，不显示取值。

\b
示例:
  crm-migrate quarantine list
""",
)
WITHDRAW_HELP = Text(
    """Let the source speak for a corrected cell again.

\b
Example:
  crm-migrate quarantine withdraw 3 --as zhou
""",
    """撤销一项更正，恢复按源数据读取。

\b
示例:
  crm-migrate quarantine withdraw 3 --as zhou
""",
)


@click.group(help=str(HELP))
def quarantine() -> None:
    """What was set aside."""


@quarantine.command("export", help=str(EXPORT_HELP))
@click.argument("file", type=click.Path(path_type=Path), metavar="NAME.xlsx")
@click.option("--as", "person", help=str(AS))
@click.option("--run", "run", default="latest", show_default=True,
              help=str(Text("run: id, path, latest", "运行：编号、路径、latest")))  # fmt: skip
@days_option
@password_option
@verb_options
@click.pass_context
def export_workbook(
    ctx: click.Context,
    file: Path,
    person: str | None,
    run: str,
    days: int | None,
    password_env: str,
    out: Output,
) -> None:
    """Export what was set aside."""
    from crm_migrate.pipeline import export_quarantine

    export_protected(
        *(ctx, out, file, days, password_env),
        lambda session, to: export_quarantine(
            session, to, by=person, run=run, language=current_language()
        ),
        lambda rows: Text(counted(rows, "record"), f"{rows:,} 条"),
        "crm-migrate quarantine import {path} --as …",
    )


@quarantine.command("import", help=str(IMPORT_HELP))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "person", help=str(AS))
@password_option
@verb_options
@click.pass_context
def import_workbook(
    ctx: click.Context, file: Path, person: str | None, password_env: str, out: Output
) -> None:
    """Import corrections."""
    from crm_migrate.pipeline import import_quarantine

    password = password_to_open(file, password_env)
    with opened(ctx, out) as session:
        done = import_quarantine(session, file, password, by=person)
    require_faultless(out, file, done.faults)
    passing = counted(done.accepted, "record") + (" passes" if done.accepted == 1 else " pass")
    out.say(
        Text(
            f"{counted(done.entered, 'cell')} of {counted(done.records, 'record')} corrected,"
            f" {done.unchanged:,} as they were;"
            f" {passing} now",
            f"更正 {done.records} 条记录的 {done.entered} 个单元格，{done.unchanged} 个未变；"
            f"{done.accepted} 条记录现已通过",
        ),
        "green",
    )
    if done.still:
        tell_cells(out, Text("would be set aside again", "仍会被隔离"), done.still)
    out.next_step("crm-migrate plan --only-rejected")
    out.result(done.to_json())


@quarantine.command("list", help=str(LIST_HELP))
@verb_options
@click.pass_context
def list_all(ctx: click.Context, out: Output) -> None:
    """List corrections."""
    from crm_migrate.pipeline import list_corrections

    with opened(ctx, out) as session:
        found = list_corrections(session)
    head = (Text("number", "编号"), Text("entity", "对象"), Text("record", "记录"),
            Text("field", "字段"), Text("by", "更正人"), Text("when", "时间"))  # fmt: skip
    rows = [(c.number, c.entity, c.record_id[:12], c.field, c.author, c.at) for c in found]
    out.table(Text("corrections that stand", "有效的更正"), head, rows)
    out.next_step("crm-migrate plan --only-rejected")
    out.result({"corrections": [c.to_json() for c in found]})


@quarantine.command("withdraw", help=str(WITHDRAW_HELP))
@click.argument("number", type=int)
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def withdraw(ctx: click.Context, number: int, person: str | None, out: Output) -> None:
    """Withdraw a correction."""
    from crm_migrate.pipeline import withdraw as withdraw_one

    with opened(ctx, out) as session:
        withdraw_one(session, number, by=person)
    out.say(Text(f"correction {number} withdrawn", f"已撤销更正 {number}"), "green")
    out.next_step("crm-migrate plan")
    out.result({"withdrawn": number})
