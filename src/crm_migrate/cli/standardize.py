"""`standardize`: bring the records of bare files into standard form, and say what is wrong."""

from pathlib import Path
from typing import Any, NamedTuple

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text

HELP = Text(
    """Standardize and check the records of files (csv, xlsx, xls, parquet), without a project.

Codes, names, telephones, addresses, dates, amounts … are brought into their standard form and
judged by their standards and by rules across fields. Columns are known by their usual headers,
Chinese or English, and by their values; --suggest shows what each is taken for, and writes it as a
mapping to correct and hand back with --mapping. The result has record_id (the value of --id, or
a stable id of its own) and the standard fields; what the same row says of another record stands
in ENTITY.FIELD, as contact.mobile. Records that cannot be identified are left out of it.

The findings are a line each: record, file, sheet, row, column, field, rule, severity, message,
hint; never a value. Exit code 3: records were quarantined and wait for a correction.
--marked is a copy of an .xlsx input with the cells marked in place. Columns that no field takes
follow the fields as they are.

\b
Examples:
  crm-migrate standardize customers.xlsx --out clean.csv --findings findings.xlsx
  crm-migrate standardize customers.xlsx --out c.xlsx --findings f.xlsx --marked marked.xlsx
  crm-migrate standardize a.csv b.xlsx --id no --out clean.parquet --findings findings.csv
  crm-migrate standardize customers.csv --suggest --out mapping.yaml
  crm-migrate standardize customers.csv --mapping mapping.yaml --out c.xlsx --findings f.xlsx
""",
    """对文件(csv、xlsx、xls、parquet)中的记录进行标准化与校验，无需项目。

代码、名称、电话、地址、日期、金额等转换为标准格式，并按各自标准及跨字段规则校验。
各列按中英文常用表头及取值识别；--suggest 显示各列的识别结果，并写为映射文件，
修改后用 --mapping 传入。
结果含 record_id（--id 列的值，未指定时为稳定的内部标识）与各标准字段；
同一行中其他对象的字段写作 对象.字段，如 contact.mobile。无法识别的记录不写入结果。

问题清单每行一条：记录、文件、工作表、行、列、字段、规则、级别、说明、处理建议；不含数据原值。
退出码 3:有记录被隔离，待更正。--marked 为 .xlsx 源文件的标注副本。未识别的列原样附在结果之后。

\b
示例:
  crm-migrate standardize 客户.xlsx --out 标准数据.csv --findings 问题.xlsx
  crm-migrate standardize 客户.xlsx --out 标准数据.xlsx --findings 问题.xlsx --marked 标注.xlsx
  crm-migrate standardize a.csv b.xlsx --id 编号 --out 标准数据.parquet --findings 问题.csv
  crm-migrate standardize 客户.csv --suggest --out 映射.yaml
  crm-migrate standardize 客户.csv --mapping 映射.yaml --out c.xlsx --findings f.xlsx
""",
)
WAITING = 3


