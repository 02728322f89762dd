"""Workbooks under a password, out to people and back: options and words of all their verbs."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_migrate.cli.output import Output
from crm_migrate.cli.session import opened
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text, counted

if TYPE_CHECKING:
    from crm_migrate.pipeline import Session
    from crm_migrate.stages.exports.folder import Destination, Exported
    from crm_migrate.stages.exports.returned import CellFault

PASSWORD = "CRM_MIGRATE_EXPORT_PASSWORD"
_ZIP = b"PK"

days_option = click.option(
    "--days",
    type=click.IntRange(0, 365),
    help=str(
        Text(
            "days until it expires (default: the project's retention)",
            "有效天数（默认同项目保留期）",
        )
    ),
)
password_option = click.option(
    "--password-env",
    metavar="VAR",
    default=PASSWORD,
    show_default=True,
    help=str(Text("variable with the password", "口令所在环境变量")),
)


def password_of(variable: str, *, again: bool = True) -> str:
    """The password in an environment variable, else asked for (twice, when `again`).

    Raises:
        UsageFault: a variable was named and is not set.
    """
    text = os.environ.get(variable)
    if text is not None:
        return text
    if variable != PASSWORD:
        raise UsageFault(
            Text(f"{variable} is not set", f"环境变量 {variable} 未设置"),
            remedy=Text(f"export {variable}=…", f"请先设置 {variable}"),
        )
    prompt = str(Text("password of the export", "导出文件口令"))
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=again, err=True))


def password_to_open(file: Path, variable: str) -> str | None:
    """The password of a workbook that came back; None where it was saved without one.

    Raises:
        UsageFault: a variable was named and is not set.
    """
    with file.open("rb") as opened:
        clear = opened.read(len(_ZIP)) == _ZIP  # an encrypted one is an OLE container
    return None if clear else password_of(variable, again=False)


def export_protected(
    ctx: click.Context,
    out: Output,
    file: Path,
    days: int | None,
    password_env: str,
    write: "Callable[[Session, Destination], Exported]",
    words: Callable[[int], Text],
    then: str,
) -> None:
    """Write a workbook into `exports/`; say where it lies, until when, and what comes next.

    `words`: what is in it, by the number of lines. `then`: the next command; `{path}` is the file.
    """
    from crm_migrate.stages.exports.folder import Destination, folder, place

    with opened(ctx, out) as session:
        place(session, file)  # faults before anybody is asked for a password
        done = write(session, Destination(file, password_of(password_env), days))
        path = folder(session) / done.file
    count = words(done.rows)
    out.say(Text(f"{path}: {count.en}", f"{path}:{count.zh}"), "green")
    out.say(
        Text(
            f"expires {done.expires_at}; tell the password by another way",
            f"有效期至 {done.expires_at}；请另行告知口令",
        ),
        "yellow",
    )
    out.next_step(then.format(path=path))
    result: dict[str, Any] = done.to_json() | {"path": str(path)}
    out.result(result)


FAULT_HEAD = (Text("sheet", "工作表"), Text("row", "行"), Text("column", "列"),
              Text("what is wrong", "问题"))  # fmt: skip


def tell_cells(out: Output, title: Text | str, cells: "Sequence[CellFault]") -> None:
    """A table of places in a workbook and what is said of them."""
    out.table(title, FAULT_HEAD, [(f.sheet, f.row, f.column, f.message) for f in cells])


def require_faultless(out: Output, file: Path, faults: "Sequence[CellFault]") -> None:
    """Tell every fault of a workbook that came back; with any of them nothing was entered.

    Raises:
        UsageFault: there are faults; the first is named.
    """
    if not faults:
        return
    tell_cells(out, "", faults)
    count, first = len(faults), faults[0]
    raise UsageFault(
        Text(
            f"{counted(count, 'fault')}, nothing was entered; the first: {first.message}",
            f"{count} 处错误，未录入任何内容；首个：{first.message}",
        ),
        where=f"{file.name}:{first.sheet}:{first.row}:{first.column}",
        remedy=Text("correct these lines, or export again", "请更正后重试，或重新导出"),
    )
