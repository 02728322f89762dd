"""Workbooks under a password, out to people and back: options and words of all their verbs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_migrate.cli.output import Output
from crm_migrate.errors import UsageFault
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.stages.exports.export import Exported

PASSWORD = "CRM_MIGRATE_EXPORT_PASSWORD"
_ZIP = b"PK"

days_option = click.option(
    "--days",
    type=click.IntRange(0, 365),
    help=str(
        Text(
            "days until it expires (default: the project's retention)",
            "有效天数(默认同项目保留期)",
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


def tell_exported(out: Output, done: "Exported", path: Path, count: Text, then: str) -> None:
    """Where it lies, until when, and what comes next. `count`: what is in it, in words."""
    out.say(Text(f"{path}: {count.en}", f"{path}:{count.zh}"), "green")
    out.say(
        Text(
            f"expires {done.expires_at}; tell the password by another way",
            f"有效期至 {done.expires_at};请另行告知口令",
        ),
        "yellow",
    )
    out.next_step(then)
    result: dict[str, Any] = done.to_json() | {"path": str(path)}
    out.result(result)
