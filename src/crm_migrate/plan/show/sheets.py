"""Workbooks for people, written straight as Office Open XML (ECMA-376): text is always text.

A sheet is a frozen, filtered head and rows of plain values; it prints on A4 with its head on
every page. Writing the few parts that this takes by hand is some ten times faster than building
a cell object for each value, and nothing passes through a temporary file.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from io import BytesIO
from math import ceil
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile


class Style(IntEnum):
    """Index of a cell's format in the workbook's style table."""

    TEXT = 0
    HEAD = 1
    WHOLE = 2
    AMOUNT = 3
    OLD = 4
    """What is replaced: red, struck through."""
    NEW = 5
    """What replaces it: on green."""
    WARN = 6
    STRONG = 7
    LINE = 8
    """Text on one line that may run over empty cells beside it."""


class Marked(NamedTuple):
    """A value with a style of its own."""

    value: object
    style: Style


@dataclass(frozen=True)
class Sheet:
    """One sheet: `head` and `widths` (in characters) per column; `foot` follows below the rows."""

    title: str
    head: Sequence[str]
    widths: Sequence[int]
    rows: Iterable[Sequence[object]]
    foot: Iterable[Sequence[object]] = ()


LONGEST = 32_767
"""Characters that a cell can hold."""
LINE_POINTS = 14
"""Height of a line of text."""

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
_NOT_IN_XML = re.compile("[&<>\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_NOT_IN_TITLE = re.compile(r"[\[\]:*?/\\']")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def safe_text(value: str) -> str:
    """Text that a spreadsheet could run as a formula gets a leading apostrophe."""
    return "'" + value if value.startswith(_FORMULA_START) else value


def workbook_bytes(sheets: Sequence[Sheet]) -> bytes:
    """The .xlsx file; titles must differ in their first 31 characters."""
    titles = [_NOT_IN_TITLE.sub(" ", s.title)[:31] for s in sheets]
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr("[Content_Types].xml", _content_types(len(sheets)))
        archive.writestr("_rels/.rels", _root_relations())
        archive.writestr("xl/workbook.xml", _workbook(titles))
        archive.writestr("xl/_rels/workbook.xml.rels", _relations(len(sheets)))
        archive.writestr("xl/styles.xml", _DECLARATION + _STYLES)
        for number, sheet in enumerate(sheets, 1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _worksheet(sheet))
    return buffer.getvalue()


def _worksheet(sheet: Sheet) -> str:
    widths = [*sheet.widths, 10]  # room for the second cell of a foot below a single column
    places = [(_letter(place), width * 1.1) for place, width in enumerate(widths)]
    head = _row(1, [Marked(h, Style.HEAD) for h in sheet.head], places)
    rows = [_row(n, row, places) for n, row in enumerate(sheet.rows, 2)]
    last = len(rows) + 1
    foot = (_row(n, row, places) for n, row in enumerate(sheet.foot, last + 2))
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>'
        for n, width in enumerate(sheet.widths, 1)
    )
    return (
        f'{_DECLARATION}<worksheet xmlns="{_MAIN}">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{head}{''.join(rows)}{''.join(foot)}</sheetData>"
        f'<autoFilter ref="A1:{_letter(len(sheet.head) - 1)}{last}"/>'
        '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
        "<headerFooter><oddFooter>&amp;L&amp;A&amp;R&amp;P / &amp;N</oddFooter></headerFooter>"
        "</worksheet>"
    )


def _row(number: int, row: Sequence[object], columns: Sequence[tuple[str, float]]) -> str:
    """A row; its height is given where text wraps, since not every program works it out."""
    cells: list[str] = []
    lines = 1  # as wide as in GB18030: a Chinese character takes the place of two letters
    for (letter, width), given in zip(columns, row, strict=False):
        value, style = given if type(given) is Marked else (given, None)
        if value is None or value == "":
            continue
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            style = style or (Style.WHOLE if isinstance(value, int) else Style.AMOUNT)
            cells.append(f'<c r="{letter}{number}" s="{int(style)}"><v>{value}</v></c>')
            continue
        text = safe_text(str(value))[:LONGEST]
        room = len(text) if text.isascii() else len(text.encode("gb18030", "replace"))
        if room > width and style is not Style.LINE:
            lines = max(lines, ceil(room / width))
        if _NOT_IN_XML.search(text):
            text = _NOT_IN_XML.sub(lambda m: _ESCAPES.get(m.group(), ""), text)
        cells.append(
            f'<c r="{letter}{number}" s="{int(style or Style.TEXT)}" t="inlineStr">'
            f'<is><t xml:space="preserve">{text}</t></is></c>'
        )
    height = f' ht="{min(lines * LINE_POINTS, 400)}" customHeight="1"' if lines > 1 else ""
    return f'<row r="{number}"{height}>{"".join(cells)}</row>'


def _letter(place: int) -> str:
    """Column name of a place counted from 0: A … Z, AA …"""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def _content_types(sheets: int) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
        for n in range(1, sheets + 1)
    )
    return (
        f'{_DECLARATION}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{parts}</Types>'
    )


def _root_relations() -> str:
    return (
        f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    )


def _relations(sheets: int) -> str:
    parts = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" '
        f'Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, sheets + 1)
    )
    return (
        f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{parts}'
        f'<Relationship Id="rId{sheets + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
        "</Relationships>"
    )


def _workbook(titles: Sequence[str]) -> str:
    escaped = [_NOT_IN_XML.sub(lambda m: _ESCAPES.get(m.group(), ""), t) for t in titles]
    sheets = "".join(
        f'<sheet name="{t}" sheetId="{n}" r:id="rId{n}"/>'.replace('name=""', f'name="{n}"')
        for n, t in enumerate(escaped, 1)
    )
    heads = "".join(
        f'<definedName name="_xlnm.Print_Titles" localSheetId="{n}">\'{t}\'!$1:$1</definedName>'
        for n, t in enumerate(escaped)
    )
    return (
        f'{_DECLARATION}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
        f"<sheets>{sheets}</sheets><definedNames>{heads}</definedNames></workbook>"
    )


_FONT = '<name val="Microsoft YaHei"/><family val="2"/>'
_TOP = '<alignment vertical="top" wrapText="1"/>'
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="#,##0.00"/></numFmts>'
    f'<fonts count="5"><font><sz val="10"/>{_FONT}</font>'
    f'<font><b/><sz val="10"/><color rgb="FFFFFFFF"/>{_FONT}</font>'
    f'<font><strike/><sz val="10"/><color rgb="FFB3261E"/>{_FONT}</font>'
    f'<font><b/><sz val="10"/><color rgb="FFB3261E"/>{_FONT}</font>'
    f'<font><b/><sz val="10"/>{_FONT}</font></fonts>'
    '<fills count="5"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FF1F5FA8"/></patternFill></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFE5F3EC"/></patternFill></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFFDF6EA"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="9">'
    f'<xf numFmtId="49" applyNumberFormat="1" applyAlignment="1">{_TOP}</xf>'
    '<xf fontId="1" fillId="2" applyFont="1" applyFill="1" applyAlignment="1">'
    '<alignment vertical="center" wrapText="1"/></xf>'
    f'<xf numFmtId="3" applyNumberFormat="1" applyAlignment="1">{_TOP}</xf>'
    f'<xf numFmtId="164" applyNumberFormat="1" applyAlignment="1">{_TOP}</xf>'
    f'<xf numFmtId="49" fontId="2" applyFont="1" applyAlignment="1">{_TOP}</xf>'
    f'<xf numFmtId="49" fillId="3" applyFill="1" applyAlignment="1">{_TOP}</xf>'
    f'<xf numFmtId="49" fontId="3" fillId="4" applyFont="1" applyFill="1" applyAlignment="1">'
    f"{_TOP}</xf>"
    f'<xf numFmtId="49" fontId="4" applyFont="1" applyAlignment="1">{_TOP}</xf>'
    '<xf numFmtId="49" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
