"""Which golden records must be made again, where an earlier run made the others alike."""

from dataclasses import dataclass

import polars as pl
from sqlalchemy.engine import Engine as Database

from crm_migrate.instants import rfc3339
from crm_migrate.linkage.golden.identity import resolve
from crm_migrate.model import Entity
from crm_migrate.records import RECORD_ID
from crm_migrate.stages import extract, link, standardize
from crm_migrate.stages.golden.overrides import SETTLED
from crm_migrate.stages.incremental.difference import difference, here, over, write_changes
from crm_migrate.stages.incremental.earlier import Earlier, changed, since
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import GOLDEN
from crm_migrate.state.cells import standing_overrides
from crm_migrate.state.registry import known_tombstones
from crm_migrate.workspace import Run

GOLDEN_ID = "golden_id"
DECIDED = "x_decided"
"""The owners that were decided when the golden records were made."""


@dataclass(frozen=True)
class Again:
    """The golden records of an entity to make again, and how its members differ."""

    known: Earlier
    golden_ids: pl.Series
    members: pl.DataFrame
    """record_id, change."""


def golden_before(run: Run, before: Earlier | None) -> Earlier | None:
    """The earlier run, where its golden records can be taken over from."""
    known = since(run, standardize.STAGE, since(run, extract.STAGE, before))
    return known if known is not None and known.done(GOLDEN) else None


def to_make_again(
    run: Run,
    known: Earlier,
    entity: Entity,
    records: pl.DataFrame,
    sources: pl.DataFrame,
    also: list[pl.Series],
) -> Again:
    """Clusters that gained, lost or exchanged a member, or one of whose members changed.

    `records`, `sources`: linked records and their members. `also`: more golden ids.
    """
    name = entity.name
    then = known.run.read(GOLDEN, f"members.{name}")
    pair = [RECORD_ID, GOLDEN_ID]
    moved = difference(then.select(pair), sources.select(pair), RECORD_ID)
    ids = [moved[RECORD_ID]]
    # A raw record that changed may have other findings, though its values are the same.
    ids += [changed(run, s, name)[RECORD_ID] for s in (extract.STAGE, standardize.STAGE)]
    references = [f.name for f in entity.references()]
    if references:
        columns = [RECORD_ID, *references]
        old = known.run.read(link.STAGE, f"records.{name}", columns)
        ids.append(difference(old, records.select(columns), RECORD_ID)[RECORD_ID])
    wanted = pl.concat(ids).unique()
    mine = pl.col(RECORD_ID).is_in(wanted.implode())
    touched = [m.filter(mine)[GOLDEN_ID] for m in (then, sources)]
    golden_ids = pl.concat([*touched, *also]).drop_nulls().unique()
    return Again(known, golden_ids, difference(then, sources, RECORD_ID))


def set_by_people(job: Job, state: Database, known: Earlier, entity: str) -> pl.Series:
    """Golden records with cells that people have set, now or in the earlier run."""
    now = standing_overrides(state, rfc3339(job.clock())).filter(pl.col("entity") == entity)
    found = [now[GOLDEN_ID], resolve(now[GOLDEN_ID], known_tombstones(state, entity))]
    then = known.run.read(GOLDEN, SETTLED).filter(pl.col("entity") == entity)
    return pl.concat([*(s.cast(pl.String) for s in found), then[GOLDEN_ID]])


def write_again(
    run: Run, name: str, again: Again, tables: dict[str, pl.DataFrame], sources: pl.DataFrame
) -> None:
    """Write the tables of an entity as edits of the earlier ones, and what changed.

    `tables`: by name, their rows for the golden records that were made again.
    """
    earlier, ids = again.known.run, again.golden_ids
    write_changes(
        run, GOLDEN, name,
        difference(earlier.rows(GOLDEN, name, GOLDEN_ID, ids), tables[name], GOLDEN_ID),
    )  # fmt: skip
    for table, rows in tables.items():
        run.write_edited(GOLDEN, table, earlier, GOLDEN_ID, ids, rows)
    fresh = sources.filter(pl.col(RECORD_ID).is_in(here(again.members, RECORD_ID).implode()))
    gone = over(again.members, RECORD_ID)
    run.write_edited(GOLDEN, f"members.{name}", earlier, RECORD_ID, gone, fresh)
