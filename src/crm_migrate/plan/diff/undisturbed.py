"""Golden records of which nothing moved since they were last applied: told by two digests.

The raw row is as it was left, and so is every golden cell: then nothing is to be compared cell by
cell, whatever the policies say. This is what makes a second run over a million customers quick.
"""

from collections.abc import Sequence

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.commitments import commit_records, whole_of
from crm_migrate.plan.diff.alignment import as_left
from crm_migrate.plan.diff.columns import golden_cells
from crm_migrate.plan.diff.side import LENT, DiffRules, TargetSide
from crm_migrate.protection.policy import Treatment


def undisturbed(
    entity: Entity,
    golden: pl.DataFrame,
    places: pl.DataFrame,
    fields: Sequence[str],
    side: TargetSide,
    rules: DiffRules,
) -> pl.Series:
    """Mask of the golden records that are unchanged for sure; `places`: Places.rows.

    `fields`: those that the base would keep today; what it kept of others does not count. Records
    that two owners claim or that borrow a value are compared cell by cell.
    """
    nothing = pl.repeat(False, golden.height, eager=True)
    if side.base is None or not places["based"].any() or not fields:
        return nothing
    claimed = pl.Series(list(rules.owner_conflict), dtype=pl.String)
    asked = places["based"] & ~golden["golden_id"].is_in(claimed.implode())
    for name in (c for c in golden.columns if c.startswith(LENT)):
        asked = asked & ~golden[name].fill_null(False)
    then = whole_of(side.base["commitments"].gather(places["base"]), fields)
    asked = asked & then.is_not_null()
    asked = asked & as_left(places.with_columns(based=asked), side, rules.digest_key)
    at = asked.arg_true()
    if not len(at):
        return nothing
    some = golden.select(pl.col("golden_id", *fields).gather(at))
    cells = [
        golden_cells(
            entity.name,
            entity.by_name[name],
            some[name],
            rules.treatments.get(name, Treatment.CLEAR),
            rules,
        ).alias(name)
        for name in fields
    ]
    now = commit_records(rules.digest_key, entity.name, some["golden_id"], pl.DataFrame(cells))
    same = (now == then.gather(at)).fill_null(False)
    return nothing.scatter(at, same)
