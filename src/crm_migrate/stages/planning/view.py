"""A plan opened to be looked at: what `show` says, masked, and what the pages are made of.

Little is imported and read for it, so that the summary of a plan of a million operations is there
at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import KeyFault, NotFound, UsageFault
from crm_migrate.instants import rfc3339
from crm_migrate.language import Language, Text
from crm_migrate.plan.approval.deciding import USED
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.show.approvals import approval_view
from crm_migrate.plan.show.choice import EVERYTHING, NOTHING, Choice
from crm_migrate.plan.show.names import Names, title_columns
from crm_migrate.plan.show.view import PlanView, plan_view
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET
from crm_migrate.reports.facts import PlanFacts
from crm_migrate.stages.approving.said import standing_of
from crm_migrate.stages.kept import GOLDEN, lookups
from crm_migrate.stages.planning.plans import open_to_read, read_facts, state_of
from crm_migrate.stages.planning.remarks import read_remarks
from crm_migrate.stages.session import Session
from crm_migrate.workspace import Run

PAGE, WORKBOOK = "plan.html", "plan.xlsx"
"""The page and the workbook in a plan's folder."""


@dataclass(frozen=True)
class Shown:
    """A plan opened to be looked at; `page` and `workbook` where they are written."""

    view: PlanView
    choice: Choice
    page: Path | None
    workbook: Path | None

    @property
    def next_step(self) -> str:
        """The next sensible command."""
        steps = {
            "approvable": "approve latest",
            "approved": "apply latest",
            "blocked": "override latest GATE --as … --reason …",
        }
        return f"crm-migrate {steps.get(self.view.state, 'audit report')}"

    def to_json(self) -> dict[str, Any]:
        """The masked view as data."""
        view, header = self.view, self.view.header
        size = self.choice.size
        return {
            **header_json(header, view.language),
            "state": view.state,
            "risks": [asdict(r) for r in view.risks],
            "approval": asdict(view.approval),
            "operations": {
                e.name: {
                    "total": e.total,
                    "page": self.choice.page,
                    "pages": -(-e.total // size) if size else 1,
                    "shown": [asdict(o) for o in e.operations],
                }
                for e in view.entities
            },
            "moves": [asdict(m) for m in view.moves],
            "comments": [asdict(c) for c in view.comments],
            "page": str(self.page) if self.page else None,
            "workbook": str(self.workbook) if self.workbook else None,
        }


def header_json(header: PlanHeader, language: Language) -> dict[str, Any]:
    """What `show` says of a header."""
    return {
        "run": header.run,
        "plan": header.plan_id,
        "kind": header.kind,
        "reverses": header.reverses,
        "scope": header.scope.in_language(language) if header.scope else None,
        "effect": header.effect,
        "evidence": header.evidence,
        "created_by": header.created_by,
        "expires_at": rfc3339(header.expires_at),
        "rows": asdict(header.rows),
        "counts": {name: asdict(c) for name, c in header.counts.items()},
        "merges": header.merges,
        "reparented": header.reparented,
        "irreversible": [t.in_language(language) for t in header.irreversible],
        "unchecked": [t.in_language(language) for t in header.unchecked],
    }


def view_plan(
    session: Session,
    name: str,
    language: Language,
    choice: Choice = NOTHING,
    *,
    customer: str | None = None,
) -> Shown:
    """The chosen part of a plan, masked for people.

    `customer`: only what hangs on this one, by code, golden id or key of the target.

    Raises:
        NotFound: there is no such plan or customer.
        UsageFault: several customers go by that name, or the plan has no such entity.
        IntegrityFault: the file was altered.
    """
    _, stored = open_to_read(session, name)
    with stored, stored_run(session, stored.header.run) as run:
        if choice.entity is not None and choice.entity not in stored.entities:
            raise _no_entity(choice.entity, stored.entities)
        if customer is not None:
            choice = replace(choice, groups=(_group(session, run, customer),), outside=True)
        view = view_of(session, run, stored, language, choice)
    folder = session.plan_folder(stored.header.plan_id)
    paths = [p if p.exists() else None for p in (folder / PAGE, folder / WORKBOOK)]
    return Shown(view, choice, *paths)


def _group(session: Session, run: Run | None, customer: str) -> str:
    """The golden id of a customer, which names its group."""
    if run is None:  # the names are gone with the run: only the id itself is known
        return customer
    from crm_migrate.stages.tracing.wanted import Ways, wanted_record  # imports all stages

    return wanted_record(session, run, Ways(customer)).golden_id or customer


def _no_entity(name: str, known: list[str]) -> UsageFault:
    return UsageFault(
        Text(f"the plan has no '{name}'", f"计划中没有“{name}”"),
        remedy=Text(f"one of: {', '.join(known)}", f"可选：{', '.join(known)}"),
    )


@contextmanager
def stored_run(session: Session, name: str) -> Iterator[Run | None]:
    """The run of a plan, while it is kept: names of records stand in it, not in the plan."""
    try:
        run = session.workspace.open(name)
    except (NotFound, KeyFault):
        yield None
        return
    with run:
        yield run


def names_of(session: Session, run: Run | None, language: Language) -> Names:
    """What records of a run are called; each table is read when something of it is shown."""
    model, policy = session.project.model, session.job.rules.policy
    if run is None:
        return Names(model, policy, language)
    kept = set(run.names(GOLDEN))

    @cache
    def golden(entity: str) -> pl.DataFrame | None:
        if entity not in kept:
            return None
        return run.read(GOLDEN, entity, title_columns(model.entity(entity)))

    @cache
    def places(entity: str) -> pl.DataFrame | None:
        table = f"records.{entity}"
        if table not in kept:
            return None
        return run.read(GOLDEN, table, [RECORD_ID, FILE, SHEET, ROW])

    @cache
    def members(entity: str) -> pl.DataFrame | None:
        table = f"members.{entity}"
        return run.read(GOLDEN, table, ["golden_id", RECORD_ID]) if table in kept else None

    return Names(model, policy, language, golden, places, members, lookups(run))


def view_of(
    session: Session, run: Run | None, plan: Opened, language: Language, choice: Choice = EVERYTHING
) -> PlanView:
    """The chosen part of an opened plan."""
    header, state = plan.header, state_of(session, plan.header)
    facts = _facts(session, header.plan_id)
    return plan_view(
        plan,
        state=state,
        model=session.project.model,
        target=session.project.target,
        names=names_of(session, run, language),
        findings=_findings(facts, language),
        doubles=facts.duplicates_in_crm if facts else 0,
        author=session.name_of(header.created_by),
        choice=choice,
        comments=read_remarks(session, header.plan_id).comments,
        approval=approval_view(
            header,
            standing_of(session, header),
            session.name_of,
            language,
            spent=state in USED,
        ),
    )


def _facts(session: Session, plan_id: str) -> PlanFacts | None:
    try:
        return read_facts(session, plan_id)
    except NotFound:  # a plan that takes another one back reads no sources
        return None


def _findings(facts: PlanFacts | None, language: Language) -> tuple[tuple[str, str, str, int], ...]:
    return tuple(
        (f.severity, f.rule, f.message_zh if language == "zh" else f.message_en, f.count)
        for f in (facts.findings if facts else ())
    )
