"""Source rows → raw records: which columns become which fields of which entities."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

import polars as pl

from crm_migrate.mapping import rules
from crm_migrate.mapping.cells import field_cells
from crm_migrate.mapping.identity import Identity, Kind, identify, look_up_ids
from crm_migrate.mapping.origins import record_columns, record_key
from crm_migrate.mapping.reading import require_columns
from crm_migrate.model import Entity, Model, SemanticType
from crm_migrate.project.mapping_file import FieldSource, RecordMapping, TableMapping, ValueMap
from crm_migrate.records import (
    FILE,
    PROVENANCE,
    RECORD_ID,
    ROW,
    SHEET,
    SOURCE,
    Rule,
    concat_findings,
    findings_where,
)

DEPARTMENT = "department"


@dataclass(frozen=True)
class Counts:
    """What became of a table's data rows; rows and records are never added to each other."""

    rows: int
    without_record: int
    """Rows that yielded nothing (each with the finding `mapping.no_record`)."""
    records: dict[str, int]
    """Records by entity."""
    shared: dict[str, int]
    """By entity: rows that named a record which another row had yielded already."""


@dataclass(frozen=True)
class Mapped:
    """The raw records of one table."""

    records: dict[str, pl.DataFrame]
    """By entity: record_id, provenance, then every field of the entity as raw String."""
    findings: pl.DataFrame
    counts: Counts
    ambiguous: pl.Series
    """Ids that look-ups by key would compute for keys that stand for several records."""


@dataclass(frozen=True)
class _Table:
    rows: pl.DataFrame
    mapping: TableMapping
    source: str
    model: Model
    value_maps: Mapping[str, ValueMap]
    key: bytes


@dataclass(frozen=True)
class _Made:
    """One record mapping's records, row for row (before rows that share a record are joined)."""

    record: RecordMapping
    frame: pl.DataFrame
    present: pl.Series
    identity: Identity
    broken: tuple[tuple[str, Rule, pl.Series], ...]

    @property
    def ids(self) -> pl.Series:
        """The record id for every row of the table, null where the row yields none."""
        at = self.present.arg_true()
        empty = pl.Series([None] * len(self.present), dtype=pl.String)
        return empty.scatter(at, self.identity.ids) if len(at) else empty


def map_table(
    rows: pl.DataFrame,
    mapping: TableMapping,
    source: str,
    file: str,
    sheet: str | None,
    model: Model,
    value_maps: Mapping[str, ValueMap],
    key: bytes,
) -> Mapped:
    """Map a whole table's data rows to records; the order of the rows changes no record id.

    Args:
        rows: String columns (at least `mapping.columns()`) and `_row`; only rows of kind data,
            and all of them: that a key is repeated is known only of the whole table.
        mapping: the table's mapping.
        source: name of the source; part of every record's identity.
        file: file or database name, for provenance only.
        sheet: sheet or table name, for provenance only.
        model: entities and vocabularies.
        value_maps: the project's value maps by name.
        key: the project's record-id key.

    Raises:
        SourceFault: a column that the mapping reads is not in `rows`.
    """
    require_columns(rows.columns, mapping, file, sheet)
    place = rows.select(
        pl.lit(source).alias(SOURCE),
        pl.lit(file).alias(FILE),
        pl.lit(sheet, dtype=pl.String).alias(SHEET),
        pl.col(ROW).cast(pl.Int64),
    )
    table = _Table(rows, mapping, source, model, value_maps, key)
    made: list[_Made] = []
    for record, kind in _kinds(mapping, source):
        made.append(_make(table, record, kind, place, made))
    none = reduce(lambda a, b: a & b, (~m.present for m in made))
    return _collect(made, place, none, table)


def _kinds(mapping: TableMapping, source: str) -> Iterable[tuple[RecordMapping, Kind]]:
    """The record mappings with their identity; a second contact of a row is `contact#2`."""
    seen: Counter[str] = Counter()
    for record in mapping.records:
        seen[record.entity] += 1
        number = seen[record.entity]
        entity = record.entity if number == 1 else f"{record.entity}#{number}"
        yield record, Kind(source, mapping.table, entity)


