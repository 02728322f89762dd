"""Rows that travel from MariaDB as one cell each, to be parted here: the driver's own parting of
rows into cells costs more than all the rest.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text

_ROWS = 50_000


@dataclass(frozen=True)
class Packing:
    """How the rows of one statement travel; nobody can know its marks, so no cell holds them."""

    labels: tuple[str, ...]
    mark: str = field(default_factory=lambda: f"\x1f{secrets.token_hex(8)}\x1f")
    null: str = field(default_factory=lambda: f"\x1f{secrets.token_hex(8)}\x1f")

    def sql(self, cells: Sequence[str]) -> str:
        """SQL of the one cell, from SQL of the cells (text) that the labels name, in order."""
        filled = (f"IFNULL({cell}, '{self.null}')" for cell in cells)
        return f"CONCAT_WS('{self.mark}', {', '.join(filled)})"

    def frame(self, cursor: Any, name: str) -> pl.DataFrame:
        """The rows of table `name` that the cursor delivers.

        Raises:
            TargetFault: a row is larger than the server may send.
        """
        return pl.concat(self._parts(cursor, name))

    def _parts(self, cursor: Any, name: str) -> Iterator[pl.DataFrame]:
        yield pl.DataFrame(schema=dict.fromkeys(self.labels, pl.String))
        while rows := cursor.fetchmany(_ROWS):
            joined = pl.Series([row for (row,) in rows], dtype=pl.String)
            if joined.null_count():
                raise _too_large(name)
            parted = joined.str.split_exact(self.mark, len(self.labels) - 1).struct.unnest()
            parted.columns = list(self.labels)
            cells = (pl.when(pl.col(c) != self.null).then(c).alias(c) for c in self.labels)
            yield parted.select(cells)


def _too_large(name: str) -> TargetFault:
    return TargetFault(
        Text(
            "a row of the target is larger than it may send",
            "目标数据库中有一行超出可发送的大小",
        ),
        where=name,
        remedy=Text("have max_allowed_packet raised", "请调大 max_allowed_packet"),
    )
