"""`export`: readable data for people, under a password, until it expires."""

from pathlib import Path

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.protected_file import (
    days_option,
    export_protected,
    password_option,
)
from crm_migrate.cli.session import AS, opened
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text, current_language

HELP = Text(
    """Write readable personal data into exports/, as a workbook under a password.

The only verb that does. It is journaled (who, what, how many lines), each field follows the policy
for exports, and the file expires: --sweep deletes what has, and so does every later export. The
password comes from CRM_MIGRATE_EXPORT_PASSWORD (or the variable of --password-env), else you are
asked.

\b
Examples:
  crm-migrate export customers --out customers.xlsx
  crm-migrate export findings --out findings.xlsx --days 7 --as zhang
  crm-migrate export --sweep
""",
    """将可读的个人信息写入 exports/,为带口令的加密工作簿。

只有本命令会写出明文数据。导出记入日志（人员、内容、行数），各字段按导出策略处理;
文件到期后由 --sweep 或下一次导出删除。
口令取自 CRM_MIGRATE_EXPORT_PASSWORD（或 --password-env 指定的变量），否则会提示输入。

\b
示例:
  crm-migrate export customers --out 客户.xlsx
  crm-migrate export findings --out 问题.xlsx --days 7 --as zhang
  crm-migrate export --sweep
""",
)
_WHAT = click.Choice(["customers", "crosswalk", "findings", "quarantine", "review"])


@click.command(help=str(HELP))
@click.argument("what", type=_WHAT, required=False, metavar="[WHAT]")
@click.option("--out", "file", type=click.Path(path_type=Path), metavar="NAME.xlsx",
              help=str(Text("file in exports/", "exports/ 中的文件")))  # fmt: skip
@click.option("--run", "run", default="latest", show_default=True,
              help=str(Text("run: id, path, latest", "运行：编号、路径、latest")))  # fmt: skip
@days_option
@password_option
@click.option("--sweep", is_flag=True, help=str(Text("delete expired exports", "删除到期导出")))
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def export(
    ctx: click.Context,
    what: str | None,
    file: Path | None,
    run: str,
    days: int | None,
    password_env: str,
    sweep: bool,
    person: str | None,
    out: Output,
) -> None:
    """Export, or sweep."""
    if sweep == (what is not None) or (what is not None and file is None):
        kinds = " | ".join(_WHAT.choices)
        raise UsageFault(
            Text("either WHAT and --out, or --sweep", "请指定 WHAT 与 --out,或使用 --sweep"),
            remedy=Text(f"WHAT is one of: {kinds}", f"WHAT 可为：{kinds}"),
        )
    if what is None or file is None:
        _sweep(ctx, person, out)
        return
    from crm_migrate.pipeline import export as write_export

    export_protected(
        *(ctx, out, file, days, password_env),
        lambda session, to: write_export(
            session,
            what,  # type: ignore[arg-type]  # click.Choice has checked it
            to,
            by=person,
            run=run,
            language=current_language(),
        ),
        lambda rows: Text(f"{rows:,} lines", f"{rows:,} 行"),
        "crm-migrate export --sweep",
    )


def _sweep(ctx: click.Context, person: str | None, out: Output) -> None:
    from crm_migrate.pipeline import sweep_exports
    from crm_migrate.stages.exports.folder import listed

    with opened(ctx, out) as session:
        gone = sweep_exports(session, by=person)
        left = listed(session)
    for entry in gone:
        out.say(Text(f"deleted: {entry.file}", f"已删除：{entry.file}"))
    out.say(
        Text(f"{len(gone)} deleted, {len(left)} stand", f"删除 {len(gone)} 个，保留 {len(left)} 个")
    )
    out.next_step("crm-migrate audit verify")
    out.result({"deleted": [e.to_json() for e in gone], "standing": [e.to_json() for e in left]})
