"""Is the project fit to plan with? Its files, the headers of its sources, its target: all at once.

Writes nothing and needs no keys; reads the headers of the sources and the schema of the target.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm_migrate.errors import CrmMigrateError, Fault, ProjectFault, SourceFault
from crm_migrate.formats.contract import Table
from crm_migrate.language import Language, Text, current_language
from crm_migrate.mapping.reading import pair_tables
from crm_migrate.project import PROJECT_FILE, Project, load_project
from crm_migrate.project.mapping_file import SourceMapping, TableMapping
from crm_migrate.project.yaml_file import KeyPath, YamlFile, read_yaml
from crm_migrate.stages.extract import open_source
from crm_migrate.stages.job import parse_rules
from crm_migrate.stages.sandbox import require_laid_out
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetSchema

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """One source table: how many columns it has, and how many the mapping reads."""

    source: str
    table: str
    columns: int
    mapped: int


@dataclass(frozen=True)
class Checked:
    """What was looked at, and every fault; `write` is None where it cannot be told ahead."""

    sources: tuple[CheckedTable, ...] = ()
    target_tables: int = 0
    read: bool = False
    write: bool | None = None
    faults: tuple[Fault, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """No fault at all."""
        return not self.faults

    def to_json(self, language: Language | None = None) -> dict[str, Any]:
        """What scripts read."""
        spoken = language or current_language()
        return {
            "ok": self.ok,
            "sources": [
                {"source": t.source, "table": t.table, "columns": t.columns, "mapped": t.mapped}
                for t in self.sources
            ],
            "target": {"tables": self.target_tables, "read": self.read, "write": self.write},
            "faults": [
                {
                    "where": f.where,
                    "message": f.message.in_language(spoken),
                    "remedy": f.remedy.in_language(spoken) if f.remedy else None,
                }
                for f in self.faults
            ],
        }


def check(root: Path) -> Checked:
    """Everything that would keep a plan from being made, with `file:line`. Never raises faults."""
    try:
        project = load_project(root)
    except ProjectFault as fault:
        return Checked(faults=fault.faults)
    faults: list[Fault] = []
    try:
        parse_rules(project)
    except ProjectFault as fault:
        faults += fault.faults
    tables: list[CheckedTable] = []
    for name, mapping in project.mappings.items():
        faults += _source_faults(project, name, mapping, tables)
    schema, found = _schema(project)
    faults += found
    if schema is not None:
        faults += _target_faults(project, schema)
    write = _may_write(project) if schema is not None else None
    count = len(schema.tables) if schema is not None else 0
    return Checked(tuple(tables), count, schema is not None, write, tuple(faults))


def _source_faults(
    project: Project, name: str, mapping: SourceMapping, tables: list[CheckedTable]
) -> Iterator[Fault]:
    main, _ = read_yaml(project.path(PROJECT_FILE))
    file, _ = read_yaml(project.path(project.settings.mappings) / f"{name}.yaml")
    try:
        opened = open_source(project, name, project.source_place(name))
    except CrmMigrateError as error:
        yield _at(main, ("sources", name), error)
        return
    for number, (wanted, table) in enumerate(_pairs(opened, mapping)):
        if isinstance(table, SourceFault):
            yield _at(file, ("tables", number, "table"), table)
            continue
        columns = table.info.columns
        read = wanted.columns()
        tables.append(CheckedTable(name, wanted.table, len(columns), len(read)))
        yield from _column_faults(file, number, wanted, table)


def _pairs(
    opened: list[Table], mapping: SourceMapping
) -> list[tuple[TableMapping, Table | SourceFault]]:
    """Each mapped table with the table it describes, or the fault that there is none."""
    try:
        pairs, _ = pair_tables(opened, mapping)
        return [(m, t) for t, m in pairs]
    except SourceFault:
        found: list[tuple[TableMapping, Table | SourceFault]] = []
        for wanted in mapping.tables:
            alone = mapping.model_copy(update={"tables": (wanted,)})
            try:
                found.append((wanted, pair_tables(opened, alone)[0][0][0]))
            except SourceFault as fault:
                found.append((wanted, fault))
        return found


def _column_faults(
    file: YamlFile, number: int, wanted: TableMapping, table: Table
) -> Iterator[Fault]:
    """One fault per place of the mapping that names a column which the table does not have."""
    at: KeyPath = ("tables", number)
    named: list[tuple[KeyPath, str]] = [((*at, "key"), c) for c in wanted.key]
    for place, record in enumerate(wanted.records):
        inside: KeyPath = (*at, "records", place)
        named += [((*inside, "key"), c) for c in record.key or ()]
        for name, origin in record.fields.items():
            if origin.table is None or origin.column is not None or origin.columns:
                named += [((*inside, "fields", name), c) for c in origin.source_columns]
    columns = table.info.columns
    shown = table.info.file + (f"/{table.info.sheet}" if table.info.sheet else "")
    for path, column in dict.fromkeys(named):
        if column not in columns:
            remedy = Text(
                "columns: " + ", ".join(columns), "现有列:" + "、".join(columns)
            )  # labels of columns, no values
            yield file.fault(
                path,
                Text(f"{shown} has no column '{column}'", f"{shown} 中没有列“{column}”"),
                remedy,
            )


def _schema(project: Project) -> tuple[TargetSchema | None, list[Fault]]:
    main, _ = read_yaml(project.path(PROJECT_FILE))
    try:
        require_laid_out(project)
        return open_target(project.target_url).describe(), []
    except CrmMigrateError as error:
        return None, [_at(main, ("target", "url"), error)]


def _target_faults(project: Project, schema: TargetSchema) -> Iterator[Fault]:
    file, _ = read_yaml(project.path(project.settings.target.mapping))
    for name, entity in project.target.entities.items():
        at: KeyPath = ("entities", name)
        named: list[tuple[KeyPath, str, str]] = [((*at, "key"), entity.table, entity.key)]
        if entity.golden_id is not None:
            named.append(((*at, "golden_id"), entity.table, entity.golden_id))
        named += [((*at, "constants", c), entity.table, c) for c in entity.constants]
        for field_name, column in entity.fields.items():
            place: KeyPath = (*at, "fields", field_name)
            named.append((place, entity.table, column.column))
            if column.index is not None:
                named.append(((*place, "index"), entity.table, column.index))
            if column.lookup is not None:
                up = column.lookup
                named += [((*place, "lookup"), up.table, c) for c in (up.match, up.value)]
        yield from _named_faults(file, named, schema, (*at, "table"))


def _named_faults(
    file: YamlFile, named: list[tuple[KeyPath, str, str]], schema: TargetSchema, table_at: KeyPath
) -> Iterator[Fault]:
    missing: set[str] = set()
    for path, table, column in named:
        try:
            schema.table(table).column(column)
        except CrmMigrateError as error:
            if table not in schema.tables:
                if table not in missing:
                    yield _at(file, table_at if table == named[0][1] else path, error)
                missing.add(table)
            else:
                yield _at(file, path, error)


def _at(file: YamlFile, at: KeyPath, error: CrmMigrateError) -> Fault:
    """The error as a fault of the line that led to it."""
    place = f" ({error.where})" if error.where else ""
    message = Text(error.message.en + place, error.message.zh + place)
    return Fault(file.where(at), message, error.remedy)


def _may_write(project: Project) -> bool | None:
    """Whether this user may write the target; None where only trying would tell."""
    url = project.target_url
    if not url.startswith(_SQLITE):
        return None
    file = Path(url.removeprefix(_SQLITE))
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
