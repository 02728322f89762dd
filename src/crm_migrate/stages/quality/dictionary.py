"""The data dictionary of a project: shown, released in versions, compared. Showing needs no key."""

import json
from dataclasses import dataclass
from pathlib import Path

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.language import Language, Text
from crm_migrate.project import Project
from crm_migrate.project.quality_file import QualityFile
from crm_migrate.protection.policy import Audience
from crm_migrate.quality.dictionary import Dictionary, Difference, compare, dictionary
from crm_migrate.reports.audit_report import Revision, next_version
from crm_migrate.reports.dictionary_page import (
    DictionaryView,
    dictionary_html,
    dictionary_markdown,
    dictionary_workbook,
)
from crm_migrate.reports.dictionary_words import labels_of
from crm_migrate.reports.versions import document_stem, load_document, named, store_document
from crm_migrate.stages.bare.table_files import require_suffix, write_file
from crm_migrate.stages.job import Rules, parse_rules
from crm_migrate.stages.session import REPORTS, Session
from crm_migrate.trust.roles import Action

SUFFIXES = (".xlsx", ".html", ".md", ".json")
CURRENT, LATEST = "current", "latest"


@dataclass(frozen=True)
class Shown:
    """The dictionary that the rules make now, beside the last one that was released."""

    found: Dictionary
    revisions: tuple[Revision, ...]
    changes: tuple[Difference, ...]
    """Since the last release; empty where there was none."""

    @property
    def released(self) -> str | None:
        """The version that says the same; None where the rules changed since."""
        last = self.revisions[-1] if self.revisions else None
        return last.version if last is not None and last.substance == self.found.digest else None


def show_dictionary(project: Project) -> Shown:
    """The dictionary as the rules have it now.

    Raises:
        ProjectFault: a rules file is faulty.
        IntegrityFault: a stored version was changed.
    """
    rules = parse_rules(project)
    found = _made(project, rules)
    revisions, _ = load_document(_folder(project), rules.quality.dictionary.number)
    changes: tuple[Difference, ...] = ()
    if revisions and revisions[-1].substance != found.digest:
        changes = compare(_stored(project, rules.quality, revisions[-1]), found)
    return Shown(found, revisions, changes)


def compare_versions(
    project: Project, old: str, new: str
) -> tuple[tuple[Difference, ...], dict[tuple[str, str], Text]]:
    """What is another between two versions (`V1.0` …, `latest`, `current`), and the labels.

    Raises:
        NotFound: there is no such version.
    """
    rules = parse_rules(project)
    revisions, _ = load_document(_folder(project), rules.quality.dictionary.number)
    one, two = (_version(project, name, revisions) for name in (old, new))
    return compare(one, two), labels_of(one, two)


def view_dictionary(project: Project, shown: Shown, language: Language) -> DictionaryView:
    """For page, workbook and Markdown."""
    draft = Text("not released", "未发布").in_language(language)
    return DictionaryView(
        project=project.settings.name,
        language=language,
        found=shown.found,
        version=shown.released or draft,
        cover=parse_rules(project).quality.dictionary,
        revisions=shown.revisions,
        changes=shown.changes,
    )


def write_dictionary(view: DictionaryView, path: Path) -> None:
    """Workbook, page, Markdown or JSON, by the suffix of the file.

    Raises:
        UsageFault: another suffix.
        CrmMigrateError: the file cannot be written.
    """
    require_suffix(path, SUFFIXES)
    write_file(path, _content(view, path.suffix.lower()))


def release_dictionary(
    session: Session, *, by: str | None = None, language: Language
) -> tuple[str, tuple[Path, ...]]:
    """The next version with its files, journaled; no files where nothing changed.

    Raises:
        KeyFault: `by` may not release.
        IntegrityFault: an earlier version was changed.
    """
    project = session.project
    person = session.person(by, Action.VERIFY) if by else None
    shown = show_dictionary(project)
    if shown.released is not None:
        return shown.released, ()
    cover = session.job.rules.quality.dictionary
    by_kind = {k: sum(c.kind == k for c in shown.changes) for k in ("added", "changed", "removed")}
    change = "首次编制"
    if shown.revisions:
        change = (
            f"新增 {by_kind['added']} 项,变更 {by_kind['changed']} 项,删除 {by_kind['removed']} 项"
        )
    revision = Revision(
        version=next_version(shown.revisions),
        date=session.job.clock().astimezone().date().isoformat(),
        change=change,
        by=person.name if person else "",
        approval="待批准",
        substance=shown.found.digest,
    )
    revisions = (*shown.revisions, revision)
    view = DictionaryView(
        project.settings.name, language, shown.found, revision.version, cover, revisions,
        shown.changes,
    )  # fmt: skip
    content = {suffix: _content(view, suffix) for suffix in SUFFIXES}
    paths = store_document(_folder(project), cover.number, revisions, content)
    about = {"number": cover.number, "version": revision.version, "substance": revision.substance}
    about |= named(session.audit, *paths)
    session.record(person.id if person else "system", "report.written", about)
    return revision.version, tuple(paths)


def _made(project: Project, rules: Rules) -> Dictionary:
    treatments = {
        f"{e.name}.{f.name}": str(rules.policy.treatment(e.name, f.name, Audience.TARGET))
        for e in project.model.entities
        for f in e.fields
    }
    derived = frozenset(f"{d.entity}.{d.field}" for d in rules.derivations)
    return dictionary(project, treatments, derived)


def _version(project: Project, name: str, revisions: tuple[Revision, ...]) -> Dictionary:
    rules = parse_rules(project)
    if name == CURRENT:
        return _made(project, rules)
    wanted = [r for r in revisions if name == LATEST or r.version == name]
    if not wanted:
        known = ", ".join((*(r.version for r in revisions), LATEST, CURRENT))
        raise NotFound(
            Text(f"there is no version '{name}' of the dictionary", f"数据字典没有版本“{name}”"),
            remedy=Text(f"one of: {known}", f"可选：{known}"),
        )
    return _stored(project, rules.quality, wanted[-1])


def _stored(project: Project, rules: QualityFile, revision: Revision) -> Dictionary:
    path = _folder(project) / f"{document_stem(rules.dictionary.number, revision)}.json"
    try:
        return Dictionary.from_json(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise NotFound(
            Text(
                f"the file of version {revision.version} is gone",
                f"版本 {revision.version} 的文件已不在",
            ),
            where=str(path),
            remedy=Text("restore it from a backup", "请从备份恢复"),
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityFault(
            Text("a stored dictionary cannot be read", "已存的数据字典无法读取"), where=str(path)
        ) from error


def _folder(project: Project) -> Path:
    return project.path(project.settings.audit) / REPORTS


def _content(view: DictionaryView, suffix: str) -> bytes:
    if suffix == ".html":
        return dictionary_html(view).encode()
    if suffix == ".md":
        return dictionary_markdown(view).encode()
    if suffix == ".xlsx":
        return dictionary_workbook(view)
    return (json.dumps(view.found.to_json(), ensure_ascii=False, indent=1) + "\n").encode()
