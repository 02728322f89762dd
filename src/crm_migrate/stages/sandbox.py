"""A sandbox project made ready for its first rehearsal: tables laid out, keys made."""

import os
from dataclasses import dataclass
from pathlib import Path

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.mapping.sandbox import create_sandbox_tables
from crm_migrate.project import Project
from crm_migrate.systems.opening import open_target
from crm_migrate.trust.private_files import create_private
from crm_migrate.trust.roles import Role
from crm_migrate.trust.setup import KEYRING, NewPerson, set_up_keys
from crm_migrate.trust.wrapping import Unprotected

OPERATOR = "operator"
_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class SandboxReady:
    """What had to be made: tables of the sandbox, and whether keys were (file mode 0600 only)."""

    tables: tuple[str, ...]
    keyring: Path
    keys_made: bool


def is_sandbox(project: Project) -> bool:
    """Whether the target is one that the tool lays out itself."""
    return project.settings.target.sandbox and project.target.create


def make_ready(project: Project) -> SandboxReady:
    """Lay out what is missing of the sandbox; make a keyring with one operator if there is none.

    Nothing that exists is touched. The keys are protected by file mode alone: a rehearsal holds
    no secret but its own, and real targets want `keys init` with passphrases.

    Raises:
        TargetFault: the target is no sandbox, or cannot be made.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    if not is_sandbox(project):
        raise TargetFault(
            Text("the target is no sandbox of this tool", "目标不是本工具创建的沙箱"),
            where="crm-migrate.yaml: target",
        )
    missing = missing_tables(project)
    try:
        if missing:
            file = _file(project)
            if file is not None and not file.exists():
                _make_empty(file)
            engine = create_engine(project.target_url)
            with engine.begin() as connection:
                create_sandbox_tables(connection, project.model, project.target)
            engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        raise TargetFault(
            Text("the sandbox cannot be made", "无法创建沙箱"),
            where=project.settings.target.url,
            remedy=Text(
                "check the rights on its folder and the free space", "请检查所在目录的权限与空间"
            ),
        ) from error
    keyring = project.state / KEYRING
    made = not keyring.exists()
    if made:
        person = NewPerson(OPERATOR, Role.OPERATOR, OPERATOR, "")
        set_up_keys(project.state, [person], lambda _: Unprotected())
    return SandboxReady(tuple(missing), keyring, made)


def require_laid_out(project: Project) -> None:
    """Refuse to plan or apply against a sandbox that has not been laid out.

    Raises:
        TargetFault: tables are missing.
    """
    missing = missing_tables(project) if is_sandbox(project) else []
    if missing:
        raise TargetFault(
            Text(
                f"the sandbox has not been laid out: {len(missing)} tables are missing",
                f"沙箱尚未建表：缺少 {len(missing)} 张表",
            ),
            where=project.settings.target.url,
            remedy=Text(
                f"crm-migrate init {project.root}  (makes what is missing, changes nothing else)",
                f"crm-migrate init {project.root}（只补建缺少的内容）",
            ),
        )


def missing_tables(project: Project) -> list[str]:
    """Mapped tables that the target does not have.

    Raises:
        TargetFault: the target cannot be read.
    """
    wanted = [entity.table for entity in project.target.entities.values()]
    file = _file(project)
    if file is not None and not file.exists():
        return wanted
    standing = open_target(project.target_url).describe().tables
    return [table for table in wanted if table not in standing]


def _file(project: Project) -> Path | None:
    url = project.target_url
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def _make_empty(file: Path) -> None:
    """An empty database that only its owner may read: customers' data will stand in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(create_private(file))
