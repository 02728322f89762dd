"""A grid of cells (one sheet, one delimited file) → a table: header, data, and what is neither."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.formats import header as headers
from crm_migrate.formats.cells import Stored
from crm_migrate.formats.contract import DAMAGE_SCHEMA, DATA, KIND, Header, TableInfo
from crm_migrate.formats.damage import EXCEL_ERROR, damage_in
from crm_migrate.formats.row_kinds import row_kinds
from crm_migrate.language import Text
from crm_migrate.records import ROW

_HEAD = 80


@dataclass(frozen=True)
class Grid:
    """Used rows of a sheet: `text` and `stored` have a row each, columns "0", "1", …

    `rows` are the row numbers (Int64, ascending, without gaps from 1 to the last used row);
    `stored` is None where the format stores nothing but text. `merged` are the merged ranges as
    (first row, last row, first column, last column), rows 1-based, columns 0-based.
    """

    rows: pl.Series
    text: pl.DataFrame
    stored: pl.DataFrame | None = None
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    broken: tuple[tuple[int, int], ...] = ()
    """(row, column 0-based) of cells out of which NUL characters were taken."""


@dataclass(frozen=True)
class GridTable:
    """One grid as a `Table`."""

    info: TableInfo
    frame: pl.DataFrame = field(repr=False)
    stored: pl.DataFrame | None = field(repr=False, default=None)
    broken: tuple[tuple[int, str], ...] = ()
    """(row, label) of cells out of which NUL characters were taken."""

    def batches(
        self, columns: Sequence[str] | None = None, size: int = 200_000
    ) -> Iterator[pl.DataFrame]:
        """The used rows, `size` at a time.

        Raises:
            SourceFault: there is no such column.
        """
        names = list(self.info.columns if columns is None else columns)
        missing = [n for n in names if n not in self.info.columns]
        if missing:
            raise SourceFault(
                Text(f"There is no column {missing[0]!r}", f"没有“{missing[0]}”这一列"),
                where=place(self.info),
                remedy=Text(
                    "Columns found: " + ", ".join(self.info.columns),
                    "现有的列：" + "、".join(self.info.columns),
                ),
            )
        shown = self.frame.select(*(_without_errors(self.frame[n]) for n in names), ROW, KIND)
        return shown.iter_slices(size)

    def damage(self) -> pl.DataFrame:
        """Damage in data cells, column by column, rows ascending."""
        mask = self.frame[KIND] == DATA
        rows = self.frame[ROW].filter(mask)
        parts = [
            damage_in(
                self.frame[label].filter(mask),
                rows,
                label,
                None if self.stored is None else self.stored.to_series(i).filter(mask),
            )
            for i, label in enumerate(self.info.columns)
        ]
        lost = pl.DataFrame(
            [(row, label, "replacement_char") for row, label in self.broken],
            schema=DAMAGE_SCHEMA,
            orient="row",
        ).filter(pl.col("row").is_in(rows.implode()))
        return pl.concat([lost, *parts]).unique(maintain_order=True)


def _without_errors(values: pl.Series) -> pl.Series:
    """`#N/A` and its like are no values: null, and reported as damage."""
    if not values.str.starts_with("#").any():
        return values
    error = values.str.contains(EXCEL_ERROR).fill_null(False)
    return values.set(error, None)


def place(info: TableInfo) -> str:
    """`file` or `file, sheet`, as errors name a table."""
    return info.file if not info.sheet else f"{info.file}, {info.sheet}"


def as_table(grid: Grid, info: TableInfo, header: Header | None = None) -> GridTable:
    """Find header, labels and kinds of rows; `header` overrides what would be found."""
    head = _head_rows(grid)
    found = header or headers.find_header(head)
    if found is not None:
        label_rows = [r.cells for r in head if found.first_row <= r.number <= found.last_row]
        if len(label_rows) != found.last_row - found.first_row + 1:
            raise SourceFault(
                Text(
                    f"The header is said to be in rows {found.first_row}–{found.last_row}, but the"
                    f" table has no such rows",
                    f"指定表头在第 {found.first_row}–{found.last_row} 行，但表中没有这些行",
                ),
                where=place(info),
                remedy=Text("Correct `header` in the mapping", "请修改映射文件中的 header"),
            )
    else:
        label_rows = []
    text = _fill_down(grid, found.last_row if found else 0)
    width = _used_width(text)
    names = headers.labels(label_rows, width)
    used = [i for i in range(width) if text.to_series(i).null_count() < text.height]
    names = tuple(names[i] for i in used)
    text = text.select(text.columns[i] for i in used)
    kinds = row_kinds(text, grid.rows, found, grid.merged)
    frame = text.rename(dict(zip(text.columns, names, strict=True)))
    stored = (
        None if grid.stored is None else grid.stored.select(grid.stored.columns[i] for i in used)
    )
    frame = frame.with_columns(grid.rows.alias(ROW), kinds.alias(KIND))
    data_rows = frame.filter(pl.col(KIND) == DATA)[ROW]
    info = replace(
        info,
        columns=names,
        places=tuple(used),
        header=found,
        rows=len(data_rows),
        hidden_columns=tuple(
            n for i, n in zip(used, names, strict=True) if i in grid.hidden_columns
        ),
        hidden_rows=len(set(data_rows.to_list()) & grid.hidden_rows) if grid.hidden_rows else 0,
    )
    label_of = dict(zip(used, names, strict=True))
    broken = tuple((row, label_of[i]) for row, i in grid.broken if i in label_of)
    return GridTable(info, frame, stored, broken)


def _head_rows(grid: Grid) -> list[headers.HeadRow]:
    """The first used rows, merged ranges filled in both directions."""
    text = grid.text.head(_HEAD).rows()
    stored = None if grid.stored is None else grid.stored.head(_HEAD).rows()
    cells = [list(r) for r in text]
    for first, last, left, right in grid.merged:
        if first > len(cells) or left >= len(cells[first - 1]):
            continue
        value = cells[first - 1][left]
        for r in range(first - 1, min(last, len(cells))):
            for c in range(left, min(right + 1, len(cells[r]))):
                cells[r][c] = value
    textual = (int(Stored.TEXT), int(Stored.EMPTY))
    out = []
    for i, (number, row) in enumerate(zip(grid.rows.head(_HEAD).to_list(), cells, strict=True)):
        kept = tuple(c if c is not None and c.strip() else None for c in row)
        texts = None if stored is None else tuple(s in textual for s in stored[i])
        if any(c is not None for c in kept):
            out.append(headers.HeadRow(number, kept, texts))
    return out


def _fill_down(grid: Grid, header_end: int) -> pl.DataFrame:
    """Values of cells merged over several data rows, repeated on each, as a person reads them."""
    text = grid.text
    tall = [m for m in grid.merged if m[1] > m[0] and m[0] > header_end and m[0] <= text.height]
    for column in {m[2] for m in tall if m[2] < text.width}:
        ranges = [m for m in tall if m[2] == column]
        places = pl.DataFrame(
            {"at": [list(range(f - 1, min(last, text.height))) for f, last, _, _ in ranges],
             "top": [f - 1 for f, _, _, _ in ranges]},
            schema={"at": pl.List(pl.Int64), "top": pl.Int64},
        ).explode("at")  # fmt: skip
        values = text.to_series(column)
        filled = values.scatter(places["at"], values.gather(places["top"]))
        text = text.with_columns(filled.alias(str(column)))
    return text


def _used_width(text: pl.DataFrame) -> int:
    used = [i for i, c in enumerate(text.iter_columns()) if c.null_count() < text.height]
    return max(used, default=-1) + 1
