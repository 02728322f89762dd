"""Why a database can't be read as a source, in words: who was refused where, and what helps.

What driver and server say themselves may quote rows, so it is never passed on; codes are:
SQLSTATE ("PostgreSQL Error Codes", appendix A), error numbers of MariaDB and MySQL, result codes
of SQLite.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from crm_migrate.errors import SourceFault
from crm_migrate.language import Text

_Told = tuple[Text, Text]
_DENIED: _Told = (
    Text(
        "The database does not let {user} in: wrong user or password",
        "数据库拒绝 {user} 登录：用户名或密码错误",
    ),
    Text(
        "Check the user in the URL and the environment variable that holds the password",
        "请检查地址中的用户名，以及存放密码的环境变量",
    ),
)
_NO_RIGHT: _Told = (
    Text("{user} may not read this table", "{user} 没有读取该表的权限"),
    Text("Have an administrator grant SELECT to this user", "请管理员授予该用户 SELECT 权限"),
)
_NO_DATABASE: _Told = (
    Text("The server has no such database", "服务器上没有该数据库"),
    Text("Check the database name in the URL", "请检查地址中的数据库名"),
)
_UNREACHABLE: _Told = (
    Text("The server can't be reached", "无法连接服务器"),
    Text(
        "Check that it runs, and host and port in the URL",
        "请确认服务已启动，并检查地址中的主机和端口",
    ),
)
_FULL: _Told = (
    Text("The server accepts no more connections", "服务器连接数已满"),
    Text("Close other programs and run again", "请关闭其他程序后重试"),
)
_BROKEN: _Told = (
    Text("The connection was lost while reading", "读取时连接中断"),
    Text("Run again when the server answers", "请待服务器恢复后重新运行"),
)
_GONE: _Told = (
    Text("The table is no longer there", "该表已不存在"),
    Text("Check the tables named in the mapping", "请检查映射中的表名"),
)
_NO_FILE: _Told = (
    Text("The file is no SQLite database, or is damaged", "该文件不是 SQLite 数据库或已损坏"),
    Text("Check the path in the URL", "请检查地址中的路径"),
)
_LOCKED: _Told = (
    Text("Another program has locked the database", "数据库被其他程序锁定"),
    Text("Close the program that writes to it, then run again", "请关闭正在写入的程序后重试"),
)
_STATES: dict[str, _Told] = {
    "08": _BROKEN,
    "28": _DENIED,
    "3D": _NO_DATABASE,
    "42501": _NO_RIGHT,
    "42P01": _GONE,
    "53300": _FULL,
    "57P": _BROKEN,
}
_NUMBERS: dict[int, _Told] = {
    **dict.fromkeys((1045, 1698, 1251, 2059), _DENIED),
    **dict.fromkeys((1044, 1142, 1143), _NO_RIGHT),
    1049: _NO_DATABASE,
    1146: _GONE,
    **dict.fromkeys((2002, 2003, 2005, 1129, 1130), _UNREACHABLE),
    **dict.fromkeys((1040, 1203, 1226), _FULL),
    **dict.fromkeys((2006, 2013, 1053), _BROKEN),
}
_NAMES = {
    "SQLITE_NOTADB": _NO_FILE,
    "SQLITE_CORRUPT": _NO_FILE,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
}


def _source_fault(error: BaseException, where: str, user: str | None) -> SourceFault:
    """The fault for what SQLAlchemy or a driver raised; `where`: the database without its user."""
    origin = getattr(error, "orig", None) or error
    told, code = _told(origin)
    named = f"“{user}”" if user else str(Text("this user", "当前用户"))
    if told is None:
        message = Text("The database cannot be read ({code})", "数据库无法读取（{code}）")
        remedy = Text(
            "Check that it runs, that the URL is right and that this user may read it",
            "请确认数据库正在运行、地址正确，且该用户有读取权限",
        )
        return SourceFault(message.fill(code=code), where=where, remedy=remedy)
    return SourceFault(told[0].fill(user=named), where=where, remedy=told[1])


def _told(error: BaseException) -> tuple[_Told | None, str]:
    """What is known of the error, and its code."""
    number = error.args[0] if error.args else None
    if isinstance(number, int) and not isinstance(error, OSError):
        return _NUMBERS.get(number), f"error {number}"
    state = str(getattr(error, "sqlstate", None) or "")
    if state:
        fitting = [prefix for prefix in _STATES if state.startswith(prefix)]
        return (_STATES[max(fitting, key=len)] if fitting else None), f"SQLSTATE {state}"
    name = str(getattr(error, "sqlite_errorname", ""))
    if name:
        return next((t for n, t in _NAMES.items() if name.startswith(n)), None), name
    if hasattr(error, "pgconn"):
        return _unconnected(error), type(error).__name__
    return None, type(error).__name__


def _unconnected(error: BaseException) -> _Told:
    """Why libpq got no connection: it gives no code, only words, maybe translated ones."""
    attempt, said = getattr(error, "pgconn", None), str(error)
    if "pg_hba.conf" in said or (attempt and (attempt.needs_password or attempt.used_password)):
        return _DENIED
    return _NO_DATABASE if "FATAL" in said and "database" in said else _UNREACHABLE


@contextmanager
def source_faults(where: str, user: str | None = None) -> Iterator[None]:
    """Database errors as source faults, without the driver's words: they may hold values."""
    try:
        yield
    except sa.exc.NoSuchModuleError as e:
        raise SourceFault(
            Text("No driver is known for this kind of database", "没有这种数据库的驱动"),
            where=where,
            remedy=Text("Check the start of the URL", "请检查地址的开头部分"),
        ) from e
    except ModuleNotFoundError as e:
        raise SourceFault(
            Text(f"The driver {e.name} is not installed", f"未安装驱动 {e.name}"),
            where=where,
            remedy=Text(f"pip install {e.name}", f"请安装：pip install {e.name}"),
        ) from e
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as e:
        raise _source_fault(e, where, user) from None
