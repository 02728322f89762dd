"""Is the project fit to plan with? Its files, the headers of its sources, its target: all at once.

Writes nothing and needs no keys; reads the headers of the sources and the schema of the target.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm_migrate.errors import CrmMigrateError, Fault, ProjectFault, SourceFault
from crm_migrate.formats.contract import Table
from crm_migrate.language import Language, Text, current_language
from crm_migrate.loading.ledger.tables import LEDGER
from crm_migrate.mapping.reading import pair_tables
from crm_migrate.plan.target.mapped import Misfit, misfits_of, slow_matches
from crm_migrate.project import PROJECT_FILE, Project, load_project
from crm_migrate.project.mapping_file import SourceMapping, TableMapping
from crm_migrate.project.yaml_file import KeyPath, YamlFile, read_yaml
from crm_migrate.stages.extract import open_source
from crm_migrate.stages.job import parse_rules
from crm_migrate.stages.planning.open_places import open_places
from crm_migrate.stages.sandbox import require_laid_out
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import Purpose, TargetSystem
from crm_migrate.systems.target_schema import TargetSchema


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """One source table: how many columns it has, and how many the mapping reads."""

    source: str
    table: str
    columns: int
    mapped: int


@dataclass(frozen=True)
class Rights:
    """What this user lacks in the target for a purpose, and the statements that grant it all."""

    lacking: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """What was looked at, and every fault; `notes` keep nothing from being planned."""

    sources: tuple[CheckedTable, ...] = ()
    target_tables: int = 0
    read: bool = False
    plan: Rights = Rights()
    apply: Rights = Rights()
    faults: tuple[Fault, ...] = field(default=())
    notes: tuple[Fault, ...] = field(default=())

    @property
    def write(self) -> bool | None:
        """Whether this user may apply; None where the target can't be asked."""
        return not self.apply.lacking if self.read else None

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
            "target": {
                "tables": self.target_tables,
                "read": self.read,
                "write": self.write,
                "lacking": {"plan": list(self.plan.lacking), "apply": list(self.apply.lacking)},
                "grants": {"plan": list(self.plan.grants), "apply": list(self.apply.grants)},
            },
            "faults": [_json(f, spoken) for f in self.faults],
            "notes": [_json(f, spoken) for f in self.notes],
        }


def _json(fault: Fault, language: Language) -> dict[str, str | None]:
    return {
        "where": fault.where,
        "message": fault.message.in_language(language),
        "remedy": fault.remedy.in_language(language) if fault.remedy else None,
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
    main, _ = read_yaml(project.path(PROJECT_FILE))
    try:
        require_laid_out(project)
        target = open_target(project.target_url)
        schema = target.describe()
        plan = _rights(project, target, "plan")
        apply = _rights(project, target, "apply")
    except CrmMigrateError as error:
        faults.append(_at(main, ("target", "url"), error))
        return Checked(tuple(tables), faults=tuple(faults))
    if plan.lacking:
        faults.append(_rights_fault(main, plan))
    faults += _target_faults(project, schema)
    file, _ = read_yaml(project.path(project.settings.target.mapping))
    told = [*slow_matches(project.target, schema), *open_places(project, schema)]
    notes = [_misfit(file, m) for m in told]
    return Checked(
        sources=tuple(tables),
        target_tables=len(schema.tables),
        read=not plan.lacking,
        plan=plan,
        apply=apply,
        faults=tuple(faults),
        notes=tuple(notes),
    )


def _rights(project: Project, target: TargetSystem, purpose: Purpose) -> Rights:
    tables = _tables(project, purpose)
    return Rights(target.lacking(tables, purpose), target.grants(tables, purpose))


def _tables(project: Project, purpose: Purpose) -> Sequence[str]:
    """Tables of the target that the purpose touches: mapped ones, look-ups for planning, ours."""
    mapping = project.target
    names = {entity.table for entity in mapping.entities.values()}
    if purpose == "apply":
        return [*sorted(names), *sorted(LEDGER.metadata.tables)]  # in one with all tables of ours
    fields = [c for entity in mapping.entities.values() for c in entity.fields.values()]
    names |= {c.lookup.table for c in fields if c.lookup is not None}
    if mapping.owners is not None:
        names.add(mapping.owners.table)
    return sorted(names)


def _rights_fault(main: YamlFile, plan: Rights) -> Fault:
    listed = ", ".join(plan.lacking)
    statements = " ".join(s.removesuffix(";") + ";" for s in plan.grants)
    return main.fault(
        ("target", "url"),
        Text(f"this user lacks rights to plan: {listed}", f"当前用户缺少生成计划的权限：{listed}"),
        Text(
            f"have an administrator run: {statements}",
            f"请管理员执行：{statements}",
        )
        if plan.grants
        else None,
    )


def _misfit(file: YamlFile, misfit: Misfit) -> Fault:
    return file.fault(("entities", *misfit.place), misfit.message, misfit.remedy)


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
    for misfit in misfits_of(project.target, schema):
        yield _misfit(file, misfit)


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
