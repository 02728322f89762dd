"""Compare golden records with the CRM; digest, seal and gate what would change."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from crm_migrate.language import Text
from crm_migrate.plan.change import Action
from crm_migrate.plan.diff.leaving import with_left, with_set
from crm_migrate.plan.diff.side import TargetSide
from crm_migrate.plan.header import ControlTotal, EntityCounts, RowCounts, TargetIdentity
from crm_migrate.plan.irreversible import irreversible
from crm_migrate.plan.operations import (
    PlannedOperations,
    Store,
    plan_operations,
    target_treatments,
    writes,
)
from crm_migrate.plan.scope import Scope
from crm_migrate.plan.target.left_out import STANDS_DELETED, stand_deleted
from crm_migrate.plan.target.mapped import unchecked
from crm_migrate.plan.target.present import resolve_references
from crm_migrate.records import RECORD_ID
from crm_migrate.stages import link, present, standardize, survive
from crm_migrate.stages.figures import figures, quality_figures
from crm_migrate.stages.golden.doubtful_tags import made_here
from crm_migrate.stages.golden.overrides import SETTLED
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import lookups
from crm_migrate.stages.planning.merges import look_around
from crm_migrate.stages.present import Present, asking, computing
from crm_migrate.stages.quality.control_totals import totals_of
from crm_migrate.stages.quality.measure import gate_figures
from crm_migrate.workspace import Run


@dataclass(frozen=True)
class Changes:
    """What a plan would do, with the figures that judge it."""

    planned: PlannedOperations
    identity: TargetIdentity
    rows: RowCounts
    counts: dict[str, EntityCounts]
    totals: tuple[ControlTotal, ...]
    waiting: dict[str, int]
    figures: dict[str, float]
    """What gates look at."""
    irreversible: tuple[Text, ...] = ()
    unchecked: tuple[Text, ...] = ()
    """What can't be taken back once applied."""


def compare(
    job: Job, run: Run, now: Present, scope: Scope | None = None, store: Store | None = None
) -> Changes:
    """The operations that bring the CRM to the golden records, sealed, with all counts.

    `store` takes the operations part by part (see `plan_operations`).

    Raises:
        TargetFault: the mapping names a column that the target does not have.
    """
    project = job.project
    names = [e.name for e in project.model.entities if e.name in run.names(survive.STAGE)]
    golden = {
        name: with_left(run.read(survive.STAGE, name), run.read(link.STAGE, f"splits.{name}"))
        for name in names
    }
    golden = with_set(golden, run.read(survive.STAGE, SETTLED))
    identity = TargetIdentity(
        name=project.settings.target.name,
        system=now.schema.system,
        database=now.schema.database,
        fingerprint=now.schema.fingerprint_of([e.table for e in project.target.entities.values()]),
        sandbox=project.settings.target.sandbox,
    )
    conflicts = run.read(survive.STAGE, "x_owner_conflicts")["golden_id"].to_list()
    sides = _sides(job, run, now, names)
    planned = plan_operations(
        project.model,
        golden,
        sides,
        job.rules.policy,
        digest_key=job.keyring.digest_key,
        keys=job.keyring,
        target=identity,
        project=project.settings.name,
        owner_conflict={"customer": conflicts},
        store=store,
        scope=scope,
        around=look_around(
            now.target, now.schema, project.target, project.model, sides, job.keyring.digest_key
        ),
    )
    planned = replace(
        planned, notes=pl.concat([planned.notes, *_held(run, sides, golden, planned)])
    )
    rows = _row_counts(run)
    counts = {name: _entity_counts(run, name, golden[name], planned) for name in names}
    totals = totals_of(project.model, run, names)
    review = run.read(link.STAGE, "review.customer").height
    waiting = {"review": review, "owner_conflict": len(conflicts)}
    found = figures(run, rows, counts, totals, waiting, planned.notes, planned.moves)
    found |= quality_figures(run, project.model, job.rules.gates)
    found |= gate_figures(job, run, job.rules.gates)
    treatments = {
        name: target_treatments(job.rules.policy, name, side.mapping)
        for name, side in sides.items()
        if writes(planned.heads[name])
    }
    unsure = unchecked(project.target, now.schema, treatments)
    lasting = irreversible(now.schema, project.target.entities, planned.heads, planned.moves)
    return Changes(planned, identity, rows, counts, totals, waiting, found, lasting, unsure)


