"""The audit report's next version, and the check of the journal."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from crm_migrate.errors import NotFound
from crm_migrate.language import Language, Text
from crm_migrate.plan.approval.deciding import USED
from crm_migrate.plan.approval.inheritance import gate_bound, gate_figure, inherits
from crm_migrate.plan.approval.standing import demand_text
from crm_migrate.plan.approval.statements import Signed
from crm_migrate.plan.file.parts import SUFFIX
from crm_migrate.plan.file.stored import read_header
from crm_migrate.plan.header import PlanHeader
from crm_migrate.project import Project
from crm_migrate.reports.audit_report import AuditReport, JournalFacts, build_report
from crm_migrate.reports.facts import ApprovalFacts, GateFacts, PlanEntry
from crm_migrate.reports.rendering import report_html
from crm_migrate.reports.versions import load_versions, named, require_unchanged, store_version
from crm_migrate.reports.workbook import report_workbook
from crm_migrate.stages.apply import read_applied
from crm_migrate.stages.approving.said import said_about, standing_of
from crm_migrate.stages.planning.plans import (
    ListedPlan,
    entity_labels,
    field_labels,
    list_plans,
    plan_header,
    read_facts,
)
from crm_migrate.stages.session import JOURNAL, REPORTS, Session
from crm_migrate.trust import trust_file
from crm_migrate.trust.checkpoint import open_checkpoint
from crm_migrate.trust.journal import Verdict, verify
from crm_migrate.trust.roles import ROLE_LABELS, Action, Role
from crm_migrate.trust.setup import TRUST_FILE

_WITHOUT_SUBSTANCE = ("empty", "expired")
"""Plans in these states changed nothing; a report does not list them."""


@dataclass(frozen=True)
class Written:
    """The report's version, and whether it is new."""

    version: str
    new: bool
    files: tuple[Path, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"version": self.version, "new": self.new, "files": [str(f) for f in self.files]}


def audit_report(session: Session, *, by: str | None = None, language: Language) -> Written:
    """Write the next version where something changed since the last.

    Raises:
        NotFound: there is no plan to report on.
        IntegrityFault: an earlier version was changed.
    """
    person = session.person(by, Action.VERIFY) if by else None
    folder = session.audit / REPORTS
    cover = session.project.settings.document
    revisions, seen = load_versions(folder, cover.number)
    report = _build(session, person.name if person else "", language, revisions, seen)
    if report is None:
        return Written(revisions[-1].version, False, ())
    labels, fields = entity_labels(session, language), field_labels(session, language)
    files = {
        ".html": report_html(report, language, labels, fields),
        ".xlsx": report_workbook(report, language, labels, fields),
    }
    paths = store_version(folder, report, files)
    actor = person.id if person else report.header.created_by
    about: dict[str, str | int | bool | None] = {
        "number": cover.number,
        "version": report.version,
        "substance": report.revisions[-1].substance,
        **named(session.audit, *paths),
    }
    session.record(actor, "report.written", about)
    return Written(report.version, True, tuple(paths))


def verify_journal(project: Project) -> Verdict:
    """Check the journal against its checkpoint, and the stored reports against the journal; needs
    the trust file's public key only.

    Raises:
        NotFound: there is no trust file, or no journal.
        IntegrityFault: the trust file, or a report, was changed.
    """
    trust = trust_file.load(project.state / TRUST_FILE)
    path = project.path(project.settings.audit) / JOURNAL
    checkpoint = path.with_name(path.name + ".checkpoint")
    if not path.exists() and not checkpoint.exists():
        raise NotFound(
            Text("there is no journal yet", "还没有日志"),
            where=str(path),
            remedy=Text("it begins with the first plan", "第一次生成计划时开始记录"),
        )
    data = path.read_bytes() if path.exists() else b""
    # The first event writes a checkpoint: where there is none, somebody took it away.
    signed = checkpoint.read_bytes() if checkpoint.exists() else b""
    verdict = verify(data, signed, trust.journal_key)
    if verdict.result == "OK":
        require_unchanged(path.parent, data)
    return verdict


