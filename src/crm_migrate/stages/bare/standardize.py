"""Standardizing bare files: no project, no keys; ids come from the files themselves (§14)."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from crm_migrate.errors import ProjectFault
from crm_migrate.language import Text
from crm_migrate.mapping.apply import map_table
from crm_migrate.mapping.damage import with_damage
from crm_migrate.mapping.identity import key_text
from crm_migrate.mapping.origins import origins
from crm_migrate.mapping.reading import read_rows
from crm_migrate.mapping.references import resolve_orphans
from crm_migrate.mapping.rules import KEY_MISSING, KEY_REPEATED, NO_RECORD
from crm_migrate.model import Model
from crm_migrate.project.entities_file import standard_model, starter_file
from crm_migrate.project.mapping_file import SourceMapping, TableMapping
from crm_migrate.protection.admission import admit
from crm_migrate.protection.policy import Audience, Policy, Treatment, parse_policy
from crm_migrate.records import (
    FILE,
    RECORD_ID,
    ROW,
    SHEET,
    SOURCE,
    concat_findings,
    findings_where,
)
from crm_migrate.stages.bare.demands import lenient_model, lenient_rules
from crm_migrate.stages.bare.file_mappings import FileMappings, FileTable, map_files
from crm_migrate.stages.extract import columns_by_field
from crm_migrate.stages.judge import judge_records
from crm_migrate.standards.catalog import rules as declared_rules
from crm_migrate.standards.entity.standardize import Standardized
from crm_migrate.standards.entity.standardize import standardize as standardize_entity
from crm_migrate.standards.rules.records import RecordRules, parse_records

Progress = Callable[[str, int, int], None]
NO_KEY = b"\0" * 32
"""Without a project there is no secret: ids are digests of names and contents."""
READING, STANDARDIZING = Text("reading", "读取"), Text("standardizing", "标准化")
SHOWN_ID = "_shown"


@dataclass(frozen=True)
class StandardizedFiles:
    """The records of all files in standard form, and what was found in them."""

    found: FileMappings
    model: Model
    records: Mapping[str, pl.DataFrame]
    """By entity: the accepted records, ids as the stages of a project make them."""
    findings: pl.DataFrame
    """`records.FINDING_COLUMNS`, with the same ids."""
    ids: pl.DataFrame
    """A line per record of `found.entity`, and per row that should have been one: record_id (then
    null), provenance, and SHOWN_ID, the id that people see."""
    references: Mapping[str, pl.DataFrame]
    """By entity: record_id and the keys by which the source names other records."""
    rules: RecordRules
    counts: Mapping[str, tuple[int, int]]
    """By entity: records, and how many of them were quarantined."""
    filled: pl.DataFrame
    """By source, sheet, entity and field: `records`, and cells that are `filled` as read."""
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Read:
    """What mapping made of one table."""

    records: Mapping[str, pl.DataFrame]
    findings: tuple[pl.DataFrame, ...]
    ambiguous: pl.Series
    ids: pl.DataFrame
    references: Mapping[str, pl.DataFrame]


def standardize_files(
    paths: Sequence[Path],
    *,
    mapping: Path | None = None,
    entity: str | None = None,
    id_column: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    today: date,
    progress: Progress | None = None,
) -> StandardizedFiles:
    """Standardize the rows of files by the packaged model and rules.

    mapping: a file like those of a project; without it, columns are known by their usual headers.
    entity, id_column: see `map_files`.

    Raises:
        SourceFault: a file cannot be read, or nothing in it was recognised.
        ProjectFault: the mapping is faulty.
        UsageFault: no such column or entity.
    """
    tell = progress or (lambda *_: None)
    seconds: dict[str, float] = {}
    model = standard_model()
    rules, policy = _standard_rules(model)
    with _timed(seconds, "mapping"):
        tell(str(READING), 0, 1)
        found = map_files(
            paths, model, mapping=mapping, entity=entity, id_column=id_column, sheet=sheet,
            encoding=encoding,
        )  # fmt: skip
    asked, rules = lenient_model(model, found), lenient_rules(rules, found)
    read: list[_Read] = []
    with _timed(seconds, "read"):
        for done, table in enumerate(found.tables):
            tell(str(READING), done, len(found.tables))
            read.append(_read(table, found, asked, policy, id_column))
        tell(str(READING), len(found.tables), len(found.tables))
    raw = {n: _once(f) for n, f in _together(r.records for r in read).items()}
    made: dict[str, Standardized] = {}
    with _timed(seconds, "standardize"):
        for done, (name, frame) in enumerate(raw.items()):
            tell(str(STANDARDIZING), done, len(raw))
            places = origins(name, found.sources)
            made[name] = standardize_entity(
                asked.entity(name), frame, asked, origins=places, rules=rules
            )
        tell(str(STANDARDIZING), len(raw), len(raw))
    with _timed(seconds, "rules"):
        unclear = pl.concat(r.ambiguous for r in read).unique()
        accepted = {n: s.records for n, s in made.items()}
        resolved = resolve_orphans(accepted, asked, unclear, _places(found))
        together = judge_records(resolved.records, asked, rules, found.sources, today)
    findings = [part for r in read for part in r.findings]
    findings += [s.findings for s in made.values()]
    return StandardizedFiles(
        found=found,
        model=model,
        records=resolved.records,
        findings=concat_findings([*findings, resolved.findings, together]),
        ids=pl.concat(r.ids for r in read).unique(maintain_order=True),
        references=_together(r.references for r in read),
        rules=rules,
        counts={n: (raw[n].height, s.quarantined.height) for n, s in made.items()},
        filled=_filled_cells(raw, asked),
        seconds=seconds,
    )


def _together(parts: Iterable[Mapping[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """Tables of the same name in one."""
    found: dict[str, list[pl.DataFrame]] = {}
    for part in parts:
        for name, frame in part.items():
            found.setdefault(name, []).append(frame)
    return {name: pl.concat(frames, how="diagonal") for name, frames in found.items()}


def _filled_cells(raw: Mapping[str, pl.DataFrame], model: Model) -> pl.DataFrame:
    """By source, sheet, entity and field: how many `records` there are, and cells that are
    `filled` before anything is known of their values.
    """
    place = [pl.col(SOURCE).alias("source"), pl.col(SHEET).alias("sheet")]
    parts = []
    for name, frame in raw.items():
        fields = [f for f in model.entity(name).field_names if f in frame.columns]
        counts = frame.group_by(place).agg(pl.len().alias("records"), pl.col(fields).count())
        long = counts.unpivot(fields, index=["source", "sheet", "records"])
        parts.append(
            long.select(
                "source",
                "sheet",
                pl.lit(name).alias("entity"),
                pl.col("variable").alias("field"),
                pl.col("records").cast(pl.Int64),
                pl.col("value").cast(pl.Int64).alias("filled"),
            )
        )
    return pl.concat(parts)


def _once(records: pl.DataFrame) -> pl.DataFrame:
    """The first record of each id: several tables may name the same one."""
    return records.unique(RECORD_ID, keep="first", maintain_order=True)


def _places(found: FileMappings) -> dict[tuple[str, str, str], str]:
    """(entity, source, field) → source column."""
    entities = {r.entity for t in found.tables for r in t.mapping.records}
    return {
        (name, source, field): column
        for name in entities
        for (source, field), column in origins(name, found.sources).items()
    }


def _standard_rules(model: Model) -> tuple[RecordRules, Policy]:
    """The packaged rules of records, and what is cut out of texts; no field is forbidden here:
    policies are a project's.
    """
    file = starter_file("records.yaml")
    rules, wrong = parse_records(file.data, model, declared_rules)
    policy_file = starter_file("policy.yaml")
    policy, faults = parse_policy(policy_file.data, model, policy_file.where)
    faults += [file.fault(at, text, remedy) for at, text, remedy in wrong]
    if faults:
        raise ProjectFault(faults)
    treatments = {
        place: Treatment.CLEAR if place[2] is Audience.WORKSPACE else t
        for place, t in policy.treatments.items()
    }
    return rules, Policy(treatments, policy.free_text)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[stage] = round(time.perf_counter() - begun, 3)


def _read(
    table: FileTable, found: FileMappings, model: Model, policy: Policy, id_column: str | None
) -> _Read:
    """Read and map one table."""
    info, mapping = table.table.info, table.mapping
    rows = read_rows(table.table, mapping, table.source).rows
    mapped = map_table(
        rows, mapping, table.source, info.file, info.sheet, model, found.value_maps, NO_KEY
    )
    records, damaged = with_damage(mapped, table.table.damage(), mapping, table.source)
    findings = [mapped.findings, damaged]
    source = SourceMapping(source=table.source, tables=(mapping,))
    for name, frame in records.items():
        columns = columns_by_field(origins(name, [source]))
        admitted = admit(frame, model.entity(name), policy, columns)
        records[name] = admitted.records
        findings.append(admitted.findings)
    main, record = records[found.entity], table.record(found.entity)
    shared = record is not None and record.key is not None
    lost = rows.clear() if shared else rows.join(main, on=ROW, how="anti", maintain_order="left")
    place = lost.select(
        pl.lit(None, dtype=pl.String).alias(RECORD_ID),
        pl.lit(table.source).alias(SOURCE),
        pl.lit(info.file).alias(FILE),
        pl.lit(info.sheet, dtype=pl.String).alias(SHEET),
        pl.col(ROW).cast(pl.Int64),
    )
    told = mapped.findings.filter(pl.col("rule") == NO_RECORD.code)["row"]
    untold = ~place[ROW].is_in(told.implode())
    findings.append(findings_where(place, untold, entity=found.entity, field="", rule=NO_RECORD))
    ids = pl.concat([main.select(place.columns), place])
    if id_column is not None:
        ids = _named(ids, rows, id_column, mapped.findings, table.prefix)
    else:
        ids = ids.with_columns(pl.col(RECORD_ID).alias(SHOWN_ID))
    keys = {n: _reference_keys(mapping, n, rows, f) for n, f in records.items()}
    return _Read(records, tuple(findings), mapped.ambiguous, ids, keys)


def _named(
    ids: pl.DataFrame, rows: pl.DataFrame, column: str, findings: pl.DataFrame, prefix: str
) -> pl.DataFrame:
    """SHOWN_ID: what the id column says, unless it is empty or stands in several rows."""
    named = rows.select(ROW, (prefix + key_text(rows[column])).alias(SHOWN_ID))
    several = ids[ROW].is_duplicated() & ids[RECORD_ID].is_not_null()
    unusable = findings.filter(pl.col("rule").is_in([KEY_MISSING.code, KEY_REPEATED.code]))
    own = pl.col(RECORD_ID).is_in(unusable[RECORD_ID].implode()) | several
    return ids.join(named, on=ROW, how="left", maintain_order="left").with_columns(
        pl.when(own).then(RECORD_ID).otherwise(SHOWN_ID).alias(SHOWN_ID)
    )


def _reference_keys(
    mapping: TableMapping, entity: str, rows: pl.DataFrame, records: pl.DataFrame
) -> pl.DataFrame:
    """record_id, and for each looked-up reference the key as the table has it."""
    keys = {
        name: pl.concat_str([key_text(rows[c]) for c in o.source_columns], separator="/")
        for r in mapping.records
        if r.entity == entity
        for name, o in r.fields.items()
        if o.table is not None
    }
    named = rows.select(ROW, *(k.alias(n) for n, k in keys.items()))
    return records.select(RECORD_ID, ROW).join(named, on=ROW, how="left").drop(ROW)
