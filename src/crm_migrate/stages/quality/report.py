"""`crm-migrate quality`: a run measured beside the first one; page, workbook, report."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crm_migrate.errors import IntegrityFault, KeyFault, NotFound
from crm_migrate.language import Language
from crm_migrate.reports.audit_report import Revision, next_version
from crm_migrate.reports.quality_facts import QualityFacts
from crm_migrate.reports.quality_json import to_json
from crm_migrate.reports.quality_page import quality_html
from crm_migrate.reports.quality_view import Issue, QualityView
from crm_migrate.reports.quality_workbook import quality_workbook
from crm_migrate.reports.versions import load_document, named, store_document
from crm_migrate.stages.bare.table_files import require_suffix, write_file
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.quality.examples import examples
from crm_migrate.stages.quality.history import keep, kept_facts
from crm_migrate.stages.quality.measure import measure
from crm_migrate.stages.session import REPORTS, Session
from crm_migrate.trust.canonical import canonical_json
from crm_migrate.trust.roles import Action

SUFFIXES = (".html", ".xlsx", ".json")


@dataclass(frozen=True)
class WrittenReport:
    """The versions that were written; none where nothing changed since `version`."""

    version: str
    files: tuple[Path, ...]


def view_quality(
    session: Session, name: str = "latest", *, by: str | None = None, language: Language
) -> QualityView:
    """Measure a run; its figures are kept for the trend. The oldest run there is, too, when
    nothing was measured before: it is the baseline.

    Raises:
        NotFound: there is no finished run of that name.
        KeyFault: the run's key was destroyed, or `by` may not look.
        IntegrityFault: a table of the run, or figures that were kept, were changed.
    """
    actor = session.person(by, Action.VERIFY).id if by else "system"
    with open_finished(session, name) as run:
        facts = measure(session.job, run)
        shown = examples(
            run, session.project.model, session.job.rules.policy, session.job.rules.quality.examples
        )
    if not kept_facts(session):
        first = _oldest(session, facts)
        if first is not None:
            keep(session, first, actor)
    keep(session, facts, actor)
    history = tuple(kept_facts(session))
    return QualityView(
        project=session.project.settings.name,
        model=session.project.model,
        rules=session.job.rules.quality,
        language=language,
        facts=facts,
        baseline=history[0],
        history=history,
        examples=shown,
    )


def _oldest(session: Session, facts: QualityFacts) -> QualityFacts | None:
    """The figures of the oldest finished run that can still be read, where it is another one."""
    for run_id in session.workspace.run_ids():
        if run_id == facts.run:
            return None
        with (
            suppress(NotFound, KeyFault, IntegrityFault),
            open_finished(session, run_id) as run,
        ):
            return measure(session.job, run)
    return None


def write_quality(view: QualityView, path: Path) -> None:
    """Page, workbook or JSON, by the suffix of the file.

    Raises:
        UsageFault: another suffix.
        CrmMigrateError: the file cannot be written.
    """
    require_suffix(path, SUFFIXES)
    write_file(path, _content(view, path.suffix.lower()))


def report_quality(session: Session, view: QualityView, *, by: str | None = None) -> WrittenReport:
    """Write the next version of the report where the figures changed: V1.0 is the baseline.

    Raises:
        IntegrityFault: an earlier version was changed.
        KeyFault: `by` may not report.
    """
    person = session.person(by, Action.VERIFY) if by else None
    folder, cover = session.audit / REPORTS, view.rules.document
    revisions, noted = load_document(folder, cover.number)
    files: list[Path] = []
    due = [view]
    if not revisions and view.baseline.run != view.facts.run:
        due.insert(0, replace(view, facts=view.baseline, history=(view.baseline,), examples=()))
    for one in due:
        digest = _substance(one)
        if revisions and revisions[-1].substance == digest:
            continue
        revision = Revision(
            version=next_version(revisions),
            date=session.job.clock().astimezone().date().isoformat(),
            change=_change(one, revisions),
            by=person.name if person else "",
            approval="待批准",
            substance=digest,
        )
        revisions = (*revisions, revision)
        issue = Issue(revision.version, revision.date, cover, revision.by, revisions)
        issued = replace(one, issue=issue)
        content = {suffix: _content(issued, suffix) for suffix in SUFFIXES}
        noted = [*noted, one.facts.run]
        stored = store_document(folder, cover.number, revisions, content, noted)
        files += stored
        about = {"number": cover.number, "version": revision.version, "substance": digest}
        about |= named(session.audit, *stored)
        session.record(person.id if person else "system", "report.written", about)
    return WrittenReport(revisions[-1].version, tuple(files))


def _change(view: QualityView, revisions: tuple[Revision, ...]) -> str:
    """For the revision table (Chinese: the document's language)."""
    if not revisions:
        return "首次编制:旧数据质量基线"
    return f"运行 {view.facts.run} 的质量评价"


def _substance(view: QualityView) -> str:
    """Digest of what the report says: figures, rules of measuring, cover; not the moment."""
    facts = view.facts.to_json()
    content: Mapping[str, Any] = {
        "counts": facts["counts"],
        "rules": facts["rules"],
        "totals": facts["totals"],
        "measured_by": view.rules.model_dump(mode="json"),
    }
    plain = json.loads(json.dumps(content, ensure_ascii=False))
    return hashlib.sha256(canonical_json(_whole(plain))).hexdigest()


def _whole(data: Any) -> Any:
    """Fractions as texts: canonical JSON has whole numbers only."""
    if isinstance(data, float):
        return repr(data)
    if isinstance(data, list):
        return [_whole(item) for item in data]
    if isinstance(data, dict):
        return {key: _whole(value) for key, value in data.items()}
    return data


def _content(view: QualityView, suffix: str) -> bytes:
    if suffix == ".html":
        return quality_html(view).encode()
    if suffix == ".xlsx":
        return quality_workbook(view)
    return (json.dumps(to_json(view), ensure_ascii=False, indent=1) + "\n").encode()
