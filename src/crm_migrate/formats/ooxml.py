"""Excel workbooks (.xlsx, .xlsm) → grids: one vectorised pass over the sheet's XML.

Values, the kind each cell is stored as, number formats, hidden rows and columns and merged ranges
come from the same pass, so that looking for damage costs next to nothing. The XML is decompressed
in pieces and cut at `<row` and `<c `; what does not have the usual form (rich text, odd attribute
order, character references) goes through slower code, cell by cell. ECMA-376 part 1, 18.3.
"""

import html
import re
import zipfile
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.formats import cells
from crm_migrate.formats.cells import Stored
from crm_migrate.formats.grid import Grid
from crm_migrate.language import Text

MAX_PART = 2 << 30
"""Bytes that one part of a workbook may have uncompressed; a full sheet of Excel stays below."""
MAX_RATIO = 300
"""How much smaller a big part may be compressed; honest sheets reach about 20, bombs 1000."""
_PIECE = 8 << 20
_WORKERS = 2
_CELL = r'^r="(?P<column>[A-Z]{1,3})[0-9]+"(?: s="(?P<style>[0-9]+)")?(?: t="(?P<type>\w+)")?'
_VALUE = r"<v[^>/]*>([^<]*)"
_INLINE = r"<is><t[^>/]*>([^<]*)</t></is>"
_NS = re.compile(rb"<(\w+):(?:worksheet|sst)\b")


@dataclass
class Workbook:
    """An opened workbook: names its sheets and reads them one by one."""

    path: Path
    archive: zipfile.ZipFile
    sheets: tuple[tuple[str, str, bool], ...]
    """Name, part and whether it is hidden, in the order of the tabs."""
    styles: pl.Series
    """Style class (see `cells.style_class`) of every cell format."""
    date1904: bool
    strings_part: str | None
    _strings: pl.Series | None = field(default=None, repr=False)

    def strings(self) -> pl.Series:
        """The shared strings, read when the first sheet needs them."""
        if self._strings is None:
            self._strings = (
                _shared_strings(_read(self.archive, self.strings_part).decode("utf-8-sig"))
                if self.strings_part
                else pl.Series([], dtype=pl.String)
            )
        return self._strings

    def grid(self, part: str) -> Grid:
        """Every used row of a sheet.

        Raises:
            SourceFault: the sheet is too large to be honest, or is no sheet.
        """
        sheet = _Sheet()
        self.strings()  # before the threads share them
        found: list[_Piece] = []
        with ThreadPoolExecutor(_WORKERS) as pool:
            waiting: deque[Future[_Piece]] = deque()
            for text, rows_before in sheet.texts(_open(self.archive, part)):
                waiting.append(pool.submit(_piece, text, rows_before, self))
                if len(waiting) > _WORKERS:  # what is unpacked and not yet parsed stays bounded
                    found.append(waiting.popleft().result())
            found.extend(f.result() for f in waiting)
        return _assemble(found, sheet.hidden_columns)


def open_workbook(path: Path) -> Workbook:
    """Open a workbook and read its small parts.

    Raises:
        SourceFault: the archive is damaged, no workbook, or dangerous.
    """
    archive = zipfile.ZipFile(path)
    relations = _relations(archive, "xl/_rels/workbook.xml.rels")
    book = _xml(archive, "xl/workbook.xml")
    properties = _find(book, "workbookPr")
    date1904 = properties is not None and properties.get("date1904") in ("1", "true")
    sheets = []
    for element in book.iter():
        if _tag(element) == "sheet":
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
        _styles(_xml(archive, styles) if styles in archive.namelist() else None),
        date1904,
        strings if strings in archive.namelist() else None,
    )


@dataclass
class _Sheet:
    """The way through a sheet's XML, piece by piece."""

    hidden_columns: set[int] = field(default_factory=set)

    def texts(self, stream: IO[bytes]) -> Iterator[tuple[str, int]]:
        """The sheet's XML cut before `<row`, and how many rows stand before each piece."""
        buffer, prefix = b"", b""
        started, rows = False, 0
        while True:
            data = stream.read(_PIECE)
            buffer += data
            if not started:
                at = buffer.find(b"sheetData")
                if at < 0 and data:
                    continue
                prefix = (m.group(1) + b":") if (m := _NS.search(buffer[:4096])) else b""
                self._columns(_plain(buffer[: max(at, 0)], prefix))
                buffer, started = buffer[max(at, 0) :], True
            cut = buffer.rfind(b"<" + prefix + b"row") if data else len(buffer)
            if cut > 0:
                text = _plain(buffer[:cut], prefix).decode()
                yield text, rows
                rows += text.count("<row")
                buffer = buffer[cut:]
            if not data:
                return

    def _columns(self, head: bytes) -> None:
        for col in re.findall(rb"<col\s[^>]*>", head):
            at = dict(re.findall(rb'(\w+)="([^"]*)"', col))
            if at.get(b"hidden") in (b"1", b"true"):
                last = min(int(at[b"max"]), 16_384)
                self.hidden_columns.update(range(int(at[b"min"]) - 1, last))


