"""`review export` and `review import`: questions decided in Excel or WPS."""

from pathlib import Path

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.protected_file import (
    days_option,
    export_protected,
    password_option,
    password_to_open,
    require_faultless,
)
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, counted, current_language

EXPORT_HELP = Text(
    """Write open questions as a workbook for stewards, protected by a password.

Doubtful pairs and the 撞单 that wait for your department, a sheet each. Values are masked,
differing places marked; --clear writes them readable. Either is journaled, and the file expires. A
line per record: choose the verdict or the owner on the first of a question, comment if you like.

\b
Examples:
  crm-migrate review export 复核.xlsx --as zhang
  crm-migrate review export mine.xlsx --mine --blind --clear --days 7 --as zhang
""",
    """将待裁决问题导出为受口令保护的工作簿。

疑似重复与等待您部门表态的撞单各列一表。默认脱敏并标出差异位置;--clear 导出明文。
两者均记入日志,文件到期清除。每条记录一行:在每题第一行选择裁决或负责人,可填写备注。

\b
示例:
  crm-migrate review export 复核.xlsx --as zhang
  crm-migrate review export mine.xlsx --mine --blind --clear --days 7 --as zhang
""",
)
IMPORT_HELP = Text(
    """Enter the verdicts of a workbook in your name: all, or none if a line is faulty.

Lines that were altered, questions that are no longer asked or were answered since, and records
that changed are named with row and column. Only who exported a file imports it; it may be imported
again: what stands is passed over.

\b
Example:
  crm-migrate review import exports/复核.xlsx --as zhang
""",
    """以您的名义录入工作簿中的裁决:全部录入;如有错误则全部不录入。

被改动的行、不再需要或已有新裁决的问题、导出后有变化的记录,均指出行与列。
只能由导出人导入;可重复导入:已有的裁决会跳过。

\b
示例:
  crm-migrate review import exports/复核.xlsx --as zhang
""",
)


@click.command("export", help=str(EXPORT_HELP))
@click.argument("file", type=click.Path(path_type=Path), metavar="NAME.xlsx")
@click.option("--as", "person", help=str(AS))
@click.option("--clear", is_flag=True, help=str(Text("readable values", "导出明文")))
@click.option("--blind", is_flag=True, help=str(Text("without reasons", "不含理由")))
@click.option("--mine", is_flag=True, help=str(Text("only those assigned to you", "仅分配给您的")))
@click.option("--limit", default=500, show_default=True, help=str(Text("questions", "题数")))
@days_option
@password_option
@verb_options
@click.pass_context
def export_workbook(
    ctx: click.Context,
    file: Path,
    person: str | None,
    clear: bool,
    blind: bool,
    mine: bool,
    limit: int,
    days: int | None,
    password_env: str,
    out: Output,
) -> None:
    """Export questions."""
    from crm_migrate.pipeline import export_reviews

    export_protected(
        *(ctx, out, file, days, password_env),
        lambda session, to: export_reviews(
            session,
            to,
            by=person,
            clear=clear,
            blind=blind,
            mine=mine,
            limit=limit,
            language=current_language(),
        ),
        lambda rows: Text(counted(rows, "question"), f"{rows:,} 题"),
        "crm-migrate review import {path} --as …",
    )


@click.command("import", help=str(IMPORT_HELP))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "person", help=str(AS))
@password_option
@verb_options
@click.pass_context
def import_workbook(
    ctx: click.Context, file: Path, person: str | None, password_env: str, out: Output
) -> None:
    """Import verdicts."""
    from crm_migrate.pipeline import import_reviews

    password = password_to_open(file, password_env)
    with opened(ctx, out) as session:
        done = import_reviews(session, file, password, by=person)
    require_faultless(out, file, done.faults)
    out.say(
        Text(
            f"{done.entered} entered, {done.unchanged} stood already, {done.empty} left empty",
            f"录入 {done.entered} 项，已有 {done.unchanged} 项，未填 {done.empty} 项",
        ),
        "green",
    )
    if done.comments_left:
        out.say(
            Text(
                f"{counted(done.comments_left, 'comment')} not entered: the verdict stood already;"
                " take it back first (`review undo`), or use `review decide --reason`",
                f"{done.comments_left} 条备注未录入：裁决此前已存在；请先 `review undo` 再导入，"
                "或使用 `review decide --reason`",
            ),
            "yellow",
        )
    if done.open:
        out.say(Text(f"{done.open} still open", f"{done.open} 项仍待裁决"), "yellow")
    out.next_step("crm-migrate plan")
    out.result(done.to_json())