def _sides(job: Job, run: Run, now: Present, names: list[str]) -> dict[str, TargetSide]:
    """The CRM's side of every entity, its rows under the golden ids that linkage gave them."""
    mapping = job.project.target
    looked_up = lookups(run)
    keys: dict[str, pl.DataFrame] = {}
    sides = {}
    for entity in job.project.model.entities:
        name = entity.name
        if name not in mapping.entities or name not in names:
            continue
        members = run.read(link.STAGE, f"members.{name}")
        known = members.select(RECORD_ID, "golden_id")
        rows = run.read(present.STAGE, name).join(known, on=RECORD_ID, how="left")
        keys[name] = rows.filter(pl.col("golden_id").is_not_null()).select(
            "target_key", "golden_id"
        )
        target_entity = mapping.entities[name]
        sides[name] = TargetSide(
            mapping=target_entity,
            stored=run.read(present.STAGE, f"stored.{name}"),
            present=resolve_references(entity, rows, keys).filter(~pl.col("given_up")),
            base=run.read(present.STAGE, f"base.{name}"),
            table=now.schema.table(target_entity.table),
            lookups=looked_up,
            stored_form=now.target.stored_form,
            equality_form=now.target.equality_form,
            ask_taken=asking(now.target),
            compute=computing(now.target),
            left_out=run.read(present.STAGE, f"left.{name}")["target_key"],
        )
    return sides


def _held(
    run: Run,
    sides: dict[str, TargetSide],
    golden: dict[str, pl.DataFrame],
    planned: PlannedOperations,
) -> Iterator[pl.DataFrame]:
    """Notes about new records that the CRM holds in rows which the mapping leaves out."""
    for name, side in sides.items():
        left, heads = run.read(present.STAGE, f"left.{name}"), planned.heads[name]
        if side.table is None or left.is_empty():
            continue
        new = heads.filter(pl.col("action") == Action.INSERT)["golden_id"]
        found = stand_deleted(side.mapping, side.table, golden[name], new, left)
        yield found.select(
            pl.lit(name).alias("entity"),
            "golden_id",
            "target_key",
            pl.lit(STANDS_DELETED).alias("reason"),
            pl.lit(None, pl.String).alias("fields"),
        )


def _row_counts(run: Run) -> RowCounts:
    lines = run.read(standardize.STAGE, "x_rows")
    return RowCounts(
        *(int(lines[c].sum()) for c in ("read", "non_data", "quarantined", "accepted"))
    )


def _entity_counts(
    run: Run, name: str, golden: pl.DataFrame, planned: PlannedOperations
) -> EntityCounts:
    # Rows of the CRM that are merged and that no source knows take part as records.
    rows, records = planned.crm_only.get(name, (0, 0))
    tagged = made_here(run) if name == "tag" else 0
    accepted = run.read(survive.STAGE, f"members.{name}").height - tagged
    made = tagged + rows
    held = golden.height + records
    operations = planned.heads.get(name)
    acted = dict.fromkeys(Action, 0)
    if operations is None:  # the target has no place for the entity
        acted[Action.SKIP] = golden.height
    else:
        for action, count in operations["action"].value_counts().iter_rows():
            acted[Action(action)] = int(count)
    return EntityCounts(
        accepted=accepted,
        golden=held,
        merged=accepted + made - held,
        insert=acted[Action.INSERT],
        update=acted[Action.UPDATE],
        unchanged=acted[Action.UNCHANGED],
        conflict=acted[Action.CONFLICT],
        skip=acted[Action.SKIP],
        made=made,
    )
