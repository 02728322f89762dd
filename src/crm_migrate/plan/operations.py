"""From golden records to sealed operations and the effect they amount to, all entities in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.model import Model
from crm_migrate.plan.change import Action, Plan
from crm_migrate.plan.diff.entity import EntityDiff, diff_entity, no_notes
from crm_migrate.plan.diff.groups import Standing
from crm_migrate.plan.diff.side import DiffRules, TargetSide
from crm_migrate.plan.diff.written_cells import HEAD_COLUMNS
from crm_migrate.plan.digest import WRITES, effect, operation_digests
from crm_migrate.plan.header import EntityCounts, TargetIdentity
from crm_migrate.plan.merging.merging import Merging
from crm_migrate.plan.merging.moves import Around, move_digests
from crm_migrate.plan.scope import Scope, confine, reference_columns
from crm_migrate.plan.sealed_cells import (
    PlanFieldKeys,
    SealedCells,
    column_treatments,
    index_columns,
    seal_operations,
    unseal_operations,
)
from crm_migrate.project.mapping_file import TargetEntity, TargetMapping
from crm_migrate.protection.policy import Audience, Policy, Treatment

_MOVES = ""
"""Stands for the moves among the entities' digests."""

Treatments = Mapping[str, Treatment]
"""Field → treatment in the target."""


Store = Callable[[str, pl.DataFrame], None]
"""Takes an entity's sealed operations, part after part in the order of the plan."""


@dataclass(frozen=True)
class PlannedOperations:
    """What a plan consists of, ready to be written.

    `heads`: group, rank, action, golden_id, target_key, reason and conflicts of all operations,
    by entity in dependency order. `operations`: the same in full, sealed; empty where a store
    took them. `notes`: see `diff.entity.EntityDiff`. `forbidden`: `entity.field` → values that
    policy keeps out of the target. `treatments`: as in the plan's header. `moves`: merges and
    re-parented cells. `crm_only`: entity → rows of the CRM, and golden records made of them alone,
    that are part of the operations because they are merged.
    """

    heads: dict[str, pl.DataFrame]
    operations: dict[str, pl.DataFrame]
    effect: str
    notes: pl.DataFrame
    forbidden: dict[str, int]
    treatments: dict[str, str]
    moves: pl.DataFrame | None = None
    crm_only: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def plan_operations(
    model: Model,
    golden: Mapping[str, pl.DataFrame],
    sides: Mapping[str, TargetSide],
    policy: Policy,
    *,
    digest_key: bytes,
    keys: PlanFieldKeys,
    target: TargetIdentity,
    project: str,
    owner_conflict: Mapping[str, list[str]] | None = None,
    scope: Scope | None = None,
    around: Around | None = None,
    store: Store | None = None,
) -> PlannedOperations:
    """Diff, digest and seal every entity that the target holds (`sides`), parents first.

    `golden`: entity → golden_id and fields in canonical text. `owner_conflict`: entity → golden
    ids that two owners claim. `scope`: what lies outside of it is skipped; notes and `forbidden`
    are about all data nonetheless. `around`: what surrounds the rows that may be merged; without
    it nothing is merged. `store`: takes the operations part by part, so that they are never all
    in memory; without it they are returned.

    Raises:
        TargetFault: the mapping names a column that the target does not have.
    """
    standing: dict[str, Standing] = {}
    found: dict[str, EntityDiff] = {}
    cells = SealedCells(keys)
    merging = Merging(model, sides, around)
    for entity in model.entities:
        if entity.name not in sides or entity.name not in golden:
            continue
        treatments = target_treatments(policy, entity.name, sides[entity.name].mapping)
        claimed = (owner_conflict or {}).get(entity.name, ())
        records, side = merging.prepare(
            entity, golden[entity.name], claimed, standing, treatments, cells.open
        )
        rules = DiffRules(
            digest_key=digest_key,
            treatments=treatments,
            owner_conflict=claimed,
            open_sealed=cells.open,
            index=cells.index,
        )
        diff = diff_entity(entity, model, records, side, standing, rules)
        merging.settle(entity.name, diff.heads)
        standing[entity.name] = diff.standing
        found[entity.name] = diff
    mappings = {name: sides[name].mapping for name in found}
    references = reference_columns(model, mappings)
    heads = {
        name: diff.cells.with_after(diff.heads, {*references[name], *merging.watched(name)})
        for name, diff in found.items()
    }
    if scope is not None:
        heads = confine(heads, references, scope)
    moves = merging.moves(heads, digest_key, scope)
    sealing = _Sealing(digest_key, keys, mappings, policy, store)
    for name in list(found):
        sealing.take(name, found[name], heads[name])
    digests = sealing.digests if moves is None else {**sealing.digests, _MOVES: moves["op_digest"]}
    return PlannedOperations(
        heads={name: frame.select(*HEAD_COLUMNS, "conflicts") for name, frame in heads.items()},
        operations={} if store is not None else sealing.operations,
        effect=effect(target, project, digests),
        notes=merging.judged(pl.concat([no_notes(), *(d.notes for d in found.values())])),
        forbidden={f"{e}.{f}": n for e, d in found.items() for f, n in d.forbidden.items()},
        treatments=_not_clear(policy, mappings),
        moves=moves,
        crm_only=merging.crm_only,
    )


