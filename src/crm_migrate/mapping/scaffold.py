"""A new project from files and databases: settings, proposed mappings, rules, a sandbox."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crm_migrate.errors import CrmMigrateError, SourceFault, UsageFault
from crm_migrate.formats import SQLITE_MAGIC, open_file
from crm_migrate.formats.contract import Table
from crm_migrate.formats.folder import look_into
from crm_migrate.language import Language, Text, current_language
from crm_migrate.mapping.hidden import Hidden
from crm_migrate.mapping.sandbox import sandbox_target
from crm_migrate.mapping.suggest import UNKNOWN, Proposal, suggest
from crm_migrate.mapping.target_proposal import TargetProposal, propose_target
from crm_migrate.mapping.yaml_text import (
    END,
    Comment,
    mapping_data,
    value_map_data,
    yaml_text,
)
from crm_migrate.model import Model
from crm_migrate.project.mapping_file import SourceMapping, TargetMapping
from crm_migrate.project.project import PROJECT_FILE, RULE_FILES, fill_secrets
from crm_migrate.project.settings import STANDARD_LEVELS, Source
from crm_migrate.project.yaml_file import KeyPath
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.sql import sql_tables

SANDBOX_URL = "sqlite:///sandbox.db"
OTHER_URL = "postgresql+psycopg://crm_writer:${CRM_PASSWORD}@localhost/crm"
"""Written for a real target; to be corrected by hand."""
_IGNORED = ".crm-migrate/\nexports/\naudit/*\n!audit/README.md\nsandbox.db\n"
"""Nothing that holds customers' data may get into a version control system."""


@dataclass(frozen=True)
class Scaffolded:
    """What `scaffold` wrote, and what it left out although it lay there."""

    files: tuple[Path, ...]
    unread: tuple[SourceFault, ...] = ()
    """Files of a folder that cannot be read."""
    others: tuple[str, ...] = ()
    """Subfolders and files that are no tables, by name."""
    left_tables: tuple[tuple[str, str], ...] = ()
    """(source, table) of tables in which nothing was recognised."""
    hidden: tuple[Hidden, ...] = ()
    """What is taken although the workbook hides it."""
    target: TargetProposal | None = None
    """What was recognised in the CRM; None for a sandbox, or where the CRM could not be read."""
    target_fault: CrmMigrateError | None = None
    """Why it could not."""


@dataclass(frozen=True)
class Opened:
    """Source name → (file or URL, its tables), and what could not be opened."""

    sources: dict[str, tuple[Path | str, list[Table]]]
    unread: tuple[SourceFault, ...]
    others: tuple[str, ...]


def scaffold(
    folder: Path,
    inputs: Sequence[Path | str],
    model: Model,
    *,
    sandbox: bool = True,
    url: str | None = None,
    language: Language | None = None,
) -> Scaffolded:
    """Write a project into `folder` that loads without faults, with mappings proposed.

    Args:
        folder: made when it does not exist; no file in it is ever overwritten.
        inputs: files, folders of files, or database URLs.
        model: the entities that the mappings may use.
        sandbox: the target is an embedded SQLite that the tool lays out; otherwise a
            placeholder URL and a target mapping that must be corrected.
        url: of a real target; then it is no sandbox.
        language: of the reasons in the mappings; the user's by default.

    Returns:
        The files that were written, and what was left out. A file of a folder that cannot be read
        does not keep the others from being taken.

    Raises:
        UsageFault: no input, an unusable one, or a file that exists already.
        SourceFault: a named input cannot be read, or nothing was recognised.
    """
    spoken = language or current_language()
    place = _target(url, folder) if url is not None else None
    opened = open_inputs(inputs)
    proposal = suggest({n: t for n, (_, t) in opened.sources.items()}, model, language=spoken)
    if not proposal.mappings:
        raise SourceFault(
            Text(
                "in none of the tables are there columns that the model knows",
                "所有表中都没有可识别的列",
            ),
            where="、".join(opened.sources),
            remedy=Text("check that the first row holds the column labels", "请检查表头是否为列名"),
        )
    sources = {
        name: _setting(place, folder)
        for name, (place, _) in opened.sources.items()
        if name in proposal.mappings
    }
    target, fault = (None, None) if url is None else _proposed(url, model)
    texts = _texts(folder.resolve().name, sources, proposal, model, sandbox, spoken, place, target)
    written = _write(folder, texts)
    return Scaffolded(
        tuple(written),
        opened.unread,
        opened.others,
        proposal.left_tables,
        proposal.hidden,
        target,
        fault,
    )


def _proposed(url: str, model: Model) -> tuple[TargetProposal | None, CrmMigrateError | None]:
    """What the CRM's schema says of where things belong; it may well be out of reach for now."""
    try:
        schema = open_target(fill_secrets(url)).describe()
    except CrmMigrateError as fault:
        return None, fault
    found = propose_target(schema, model)
    return (found, None) if found.mapping.entities else (None, None)


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
        if not _is_url(item) and Path(item).is_dir():
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
    url = _as_url(item)
    if url:
        return url, list[Table](sql_tables(fill_secrets(url)))
    return Path(item), open_file(Path(item))


def _is_url(item: Path | str) -> bool:
    return isinstance(item, str) and "://" in item


def _as_url(item: Path | str) -> str | None:
    if _is_url(item):
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


