"""A plan's pages for people, written beside its file: masked, in one language.

`plan` writes the page, which people open first; the workbook is written when someone asks for it.
"""

from pathlib import Path

import polars as pl

from crm_migrate.language import Language
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.show.excel import plan_workbook
from crm_migrate.plan.show.html import plan_html
from crm_migrate.plan.show.view import PlanView
from crm_migrate.reports.versions import handed_out, named
from crm_migrate.stages.planning.plans import entity_labels, field_labels, open_to_read
from crm_migrate.stages.planning.view import PAGE, WORKBOOK, stored_run, view_of
from crm_migrate.stages.quality.findings import findings_workbook
from crm_migrate.stages.session import Session
from crm_migrate.trust.private_files import write_private
from crm_migrate.workspace import Run

FINDINGS = "findings.xlsx"


def write_all_pages(
    session: Session, run: Run, plan: Opened, language: Language, doubles: pl.DataFrame
) -> tuple[Path, Path]:
    """Page and findings of a plan just made; their paths. Its facts must stand beside it.

    `doubles`: rows of the CRM that stay double (see `stages.planning.doubles`).
    """
    session.job.progress("pages", 0, 1)
    page = _write_page(session, view_of(session, run, plan, language))
    findings = session.plan_folder(plan.header.plan_id) / FINDINGS
    model, policy = session.project.model, session.job.rules.policy
    content = findings_workbook(run, model, policy, language, doubles)
    write_private(findings, content)
    session.job.progress("pages", 1, 1)
    return page, findings


def write_pages(
    session: Session, name: str, language: Language, *, page: bool = True, workbook: bool = False
) -> tuple[Path, ...]:
    """The page, the workbook or both of a plan, written anew in its present state; their paths.
    The journal names what was written.

    Raises:
        NotFound: there is no such plan.
        IntegrityFault: the file was altered.
    """
    _, stored = open_to_read(session, name)
    with stored, stored_run(session, stored.header.run) as run:
        view = view_of(session, run, stored, language)
    plan_id = view.header.plan_id
    about: dict[str, str | int | bool | None] = {"plan": plan_id}
    written = []
    if page:
        written.append(_write_page(session, view))
        about |= named(session.audit, *written)
    if workbook:
        path = session.plan_folder(plan_id) / WORKBOOK
        write_private(path, plan_workbook(view, session.job.keyring.plan_key(plan_id)))
        about |= handed_out(session.audit, path)
        written.append(path)
    session.record("system", "plan.pages", about)
    return tuple(written)


def _write_page(session: Session, view: PlanView) -> Path:
    fields, labels = field_labels(session, view.language), entity_labels(session, view.language)
    path = session.plan_folder(view.header.plan_id) / PAGE
    write_private(path, plan_html(view, fields, labels).encode())
    return path
