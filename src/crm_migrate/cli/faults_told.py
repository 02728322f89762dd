"""Faults as people and programs read them: a message, what helps, and an exit code."""

import errno
import json
import os
from typing import Any

import click

from crm_migrate.errors import CrmMigrateError, WorkspaceFault
from crm_migrate.language import Text, current_language


def usage_told(fault: click.UsageError, wants_json: bool) -> int:
    """Tell how a verb was called wrongly; returns the exit code."""
    path = fault.ctx.command_path if fault.ctx else "crm-migrate"
    message = fault.format_message()
    remedy = Text(f"see: {path} --help", f"参见：{path} --help")
    return told(wants_json, "usage", Text(message, message), None, remedy, 2)


def fault_told(fault: CrmMigrateError, wants_json: bool) -> int:
    """Tell a fault of ours; returns the exit code."""
    described = fault.describe(current_language())
    _report(wants_json, described)
    return fault.exit_code


def no_access(error: OSError) -> WorkspaceFault:
    """A file or folder that the system refuses; a system's error text carries no data."""
    match error.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            message = Text("no right to read or write this", "没有读写权限")
            remedy = Text("check the rights on it and its folder", "请检查该文件及其文件夹的权限")
        case errno.ENOSPC | errno.EDQUOT:
            message = Text("the disk is full", "磁盘已满")
            remedy = Text("free some space, then run again", "请腾出空间后重试")
        case _:
            text = os.strerror(error.errno) if error.errno else type(error).__name__
            message = Text(f"the system reports: {text}", f"操作系统报告：{text}")
            remedy = Text("check that the file or folder is there", "请检查该文件或文件夹是否存在")
    where = None if error.filename is None else os.fsdecode(error.filename)
    return WorkspaceFault(message, where=where, remedy=remedy)


def told(
    wants_json: bool, code: str, message: Text, where: str | None, remedy: Text | None, exit_: int
) -> int:
    """Tell a fault in these words; returns the exit code."""
    described = {
        "code": code,
        "message": str(message),
        "where": where,
        "remedy": str(remedy) if remedy else None,
    }
    _report(wants_json, described)
    return exit_


def _report(wants_json: bool, described: dict[str, Any]) -> None:
    label = str(Text("error", "错误"))
    lines = [f"{label}: {described['message']}"]
    if described["where"] and described["where"] not in str(described["message"]):
        lines.append(f"  {Text('where', '位置')}: {described['where']}")
    if described["remedy"]:
        lines.append(f"  {Text('remedy', '处理')}: {described['remedy']}")
    click.echo("\n".join(lines), err=True)
    if wants_json:
        click.echo(json.dumps({"error": described}, ensure_ascii=False))


def unexpected_told(error: Exception, wants_json: bool) -> int:
    """Tell a fault of the program itself, without its own text; returns the exit code."""
    if os.environ.get("CRM_MIGRATE_DEBUG") == "1":
        raise error
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = ""
    if frame is not None:
        place = f"{os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno}"  # noqa: PTH119
    name = type(error).__name__
    message = Text(
        f"unexpected {name} at {place}; its text is withheld because it may carry data",
        f"意外错误 {name}({place});错误文本可能含有数据，故不显示",
    )
    remedy = Text(
        "run again; if it stays, report it with the command (CRM_MIGRATE_DEBUG=1 shows all)",
        "请重试；若仍出现，请连同命令一并反馈（CRM_MIGRATE_DEBUG=1 可显示全部）",
    )
    return told(wants_json, "internal", message, place, remedy, 1)
