"""A workbook: its sheets by name, and what they share."""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl

from crm_migrate.formats import cells
from crm_migrate.formats.grid import Grid
from crm_migrate.formats.ooxml.archive import (
    find,
    open_part,
    read_part,
    relations_of,
    tag,
    xml_part,
)
from crm_migrate.formats.ooxml.sheet import read_grid
from crm_migrate.formats.ooxml.sheet_cells import Shared
from crm_migrate.formats.ooxml.strings import shared_strings


@dataclass
class Workbook:
    """An opened workbook: names its sheets and reads them one by one."""

    path: Path
    archive: zipfile.ZipFile
    sheets: tuple[tuple[str, str, bool], ...]
    """Name, part and whether it is hidden, in the order of the tabs."""
    styles: pl.Series
    """Style class (see `formats.cells.style_class`) of every cell format."""
    date1904: bool
    strings_part: str | None
    _strings: pl.Series | None = field(default=None, repr=False)

    def strings(self) -> pl.Series:
        """The shared strings, read when the first sheet needs them."""
        if self._strings is None:
            self._strings = (
                shared_strings(read_part(self.archive, self.strings_part).decode("utf-8-sig"))
                if self.strings_part
                else pl.Series([], dtype=pl.String)
            )
        return self._strings

    def grid(self, part: str) -> Grid:
        """Every used row of a sheet.

        Raises:
            SourceFault: the sheet is too large to be honest, or is no sheet.
        """
        shared = Shared(self.strings(), self.styles, self.date1904)
        return read_grid(open_part(self.archive, part), shared)


def open_workbook(path: Path) -> Workbook:
    """Open a workbook and read its small parts.

    Raises:
        SourceFault: the archive is damaged, no workbook, or dangerous.
    """
    archive = zipfile.ZipFile(path)
    relations = relations_of(archive, "xl/_rels/workbook.xml.rels")
    book = xml_part(archive, "xl/workbook.xml")
    properties = find(book, "workbookPr")
    date1904 = properties is not None and properties.get("date1904") in ("1", "true")
    sheets = []
    for element in book.iter():
        if tag(element) == "sheet":
            target = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
            kind, part = relations.get(target, ("", ""))
            if kind.endswith("/worksheet") and part in archive.namelist():
                hidden = element.get("state", "visible") != "visible"
                sheets.append((element.get("name", ""), part, hidden))
    strings = next((p for k, p in relations.values() if k.endswith("/sharedStrings")), None)
    styles = next((p for k, p in relations.values() if k.endswith("/styles")), None)
    return Workbook(
        path,
        archive,
        tuple(sheets),
        _styles(xml_part(archive, styles) if styles in archive.namelist() else None),
        date1904,
        strings if strings in archive.namelist() else None,
    )


def _styles(root: ET.Element | None) -> pl.Series:
    if root is None:
        return pl.Series([cells.GENERAL], dtype=pl.Int32)
    codes: dict[int, str] = {}
    classes: list[int] = []
    for element in root.iter():
        if tag(element) == "numFmt" and element.get("numFmtId", "").isdigit():
            codes.setdefault(int(element.attrib["numFmtId"]), element.get("formatCode", ""))
    formats = find(root, "cellXfs")
    for xf in formats if formats is not None else ():
        number = int(xf.get("numFmtId", "0"))
        classes.append(cells.style_class(number, codes.get(number)))
    return pl.Series(classes or [cells.GENERAL], dtype=pl.Int32)