class Outputs(NamedTuple):
    """What is written."""

    records: Path
    findings: Path
    marked: Path | None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of it."""
        return tuple(path for path in self if path is not None)


@click.command(help=str(HELP))
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    help=str(
        Text("mapping file (default: by the usual headers)", "映射文件（默认按常用表头识别）")
    ),
)
@click.option(
    "--out", "target", type=click.Path(path_type=Path), help=str(Text("result", "结果文件"))
)
@click.option(
    "--findings", type=click.Path(path_type=Path), help=str(Text("what was found", "问题清单文件"))
)
@click.option("--id", "id_column", help=str(Text("column that names a record", "标识列")))
@click.option(
    "--entity",
    metavar="ENTITY",
    help=str(
        Text(
            "what a row is: customer, contact, contract … (default: customer, where there are any)",
            "每行对应的对象:customer、contact、contract 等（默认 customer）",
        )
    ),
)
@click.option(
    "--suggest",
    is_flag=True,
    help=str(
        Text(
            "only show what columns are taken for; with --out FILE.yaml, write the mapping",
            "仅显示各列的识别结果；配合 --out FILE.yaml 写出映射文件",
        )
    ),
)
@click.option(
    "--marked",
    type=click.Path(path_type=Path),
    help=str(
        Text(
            "copy of the input workbook (.xlsx): repaired cells filled in, doubtful ones commented",
            "源工作簿(.xlsx)的标注副本：已修正的单元格直接更正，存疑的加批注",
        )
    ),
)
@click.option(
    "--known-only",
    is_flag=True,
    help=str(Text("leave out columns that no field takes", "不保留未识别的列")),
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    show_default=True,
    help=str(
        Text(
            "exit with 3 where there are errors (quarantined records), or warnings, too",
            "有错误（隔离记录）或警告时以退出码 3 结束",
        )
    ),
)
@click.option("--sheet", help=str(Text("sheet of a workbook", "工作表")))
@click.option(
    "--encoding",
    help=str(Text("of a csv file, where it is guessed wrong", "csv 编码（误判时指定）")),
)
@click.option(
    "--password-env",
    metavar="VAR",
    help=str(
        Text(
            "variable with a password: .xlsx files are encrypted with it",
            "口令所在环境变量：以此加密 .xlsx 文件",
        )
    ),
)
@verb_options
def standardize(
    files: tuple[Path, ...],
    target: Path | None,
    findings: Path | None,
    suggest: bool,
    marked: Path | None,
    known_only: bool,
    fail_on: str,
    password_env: str | None,
    out: Output,
    **options: Any,
) -> int:
    """Standardize files."""
    if not files:
        raise _usage(Text("FILE is needed", "需要 FILE"))
    if suggest:
        from crm_migrate.cli.suggested_mapping import suggest_mapping

        suggest_mapping(files, target, out, **options)
        return 0
    if target is None or findings is None:
        raise _usage(Text("--out and --findings are needed", "需要 --out 与 --findings"))
    outputs = Outputs(target, findings, marked)
    password = _password(password_env, *outputs.paths)
    from crm_migrate.stages.bare.table_files import require_outputs

    require_outputs(files, outputs.paths)
    if marked is not None:
        from crm_migrate.stages.bare.markable import require_markable

        require_markable(files, marked)
    told = _work(files, outputs, password, out, known_only=known_only, **options)
    return WAITING if _fails(told, fail_on) else 0


def _fails(told: dict[str, Any], fail_on: str) -> bool:
    wrong = told["quarantined"] + (told["severities"]["warning"] if fail_on == "warning" else 0)
    return fail_on != "never" and wrong > 0


def _usage(message: Text) -> UsageFault:
    return UsageFault(
        message,
        remedy=Text(
            "see: crm-migrate standardize --help; to see what columns are taken for: "
            "crm-migrate standardize FILE --suggest",
            "参见:crm-migrate standardize --help;查看各列的识别结果："
            "crm-migrate standardize FILE --suggest",
        ),
    )


def _password(variable: str | None, *paths: Path) -> str | None:
    from crm_migrate.cli.protected_file import password_of

    if variable is None:
        return None
    if any(p.suffix.lower() != ".xlsx" for p in paths):
        raise UsageFault(
            Text("only .xlsx files can be put under a password", "只有 .xlsx 文件可加口令"),
            where="--password-env",
            remedy=Text("name both results .xlsx", "请将两个结果文件命名为 .xlsx"),
        )
    return password_of(variable)


def _work(
    files: tuple[Path, ...],
    outputs: Outputs,
    password: str | None,
    out: Output,
    **options: Any,
) -> dict[str, Any]:
    from datetime import date

    from crm_migrate.cli.standardized import show_marked, show_result
    from crm_migrate.pipeline import (
        standardize_files,
        standardized_summary,
        write_marked,
        write_standardized,
    )

    cells: dict[str, int] | None = None
    with out.progress() as progress:
        result = standardize_files(files, today=date.today(), progress=progress, **options)
        label = str(Text("writing", "写入"))
        progress(label, 0, len(outputs.paths))
        write_standardized(result, outputs.records, outputs.findings, password)
        progress(label, 2, len(outputs.paths))
        if outputs.marked is not None:
            cells = write_marked(result, files[0], outputs.marked, password)
            progress(label, 3, 3)
    told = standardized_summary(result)
    show_result(result, outputs.findings, out)
    if cells is not None:
        show_marked(files[0], cells, out)
    for path in outputs.paths:
        out.say(str(path))
    out.next_step(_next(told, outputs.records, outputs.findings))
    marked = None if outputs.marked is None else {"out": str(outputs.marked), "cells": cells}
    told |= {"out": str(outputs.records), "findings_out": str(outputs.findings), "marked": marked}
    out.result(told)
    return told


def _next(told: dict[str, Any], target: Path, findings: Path) -> Text | str:
    if not told["records"]:
        return Text(
            "the file has a header and no rows: check that it is the right one",
            "文件只有表头而无数据行，请确认文件是否正确",
        )
    if told["quarantined"]:
        return Text(
            f"open {findings}, correct the rows of severity error in the source, and run again",
            f"打开 {findings}，在源文件中更正级别为“错误”(error)的行，然后重新运行",
        )
    if told["entity"] == "customer":
        return f"crm-migrate link {target} --id record_id --rules company-cn --out clusters.csv"
    return Text(f"open {findings} and look at the warnings", f"打开 {findings} 查看警告")
