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
from crm_migrate.mapping.origins import origins
from crm_migrate.mapping.reading import Reading, read_rows
from crm_migrate.mapping.references import resolve_orphans
from crm_migrate.model import Model
from crm_migrate.project.entities_file import standard_model, starter_file
from crm_migrate.protection.policy import Audience, Policy, Treatment, parse_policy
from crm_migrate.records import (
    RECORD_ID,
    SHEET,
    SOURCE,
    concat_findings,
)
from crm_migrate.stages.bare.carried import (
    carry,
    personal_numbers,
    with_carried,
    with_carried_policy,
)
from crm_migrate.stages.bare.demands import lenient_model, lenient_rules
from crm_migrate.stages.bare.file_mappings import FileMappings, map_files
from crm_migrate.stages.bare.mapped_rows import map_rows
from crm_migrate.stages.judge import judge_records
from crm_migrate.standards.catalog import rules as declared_rules
from crm_migrate.standards.entity.standardize import Standardized
from crm_migrate.standards.entity.standardize import standardize as standardize_entity
from crm_migrate.standards.rules.records import RecordRules, parse_records

Progress = Callable[[str, int, int], None]
READING, STANDARDIZING = Text("reading", "读取"), Text("standardizing", "标准化")


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
    kinds: tuple[dict[str, int], ...] = ()
    """Of each table: its used rows by kind (`formats.contract.KINDS`)."""
    seconds: dict[str, float] = field(default_factory=dict)


def standardize_files(
    paths: Sequence[Path],
    *,
    mapping: Path | None = None,
    entity: str | None = None,
    id_column: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    known_only: bool = False,
    today: date,
    progress: Progress | None = None,
) -> StandardizedFiles:
    """Standardize the rows of files by the packaged model and rules.

    known_only: leave out the columns that no field takes, instead of carrying them.

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
        found = found if known_only else carry(found, model)
    with _timed(seconds, "read"):
        readings = _readings(found, tell)
        model = with_carried(model, found, [r.rows for r in readings])
        policy = with_carried_policy(policy, found)
        asked, rules = lenient_model(model, found), lenient_rules(rules, found)
        read = [
            map_rows(table, reading.rows, found, asked, policy)
            for table, reading in zip(found.tables, readings, strict=True)
        ]
        tell(str(READING), len(found.tables), len(found.tables))
    raw = {n: _once(f) for n, f in _together(r.records for r in read).items()}
    with _timed(seconds, "standardize"):
        made = _standardized(raw, asked, found, rules, tell)
    with _timed(seconds, "rules"):
        unclear = pl.concat(r.ambiguous for r in read).unique()
        accepted = {n: s.records for n, s in made.items()}
        resolved = resolve_orphans(accepted, asked, unclear, _places(found))
        together = judge_records(resolved.records, asked, rules, found.sources, today)
    findings = [part for r in read for part in r.findings]
    # What a row says beside a record that was set aside is set aside with it, and not told twice.
    orphans = resolved.findings.filter(pl.col("column").is_not_null())
    findings += [s.findings for s in made.values()]
    findings += personal_numbers(made[found.entity].records, asked, found)
    return StandardizedFiles(
        found=found,
        model=model,
        records=resolved.records,
        findings=concat_findings([*findings, orphans, together]),
        ids=pl.concat(r.ids for r in read).unique(maintain_order=True),
        references=_together(r.references for r in read),
        rules=rules,
        counts={n: (raw[n].height, s.quarantined.height) for n, s in made.items()},
        filled=_filled_cells(raw, asked),
        kinds=tuple(reading.kinds for reading in readings),
        seconds=seconds,
    )


def _readings(found: FileMappings, tell: Progress) -> list[Reading]:
    """The rows of each table."""
    readings = []
    for done, table in enumerate(found.tables):
        tell(str(READING), done, len(found.tables))
        readings.append(read_rows(table.table, table.mapping, table.source))
    return readings


def _standardized(
    raw: Mapping[str, pl.DataFrame],
    model: Model,
    found: FileMappings,
    rules: RecordRules,
    tell: Progress,
) -> dict[str, Standardized]:
    """The records of each entity in standard form, judged one by one."""
    made: dict[str, Standardized] = {}
    for done, (name, frame) in enumerate(raw.items()):
        tell(str(STANDARDIZING), done, len(raw))
        places = origins(name, found.sources)
        made[name] = standardize_entity(
            model.entity(name), frame, model, origins=places, rules=rules
        )
    tell(str(STANDARDIZING), len(raw), len(raw))
    return made


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
