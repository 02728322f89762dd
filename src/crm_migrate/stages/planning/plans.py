"""The plans of a project: find, open and list them, and where each stands."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Language, Text
from crm_migrate.plan.approval.deciding import USED, PlanState, plan_state
from crm_migrate.plan.change import Plan
from crm_migrate.plan.file.parts import SUFFIX
from crm_migrate.plan.file.stored import StoredPlan, open_plan, open_stored, read_header
from crm_migrate.plan.header import PlanHeader
from crm_migrate.reports.facts import PlanFacts
from crm_migrate.stages.approving.said import said_about
from crm_migrate.stages.session import Session, no_such_plan
from crm_migrate.state import plans as entries
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


def open_to_read(session: Session, name: str) -> tuple[PlanEntry, StoredPlan]:
    """The plan, every byte of its file checked, its tables opened when they are asked for.

    Raises:
        NotFound: there is none.
        IntegrityFault: the file was altered.
    """
    entry, path = resolve_plan(session, name)
    return entry, open_stored(path, session.job.keyring.plan_key(entry.plan_id))


def checked_header(session: Session, name: str) -> PlanHeader:
    """The header of a plan, every byte of its file checked; no table of it is opened.

    Raises:
        NotFound: there is none.
        IntegrityFault: the file was altered.
    """
    _, stored = open_to_read(session, name)
    with stored:
        return stored.header


def require_same_project(session: Session, header: PlanHeader) -> None:
    """Refuse a plan when mappings, rules or limits are no longer those that it was made under.

    The plan holds what will be written, but keys, matches, the number of approvers and the limit
    of stale groups are the project's; the evidence that an approval signs names them.

    Raises:
        PlanRefused: the project's files say something else than when the plan was made.
    """
    if header.evidence_parts.get("rules") == session.project.digest:
        return
    raise PlanRefused(
        Text(
            "the project's files changed since planning: settings, mappings or rules",
            "计划生成后项目文件（设置、映射或规则）有改动",
        ),
        where=header.plan_id,
        remedy=Text(
            "put them back as they were, or make a new plan and have it approved",
            "请恢复原文件，或重新生成计划并审批",
        ),
    )


def state_of(session: Session, header: PlanHeader) -> PlanState:
    """Where a plan stands now."""
    known = {e.plan_id: e.state for e in entries.list_plans(session.state)}
    for state in USED:
        if known.get(header.plan_id) == state:
            return state
    return plan_state(
        header,
        said_about(session, header),
        False,
        session.job.clock(),
        people=session.trust,
    )


def list_plans(session: Session) -> list["ListedPlan"]:
    """All plans, oldest first, each in its present state."""
    listed = []
    for entry in reversed(entries.list_plans(session.state)):
        path = session.plan_folder(entry.plan_id) / f"{entry.plan_id}{SUFFIX}"
        header = read_header(path) if path.exists() else None
        state = state_of(session, header) if header is not None else entry.state
        about = {"reverses": header.reverses, "scope": header.scope} if header is not None else {}
        listed.append(ListedPlan(**{**asdict(entry), "state": state, **about}))
    return listed


@dataclass(frozen=True, slots=True)
class ListedPlan(PlanEntry):
    """One line of the list of plans; of a rollback, what it takes back, and any plan's scope."""

    reverses: str | None = None
    scope: Text | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        scope = str(self.scope) if self.scope is not None else None
        return asdict(self) | {"plan": self.plan_id, "scope": scope}


def plan_header(session: Session, plan_id: str) -> PlanHeader | None:
    """The header of a plan; None where its file is no longer kept."""
    path = session.plan_folder(plan_id) / f"{plan_id}{SUFFIX}"
    return read_header(path) if path.exists() else None


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
