"""What SQLite reports, as faults that carry no value and no statement."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.target import ConstraintViolated, TransientFault, Violation

_CONSTRAINTS: dict[str, Violation] = {
    "SQLITE_CONSTRAINT_UNIQUE": "unique",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "unique",
    "SQLITE_CONSTRAINT_ROWID": "unique",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign_key",
    "SQLITE_CONSTRAINT_NOTNULL": "not_null",
    "SQLITE_CONSTRAINT_CHECK": "check",
    "SQLITE_CONSTRAINT_DATATYPE": "check",
    "SQLITE_CONSTRAINT_TRIGGER": "trigger",
}


_FAULTS: dict[str, tuple[Text, Text]] = {
    "SQLITE_BUSY": (
        Text("the target is locked by another program", "目标数据库被其他程序锁定"),
        Text("close the program that writes to it, then run again", "请关闭正在写入的程序后重试"),
    ),
    "SQLITE_READONLY": (
        Text("the target can't be written", "目标数据库不可写"),
        Text(
            "give this user write rights on the file and its folder; after a crash, open it once"
            " with a program that may write",
            "请授予当前用户对该文件及其文件夹的写权限；若曾异常中断，请先用有写权限的程序打开一次",
        ),
    ),
    "SQLITE_FULL": (
        Text("the disk that holds the target is full", "目标数据库所在磁盘已满"),
        Text(
            "make room and run again: what was finished stays, the rest is continued",
            "请腾出空间后重新运行：已完成的部分保留，其余继续执行",
        ),
    ),
    "SQLITE_CANTOPEN": (
        Text("the target can't be opened", "无法打开目标数据库"),
        Text(
            "check that the file exists and that this user may open it and its folder",
            "请检查文件是否存在，以及当前用户是否有权打开该文件及其文件夹",
        ),
    ),
    "SQLITE_IOERR": (
        Text("the target's disk reports an error", "目标数据库所在磁盘读写出错"),
        Text("check the disk and its free space", "请检查磁盘及剩余空间"),
    ),
    "SQLITE_NOTADB": (
        Text("the target is not a SQLite database", "目标文件不是 SQLite 数据库"),
        Text("correct target.url", "请修改 target.url"),
    ),
    "SQLITE_CORRUPT": (
        Text("the target's file is damaged", "目标数据库文件已损坏"),
        Text("restore it from a backup", "请从备份恢复"),
    ),
}


def _fault(error: BaseException, file: Path) -> TargetFault:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith("SQLITE_CONSTRAINT"):
        return ConstraintViolated(_CONSTRAINTS.get(name, "other"), where=str(file))
    for code, (message, remedy) in _FAULTS.items():
        if name.startswith("SQLITE_BUSY") and name.startswith(code):
            return TransientFault("lock_timeout", message, where=str(file), remedy=remedy)
        if name.startswith(code):
            return TargetFault(message, where=str(file), remedy=remedy)
    # The driver's own words may quote a cell: only its code is passed on.
    message = Text("the target answered with {code}", "目标数据库返回错误 {code}")
    return TargetFault(message.fill(code=name or type(error).__name__), where=str(file))


def cannot_open(file: Path) -> TargetFault:
    """The fault of a file that can't be read."""
    message, remedy = _FAULTS["SQLITE_CANTOPEN"]
    return TargetFault(message, where=file.as_posix(), remedy=remedy)


@contextmanager
def faults(file: Path) -> Iterator[None]:
    """Turns what SQLite reports into faults that carry no value and no statement."""
    try:
        yield
    except DBAPIError as error:
        raise _fault(error.orig or error, file) from None
    except sqlite3.Error as error:
        raise _fault(error, file) from None