def _make(
    table: _Table, record: RecordMapping, kind: Kind, place: pl.DataFrame, before: list[_Made]
) -> _Made:
    entity = table.model.entity(record.entity)
    columns, broken = _plain_fields(table, record, entity)
    present = _present(table.rows.height, record, columns)
    rows = table.rows.filter(present)
    key_columns = record_key(record, table.mapping)
    own = record.key is not None
    read = record_columns(record) if own else table.mapping.columns()
    identity = identify(table.key, kind, rows, key_columns, read, shared=own)
    for name, origin in record.fields.items():
        if entity.by_name[name].type is SemanticType.REFERENCE:
            columns[name] = _reference(table, origin, entity.by_name[name].references, before)
    frame = place.with_columns(columns.get(n, _nothing(n)).alias(n) for n in entity.field_names)
    frame = frame.filter(present).with_columns(identity.ids.alias(RECORD_ID))
    return _Made(
        record=record,
        frame=frame.select(RECORD_ID, *PROVENANCE, *entity.field_names),
        present=present,
        identity=identity,
        broken=broken,
    )


def _plain_fields(
    table: _Table, record: RecordMapping, entity: Entity
) -> tuple[dict[str, pl.Series | pl.Expr], tuple[tuple[str, Rule, pl.Series], ...]]:
    columns: dict[str, pl.Series | pl.Expr] = {}
    broken: list[tuple[str, Rule, pl.Series]] = []
    departments: pl.Series | None = None
    for name, origin in record.fields.items():
        field = entity.by_name[name]
        if field.type is SemanticType.REFERENCE:
            continue
        cells = field_cells(table.rows, origin, field, table.model, table.value_maps)
        columns[name] = cells.values
        broken += [(name, rule, mask) for rule, mask in cells.broken]
        departments = departments if cells.departments is None else cells.departments
    if departments is not None and DEPARTMENT in entity.by_name:
        own = columns.get(DEPARTMENT)
        columns[DEPARTMENT] = (
            departments
            if not isinstance(own, pl.Series)
            else own.zip_with(own.is_not_null(), departments)
        )
    return columns, tuple(broken)


def _present(
    height: int, record: RecordMapping, columns: Mapping[str, pl.Series | pl.Expr]
) -> pl.Series:
    """The rows in which a field that is no constant and no reference is filled."""
    names = record.requires or tuple(
        n for n, o in record.fields.items() if o.constant is None and n in columns
    )
    filled = pl.Series([False] * height, dtype=pl.Boolean)
    for name in names:
        column = columns.get(name)
        if isinstance(column, pl.Series):
            filled = filled | column.is_not_null()
    return filled


def _reference(
    table: _Table, origin: FieldSource, entity: str | None, before: list[_Made]
) -> pl.Series | pl.Expr:
    if origin.record is not None:
        made = next((m for m in before if m.record.entity == origin.record), None)
        return made.ids if made is not None else _nothing("")
    other = Kind(
        origin.source or table.source,
        table.mapping.table if origin.table is None else origin.table,
        origin.entity or entity or "",
    )
    return look_up_ids(table.key, other, [table.rows[c] for c in origin.source_columns])


def _nothing(name: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.String).alias(name)


def _collect(made: list[_Made], place: pl.DataFrame, none: pl.Series, table: _Table) -> Mapped:
    records: dict[str, pl.DataFrame] = {}
    findings = []
    shared: Counter[str] = Counter()
    for part in made:
        name = part.record.entity
        one = part.frame
        if part.record.key is not None:  # only these may share a record
            one = one.sort(ROW).unique(RECORD_ID, keep="first", maintain_order=True)
        records[name] = pl.concat([records[name], one]) if name in records else one
        shared[name] += part.frame.height - one.height
        findings += list(_findings(part, place, table))
    lost = place.with_columns(pl.lit(None, dtype=pl.String).alias(RECORD_ID))
    root = made[0].record.entity if made else ""
    findings.append(findings_where(lost, none, entity=root, field="", rule=rules.NO_RECORD))
    return Mapped(
        records=records,
        findings=concat_findings(findings),
        counts=Counts(
            rows=place.height,
            without_record=int(none.sum() or 0),
            records={n: f.height for n, f in records.items()},
            shared={n: c for n, c in shared.items() if c},
        ),
        ambiguous=pl.concat([m.identity.ambiguous for m in made]).unique(),
    )


def _findings(part: _Made, place: pl.DataFrame, table: _Table) -> Iterable[pl.DataFrame]:
    entity = part.record.entity
    key_columns = "、".join(record_key(part.record, table.mapping))
    for rule, mask in (
        (rules.KEY_MISSING, part.identity.missing),
        (rules.KEY_REPEATED, part.identity.repeated),
    ):
        yield findings_where(
            part.frame,
            mask,
            entity=entity,
            field="",
            rule=rule,
            columns={table.source: key_columns},
        )
    rows = place.with_columns(part.ids.alias(RECORD_ID))
    for name, rule, mask in part.broken:
        column = "、".join(part.record.fields[name].source_columns)
        yield findings_where(
            rows,
            mask & part.present,
            entity=entity,
            field=name,
            rule=rule,
            columns={table.source: column},
        )
