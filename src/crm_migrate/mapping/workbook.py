"""The mapping workbook: what business people confirm in Excel or WPS instead of reading YAML.

A sheet per source table, a sheet per value map, the owners, and how to fill it in. It holds labels
and masked examples, never values of customers. `workbook_import` reads it back.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_migrate.language import Language
from crm_migrate.mapping.comments import mapping_comments, place_comments
from crm_migrate.mapping.table_rows import MappingRow, rows_of
from crm_migrate.mapping.workbook_form import (
    EMPTY,
    GUIDE,
    HEADER_ROW,
    KINDS,
    NO,
    OWNER_COLUMNS,
    TABLE_COLUMNS,
    VALUE_COLUMNS,
    YES,
    Labels,
    cells_of,
    standard_values,
)
from crm_migrate.project import Project
from crm_migrate.project.mapping_file import ValueMap

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

UNSURE = 0.8


def export_workbook(project: Project, path: Path, language: Language | None = None) -> None:
    """Write the workbook of all mappings, value maps and owners to `path`.

    Raises:
        OSError: the file cannot be written.
    """
    from openpyxl import Workbook

    labels = Labels(project.model, language or project.settings.language or "zh")
    book = Workbook()
    guide = book.worksheets[0]
    guide.title = "说明 Guide"
    _guide(guide)
    for source, mapping in project.mappings.items():
        comments = mapping_comments(project, source)
        for number, table in enumerate(mapping.tables):
            sheet = book.create_sheet(_title(book.sheetnames, f"{source} {table.table}"))
            rows = rows_of(table, project.model, place_comments(table, number, comments))
            _table_sheet(sheet, source, table.table, rows, labels, [*project.value_maps])
    for name, value_map in project.value_maps.items():
        if value_map.owners:
            sheet = book.create_sheet(_title(book.sheetnames, f"负责人 {name}"))
            _owner_sheet(sheet, name, value_map)
        else:
            sheet = book.create_sheet(_title(book.sheetnames, f"取值 {name}"))
            _value_sheet(sheet, name, value_map, standard_values(project, name))
    book.save(path)


def _table_sheet(
    sheet: "Worksheet",
    source: str,
    table: str,
    rows: Sequence[MappingRow],
    labels: Labels,
    value_maps: Sequence[str],
) -> None:
    _head(sheet, "table", (source, table), TABLE_COLUMNS)
    for number, row in enumerate(rows, HEADER_ROW + 1):
        shade = None
        if row.fixed:
            shade = "EEEEEE"
        elif row.confidence is not None and row.confidence < UNSURE and row.confirmed is None:
            shade = "FFF2CC"
        _write_row(sheet, number, cells_of(row, labels), shade)
    last = HEADER_ROW + len(rows) + 200
    entities = [e.label.in_language(labels.language) for e in labels.model.entities]
    _choices(sheet, "C", last, entities)
    _choices(sheet, "E", last, value_maps)
    _choices(sheet, "J", last, (YES, NO))
    sheet.column_dimensions["L"].hidden = True


def _value_sheet(sheet: "Worksheet", name: str, values: ValueMap, standard: Sequence[str]) -> None:
    _head(sheet, "values", (name,), VALUE_COLUMNS)
    rows = [(old, EMPTY if new is None else new) for old, new in values.map.items()]
    rows += [(old, "") for old in values.undecided if old not in values.map]
    for number, (old, new) in enumerate(rows, HEADER_ROW + 1):
        _write_row(sheet, number, [old, new], None if new else "FFF2CC")
    if standard:
        _choices(sheet, "B", HEADER_ROW + len(rows) + 200, [*standard, EMPTY])


def _owner_sheet(sheet: "Worksheet", name: str, values: ValueMap) -> None:
    _head(sheet, "owners", (name,), OWNER_COLUMNS)
    for number, owner in enumerate(values.owners, HEADER_ROW + 1):
        _write_row(sheet, number, [owner.old, owner.new, owner.department, owner.note or ""], None)


def _guide(sheet: "Worksheet") -> None:
    from openpyxl.styles import Alignment, Font

    for number, (zh, en) in enumerate(GUIDE, 1):
        for column, text in ((1, zh), (2, en)):
            cell = sheet.cell(number, column, text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=number == 1)
    sheet.column_dimensions["A"].width = 60
    sheet.column_dimensions["B"].width = 60


def _head(
    sheet: "Worksheet", kind: str, names: Iterable[str], columns: Sequence[tuple[str, str, int]]
) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    _write_row(sheet, 1, [KINDS[kind], *names], None)
    for number, (zh, en, width) in enumerate(columns, 1):
        cell: Any = sheet.cell(HEADER_ROW, number, f"{zh}\n{en}")
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1F4E79")
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = f"B{HEADER_ROW + 1}"


def _write_row(
    sheet: "Worksheet", number: int, cells: Sequence[str | float | None], shade: str | None
) -> None:
    from openpyxl.styles import PatternFill

    for column, value in enumerate(cells, 1):
        cell: Any = sheet.cell(number, column)
        if isinstance(value, str):
            if value:
                cell.value = value
                cell.data_type = "s"  # never a formula, whatever the text starts with
                cell.quotePrefix = value[0] in "=+-@"
            cell.number_format = "@"
        else:
            cell.value = value
        if shade is not None:
            cell.fill = PatternFill("solid", fgColor=shade)


def _choices(sheet: "Worksheet", column: str, last: int, values: Sequence[str]) -> None:
    """A dropdown; other text stays possible, it is judged when the workbook comes back."""
    from openpyxl.worksheet.datavalidation import DataValidation

    listed = ",".join(values)
    if not values or len(listed) > 255 or '"' in listed:  # Excel's limit for a list in place
        return
    rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
    rule.showErrorMessage = False
    sheet.add_data_validation(rule)
    rule.add(f"{column}{HEADER_ROW + 1}:{column}{last}")


def _title(taken: Sequence[str], wanted: str) -> str:
    """A sheet name that Excel accepts: 31 characters, no punctuation it forbids, not twice."""
    clean = "".join("_" if c in "[]:*?/\\'" else c for c in wanted).strip() or "_"
    title, number = clean[:31], 2
    while title.lower() in {t.lower() for t in taken}:
        title, number = f"{clean[:27]} {number}", number + 1
    return title
