"""Findings as numbers until the end: spelled out, they are many times larger than the records.

A finding is a row of the records and one of the few kinds of finding. Only these two numbers are
sorted; the texts are looked up once, in their final order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.records import (
    FILE,
    FINDING_ORDER,
    PROVENANCE,
    RECORD_ID,
    ROW,
    SHEET,
    SOURCE,
    Rule,
    Severity,
    ascending,
    finding_schema,
    id_numbers,
    in_id_order,
    in_order,
    no_findings,
    repeats_one,
)

_Numbers = npt.NDArray[np.uint32]
Hit = tuple[str, Rule, Severity, pl.Series]
"""Field, rule, severity, and a mask of the records: without null."""
_WHERE = (RECORD_ID, "source", "file", "sheet", "row")
_KIND = ("column", "entity", "field", "rule", "severity")
_BLOCK = 50_000
"""Records whose masks are turned into rows at a time: they stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Found:
    """Findings: for each the row of `where` and of `kinds` that says the rest of it."""

    where: pl.DataFrame
    kinds: pl.DataFrame
    row: _Numbers
    kind: _Numbers

    def table(self, order: npt.NDArray[np.intp] | None = None) -> pl.DataFrame:
        """`records.FINDING_COLUMNS`, in that order or as they were found."""
        if not len(self.row):
            return no_findings()
        row, kind = (n if order is None else n[order] for n in (self.row, self.kind))
        columns = [*_taken(self.where, row), *_taken(self.kinds, kind)]
        return pl.DataFrame(columns).select(list(finding_schema()))


def _taken(table: pl.DataFrame, rows: _Numbers) -> Iterator[pl.Series]:
    various = [c.name for c in table.iter_columns() if not repeats_one(c)]
    # In one piece first: taking rows from many pieces costs ten times as much.
    if various:
        yield from table.select(various).rechunk()[pl.Series(rows)].iter_columns()
    for column in table.drop(various).iter_columns():
        yield column.new_from_index(0, len(rows))


def found_where(
    records: pl.DataFrame,
    hits: Sequence[Hit],
    *,
    entity: str,
    origins: Mapping[tuple[str, str], str],
) -> Found:
    """What many masks over the same records say, record by record and in the order of the masks.

    `origins`: (source name, field) → source column.
    """
    sources = records[SOURCE].unique().drop_nulls().sort()
    fields, rules, weights, masks = zip(*hits, strict=True) if hits else ((), (), (), ())
    names = [*sources, None]
    kinds = pl.DataFrame(
        {
            "column": [origins.get((s, f)) if s is not None else None
                       for s in names for f in fields],
            "entity": [entity] * len(names) * len(hits),
            "field": [*fields] * len(names),
            "rule": [r.code for r in rules] * len(names),
            "severity": [str(w) for w in weights] * len(names),
        },
        schema={name: finding_schema()[name] for name in _KIND},
    )  # fmt: skip
    row, kind = _rows_and_masks(masks)
    if len(sources) > 1 or records[SOURCE].has_nulls():
        source = records[SOURCE].cast(pl.Enum(sources)).to_physical().cast(pl.UInt32)
        number: _Numbers = source.fill_null(len(sources)).to_numpy()
        kind += number[row] * np.uint32(len(hits))
    return Found(_where(records.select(RECORD_ID, *PROVENANCE)), kinds, row, kind)


def _where(records: pl.DataFrame) -> pl.DataFrame:
    named = {SOURCE: "source", FILE: "file", SHEET: "sheet", ROW: "row"}
    return records.rename(named).cast({"row": pl.Int64()})


def _rows_and_masks(masks: Sequence[pl.Series]) -> tuple[_Numbers, _Numbers]:
    """The rows where any mask is true, and which: by row, then by mask."""
    rows, kinds = [], []
    height = len(masks[0]) if masks else 0
    for start in range(0, height, _BLOCK):
        # One byte after the other is the order wanted, which spares sorting.
        block = [mask.slice(start, _BLOCK).to_numpy() for mask in masks]
        true = np.flatnonzero(np.column_stack(block)).astype(np.uint32)
        row, kind = np.divmod(true, np.uint32(len(masks)))
        rows.append(row + np.uint32(start))
        kinds.append(kind)
    nothing = np.zeros(0, np.uint32)
    return np.concatenate([nothing, *rows]), np.concatenate([nothing, *kinds])


def all_found(parts: Sequence[Found]) -> Found:
    """All findings of the parts, one part behind the other."""
    rows, kinds = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint32)]
    above = said = 0
    for part in parts:
        rows.append(part.row + np.uint32(above))
        kinds.append(part.kind + np.uint32(said))
        above, said = above + part.where.height, said + part.kinds.height
    schema = finding_schema()
    nothing = [pl.DataFrame(schema={name: schema[name] for name in n}) for n in (_WHERE, _KIND)]
    return Found(
        pl.concat([nothing[0], *(p.where for p in parts)]),
        pl.concat([nothing[1], *(p.kinds for p in parts)]),
        np.concatenate(rows),
        np.concatenate(kinds),
    )


def found_of(table: pl.DataFrame) -> Found:
    """The findings of a table that has `records.FINDING_COLUMNS`."""
    every = np.arange(table.height, dtype=np.uint32)
    return Found(table.select(_WHERE), table.select(_KIND), every, every)


def findings_by_record(parts: Iterable[pl.DataFrame | Found]) -> pl.DataFrame:
    """All findings in one table: first what belongs to no record, then record by record.

    The findings of one record keep the order that they have in `parts`.
    """
    of_nobody, found = [], []
    for part in parts:
        if isinstance(part, Found) and not part.where[RECORD_ID].has_nulls():
            found.append(part)
            continue
        table = part.table() if isinstance(part, Found) else part
        alone = table[RECORD_ID].is_null()
        if alone.any():
            of_nobody.append(table.filter(alone))
            table = table.filter(~alone)
        found.append(found_of(table))
    by_record = _by_record(all_found(found))
    if not of_nobody:
        return by_record
    return pl.concat([in_order(pl.concat(of_nobody), FINDING_ORDER), by_record])


def _by_record(found: Found) -> pl.DataFrame:
    if not len(found.row):
        return no_findings()
    order = np.argsort(id_numbers(found.where[RECORD_ID])[found.row], kind="stable")
    table = found.table(order)
    return table if ascending(table[RECORD_ID]) else in_id_order(found.table())
