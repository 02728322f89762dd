"""The audit report as data: substance, cover, revisions (R-7.3). Rendering decides nothing."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from crm_migrate.plan.header import PlanHeader
from crm_migrate.project.settings import Cover
from crm_migrate.reports.facts import PlanEntry, PlanFacts
from crm_migrate.trust.canonical import canonical_json


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """The journal as it stood when the report was made."""

    result: str
    events: int
    root: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One line of the revision table."""

    version: str
    date: str
    change: str
    by: str
    approval: str
    substance: str
    """SHA-256 of the version's substance."""


@dataclass(frozen=True)
class AuditReport:
    """One version of the report."""

    version: str
    date: str
    cover: Cover
    prepared_by: str
    approved_by: str
    period: tuple[str, str]
    revisions: tuple[Revision, ...]
    """Oldest first; the last is this version."""
    project: str
    header: PlanHeader
    facts: PlanFacts
    plans: tuple[PlanEntry, ...]
    journal: JournalFacts
    rehearsal: bool


def substance_digest(
    header: PlanHeader, facts: PlanFacts, plans: tuple[PlanEntry, ...], cover: Cover
) -> str:
    """Digest of what the report says; clock, journal size and timings do not enter.

    A report whose substance is that of the version before is the same version.
    """
    counts = {name: asdict(c) for name, c in header.counts.items()}
    told = facts.to_json()
    told.pop("seconds")
    content: dict[str, Any] = {
        "cover": cover.model_dump(mode="json"),
        "effect": header.effect,
        "counts": counts,
        "rows": asdict(header.rows),
        "totals": [asdict(t) for t in header.control_totals],
        "waiting": header.waiting,
        "facts": told,
        "plans": [asdict(p) for p in plans],
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()


def next_version(revisions: tuple[Revision, ...]) -> str:
    """V1.0, then V1.1, V1.2, …"""
    if not revisions:
        return "V1.0"
    major, minor = revisions[-1].version.removeprefix("V").split(".")
    return f"V{major}.{int(minor) + 1}"


def describe_change(
    earlier: Revision | None, plans: tuple[PlanEntry, ...], seen: frozenset[str]
) -> str:
    """What changed and why, for the revision table (Chinese: the document's language)."""
    if earlier is None:
        return "首次编制"
    new = [p for p in plans if f"{p.plan_id}:{p.state}" not in seen]
    if not new:
        return "来源数据、规则或裁决有变化"
    words = {
        "applied": "已执行",
        "approved": "已批准",
        "rejected": "已驳回",
        "rolled_back": "已撤回",
        "partly_rolled_back": "部分撤回",
    }
    return "；".join(
        f"{'撤回' if p.reverses else '计划'} {p.plan_id} {words.get(p.state, '新编制')}"
        for p in new
    )


def build_report(
    *,
    cover: Cover,
    project: str,
    header: PlanHeader,
    facts: PlanFacts,
    plans: tuple[PlanEntry, ...],
    journal: JournalFacts,
    revisions: tuple[Revision, ...],
    seen: frozenset[str],
    prepared_by: str,
    now: datetime,
) -> AuditReport | None:
    """The next version, or None where nothing changed since the last.

    `seen` holds `plan id:state` of the plans that the version before listed.
    """
    digest = substance_digest(header, facts, plans, cover)
    if revisions and revisions[-1].substance == digest:
        return None
    approvers = [a.name for p in plans for a in p.approvals if a.decision == "approve"]
    approved_by = cover.approved_by or "、".join(dict.fromkeys(approvers))
    version = next_version(revisions)
    today = now.date().isoformat()
    change = describe_change(revisions[-1] if revisions else None, plans, seen)
    approval = "已批准" if approvers else "待批准"
    revision = Revision(version, today, change, prepared_by, approval, digest)
    starts = [p.created_at[:10] for p in plans] or [today]
    return AuditReport(
        version=version,
        date=today,
        cover=cover,
        prepared_by=cover.prepared_by or prepared_by,
        approved_by=approved_by,
        period=(min(starts), today),
        revisions=(*revisions, revision),
        project=project,
        header=header,
        facts=facts,
        plans=plans,
        journal=journal,
        rehearsal=header.target.sandbox,
    )


def next_review(report: AuditReport) -> str:
    """When the report is due for review again (R-7.4)."""
    day = date.fromisoformat(report.date)
    month = day.month - 1 + report.cover.next_review_months
    return date(day.year + month // 12, month % 12 + 1, min(day.day, 28)).isoformat()
