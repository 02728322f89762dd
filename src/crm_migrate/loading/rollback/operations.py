"""The operations that take an applied plan back, as the target stands now; writes nothing."""

from collections.abc import Collection

import polars as pl

from crm_migrate.loading.applied import LoadingKeys
from crm_migrate.loading.bearings import Bearings
from crm_migrate.loading.merging.restore import read_trail
from crm_migrate.loading.referring import referring_rows
from crm_migrate.loading.rollback.trail import read_trails
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.operations import with_digests
from crm_migrate.plan.reversal import choose, hold_groups, hold_referred, judge
from crm_migrate.plan.reversal_operations import operations_of
from crm_migrate.systems.target import TargetReader


def merges_of(
    reader: TargetReader,
    plan: Opened,
    bearings: Bearings,
    keys: LoadingKeys,
    *,
    entities: Collection[str] = (),
    groups: Collection[str] = (),
) -> pl.DataFrame:
    """The plan's merges and re-parented cells, of these entities and groups (none named: all).

    Returns plan.merging.unmerge.TRAIL.

    Raises:
        IntegrityFault: a before-image does not open.
        TargetFault: the target can't be read, or a mapped table or column is gone.
    """
    trail = read_trail(reader, bearings, keys.rollback_key, plan.header.plan_id)
    if entities:
        trail = trail.filter(pl.col("entity").is_in(list(entities)))
    if groups:
        trail = trail.filter(pl.col("group").is_in(list(groups)))
    return trail


def inverse_of(
    reader: TargetReader,
    plan: Opened,
    bearings: Bearings,
    keys: LoadingKeys,
    *,
    entities: Collection[str] = (),
    groups: Collection[str] = (),
    blocked: Collection[str] = (),
) -> dict[str, pl.DataFrame]:
    """Entity → operations of the inverse (see plan/reversal.py), with their digests.

    `entities`, `groups`: only these (customers are groups), and what hangs on what is deleted.
    `blocked`: groups whose merges must stay.

    Raises:
        IntegrityFault: a before-image does not open.
        TargetFault: the target can't be read, or a mapped table or column is gone.
    """
    digest_key = bearings.digest_key
    trails = read_trails(reader, plan, bearings, keys, groups)
    judged = {entity: judge(trail, digest_key) for entity, trail in trails.items()}
    held = hold_groups(choose(judged, entities=entities, groups=groups), blocked)
    wanted = {entity: operations_of(part, digest_key) for entity, part in held.items()}
    final = hold_referred(held, referring_rows(reader, bearings, wanted))
    for entity, part in final.items():
        if part is not held[entity]:
            wanted[entity] = operations_of(part, digest_key)
    return {
        entity: with_digests(digest_key, entity, frame, bearings.entity(entity), {})
        for entity, frame in wanted.items()
    }
