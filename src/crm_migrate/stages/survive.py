"""One golden record per customer, and per thing that hangs on it; the source of every value."""

from contextlib import suppress
from dataclasses import dataclass

import polars as pl
from sqlalchemy.engine import Engine as Database

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.linkage.identity import customer_codes
from crm_migrate.linkage.survivorship import POOL, owner_conflicts, survive
from crm_migrate.mapping.identity import hashed_ids
from crm_migrate.model import Entity
from crm_migrate.records import PROVENANCE, RECORD_ID, ROW, SOURCE, Severity, in_id_order
from crm_migrate.stages import link, present, standardize
from crm_migrate.stages.golden.derive import otherwise_derived, with_derived
from crm_migrate.stages.golden.overrides import SETTLED, no_overrides, with_overrides
from crm_migrate.stages.incremental.difference import difference, over, write_changes, write_since
from crm_migrate.stages.incremental.earlier import Earlier
from crm_migrate.stages.incremental.resurvive import (
    DECIDED,
    Again,
    golden_before,
    set_by_people,
    to_make_again,
    write_again,
)
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import GOLDEN
from crm_migrate.state.owners import decided_owners
from crm_migrate.workspace import Run

STAGE = GOLDEN
DOUBTFUL_TAG = "疑似重复"
REVIEW_SOURCE = "@review"
"""`_source` of the tags that mark customers who wait for a person's verdict."""


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
        records, members = _with_doubtful(job, run, records, members)
    sources = members
    if not members[RECORD_ID].equals(records[RECORD_ID]):
        sources = members.join(records.select(RECORD_ID), on=RECORD_ID, how="semi")
    customers = None
    if name == "customer":
        customers = _customers(job, run, state, records, sources, members)
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
        golden = _decide_owners(golden, customers)
        golden = golden.drop("customer_code").join(
            customers.codes, on="golden_id", how="left", maintain_order="left"
        )
        run.write(STAGE, "x_owner_conflicts", customers.waiting)
        run.write(STAGE, DECIDED, customers.decided)
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
        _write_crosswalk(run, held, part, golden, again)
    if name == "tag":
        run.write(STAGE, f"records.{name}", records)
    else:
        run.write_same(STAGE, f"records.{name}", link.STAGE, f"records.{name}", RECORD_ID)
    return settled


@dataclass(frozen=True)
class _Customers:
    """What is decided over all customers: owners in conflict, decisions, codes by golden id."""

    conflicts: pl.DataFrame
    decided: pl.DataFrame
    codes: pl.DataFrame

    @property
    def known(self) -> pl.DataFrame:
        """Conflicts that both departments have decided (R-1.5)."""
        return self.conflicts.join(self.decided, on=["golden_id", "owners"], how="inner")

    @property
    def waiting(self) -> pl.DataFrame:
        """The other conflicts."""
        return self.conflicts.join(self.known, on="golden_id", how="anti")


def _customers(
    job: Job,
    run: Run,
    state: Database,
    records: pl.DataFrame,
    sources: pl.DataFrame,
    members: pl.DataFrame,
) -> _Customers:
    conflicts = owner_conflicts(*_with_doubles(job, run, records, sources, members))
    codes = customer_codes(sources["golden_id"], _taken_codes(members, run))
    return _Customers(conflicts, decided_owners(state), codes)


