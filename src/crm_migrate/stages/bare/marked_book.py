"""A copy of the input workbook with its cells marked: its own layout, formats and formulas stay."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_migrate.errors import SourceFault
from crm_migrate.language import Text
from crm_migrate.model import SemanticType
from crm_migrate.plan.show.sheets import LONGEST
from crm_migrate.stages.bare.marked_cells import Cell, MarkedCells
from crm_migrate.stages.bare.standardize import StandardizedFiles
from crm_migrate.stages.bare.told_rules import told_rule

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as SheetCell
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MOST_COMMENTS = 5_000
"""Comments at most: each is a drawing, and Excel is slow with tens of thousands. The gravest."""
_COLOURS = {"error": "FFC7CE", "warning": "FFEB9C", "repair": "C6EFCE"}  # Excel's own three
_LEGEND_WIDTH = 90
_TITLE = Text("Legend", "标注说明")
_MEANINGS = {
    "repair": Text(
        "repaired: the cell holds the standard form now; with a comment, it was left as typed,"
        " because part of it belongs into another column",
        "已修正：单元格已改为标准写法；有批注的仍为原值，因其部分内容属于其他列",
    ),
    "warning": Text(
        "doubtful or missing: left as typed; the comment says why and what to do",
        "存疑或缺失：保留原值；批注说明原因与处理建议",
    ),
    "error": Text(
        "the record cannot be identified: it is not in the result until this is corrected",
        "无法识别：更正之前该记录不会进入结果",
    ),
}
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def marked_book(
    file: Path, marked: MarkedCells, result: StandardizedFiles, sums: Text
) -> tuple[bytes, dict[str, int]]:
    """The copy of a workbook that `require_markable` allowed, and how many of its cells were
    marked, by severity. sums: how many records there are.

    Raises:
        SourceFault: openpyxl cannot read the workbook, though its cells can be read.
    """
    book = _opened(file)
    painter = _Painter(result)
    commented, left = _commented(marked.cells)
    tops: dict[str, dict[tuple[int, int], tuple[int, int]]] = {}
    counts: Counter[str] = Counter()
    for cell in marked.cells:
        here = _top(book[cell.sheet], cell, tops)
        if painter.paint(here, cell, (cell.sheet, cell.row, cell.place) in commented):
            counts[cell.severity] += 1
    _legend(book, counts, marked, left, sums)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue(), dict(counts)


def _opened(file: Path) -> "Workbook":
    from openpyxl import load_workbook

    try:
        return load_workbook(file)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise SourceFault(
            Text("the workbook's formats are damaged", "工作簿的格式信息已损坏"),
            where=file.name,
            remedy=Text(
                "open it in Excel or WPS and save it anew, or leave --marked out",
                "请用 Excel 或 WPS 打开并另存，或不用 --marked",
            ),
        ) from error


def _commented(cells: Sequence[Cell]) -> tuple[set[tuple[str, int, int]], int]:
    """The places that get a comment, and how many are left without: of too many the gravest."""
    weight = ["error", "warning", "repair"].index
    wanted = [c for c in cells if c.severity != "repair" or c.value is None]
    if len(wanted) > MOST_COMMENTS:
        wanted.sort(key=lambda c: weight(c.severity))
    chosen = wanted[:MOST_COMMENTS]
    return {(c.sheet, c.row, c.place) for c in chosen}, len(wanted) - len(chosen)


def _top(
    sheet: "Worksheet",
    cell: Cell,
    tops: dict[str, dict[tuple[int, int], tuple[int, int]]],
) -> "SheetCell":
    """The cell, or that which shows the value where several are merged."""
    from openpyxl.cell.cell import MergedCell

    here = sheet.cell(cell.row, cell.place + 1)
    if not isinstance(here, MergedCell):
        return here
    if cell.sheet not in tops:
        tops[cell.sheet] = {
            place: (merged.min_row, merged.min_col)
            for merged in sheet.merged_cells.ranges
            for place in merged.cells
        }
    return sheet.cell(*tops[cell.sheet][cell.row, cell.place + 1])  # type: ignore[return-value]


class _Painter:
    """Colours, values and comments; what is the same for many cells is made once."""

    def __init__(self, result: StandardizedFiles) -> None:
        from openpyxl.styles import PatternFill

        self.fills = {s: PatternFill("solid", fgColor=c) for s, c in _COLOURS.items()}
        self.rules = result.rules.rules
        self.styles: dict[tuple[Any, ...], Any] = {}

    def paint(self, here: "SheetCell", cell: Cell, comment: bool) -> bool:
        """Mark one cell; False where nothing is to be marked (a formula in standard form)."""
        formula = here.data_type == "f"
        value = None if formula else cell.value
        if cell.severity == "repair" and value is None and cell.value is not None:
            return False
        number_format = None if value is None else _fill_in(here, value, cell.type, cell.unit)
        self._style(here, cell.severity, number_format, quoted=here.data_type == "s")
        if comment:
            self._comment(here, cell)
        return True

    def _style(self, here: Any, severity: str, number_format: str | None, *, quoted: bool) -> None:
        """Setting a style looks all styles of the book up: once for each that there was."""
        from copy import copy

        text = quoted and number_format is not None and str(here.value)[:1] in "=+-@"
        before = None if here._style is None else tuple(here._style)
        key = (before, severity, number_format, text)
        if key not in self.styles:
            here.fill = self.fills[severity]
            if number_format is not None:
                here.number_format = number_format
            if text:
                here.quotePrefix = True
            self.styles[key] = copy(here._style)
        else:
            here._style = copy(self.styles[key])

    def _comment(self, here: "SheetCell", cell: Cell) -> None:
        from openpyxl.comments import Comment

        lines = [here.comment.text] if here.comment is not None else []
        for code in cell.rules[:3]:
            rule = told_rule(code, self.rules)
            lines.append(f"{rule.message}\n→ {rule.hint}")
        height = 40 + 36 * len(lines)
        here.comment = Comment("\n".join(lines), "crm-migrate", height=height, width=320)


def _fill_in(here: "SheetCell", value: str, kind: SemanticType, unit: str | None) -> str:
    """Put the standard form into the cell; its number format. Text is never a formula."""
    if kind is SemanticType.DATE and re.fullmatch(r"\d{4}-\d\d-\d\d", value) and value >= "1900-03":
        here.value = date.fromisoformat(value)
        return "yyyy-mm-dd"
    if kind is SemanticType.AMOUNT and re.fullmatch(r"-?\d{1,13}(\.\d{1,2})?", value):
        here.value = Decimal(value)
        return "#,##0.00" + (f'"{unit}"' if unit else "")
    here.value = _NOT_IN_XML.sub("", value)[:LONGEST]
    here.data_type = "s"  # a text that begins with = is one, too
    return "@"


def _legend(
    book: "Workbook", counts: Mapping[str, int], marked: MarkedCells, uncommented: int, sums: Text
) -> None:
    """The last sheet: what the colours mean, how often, and what is not marked."""
    from openpyxl.styles import Alignment, Font, PatternFill

    title = str(_TITLE)
    while title in book.sheetnames:
        title += "_"
    sheet = book.create_sheet(title)
    head = (Text("Colour", "颜色"), Text("Cells", "单元格数"), Text("Meaning", "含义"))
    sheet.append([str(word) for word in head])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for severity, meaning in _MEANINGS.items():
        sheet.append([None, counts.get(severity, 0), str(meaning)])
        sheet.cell(sheet.max_row, 1).fill = PatternFill("solid", fgColor=_COLOURS[severity])
    for note in _notes(marked, uncommented, sums):
        sheet.append([None, None, str(note)])
    for letter, width in zip("ABC", (10, 12, _LEGEND_WIDTH), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        lines = -(-len(str(row[-1].value).encode("gb18030", "replace")) // _LEGEND_WIDTH)
        sheet.row_dimensions[row[-1].row].height = 15 * lines


def _notes(marked: MarkedCells, uncommented: int, sums: Text) -> Iterator[Text]:
    yield sums
    if marked.elsewhere:
        yield Text(
            f"{marked.elsewhere:,} findings belong to no cell: see the findings file",
            f"{marked.elsewhere:,} 条问题不属于任何单元格：见问题清单",
        )
    if uncommented:
        yield Text(
            f"{uncommented:,} more marked cells have no comment (at most {MOST_COMMENTS:,}): see"
            " the findings file",
            f"另有 {uncommented:,} 个标注单元格无批注(上限 {MOST_COMMENTS:,}):见问题清单",
        )
    yield Text(
        "Formulas, and amounts whose header names another unit, are left as they were.",
        "公式以及表头注明其他单位的金额保持原样。",
    )
