"""One golden record per customer, and per thing that hangs on it; the source of every value."""

from contextlib import suppress
from dataclasses import dataclass

import polars as pl
from sqlalchemy.engine import Engine as Database

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.linkage.golden.survivorship import survive
from crm_migrate.model import Entity
from crm_migrate.records import RECORD_ID, Severity
from crm_migrate.stages import link, standardize
from crm_migrate.stages.golden.customer_codes import codes_of, write_crosswalk
from crm_migrate.stages.golden.derive import otherwise_derived, with_derived
from crm_migrate.stages.golden.doubtful_tags import with_doubtful
from crm_migrate.stages.golden.overrides import SETTLED, no_overrides, with_overrides
from crm_migrate.stages.golden.owners import Owners, decide_owners, owners_of
from crm_migrate.stages.incremental.difference import difference, write_changes, write_since
from crm_migrate.stages.incremental.earlier import Earlier
from crm_migrate.stages.incremental.resurvive import (
    DECIDED,
    golden_before,
    set_by_people,
    to_make_again,
    write_again,
)
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import GOLDEN
from crm_migrate.workspace import Run

STAGE = GOLDEN


def make_golden(job: Job, run: Run, state: Database, before: Earlier | None = None) -> None:
    """Write `golden/<entity>`, `lineage.<entity>`, `owner_conflicts`, `crosswalk`, SETTLED.

    Golden records come from source records alone; what only the CRM holds is left alone.
    `before`: clusters that are the same there are not made again.
    """
    known = golden_before(run, before)
    if known is not None:
        with suppress(NotFound, IntegrityFault):  # the earlier run's: then all is made anew
            _make_golden(job, run, state, known)
            return
    _make_golden(job, run, state, None)


@dataclass(frozen=True)
class _Customers:
    """What is decided over all customers: whose they are, and codes by golden id."""

    owners: Owners
    codes: pl.DataFrame


def _make_golden(job: Job, run: Run, state: Database, known: Earlier | None) -> None:
    prefix = "members."
    names = [n.removeprefix(prefix) for n in run.names(link.STAGE) if n.startswith(prefix)]
    entities = [e for e in job.project.model.entities if e.name in names]
    overridden = []
    for done, entity in enumerate(reversed(entities)):  # what is derived looks at what refers to it
        job.progress("golden", done, len(names))
        overridden.append(_make_entity(job, run, state, entity, known))
    run.write(STAGE, SETTLED, pl.concat([no_overrides(), *reversed(overridden)]))
    write_since(run, STAGE, known)
    job.progress("golden", len(names), len(names))


def _make_entity(
    job: Job, run: Run, state: Database, entity: Entity, known: Earlier | None
) -> pl.DataFrame:
    """Write the tables of an entity; what became of the cells that people set."""
    name = entity.name
    records = run.read(link.STAGE, f"records.{name}")
    members = run.read(link.STAGE, f"members.{name}")
    if name == "tag":
        records, members = with_doubtful(job, run, records, members)
    sources = members
    if not members[RECORD_ID].equals(records[RECORD_ID]):
        sources = members.join(records.select(RECORD_ID), on=RECORD_ID, how="semi")
    customers = None
    if name == "customer":
        owners = owners_of(job, run, state, records, sources, members)
        customers = _Customers(owners, codes_of(run, sources, members))
    again = None
    if known is not None and name != "tag":
        also = [set_by_people(job, state, known, name)]
        also += _decided_otherwise(known, customers) if customers is not None else []
        also += otherwise_derived(job, run, known, entity)
        again = to_make_again(run, known, entity, records, sources, also)
    part, held = sources, records
    if again is not None:
        part = sources.filter(pl.col("golden_id").is_in(again.golden_ids.implode()))
        held = records.join(part.select(RECORD_ID), on=RECORD_ID, how="semi")
    made = survive(held, part, job.rules.survivorship, entity, _doubts(job, run, entity))
    golden, lineage, settled = with_overrides(
        job, state, entity, held, part, made.golden, made.lineage
    )
    if customers is not None:
        golden, lineage = decide_owners(golden, lineage, held, part, customers.owners)
        golden = golden.drop("customer_code").join(
            customers.codes, on="golden_id", how="left", maintain_order="left"
        )
        run.write(STAGE, "x_owner_conflicts", customers.owners.waiting)
        run.write(STAGE, DECIDED, customers.owners.decided)
    golden, lineage, derived = with_derived(job, run, entity, golden, lineage, settled)
    tables = {name: golden, f"lineage.{name}": lineage, **derived}
    if again is not None:
        write_again(run, name, again, tables, sources)
    else:
        for table, frame in tables.items():
            run.write(STAGE, table, frame)
        if sources is members and name != "tag":
            run.write_same(STAGE, f"members.{name}", link.STAGE, f"members.{name}", RECORD_ID)
        else:
            run.write(STAGE, f"members.{name}", sources)
        if known is not None:
            old = known.run.read(STAGE, name)
            write_changes(run, STAGE, name, difference(old, golden, "golden_id"))
    if customers is not None:
        write_crosswalk(run, held, part, golden, again)
    if name == "tag":
        run.write(STAGE, f"records.{name}", records)
    else:
        run.write_same(STAGE, f"records.{name}", link.STAGE, f"records.{name}", RECORD_ID)
    return settled


def _decided_otherwise(known: Earlier, now: _Customers) -> list[pl.Series]:
    """Customers whose owner or code may be another than in the earlier run."""
    codes = known.run.read(STAGE, "customer", ["golden_id", "customer_code"])
    decided = known.run.read(STAGE, DECIDED)
    return [
        difference(codes, now.codes, "golden_id")["golden_id"],
        decided["golden_id"],
        now.owners.decided["golden_id"],
    ]


def _doubts(job: Job, run: Run, entity: Entity) -> pl.DataFrame | None:
    """The values that the standards doubt, where a rule of the entity looks at validity."""
    rules = job.rules.survivorship
    groups = rules.of(entity.name, entity.field_names)
    if not any(p.kind == "most_valid" for g in groups for p in g.preferences):
        return None
    found = run.read(standardize.STAGE, "x_findings")
    mine = (pl.col("entity") == entity.name) & (pl.col("severity") != Severity.REPAIR)
    return found.filter(mine).select(RECORD_ID, "field").drop_nulls().unique()
