"""Delimited text (CSV, TSV and their kin) → tables. Rows are counted as lines of the file."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.formats.contract import Header, Table, TableInfo
from crm_migrate.formats.encoding import NUL, decode
from crm_migrate.formats.grid import Grid, as_table
from crm_migrate.language import Text

DELIMITERS = ",;\t|"
_SNIFFED_LINES = 200
_MAX_COLUMNS = 2000


def tables(
    path: Path,
    *,
    file: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: Header | None = None,
) -> list[Table]:
    """The one table of a delimited file; encoding, delimiter and header are found or given.

    Raises:
        SourceFault: empty, binary, cut off, or a quotation mark is never closed.
    """
    name = file or path.name
    data = path.read_bytes()
    if not data.strip():
        raise SourceFault(
            Text("The file is empty", "文件为空"),
            where=name,
            remedy=Text("Check that this is the right file", "请确认文件是否正确"),
        )
    text, found = decode(data, name, encoding)
    del data
    grid = _grid(text, delimiter or sniff(text), name)
    return [as_table(grid, TableInfo(name, None, (), encoding=found), header)]


def sniff(text: str) -> str:
    r"""The delimiter that splits the first lines into the most regular table.

    >>> sniff("a;b;c\n1,5;2;3\n"), sniff("a\tb\n1\t2")
    (';', '\t')
    """
    sample = "".join(text[: 1 << 20].splitlines(keepends=True)[:_SNIFFED_LINES])
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            counts = [len(r) for r in csv.reader(io.StringIO(sample), delimiter=delimiter) if r]
        except csv.Error:
            continue
        (width, rows) = (
            Counter(c for c in counts if c > 1).most_common(1)[0]
            if any(c > 1 for c in counts)
            else (1, 0)
        )
        score = rows / max(len(counts), 1) * (1 + width / 100)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _grid(text: str, delimiter: str, file: str) -> Grid:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    frame, starts = _parse(text, delimiter, file)
    broken: tuple[tuple[int, int], ...] = ()
    if NUL in text:
        broken = tuple(_broken(frame, starts))
        frame = frame.with_columns(pl.all().str.replace_all(NUL, "", literal=True))
    frame = frame.select(_clean(pl.col(c)).alias(str(i)) for i, c in enumerate(frame.columns))
    used = [c for c in frame.iter_columns() if c.null_count() < frame.height]
    last = max((int(c.is_not_null().arg_true()[-1]) for c in used), default=-1) + 1
    return Grid(starts.head(last), frame.head(last), broken=broken)


def _broken(frame: pl.DataFrame, starts: pl.Series) -> Iterator[tuple[int, int]]:
    """Row and column of the cells that hold a NUL: an interrupted write, no part of any text."""
    for number, column in enumerate(frame.iter_columns()):
        for row in starts.filter(column.str.contains(NUL, literal=True).fill_null(False)):
            yield int(row), number


def _clean(value: pl.Expr) -> pl.Expr:
    """Blank cells are missing; `="00123"`, which spreadsheets show as 00123, is shown so."""
    blank = value.str.strip_chars() == ""
    guarded = value.str.starts_with('="') & value.str.ends_with('"')
    return (
        pl.when(blank)
        .then(None)
        .when(guarded)
        .then(value.str.slice(2, value.str.len_chars() - 3))
        .otherwise(value)
    )


def _parse(text: str, delimiter: str, file: str) -> tuple[pl.DataFrame, pl.Series]:
    """All rows as Strings, and the line each of them starts in."""
    sample = text[: 1 << 20].split("\n")[:_SNIFFED_LINES]
    width = max(line.count(delimiter) for line in sample) + 1
    if width <= _MAX_COLUMNS:
        columns = [str(i) for i in range(width)]
        # A first line of full width keeps Polars from judging the width by a banner
        guide = delimiter.join(columns) + "\n"
        try:
            frame = pl.read_csv(
                (guide + text).encode(),
                separator=delimiter,
                has_header=False,
                new_columns=columns,
                infer_schema=False,
                quote_char='"',
            ).slice(1)
        except (pl.exceptions.PolarsError, ValueError):
            return _parse_ragged(text, delimiter, file)
        if '"' not in text:
            return frame, pl.int_range(1, frame.height + 1, eager=True)
        breaks = frame.select(
            pl.sum_horizontal(
                pl.col(c).str.count_matches("\n", literal=True).fill_null(0) for c in columns
            ).alias("n")
        )["n"].cast(pl.Int64)
        starts = (breaks + 1).cum_sum().shift(1, fill_value=0) + 1
        return frame, starts
    return _parse_ragged(text, delimiter, file)


def _parse_ragged(text: str, delimiter: str, file: str) -> tuple[pl.DataFrame, pl.Series]:
    """Files whose lines differ in width or quoting: slower, but nothing is cut off."""
    rows: list[list[str]] = []
    starts: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    try:
        for row in reader:
            rows.append(row)
            starts.append(start)
            start = reader.line_num + 1
    except csv.Error as e:
        raise _unclosed(file, start) from e
    if text.count('"') % 2 and reader.line_num - (starts[-1] if starts else 0) > 0:
        raise _unclosed(file, starts[-1])
    width = max((len(r) for r in rows), default=0)
    if width > _MAX_COLUMNS:
        raise SourceFault(
            Text(f"{width} columns: this is no table", f"共 {width} 列，不像是表格"),
            where=file,
            remedy=Text("Check file and delimiter", "请检查文件和分隔符"),
        )
    columns = [
        pl.Series(str(i), [r[i] if i < len(r) else None for r in rows], dtype=pl.String)
        for i in range(width)
    ]
    return pl.DataFrame(columns), pl.Series(starts, dtype=pl.Int64)


def _unclosed(file: str, row: int) -> SourceFault:
    return SourceFault(
        Text(
            f"A quotation mark opened in row {row} is never closed",
            f"第 {row} 行有一个引号没有成对",
        ),
        where=f"{file}, row {row}",
        remedy=Text("Correct the row, or export the file again", "请修正该行，或重新导出该文件"),
    )
