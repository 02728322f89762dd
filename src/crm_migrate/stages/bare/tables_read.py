"""Tables of bare files: csv, xlsx, xls, Parquet."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.formats import open_file
from crm_migrate.formats.contract import DAMAGE_SCHEMA, DATA, KIND, Table, TableInfo
from crm_migrate.language import Text
from crm_migrate.records import ROW

_PARQUET = b"PAR1"


@dataclass(frozen=True)
class ParquetTable:
    """The rows of a Parquet file as texts; a row is counted by its place, the first is 1."""

    info: TableInfo
    rows: pl.DataFrame

    def batches(
        self, columns: Sequence[str] | None = None, size: int = 200_000
    ) -> Iterator[pl.DataFrame]:
        """The rows in order, `size` at a time: `columns` (default all), `_row`, `_kind`."""
        names = self.info.columns if columns is None else columns
        numbered = self.rows.select(names).with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW), pl.lit(DATA).alias(KIND)
        )
        yield from numbered.iter_slices(size)

    def damage(self) -> pl.DataFrame:
        """None: nobody edits Parquet by hand."""
        return pl.DataFrame(schema=DAMAGE_SCHEMA)


def open_tables(
    path: Path, sheet: str | None = None, *, encoding: str | None = None
) -> list[Table]:
    """The tables of a file: Parquet, or whatever `formats` opens.

    Raises:
        SourceFault: unreadable.
    """
    if not _is_parquet(path):
        return open_file(path, sheet=sheet, encoding=encoding)
    try:
        rows = _texts(pl.read_parquet(path))
    except pl.exceptions.PolarsError:
        message = Text("the Parquet file cannot be read", "无法读取该 Parquet 文件")
        raise SourceFault(message, where=path.name) from None
    return [ParquetTable(TableInfo(path.name, None, tuple(rows.columns), rows=rows.height), rows)]


@dataclass(frozen=True)
class BareTable:
    """The data rows of one table of a file, all Strings."""

    file: str
    sheet: str | None
    rows: pl.DataFrame

    @property
    def place(self) -> str:
        """File, and sheet where it has one, for people."""
        return f"{self.file}/{self.sheet}" if self.sheet else self.file


def read_tables(
    path: Path, sheet: str | None = None, *, encoding: str | None = None
) -> list[BareTable]:
    """Every table of a file, or that of one sheet.

    Raises:
        SourceFault: unreadable.
    """
    return [
        BareTable(path.name, table.info.sheet, _rows(table))
        for table in open_tables(path, sheet, encoding=encoding)
    ]


def tables_that(
    tables: Sequence[BareTable], holds: Callable[[pl.DataFrame], bool]
) -> tuple[list[BareTable], list[BareTable]]:
    """Of several tables those for which it holds, and the others; a single table is taken as is.

    Raises:
        SourceFault: it holds for none of several.
    """
    if len(tables) == 1:
        return list(tables), []
    taken = [t for t in tables if holds(t.rows)]
    if not taken:
        raise _several(tables)
    return taken, [t for t in tables if t not in taken]


def read_table(
    path: Path, sheet: str | None = None, *, encoding: str | None = None
) -> pl.DataFrame:
    """The data rows of a file as Strings.

    Raises:
        SourceFault: unreadable, or several tables and no `sheet` was named.
    """
    return only_table(read_tables(path, sheet, encoding=encoding)).rows


def only_table(tables: Sequence[BareTable]) -> BareTable:
    """The table of a file that has one. Raises: SourceFault: several."""
    if len(tables) > 1:
        raise _several(tables)
    return tables[0]


def _several(tables: Sequence[BareTable]) -> SourceFault:
    names = [t.sheet or "" for t in tables]
    return SourceFault(
        Text("the file holds several tables", "文件中有多张表"),
        where=tables[0].file,
        remedy=Text(
            "--sheet, one of: " + ", ".join(names), "请用 --sheet 指定：" + "、".join(names)
        ),
    )


def _rows(table: Table) -> pl.DataFrame:
    parts = [b.filter(pl.col(KIND) == DATA).drop(KIND, ROW) for b in table.batches()]
    empty = pl.DataFrame(schema=dict.fromkeys(table.info.columns, pl.String))
    return pl.concat([empty, *parts])


def _is_parquet(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == _PARQUET


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Every plain column as text; numbers that are whole are written so (13800138000.0)."""
    columns = []
    for column in frame.get_columns():
        if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
            continue
        if column.dtype.is_float():
            whole = column.is_finite() & (column == column.round()) & (column.abs() < 2**53)
            if whole.drop_nulls().all():
                column = column.cast(pl.Int64, strict=False)
        columns.append(column.cast(pl.String))
    return pl.DataFrame(columns)
