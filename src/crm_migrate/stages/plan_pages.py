"""A plan's pages for people, written beside its file: masked, in one language."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crm_migrate.errors import KeyFault, NotFound
from crm_migrate.language import Language
from crm_migrate.plan.approval import PlanState
from crm_migrate.plan.change import Plan
from crm_migrate.plan.show.excel import plan_workbook
from crm_migrate.plan.show.html import plan_html
from crm_migrate.plan.show.names import Names, title_columns
from crm_migrate.plan.show.view import PlanView as View
from crm_migrate.plan.show.view import plan_view
from crm_migrate.reports.facts import PlanFacts
from crm_migrate.stages import present, survive
from crm_migrate.stages.findings import findings_workbook
from crm_migrate.stages.plans import (
    entity_labels,
    field_labels,
    open_checked,
    read_facts,
    rfc3339,
    state_of,
)
from crm_migrate.stages.session import Session
from crm_migrate.trust.private_files import write_private
from crm_migrate.workspace import Run


@dataclass(frozen=True)
class PlanView:
    """A plan opened to be looked at."""

    view: View
    page: Path
    workbook: Path

    @property
    def next_step(self) -> str:
        """The next sensible command."""
        steps = {"approvable": "approve latest", "approved": "apply latest"}
        return f"crm-migrate {steps.get(self.view.state, 'audit report')}"

    def to_json(self) -> dict[str, Any]:
        """The masked view as data."""
        header = self.view.header
        return {
            "run": header.run,
            "plan": header.plan_id,
            "effect": header.effect,
            "evidence": header.evidence,
            "state": self.view.state,
            "created_by": header.created_by,
            "expires_at": rfc3339(header.expires_at),
            "rows": asdict(header.rows),
            "risks": [asdict(r) for r in self.view.risks],
            "counts": {name: asdict(c) for name, c in header.counts.items()},
            "operations": {
                e.name: {"total": e.total, "shown": [asdict(o) for o in e.operations]}
                for e in self.view.entities
            },
            "page": str(self.page),
            "workbook": str(self.workbook),
        }


def view_plan(session: Session, name: str, language: Language) -> PlanView:
    """A plan masked for people; its page and workbook are written anew in that language.

    Raises:
        NotFound: there is none.
        IntegrityFault: the file was altered.
    """
    _, plan = open_checked(session, name)
    state = state_of(session, plan.header)
    facts = read_facts(session, plan.header.plan_id)
    with _stored_run(session, plan.header.run) as run:
        view = _view(session, run, plan, state, facts, language)
    page, workbook = _write_pages(session, view)
    return PlanView(view, page, workbook)


@contextmanager
def _stored_run(session: Session, name: str) -> Iterator[Run | None]:
    """The run of a plan, while it is kept: names of records stand in it, not in the plan."""
    try:
        run = session.workspace.open(name)
    except (NotFound, KeyFault):
        yield None
        return
    with run:
        yield run


def _names(session: Session, run: Run | None, language: Language) -> Names:
    model, policy = session.project.model, session.job.rules.policy
    if run is None:
        return Names(model, policy, language)
    kept = set(run.names(survive.STAGE))
    golden = {
        e.name: run.read(survive.STAGE, e.name, title_columns(e))
        for e in model.entities
        if e.name in kept
    }
    return Names(model, policy, language, golden, present.lookups(run))


def _view(
    session: Session,
    run: Run | None,
    plan: Plan,
    state: PlanState,
    facts: PlanFacts,
    language: Language,
) -> View:
    findings = tuple(
        (f.severity, f.rule, f.message_zh if language == "zh" else f.message_en, f.count)
        for f in facts.findings
    )
    return plan_view(
        plan,
        state=state,
        model=session.project.model,
        target=session.project.target,
        policy=session.job.rules.policy,
        language=language,
        findings=findings,
        names=_names(session, run, language),
        author=session.name_of(plan.header.created_by),
    )


def write_all_pages(
    session: Session, run: Run, plan: Plan, state: PlanState, facts: PlanFacts, language: Language
) -> tuple[Path, ...]:
    """Page, workbook and findings of a plan just made; their paths."""
    session.job.progress("pages", 0, 1)
    view = _view(session, run, plan, state, facts, language)
    page, workbook = _write_pages(session, view)
    findings = session.plan_folder(plan.header.plan_id) / "findings.xlsx"
    content = findings_workbook(run, session.project.model, session.job.rules.policy, language)
    write_private(findings, content)
    session.job.progress("pages", 1, 1)
    return page, workbook, findings


def _write_pages(session: Session, view: View) -> tuple[Path, Path]:
    folder = session.plan_folder(view.header.plan_id)
    page, workbook = folder / "plan.html", folder / "plan.xlsx"
    fields, labels = field_labels(session, view.language), entity_labels(session, view.language)
    write_private(page, plan_html(view, fields, labels).encode())
    write_private(workbook, plan_workbook(view))
    return page, workbook
