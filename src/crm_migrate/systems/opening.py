"""Which kind of target stands behind a URL. A new kind of system is named here."""

from pathlib import Path

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.target import TargetSystem


def open_target(url: str, *, folder: Path | None = None) -> TargetSystem:
    """The target at an SQLAlchemy URL; a relative file is looked for under `folder`.

    Raises:
        TargetFault: the URL can't be read, or its kind of system is not supported.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    supported = (
        "sqlite:///path/to/file.db, postgresql://user:${PASSWORD}@host/database,"
        " mariadb://user:${PASSWORD}@host/database"
    )
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise TargetFault(
            Text("the target's url can't be read", "无法识别目标系统的 url"),
            where="crm-migrate.yaml: target.url",
            remedy=Text("write it as {form}", "请写成 {form}").fill(form=supported),
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            from crm_migrate.systems.sqlite.target import SqliteTarget

            file = Path(parsed.database or "")
            return SqliteTarget(file if folder is None else folder / file)
        case "postgresql" | "postgres":
            from crm_migrate.systems.postgres.target import PostgresTarget

            return PostgresTarget(parsed)
        case "mariadb" | "mysql":
            from crm_migrate.systems.mariadb.target import MariadbTarget

            return MariadbTarget(parsed)
        case other:
            raise TargetFault(
                Text(
                    "target systems of kind {kind} are not supported",
                    "不支持 {kind} 类型的目标系统",
                ).fill(kind=other),
                where="crm-migrate.yaml: target.url",
                remedy=Text("supported: {form}", "支持：{form}").fill(form=supported),
            )
