"""What goes wrong with a file of the workspace, said so that people can act on it."""

import re
import shutil
from pathlib import Path
from typing import NoReturn

from crm_migrate.errors import IntegrityFault, WorkspaceFault
from crm_migrate.language import Text

_NO_SPACE = re.compile(r"No space left|[Dd]isk quota|os error (28|122|112)\b")


def changed(path: Path) -> IntegrityFault:
    """The fault of a file that is not as this product wrote it."""
    return IntegrityFault(
        Text("a file of the run was changed from outside", "运行的文件被外部改动"),
        where=str(path),
        remedy=Text(
            "run again from the sources; find out who changed it",
            "请从来源重新运行，并查明改动者",
        ),
    )


def refuse_write(error: Exception, path: Path) -> NoReturn:
    """Raise what a failed write means; Polars reports a full disk as text only.

    Raises:
        WorkspaceFault: always.
    """
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not _NO_SPACE.search(str(error)):
        raise WorkspaceFault(
            Text("the workspace cannot be written", "无法写入工作区"),
            where=str(path),
            remedy=Text("check the rights on the folder", "请检查该文件夹的权限"),
        ) from None
    free = shutil.disk_usage(folder).free // 2**20
    raise WorkspaceFault(
        Text(f"the disk is full: {free} MiB are free", f"磁盘已满：仅剩 {free} MiB"),
        where=str(path),
        remedy=Text(
            "free some space or destroy old runs, then run again: it resumes here",
            "请腾出空间或销毁旧的运行，然后重新运行：将从此处继续",
        ),
    ) from None
