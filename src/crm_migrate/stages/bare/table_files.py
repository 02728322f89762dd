"""Tables as files for people and programs: CSV, JSON lines, Parquet, workbooks; made in memory."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import polars as pl

from crm_migrate.errors import CrmMigrateError, UsageFault
from crm_migrate.language import Text
from crm_migrate.plan.show.sheets import Sheet
from crm_migrate.plan.show.sheets import workbook_bytes as sheets_bytes
from crm_migrate.trust.private_files import private_folder, write_private

SUFFIXES = (".csv", ".xlsx", ".parquet", ".jsonl")
MOST_ROWS = 1_048_575
"""Rows of a sheet beside its header (Excel's limit)."""

_LOOK = 200
_FORMULA = r"^[=+\-@\t\r＝＋－＠]"
"""How a text begins that a spreadsheet may run; in full width, too, which some of them read alike
(OWASP, CSV injection)."""


def require_suffix(path: Path, allowed: tuple[str, ...] = SUFFIXES) -> None:
    """Refuse a file name whose kind we do not write.

    Raises:
        UsageFault: another suffix.
    """
    if path.suffix.lower() not in allowed:
        kinds = ", ".join(allowed)
        raise UsageFault(
            Text(
                f"cannot write a {path.suffix or '?'} file", f"不支持写 {path.suffix or '?'} 文件"
            ),
            where=str(path),
            remedy=Text(f"name it with one of: {kinds}", f"请使用后缀：{kinds}"),
        )


def require_outputs(files: Iterable[Path], outputs: Sequence[Path]) -> None:
    """Refuse, before the work, outputs that cannot be written or would replace what was given.

    Two paths are one file also where they are spelled differently or lead through a link.

    Raises:
        UsageFault: another suffix than SUFFIXES, an output that is an input, or one output twice.
    """
    inputs = {file.resolve() for file in files}
    for path in outputs:
        require_suffix(path)
        if path.resolve() in inputs:
            raise _own_name(
                path, Text("the result would replace an input file", "结果将覆盖输入文件")
            )
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise _own_name(
            outputs[-1], Text("two results in the same file", "两个结果不能写入同一文件")
        )


def _own_name(path: Path, message: Text) -> UsageFault:
    remedy = Text("give each result a file of its own", "请为每个结果指定单独的文件")
    return UsageFault(message, where=str(path), remedy=remedy)


def write_table(path: Path, frame: pl.DataFrame, password: str | None = None) -> None:
    """Write a table in the format of the file's suffix, readable by its owner alone.

    A workbook is put under the `password`, where there is one.

    Raises:
        UsageFault: another suffix than SUFFIXES, or more rows than a sheet holds.
        CrmMigrateError: the file cannot be written.
    """
    require_suffix(path)
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        write_workbook(path, workbook_bytes({path.stem[:31] or "data": frame}), password)
        return
    buffer = BytesIO()
    if suffix == ".csv":
        safe_frame(frame).write_csv(buffer)
    elif suffix == ".jsonl":
        frame.write_ndjson(buffer)
    else:
        frame.write_parquet(buffer)
    write_file(path, buffer.getvalue())


def require_rows(height: int) -> None:
    """Refuse more rows than a sheet holds.

    Raises:
        UsageFault: there are more.
    """
    if height > MOST_ROWS:
        raise UsageFault(
            Text(f"{height:,} rows do not fit into a sheet", f"{height:,} 行超出工作表上限"),
            remedy=Text("write .csv or .parquet", "请改用 .csv 或 .parquet"),
        )


def write_workbook(path: Path, data: bytes, password: str | None = None) -> None:
    """Write a workbook, under the password if there is one. Raises: as `write_file`."""
    write_file(path, data if password is None else protect(data, password))


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
    """An .xlsx file, one sheet per table, made in memory; formula-safe.

    Raises:
        UsageFault: more rows than a sheet holds.
    """
    for frame in sheets.values():
        require_rows(frame.height)
    return sheets_bytes(
        [
            Sheet(title, f.columns, [_width(c) for c in f.iter_columns()], f.iter_rows())
            for title, f in sheets.items()
        ]
    )


def _width(column: pl.Series) -> int:
    """Room for the label and for what stands in the first rows, so that codes do not break."""
    texts = [column.name, *column.head(_LOOK).drop_nulls().cast(pl.String)]
    widest = max(len(text.encode("gb18030", "replace")) for text in texts)
    return min(max(widest + 2, 14), 40)


def protect(workbook: bytes, password: str) -> bytes:
    """The workbook under a password: ECMA-376 agile encryption, AES-256 (MS-OFFCRYPTO 2.3.4.10)."""
    from msoffcrypto.format.ooxml import OOXMLFile

    encrypted = BytesIO()
    OOXMLFile(BytesIO(workbook)).encrypt(password, encrypted)
    return encrypted.getvalue()