@dataclass(frozen=True)
class _Piece:
    """What one piece holds: `cells` with `row`, `t<column>` (text) and `k<column>` (stored)."""

    cells: pl.DataFrame
    merged: list[tuple[int, int, int, int]]
    hidden_rows: list[int]


def _piece(text: str, rows_before: int, book: Workbook) -> _Piece:
    body, _, tail = text.partition("</sheetData>")
    merged = [
        (int(first), int(last), _column(left), _column(right))
        for left, first, right, last in re.findall(
            r'<mergeCell\s[^>]*ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"', tail
        )
    ]
    parts = body.replace("<c>", "<c >").split("<row")[1:]
    rows = (
        pl.DataFrame({"x": pl.Series(parts, dtype=pl.String)})
        .select(pl.col("x").str.split("<c "))
        .select(
            pl.col("x").list.slice(1),
            pl.col("x").list.first().str.extract(r'\sr="([0-9]+)"').cast(pl.Int64).alias("row"),
            pl.col("x").list.first().str.contains(r'\shidden="(?:1|true)"').alias("hidden"),
        )
    )
    if rows["row"].null_count():  # writers may leave row numbers out: then position counts
        rows = rows.with_columns(
            pl.coalesce("row", pl.int_range(1, pl.len() + 1) + rows_before).alias("row")
        )
    found = rows.filter(pl.col("x").list.len() > 0).select("row", "x").explode("x")
    return _Piece(_wide(_parse(found), book), merged, rows.filter("hidden")["row"].to_list())


def _plain(data: bytes, prefix: bytes) -> bytes:
    """The XML with the namespace prefix (`<x:c`) that some writers put on every tag removed."""
    return data.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</") if prefix else data


def _parse(found: pl.DataFrame) -> pl.DataFrame:
    """Cell XML → row, column (0-based), style, type, value, formula."""
    xml = pl.col("x")
    out = found.select(
        "row",
        "x",
        xml.str.extract_groups(_CELL).alias("c"),
        xml.str.extract(_VALUE).alias("value"),
        xml.str.contains("<f", literal=True).alias("formula"),
    ).unnest("c")
    names = {n: _column(n) for n in out["column"].unique().drop_nulls().to_list()}
    out = out.with_columns(
        pl.col("column").replace_strict(names, default=None, return_dtype=pl.Int64)
    )
    if (out["type"] == "inlineStr").any():
        inline = pl.when(pl.col("type") == "inlineStr").then(xml).str.extract(_INLINE)
        out = out.with_columns(pl.coalesce("value", inline).alias("value"))
    empty = pl.col("value").is_null()
    unread = pl.when(empty).then(xml).str.contains("<v|<is|<f").fill_null(False)
    odd = out.select((pl.col("column").is_null() | unread).alias("odd"))["odd"]
    if odd.any():
        out = _parse_odd(out, odd)
    return out.select("row", "column", "style", "type", "value", "formula").filter(
        pl.col("value").is_not_null() | pl.col("formula")
    )


def _parse_odd(out: pl.DataFrame, odd: pl.Series) -> pl.DataFrame:
    """Cells of unusual form: attributes in any order or without a reference, rich text."""
    column = out["column"].to_list()
    row = out["row"].to_list()
    places = odd.arg_true().to_list()
    changes: dict[str, list[object]] = {k: [] for k in ("column", "style", "type", "value")}
    formulas: list[bool] = []
    for at, xml in zip(places, out["x"].gather(places).to_list(), strict=True):
        attributes = dict(re.findall(r'([\w:]+)="([^"]*)"', xml[: xml.find(">")]))
        if "r" in attributes:
            column[at] = _column(re.sub(r"[0-9]+$", "", attributes["r"]))
        else:
            same_row = at > 0 and row[at - 1] == row[at]
            column[at] = column[at - 1] + 1 if same_row else 0
        changes["column"].append(column[at])
        changes["style"].append(attributes.get("s"))
        changes["type"].append(attributes.get("t"))
        value = re.search(r"<v(?:\s[^>]*)?>([^<]*)</v>", xml)
        inline = re.search(r"<is>(.*?)</is>", xml, re.DOTALL)
        content = value.group(1) if value else _runs(inline.group(1)) if inline else None
        changes["value"].append(content)
        formulas.append("<f" in xml)
    for name, values in changes.items():
        dtype = out.schema[name]
        series = out[name].scatter(places, pl.Series(values, dtype=dtype))
        out = out.with_columns(series)
    return out.with_columns(out["formula"].scatter(places, pl.Series(formulas)))


