"""Workbooks of Excel 97–2003 (.xls) → grids. They hold at most 65,536 rows, so a loop will do."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.formats import cells
from crm_migrate.formats.cells import Stored
from crm_migrate.formats.grid import Grid


def sheets(path: Path) -> Iterator[tuple[str, bool, Grid]]:
    """Name, whether it is hidden, and the grid of every sheet.

    Raises:
        xlrd.XLRDError: the workbook is encrypted or damaged.
    """
    import xlrd

    log = io.StringIO()  # xlrd would report oddities of old files on standard output
    try:
        book = xlrd.open_workbook(path, formatting_info=True, logfile=log)
    except (NotImplementedError, IndexError, KeyError):  # some generated files have no styles
        book = xlrd.open_workbook(path, logfile=log)
    for sheet in book.sheets():
        yield sheet.name, sheet.visibility != 0, _grid(book, sheet)


def _grid(book: Any, sheet: Any) -> Grid:
    formatted = bool(book.formatting_info)
    classes = _style_classes(book) if formatted else []
    last = max((r for r in range(sheet.nrows) if any(sheet.row_types(r))), default=-1) + 1
    texts: dict[str, pl.Series] = {}
    stored: dict[str, pl.Series] = {}
    for c in range(sheet.ncols):
        kinds = sheet.col_types(c, 0, last)
        values = sheet.col_values(c, 0, last)
        indexes = (
            [classes[sheet.cell_xf_index(r, c)] if k == 2 else 0 for r, k in enumerate(kinds)]
            if formatted
            else [0] * last
        )
        # without formats xlrd itself marks dates
        styles = [cells.DATE if k == 3 else s for k, s in zip(kinds, indexes, strict=True)]
        texts[str(c)], stored[str(c)] = _column(kinds, values, styles, date1904=book.datemode == 1)
    hidden_rows = {r + 1 for r, info in sheet.rowinfo_map.items() if info.hidden}
    hidden_columns = {c for c, info in sheet.colinfo_map.items() if info.hidden}
    return Grid(
        pl.int_range(1, last + 1, eager=True),
        pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)),
        pl.DataFrame(stored, schema=dict.fromkeys(stored, pl.UInt8)),
        tuple(
            (top + 1, bottom, left, right - 1) for top, bottom, left, right in sheet.merged_cells
        ),
        frozenset(hidden_rows),
        frozenset(hidden_columns),
    )


def _column(
    kinds: list[int], values: list[Any], styles: list[int], *, date1904: bool
) -> tuple[pl.Series, pl.Series]:
    """Cell types of xlrd (1 text, 2 number, 3 date, 4 boolean, 5 error) → text and stored kind."""
    import xlrd

    text: list[str | None] = []
    kind: list[int] = []
    for k, v in zip(kinds, values, strict=True):
        if k == 1:
            text.append(v.replace("\r\n", "\n") or None)
            kind.append(Stored.TEXT if v else Stored.EMPTY)
        elif k in (2, 3):
            text.append(repr(v))
            kind.append(Stored.NUMBER)
        elif k == 4:
            text.append("true" if v else "false")
            kind.append(Stored.BOOLEAN)
        elif k == 5:
            text.append(xlrd.error_text_from_code.get(v, "#N/A"))
            kind.append(Stored.ERROR)
        else:
            text.append(None)
            kind.append(Stored.EMPTY)
    out, stored = pl.Series(text, dtype=pl.String), pl.Series(kind, dtype=pl.UInt8)
    at = (stored == int(Stored.NUMBER)).arg_true()
    if len(at):
        style = pl.Series(styles, dtype=pl.Int32).gather(at)
        shown, shown_kind = cells.numbers(out.gather(at), style, date1904=date1904)
        out, stored = out.scatter(at, shown), stored.scatter(at, shown_kind)
    return out, stored


def _style_classes(book: Any) -> list[int]:
    classes = []
    for xf in book.xf_list:
        shown = book.format_map.get(xf.format_key)
        code = shown.format_str if shown is not None and xf.format_key >= 164 else None
        classes.append(cells.style_class(xf.format_key, code))
    return classes
