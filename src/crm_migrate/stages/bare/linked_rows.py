"""The rows that `link` reads: of every file the sheets with such records, each row with an id."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.linkage.bare.columns import recognise, require_ids
from crm_migrate.linkage.bare.pack import Pack
from crm_migrate.mapping.identity import Kind, identify
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.bare.file_mappings import source_names
from crm_migrate.stages.bare.mapped_rows import NO_KEY
from crm_migrate.stages.bare.named_columns import column_named, columns_named
from crm_migrate.stages.bare.tables_read import BareTable, read_tables, tables_that


@dataclass(frozen=True)
class AskedTable:
    """A table, the column that names its rows, and what stands before an id, where files or sheets
    could have the same.
    """

    table: BareTable
    source: str
    id_column: str | None
    prefix: str


def read_rows(
    paths: Sequence[Path],
    ids: Sequence[str],
    pack: Pack,
    sheet: str | None = None,
    encoding: str | None = None,
) -> tuple[pl.DataFrame, list[str]]:
    """(record_id and the columns as they stand in the files; sheets that were left out).

    ids: the id column of all files, or one per file in their order, or `FILE:COLUMN`. The rows of
    a file without one are known by their content, whatever their order.

    Raises: as `link_files`.
    """
    left_out: list[str] = []
    frames = []
    for asked in asked_tables(paths, ids, [pack], sheet, encoding, left_out):
        rows, column = asked.table.rows, asked.id_column
        if column is None:
            kind = Kind(asked.source, asked.table.sheet or "", pack.rules.entity)
            own = identify(NO_KEY, kind, rows, (), rows.columns).ids
        else:
            require_ids(rows, column)
            own = asked.prefix + rows[column].str.strip_chars()
            rows = rows.drop(column)
        frames.append(rows.with_columns(own.alias(RECORD_ID)))
    return pl.concat(frames, how="diagonal"), left_out


def asked_tables(
    paths: Sequence[Path],
    ids: Sequence[str],
    packs: Sequence[Pack],
    sheet: str | None = None,
    encoding: str | None = None,
    left_out: list[str] | None = None,
) -> Iterator[AskedTable]:
    """The tables of all files that hold such records; the places of others go to `left_out`.

    Raises: as `link_files`.
    """
    columns = _by_file(paths, ids)
    for path, source, column in zip(paths, source_names(paths), columns, strict=True):
        found = read_tables(path, sheet, encoding=encoding)

        def holds(rows: pl.DataFrame, column: str | None = column) -> bool:
            named = column is None or bool(columns_named(column, rows.columns))
            return named and any(_tells(rows, pack) for pack in packs)

        taken, others = tables_that(found, holds)
        if left_out is not None:
            left_out += [t.place for t in others]
        for table in taken:
            named = (
                None if column is None else column_named(column, table.rows.columns, table.place)
            )
            parts = [path.name] if len(paths) > 1 else []
            parts += [table.sheet or ""] if len(taken) > 1 else []
            yield AskedTable(table, source, named, "".join(f"{part}:" for part in parts))


def _tells(rows: pl.DataFrame, pack: Pack) -> bool:
    """Whether a table has what the pack asks of every match, or what alone makes one."""
    rules = pack.rules
    needed = {c.subject for c in rules.comparisons if c.name in rules.essential}
    needed |= {name for names in rules.certain for name in names}
    fields = {f for name in needed for f in rules.feature(name).fields}
    found = recognise(rows.columns, pack, rows)
    return bool(fields & set(found)) if fields else len(found) > 1


def _by_file(paths: Sequence[Path], ids: Sequence[str]) -> list[str | None]:
    """The id column of each file."""
    found: list[str | None] = [None] * len(paths)
    others = []
    for text in ids:
        named = [i for i, p in enumerate(paths) if text.startswith((f"{p}:", f"{p.name}:"))]
        for i in named:
            found[i] = text.removeprefix(f"{paths[i]}:").removeprefix(f"{paths[i].name}:")
        if not named:
            others.append(text)
    open_files = [i for i, column in enumerate(found) if column is None]
    if len(others) == 1:
        others *= len(open_files)
    if others and len(others) != len(open_files):
        raise UsageFault(
            Text(
                f"{len(others)} id columns for {len(open_files)} files",
                f"给出 {len(others)} 个标识列，文件却有 {len(open_files)} 个",
            ),
            where="--id",
            remedy=Text(
                "give --id once for all files, once per file in their order, or --id FILE:COLUMN",
                "--id 可只写一次（适用于全部文件），或按文件顺序各写一次，或写作 --id 文件:列名",
            ),
        )
    for i, text in zip(open_files, others, strict=bool(others)):
        found[i] = text
    return found
