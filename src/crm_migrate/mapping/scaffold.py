"""A new project from files and databases: settings, proposed mappings, rules, a sandbox."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_migrate.errors import CrmMigrateError, SourceFault, UsageFault
from crm_migrate.language import Language, Text, current_language
from crm_migrate.mapping.hidden import Hidden
from crm_migrate.mapping.inputs import as_url, is_url, open_inputs
from crm_migrate.mapping.new_project import OTHER_URL, project_texts
from crm_migrate.mapping.suggest import suggest
from crm_migrate.mapping.target_proposal import TargetProposal, propose_target
from crm_migrate.model import Model
from crm_migrate.project.project import fill_secrets
from crm_migrate.systems.opening import open_target


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
    texts = project_texts(
        folder.resolve().name,
        sources,
        proposal,
        model,
        url=place or (None if sandbox else OTHER_URL),
        target=target,
        language=spoken,
    )
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


def _target(url: str, folder: Path) -> str:
    """The target's URL as it stands in the settings: files relative to the project.

    Raises:
        UsageFault: no URL, or a password in it.
    """
    if not is_url(url):
        raise UsageFault(
            Text(f"'{url}' is no URL of a target", f"“{url}”不是目标系统地址"),
            remedy=Text(
                "sandbox, or a URL such as sqlite:///crm.db",
                "sandbox,或形如 sqlite:///crm.db 的地址",
            ),
        )
    return _setting(as_url(url) or url, folder)["url"]


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