def _decided_otherwise(known: Earlier, now: _Customers) -> list[pl.Series]:
    """Customers whose owner or code may be another than in the earlier run."""
    codes = known.run.read(STAGE, "customer", ["golden_id", "customer_code"])
    decided = known.run.read(STAGE, DECIDED)
    return [
        difference(codes, now.codes, "golden_id")["golden_id"],
        decided["golden_id"],
        now.decided["golden_id"],
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


def _with_doubtful(
    job: Job, run: Run, records: pl.DataFrame, members: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tags for customers in open doubtful pairs: loaded apart, and marked so in the CRM."""
    review = run.read(link.STAGE, "review.customer")
    ids = pl.concat([review["left_golden"], review["right_golden"]]).unique().sort()
    sourced = run.read(link.STAGE, "members.customer").filter(pl.col("target_key").is_null())
    ids = ids.filter(ids.is_in(sourced["golden_id"].implode()))
    if not len(ids):
        return records, members
    made = hashed_ids(job.keyring.record_key, (REVIEW_SOURCE, "tag"), [ids])
    tags = pl.DataFrame({RECORD_ID: made, "customer": ids}).with_columns(
        pl.lit(DOUBTFUL_TAG).alias("label"), pl.lit(REVIEW_SOURCE).alias(SOURCE)
    )
    # A tag of that name that the CRM or a source has already is the same tag.
    known = records.filter(pl.col("label") == DOUBTFUL_TAG)["customer"]
    tags = tags.filter(~pl.col("customer").is_in(known.implode()).fill_null(False))
    standing = _standing_tags(run, members)
    named = tags.select(RECORD_ID, "customer").join(standing, on="customer", how="left")
    fresh = named.select(
        RECORD_ID,
        pl.coalesce("golden_id", pl.lit("g") + pl.col(RECORD_ID)).alias("golden_id"),
        pl.lit("new").alias("state"),
        pl.lit(None, dtype=pl.String).alias("target_key"),
    )
    empty = pl.lit(None, dtype=pl.String)
    absent = [c for c in records.columns if c not in tags.columns and c != ROW]
    filled = tags.with_columns(
        *(empty.alias(c) for c in absent), pl.lit(None, dtype=pl.Int64).alias(ROW)
    )
    return pl.concat([records, filled.select(records.columns)]), pl.concat([members, fresh])


def _with_doubles(
    job: Job, run: Run, records: pl.DataFrame, sources: pl.DataFrame, members: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records and their members, with the CRM's rows that a merge would join across owners."""
    held = job.project.target.entities.get("customer")
    if held is None or held.merge is None or "customer" not in run.names(present.STAGE):
        return records, sources
    columns = (RECORD_ID, "owner", "department")
    rows = run.read(present.STAGE, "customer").filter(~pl.col("given_up"))
    claims = (
        members.filter(pl.col("target_key").is_not_null())
        .join(rows.select(columns), on=RECORD_ID)
        .filter(pl.col("owner").is_not_null() & (pl.col("owner") != POOL))
        .filter(pl.col("owner").n_unique().over("golden_id") > 1)
    )
    both = [records.select(columns), claims.select(columns)]
    known = [sources.select(RECORD_ID, "golden_id"), claims.select(RECORD_ID, "golden_id")]
    return pl.concat(both), pl.concat(known)


def _standing_tags(run: Run, members: pl.DataFrame) -> pl.DataFrame:
    """Customer (golden id) → golden id of its 疑似重复 tag in the CRM."""
    if "tag" not in run.names(present.STAGE):
        return pl.DataFrame(schema={"customer": pl.String(), "golden_id": pl.String()})
    customers = run.read(link.STAGE, "members.customer").filter(pl.col("target_key").is_not_null())
    tags = run.read(present.STAGE, "tag").filter(pl.col("label") == DOUBTFUL_TAG)
    known = customers.select(
        (pl.lit("@key:") + pl.col("target_key")).alias("customer"),
        pl.col("golden_id").alias("_customer"),
    )
    return (
        tags.join(known, on="customer")
        .join(members.select(RECORD_ID, "golden_id"), on=RECORD_ID)
        .select(pl.col("_customer").alias("customer"), "golden_id")
        .unique("customer", keep="any")
    )


def _decide_owners(golden: pl.DataFrame, customers: _Customers) -> pl.DataFrame:
    """Owners that both departments agreed on stand."""
    agreed = customers.known.select(
        "golden_id", pl.col("owner").alias("_o"), pl.col("department").alias("_d")
    )
    return (
        golden.join(agreed, on="golden_id", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("_o", "owner").alias("owner"),
            pl.coalesce("_d", "department").alias("department"),
        )
        .drop("_o", "_d")
    )


def _taken_codes(members: pl.DataFrame, run: Run) -> pl.DataFrame:
    """The customer codes that the CRM has given out, by golden id."""
    if "customer" not in run.names(present.STAGE):
        return pl.DataFrame(schema={"golden_id": pl.String(), "customer_code": pl.String()})
    columns = [RECORD_ID, "customer_code", "given_up", "base_id"]
    rows = run.read(present.STAGE, "customer", columns).drop_nulls("customer_code")
    standing = members.filter(pl.col("target_key").is_not_null()).join(rows, on=RECORD_ID)
    key = pl.col("target_key")
    taken = standing.select("golden_id", "customer_code")
    if not standing["golden_id"].is_duplicated().any():
        return taken
    return (
        # Of several rows the one that a merge would keep.
        standing.with_columns(_ours=pl.col("base_id").eq_missing(pl.col("golden_id")))
        .sort("golden_id", "given_up", ~pl.col("_ours"), key.str.len_chars(), key)
        .unique("golden_id", keep="first", maintain_order=True)
        .select("golden_id", "customer_code")
    )


def _write_crosswalk(
    run: Run,
    records: pl.DataFrame,
    members: pl.DataFrame,
    golden: pl.DataFrame,
    again: Again | None,
) -> None:
    """Old place and code → golden id and new customer code (R-6.6), by record id."""
    columns = (RECORD_ID, *PROVENANCE, pl.col("customer_code").alias("old_code"))
    rows, owned = records.select(columns), members.select(RECORD_ID, "golden_id")
    if owned[RECORD_ID].equals(rows[RECORD_ID]):
        rows = rows.with_columns(owned["golden_id"])
    else:
        rows = rows.join(owned, on=RECORD_ID, maintain_order="left")
    codes = golden.select("golden_id", "customer_code")
    rows = rows.join(codes, on="golden_id", maintain_order="left")
    if again is None:
        run.write(STAGE, "crosswalk", in_id_order(rows))
        return
    gone = pl.concat([rows[RECORD_ID], over(again.members, RECORD_ID)])
    run.write_edited(STAGE, "crosswalk", again.known.run, RECORD_ID, gone, in_id_order(rows))
