"""The mapping workbook as it comes back: what people changed goes into the YAML files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crm_migrate.errors import Fault, ProjectFault
from crm_migrate.language import Text
from crm_migrate.mapping.comments import mapping_comments, place_comments, with_notes
from crm_migrate.mapping.table_rows import COLUMN as BY_COLUMN
from crm_migrate.mapping.table_rows import NOWHERE, MappingRow, rows_of, with_rows
from crm_migrate.mapping.workbook_form import EMPTY, KINDS, NO, YES, Labels, standard_values
from crm_migrate.mapping.workbook_reading import Sheet, read_sheets
from crm_migrate.mapping.yaml_text import mapping_data, read_comments, value_map_data, yaml_text
from crm_migrate.project import Project, load_project
from crm_migrate.project.mapping_file import OwnerChange, SourceMapping, TableMapping, ValueMap
from crm_migrate.project.references import check_references
from crm_migrate.project.yaml_file import YamlFile, parse_yaml

_SAID = {
    True: Text("confirmed", "已确认"),
    False: Text("rejected", "不认可"),
    None: Text("open", "待确认"),
}
CONFIRMED = {"": None, YES: True, NO: False, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Changes:
    """What the workbook changed: the files that were written, and one line per change."""

    files: tuple[Path, ...]
    lines: tuple[Text, ...]
    rejected: int
    """Rows that people answered with 否 (no)."""


def import_workbook(root: Path, path: Path) -> Changes:
    """Take over what people changed and confirmed; what they left alone stays as it is.

    Raises:
        UsageFault: the file is no mapping workbook.
        ProjectFault: every faulty cell with sheet and row, and every fault that the changed
            mappings would have; then nothing is written.
    """
    project = load_project(root)
    book = _Incoming(project, path)
    for sheet in read_sheets(path):
        book.take(sheet)
    texts = book.texts()
    book.faults += _faults_of(project, book)
    if book.faults:
        raise ProjectFault(book.faults)
    for file, text in texts.items():
        file.write_text(text, "utf-8")
    return Changes(tuple(texts), tuple(book.lines), book.rejected)


class _Incoming:
    """Collects the changes of all sheets, and every fault on the way."""

    def __init__(self, project: Project, path: Path) -> None:
        self.project = project
        self.labels = Labels(project.model, "zh")
        self.path = path
        self.faults: list[Fault] = []
        self.lines: list[Text] = []
        self.rejected = 0
        self.tables: dict[tuple[str, int], TableMapping] = {}
        self.notes: dict[tuple[str, int], dict[tuple[str, str], str]] = {}
        self.values: dict[str, ValueMap] = {}

    def take(self, sheet: Sheet) -> None:
        """One sheet, by what its first row says it is."""
        if sheet.kind == KINDS["table"]:
            self._take_table(sheet)
        elif sheet.name not in self.project.value_maps:
            self._fault(
                sheet, 1, Text(f"no value map '{sheet.name}'", f"没有取值映射“{sheet.name}”")
            )
        elif sheet.kind == KINDS["values"]:
            self._take_values(sheet)
        else:
            self._take_owners(sheet)

    def _fault(self, sheet: Sheet, row: int, message: Text) -> None:
        self.faults.append(Fault(f"{self.path.name}/{sheet.title}:{row}", message))

    # Tables

    def _take_table(self, sheet: Sheet) -> None:
        source, name = sheet.name, sheet.table
        mapping = self.project.mappings.get(source)
        found = [(n, t) for n, t in enumerate(mapping.tables if mapping else ()) if t.table == name]
        if not found:
            place = f"{source}/{name}"
            return self._fault(sheet, 1, Text(f"no mapping for {place}", f"没有 {place} 的映射"))
        number, table = found[0]
        notes = place_comments(table, number, mapping_comments(self.project, source))
        before = {r.tag: r for r in rows_of(table, self.project.model, notes)}
        after: dict[str, MappingRow] = dict(before)
        for row, cells in sheet.rows:
            changed = self._row(sheet, row, cells, before)
            if changed is not None:
                after[changed.tag or f"new {row}"] = changed
                self.rejected += changed.confirmed is False
        if after == before:
            return None
        try:
            self.tables[source, number] = with_rows(
                table, tuple(after.values()), self.project.model
            )
        except ValueError as error:
            message = Text(
                f"{error}: stands beside a constant or reference", f"{error}：与常量或引用冲突"
            )
            return self._fault(sheet, 1, message)
        noted = self.notes.setdefault((source, number), {})
        for tag, changed in after.items():
            was = before.get(tag)
            if was is None or changed.comment != was.comment or changed.place not in noted:
                noted[changed.place] = changed.comment
            if was != changed:
                self._note(f"{source}/{name}", changed, was)
        return None

    def _row(
        self, sheet: Sheet, number: int, cells: list[str], before: dict[str, MappingRow]
    ) -> MappingRow | None:
        column, record, field, values, unit = (cells[i] for i in (0, 2, 3, 4, 5))
        said, comment, tag = cells[9], " ".join(cells[10].split()), cells[11]
        old = before.get(tag)
        if old is None:
            known = {r.column: r for r in before.values()}
            if column not in known:
                self._fault(sheet, number, Text("unknown source column", "未知的源列"))
                return None
            old = MappingRow("", column, NOWHERE, BY_COLUMN)
        place = self._place(sheet, number, record, field)
        if said.lower() not in CONFIRMED:
            self._fault(sheet, number, Text("confirm with 是 or 否", "“确认”请填“是”或“否”"))
            return None
        if values and values not in self.project.value_maps:
            message = Text(f"unknown value map '{values}'", f"没有取值映射“{values}”")
            self._fault(sheet, number, message)
            return None
        if place is None:
            return None
        new = replace(old, confirmed=CONFIRMED[said.lower()], comment=comment)
        moved = replace(new, place=place, values=values, unit=unit)
        if place == old.place == NOWHERE:  # nothing to confirm; the comment is passed on
            if comment:
                self.lines.append(Text(f"{column}: {comment}", f"{column}：{comment}"))
            return old
        if old.fixed and moved != new:
            message = Text(
                "constants and references are changed in the mapping file",
                "常量与引用请在映射文件中修改",
            )
            self._fault(sheet, number, message)
            return None
        return moved

    def _place(self, sheet: Sheet, number: int, record: str, field: str) -> tuple[str, str] | None:
        if not record and not field:
            return NOWHERE
        name = self.labels.find_record(record)
        if name is None:
            message = Text(f"unknown entity '{record}'", f"未知的实体“{record}”")
            self._fault(sheet, number, message)
            return None
        found = self.labels.find_field(name, field)
        if found is None:
            message = Text(f"'{record}' has no field '{field}'", f"“{record}”没有字段“{field}”")
            self._fault(sheet, number, message)
            return None
        return name, found

    def _note(self, table: str, new: MappingRow, old: MappingRow | None) -> None:
        place = f"{table} {new.column or '.'.join(new.place)}"
        target = ".".join(filter(None, new.place))
        if old is None or old.place != new.place:
            self.lines.append(
                Text(f"{place} → {target or 'not collected'}", f"{place} → {target or '不采集'}")
            )
        elif old.confirmed != new.confirmed:
            said = _SAID[new.confirmed]
            self.lines.append(
                Text(f"{place} ({target}): {said.en}", f"{place}（{target}）：{said.zh}")
            )
        else:
            self.lines.append(Text(f"{place} ({target}): changed", f"{place}（{target}）：已修改"))

    # Value maps

    def _take_values(self, sheet: Sheet) -> None:
        old = self.project.value_maps[sheet.name]
        standard = standard_values(self.project, sheet.name)
        meanings: dict[str, str | None] = dict(old.map)
        spelled = {v.strip(): v for v in (*old.map, *old.undecided)}
        open_values = dict.fromkeys(old.undecided)
        for number, (text, meaning) in sheet.rows:
            value = spelled.get(text, text)
            if not value:
                continue
            if not meaning:
                meanings.pop(value, None)
                open_values[value] = None
            elif meaning == EMPTY:
                meanings[value] = None
                open_values.pop(value, None)
            elif standard and meaning not in (*standard, old.map.get(value)):
                message = Text(f"unknown standard value '{meaning}'", f"未知的标准值“{meaning}”")
                self._fault(sheet, number, message)
            else:
                meanings[value] = meaning
                open_values.pop(value, None)
        self._keep(sheet.name, old, {"map": meanings, "undecided": tuple(open_values)})

    def _take_owners(self, sheet: Sheet) -> None:
        old = self.project.value_maps[sheet.name]
        owners = {o.old: o for o in old.owners}
        for number, (before, after, department, note) in sheet.rows:
            if before and not after:
                message = Text("name the new owner, or 公海", "请填写新负责人，或“公海”")
                self._fault(sheet, number, message)
            elif before:
                data = {"from": before, "to": after, "department": department, "note": note or None}
                owners[before] = OwnerChange.model_validate(data)
        self._keep(sheet.name, old, {"owners": tuple(owners.values())})

    def _keep(self, name: str, old: ValueMap, change: dict[str, Any]) -> None:
        new = old.model_copy(update=change)
        if new != old:
            self.values[name] = new
            self.lines.append(Text(f"value map {name} changed", f"取值映射 {name} 已修改"))

    # Files

    def mappings(self) -> dict[str, SourceMapping]:
        """The mappings with a changed table."""
        changed: dict[str, SourceMapping] = {}
        for source in dict.fromkeys(s for s, _ in self.tables):
            old = self.project.mappings[source]
            tables = [self.tables.get((source, n), t) for n, t in enumerate(old.tables)]
            changed[source] = old.model_copy(update={"tables": tuple(tables)})
        return changed

    def texts(self) -> dict[Path, str]:
        """The new text of every file that changes."""
        folder = self.project.path(self.project.settings.mappings)
        texts = {
            folder / f"{source}.yaml": yaml_text(
                mapping_data(new), with_notes(self.project, new, self.notes)
            )
            for source, new in self.mappings().items()
        }
        for name, new_map in self.values.items():
            file = folder / "values" / f"{name}.yaml"
            comments = read_comments(file, file.read_text("utf-8-sig"))
            texts[file] = yaml_text(value_map_data(new_map), comments)
        return texts


def _faults_of(project: Project, book: _Incoming) -> Iterator[Fault]:
    """What `load_project` would say to the changed mappings."""
    texts = book.texts()
    folder = project.path(project.settings.mappings)
    mappings = {}
    for source, mapping in (project.mappings | book.mappings()).items():
        path = folder / f"{source}.yaml"
        text = texts.get(path) or path.read_text("utf-8-sig")
        mappings[source] = (parse_yaml(path, text)[0], mapping)
    main = YamlFile(project.root, {})
    values = project.value_maps | book.values
    yield from check_references(main, project.settings, project.model, mappings, values)
