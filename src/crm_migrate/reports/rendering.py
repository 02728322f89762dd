"""The audit report as a printable HTML page; its rows serve the workbook, too."""

from crm_migrate.language import Language
from crm_migrate.plan.show.html import SEVERITY_TEXTS, STATE_TEXTS, page_environment, template_text
from crm_migrate.plan.show.totals import by_year
from crm_migrate.reports.audit_report import AuditReport
from crm_migrate.reports.page_parts import part
from crm_migrate.reports.report_rows import (
    DECISIONS,
    conclusion_lines,
    cover_rows,
    evidence_rows,
    gate_rows,
    held_rows,
    linkage_rows,
    protection_rows,
    waiting_lines,
    when,
)


def report_html(
    report: AuditReport,
    language: Language,
    entity_labels: dict[str, str],
    field_labels: dict[str, str],
) -> bytes:
    """The report as a self-contained, printable page."""
    from markupsafe import Markup

    last = next((p.applied for p in reversed(report.plans) if p.applied), None)
    page = (
        page_environment()
        .from_string(part("report.html.j2"))
        .render(
            r=report,
            h=report.header,
            t=lambda en, zh: zh if language == "zh" else en,
            zh=language == "zh",
            n=lambda value: f"{value:,}",
            cover=cover_rows(report, language),
            conclusions=conclusion_lines(report, language),
            totals=by_year(report.header.control_totals),
            linkage=linkage_rows(report, language),
            protection=protection_rows(report, field_labels, language),
            waiting=waiting_lines(report, language),
            applied=list(last.counts.items()) if last else [],
            labels=entity_labels,
            severities={k: v.in_language(language) for k, v in SEVERITY_TEXTS.items()},
            states={k: v.in_language(language) for k, v in STATE_TEXTS.items()},
            decisions={k: v.in_language(language) for k, v in DECISIONS.items()},
            gates=gate_rows(report, language),
            held=held_rows(report, language),
            when=when,
            evidence=evidence_rows(report, language),
            style=Markup(template_text("page.css")),  # noqa: S704
        )
    )
    return page.encode()