def _build(
    session: Session,
    person: str,
    language: Language,
    revisions: tuple[Any, ...],
    seen: frozenset[str],
) -> AuditReport | None:
    listed = [p for p in list_plans(session) if p.state not in _WITHOUT_SUBSTANCE]
    every = list_plans(session)
    if not every:
        raise NotFound(
            Text("there is no plan to report on", "没有可报告的计划"),
            remedy=Text("make one: crm-migrate plan", "请先运行 crm-migrate plan"),
        )
    # What was read, cleaned and linked stands with the newest migration; rollbacks are listed.
    newest = next(
        (p for p in reversed(listed or every) if not is_rollback(session, p.plan_id)), every[-1]
    )
    path = session.plan_folder(newest.plan_id) / f"{newest.plan_id}{SUFFIX}"
    header = read_header(path)
    plans = tuple(_entry(session, p, language) for p in listed)
    verdict = verify_journal(session.project)
    signed = session.journal.read_checkpoint()
    checkpoint = open_checkpoint(signed, session.trust.journal_key) if signed else None
    root = checkpoint.root.hex() if checkpoint else ""
    author = session.name_of(header.created_by)
    return build_report(
        cover=session.project.settings.document,
        project=session.project.settings.name,
        header=header,
        facts=read_facts(session, newest.plan_id),
        plans=plans,
        journal=JournalFacts(verdict.result, verdict.events, root),
        revisions=revisions,
        seen=seen,
        prepared_by=person or author,
        now=_local(session.job.clock()),
    )


def _entry(session: Session, plan: ListedPlan, language: Language) -> PlanEntry:
    header = plan_header(session, plan.plan_id)
    signed = () if header is None else _signed(session, header, language)
    done = read_applied(session, plan.plan_id)
    entry = PlanEntry(
        plan_id=plan.plan_id,
        state=plan.state,
        created_at=plan.created_at,
        created_by=session.name_of(plan.created_by),
        effect=plan.effect,
        evidence=plan.evidence,
        approvals=signed,
        applied=done and replace(done, applied_by=session.name_of(done.applied_by)),
    )
    if header is None:
        return entry
    now = standing_of(session, header)
    return replace(
        entry,
        reverses=header.reverses,
        scope=header.scope.in_language(language) if header.scope else None,
        demands=tuple(demand_text(d).in_language(language) for d in header.demands),
        # What was applied misses nothing: its approvals are spent.
        missing=()
        if plan.state in USED
        else tuple(m.text().in_language(language) for m in now.missing),
        gates=tuple(
            GateFacts(
                label_en=g.label.en,
                label_zh=g.label.zh,
                figure=gate_figure(g),
                bound=gate_bound(g),
                on_failure=g.on_failure,
                overridden=g.name in overridden_gates(session, header),
            )
            for g in header.gates
            if not g.passed
        ),
    )


def is_rollback(session: Session, plan_id: str) -> bool:
    """Whether the plan takes another one back, as its file says."""
    header = plan_header(session, plan_id)
    return header is not None and header.kind == "rollback"


def overridden_gates(session: Session, header: PlanHeader) -> set[str]:
    """Gates of the plan that somebody overrode, whether or not that has expired since."""
    said = said_about(session, header)
    return {o.gate for o in said.overrides if o.evidence == header.evidence}


def _signed(session: Session, header: PlanHeader, language: Language) -> tuple[ApprovalFacts, ...]:
    """Decisions, overrides and revocations about the plan, in the order of time."""
    said = said_about(session, header)
    served = {header.evidence, *(e.evidence for e in said.earlier if inherits(header, e))}
    found: list[tuple[Signed, str, str]] = [
        (d, d.decision, "") for d in said.decisions if d.evidence in served
    ]
    labels = {g.name: g.label for g in header.gates}
    for o in said.overrides:
        if o.evidence == header.evidence:
            label = labels[o.gate].in_language(language) if o.gate in labels else o.gate
            found.append((o, "override", f"{label}: {o.figure} ({o.limit})"))
    known = {d.id for d in said.decisions if d.evidence in served}
    found += [(r, "revoke", session.name_of(r.of)) for r in said.revocations if r.decision in known]
    return tuple(
        ApprovalFacts(
            person=one.by,
            name=session.name_of(one.by),
            role=ROLE_LABELS[Role(one.role)].in_language(language),
            decision=decision,
            at=one.at,
            reason=one.reason,
            about=about,
        )
        for one, decision, about in sorted(found, key=lambda f: (f[0].at, f[0].id))
    )


def _local(time: datetime) -> datetime:
    return time.astimezone()
