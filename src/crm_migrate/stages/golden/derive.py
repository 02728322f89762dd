"""Golden fields that follow from the other data: below what people set, above or beneath sources.

What is derived looks at the golden record itself and at figures over the golden records that refer
to it (contracts, orders, …), which are made before it.
"""

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.stages.incremental.difference import difference
from crm_migrate.stages.incremental.earlier import Earlier
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import GOLDEN
from crm_migrate.standards.rules.derivations import Derived, evaluate
from crm_migrate.workspace import Run

DERIVED = "derived"
"""Rule of a golden cell that was derived: `derived:<entity>.<field>` in the lineage."""
_ID = "golden_id"


def derivations_of(job: Job, entity: str) -> tuple[Derived, ...]:
    """The derived fields of an entity, in the order in which they follow from each other."""
    return tuple(d for d in job.rules.derivations if d.entity == entity)


def values_of(entity: str) -> str:
    """The table of the golden stage with what was derived, whether it was taken or not."""
    return f"x_derived.{entity}"


def otherwise_derived(job: Job, run: Run, known: Earlier, entity: Entity) -> list[pl.Series]:
    """Golden records of the earlier run of which something else follows now."""
    asked = derivations_of(job, entity.name)
    if not asked:
        return []
    own = {n for d in asked for e in d.expressions for n in e.columns}
    old = known.run.read(GOLDEN, entity.name, [_ID, *sorted(own)])
    tables = {entity.name: old, **_referring(run, asked)}
    now = old.select(_ID)
    for derived in asked:
        made = evaluate(derived, entity, tables, job.clock().date(), _ID)
        now = now.with_columns(made["value"].alias(derived.field))
    then = known.run.read(GOLDEN, values_of(entity.name))
    return [difference(then, now, _ID)[_ID]]


def with_derived(
    job: Job,
    run: Run,
    entity: Entity,
    golden: pl.DataFrame,
    lineage: pl.DataFrame,
    settled: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, pl.DataFrame]]:
    """Golden records and lineage with what was derived, and the table of `values_of`.

    `settled`: what became of the cells that people set; those that stand are left alone.
    """
    asked = derivations_of(job, entity.name)
    if not asked:
        return golden, lineage, {}
    held = _referring(run, asked)
    values = golden.select(_ID)
    lines = [lineage]
    for derived in asked:
        tables = {entity.name: golden, **held}
        made = evaluate(derived, entity, tables, job.clock().date(), _ID)["value"]
        values = values.with_columns(made.alias(derived.field))
        taken = _taken(derived, golden, made, settled)
        if not taken.any():
            continue
        ids, stood = golden[_ID].filter(taken), golden[derived.field].filter(taken)
        golden = golden.with_columns(
            made.zip_with(taken, golden[derived.field]).alias(derived.field)
        )
        over = (pl.col("field") == derived.field) & pl.col(_ID).is_in(ids.implode())
        lines = [line.filter(~over) for line in lines]
        lines.append(_lines(derived, ids, stood, lineage))
    return golden, pl.concat(lines).sort(_ID, "field"), {values_of(entity.name): values}


def _taken(
    derived: Derived, golden: pl.DataFrame, made: pl.Series, settled: pl.DataFrame
) -> pl.Series:
    """The records whose cell is what was derived."""
    stood = golden[derived.field]
    by_people = settled.filter(pl.col("why").is_null(), pl.col("field") == derived.field)[_ID]
    free = ~golden[_ID].is_in(by_people.implode())
    wanted = made.ne_missing(stood) if derived.replaces else stood.is_null()
    return made.is_not_null() & free & wanted


def _lines(
    derived: Derived, ids: pl.Series, stood: pl.Series, lineage: pl.DataFrame
) -> pl.DataFrame:
    columns = {
        _ID: ids,
        "field": derived.field,
        "rule": f"{DERIVED}:{derived.entity}.{derived.field}",
        "losers": stood.is_not_null().cast(pl.Int64),
    }
    made = pl.DataFrame(columns)
    absent = [c for c in lineage.columns if c not in columns]
    nothing = (pl.lit(None, dtype=lineage.schema[c]).alias(c) for c in absent)
    return made.with_columns(nothing).select(lineage.columns).cast(dict(lineage.schema))  # type: ignore[arg-type]


def _referring(run: Run, asked: tuple[Derived, ...]) -> dict[str, pl.DataFrame]:
    """The golden records that the figures are made of, as far as they are read."""
    wanted: dict[str, set[str]] = {}
    for figure in (a for d in asked for e in d.expressions for a in e.aggregates):
        wanted.setdefault(figure.entity, {_ID}).update(figure.columns, [figure.reference])
    known = set(run.names(GOLDEN))
    return {n: run.read(GOLDEN, n, sorted(columns)) for n, columns in wanted.items() if n in known}
