"""Measure the data of a run: the sources as they were given, and the golden records (R-4)."""

from collections.abc import Iterable, Iterator
from itertools import chain

import polars as pl

from crm_migrate.mapping.origins import origins
from crm_migrate.model import Entity, SemanticType
from crm_migrate.project.quality_measures import AFTER, BEFORE, asked
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.quality.access import access_lines, reach_lines, usable_lines
from crm_migrate.quality.agreement import distinct_lines, repetition_lines, same_lines
from crm_migrate.quality.cells import cell_lines
from crm_migrate.quality.counts import Line, counts_frame
from crm_migrate.quality.declared import metadata_lines, model_lines
from crm_migrate.quality.judged import GOLDEN, Rules, after, before
from crm_migrate.quality.rule_kinds import Kind, kind_of, own_kinds
from crm_migrate.quality.scores import scores
from crm_migrate.quality.timeliness import OF, current_lines, period_lines, sequence_lines
from crm_migrate.records import RECORD_ID, SOURCE
from crm_migrate.reports.quality_facts import QualityFacts, RuleCount
from crm_migrate.stages import extract, link, standardize, survive
from crm_migrate.stages.job import Job
from crm_migrate.stages.judge import own_rules
from crm_migrate.stages.quality.control_totals import totals_of
from crm_migrate.stages.quality.findings import rule_of
from crm_migrate.workspace import Run


def measure(job: Job, run: Run) -> QualityFacts:
    """Everything that is counted of a run whose golden records are finished.

    Raises:
        NotFound: a stage's tables are missing.
        IntegrityFault: a table was changed.
    """
    names = set(run.names(survive.STAGE))
    entities = [e for e in job.project.model.entities if e.name in names]
    findings = run.read(standardize.STAGE, "x_findings")
    lines: list[Line] = []
    for done, entity in enumerate(entities):
        job.progress("quality", done, len(entities))
        lines += _entity_lines(job, run, entity, findings)
    lines += _time_lines(job, run, entities)
    lines += access_lines(_rows(run))
    job.progress("quality", len(entities), len(entities))
    return QualityFacts(
        run=run.id,
        at=run.manifest.created_at,
        counts=counts_frame(iter(lines)),
        rules=_rule_counts(job, run, findings),
        totals=totals_of(job.project.model, run, [e.name for e in entities]),
    )


def gate_figures(job: Job, run: Run, wanted: Iterable[str]) -> dict[str, float]:
    """The figures of those gates that name a measure of quality (`quality.…`)."""
    named = {name: figure for name in wanted if (figure := asked(name)) is not None}
    if not named:
        return {}
    found = scores(measure(job, run).counts, job.rules.quality.weights)
    values = {
        name: found.part(figure.phase, figure.entity, figure.field).of(figure.measure)
        for name, figure in named.items()
    }
    return {name: round(value, 6) for name, value in values.items() if value is not None}


def _entity_lines(job: Job, run: Run, entity: Entity, findings: pl.DataFrame) -> Iterator[Line]:
    name, quality = entity.name, job.rules.quality
    raw = run.read(extract.STAGE, name)
    records = run.read(standardize.STAGE, name)
    golden = run.read(survive.STAGE, name)
    members = _members(run, name)
    lineage = run.read(survive.STAGE, f"lineage.{name}")
    rules = _rules(job, entity)
    taken = after(entity, golden, members, lineage, findings, rules)
    unique = _of(quality.unique, name)
    excepted = frozenset(_of(quality.own_to_source, name))
    target = job.project.target.entities.get(name)
    held = frozenset(target.fields) if target is not None else frozenset()
    yield from chain(
        cell_lines(before(entity, raw, records, findings, rules)),
        cell_lines(taken),
        repetition_lines(entity, members, run.read(link.STAGE, f"review.{name}")),
        distinct_lines(BEFORE, entity, records, unique),
        distinct_lines(AFTER, entity, _with_sources(golden, members), unique),
        same_lines(entity, records, members, excepted),
        reach_lines(taken, held),
        model_lines(entity, _given(job, name), held),
        metadata_lines(entity, _used(job, name, golden)),
        usable_lines(entity, raw, records),
    )


def _given(job: Job, name: str) -> dict[str, frozenset[str]]:
    """The fields of an entity that each source fills."""
    found: dict[str, frozenset[str]] = {}
    for source, mapping in job.project.mappings.items():
        records = [r for t in mapping.tables for r in t.records if r.entity == name]
        if records:
            found[source] = frozenset().union(*(r.fields for r in records))
    return found


def _used(job: Job, name: str, golden: pl.DataFrame) -> frozenset[str]:
    """The fields that a source fills, or that were derived."""
    derived = {d.field for d in job.rules.derivations if d.entity == name}
    return frozenset().union(derived, *_given(job, name).values()) & set(golden.columns)


def _members(run: Run, name: str) -> pl.DataFrame:
    """Record, golden record and source of each record that the sources gave."""
    members = run.read(survive.STAGE, f"members.{name}").select(RECORD_ID, GOLDEN)
    records = run.read(standardize.STAGE, name, [RECORD_ID, SOURCE])
    return records.join(members, on=RECORD_ID)