def _runs(xml: str) -> str:
    """The text of rich-text runs; phonetic hints (`rPh`) are no part of it."""
    xml = re.sub(r"<rPh\b.*?</rPh>", "", xml, flags=re.DOTALL)
    return "".join(re.findall(r"<t(?:\s[^>/]*)?>([^<]*)</t>", xml))


def _wide(found: pl.DataFrame, book: Workbook) -> pl.DataFrame:
    """Cells of a piece → one line per row: `row`, `t<column>` (text), `k<column>` (stored)."""
    if not found.height:
        return pl.DataFrame(schema={"row": pl.Int64})
    frame = found.with_columns(pl.col("type").fill_null("n"))
    parts = [
        _kind(frame.filter(pl.col("type") == "n"), book, "n"),
        _kind(frame.filter(pl.col("type") == "s"), book, "s"),
        _kind(frame.filter(~pl.col("type").is_in(["n", "s"])), book, "other"),
    ]
    rendered = pl.concat([p for p in parts if p.height])
    axis = found.select(pl.col("row").unique().sort())
    out = axis
    for (column,), part in sorted(
        rendered.partition_by("column", as_dict=True, include_key=False).items()
    ):
        part = part.select(
            "row", pl.col("text").alias(f"t{column}"), pl.col("stored").alias(f"k{column}")
        )
        if part.height == axis.height and part["row"].equals(axis["row"]):
            out = out.hstack(part.drop("row"))
        else:
            part = part.unique("row", keep="last")
            out = out.join(part, on="row", how="left", maintain_order="left")
    return out


def _kind(frame: pl.DataFrame, book: Workbook, kind: str) -> pl.DataFrame:
    """Text and stored kind of cells of one type."""
    value = frame["value"]
    if not frame.height:
        return frame
    if kind == "s":
        text = book.strings().gather(value.cast(pl.UInt32))
        stored = pl.repeat(int(Stored.TEXT), frame.height, dtype=pl.UInt8, eager=True)
    elif kind == "n":
        style = book.styles.gather(frame["style"].cast(pl.UInt32).fill_null(0))
        text, stored = cells.numbers(value, style, date1904=book.date1904)
    else:
        text, stored = _other(frame)
    text = text.replace("", None)
    stored = (
        pl.select(
            pl.when(text.is_not_null())
            .then(stored)
            .when(frame["formula"] & (frame["type"] != "str"))
            .then(int(Stored.UNCALCULATED))
            .otherwise(int(Stored.EMPTY))
            .cast(pl.UInt8)
        ).to_series()
        if text.null_count()
        else stored
    )
    return frame.select("row", "column").with_columns(text=text, stored=stored)


