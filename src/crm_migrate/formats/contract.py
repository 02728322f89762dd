"""What every source gives: tables that are read in batches, rows counted as a person counts them.

A *table* is a sheet of a workbook, a delimited file, or a table of a database. The batch columns
carry the labels of `TableInfo.columns` and two more: `_row` (Int64) and `_kind` (String, one of
`KINDS`). Every used row appears exactly once, so rows read = data + what was left aside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

KIND = "_kind"
DATA, BANNER, HEADER, BLANK, TOTALS, NOTE = "data", "banner", "header", "blank", "totals", "note"
KINDS = (DATA, BANNER, HEADER, BLANK, TOTALS, NOTE)

DAMAGE_SCHEMA = pl.Schema({"row": pl.Int64(), "column": pl.String(), "kind": pl.String()})


@dataclass(frozen=True, slots=True)
class Header:
    """The rows that hold the column labels, 1-based as a person counts them in the file."""

    first_row: int
    last_row: int


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What a table is called and looks like. `rows` counts data rows, None when unknown."""

    file: str
    sheet: str | None
    columns: tuple[str, ...]
    header: Header | None = None
    encoding: str | None = None
    hidden: bool = False
    hidden_columns: tuple[str, ...] = ()
    rows: int | None = None
    hidden_rows: int = 0
    """Data rows that the workbook hides; they are read like all others."""
    places: tuple[int, ...] = ()
    """Which column of the sheet each of `columns` is (0 is A); empty where there is no sheet."""


class Table(Protocol):
    """A readable table. Values are Strings as a person reads them, null where a cell is empty."""

    @property
    def info(self) -> TableInfo:
        """Name, labels and place of the header."""
        ...

    def batches(
        self, columns: Sequence[str] | None = None, size: int = 200_000
    ) -> Iterator[pl.DataFrame]:
        """The used rows in order, `size` at a time: `columns` (default all), `_row`, `_kind`.

        Raises:
            SourceFault: the source cannot be read on, or has no such column.
        """
        ...

    def damage(self) -> pl.DataFrame:
        """What Excel or an export did to data cells: row Int64, column String, kind String."""
        ...
