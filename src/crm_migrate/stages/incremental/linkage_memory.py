"""The linkage of the last run taken over: only what changed is compared again (decision 0021).

The model is trained in the first pass, and anew when the project, its rules or this code changed or
many records came or went; otherwise it stays, so that a pair near a threshold is not joined today
and parted tomorrow because an apply filled some cells. With the same model everything is compared
again when it is little or much of it changed, and every so many runs, which says where the result
differs from what the incremental runs came to.
"""

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from crm_migrate.errors import CrmMigrateError
from crm_migrate.linkage.engines.choice import clustered_pairs
from crm_migrate.linkage.engines.contract import Engine, Linkage
from crm_migrate.linkage.memory.memory import Memory
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.incremental.earlier import Earlier
from crm_migrate.workspace import Run

STAGE = "linked"
FROM_RECORDS = 20_000
"""Fewer records are all compared every time: that takes a second."""
MUCH = 0.1
"""Share of records: with more new and gone ones the model is trained anew, with more changed ones
everything is compared."""
TURNS = 20
"""After so many incremental runs comes a full one with the same model."""
_PARTS = (
    *("model", "counts", "stopped", "shared", "grams"),
    *("records", "pairs", "said", "capped"),
)


@dataclass(frozen=True)
class Linked:
    """A linkage and how it came about: `pass`, `changed` (records), `model_of` (run), and in a
    full pass after others `differs` (pairs of unchanged records that only one of both joined).
    These pairs stand in the run's table `x_differs` (see `differing`).
    """

    linkage: Linkage
    how: dict[str, Any]


def link_with_memory(
    run: Run,
    entity: str,
    engine: Engine,
    records: pl.DataFrame,
    rules: LinkageRules,
    verdicts: pl.DataFrame | None,
    before: Earlier | None,
    afresh: bool = False,
) -> Linked:
    """Link what changed since the earlier run, or everything; the memory of it is kept in `run`.

    `afresh`: compare everything and train the model anew, whatever changed.
    """
    from crm_migrate.linkage.engines.incremental import link_changes
    from crm_migrate.linkage.engines.native import NativeEngine
    from crm_migrate.linkage.memory.changes import changes

    if not isinstance(engine, NativeEngine):
        return Linked(engine.link(records, rules, verdicts), {"pass": "full"})
    remembering = replace(engine, remember=True)
    found = recalled(before, entity)
    if found is None:
        result = remembering.link(records, rules, verdicts)
        return _kept(run, entity, result, {"pass": "full", "model_of": run.id, "turn": 0})
    memory, how = found
    change = changes(records, rules, memory)
    told = {"changed": change.count, "model_of": how["model_of"], "turn": int(how["turn"]) + 1}
    few = records.height < FROM_RECORDS
    if afresh or change.came_or_went > MUCH * records.height:
        result = remembering.link(records, rules, verdicts)
        told |= {"pass": "full", "model_of": run.id, "turn": 0}
    elif few or change.count > MUCH * records.height or told["turn"] > TURNS:
        result = replace(remembering, frozen=memory.frozen).link(records, rules, verdicts)
        told |= {"pass": "full", "turn": 0}
    else:
        result = link_changes(engine, records, rules, verdicts, memory, change)
        return _kept(run, entity, result, told | {"pass": "incremental"})
    unchanged = change.ids.filter(pl.Series(~change.changed))
    differs = differing(memory, result, unchanged)
    run.write(STAGE, f"x_differs.{entity}", differs)
    return _kept(run, entity, result, told | {"differs": differs.height})


def recalled(before: Earlier | None, entity: str) -> tuple[Memory, dict[str, Any]] | None:
    """What the earlier run kept, and how its linkage came about; None where it is not there."""
    if before is None or not before.done(STAGE):
        return None
    names = before.run.names(STAGE)
    if any(_name(part, entity) not in names for part in (*_PARTS, "how")):
        return None
    try:
        tables = {part: before.run.read(STAGE, _name(part, entity)) for part in _PARTS}
        how = before.run.read(STAGE, _name("how", entity)).row(0, named=True)
        return Memory.of(tables), how
    except (CrmMigrateError, KeyError, ValueError):  # made anew, as if it were not there
        return None


def differing(memory: Memory, result: Linkage, records: pl.Series) -> pl.DataFrame:
    """left_id, right_id, joined (`before` or `now`): pairs of the given records that stand in one
    cluster in the memory or now, but not both.
    """
    was = memory.records.select(RECORD_ID, was="label")
    both = result.clusters.join(was, on=RECORD_ID).filter(
        pl.col(RECORD_ID).is_in(records.implode())
    )
    size = pl.len().over
    apart = (size("was", "cluster_id") < size("was")) | (
        size("was", "cluster_id") < size("cluster_id")
    )
    some = both.filter(apart)
    now = clustered_pairs(some.select(RECORD_ID, "cluster_id"))
    then = clustered_pairs(some.select(RECORD_ID, cluster_id="was"))
    on = ["left_id", "right_id"]
    return pl.concat(
        [
            then.join(now, on=on, how="anti").with_columns(joined=pl.lit("before")),
            now.join(then, on=on, how="anti").with_columns(joined=pl.lit("now")),
        ]
    ).sort(on)


def _kept(run: Run, entity: str, result: Linkage, how: dict[str, Any]) -> Linked:
    if result.memory is not None:
        for part, table in result.memory.tables().items():
            run.write(STAGE, _name(part, entity), table)
        line = pl.DataFrame({"model_of": [how["model_of"]], "turn": [how["turn"]]})
        run.write(STAGE, _name("how", entity), line)
    return Linked(replace(result, memory=None), how)


def _name(part: str, entity: str) -> str:
    return f"x_memory_{part}.{entity}"
