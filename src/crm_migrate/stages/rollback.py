"""Take an applied plan back: a plan of its own, approved where policy says so, applied like any."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import KeyFault, NotFound, PlanRefused, UsageFault
from crm_migrate.language import Text, current_language
from crm_migrate.loading.bearings import Bearings, reference_columns
from crm_migrate.loading.plan_lock import plan_state
from crm_migrate.loading.precondition import LEFT_REASONS
from crm_migrate.loading.rollback import inverse_of, merges_of
from crm_migrate.plan.approval import PlanState
from crm_migrate.plan.authorship import sign_as_author
from crm_migrate.plan.change import (
    REASONS,
    Demand,
    EntityCounts,
    Plan,
    PlanHeader,
    RowCounts,
    TargetIdentity,
)
from crm_migrate.plan.change import Action as Change
from crm_migrate.plan.demands import demands
from crm_migrate.plan.digest import effect
from crm_migrate.plan.irreversible import irreversible
from crm_migrate.plan.merges import count_moves
from crm_migrate.plan.operations import count_actions, effect_digests
from crm_migrate.plan.planfile import FORMAT, SUFFIX, StoredPlan
from crm_migrate.plan.planfile import write_plan as write_plan_file
from crm_migrate.plan.show.risks import reason_text
from crm_migrate.plan.unmerge import inverse_moves, kept_merges
from crm_migrate.reports.facts import LinkageFacts, PlanFacts
from crm_migrate.stages.apply import Done, apply_plan
from crm_migrate.stages.departments import affected_departments
from crm_migrate.stages.figures import mapping_digest
from crm_migrate.stages.named_customer import named_customer
from crm_migrate.stages.plan_pages import view_plan
from crm_migrate.stages.plans import (
    FACTS,
    entity_labels,
    open_checked,
    open_to_read,
    plan_header,
    resolve_plan,
    rfc3339,
    state_of,
)
from crm_migrate.stages.session import Session
from crm_migrate.stages.taken_back import PARTLY, ROLLED_BACK
from crm_migrate.state import plans as entries
from crm_migrate.state.plans import PlanEntry
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetReader, TargetSchema
from crm_migrate.trust.people import Action, Person
from crm_migrate.trust.private_files import private_folder, write_private
from crm_migrate.workspace.runs import new_run_id

KEPT_ROWS = 1_000
"""Kept rows that the JSON names; all of them stand in the plan."""
_NO_FACTS = PlanFacts((), (), LinkageFacts("none", 0, 0, 0, 0, 0, 0, 0, 0, ""), {}, 0, {})


@dataclass(frozen=True)
class Heaps:
    """Rows of one entity: taken back (or to be), kept, failed, and with nothing to take back."""

    reversed: int = 0
    kept: int = 0
    failed: int = 0
    nothing: int = 0


@dataclass(frozen=True)
class RolledBack:
    """A rollback, planned or carried out (`done`)."""

    header: PlanHeader
    state: PlanState
    path: Path
    files: tuple[Path, ...]
    labels: dict[str, str]
    by_entity: dict[str, Heaps]
    kept_rows: tuple[tuple[str, str, str], ...]
    """Entity, golden id and reason code of rows that are kept or failed (KEPT_ROWS at most)."""
    reasons: dict[str, int]
    """Reason code (without detail) → how many rows are kept or failed for it."""
    merges: Heaps
    """Merges taken apart, and kept together; counted apart from the rows."""
    done: Done | None = None

    def total(self, heap: str) -> int:
        """Rows of a heap over all entities."""
        return sum(getattr(heaps, heap) for heaps in self.by_entity.values())

    @property
    def ready(self) -> bool:
        """Whether it can be carried out now, or goes on where it was interrupted."""
        return self.done is None and self.state == "approved"

    @property
    def waits(self) -> bool:
        """Whether somebody must approve it first."""
        return self.done is None and self.state == "approvable"

    @property
    def ok(self) -> bool:
        """Nothing failed, and not everything had to be kept."""
        if self.done is not None and not self.done.ok:
            return False
        return not self.total("kept") or bool(self.total("reversed") or self.total("nothing"))

    @property
    def next_step(self) -> str:
        """The next sensible command."""
        plan = self.header.plan_id
        if self.done is not None:
            return "crm-migrate audit report"
        if self.state == "approvable" and self.header.target.sandbox:
            return f"crm-migrate approve {plan} --sandbox, crm-migrate apply {plan}"
        if self.state == "approvable":
            return f"crm-migrate approve {plan} --as …, crm-migrate apply {plan}"
        if self.state == "approved":
            return f"crm-migrate apply {plan}"
        return f"crm-migrate show {plan} --open"

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        return {
            "run": self.header.run,
            "plan": self.header.plan_id,
            "reverses": self.header.reverses,
            "effect": self.header.effect,
            "state": self.done.applied.state if self.done else self.state,
            "reversed": self.total("reversed"),
            "kept": self.total("kept"),
            "failed": self.total("failed"),
            "nothing": self.total("nothing"),
            "merges": {"reversed": self.merges.reversed, "kept": self.merges.kept},
            "reparented": self.header.reparented,
            "verified": self.done.facts.verified if self.done else None,
            "by_entity": {name: asdict(heaps) for name, heaps in self.by_entity.items()},
            "kept_rows": [
                {"entity": entity, "golden_id": golden, "reason": reason}
                for entity, golden, reason in self.kept_rows
            ],
            "files": [str(f) for f in self.files],
        }


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
    return _with_outcome(planned, apply_plan(session, planned.header.plan_id, by=by))


def reason_words(code: str) -> Text:
    """Why a row is kept or failed, in words."""
    known = code.partition(":")[0] in REASONS
    return reason_text(code) if known else LEFT_REASONS.get(code, Text(code, code))


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
        scope = _scope(session, entities, len(customers))
        header = _header(session, plan.header, found, scope, person)
    known = _same(session, header)
    if known is not None:
        return _rolled_back(session, known, found.operations, found.merges, ())
    files = _enter(session, header, found, person)
    return _rolled_back(session, header, found.operations, found.merges, files)


@dataclass(frozen=True)
class _Found:
    """What there is to take back; `merges`: how many merges the plan had carried out there."""

    operations: dict[str, pl.DataFrame]
    moves: pl.DataFrame | None
    merges: int
    schema: TargetSchema


def _found(
    session: Session,
    entry: PlanEntry,
    plan: StoredPlan,
    entities: Sequence[str],
    customers: Sequence[str],
) -> _Found:
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
    return _Found(operations, moves, merges, schema)


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
            begun = _rolled_back(session, plan.header, plan.operations, merged, ())
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
            remedy=Text(f"one of: {', '.join(plan.entities)}", f"可选:{'、'.join(plan.entities)}"),
        )


def _require_applied(reader: TargetReader, entry: PlanEntry) -> None:
    state = plan_state(reader, entry.plan_id)
    if entry.state == ROLLED_BACK:
        raise PlanRefused(
            Text("this plan was taken back already", "该计划已撤回"), where=entry.plan_id
        )
    if state in ("done", "stopped"):
        return
    raise PlanRefused(
        Text("this plan was not applied to its end", "该计划尚未执行完毕")
        if state == "running"
        else Text("the target knows nothing of this plan", "目标系统中没有该计划的执行记录"),
        where=entry.plan_id,
        remedy=Text("let the apply end first: crm-migrate apply", "请先完成执行:crm-migrate apply")
        if state == "running"
        else None,
    )


def _scope(session: Session, entities: Collection[str], customers: int) -> Text | None:
    if not entities and not customers:
        return None
    en, zh = [], []
    if entities:
        en.append(", ".join(entity_labels(session, "en")[e] for e in entities))
        zh.append("、".join(entity_labels(session, "zh")[e] for e in entities))
    if customers:
        en.append(f"{customers} named customers" if customers > 1 else "one named customer")
        zh.append(f"指定的 {customers} 个客户")
    hangs = ("and what hangs on what is deleted", "及其所属记录")
    return Text(f"{', '.join(en)}; {hangs[0]}", f"{'、'.join(zh)}{hangs[1]}")


def _header(
    session: Session,
    undone: PlanHeader,
    found: _Found,
    scope: Text | None,
    person: Person,
) -> PlanHeader:
    settings, now = session.project.settings, session.job.clock()
    operations, moves, schema = found.operations, found.moves, found.schema
    target = TargetIdentity(
        name=settings.target.name,
        system=schema.system,
        database=schema.database,
        fingerprint=schema.fingerprint,
        sandbox=settings.target.sandbox,
    )
    counts = {
        name: count_actions(frame, accepted=frame.height) for name, frame in operations.items()
    }
    header = PlanHeader(
        plan_id=f"R{new_run_id(now)}",
        run=undone.run,
        format=FORMAT,
        created_at=now,
        created_by=person.id,
        expires_at=now + timedelta(days=settings.approval.expires_days),
        project=settings.name,
        target=target,
        effect=effect(target, settings.name, effect_digests(operations, moves)),
        evidence="",  # filled when it is signed
        evidence_parts={
            "inputs": undone.effect,
            "rules": session.project.digest,
            "mappings": mapping_digest(session.project),
        },
        rows=RowCounts(0, 0, 0, 0),
        counts=counts,
        gates=(),
        control_totals=(),
        waiting={},
        treatments={},
        files={},
        kind="rollback",
        reverses=undone.plan_id,
        scope=scope,
        irreversible=irreversible(schema, session.project.target.entities, operations),
        unchecked=_unchecked(session, undone),
        demands=_demands(session, undone.run, operations, counts),
        merges=count_moves(moves, "unmerge"),
        reparented=count_moves(moves, "reparent"),
    )
    return sign_as_author(header, session.signer(person))


def _demands(
    session: Session,
    run: str,
    operations: dict[str, pl.DataFrame],
    counts: dict[str, EntityCounts],
) -> tuple[Demand, ...]:
    """Nobody need approve where policy lets a rollback go ahead, as it does in a sandbox."""
    approval = session.project.settings.approval
    stated = "rollback" in approval.model_fields_set
    rehearsal = session.project.settings.target.sandbox and not stated
    if rehearsal or approval.rollback == "direct":
        return ()
    try:
        with session.workspace.open(run) as kept:
            departments = affected_departments(kept, operations)
    except (NotFound, KeyFault):
        departments = ()
    return demands(approval, counts, departments=departments)


def _unchecked(session: Session, undone: PlanHeader) -> tuple[Text, ...]:
    found = [
        Text(
            "columns that are not mapped: what people entered there does not keep a row; a deleted"
            " row's before-image holds it",
            "未映射的字段:其中的人工录入不会使记录被保留;被删除记录的变更前镜像中仍有保存",
        )
    ]
    if undone.evidence_parts.get("mappings") != mapping_digest(session.project):
        found.append(
            Text(
                "the mappings changed since that plan: rows of tables mapped otherwise look edited",
                "该计划之后映射有改动:映射不同的表中的记录会显示为已修改",
            )
        )
    return tuple(found)


def _enter(session: Session, header: PlanHeader, found: _Found, person: Person) -> tuple[Path, ...]:
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
    shown = view_plan(session, plan_id, language, page=True)
    return tuple(path for path in (shown.page, shown.workbook) if path is not None)


def _rolled_back(
    session: Session,
    header: PlanHeader,
    operations: dict[str, pl.DataFrame],
    merged: int,
    files: tuple[Path, ...],
) -> RolledBack:
    """The rollback as planned; `merged`: merges that could have been taken apart."""
    by_entity: dict[str, Heaps] = {}
    kept: list[tuple[str, str, str]] = []
    for name, frame in operations.items():
        acted = pl.col("action").is_in([str(a) for a in _ACTING]) | pl.col("adopt")
        left = frame.filter(pl.col("action") == Change.SKIP)
        kept += [(name, g, r) for g, r in left.select("golden_id", "reason").iter_rows()]
        reversed_rows = frame.filter(acted).height
        nothing = frame.height - reversed_rows - left.height
        by_entity[name] = Heaps(reversed_rows, left.height, 0, nothing)
    folder = session.plan_folder(header.plan_id)
    return RolledBack(
        header=header,
        state=state_of(session, header),
        path=folder / f"{header.plan_id}{SUFFIX}",
        files=files,
        labels=entity_labels(session, current_language()),
        by_entity=by_entity,
        kept_rows=tuple(kept[:KEPT_ROWS]),
        reasons=_counted(kept),
        merges=Heaps(header.merges, merged - header.merges),
    )


def _counted(rows: list[tuple[str, str, str]]) -> dict[str, int]:
    return dict(Counter(reason.partition(":")[0] for _, _, reason in rows).most_common())


_ACTING = (Change.INSERT, Change.UPDATE, Change.DELETE)


def _with_outcome(planned: RolledBack, done: Done) -> RolledBack:
    """What apply left stands with what was kept or, where the target refused it, with failed."""
    by_entity = {}
    for name, heaps in planned.by_entity.items():
        mine = done.applied.left.filter(pl.col("entity") == name)
        failed = mine.filter(pl.col("result") == "failed").height
        by_entity[name] = replace(
            heaps,
            reversed=heaps.reversed - mine.height,
            kept=heaps.kept + mine.height - failed,
            failed=failed,
        )
    named = done.applied.left.select("entity", "golden_id", "reason").iter_rows()
    left = [(entity, golden, reason or "") for entity, golden, reason in named]
    reasons = Counter(planned.reasons) + Counter(_counted(left))
    return replace(
        planned,
        by_entity=by_entity,
        kept_rows=(*left, *planned.kept_rows)[:KEPT_ROWS],
        reasons=dict(reasons.most_common()),
        merges=_merges_after(planned.merges, done.applied.merges),
        done=done,
        state="applied",
    )


def _merges_after(planned: Heaps, taken_apart: int) -> Heaps:
    left = planned.reversed - taken_apart
    return replace(planned, reversed=taken_apart, kept=planned.kept + left)
