"""The plans of a project: find, open and list them, and where each stands."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crm_migrate.language import Language
from crm_migrate.plan.approval import Decision, PlanState, plan_state
from crm_migrate.plan.change import Plan, PlanHeader
from crm_migrate.plan.planfile import SUFFIX, open_plan, read_header
from crm_migrate.reports.facts import PlanFacts
from crm_migrate.stages.session import Session, no_such_plan
from crm_migrate.state import plans as entries
from crm_migrate.state.approvals import approvals_of
from crm_migrate.state.plans import PlanEntry, find_plan

FACTS = "facts.json"


def resolve_plan(session: Session, name: str) -> tuple[PlanEntry, Path]:
    """The plan of an id (of the plan or its run), a path, or `latest`.

    Raises:
        NotFound: there is none.
    """
    if name == "latest":
        entry = find_plan(session.state)
    else:
        path = Path(name)
        known = {e.run: e.plan_id for e in entries.list_plans(session.state)}
        plan_id = read_header(path).plan_id if path.is_file() else known.get(name, name)
        entry = find_plan(session.state, plan_id)
        if path.is_file():
            return entry, path
    path = session.plan_folder(entry.plan_id) / f"{entry.plan_id}{SUFFIX}"
    if not path.exists():
        raise no_such_plan(name)
    return entry, path


def open_checked(session: Session, name: str) -> tuple[PlanEntry, Plan]:
    """The plan, every byte of its file checked.

    Raises:
        NotFound: there is none.
        IntegrityFault: the file was altered.
    """
    entry, path = resolve_plan(session, name)
    return entry, open_plan(path, session.job.keyring.plan_key(entry.plan_id))


def decisions_on(session: Session, effect: str) -> list[Decision]:
    """All signed decisions on plans of that effect, from the run state."""
    return [
        Decision.from_json(json.loads(a.signature)) for a in approvals_of(session.state, effect)
    ]


def state_of(session: Session, header: PlanHeader) -> PlanState:
    """Where a plan stands now."""
    known = {e.plan_id: e.state for e in entries.list_plans(session.state)}
    used = [a.approval_id for a in approvals_of(session.state, header.effect) if a.used_at]
    return plan_state(
        header,
        decisions_on(session, header.effect),
        known.get(header.plan_id) == "applied",
        session.job.clock(),
        people=session.trust,
        approvers=session.project.settings.approval.approvers,
        used_approvals=used,
    )


def list_plans(session: Session) -> list["ListedPlan"]:
    """All plans, oldest first, each in its present state."""
    listed = []
    for entry in reversed(entries.list_plans(session.state)):
        path = session.plan_folder(entry.plan_id) / f"{entry.plan_id}{SUFFIX}"
        state = state_of(session, read_header(path)) if path.exists() else entry.state
        listed.append(ListedPlan(**{**asdict(entry), "state": state}))
    return listed


@dataclass(frozen=True, slots=True)
class ListedPlan(PlanEntry):
    """One line of the list of plans."""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"plan": self.plan_id}


def read_facts(session: Session, plan_id: str) -> PlanFacts:
    """The figures that were kept beside a plan. Raises NotFound."""
    path = session.plan_folder(plan_id) / FACTS
    if not path.exists():
        raise no_such_plan(plan_id)
    return PlanFacts.from_json(json.loads(path.read_text("utf-8")))


def entity_labels(session: Session, language: Language) -> dict[str, str]:
    """Entity → its name in the language."""
    return {e.name: e.label.in_language(language) for e in session.project.model.entities}


def field_labels(session: Session, language: Language) -> dict[str, str]:
    """`entity.field` → its name in the language."""
    return {
        f"{e.name}.{f.name}": f"{e.label.in_language(language)} · {f.label.in_language(language)}"
        for e in session.project.model.entities
        for f in e.fields
    }


def rfc3339(time: datetime) -> str:
    """UTC to the second."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
