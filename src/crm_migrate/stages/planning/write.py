"""Make the plan of a run: its file, pages and facts; enter it in the run state and journal."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.instants import rfc3339
from crm_migrate.language import Text, current_language
from crm_migrate.plan import gates
from crm_migrate.plan.approval.authorship import sign_as_author
from crm_migrate.plan.approval.deciding import PlanState
from crm_migrate.plan.approval.demands import demands
from crm_migrate.plan.file.header_json import FORMAT
from crm_migrate.plan.file.parts import SUFFIX
from crm_migrate.plan.file.stored import open_stored
from crm_migrate.plan.file.writer import PlanWriter
from crm_migrate.plan.header import Gate, PlanHeader
from crm_migrate.plan.merging.moves import count_moves
from crm_migrate.plan.scope import Scope
from crm_migrate.reports.facts import PlanFacts
from crm_migrate.reports.versions import handed_out, named
from crm_migrate.stages import survive
from crm_migrate.stages.apply import last_applied
from crm_migrate.stages.approving.said import standing_of
from crm_migrate.stages.changes import Changes
from crm_migrate.stages.evaluation.precision import precision_figure
from crm_migrate.stages.facts import plan_facts
from crm_migrate.stages.figures import drift_figures, mapping_digest
from crm_migrate.stages.golden.overrides import settle_cells
from crm_migrate.stages.planning.asked import Asked
from crm_migrate.stages.planning.departments import affected_departments
from crm_migrate.stages.planning.doubles import doubles_left
from crm_migrate.stages.planning.pages import write_all_pages
from crm_migrate.stages.planning.plans import FACTS, entity_labels, state_of
from crm_migrate.stages.planning.remarks import Remarks, write_remarks
from crm_migrate.stages.review.questions import store_questions
from crm_migrate.stages.session import Session
from crm_migrate.state.plans import PlanEntry, add_plan
from crm_migrate.state.registry import reserve
from crm_migrate.trust.people import Person
from crm_migrate.trust.private_files import TEMPORARY_SUFFIX, private_folder, write_private
from crm_migrate.workspace import Run


@dataclass(frozen=True)
class Planned:
    """A plan just made, and where its files are."""

    header: PlanHeader
    state: PlanState
    path: Path
    files: tuple[Path, ...]
    labels: dict[str, str]
    missing: tuple[Text, ...] = ()
    """In words, who must approve."""
    inherits: tuple[str, ...] = ()
    """Plans whose approvals serve this one."""
    doubles: int = 0
    """Rows of the CRM that stand double and are not merged."""
    linkage: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Entity → how its linkage came about, and where a full pass differs from earlier ones."""

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
            return (
                "crm-migrate show latest --open (findings.xlsx; rules/gates.yaml),"
                " crm-migrate override latest GATE --as … --reason …"
            )
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
                {
                    "name": g.name,
                    "value": g.value,
                    "bound": g.bound,
                    "limit": g.limit,
                    "passed": g.passed,
                    "on_failure": g.on_failure,
                }
                for g in header.gates
            ],
            "missing": [str(text) for text in self.missing],
            "inherits": list(self.inherits),
            "control_totals": [asdict(t) for t in header.control_totals],
            "waiting": header.waiting,
            "scope": header.scope.in_language(current_language()) if header.scope else None,
            "merges": header.merges,
            "reparented": header.reparented,
            "linkage": self.linkage,
            "path": str(self.path),
            "files": [str(f) for f in self.files],
        }


@contextmanager
def begun_file(session: Session, run: Run) -> Iterator[PlanWriter]:
    """The file of the run's plan, begun; nothing is left of one that is not finished."""
    plan_id = f"P{run.id}"
    folder = private_folder(session.plan_folder(plan_id))
    for leftover in folder.glob(f".*{TEMPORARY_SUFFIX}"):  # of a process that was killed
        leftover.unlink()
    key = session.job.keyring.plan_key(plan_id, create=True)
    with PlanWriter(folder / f"{plan_id}{SUFFIX}", plan_id, key) as file:
        yield file
    with suppress(OSError):
        folder.rmdir()  # only where it is empty