def _with_sources(golden: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The golden records with the list of their sources as `_source`."""
    sources = members.group_by(GOLDEN).agg(pl.col(SOURCE).unique())
    return golden.join(sources, on=GOLDEN, how="left", maintain_order="left")


def _rules(job: Job, entity: Entity) -> Rules:
    own = own_kinds(job.rules.records)
    related = frozenset(
        j.field
        for j in job.rules.records.judgements
        if j.entity == entity.name and own[j.rule.code] is Kind.RELATED
    )
    return Rules(_listed(job, entity), _guarded(job, entity), related, own)


def _time_lines(job: Job, run: Run, entities: list[Entity]) -> Iterator[Line]:
    rules = job.rules.quality
    today = QualityFacts(run.id, run.manifest.created_at, pl.DataFrame(), (), ()).day
    for phase in (BEFORE, AFTER):
        frames = {e.name: _dated(run, e, phase) for e in entities}
        for entity in entities:
            frame = frames[entity.name]
            yield from period_lines(phase, entity, frame, rules.period, today)
            current = rules.current.get(entity.name)
            if current is not None:
                belonging = {n: _belonging(f, entity, job, n) for n, f in frames.items()}
                yield from current_lines(phase, entity, belonging, current, today)
            pairs = rules.sequence.get(entity.name, ())
            yield from sequence_lines(phase, entity, frame, frames, pairs)


def _dated(run: Run, entity: Entity, phase: str) -> pl.DataFrame:
    """Dates and references of an entity's records, `_id` (golden, as references are), source."""
    dates = [f.name for f in entity.fields if f.type is SemanticType.DATE]
    wanted = [*dates, *(f.name for f in entity.references())]
    members = _members(run, entity.name)
    if phase == AFTER:
        frame = run.read(survive.STAGE, entity.name)
        frame = frame.select(GOLDEN, *_held(wanted, frame))
        return _with_sources(frame, members).rename({GOLDEN: "_id"})
    frame = run.read(survive.STAGE, f"records.{entity.name}")
    own = members.select(RECORD_ID, pl.col(GOLDEN).alias("_id"))
    rows = frame.select(RECORD_ID, SOURCE, *_held(wanted, frame))
    return rows.join(own, on=RECORD_ID, how="left").drop(RECORD_ID)


def _belonging(frame: pl.DataFrame, entity: Entity, job: Job, name: str) -> pl.DataFrame:
    """The rows with `_of`: the record of `entity` that they are, or that they refer to."""
    if name == entity.name:
        return frame.with_columns(pl.col("_id").alias(OF))
    referring = job.project.model.entity(name).references()
    field = next((f.name for f in referring if f.references == entity.name), None)
    if field is None or field not in frame.columns:
        return frame.clear().with_columns(pl.lit(None, pl.String).alias(OF))
    return frame.with_columns(pl.col(field).alias(OF))


def _held(names: list[str], frame: pl.DataFrame) -> list[str]:
    return [n for n in names if n in frame.columns]


def _of(names: Iterable[str], entity: str) -> list[str]:
    return [n.partition(".")[2] for n in names if n.partition(".")[0] == entity]


def _listed(job: Job, entity: Entity) -> frozenset[str]:
    """Fields that a value map translates in some source."""
    return frozenset(
        name
        for mapping in job.project.mappings.values()
        for table in mapping.tables
        for record in table.records
        if record.entity == entity.name
        for name, origin in record.fields.items()
        if origin.values is not None
    )


def _guarded(job: Job, entity: Entity) -> frozenset[str]:
    """Fields that a source has and policy forbids."""
    mapped = {field for _, field in origins(entity.name, job.project.mappings.values())}
    policy = job.rules.policy
    return frozenset(
        name
        for name in mapped
        if policy.treatment(entity.name, name, Audience.WORKSPACE) == Treatment.FORBID
    )


def _rows(run: Run) -> pl.DataFrame:
    keys = ["source", "table", "file", "sheet", "root"]
    lost = run.read(extract.STAGE, "x_rows").select(*keys, "no_record")
    rows = run.read(standardize.STAGE, "x_rows")
    return rows.join(lost, on=keys, how="left", nulls_equal=True)


def _rule_counts(job: Job, run: Run, findings: pl.DataFrame) -> tuple[RuleCount, ...]:
    """The most frequent first, by rule, entity, field and source."""
    keys = ("rule", "severity", "entity", "field", "source")
    counted = findings.with_columns(pl.col(keys).fill_null("")).group_by(keys).len()
    texts, kinds = own_rules(run), own_kinds(job.rules.records)
    found = []
    for rule, severity, entity, field, source, count in counted.iter_rows():
        known = rule_of(rule, texts)
        kind = str(kind_of(rule, kinds))
        found.append(
            RuleCount(rule, severity, kind, entity, field, source, count, known.message, known.hint)
        )
    return tuple(
        sorted(found, key=lambda r: (-r.count, r.rule, r.entity, r.field, r.source, r.severity))
    )
