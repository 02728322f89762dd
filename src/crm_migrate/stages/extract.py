"""Read the sources and map them to raw records; forbidden content never reaches the workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.formats import open_file
from crm_migrate.formats.contract import DATA, Header, Table
from crm_migrate.language import Text
from crm_migrate.mapping.apply import map_table
from crm_migrate.mapping.damage import with_damage
from crm_migrate.mapping.origins import origins
from crm_migrate.mapping.reading import LeftBehind, pair_tables, read_rows
from crm_migrate.model import Entity
from crm_migrate.project import Project
from crm_migrate.project.mapping_file import TableMapping
from crm_migrate.protection.admission import admit
from crm_migrate.quality.control_totals import source_totals
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE, concat_findings, in_id_order
from crm_migrate.stages.incremental.difference import (
    difference,
    here,
    over,
    write_changes,
    write_since,
)
from crm_migrate.stages.incremental.earlier import CHANGE, CHANGED, Earlier, TakenSource, made_by
from crm_migrate.stages.job import Job
from crm_migrate.stages.source_digests import input_digest, rows_digest, source_digest
from crm_migrate.systems.sql import sql_tables
from crm_migrate.workspace import Run

STAGE = "mapped"
TAG = "tag"

ROWS_SCHEMA = {
    "source": pl.String(),
    "table": pl.String(),
    "file": pl.String(),
    "sheet": pl.String(),
    "root": pl.String(),
    "sha256": pl.String(),
    "read": pl.Int64(),
    "non_data": pl.Int64(),
    "no_record": pl.Int64(),
    "left_behind": pl.String(),
    "made_by": pl.String(),
}
"""One line per source table: rows read, rows that are no data, rows that yielded no record."""


@dataclass(frozen=True)
class _Read:
    rows: pl.DataFrame
    records: dict[str, pl.DataFrame]
    findings: pl.DataFrame
    ambiguous: pl.DataFrame
    totals: pl.DataFrame


def extract(job: Job, run: Run, inputs: str, before: Earlier | None = None) -> None:
    """Write `mapped/<entity>`, and beside them `x_rows`, `x_findings`, `x_totals`, `x_ambiguous`.

    `inputs`: `input_digest` before reading. `before`: sources that are the same there are not
    read again.

    Raises:
        SourceFault: a source cannot be read, changed while it was read, or lacks a mapped column.
    """
    before = before if before is not None and before.readable() else None
    parts: list[_Read | TakenSource] = []
    again = []
    places = [(n, job.project.source_place(n)) for n in job.project.settings.sources]
    made = made_by(job)
    for done, (name, place) in enumerate(places):
        job.progress("read", done, len(places))
        digest = source_digest(place)
        taken = before.source(name, digest) if before is not None else None
        if taken is not None:
            parts.append(taken)
            continue
        again.append(name)
        pairs, _ = pair_tables(open_source(job.project, name, place), job.project.mappings[name])
        parts += [_read(job, name, table, mapping, digest, made) for table, mapping in pairs]
    job.progress("read", len(places), len(places))
    if input_digest(job) != inputs:  # an approval names the inputs: they must be what was read
        raise SourceFault(
            Text("a source changed while it was read", "读取过程中数据源发生变化"),
            remedy=Text("run again when nobody writes to it", "请在无人写入时重新运行"),
        )
    findings = concat_findings(p.findings for p in parts)
    read = [p for p in parts if isinstance(p, _Read)]
    other = _otherwise_found(before, findings, again)
    for entity in job.project.model.entities:
        frames = [p.records[entity.name] for p in read if entity.name in p.records]
        if entity.name == TAG and TAG in job.project.target.entities:
            frames.append(no_records(entity))  # 疑似重复 is a tag, whether a source has tags or not
        old = before.raw(entity.name) if before is not None else None
        if before is not None and old is not None:
            records = _once(pl.concat([old.clear(), *frames]))
            old = old.filter(pl.col(SOURCE).is_in(again))
            _write_edited(run, entity.name, records, old, other, before)
        elif frames:
            run.write(STAGE, entity.name, in_id_order(_once(pl.concat(frames))))
    write_since(run, STAGE, before)
    run.write(STAGE, "x_rows", pl.concat(p.rows for p in parts))
    run.write(STAGE, "x_findings", findings)
    run.write(STAGE, "x_totals", pl.concat(p.totals for p in parts))
    run.write(STAGE, "x_ambiguous", pl.concat(p.ambiguous for p in parts))


def _write_edited(
    run: Run,
    name: str,
    records: pl.DataFrame,
    old: pl.DataFrame,
    other: pl.Series,
    before: Earlier,
) -> None:
    """Write an entity's raw records as an edit of the earlier ones, and what changed.

    `records` and `old`: of the sources that were read again; `other`: records of which mapping
    found something else.
    """
    changes = difference(old, records, RECORD_ID)
    told = other.filter(other.is_in(records[RECORD_ID].implode()))
    told = told.filter(~told.is_in(changes[RECORD_ID].implode()))
    more = told.alias(RECORD_ID).to_frame().with_columns(pl.lit(CHANGED).alias(CHANGE))
    changes = pl.concat([changes, more]).sort(RECORD_ID)
    fresh = records.filter(pl.col(RECORD_ID).is_in(here(changes, RECORD_ID).implode()))
    run.write_edited(
        STAGE, name, before.run, RECORD_ID, over(changes, RECORD_ID), in_id_order(fresh)
    )
    write_changes(run, STAGE, name, changes)


def _otherwise_found(before: Earlier | None, findings: pl.DataFrame, again: list[str]) -> pl.Series:
    """Records of which mapping found something else than in the earlier run."""
    if before is None:
        return pl.Series([], dtype=pl.String)
    now = findings.filter(pl.col("source").is_in(again))
    then = before.run.read(STAGE, "x_findings").filter(pl.col("source").is_in(again))
    columns = now.columns
    both = [
        one.join(two, on=columns, how="anti", nulls_equal=True)[RECORD_ID]
        for one, two in ((now, then), (then, now))
    ]
    return pl.concat(both).drop_nulls().unique()


def _once(records: pl.DataFrame) -> pl.DataFrame:
    """The first record of each id."""
    if not records[RECORD_ID].is_duplicated().any():
        return records
    return records.unique(RECORD_ID, keep="first", maintain_order=True)


def no_records(entity: Entity) -> pl.DataFrame:
    """An empty table of mapped records."""
    texts = dict.fromkeys((RECORD_ID, SOURCE, FILE, SHEET), pl.String)
    fields = dict.fromkeys(entity.field_names, pl.String)
    return pl.DataFrame(schema={**texts, ROW: pl.Int64, **fields})


def columns_by_field(places: dict[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    """(source, field) → column as field → source → column."""
    columns: dict[str, dict[str, str]] = {}
    for (source, field), column in places.items():
        columns.setdefault(field, {})[source] = column
    return columns


def open_source(project: Project, name: str, place: str) -> list[Table]:
    """The tables of a source file or database."""
    source = project.settings.sources[name]
    wanted = project.mappings[name].tables
    if source.url is not None:
        return list(sql_tables(place, [t.table for t in wanted]))
    tables = open_file(Path(place), encoding=source.encoding)
    return with_headers(tables, wanted, Path(place), source.encoding)


def with_headers(
    tables: Sequence[Table], wanted: Sequence[TableMapping], path: Path, encoding: str | None
) -> list[Table]:
    """The tables of a file, opened again where the mapping says that the header lies elsewhere."""
    given = {t.table: Header(*t.header) for t in wanted if t.header is not None}
    found = []
    for table in tables:
        sheet = table.info.sheet
        header = given.get(sheet or "")
        if header is not None and header != table.info.header:
            table = open_file(path, sheet=sheet, encoding=encoding, header=header)[0]
        found.append(table)
    return found


def _read(
    job: Job, name: str, table: Table, mapping: TableMapping, digest: str, made: str
) -> _Read:
    project = job.project
    reading = read_rows(table, mapping, name)
    info = table.info
    mapped = map_table(
        reading.rows,
        mapping,
        name,
        info.file,
        info.sheet,
        project.model,
        project.value_maps,
        job.keyring.record_key,
    )
    kinds = reading.kinds
    line: dict[str, object] = {
        "source": name,
        "table": mapping.table,
        "file": info.file,
        "sheet": info.sheet,
        "root": mapping.records[0].entity,
        "sha256": digest or rows_digest(reading.rows),
        "read": sum(kinds.values()),
        "non_data": sum(count for kind, count in kinds.items() if kind != DATA),
        "no_record": mapped.counts.without_record,
        "left_behind": "、".join(left_names(reading.left_behind)),
        "made_by": made,
    }
    totals = source_totals(reading.rows, mapping, name, project.model, project.value_maps)
    found, damaged = with_damage(mapped, table.damage(), mapping, name)
    records = dict(found)
    findings = [mapped.findings, damaged]
    for entity in project.model.entities:
        if entity.name in records:  # what policy forbids goes no further than here
            columns = columns_by_field(origins(entity.name, [project.mappings[name]]))
            admitted = admit(records[entity.name], entity, job.rules.policy, columns)
            records[entity.name] = admitted.records
            findings.append(admitted.findings)
    ambiguous = mapped.ambiguous.alias("id").to_frame().with_columns(source=pl.lit(name))
    lines = pl.DataFrame([line], schema=ROWS_SCHEMA)
    return _Read(lines, records, concat_findings(findings), ambiguous, totals)


def left_names(left: tuple[LeftBehind, ...]) -> list[str]:
    """`column (n)` with the number of filled cells, for columns that hold anything."""
    return [f"{x.column} ({x.filled})" for x in left if x.filled]
