"""`check`: every fault of the project at once."""

import click

from crm_migrate.cli.folder import project_folder
from crm_migrate.cli.output import Output, verb_options
from crm_migrate.language import Text, current_language

HELP = Text(
    """Check the project: its files, the headers of its sources, the target. Writes nothing.

Every fault is shown with file and line. Needs no keys; read rights on the target suffice. Exit
code 2 when there are faults.

\b
Examples:
  crm-migrate check
  crm-migrate check --json | jq -r '.faults[].where'
""",
    """检查项目:项目文件、数据源表头与目标系统;不写入任何内容。

逐条列出错误所在的文件与行号。无需密钥,对目标只需读权限。有错误时退出码为 2。

\b
示例:
  crm-migrate check
  crm-migrate check --json | jq -r '.faults[].where'
""",
)


@click.command(help=str(HELP))
@verb_options
@click.pass_context
def check(ctx: click.Context, out: Output) -> int:
    """Check the project."""
    from crm_migrate.pipeline import check as check_project

    found = check_project(project_folder(ctx))
    if found.sources:
        head = (
            Text("source", "数据源"),
            Text("table", "表"),
            Text("columns", "列"),
            Text("read", "采集"),
        )
        rows = [(t.source, t.table, t.columns, t.mapped) for t in found.sources]
        out.table(Text("sources", "数据源"), head, rows, numbers_from=2)
    if found.read:
        rights = {
            True: Text("read and write", "可读写"),
            False: Text("read only: enough to plan, not to apply", "只读:可生成计划,不可执行"),
            None: Text("read; whether it may be written shows at apply", "可读;写权限在执行时确认"),
        }[found.write]
        tables = found.target_tables
        out.say(Text(f"target: {tables} tables, {rights.en}", f"目标:{tables} 张表,{rights.zh}"))
    language = current_language()
    for fault in found.faults:
        out.say(f"{fault.where}: {fault.message.in_language(language)}", "red")
        if fault.remedy is not None:
            out.say(f"  {fault.remedy.in_language(language)}")
    if found.ok:
        out.say(Text("no faults", "未发现错误"), "green")
        out.next_step("crm-migrate plan")
    else:
        count = len(found.faults)
        out.say(Text(f"{count} faults", f"共 {count} 处错误"), "bold red")
        out.next_step(
            Text("correct them, then: crm-migrate check", "改正后再运行:crm-migrate check")
        )
    out.result(found.to_json(language))
    return 0 if found.ok else 2
