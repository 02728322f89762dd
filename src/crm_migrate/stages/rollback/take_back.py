"""Take an applied plan back: a plan of its own, approved where policy says so, applied like any."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from crm_migrate.errors import NotFound, PlanRefused, UsageFault
from crm_migrate.instants import rfc3339
from crm_migrate.language import Text, current_language
from crm_migrate.loading.bearings import Bearings, reference_columns
from crm_migrate.loading.ledger.plan_lock import ENDED, plan_state
from crm_migrate.loading.rollback.operations import inverse_of, merges_of
from crm_migrate.plan.change import Action as Change
from crm_migrate.plan.change import Plan
from crm_migrate.plan.file.parts import SUFFIX
from crm_migrate.plan.file.stored import StoredPlan
from crm_migrate.plan.file.writer import write_plan as write_plan_file
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.merging.unmerge import inverse_moves, kept_merges
from crm_migrate.reports.facts import LinkageFacts, PlanFacts
from crm_migrate.stages.apply import apply_plan
from crm_migrate.stages.planning.pages import write_pages
from crm_migrate.stages.planning.plans import (
    FACTS,
    open_checked,
    open_to_read,
    plan_header,
    resolve_plan,
    state_of,
)
from crm_migrate.stages.rollback.header import ToTakeBack, rollback_header, scope_words
from crm_migrate.stages.rollback.heaps import RolledBack, rolled_back, with_outcome
from crm_migrate.stages.rollback.taken_back import PARTLY, ROLLED_BACK
from crm_migrate.stages.session import Session
from crm_migrate.stages.tracing.named_customer import named_customer
from crm_migrate.state import plans as entries
from crm_migrate.state.plans import PlanEntry
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetReader
from crm_migrate.trust.people import Person
from crm_migrate.trust.private_files import private_folder, write_private
from crm_migrate.trust.roles import Action

_NO_FACTS = PlanFacts((), (), LinkageFacts("none", 0, 0, 0, 0, 0, 0, 0, 0, ""), {}, 0, {})


def roll_back(
    session: Session,
    name: str = "latest",
    *,
    entities: Sequence[str] = (),
    customers: Sequence[str] = (),
    by: str | None = None,
    agreed: Callable[[RolledBack], bool] = lambda _planned: True,
) -> RolledBack:
    """Take a plan back as far as policy lets: plan it, and apply it where nobody need approve.

    An interrupted rollback of the plan goes on. Called again after an approval, it is carried
    out, as long as it would still do the same. `agreed` is asked before anything is written.

    Raises:
        Like `plan_rollback` and `apply_plan`.
    """
    planned = _begun(session, _plan_of(session, name).plan_id)
    if planned is None:
        planned = plan_rollback(session, name, entities=entities, customers=customers, by=by)
    if not planned.ready or not agreed(planned):
        return planned
    return with_outcome(planned, apply_plan(session, planned.header.plan_id, by=by))


def plan_rollback(
    session: Session,
    name: str = "latest",
    *,
    entities: Sequence[str] = (),
    customers: Sequence[str] = (),
    by: str | None = None,
) -> RolledBack:
    """Plan to take a plan back; writes nothing to the target.

    `name`: a plan or run, or `latest`: the one applied last. `entities`, `customers` (golden ids,
    codes or target keys): only these, and what hangs on what would be deleted.

    Raises:
        NotFound: there is no such plan or customer.
        PlanRefused: it was never applied, is being applied, or is taken back already.
        IntegrityFault: the plan file or a before-image was altered.
        TargetFault: the target cannot be read.
        KeyFault: the person may not roll back, or their key does not open.
    """
    person = session.acting(by, Action.ROLL_BACK)
    entry = _plan_of(session, name)
    with open_to_read(session, entry.plan_id)[1] as plan:
        for entity in entities:
            _require_entity(plan, entity)
        found = _found(session, entry, plan, entities, customers)
        scope = scope_words(session, entities, len(customers))
        header = rollback_header(session, plan.header, found, scope, person)
    known = _same(session, header)
    if known is not None:
        return rolled_back(session, known, found.operations, found.merges, ())
    files = _enter(session, header, found, person)
    return rolled_back(session, header, found.operations, found.merges, files)


def _found(
    session: Session,
    entry: PlanEntry,
    plan: StoredPlan,
    entities: Sequence[str],
    customers: Sequence[str],
) -> ToTakeBack:
    project, keys = session.project, session.job.keyring
    with open_target(project.target_url).reading() as reader:
        _require_applied(reader, entry)
        groups = [named_customer(session, reader, c) for c in customers]
        schema = reader.describe()
        references = reference_columns(project.target, project.model)
        bearings = Bearings(project.target, references, schema, keys.digest_key)
        trail = merges_of(reader, plan, bearings, keys, entities=entities, groups=groups)
        blocked = kept_merges(trail)["group"]
        operations = inverse_of(
            reader, plan, bearings, keys, entities=entities, groups=groups, blocked=blocked
        )
    moves = _inverse_moves(plan, trail, operations, blocked, keys.digest_key)
    merges = trail.filter(pl.col("kind") == "merge").height
    return ToTakeBack(operations, moves, merges, schema)


def _inverse_moves(
    plan: StoredPlan,
    trail: pl.DataFrame,
    operations: dict[str, pl.DataFrame],
    blocked: pl.Series,
    digest_key: bytes,
) -> pl.DataFrame | None:
    """Merges taken back, but for groups of which a row is kept."""
    kept = [f.filter(pl.col("action") == Change.SKIP)["group"] for f in operations.values()]
    moves = plan.moves()
    ranks = pl.DataFrame(schema={"group": pl.String, "rank": pl.Int64})
    if moves is not None:
        ranks = moves.select("group", "rank")
    return inverse_moves(trail, ranks, pl.concat([blocked, *kept]).unique(), digest_key)


def _plan_of(session: Session, name: str) -> PlanEntry:
    """The entry of a plan or run; `latest`: the plan that was applied last and still stands."""
    listed = entries.list_plans(session.state)
    if name != "latest":
        return resolve_plan(session, name)[0]
    for entry in listed:
        header = plan_header(session, entry.plan_id)
        standing = entry.state in ("applied", PARTLY)
        if standing and header is not None and header.kind == "migration":
            return entry
    raise NotFound(
        Text("there is no applied plan to take back", "没有可撤回的已执行计划"),
        remedy=Text("list them: crm-migrate runs", "请用 crm-migrate runs 查看"),
    )


def _begun(session: Session, plan_id: str) -> RolledBack | None:
    """A rollback of the plan that was interrupted."""
    for entry in entries.list_plans(session.state):
        header = plan_header(session, entry.plan_id) if entry.state == "applying" else None
        if header is not None and header.reverses == plan_id:
            _, plan = open_checked(session, entry.plan_id)
            merged = plan.header.merges
            begun = rolled_back(session, plan.header, plan.operations, merged, ())
            return replace(begun, state="approved")
    return None


def _same(session: Session, header: PlanHeader) -> PlanHeader | None:
    """An earlier plan that does the same on the same grounds and was not carried out yet."""
    for entry in entries.list_plans(session.state):
        if (entry.effect, entry.evidence) != (header.effect, header.evidence):
            continue
        earlier = plan_header(session, entry.plan_id)
        if earlier is not None and state_of(session, earlier) in ("approvable", "approved"):
            return earlier
    return None


def _require_entity(plan: StoredPlan, entity: str) -> None:
    if entity not in plan.entities:
        raise UsageFault(
            Text(f"the plan has no entity '{entity}'", f"计划中没有对象“{entity}”"),
            remedy=Text(f"one of: {', '.join(plan.entities)}", f"可选：{'、'.join(plan.entities)}"),
        )


def _require_applied(reader: TargetReader, entry: PlanEntry) -> None:
    state = plan_state(reader, entry.plan_id)
    if entry.state == ROLLED_BACK:
        raise PlanRefused(
            Text("this plan was taken back already", "该计划已撤回"), where=entry.plan_id
        )
    if state in ENDED:
        return
    if state is None:
        raise PlanRefused(
            Text("the target knows nothing of this plan", "目标系统中没有该计划的执行记录"),
            where=entry.plan_id,
        )
    raise PlanRefused(
        Text("this plan was not applied to its end", "该计划尚未执行完毕"),
        where=entry.plan_id,
        remedy=Text(
            "let the apply go on to its end, or cancel it: crm-migrate apply --help",
            "请先完成或取消执行，见 crm-migrate apply --help",
        ),
    )


def _enter(
    session: Session, header: PlanHeader, found: ToTakeBack, person: Person
) -> tuple[Path, ...]:
    """Write plan file, facts and pages; enter the plan; journal it."""
    plan_id = header.plan_id
    folder = private_folder(session.plan_folder(plan_id))
    path = folder / f"{plan_id}{SUFFIX}"
    key = session.job.keyring.plan_key(plan_id, create=True)
    header = write_plan_file(path, Plan(header, found.operations, {}, found.moves), key)
    write_private(folder / FACTS, json.dumps(_NO_FACTS.to_json()).encode())
    state = state_of(session, header)
    entries.add_plan(
        session.state,
        PlanEntry(
            plan_id=plan_id,
            run=header.run,
            effect=header.effect,
            evidence=header.evidence,
            state=state,
            path=str(path),
            created_at=rfc3339(header.created_at),
            created_by=header.created_by,
            expires_at=rfc3339(header.expires_at),
        ),
    )
    about = {
        "plan": plan_id,
        "reverses": header.reverses,
        "effect": header.effect,
        "evidence": header.evidence,
        "state": state,
    }
    session.record(person.id, "rollback.planned", about)
    language = session.project.settings.language or current_language()
    return write_pages(session, plan_id, language)
