"""What the columns of bare files are taken for: by a mapping file, or by their usual headers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from crm_migrate.errors import SourceFault, UsageFault
from crm_migrate.formats.contract import Table
from crm_migrate.language import Text, current_language
from crm_migrate.mapping.fingerprint import header_fingerprint
from crm_migrate.mapping.reading import pair_tables
from crm_migrate.mapping.suggest import UNKNOWN, Proposal, suggest
from crm_migrate.model import Model
from crm_migrate.project.mapping_alone import load_mapping
from crm_migrate.project.mapping_file import (
    RecordMapping,
    SourceMapping,
    TableMapping,
    ValueMap,
)
from crm_migrate.stages.bare.named_columns import column_named
from crm_migrate.stages.bare.tables_read import open_tables
from crm_migrate.stages.extract import with_headers

CUSTOMER = "customer"
IGNORED = Text("left out by the mapping", "映射中已忽略")


@dataclass(frozen=True)
class FileTable:
    """One table of a file, and what its columns are."""

    path: Path
    source: str
    table: Table
    mapping: TableMapping
    prefix: str = ""
    """What stands before an id of its rows, where other tables could have the same."""
    id_column: str | None = None
    """The column whose values are the ids of the result."""

    @property
    def place(self) -> str:
        """File, and sheet where it has several, for people."""
        sheet = self.table.info.sheet
        return f"{self.table.info.file}/{sheet}" if sheet else self.table.info.file

    def unread(self) -> Iterator[str]:
        """The columns of which nothing stands in the result."""
        read = {
            c for r in self.mapping.records for o in r.fields.values() for c in o.source_columns
        }
        yield from (c for c in self.table.info.columns if c not in read and c != self.id_column)

    def record(self, entity: str) -> RecordMapping | None:
        """How the rows become records of an entity; of two, the first."""
        return next((r for r in self.mapping.records if r.entity == entity), None)


class Unused(NamedTuple):
    """A column that no field of the model takes, why, and the name under which it is carried."""

    table: FileTable
    column: str
    why: Text
    carried: str | None


@dataclass(frozen=True)
class FileMappings:
    """The tables that are read, and what is left behind."""

    entity: str
    """What a row of the result is."""
    tables: tuple[FileTable, ...]
    value_maps: Mapping[str, ValueMap]
    left_tables: tuple[str, ...] = ()
    """Tables that yield no such record."""
    left_entities: Mapping[str, str] = field(default_factory=dict)
    """What the rows of such a table are instead, where that is known."""
    left_out: Mapping[tuple[str, str, str], Text] = field(default_factory=dict)
    """(source, table, column) → why no field takes it, where that is known."""
    carried: frozenset[str] = frozenset()
    """Names of the fields that hold columns which no field of the model takes."""

    @property
    def sources(self) -> tuple[SourceMapping, ...]:
        """The mappings by source, as the stages of a project take them."""
        found: dict[str, list[TableMapping]] = {}
        for table in self.tables:
            found.setdefault(table.source, []).append(table.mapping)
        return tuple(SourceMapping(source=s, tables=tuple(t)) for s, t in found.items())

    def unused(self) -> Iterator[Unused]:
        """The columns that no field of the model takes, whether they are carried or left out."""
        for table in self.tables:
            carried = {
                str(o.column): n
                for r in table.mapping.records
                for n, o in r.fields.items()
                if n in self.carried
            }
            read = {*table.mapping.columns()} - carried.keys()
            for column in table.table.info.columns:
                if column not in read:
                    place = (table.source, table.mapping.table, column)
                    on_purpose = IGNORED if column in table.mapping.ignore else UNKNOWN
                    why = self.left_out.get(place, on_purpose)
                    yield Unused(table, column, why, carried.get(column))


def map_files(
    paths: Sequence[Path],
    model: Model,
    *,
    mapping: Path | None = None,
    entity: str | None = None,
    id_column: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
) -> FileMappings:
    """Open the files and see what their columns are.

    entity: what a row of the result is; by default the customer where rows stand for customers,
    else what the first table is about. id_column: the key of its records.

    Raises:
        SourceFault: a file cannot be read, or nothing in it was recognised.
        ProjectFault: the mapping is faulty.
        UsageFault: no such entity or column.
    """
    if entity is not None and entity not in model.by_name:
        raise _no_entity(entity, list(model.by_name))
    names = source_names(paths)
    opened = {
        n: open_tables(p, sheet, encoding=encoding) for n, p in zip(names, paths, strict=True)
    }
    places = dict(zip(names, paths, strict=True))
    left_out: Mapping[tuple[str, str, str], Text] = {}
    values: Mapping[str, ValueMap]
    if mapping is not None:
        alone = load_mapping(mapping, model)
        values = alone.value_maps
        tables = _described(opened, places, alone.mapping, encoding)
    else:
        proposal = suggest(opened, model, language=current_language())
        values, left_out = _decided(proposal.values), proposal.left_out
        tables = list(_proposed(opened, places, proposal))
    chosen = entity or _subject(tables)
    read = [t for t in tables if t.record(chosen) is not None]
    if not read:
        raise _nothing_found(chosen, tables, paths, mapping)
    used = {(t.source, t.table.info.sheet) for t in read}
    left = tuple(
        f"{t.info.file}/{t.info.sheet}" if t.info.sheet else t.info.file
        for source, found in opened.items()
        for t in found
        if (source, t.info.sheet) not in used
    )
    others = {t.place: _subject([t]) for t in tables if (t.source, t.table.info.sheet) not in used}
    if id_column is not None:
        read = [_with_id(t, id_column, chosen, _prefix(t, read, paths)) for t in read]
    return FileMappings(chosen, tuple(read), values, left, others, left_out)


def source_names(paths: Sequence[Path]) -> list[str]:
    """A name for each file that does not depend on the folder where it lies."""
    names: list[str] = []
    for path in paths:
        name = re.sub(r"\W+", "_", path.stem).strip("_") or "source"
        while name in names:
            name += "_"
        names.append(name)
    return names


def _described(
    opened: Mapping[str, Sequence[Table]],
    places: Mapping[str, Path],
    mapping: SourceMapping,
    encoding: str | None,
) -> list[FileTable]:
    """The tables that the mapping describes; of a file those that are there."""
    found = []
    for name, tables in opened.items():
        sheets = {t.info.sheet or "" for t in tables}
        prints = {header_fingerprint(t.info.columns) for t in tables}
        there = tuple(t for t in mapping.tables if t.table in sheets or t.fingerprint in prints)
        if there and len(mapping.tables) > 1:
            described = mapping.model_copy(update={"tables": there})
        else:
            described = mapping
        again = with_headers(tables, described.tables, places[name], encoding)
        pairs, _ = pair_tables(again, described)
        source = mapping.source if len(opened) == 1 else name
        found += [FileTable(places[name], source, t, m) for t, m in pairs]
    return found


def _proposed(
    opened: Mapping[str, Sequence[Table]], places: Mapping[str, Path], proposal: Proposal
) -> Iterator[FileTable]:
    for source, mapping in proposal.mappings.items():
        pairs, _ = pair_tables(opened[source], mapping)
        for table, described in pairs:
            yield FileTable(
                places[source], source, table, _mapping_values(described, _decided(proposal.values))
            )


def _decided(proposed: Mapping[str, ValueMap]) -> dict[str, ValueMap]:
    """What spellings mean, without what is for a person to decide: who takes over from whom, and
    values that say nothing. The vocabularies judge those.
    """
    kept = {"unmapped": "keep", "undecided": ()}
    return {n: v.model_copy(update=kept) for n, v in proposed.items() if v.map}


def _mapping_values(table: TableMapping, values: Mapping[str, ValueMap]) -> TableMapping:
    """The table's mapping with these value maps alone."""
    records = []
    for record in table.records:
        fields = {
            n: o if o.values in values else o.model_copy(update={"values": None})
            for n, o in record.fields.items()
        }
        records.append(record.model_copy(update={"fields": fields}))
    # `ignore` is for what a person leaves out; what was not understood is carried.
    return table.model_copy(update={"records": tuple(records), "ignore": ()})


