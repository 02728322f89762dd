"""What a person names to make a project from: files, folders of files, databases."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crm_migrate.errors import SourceFault, UsageFault
from crm_migrate.formats import SQLITE_MAGIC, open_file
from crm_migrate.formats.contract import Table
from crm_migrate.formats.folder import look_into
from crm_migrate.language import Text
from crm_migrate.project.project import fill_secrets
from crm_migrate.project.settings import Source
from crm_migrate.systems.sql import sql_tables


@dataclass(frozen=True)
class Opened:
    """Source name → (file or URL, its tables), and what could not be opened."""

    sources: dict[str, tuple[Path | str, list[Table]]]
    unread: tuple[SourceFault, ...]
    others: tuple[str, ...]


def open_inputs(inputs: Sequence[Path | str]) -> Opened:
    """Open files, the table files of folders, and databases. SQLite files are databases.

    Raises:
        UsageFault: no input at all, or a password in a URL.
        SourceFault: a named input cannot be read, or no file of the folders can.
    """
    opened: dict[str, tuple[Path | str, list[Table]]] = {}
    unread: list[SourceFault] = []
    others: list[str] = []
    for item in inputs:
        if not is_url(item) and Path(item).is_dir():
            folder = look_into(Path(item))
            others += folder.others
            for file in folder.files:
                try:
                    opened[_source_name(file, opened)] = _open(file)
                except SourceFault as fault:
                    unread.append(fault)
        else:
            opened[_source_name(item, opened)] = _open(item)
    if not opened and unread:
        raise unread[0]
    if not opened:
        raise UsageFault(
            Text("nothing to make a project from", "没有可用的数据源"),
            remedy=Text("--from FILE|FOLDER|URL", "请用 --from 指定文件、文件夹或数据库地址"),
        )
    return Opened(opened, tuple(unread), tuple(others))


def _open(item: Path | str) -> tuple[Path | str, list[Table]]:
    url = as_url(item)
    if url:
        return url, list[Table](sql_tables(fill_secrets(url)))
    return Path(item), open_file(Path(item))


def is_url(item: Path | str) -> bool:
    """Whether a database is named, and no file."""
    return isinstance(item, str) and "://" in item


def as_url(item: Path | str) -> str | None:
    """The URL of a database, also of a SQLite file; None for another file.

    Raises:
        UsageFault: a password stands in it.
    """
    if is_url(item):
        try:
            return Source(url=str(item)).url
        except ValidationError as error:
            raise UsageFault(
                Text("a password stands in the URL", "数据库地址中含有密码"),
                remedy=Text(
                    "write ${NAME} in its place and set NAME in the environment",
                    "请改写为 ${NAME}，并在环境变量中设置 NAME",
                ),
            ) from error
    path = Path(item)
    if path.is_file():
        with path.open("rb") as stream:
            if stream.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC:
                return f"sqlite:///{path}"
    return None


def _source_name(item: Path | str, taken: dict[str, Any]) -> str:
    """A name that is a good file name, too: letters, digits and `_`."""
    text = str(item).partition("?")[0].rstrip("/")
    stem = Path(text.rpartition("/")[2] if is_url(item) else text).stem
    name = re.sub(r"\W+", "_", stem).strip("_") or "source"
    reserved = {"target", "values"}  # mappings/target.yaml is another file
    number, made = 2, name
    while made in taken or made in reserved:
        made, number = f"{name}_{number}", number + 1
    return made
