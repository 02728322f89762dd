"""`show --packs`: a workbook per department or owner, to check and sign."""

from pathlib import Path
from typing import Literal

import click

from crm_migrate.cli.output import Output
from crm_migrate.cli.session import opened
from crm_migrate.language import Text, current_language


def write(
    ctx: click.Context,
    plan: str,
    by: Literal["department", "owner"],
    folder: Path | None,
    out: Output,
) -> None:
    """Write the packs and say where they are."""
    from crm_migrate.pipeline import write_packs

    with opened(ctx, out) as session:
        packs = write_packs(session, plan, by, current_language(), folder)
    head = (
        Text("for", "对象"),
        Text("customers", "客户数"),
        Text("operations", "操作数"),
        Text("file", "文件"),
    )
    rows = [(line.name, line.customers, line.operations, line.file) for line in packs.lines]
    out.table(Text("packs to check and sign", "核对签字工作簿"), head, rows, 1, 3)
    out.say(Text(f"index: {packs.index}", f"目录：{packs.index}"))
    out.next_step("crm-migrate plan --exclude FILE.xlsx")
    out.result(packs.to_json())
