"""What PostgreSQL reports, as faults that carry no value and no statement.

Classes and codes are those of appendix A of its manual ("PostgreSQL Error Codes"). The server's
own words may quote a row (`DETAIL: Key (name)=(…)`), so only the code and the names of tables and
constraints are passed on.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.target import ConstraintViolated, Passing, TransientFault, Violation

VIOLATIONS: dict[str, Violation] = {
    "23505": "unique",
    "23P01": "unique",  # exclusion constraint
    "23503": "foreign_key",
    "23001": "foreign_key",  # ON DELETE RESTRICT
    "23502": "not_null",
    "23514": "check",
    "44000": "check",  # WITH CHECK OPTION of a view
    "23": "other",
    "22": "value",  # too long, out of range, not of the column's type
    "P0": "trigger",  # RAISE in PL/pgSQL
    "09000": "trigger",
    "27000": "trigger",
}
"""SQLSTATE or its class → the rule that refused a row."""

_PASSING: dict[str, tuple[Passing, Text]] = {
    "40P01": (
        "deadlock",
        Text("the target and another program waited for each other", "与其他程序互相等待（死锁）"),
    ),
    "55P03": (
        "lock_timeout",
        Text("another program holds rows of the target", "目标数据被其他程序锁定"),
    ),
    "40001": (
        "serialization",
        Text("another program changed the same rows", "其他程序修改了相同的数据"),
    ),
    "40003": ("connection", Text("the connection was lost", "数据库连接中断")),
    "53300": ("connection", Text("the target has no connection to spare", "目标数据库连接数已满")),
    "57P": ("connection", Text("the target was shut down or restarted", "目标数据库已关闭或重启")),
    "08": ("connection", Text("the connection was lost", "数据库连接中断")),
}
_T = TypeVar("_T")
_LOST = _PASSING["08"]
_WAIT = Text("run again when the target answers", "请待目标数据库恢复后重新运行")

_FAULTS: dict[str, tuple[Text, Text]] = {
    "28": (
        Text("the target refused user or password", "目标数据库拒绝该用户名或密码"),
        Text(
            "check user and password; the server's pg_hba.conf must admit this user",
            "请检查用户名和密码，并确认服务器 pg_hba.conf 允许该用户连接",
        ),
    ),
    "3D": (
        Text("the server has no such database", "服务器上没有该数据库"),
        Text("correct the database's name in target.url", "请修改 target.url 中的数据库名"),
    ),
    "3F": (
        Text("the database has no such schema", "数据库中没有该 schema"),
        Text("correct ?schema= in target.url", "请修改 target.url 中的 ?schema="),
    ),
    "53100": (
        Text("the disk that holds the target is full", "目标数据库所在磁盘已满"),
        Text(
            "make room and run again: what was finished stays, the rest is continued",
            "请腾出空间后重新运行：已完成的部分保留，其余继续执行",
        ),
    ),
    "25006": (
        Text("the target can't be written: it is read-only", "目标数据库为只读，无法写入"),
        Text(
            "name the primary server, and a user whose transactions may write",
            "请指定主库，并使用允许写入的用户",
        ),
    ),
    "57014": (
        Text("a statement took longer than the target allows", "语句执行超过目标数据库的时限"),
        Text("raise statement_timeout, then run again", "请调高 statement_timeout 后重新运行"),
    ),
}
_MISSING_RIGHT = Text("this user lacks a right on the target", "当前用户缺少目标数据库权限")


@contextmanager
def faults(where: str, grants: tuple[str, ...] = ()) -> Iterator[None]:
    """Turns what driver and server report into faults.

    `grants`: statements that would give a missing right.
    """
    try:
        yield
    except DBAPIError as error:
        raise fault_of(error.orig or error, where, grants) from None
    except psycopg.Error as error:
        raise fault_of(error, where, grants) from None


def fault_of(error: BaseException, where: str, grants: tuple[str, ...] = ()) -> TargetFault:
    """The fault for an error of the driver."""
    state = str(getattr(error, "sqlstate", None) or "")
    if state == "42501":
        return TargetFault(_MISSING_RIGHT, where=where, remedy=_granting(error, grants))
    if (violation := _by_code(VIOLATIONS, state)) is not None:
        return ConstraintViolated(violation, where=_place(error, where))
    if (passing := _by_code(_PASSING, state)) is not None:
        return TransientFault(*passing, where=where, remedy=_WAIT)
    if (known := _by_code(_FAULTS, state)) is not None:
        return TargetFault(known[0], where=where, remedy=known[1])
    if not state and isinstance(error, psycopg.OperationalError):
        return TransientFault(*_LOST, where=where, remedy=_WAIT)
    # The server's own words may quote a cell: only its code is passed on.
    message = Text("the target answered with {code}", "目标数据库返回错误 {code}")
    return TargetFault(message.fill(code=state or type(error).__name__), where=where)


_FUNCTION = re.compile(r"function ([\w.\"]+)\(")


def _granting(error: BaseException, grants: tuple[str, ...]) -> Text:
    """Who gives the missing right. The context may quote cells; a function's name does not."""
    diagnosis = getattr(error, "diag", None)
    if found := _FUNCTION.search(getattr(diagnosis, "context", None) or ""):
        return Text(
            "a trigger of the CRM runs {function}(), which touches tables that this user may not:"
            " an administrator grants those rights, or makes it SECURITY DEFINER",
            "CRM 触发器执行的 {function}() 访问了当前用户无权访问的表：请管理员授予相应权限，"
            "或将其设为 SECURITY DEFINER",
        ).fill(function=found[1])
    if not grants:
        return Text(
            "`crm-migrate check` prints the GRANT statements for an administrator",
            "运行 `crm-migrate check` 可得到需由管理员执行的 GRANT 语句",
        )
    return Text("an administrator runs: {grants}", "请管理员执行：{grants}").fill(
        grants="; ".join(grants)
    )


def connect_fault(error: psycopg.OperationalError, where: str, database: str) -> TargetFault:
    """Why no connection came about. libpq gives no code here, only words, maybe translated ones."""
    said = str(error)
    attempt = error.pgconn
    if "pg_hba.conf" in said or (attempt and (attempt.needs_password or attempt.used_password)):
        message, remedy = _FAULTS["28"]
        return TargetFault(message, where=where, remedy=remedy)
    if f'"{database}"' in said and "FATAL" in said:
        message, remedy = _FAULTS["3D"]
        return TargetFault(message, where=where, remedy=remedy)
    return TransientFault(
        "connection",
        Text("the target can't be reached", "无法连接目标数据库"),
        where=where,
        remedy=Text(
            "check that the server runs and that host and port are right",
            "请确认数据库服务已启动，且主机和端口正确",
        ),
    )


def no_schema(where: str) -> TargetFault:
    """The URL names a schema that does not exist."""
    message, remedy = _FAULTS["3F"]
    return TargetFault(message, where=where, remedy=remedy)


def is_unique(error: psycopg.Error) -> bool:
    """Whether a unique key refused a row."""
    return error.sqlstate == "23505"


def _by_code(known: dict[str, _T], state: str) -> _T | None:
    """The entry of the longest prefix of the code."""
    fitting = [prefix for prefix in known if prefix and state.startswith(prefix)]
    return known[max(fitting, key=len)] if fitting else None


def _place(error: BaseException, where: str) -> str:
    """Table and constraint, where the server names them: names, never values."""
    told = getattr(error, "diag", None)
    named = [
        n for n in (getattr(told, "table_name", None), getattr(told, "constraint_name", None)) if n
    ]
    return ", ".join([where, ".".join(named)]) if named else where