def write_plan(
    session: Session,
    run: Run,
    changes: Changes,
    file: PlanWriter,
    person: Person,
    inputs: str,
    asked: Asked | None = None,
    scope: Scope | None = None,
) -> Planned:
    """Finish the plan file; write pages, findings and facts; enter the plan; journal it.

    `file` holds the operations of the changes already.
    `scope` is what `asked` means in this run; the changes are confined to it already.
    """
    plan_id = file.plan_id
    facts = plan_facts(run, changes)
    evidence = _evidence(session, changes, facts, inputs)
    header = _header(session, run, changes, plan_id, person, evidence, scope)
    for name in changes.planned.heads:
        file.lineage(name, run.read(survive.STAGE, f"lineage.{name}"))
    if changes.planned.moves is not None:
        file.moves(changes.planned.moves)
    header, path, folder = file.finish(header), file.path, file.path.parent
    write_private(folder / FACTS, json.dumps(facts.to_json(), ensure_ascii=False).encode())
    if asked is not None and scope is not None:
        found = () if scope.only is None else scope.only.to_list()
        write_remarks(session, plan_id, Remarks(asked.to_json(found), asked.comments))
    state = state_of(session, header)
    language = session.project.settings.language or current_language()
    doubles = doubles_left(changes.planned)
    with open_stored(path, session.job.keyring.plan_key(plan_id)) as opened:
        files = write_all_pages(session, run, opened, language, doubles)
    # Last: until its files are whole, nobody finds the plan, and the run that died is resumed.
    _enter(session, run, changes, header, path, state)
    about = {"plan": plan_id, "run": run.id, "effect": header.effect, "evidence": header.evidence}
    page, findings = files
    about |= named(session.audit, folder / FACTS, page) | handed_out(session.audit, findings)
    session.record(person.id, "plan.made", {**about, "state": state, "confined": scope is not None})
    labels = entity_labels(session, current_language())
    standing = standing_of(session, header)
    missing = tuple(m.text() for m in standing.missing)
    inherits = tuple(sorted(set(standing.inherited.values())))
    return Planned(header, state, path, files, labels, missing, inherits, doubles.height)


def _evidence(session: Session, changes: Changes, facts: PlanFacts, inputs: str) -> dict[str, str]:
    """What the plan rests on, each part as a digest."""
    return {
        "inputs": _digest([inputs, *(f"{i.source} {i.table} {i.sha256}" for i in facts.inputs)]),
        "rules": session.project.digest,
        "mappings": mapping_digest(session.project),
        "linkage_model": facts.linkage.model,
        "counts": _digest({n: asdict(c) for n, c in changes.counts.items()}),
    }


def _judged(session: Session, run: Run, changes: Changes) -> tuple[Gate, ...]:
    """The gates, held against what this run measured."""
    job = session.job
    fingerprint = changes.identity.fingerprint
    drift = drift_figures(job, run, job.rules.gates, fingerprint, last_applied(session))
    precise = precision_figure(session, run)
    measured = changes.figures | drift | precise.figures
    return gates.evaluate(job.rules.gates, measured, session.project.model, precise.notes)


def _header(
    session: Session,
    run: Run,
    changes: Changes,
    plan_id: str,
    person: Person,
    evidence: dict[str, str],
    scope: Scope | None,
) -> PlanHeader:
    """The header, with who must approve, signed by the author."""
    settings = session.project.settings
    now = session.job.clock()
    judged = _judged(session, run, changes)
    parts = evidence | ({"scope": scope.digest()} if scope is not None else {})
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
        evidence="",  # filled when it is signed
        evidence_parts=parts,
        rows=changes.rows,
        counts=changes.counts,
        gates=judged,
        control_totals=changes.totals,
        waiting=changes.waiting,
        treatments=changes.planned.treatments,
        files={},
        scope=scope.words if scope is not None else None,
        merges=count_moves(changes.planned.moves, "merge"),
        reparented=count_moves(changes.planned.moves, "reparent"),
        irreversible=changes.irreversible,
        unchecked=changes.unchecked,
    )
    who = demands(
        settings.approval,
        header.counts,
        merges=header.merges,
        share=changes.figures.get("changed_share", 0.0),
        departments=affected_departments(run, changes.planned.heads),
        gates=judged,
        rules=session.job.rules.gates,
        sandbox=settings.target.sandbox,
    )
    return sign_as_author(replace(header, demands=who), session.signer(person))


def _enter(
    session: Session, run: Run, changes: Changes, header: PlanHeader, path: Path, state: PlanState
) -> None:
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
    store_questions(session, run)
    settle_cells(session, run)
    add_plan(
        session.state,
        PlanEntry(
            plan_id=header.plan_id,
            run=run.id,
            effect=header.effect,
            evidence=header.evidence,
            state=state,
            path=str(path),
            created_at=at,
            created_by=header.created_by,
            expires_at=rfc3339(header.expires_at),
        ),
    )


def _digest(data: object) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
