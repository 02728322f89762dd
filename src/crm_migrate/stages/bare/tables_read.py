"""One table from a bare file: csv, xlsx, xls, Parquet."""

from pathlib import Path

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.formats import open_file
from crm_migrate.formats.contract import DATA, KIND, ROW
from crm_migrate.language import Text

_PARQUET = b"PAR1"


def read_table(
    path: Path, sheet: str | None = None, *, encoding: str | None = None
) -> pl.DataFrame:
    """The data rows of a file as Strings: Parquet, or whatever `formats` opens.

    Raises:
        SourceFault: unreadable, or several tables and no `sheet` was named.
    """
    if path.is_file() and path.open("rb").read(4) == _PARQUET:
        try:
            return _texts(pl.read_parquet(path))
        except pl.exceptions.PolarsError:
            message = Text("the Parquet file cannot be read", "无法读取该 Parquet 文件")
            raise SourceFault(message, where=path.name) from None
    tables = open_file(path, sheet=sheet, encoding=encoding)
    if len(tables) > 1:
        names = [t.info.sheet or "" for t in tables]
        raise SourceFault(
            Text("the file holds several tables", "文件中有多张表"),
            where=path.name,
            remedy=Text(
                "--sheet, one of: " + ", ".join(names), "请用 --sheet 指定：" + "、".join(names)
            ),
        )
    parts = [b.filter(pl.col(KIND) == DATA).drop(KIND, ROW) for b in tables[0].batches()]
    empty = pl.DataFrame(schema=dict.fromkeys(tables[0].info.columns, pl.String))
    return pl.concat([empty, *parts])


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
