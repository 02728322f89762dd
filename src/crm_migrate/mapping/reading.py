"""Only what the mapping names is read; what is left behind is counted, never kept."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.formats.contract import DATA, KIND, Table
from crm_migrate.language import Text
from crm_migrate.mapping.fingerprint import header_fingerprint
from crm_migrate.project.mapping_file import SourceMapping, TableMapping
from crm_migrate.records import ROW


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A column that no field takes: how many of its data cells are filled."""

    source: str
    table: str
    column: str
    filled: int
    on_purpose: bool
    """Named under `ignore`; otherwise nobody has decided about it."""


@dataclass(frozen=True)
class Reading:
    """A table's data rows, with the allowed columns and `_row` only."""

    rows: pl.DataFrame
    kinds: dict[str, int]
    """Used rows by kind: their sum is all rows of the table."""
    left_behind: tuple[LeftBehind, ...]


def read_rows(table: Table, mapping: TableMapping, source: str) -> Reading:
    """Read the columns that the mapping allows, and count what stays behind (R-1.2).

    Raises:
        SourceFault: a mapped column is missing, or the source cannot be read.
    """
    allowed = mapping.columns()
    info = table.info
    require_columns(info.columns, mapping, info.file, info.sheet)
    others = [c for c in info.columns if c not in allowed]
    kinds: Counter[str] = Counter()
    filled: Counter[str] = Counter()
    parts = [pl.DataFrame(schema={**dict.fromkeys(allowed, pl.String), ROW: pl.Int64})]
    for batch in table.batches():
        counted = batch[KIND].value_counts()
        kinds.update(dict(counted.iter_rows()))
        data = batch.filter(pl.col(KIND) == DATA)
        if others and data.height:
            full = data.select((pl.col(c).str.strip_chars() != "").sum() for c in others)
            filled.update(dict(zip(others, full.row(0), strict=True)))
        parts.append(data.select(*allowed, pl.col(ROW).cast(pl.Int64)))
    left = (LeftBehind(source, mapping.table, c, filled[c], c in mapping.ignore) for c in others)
    return Reading(pl.concat(parts), dict(kinds), tuple(left))


def require_columns(
    columns: Sequence[str], mapping: TableMapping, file: str, sheet: str | None
) -> None:
    """Every column that the mapping reads stands in the table.

    Raises:
        SourceFault: naming file, sheet, the missing columns and the likeliest others.
    """
    missing = [c for c in mapping.columns() if c not in columns]
    if not missing:
        return
    from rapidfuzz import fuzz, process

    free = [c for c in columns if c not in mapping.columns() and not c.startswith("_")]
    near = {
        c: [n for n, *_ in process.extract(c, free, scorer=fuzz.WRatio, limit=2)] for c in missing
    }
    en = "; ".join(f"{c!r}" + (f" (near: {', '.join(n)})" if n else "") for c, n in near.items())
    zh = "；".join(f"“{c}”" + (f"（相近：{'、'.join(n)}）" if n else "") for c, n in near.items())
    raise SourceFault(
        Text(f"columns that the mapping reads are missing: {en}", f"缺少映射所用的列：{zh}"),
        where=f"{file}/{sheet}" if sheet else file,
        remedy=Text(
            "correct the column's name in the mapping, or its label in the file",
            "请在映射文件中更正列名，或更正源文件的表头",
        ),
    )


def pair_tables(
    tables: Iterable[Table], mapping: SourceMapping
) -> tuple[tuple[tuple[Table, TableMapping], ...], tuple[Table, ...]]:
    """Each mapped table with the table it describes, and the tables that no mapping describes.

    A table is recognised by its name, else by the fingerprint of its header (a renamed sheet),
    else, where the source and the mapping have but one table each, by being the only one.

    Raises:
        SourceFault: a mapped table is not there.
    """
    left = list(tables)
    if len(left) == len(mapping.tables) == 1:
        return ((left[0], mapping.tables[0]),), ()
    pairs: dict[int, Table] = {}
    for same in (_same_name, _same_header):  # names first: no look-alike may take a named table
        for number, wanted in enumerate(mapping.tables):
            found = [t for t in left if number not in pairs and same(t, wanted)]
            if len(found) == 1:
                pairs[number] = found[0]
                left.remove(found[0])
    for number, wanted in enumerate(mapping.tables):
        if number not in pairs:
            raise _no_table(wanted.table, left, mapping.source)
    return tuple((pairs[n], m) for n, m in enumerate(mapping.tables)), tuple(left)


def _no_table(name: str, left: Sequence[Table], source: str) -> SourceFault:
    names = [t.info.sheet or t.info.file for t in left]
    return SourceFault(
        Text(
            f"no table '{name}'; not mapped yet: {', '.join(names) or '-'}",
            f"找不到表“{name}”；尚未映射的表：{'、'.join(names) or '无'}",
        ),
        where=source,
        remedy=Text("correct the table's name in the mapping", "请在映射文件中更正表名（table）"),
    )


def _same_name(table: Table, wanted: TableMapping) -> bool:
    return wanted.table == (table.info.sheet or "")


def _same_header(table: Table, wanted: TableMapping) -> bool:
    return wanted.fingerprint is not None and (
        header_fingerprint(table.info.columns) == wanted.fingerprint
    )
