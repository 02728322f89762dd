"""Write a plan with its pages; find, list and show plans."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import KeyFault, NotFound
from crm_migrate.language import Language, Text, current_language
from crm_migrate.plan import gates
from crm_migrate.plan.approval import Decision, PlanState, plan_state
from crm_migrate.plan.change import Action, Plan, PlanHeader
from crm_migrate.plan.digest import evidence
from crm_migrate.plan.planfile import SUFFIX, open_plan, read_header
from crm_migrate.plan.planfile import write_plan as write_plan_file
from crm_migrate.plan.show.excel import plan_workbook
from crm_migrate.plan.show.html import plan_html
from crm_migrate.plan.show.names import Names, title_columns
from crm_migrate.plan.show.view import PlanView as View
from crm_migrate.plan.show.view import plan_view
from crm_migrate.reports.facts import PlanFacts
from crm_migrate.stages import link, present, survive
from crm_migrate.stages.changes import Changes
from crm_migrate.stages.facts import plan_facts
from crm_migrate.stages.findings import findings_workbook
from crm_migrate.stages.reviews import store_reviews
from crm_migrate.stages.session import Session, no_such_plan
from crm_migrate.state import plans as entries
from crm_migrate.state.approvals import approvals_of
from crm_migrate.state.plans import PlanEntry, add_plan, find_plan
from crm_migrate.state.registry import reserve
from crm_migrate.trust.people import Person
from crm_migrate.trust.private_files import private_folder, write_private
from crm_migrate.workspace import Run

FORMAT = 1
FACTS = "facts.json"


@dataclass(frozen=True)
class Planned:
    """A plan just made, and where its files are."""

    header: PlanHeader
    state: PlanState
    path: Path
    files: tuple[Path, ...]
    labels: dict[str, str]

    @property
    def waits(self) -> bool:
        """Whether a person has to decide something before the plan, or all of it, can go on."""
        return any(self.header.waiting.values()) or self.state == "blocked"

    @property
    def next_step(self) -> str:
        """The next sensible command."""
        if self.state == "empty":
            return "crm-migrate audit report"
        if self.state == "blocked":
            return "crm-migrate show latest --open (findings.xlsx; rules/gates.yaml)"
        if self.header.target.sandbox:
            return "crm-migrate show latest --open, crm-migrate approve latest --sandbox"
        return "crm-migrate show latest --open, crm-migrate approve latest --as …"

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        header = self.header
        return {
            "run": header.run,
            "plan": header.plan_id,
            "effect": header.effect,
            "evidence": header.evidence,
            "state": self.state,
            "rows": asdict(header.rows),
            "counts": {name: asdict(c) for name, c in header.counts.items()},
            "gates": [
                {"name": g.name, "value": g.value, "limit": g.limit, "passed": g.passed}
                for g in header.gates
            ],
            "control_totals": [asdict(t) for t in header.control_totals],
            "waiting": header.waiting,
            "path": str(self.path),
            "files": [str(f) for f in self.files],
        }


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
            "expires_at": f"{header.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
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


def write_plan(
    session: Session, run: Run, changes: Changes, person: Person, inputs: str
) -> Planned:
    """Write plan file, pages, findings and facts; enter the plan; journal it."""
    job, settings = session.job, session.project.settings
    now = job.clock()
    plan_id = f"P{run.id}"
    facts = plan_facts(run, changes)
    judged = gates.evaluate(job.rules.gates, changes.figures)
    parts = {
        "inputs": inputs,
        "rules": session.project.digest,
        "linkage_model": facts.linkage.model,
        "figures": _digest(changes.figures),
        "counts": _digest({n: asdict(c) for n, c in changes.counts.items()}),
    }
    header = PlanHeader(
        plan_id=plan_id,
        run=run.id,
        format=FORMAT,
        created_at=now,
        created_by=person.id,
        expires_at=now + timedelta(days=settings.approval.expires_days),
        project=settings.name,
        target=changes.identity,
        effect=changes.planned.effect,
        evidence=evidence(parts),
        evidence_parts=parts,
        rows=changes.rows,
        counts=changes.counts,
        gates=judged,
        control_totals=changes.totals,
        waiting=changes.waiting,
        treatments=changes.planned.treatments,
        files={},
    )
    lineage = {n: run.read(survive.STAGE, f"lineage.{n}") for n in changes.planned.operations}
    plan = Plan(header, changes.planned.operations, lineage)
    folder = private_folder(session.plan_folder(plan_id))
    path = folder / f"{plan_id}{SUFFIX}"
    header = write_plan_file(path, plan, job.keyring.plan_key(plan_id, create=True))
    write_private(folder / FACTS, json.dumps(facts.to_json(), ensure_ascii=False).encode())
    state = state_of(session, header)
    language = settings.language or current_language()
    files = _pages(session, run, Plan(header, plan.operations, lineage), state, facts, language)
    # Last: until its files are whole, nobody finds the plan, and the run that died is resumed.
    _enter(session, run, changes, header, path)
    entries.set_plan_state(session.state, plan_id, state)
    about = {"plan": plan_id, "run": run.id, "effect": header.effect, "evidence": header.evidence}
    session.record(person.id, "plan.made", {**about, "state": state})
    labels = entity_labels(session, current_language())
    return Planned(header, state, path, files, labels)


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


def _enter(session: Session, run: Run, changes: Changes, header: PlanHeader, path: Path) -> None:
    at = rfc3339(header.created_at)
    for name in changes.counts:
        golden = run.read(survive.STAGE, name)
        code = pl.col("customer_code") if name == "customer" else pl.lit(None, dtype=pl.String)
        identities = golden.select(
            "golden_id",
            pl.col("golden_id").str.slice(1, 32).alias("anchor"),
            code.alias("customer_code"),
        )
        reserve(session.state, identities, name, run.id, at)
    review = run.read(link.STAGE, "review.customer")
    conflicts = run.read(survive.STAGE, "x_owner_conflicts")
    store_reviews(session.state, review, conflicts, run.id)
    add_plan(
        session.state,
        PlanEntry(
            plan_id=header.plan_id,
            run=run.id,
            effect=header.effect,
            evidence=header.evidence,
            state="approvable",
            path=str(path),
            created_at=at,
            created_by=header.created_by,
            expires_at=rfc3339(header.expires_at),
        ),
    )


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
        author=session.trust.person(plan.header.created_by).name,
    )


def _pages(
    session: Session, run: Run, plan: Plan, state: PlanState, facts: PlanFacts, language: Language
) -> tuple[Path, ...]:
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


def rfc3339(time: datetime) -> str:
    """UTC to the second."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _digest(data: object) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def count_writes(plan: Plan) -> int:
    """How many operations change the target."""
    kinds = [str(Action.INSERT), str(Action.UPDATE)]
    return sum(f.filter(pl.col("action").is_in(kinds)).height for f in plan.operations.values())


def text_of_state(state: PlanState) -> Text:
    """The state in words."""
    from crm_migrate.plan.show.html import STATE_TEXTS

    return STATE_TEXTS[state]
