"""`mapping export` and `mapping import`: business people confirm mappings in Excel or WPS."""

from pathlib import Path

import click

from crm_migrate.cli.folder import project_folder
from crm_migrate.cli.output import Output, verb_options
from crm_migrate.errors import CrmMigrateError, UsageFault
from crm_migrate.language import Text, current_language

EXPORT_HELP = Text(
    """Write the mapping workbook: a sheet per table, per value map, and the owners.

It holds labels and invented examples, no values of customers: it may be sent around.

\b
Example:
  crm-migrate mapping export mapping.xlsx
""",
    """导出映射工作簿：每张源表、每个取值映射及负责人各一个工作表。

只含列名与虚构示例，不含客户数据，可直接发给业务人员。

\b
示例:
  crm-migrate mapping export 映射.xlsx
""",
)
IMPORT_HELP = Text(
    """Take over what people changed and confirmed; the YAML files keep everything else.

Every faulty cell is reported with sheet and row, and then nothing is changed.

\b
Example:
  crm-migrate mapping import mapping.xlsx
""",
    """读回工作簿中的修改与确认，其余 YAML 内容保持不变。

如有错误，将按工作表与行号逐一列出，且不作任何修改。

\b
示例:
  crm-migrate mapping import 映射.xlsx
""",
)
FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.xlsx")


@click.group(help=str(Text("Confirm mappings in Excel.", "在 Excel 中确认映射。")))
def mapping() -> None:
    """The group of mapping verbs."""


@mapping.command("export", help=str(EXPORT_HELP))
@FILE
@verb_options
@click.pass_context
def export_(ctx: click.Context, file: Path, out: Output) -> None:
    """Write the workbook."""
    from crm_migrate.mapping.workbook import export_workbook
    from crm_migrate.project import load_project

    if file.suffix.lower() != ".xlsx":
        raise UsageFault(
            Text("the workbook's name ends with .xlsx", "工作簿应以 .xlsx 结尾"), where=str(file)
        )
    project = load_project(project_folder(ctx))
    try:
        export_workbook(project, file, current_language())
    except OSError as error:
        raise CrmMigrateError(
            Text(
                f"the workbook cannot be written ({error.strerror})",
                f"无法写入工作簿({error.strerror})",
            ),
            where=str(file),
            remedy=Text(
                "close it in Excel, or choose another place",
                "请先在 Excel 中关闭该文件，或另选位置",
            ),
        ) from error
    tables = sum(len(m.tables) for m in project.mappings.values())
    maps = len(project.value_maps)
    out.say(Text(f"{file}: {tables} tables, {maps} value maps",
                 f"{file}：{tables} 张表，{maps} 个取值映射"), "green")  # fmt: skip
    out.next_step(f"crm-migrate mapping import {file}")
    out.result({"file": str(file), "tables": tables, "value_maps": maps})


@mapping.command("import", help=str(IMPORT_HELP))
@FILE
@verb_options
@click.pass_context
def import_(ctx: click.Context, file: Path, out: Output) -> None:
    """Read the workbook back."""
    from crm_migrate.mapping.workbook_import import import_workbook

    changes = import_workbook(project_folder(ctx), file)
    language = current_language()
    for line in changes.lines:
        out.say(f"  {line.in_language(language)}")
    count = len(changes.lines)
    out.say(Text(f"{count} changes in {len(changes.files)} files",
                 f"{len(changes.files)} 个文件中有 {count} 处修改"), "green")  # fmt: skip
    if changes.rejected:
        text = Text(
            f"{changes.rejected} rows were answered with no: see the comments",
            f"{changes.rejected} 行被标为“否”，请查看备注",
        )
        out.say(text, "yellow")
    out.next_step("crm-migrate check")
    out.result(
        {
            "files": [str(p) for p in changes.files],
            "changes": [line.in_language(language) for line in changes.lines],
            "rejected": changes.rejected,
        }
    )
