"""Opening a database as a source: its URL, and an engine that only reads."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, make_url

from crm_migrate.errors import SourceFault
from crm_migrate.language import Text


def text_or_bytes(data: bytes) -> str | bytes:
    """SQLite text that may have been written in GBK by an old program."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def parsed_url(url: str) -> URL:
    """The URL taken apart.

    Raises:
        SourceFault: it is none.
    """
    try:
        return make_url(url)
    except sa.exc.ArgumentError as e:
        raise SourceFault(
            Text("The database URL cannot be understood", "无法识别数据库地址"),
            remedy=Text(
                "It looks like dialect://user:password@host/database or sqlite:///file",
                "格式为 dialect://用户:密码@主机/数据库，或 sqlite:///文件",
            ),
        ) from e


def shown_url(url: URL) -> str:
    """The database as people may see it: without user and password."""
    if url.get_backend_name() == "sqlite":
        return Path(url.database or ":memory:").name
    return url._replace(username=None, password=None, query={}).render_as_string()  # type: ignore[arg-type]


def source_engine(url: URL, shown: str) -> Engine:
    """An engine that only reads, wherever the system can be told so; it connects to nothing yet.

    Raises:
        SourceFault: a SQLite file that does not exist.
    """
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=sa.NullPool,
            execution_options={"postgresql_readonly": True},
            client_encoding="utf8",
        )
    if url.drivername in ("mariadb", "mysql"):  # a driver that is named is taken
        url = url.set(drivername="mysql+pymysql")
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, poolclass=sa.NullPool)
    path = Path(url.database or "")
    if not path.is_file():
        raise SourceFault(
            Text("There is no such database file", "数据库文件不存在"),
            where=shown,
            remedy=Text("Check the path in the URL", "请检查地址中的路径"),
        )
    mode = "mode=ro"
    if _at_rest_in_wal_mode(path):  # SQLite would otherwise lay files beside it
        mode += "&immutable=1"

    def connect() -> sqlite3.Connection:
        uri = f"file:{quote(str(path.resolve()))}?{mode}"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        connection.text_factory = text_or_bytes
        return connection

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)


def _at_rest_in_wal_mode(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(20)
    return len(head) == 20 and head[18] == 2 and not path.with_name(path.name + "-wal").exists()
