"""A sheet's XML → its grid, piece by piece."""

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO

import polars as pl

from crm_migrate.formats.grid import Grid
from crm_migrate.formats.ooxml.sheet_cells import Shared, column_number, parse, wide

_PIECE = 8 << 20
_WORKERS = 2
_NS = re.compile(rb"<(\w+):(?:worksheet|sst)\b")


def read_grid(stream: IO[bytes], shared: Shared) -> Grid:
    """Every used row of the sheet whose XML the stream gives."""
    sheet = _Sheet()
    found: list[_Piece] = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        waiting: deque[Future[_Piece]] = deque()
        for text, rows_before in sheet.texts(stream):
            waiting.append(pool.submit(_piece, text, rows_before, shared))
            if len(waiting) > _WORKERS:  # what is unpacked and not yet parsed stays bounded
                found.append(waiting.popleft().result())
        found.extend(f.result() for f in waiting)
    return _assemble(found, sheet.hidden_columns)


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


def _piece(text: str, rows_before: int, shared: Shared) -> _Piece:
    body, _, tail = text.partition("</sheetData>")
    merged = [
        (int(first), int(last), column_number(left), column_number(right))
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
    return _Piece(wide(parse(found), shared), merged, rows.filter("hidden")["row"].to_list())


def _plain(data: bytes, prefix: bytes) -> bytes:
    """The XML with the namespace prefix (`<x:c`) that some writers put on every tag removed."""
    return data.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</") if prefix else data


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
