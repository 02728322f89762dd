"""Workbooks → tables: .xlsx, .xlsm and .xls with all forensics, .xlsb and .ods as text."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.formats import xls
from crm_migrate.formats.contract import Header, Table, TableInfo
from crm_migrate.formats.grid import Grid, as_table
from crm_migrate.formats.ooxml.workbook import open_workbook
from crm_migrate.language import Text

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def tables(
    path: Path,
    *,
    file: str | None = None,
    sheet: str | None = None,
    header: Header | None = None,
) -> list[Table]:
    """The sheets that hold anything, hidden ones too, in the order of the tabs.

    `file` is the name that provenance and errors show (the path's name by default); `sheet` takes
    only one; `header` says where the labels stand instead of finding them.

    Raises:
        SourceFault: encrypted, damaged, dangerous, without any filled sheet, or without `sheet`.
    """
    name = file or path.name
    found: list[Table] = []
    names: list[str] = []
    try:
        for title, hidden, grid in _sheets(path, name):
            names.append(title)
            if (sheet is not None and title != sheet) or grid.text.width == 0:
                continue
            info = TableInfo(name, title, (), hidden=hidden)
            found.append(as_table(grid, info, header))
    except (
        zipfile.BadZipFile,
        zlib.error,
        ParseError,
        KeyError,
        EOFError,
        UnicodeDecodeError,
    ) as e:
        raise damaged(name, type(e).__name__) from e
    if sheet is not None and sheet not in names:
        raise SourceFault(
            Text(f"The workbook has no sheet “{sheet}”", f"工作簿中没有工作表“{sheet}”"),
            where=name,
            remedy=Text("Sheets found: " + ", ".join(names), "现有工作表：" + "、".join(names)),
        )
    if not found:
        raise SourceFault(
            Text("No sheet of the workbook holds any cell", "工作簿的工作表全部为空"),
            where=name if sheet is None else f"{name}, {sheet}",
            remedy=Text("Check that this is the right file", "请确认文件是否正确"),
        )
    return found


def damaged(name: str, detail: str) -> SourceFault:
    """The fault of a workbook whose content contradicts itself."""
    return SourceFault(
        Text(f"The workbook is damaged ({detail})", f"工作簿已损坏（{detail}）"),
        where=name,
        remedy=Text(
            "Fetch it again, or open it in Excel or WPS, repair it and save it as .xlsx",
            "请重新获取文件，或用 Excel / WPS 打开修复后另存为 .xlsx",
        ),
    )


def encrypted(name: str) -> SourceFault:
    """The fault of a workbook that asks for a password."""
    return SourceFault(
        Text("The workbook is protected by a password", "工作簿设有打开密码"),
        where=name,
        remedy=Text(
            "Open it, remove the password (File > Info > Protect) and save it again",
            "请打开文件，取消密码（文件 > 信息 > 保护工作簿）后重新保存",
        ),
    )


def _sheets(path: Path, name: str) -> Iterator[tuple[str, bool, Grid]]:
    with path.open("rb") as stream:
        magic = stream.read(8)
    if magic == OLE_MAGIC:
        yield from _ole(path, name)
        return
    with zipfile.ZipFile(path) as archive:
        parts = set(archive.namelist())
    if "xl/workbook.xml" in parts:
        book = open_workbook(path)
        with book.archive:
            for title, part, hidden in book.sheets:
                yield title, hidden, book.grid(part)
    elif "xl/workbook.bin" in parts or "content.xml" in parts:
        yield from _by_calamine(path, name)
    else:
        raise SourceFault(
            Text("The archive holds no workbook", "压缩包中不是工作簿"),
            where=name,
            remedy=Text("Unpack it and give the files in it", "请先解压，再指定其中的文件"),
        )


def _ole(path: Path, name: str) -> Iterator[tuple[str, bool, Grid]]:
    import olefile
    import xlrd

    try:
        with olefile.OleFileIO(path) as ole:
            streams = {"/".join(s).lower() for s in ole.listdir()}
    except OSError as e:
        raise damaged(name, type(e).__name__) from e
    if "encryptedpackage" in streams:
        raise encrypted(name)
    if not streams & {"workbook", "book"}:
        raise SourceFault(
            Text(
                "This is a document of another Office program, not a workbook",
                "这是其他 Office 程序的文件，不是工作簿",
            ),
            where=name,
            remedy=Text("Give an .xlsx, .xls or .csv file", "请提供 .xlsx、.xls 或 .csv 文件"),
        )
    try:
        yield from xls.sheets(path)
    except xlrd.XLRDError as e:
        raise encrypted(name) if "encrypt" in str(e).lower() else damaged(name, "xls") from e
    except (AssertionError, IndexError, ValueError, OverflowError) as e:
        raise damaged(name, type(e).__name__) from e


def _by_calamine(path: Path, name: str) -> Iterator[tuple[str, bool, Grid]]:
    """Binary and OpenDocument workbooks: values only; how cells are stored is not known."""
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        for title in book.sheet_names:
            loaded = book.load_sheet(title, header_row=None, skip_rows=0, dtypes="string")
            frame = loaded.to_polars()
            text = frame.select(
                pl.col(c).str.replace(r" 00:00:00$", "").replace("", None).alias(str(i))
                for i, c in enumerate(frame.columns)
            )
            grid = Grid(pl.int_range(1, text.height + 1, eager=True), text)
            yield title, loaded.visible != "visible", grid
    except fastexcel.FastExcelError as e:
        raise damaged(name, type(e).__name__) from e