class _Sealing:
    """Digests and seals the operations part by part, and hands them on."""

    def __init__(
        self,
        digest_key: bytes,
        keys: PlanFieldKeys,
        mappings: Mapping[str, TargetEntity],
        policy: Policy,
        store: Store | None,
    ) -> None:
        self._digest_key, self._keys, self._policy = digest_key, keys, policy
        self._mappings, self._store = mappings, store
        self.digests: dict[str, pl.Series] = {}
        self.operations: dict[str, pl.DataFrame] = {}

    def take(self, name: str, diff: EntityDiff, heads: pl.DataFrame) -> None:
        """All operations of an entity."""
        mapping, digests, kept = self._mappings[name], [], []
        treatments = target_treatments(self._policy, name, mapping)
        for part in diff.parts(heads):
            digested = with_digests(self._digest_key, name, part, mapping, treatments)
            digests.append(digested["op_digest"])
            sealed = seal_operations(name, digested, mapping, treatments, self._keys)
            if self._store is not None:
                self._store(name, sealed)
            else:
                kept.append(sealed)
        self.digests[name] = pl.concat(digests)
        if kept:
            self.operations[name] = pl.concat(kept, rechunk=True)


def target_treatments(policy: Policy, entity: str, mapping: TargetEntity) -> Treatments:
    """Treatment in the target of every field that it holds."""
    return {f: policy.treatment(entity, f, Audience.TARGET) for f in mapping.fields}


def _not_clear(policy: Policy, mappings: Mapping[str, TargetEntity]) -> dict[str, str]:
    return {
        f"{entity}.{field}": str(treatment)
        for entity, mapping in mappings.items()
        for field, treatment in target_treatments(policy, entity, mapping).items()
        if treatment is not Treatment.CLEAR
    }


def with_digests(
    digest_key: bytes,
    entity: str,
    operations: pl.DataFrame,
    mapping: TargetEntity,
    treatments: Treatments,
) -> pl.DataFrame:
    """The operations (in clear) with their `op_digest`."""
    digests = operation_digests(
        digest_key,
        f"{entity}:{mapping.table}",
        operations,
        column_treatments(mapping, treatments),
        list(index_columns(mapping, treatments).values()),
    )
    return operations.with_columns(digests)


def effect_digests(
    operations: Mapping[str, pl.DataFrame], moves: pl.DataFrame | None
) -> dict[str, pl.Series]:
    """Everything of a plan that its effect is made of; all have their `op_digest`."""
    digests = {entity: frame["op_digest"] for entity, frame in operations.items()}
    if moves is not None:
        digests[_MOVES] = moves["op_digest"]
    return digests


def verify_plan(
    plan: Plan, mapping: TargetMapping, *, digest_key: bytes, keys: PlanFieldKeys
) -> None:
    """Recompute every operation's digest and the effect from what the plan would write.

    Raises:
        PlanRefused: the operations are not the ones that the effect stands for.
        IntegrityFault: a sealed cell was changed or moved.
        KeyFault: the plan was sealed with keys of another project.
    """
    digests: dict[str, pl.Series] = {}
    for entity, operations in plan.operations.items():
        if entity not in mapping.entities:
            raise _altered(entity)
        held = mapping.entities[entity]
        treatments = {
            field: Treatment(plan.header.treatments.get(f"{entity}.{field}", Treatment.CLEAR))
            for field in held.fields
        }
        clear = unseal_operations(entity, operations, held, treatments, keys)
        again = with_digests(digest_key, entity, clear, held, treatments)["op_digest"]
        if not again.eq_missing(operations["op_digest"]).all():
            raise _altered(entity)
        digests[entity] = again
    if plan.moves is not None:
        again = move_digests(digest_key, plan.moves)
        if not again.eq_missing(plan.moves["op_digest"]).all():
            raise _altered(plan.header.plan_id)
        digests[_MOVES] = again
    if effect(plan.header.target, plan.header.project, digests) != plan.header.effect:
        raise _altered(plan.header.plan_id)


def count_actions(operations: pl.DataFrame, *, accepted: int) -> EntityCounts:
    """The counts of an entity from its operations and the number of its accepted records."""
    counts = dict(operations["action"].value_counts().iter_rows())
    golden = operations.height
    return EntityCounts(
        accepted=accepted,
        golden=golden,
        merged=accepted - golden,
        **{str(action): counts.get(str(action), 0) for action in Action},
    )


def writes(operations: pl.DataFrame) -> int:
    """Number of operations that change the target."""
    return operations.filter(pl.col("action").is_in([str(a) for a in WRITES])).height


def _altered(where: str) -> PlanRefused:
    return PlanRefused(
        Text("the plan is not the one that was approved", "计划与审批时不一致"),
        where=where,
        remedy=Text(
            "make a new plan and have it approved; find out who changed this one",
            "请重新生成计划并审批，并查明改动者",
        ),
    )