def _target(url: str, folder: Path) -> str:
    """The target's URL as it stands in the settings: files relative to the project.

    Raises:
        UsageFault: no URL, or a password in it.
    """
    if not _is_url(url):
        raise UsageFault(
            Text(f"'{url}' is no URL of a target", f"“{url}”不是目标系统地址"),
            remedy=Text(
                "sandbox, or a URL such as sqlite:///crm.db",
                "sandbox,或形如 sqlite:///crm.db 的地址",
            ),
        )
    return _setting(_as_url(url) or url, folder)["url"]


def _source_name(item: Path | str, taken: dict[str, Any]) -> str:
    """A name that is a good file name, too: letters, digits and `_`."""
    text = str(item).partition("?")[0].rstrip("/")
    stem = Path(text.rpartition("/")[2] if _is_url(item) else text).stem
    name = re.sub(r"\W+", "_", stem).strip("_") or "source"
    reserved = {"target", "values"}  # mappings/target.yaml is another file
    number, made = 2, name
    while made in taken or made in reserved:
        made, number = f"{name}_{number}", number + 1
    return made


def _setting(place: Path | str, folder: Path) -> dict[str, str]:
    prefix = "sqlite:///"
    if isinstance(place, str) and place.startswith(prefix):
        return {"url": prefix + _relative(Path(place.removeprefix(prefix)), folder)}
    return {"url": place} if isinstance(place, str) else {"path": _relative(place, folder)}


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive (Windows)
        return path.resolve().as_posix()


def _texts(
    name: str,
    sources: dict[str, dict[str, str]],
    proposal: Proposal,
    model: Model,
    sandbox: bool,
    language: Language,
    url: str | None,
    target: TargetProposal | None,
) -> dict[str, str]:
    sandbox = sandbox and url is None
    settings: dict[str, Any] = {
        "version": 1,
        "name": name,
        "language": language,
        "sources": sources,
        "target": {
            "name": "crm",
            "url": url or (SANDBOX_URL if sandbox else OTHER_URL),
            "sandbox": sandbox,
        },
    }
    if not sandbox:
        levels = [level.model_dump(exclude_defaults=True) for level in STANDARD_LEVELS]
        settings["approval"] = {"levels": levels}
    texts = {PROJECT_FILE: _packaged(PROJECT_FILE) + yaml_text(settings)}
    for source, mapping in proposal.mappings.items():
        texts[f"mappings/{source}.yaml"] = yaml_text(
            mapping_data(mapping), _comments(mapping, proposal, language)
        )
    for values, value_map in proposal.values.items():
        texts[f"mappings/values/{values}.yaml"] = yaml_text(value_map_data(value_map))
    crm = sandbox_target(model) if target is None else target.mapping
    texts["mappings/target.yaml"] = yaml_text(
        target_data(crm, sandbox), None if target is None else _open_places(target, language)
    )
    for rules in ("entities", *RULE_FILES):
        texts[f"rules/{rules}.yaml"] = _packaged(f"rules/{rules}.yaml")
    texts[".gitignore"] = _IGNORED
    texts["audit/README.md"] = _packaged("audit/README.md")
    return texts


def target_data(target: TargetMapping, create: bool) -> dict[str, Any]:
    """A target mapping as plain data, columns in their short form."""
    data: dict[str, Any] = target.model_dump(mode="json", exclude_defaults=True)
    for entity in data["entities"].values():
        entity["fields"] = {
            n: c["column"] if list(c) == ["column"] else c for n, c in entity["fields"].items()
        }
    if not create:
        data.pop("create", None)
    return data


def _open_places(target: TargetProposal, language: Language) -> dict[KeyPath, Comment]:
    """What a person decides, above the place where the decision is written."""
    lines: dict[KeyPath, list[str]] = {}
    for place in target.open:
        at: KeyPath = ("entities", *place.place) if place.place else END
        lines.setdefault(at, []).append(place.message.in_language(language))
    return {at: Comment(above=tuple(found)) for at, found in lines.items()}


def _comments(
    mapping: SourceMapping, proposal: Proposal, language: Language
) -> dict[KeyPath, Comment]:
    """Why columns stay behind, where that is more than not having been recognised."""
    comments: dict[KeyPath, Comment] = {}
    for number, table in enumerate(mapping.tables):
        reasons = [
            f"{column}：{why.in_language(language)}"
            for column in table.ignore
            if (why := proposal.left_out.get((mapping.source, table.table, column), UNKNOWN))
            is not UNKNOWN
        ]
        if reasons:
            comments["tables", number, "ignore"] = Comment(above=tuple(reasons))
    left = "、".join(name for source, name in proposal.left_tables if source == mapping.source)
    if left:
        why = Text("tables that were not recognised: {left}", "未识别的表：{left}")
        comments[END] = Comment(above=(why.in_language(language, left=left),))
    return comments


def _packaged(name: str) -> str:
    place = files("crm_migrate") / "mapping" / "data" / "new_project"
    return place.joinpath(*name.split("/")).read_text("utf-8")


def _write(folder: Path, texts: dict[str, str]) -> list[Path]:
    paths = {folder / name: text for name, text in texts.items()}
    existing = [p for p in paths if p.exists()]
    if existing:
        raise UsageFault(
            Text(
                f"{len(existing)} file(s) exist already; nothing was written",
                f"已存在 {len(existing)} 个文件，未写入任何内容",
            ),
            where=str(existing[0]),
            remedy=Text("choose an empty folder", "请选择一个空文件夹"),
        )
    for path, text in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(paths)