def _subject(tables: Sequence[FileTable]) -> str:
    """What rows are: customers, unless every table only names customers beside something else."""
    for table in tables:
        record = table.record(CUSTOMER)
        if record is not None and record.key is None:
            return CUSTOMER
    own = (r.entity for t in tables for r in t.mapping.records if r.key is None)
    return next(own, CUSTOMER)


def _prefix(table: FileTable, tables: Sequence[FileTable], paths: Sequence[Path]) -> str:
    """The file's name with several files, the sheet with several tables of it."""
    parts = []
    if len(paths) > 1:
        alike = sum(p.name == table.path.name for p in paths) > 1
        parts.append(str(table.path) if alike else table.path.name)
    if sum(t.path == table.path for t in tables) > 1:
        parts.append(table.table.info.sheet or "")
    return "".join(f"{part}:" for part in parts)


def _with_id(table: FileTable, column: str, entity: str, prefix: str) -> FileTable:
    """The table with a record of `entity` per row, named by the column."""
    column = column_named(column, table.table.info.columns, table.place)
    records = tuple(
        r.model_copy(update={"key": None}) if r.entity == entity else r
        for r in table.mapping.records
    )
    ignore = tuple(c for c in table.mapping.ignore if c != column)
    changed = {"key": (column,), "records": records, "ignore": ignore}
    described = table.mapping.model_copy(update=changed)
    return replace(table, mapping=described, prefix=prefix, id_column=column)


def _no_entity(name: str, known: Sequence[str]) -> UsageFault:
    return UsageFault(
        Text(f"unknown entity '{name}'", f"未知的对象“{name}”"),
        where="--entity",
        remedy=Text("one of: " + ", ".join(known), "可选：" + "、".join(known)),
    )


def _nothing_found(
    entity: str, tables: Sequence[FileTable], paths: Sequence[Path], mapping: Path | None
) -> SourceFault | UsageFault:
    others = list(dict.fromkeys(r.entity for t in tables for r in t.mapping.records))
    where = str(mapping) if mapping else "、".join(p.name for p in paths)
    if others:
        return UsageFault(
            Text(f"no row stands for a record '{entity}'", f"没有行对应对象“{entity}”"),
            where=where,
            remedy=Text(f"--entity {others[0]}", f"可改用 --entity {others[0]}"),
        )
    return SourceFault(
        Text("no column was recognised", "没有可识别的列"),
        where=where,
        remedy=Text(
            "check that the first row holds the column labels, or name them in a mapping:"
            " --mapping FILE.yaml",
            "请检查表头是否为列名，或用 --mapping 文件.yaml 指定各列",
        ),
    )
