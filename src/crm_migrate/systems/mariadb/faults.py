"""What MariaDB and MySQL report, as faults that carry no value, no statement and no password.

Error numbers: "Server Error Message Reference" of MySQL, "Error Codes" of MariaDB; 2000 to 2999
are the client's.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.target import (
    ConstraintViolated,
    Passing,
    TransientFault,
    Violation,
)

DUPLICATE = 1062
LOCK_TIMEOUT = 1205

_VIOLATIONS: dict[int, Violation] = {
    1022: "unique",
    DUPLICATE: "unique",
    1169: "unique",
    1557: "unique",
    1586: "unique",
    1859: "unique",
    1216: "foreign_key",
    1217: "foreign_key",
    1451: "foreign_key",
    1452: "foreign_key",
    1048: "not_null",
    1263: "not_null",
    1364: "not_null",
    3819: "check",
    4025: "check",
    4151: "check",
    1644: "trigger",
    1264: "value",
    1265: "value",
    1292: "value",
    1300: "value",
    1365: "value",
    1366: "value",
    1367: "value",
    1406: "value",
    1411: "value",
    1416: "value",
    1690: "value",
    3140: "value",
    3854: "value",
    1906: "value",
    3105: "value",
}

_PASSING: dict[int, Passing] = {
    LOCK_TIMEOUT: "lock_timeout",
    1213: "deadlock",
    1020: "serialization",
    1047: "connection",
    1053: "connection",
    1152: "connection",
    1158: "connection",
    1159: "connection",
    1160: "connection",
    1161: "connection",
    1184: "connection",
    1927: "connection",
    4031: "connection",
    2006: "connection",
    2013: "connection",
    2014: "connection",
    2027: "connection",
    2055: "connection",
    0: "connection",
}
"""1020 is reported where MariaDB holds a row to have changed since it was read; 1047 by a cluster
node that lost the others; 0 by the driver for a connection that is closed already."""

_WORDS: dict[Passing, Text] = {
    "lock_timeout": Text("the target is locked by another program", "目标数据库被其他程序锁定"),
    "deadlock": Text(
        "the target broke off a transaction for another's sake (deadlock)",
        "目标数据库因死锁中止了事务",
    ),
    "serialization": Text(
        "a row changed in the target while it was written", "写入期间目标中的记录被修改"
    ),
    "connection": Text("the connection to the target was lost", "与目标数据库的连接中断"),
    "key_race": Text("another program took a number meanwhile", "编号已被其他程序占用"),
}
_AGAIN = Text(
    "run again: what was finished stays, the rest is continued",
    "请重新运行：已完成的部分保留，其余继续执行",
)

_UNREACHABLE = (
    Text("the target can't be reached", "无法连接目标数据库"),
    Text(
        "check that the server runs, and host and port of target.url",
        "请确认服务器正在运行，并检查 target.url 中的主机与端口",
    ),
)
_NO_ROOM = (
    Text("the disk that holds the target is full", "目标数据库所在磁盘已满"),
    Text(
        "make room and run again: what was finished stays, the rest is continued",
        "请腾出空间后重新运行：已完成的部分保留，其余继续执行",
    ),
)
_READ_ONLY = (
    Text("the target can't be written: it is read-only", "目标数据库为只读，无法写入"),
    Text(
        "name the primary server in target.url, or have its read_only switched off",
        "请在 target.url 中填写主库，或由管理员关闭 read_only",
    ),
)
_REFUSED = (
    Text("the target refuses this user the right to do this", "当前用户在目标数据库中权限不足"),
    Text(
        "`crm-migrate check` prints the GRANT statements for an administrator",
        "运行 `crm-migrate check` 可得到需由管理员执行的 GRANT 语句",
    ),
)
_FAULTS: dict[int, tuple[Text, Text]] = {
    **dict.fromkeys((2002, 2003, 2005, 1129, 1130), _UNREACHABLE),
    **dict.fromkeys((3, 1021, 1114), _NO_ROOM),
    **dict.fromkeys((1290, 1792, 1836, 3100), _READ_ONLY),
    1044: (
        _REFUSED[0],
        Text(
            "an administrator first grants SELECT on this database's tables to this user; then"
            " `crm-migrate check` prints what else it needs",
            "请管理员先授予该用户此数据库各表的 SELECT 权限；"
            "之后 `crm-migrate check` 会列出其余所需权限",
        ),
    ),
    **dict.fromkeys((1142, 1143, 1227, 1370), _REFUSED),
    **dict.fromkeys(
        (1045, 1698, 1251, 2059),
        (
            Text(
                "the target does not let this user in (name or password)",
                "目标数据库拒绝登录（用户名或密码）",
            ),
            Text(
                "correct user and password of target.url, or have an administrator"
                " GRANT this user access",
                "请检查 target.url 中的用户名和密码，或由管理员 GRANT 授权",
            ),
        ),
    ),
    1049: (
        Text("the target has no such database", "目标服务器上没有该数据库"),
        Text("correct the database's name in target.url", "请修改 target.url 中的数据库名"),
    ),
    **dict.fromkeys(
        (1040, 1203, 1226),
        (
            Text("the target accepts no more connections", "目标数据库连接数已满"),
            Text("close other programs and run again", "请关闭其他程序后重试"),
        ),
    ),
    **dict.fromkeys(
        (1317, 1969, 3024),
        (
            Text("the target broke off a statement", "目标数据库中断了语句"),
            Text("ask its administrator for a longer time-out", "请管理员延长超时时间"),
        ),
    ),
}
_ERRNO = {1026: "28", 1030: "28"}
"""Errors that hide the system's own number in their words; 28: no space left."""


def code_of(error: BaseException) -> int | None:
    """The number of a driver's error, or None."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, int) else None


def violation_of(code: int) -> Violation:
    """The rule that an error or warning of this number is about."""
    return _VIOLATIONS.get(code, "other")


def passes(code: int | None) -> bool:
    """Whether the server has, or may have, undone the transaction."""
    return code in _PASSING


def key_race(where: str) -> TransientFault:
    """The fault of a number that somebody else took."""
    return TransientFault("key_race", _WORDS["key_race"], where=where, remedy=_AGAIN)


def transient(code: int, where: str) -> TransientFault:
    """The fault for an error that may pass."""
    passing = _PASSING[code]
    return TransientFault(passing, _WORDS[passing], where=where, remedy=_AGAIN)


def fault_of(error: BaseException, where: str) -> TargetFault:
    """The fault for a driver's error; `where` names server and database."""
    code = code_of(error)
    words = str(error.args[1]) if len(error.args) > 1 else ""
    if code in _PASSING:
        return transient(code, where)
    if code in _VIOLATIONS:
        return ConstraintViolated(_VIOLATIONS[code], where=where)
    if code in _ERRNO and _ERRNO[code] in words:
        message, remedy = _NO_ROOM
        return TargetFault(message, where=where, remedy=remedy)
    if code in _FAULTS:
        message, remedy = _FAULTS[code]
        return TargetFault(message, where=where, remedy=remedy)
    # The driver's own words may quote a cell: only its number is passed on.
    named = str(code) if code is not None else type(error).__name__
    message = Text("the target answered with error {code}", "目标数据库返回错误 {code}")
    return TargetFault(message.fill(code=named), where=where)


@contextmanager
def faults(where: str) -> Iterator[None]:
    """Turns what the server or the driver reports into faults."""
    try:
        yield
    except DBAPIError as error:
        raise fault_of(error.orig or error, where) from None
