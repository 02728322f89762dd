"""The sheets of a mapping workbook that came back, as texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.mapping.workbook_form import HEADER_ROW, KINDS

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_WIDTHS = {KINDS["table"]: 12, KINDS["values"]: 2, KINDS["owners"]: 4}
"""Columns that are read, by the kind of the sheet."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; empty cells are empty texts, empty rows are left out."""

    title: str
    kind: str
    """One of `KINDS`."""
    name: str
    """The source, or the value map."""
    table: str
    """The source's table; empty where it has no name, and on sheets of values."""
    rows: tuple[tuple[int, list[str]], ...]
    """(number in the sheet, cells)."""


def read_sheets(path: Path) -> list[Sheet]:
    """The sheets that hold mappings or values.

    Raises:
        UsageFault: the file is no mapping workbook.
    """
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book: Any = load_workbook(path)
        sheets = [s for s in book.worksheets if s["A1"].value in KINDS.values()]
    except (OSError, BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise UsageFault(
            Text("the workbook cannot be read", "无法读取该工作簿"),
            where=str(path),
            remedy=Text("save it as .xlsx", "请另存为 .xlsx"),
        ) from error
    if not sheets:
        raise UsageFault(
            Text("this is no mapping workbook", "这不是映射工作簿"),
            where=str(path),
            remedy=Text(
                "make one: crm-migrate mapping export", "请先运行 crm-migrate mapping export"
            ),
        )
    return [_read(s) for s in sheets]


def _read(sheet: "Worksheet") -> Sheet:
    kind, name, table = (_text(sheet.cell(1, n).value) for n in (1, 2, 3))
    return Sheet(sheet.title, kind, name, table, tuple(_rows(sheet, _WIDTHS[kind])))


def _rows(sheet: "Worksheet", width: int) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(
        sheet.iter_rows(min_row=HEADER_ROW + 1, max_col=width, values_only=True), HEADER_ROW + 1
    ):
        cells = [_text(v) for v in row]
        cells += [""] * (width - len(cells))
        if any(cells):
            yield number, cells


def _text(value: object) -> str:
    """A cell as text: people type 10, the source says "10"."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()
