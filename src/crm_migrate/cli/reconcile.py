"""`reconcile`: sources and CRM compared row by row, through the mapping."""

from pathlib import Path

import click

from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import AS, opened
from crm_migrate.language import Text, current_language

HELP = Text(
    """Compare every accepted source record with its row in the CRM, field by field.

Each cell that has a value in a source is equal, or differs for a reason: standardized, another
record's value was chosen, sealed, kept as the CRM had it, edited since, not mapped, missing. The
figures add up. RUN is a run, a plan or latest. The workbook is masked and lists the first 50,000
records and differing cells; the rest is counted. Exits with 3 when a row was edited since, or is
missing and nobody knows why.

\b
Examples:
  crm-migrate reconcile
  crm-migrate reconcile latest --out reconciliation.xlsx
""",
    """将每条已接受的来源记录与 CRM 中对应的记录逐字段核对。

来源中每个有值的单元格要么一致，要么有明确原因：标准化、采用了其他来源、已加密、保留 CRM 的值、
写入后被修改、未纳入映射、记录缺失。数量总和一致。RUN 为运行、计划编号或 latest。
工作簿已脱敏，最多列出 50,000 条记录与差异，其余计数。有写入后被修改或原因不明的缺失时退出码为 3。

\b
示例:
  crm-migrate reconcile
  crm-migrate reconcile latest --out reconciliation.xlsx
""",
)


@click.command(help=str(HELP))
@click.argument("run", default="latest", metavar="[RUN]")
@click.option(
    "--out",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help=str(Text("write a masked workbook (.xlsx)", "写出脱敏工作簿(.xlsx)")),
)
@click.option("--as", "person", help=str(AS))
@verb_options
@click.pass_context
def reconcile(
    ctx: click.Context, run: str, file: Path | None, person: str | None, out: Output
) -> int:
    """Compare a run with the CRM."""
    from crm_migrate.loading.reconcile import OUTCOMES
    from crm_migrate.pipeline import reconcile_run
    from crm_migrate.stages.reconciliation.reconciled import row_reason

    with opened(ctx, out) as session:
        report = reconcile_run(session, run, out=file, by=person, language=current_language())
    head = (
        Text("entity", "对象"),
        Text("cells with a value", "有值的单元格"),
        *OUTCOMES.values(),
    )
    rows = [
        (report.labels.get(name, name), e.filled, *(e.found.cells.get(o, 0) for o in OUTCOMES))
        for name, e in report.entities.items()
    ]
    out.table(Text("sources and CRM", "来源与 CRM"), head, rows)
    for name, entity in report.entities.items():
        for reason, count in entity.found.rows.items():
            out.say(f"{report.labels.get(name, name)}: {row_reason(reason)} ({count:,})")
    if not report.adds_up:
        out.say(Text("THE CELLS DO NOT ADD UP", "数量核对不一致！"), "bold red")
    out.next_step(
        "crm-migrate audit report"
        if file is not None
        else f"crm-migrate reconcile {report.run} --out reconciliation.xlsx"
    )
    out.result(report.to_json())
    if not report.adds_up:
        return 1
    return 0 if report.explained else 3