def _other(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Inline strings, formula strings, booleans, errors, ISO dates."""
    kind, value = frame["type"], unescape(frame["value"])
    out = pl.select(
        text=pl.when(kind == "b")
        .then(pl.when(value == "1").then(pl.lit("true")).otherwise(pl.lit("false")))
        .when(kind == "d")
        .then(value.str.replace(r"T00:00:00(?:\.0+)?Z?$", "").str.replace("T", " ", literal=True))
        .otherwise(value),
        stored=pl.when(kind == "b")
        .then(int(Stored.BOOLEAN))
        .when(kind == "e")
        .then(int(Stored.ERROR))
        .when(kind == "d")
        .then(int(Stored.DATE))
        .otherwise(int(Stored.TEXT))
        .cast(pl.UInt8),
    )
    return out["text"], out["stored"]


def _assemble(pieces: list[_Piece], hidden_columns: set[int]) -> Grid:
    """Pieces → one grid over rows 1 … last used row, columns 0 … last used column."""
    frames = [p.cells for p in pieces if p.cells.height]
    if not frames:
        return Grid(pl.Series([], dtype=pl.Int64), pl.DataFrame())
    table = pl.concat(frames, how="diagonal")
    places = sorted(int(c[1:]) for c in table.columns if c.startswith("t"))
    used = table.filter(
        pl.any_horizontal(pl.col(f"t{i}").is_not_null() | (pl.col(f"k{i}") > 0) for i in places)
    )
    if not used.height:
        return Grid(pl.Series([], dtype=pl.Int64), pl.DataFrame())
    last = int(used["row"].max())  # type: ignore[arg-type]
    table = table.filter(pl.col("row") <= last)
    if table.height != last or not table["row"].is_sorted():
        axis = pl.DataFrame({"row": pl.int_range(1, last + 1, eager=True)})
        table = axis.join(table, on="row", how="left", maintain_order="left")
    width = places[-1] + 1
    nothing = pl.lit(None, dtype=pl.String)
    text = table.select(
        (pl.col(f"t{i}") if i in places else nothing).alias(str(i)) for i in range(width)
    )
    stored = table.select(
        (pl.col(f"k{i}").fill_null(0) if i in places else pl.lit(0, dtype=pl.UInt8)).alias(str(i))
        for i in range(width)
    )
    return Grid(
        table["row"],
        text,
        stored,
        tuple(m for p in pieces for m in p.merged),
        frozenset(r for p in pieces for r in p.hidden_rows),
        frozenset(hidden_columns),
    )


def unescape(text: pl.Series) -> pl.Series:
    """XML text → characters: entities, character references and `_x000D_` escapes."""
    if text.str.contains("\r", literal=True).any():
        text = text.str.replace_all("\r\n", "\n", literal=True)
    if text.str.contains("&", literal=True).any():
        numeric = text.str.contains("&#", literal=True).fill_null(False)
        plain = text.to_frame("x").select(
            pl.col("x").str.replace_many(
                ["&lt;", "&gt;", "&quot;", "&apos;", "&amp;"], ["<", ">", '"', "'", "&"]
            )
        )["x"]
        if numeric.any():
            at = numeric.arg_true()
            slow = [html.unescape(t) for t in text.gather(at).to_list()]
            plain = plain.scatter(at, pl.Series(slow, dtype=pl.String))
        text = plain
    escaped = text.str.contains("_x", literal=True)
    if escaped.any():
        at = escaped.arg_true()
        slow = [
            re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m.group(1), 16)), t).replace(
                "\r\n", "\n"
            )
            for t in text.gather(at).to_list()
        ]
        text = text.scatter(at, pl.Series(slow, dtype=pl.String))
    return text


def _shared_strings(xml: str) -> pl.Series:
    match = re.search(r"<(\w+):sst\b", xml[:2048])
    if match:
        prefix = match.group(1)
        xml = xml.replace(f"<{prefix}:", "<").replace(f"</{prefix}:", "</")
    items = pl.Series("x", xml.split("<si")[1:], dtype=pl.String)
    text = items.str.extract(r"^(?:\s[^>]*)?>\s*<t(?:\s[^>/]*)?>([^<]*)</t>\s*</si>")
    odd = text.is_null().arg_true()
    if len(odd):
        slow = [_runs(x) for x in items.gather(odd).to_list()]
        text = text.scatter(odd, pl.Series(slow, dtype=pl.String))
    return unescape(text)


def _styles(root: ET.Element | None) -> pl.Series:
    if root is None:
        return pl.Series([cells.GENERAL], dtype=pl.Int32)
    codes: dict[int, str] = {}
    classes: list[int] = []
    for element in root.iter():
        if _tag(element) == "numFmt" and element.get("numFmtId", "").isdigit():
            codes.setdefault(int(element.attrib["numFmtId"]), element.get("formatCode", ""))
    formats = _find(root, "cellXfs")
    for xf in formats if formats is not None else ():
        number = int(xf.get("numFmtId", "0"))
        classes.append(cells.style_class(number, codes.get(number)))
    return pl.Series(classes or [cells.GENERAL], dtype=pl.Int32)


def _relations(archive: zipfile.ZipFile, part: str) -> Mapping[str, tuple[str, str]]:
    """Relation id → (type, part)."""
    out = {}
    for element in _xml(archive, part).iter():
        if _tag(element) == "Relationship":
            target = element.get("Target", "").replace("\\", "/")
            full = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            out[element.get("Id", "")] = (element.get("Type", ""), full.replace("xl/../", ""))
    return out


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _find(root: ET.Element, name: str) -> ET.Element | None:
    return next((e for e in root.iter() if _tag(e) == name), None)


def _xml(archive: zipfile.ZipFile, part: str) -> ET.Element:
    data = _read(archive, part)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _dangerous(archive, part)
    return ET.fromstring(data)  # noqa: S314  (no DTD: no entity can be expanded)


def _read(archive: zipfile.ZipFile, part: str) -> bytes:
    with _open(archive, part) as stream:
        return stream.read()


def _open(archive: zipfile.ZipFile, part: str) -> IO[bytes]:
    info = archive.getinfo(part)
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > MAX_PART or (ratio > MAX_RATIO and info.file_size > 64 << 20):
        raise _dangerous(archive, part)
    return archive.open(part)


def _dangerous(archive: zipfile.ZipFile, part: str) -> SourceFault:
    return SourceFault(
        Text(
            f"The workbook's part {part} would unpack to an unreasonable size or defines entities",
            f"工作簿的部件 {part} 解压后大得不合理，或定义了实体，可能是恶意文件",
        ),
        where=str(archive.filename),
        remedy=Text(
            "Open it in Excel or WPS, copy the cells to a new workbook and save that",
            "请用 Excel 或 WPS 打开，把单元格复制到新工作簿后另存",
        ),
    )


def _column(letters: str) -> int:
    number = 0
    for ch in letters:
        number = number * 26 + ord(ch) - 64
    return number - 1
