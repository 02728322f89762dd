"""Files → tables: `open_file` decides by what a file holds, not by what it is called."""

import errno
from collections.abc import Sequence
from pathlib import Path

from crm_migrate.errors import SourceFault
from crm_migrate.formats.contract import Header, Table, TableInfo
from crm_migrate.language import Text

__all__ = ["Header", "Table", "TableInfo", "open_file"]

SQLITE_MAGIC = b"SQLite format 3\0"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN: Sequence[tuple[bytes, str]] = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"PAR1", "Parquet"),
    (b"\x7fELF", "ELF"),
    (b"MZ\x90", "EXE"),
)


def open_file(
    path: Path | str,
    *,
    file: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: Header | None = None,
) -> list[Table]:
    """The tables of a workbook or a delimited file.

    `file` is the name that provenance and errors show (the path's name by default); `encoding`,
    `delimiter` and `header` override what would be found; `sheet` takes one sheet only.

    Raises:
        SourceFault: missing, unreadable, empty, encrypted, damaged, or no table at all.
    """
    path = Path(path)
    name = file or path.name
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
        _refuse(head, name)
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLE_MAGIC)):
            from crm_migrate.formats import spreadsheet

            return spreadsheet.tables(path, file=name, sheet=sheet, header=header)
        from crm_migrate.formats import delimited

        return delimited.tables(
            path, file=name, encoding=encoding, delimiter=delimiter, header=header
        )
    except OSError as e:
        raise _unreachable(e, name) from e


def _refuse(head: bytes, name: str) -> None:
    """Raise for files that are something else than they seem."""
    if head.startswith(SQLITE_MAGIC):
        raise SourceFault(
            Text(
                "This is an SQLite database, not a file of rows", "这是 SQLite 数据库，不是表格文件"
            ),
            where=name,
            remedy=Text(
                "A project reads it: crm-migrate init PROJECT --from FILE, or as a source's URL:"
                " sqlite:///path/to/file",
                "数据库由项目读取：crm-migrate init 项目 --from 文件；或在来源中写地址 sqlite:///文件路径",
            ),
        )
    kind = next((k for magic, k in _FOREIGN if head.startswith(magic)), None)
    if kind:
        raise SourceFault(
            Text(f"This is a {kind} file, not a table", f"这是 {kind} 文件，不是表格"),
            where=name,
            remedy=Text("Give an .xlsx, .xls or .csv file", "请提供 .xlsx、.xls 或 .csv 文件"),
        )
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"\xff\xfe<\0", b"<\0")):
        text = text.replace(b"\0", b"").lstrip(b"\xff\xfe")
    html = text.startswith((b"<html", b"<!doctype html", b"<table", b"<head", b"<meta", b"<style"))
    archive = text.startswith(b"mime-version:")
    xml = text.startswith(b"<?xml") or text.startswith(b"<workbook")
    if html or archive or xml:
        kind = "XML" if xml and b"<html" not in text else "HTML"
        raise SourceFault(
            Text(
                f"This is an {kind} page, whatever its name says (some systems export such .xls)",
                f"这其实是 {kind} 网页文件（有些系统会导出这种“.xls”）",
            ),
            where=name,
            remedy=Text(
                "Open it in Excel or WPS and save it as .xlsx",
                "请用 Excel 或 WPS 打开，另存为 .xlsx",
            ),
        )


def _unreachable(error: OSError, name: str) -> SourceFault:
    if error.errno == errno.ENOENT:
        message = Text("There is no such file", "文件不存在")
        remedy = Text("Check the path", "请检查路径")
    elif error.errno in (errno.EACCES, errno.EPERM):
        message = Text("There is no right to read the file", "没有读取该文件的权限")
        remedy = Text("Grant reading to this user, or close it where it is open",
                      "请授予读取权限，或关闭正在占用它的程序")  # fmt: skip
    elif error.errno == errno.EISDIR:
        message = Text("This is a folder", "这是一个文件夹")
        remedy = Text("Name a file in it", "请指定其中的文件")
    else:
        message = Text(
            f"The file cannot be read ({error.strerror})", f"文件无法读取（{error.strerror}）"
        )
        remedy = Text("Copy it to a local disk and try again", "请复制到本地磁盘后重试")
    return SourceFault(message, where=name, remedy=remedy)
