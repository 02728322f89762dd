"""Tables as files for people and programs: CSV, Parquet, and workbooks, made in memory.

openpyxl passes every sheet through a temporary file in clear, so what may hold personal data is
written here, part by part, into memory. Cells are inline strings (ECMA-376-1, 18.3.1.53), which no
spreadsheet evaluates; text that looks like a formula still gets an apostrophe in front, because
the next person saves the sheet as CSV.
"""

import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from crm_migrate.errors import CrmMigrateError, UsageFault
from crm_migrate.language import Text
from crm_migrate.trust.private_files import private_folder, write_private

SUFFIXES = (".csv", ".xlsx", ".parquet")
MOST_ROWS = 1_048_575
"""Rows of a sheet beside its header (Excel's limit)."""

_FORMULA = r"^[=+\-@\t\r]"
_CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]"
_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_OPEN, _CLOSE = '<c t="inlineStr" s="{}"><is><t xml:space="preserve">', "</t></is></c>"
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_SPREADSHEET}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/>'
    '</borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2">'
    '<xf numFmtId="49" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


def require_suffix(path: Path, allowed: tuple[str, ...] = SUFFIXES) -> None:
    """Refuse a file name whose kind we do not write.

    Raises:
        UsageFault: another suffix.
    """
    if path.suffix.lower() not in allowed:
        kinds = ", ".join(allowed)
        raise UsageFault(
            Text(f"cannot write a {path.suffix or '?'} file", f"不支持写 {path.suffix or '?'} 文件"),
            where=str(path),
            remedy=Text(f"name it with one of: {kinds}", f"请使用后缀:{kinds}"),
        )


def write_table(path: Path, frame: pl.DataFrame) -> None:
    """Write a table in the format of the file's suffix, readable by its owner alone.

    Raises:
        UsageFault: another suffix than SUFFIXES.
        CrmMigrateError: the file cannot be written.
    """
    require_suffix(path)
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        data = workbook_bytes({path.stem[:31] or "data": frame})
    else:
        buffer = BytesIO()
        if suffix == ".csv":
            safe_frame(frame).write_csv(buffer)
        else:
            frame.write_parquet(buffer)
        data = buffer.getvalue()
    write_file(path, data)


def write_file(path: Path, data: bytes) -> None:
    """Replace a file as a whole, mode 0600; its folder is made where it is missing.

    Raises:
        CrmMigrateError: the file cannot be written.
    """
    try:
        private_folder(path.parent)
        write_private(path, data)
    except OSError as error:
        raise CrmMigrateError(
            Text(
                f"the file cannot be written ({error.strerror})",
                f"无法写入文件({error.strerror})",
            ),
            where=str(path),
            remedy=Text("check the folder's rights and free space", "请检查目录权限与剩余空间"),
        ) from error


def safe_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as formulas get a leading apostrophe."""
    text = pl.col(pl.String)
    harmless = ~text.str.contains(_FORMULA)
    return frame.with_columns(pl.when(harmless).then(text).otherwise(pl.lit("'") + text))


def workbook_bytes(sheets: Mapping[str, pl.DataFrame]) -> bytes:
    """An .xlsx file, one sheet per table: a bold, frozen header row; every cell is text.

    Raises:
        UsageFault: more rows than a sheet holds.
    """
    for frame in sheets.values():
        if frame.height > MOST_ROWS:
            raise UsageFault(
                Text(
                    f"{frame.height:,} rows do not fit into a sheet",
                    f"{frame.height:,} 行超出工作表上限",
                ),
                remedy=Text("write .csv or .parquet", "请改用 .csv 或 .parquet"),
            )
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        archive.writestr("[Content_Types].xml", _content_types(len(sheets)))
        archive.writestr(
            "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
        )
        parts = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
        relations = _relations([*parts, ("styles", "styles.xml")])
        archive.writestr("xl/_rels/workbook.xml.rels", relations)
        archive.writestr("xl/styles.xml", _STYLES)
        archive.writestr("xl/workbook.xml", _workbook(list(sheets)))
        for number, frame in enumerate(sheets.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(frame))
    return buffer.getvalue()


def protect(workbook: bytes, password: str) -> bytes:
    """The workbook under a password: ECMA-376 agile encryption, AES-256 (MS-OFFCRYPTO 2.3.4.10)."""
    from msoffcrypto.format.ooxml import OOXMLFile

    encrypted = BytesIO()
    OOXMLFile(BytesIO(workbook)).encrypt(password, encrypted)
    return encrypted.getvalue()


def _sheet(frame: pl.DataFrame) -> bytes:
    texts = safe_frame(frame.select(pl.all().cast(pl.String)))
    cell = pl.all().str.replace_all(_CONTROL, "").str.replace_many(_MARKUP)
    shown = texts.select(cell.str.replace(r"(?s)^(.*)$", _OPEN.format(0) + "${1}" + _CLOSE))
    full = shown.select(pl.all().fill_null('<c s="0"/>'))
    rows = full.select(pl.concat_str(pl.lit("<row>"), pl.all(), pl.lit("</row>")).alias("row"))
    labels = "".join(_OPEN.format(1) + escape(name) + _CLOSE for name in frame.columns)
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{min(max(len(name) * 2 + 2, 12), 40)}" customWidth="1"/>'
        for n, name in enumerate(frame.columns, 1)
    )
    head = (
        f'{_HEAD}<worksheet xmlns="{_SPREADSHEET}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>'
        f"</sheetViews><cols>{widths}</cols><sheetData><row>{labels}</row>"
    )
    body = "".join(rows["row"].to_list())
    return f"{head}{body}</sheetData></worksheet>".encode()


def _workbook(names: list[str]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(_title(name))} sheetId="{n}" r:id="rId{n}"/>'
        for n, name in enumerate(names, 1)
    )
    return f'{_HEAD}<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'


def _title(name: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", "_", name)[:31]


def _relations(parts: list[tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(parts, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def _content_types(sheets: int) -> str:
    parts = [("/xl/workbook.xml", "sheet.main"), ("/xl/styles.xml", "styles")]
    parts += [(f"/xl/worksheets/sheet{n}.xml", "worksheet") for n in range(1, sheets + 1)]
    overrides = "".join(
        f'<Override PartName="{part}" ContentType="{_CONTENT}.{kind}+xml"/>' for part, kind in parts
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        f'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
