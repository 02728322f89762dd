"""What surrounds the CRM's rows that may be merged: read from the target while a plan is made."""

from collections.abc import Mapping

import polars as pl

from crm_migrate.loading.bearings import reference_columns
from crm_migrate.loading.merging.children import children_of, collisions_of
from crm_migrate.model import Model
from crm_migrate.plan.diff.side import TargetSide
from crm_migrate.plan.merging.moves import Around, doubles
from crm_migrate.plan.merging.referrers import referred_otherwise, referrers
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.systems.target import TargetSystem
from crm_migrate.systems.target_schema import TargetSchema


def look_around(
    target: TargetSystem,
    schema: TargetSchema,
    mapping: TargetMapping,
    model: Model,
    sides: Mapping[str, TargetSide],
    digest_key: bytes,
) -> Around | None:
    """What refers to the rows that may be given up, and what would stand twice; read rights do.

    None where the mapping merges nothing.

    Raises:
        TargetFault: the target can't be read, or lacks a table or column that the policy names.
    """
    merging = {name: side for name, side in sides.items() if side.mapping.merge is not None}
    if not merging:
        return None
    references = reference_columns(mapping, model)
    children: dict[str, pl.DataFrame] = {}
    collisions: dict[str, pl.DataFrame] = {}
    with target.reading() as reader:
        for name, side in merging.items():
            known = referrers(name, mapping, references, schema)
            into = doubles(side).select(before="loser", after="survivor")
            if into.is_empty():
                continue
            found = children_of(reader, digest_key, known, into["before"])
            children[name] = found
            collisions[name] = collisions_of(reader, schema, known, found, into)
    unmovable = [name for name in merging if referred_otherwise(name, mapping, schema)]
    return Around(children, collisions, frozenset(unmovable))
