"""The header of a rollback: what it rests on, who must approve it, what it does not look at."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from crm_migrate.errors import KeyFault, NotFound
from crm_migrate.language import Text
from crm_migrate.plan.approval.authorship import sign_as_author
from crm_migrate.plan.approval.demands import demands
from crm_migrate.plan.digest import effect
from crm_migrate.plan.file.header_json import FORMAT
from crm_migrate.plan.header import Demand, EntityCounts, PlanHeader, RowCounts, TargetIdentity
from crm_migrate.plan.irreversible import irreversible
from crm_migrate.plan.merging.moves import count_moves
from crm_migrate.plan.operations import count_actions, effect_digests
from crm_migrate.stages.figures import mapping_digest
from crm_migrate.stages.planning.departments import affected_departments
from crm_migrate.stages.planning.plans import entity_labels
from crm_migrate.stages.session import Session
from crm_migrate.systems.target_schema import TargetSchema
from crm_migrate.trust.people import Person
from crm_migrate.workspace.runs import new_run_id


@dataclass(frozen=True)
class ToTakeBack:
    """What there is to take back; `merges`: how many merges the plan had carried out there."""

    operations: dict[str, pl.DataFrame]
    moves: pl.DataFrame | None
    merges: int
    schema: TargetSchema


def rollback_header(
    session: Session,
    undone: PlanHeader,
    found: ToTakeBack,
    scope: Text | None,
    person: Person,
) -> PlanHeader:
    """The signed header of the plan that takes `undone` back as far as `found`."""
    settings, now = session.project.settings, session.job.clock()
    operations, moves, schema = found.operations, found.moves, found.schema
    target = TargetIdentity(
        name=settings.target.name,
        system=schema.system,
        database=schema.database,
        fingerprint=schema.fingerprint_of(
            [e.table for e in session.project.target.entities.values()]
        ),
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
    sandbox = session.project.settings.target.sandbox
    return demands(approval, counts, departments=departments, sandbox=sandbox)


def _unchecked(session: Session, undone: PlanHeader) -> tuple[Text, ...]:
    found = [
        Text(
            "columns that are not mapped: what people entered there does not keep a row; a deleted"
            " row's before-image holds it",
            "未映射的字段：其中的人工录入不会使记录被保留；被删除记录的变更前镜像中仍有保存",
        )
    ]
    if undone.evidence_parts.get("mappings") != mapping_digest(session.project):
        found.append(
            Text(
                "the mappings changed since that plan: rows of tables mapped otherwise look edited",
                "该计划之后映射有改动：映射不同的表中的记录会显示为已修改",
            )
        )
    return tuple(found)


def scope_words(session: Session, entities: Collection[str], customers: int) -> Text | None:
    """What a rollback of these entities and customers is confined to; None: nothing."""
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
