"""Workbooks for people (XlsxWriter, in memory): text is always text, nothing is a formula.

A sheet is a frozen, filtered head and rows of plain values; it prints on A4 with its head on
every page.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from io import BytesIO
from math import ceil, inf
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from crm_migrate.plan.show.sheet_charts import Chart, draw

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet


class Style(IntEnum):
    """How a cell looks."""

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
    OPEN = 9
    """What people fill in: the only cells of a protected sheet that can be changed."""
    SHARE = 10
    """A number between 0 and 1 as a percentage."""
    CAUTION = 11
    """What is doubtful, less than WARN: amber."""


class Marked(NamedTuple):
    """A value with a style of its own."""

    value: object
    style: Style


@dataclass(frozen=True)
class Sheet:
    """One sheet: `head` and `widths` (in characters) per column; `foot` follows below the rows.

    `filled_in`: place of a column that people fill in → the choices they have (none: free text);
    all else is then protected against slips, without a password. `hidden`: places of columns.
    """

    title: str
    head: Sequence[str]
    widths: Sequence[int]
    rows: Iterable[Sequence[object]]
    foot: Iterable[Sequence[object]] = ()
    filled_in: Mapping[int, Sequence[str]] = field(default_factory=dict)
    hidden: Sequence[int] = ()
    charts: Sequence[Chart] = ()
    """Stand below the foot."""


LONGEST = 32_767
"""Characters that a cell can hold."""
LINE_POINTS = 14
"""Height of a line of text."""

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BREAK = re.compile("\r\n?")
_NOT_IN_TITLE = re.compile(r"[\[\]:*?/\\']")
_WRAPPED = {"num_format": "@", "text_wrap": True}
_NUMBER = {"align": "right", "indent": 1}  # apart from the text in the next column
_LOOKS: dict[Style, dict[str, object]] = {
    Style.TEXT: _WRAPPED,
    Style.HEAD: {
        "bold": True,
        "font_color": "#FFFFFF",
        "bg_color": "#1F5FA8",
        "text_wrap": True,
        "valign": "vcenter",
    },
    Style.WHOLE: {**_NUMBER, "num_format": "#,##0"},
    Style.AMOUNT: {**_NUMBER, "num_format": "#,##0.00"},
    # What is not quite all is never shown as all.
    Style.SHARE: {**_NUMBER, "num_format": '[=1]0.0%;[>=0.9995]"99.9%";0.0%'},
    Style.OLD: {**_WRAPPED, "font_color": "#B3261E", "font_strikeout": True},
    Style.NEW: {**_WRAPPED, "bg_color": "#E5F3EC"},
    Style.WARN: {**_WRAPPED, "bold": True, "font_color": "#B3261E", "bg_color": "#FDF6EA"},
    Style.CAUTION: {**_WRAPPED, "font_color": "#8A5A00", "bg_color": "#FFF3D6"},
    Style.STRONG: {**_WRAPPED, "bold": True},
    Style.LINE: {"num_format": "@"},
    Style.OPEN: {**_WRAPPED, "locked": False, "bg_color": "#FFFBE6"},
}
_EVERY = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}


def safe_text(value: str) -> str:
    """Text that a spreadsheet could run as a formula gets a leading apostrophe."""
    return "'" + value if value.startswith(_FORMULA_START) else value


def cell_text(value: str) -> str:
    """The text as it stands in its cell: safe, of characters that XML has, not too long."""
    return _NOT_IN_XML.sub("", _BREAK.sub("\n", safe_text(value)))[:LONGEST]


@lru_cache(maxsize=4_096)
def _measured(value: str) -> tuple[str, int]:
    """The text in its cell, and its width in letters: as wide as in GB18030."""
    text = cell_text(value)
    return text, len(text) if text.isascii() else len(text.encode("gb18030", "replace"))


def sheet_title(text: str) -> str:
    """The text as the title of a sheet can be."""
    return _NOT_IN_XML.sub("", _NOT_IN_TITLE.sub(" ", text))[:31]


def workbook_bytes(sheets: Sequence[Sheet]) -> bytes:
    """The .xlsx file; titles must differ in their first 31 characters."""
    from xlsxwriter import Workbook

    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(buffer, options) as book:
        looks = {style: book.add_format({**_EVERY, **look}) for style, look in _LOOKS.items()}
        for number, sheet in enumerate(sheets, 1):
            _write(book, sheet, number, looks)
    return buffer.getvalue()


def _write(book: "Workbook", sheet: Sheet, number: int, looks: "dict[Style, Format]") -> None:
    page = book.add_worksheet(sheet_title(sheet.title) or str(number))
    for place, width in enumerate(sheet.widths):
        look = looks[Style.OPEN] if place in sheet.filled_in else None
        page.set_column(place, place, width, look, {"hidden": place in sheet.hidden})
    # Room for the second cell of a foot below a single column.
    room = [width * 1.1 for width in (*sheet.widths, 10)]
    for place in sheet.hidden:  # what nobody sees makes no row higher
        room[place] = inf
    # A format of its own goes before the column's: a cell that is filled is to stay open, too.
    opened = dict.fromkeys(sheet.filled_in, Style.OPEN)
    _write_row(page, 0, [Marked(h, Style.HEAD) for h in sheet.head], room, looks)
    last = 0
    for last, row in enumerate(sheet.rows, 1):
        _write_row(page, last, row, room, looks, opened)
    end = last
    for end, row in enumerate(sheet.foot, last + 2):
        _write_row(page, end, row, room, looks)
    draw(book, page, sheet.charts, end + 2)
    _protect(page, sheet, last)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, last, len(sheet.head) - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 1 if sheet.charts else 0)  # charts are not cut in two
    page.repeat_rows(0)
    page.set_footer("&L&A&R&P / &N")


_STILL_ALLOWED = {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True}


def _protect(page: "Worksheet", sheet: Sheet, last: int) -> None:
    if not sheet.filled_in:
        return
    page.protect("", _STILL_ALLOWED)
    for place, choices in sheet.filled_in.items():
        if choices and last:
            rule = {"validate": "list", "source": list(choices), "ignore_blank": True}
            page.data_validation(1, place, last, place, rule)


def _write_row(
    page: "Worksheet",
    number: int,
    row: Sequence[object],
    room: Sequence[float],
    looks: "dict[Style, Format]",
    given_style: Mapping[int, Style] = MappingProxyType({}),
) -> None:
    """A row; its height is given where text wraps, since not every program works it out.

    `given_style`: by column, of cells that have none of their own.
    """
    lines = 1  # a Chinese character takes the place of two letters
    for place, given in enumerate(row[: len(room)]):
        value, style = given if type(given) is Marked else (given, given_style.get(place))
        if value is None or value == "":
            continue
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            look = looks[style or (Style.WHOLE if isinstance(value, int) else Style.AMOUNT)]
            page.write_number(number, place, value, look)
            continue
        text, wide = _measured(str(value))
        if wide > room[place] and style is not Style.LINE:
            lines = max(lines, ceil(wide / room[place]))
        page.write_string(number, place, text, looks[style or Style.TEXT])
    if lines > 1:
        page.set_row(number, min(lines * LINE_POINTS, 400))
