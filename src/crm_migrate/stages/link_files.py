"""Linking bare files: no project, no keys; ids come from the files themselves (design §14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import SourceFault, UsageFault
from crm_migrate.formats import open_file
from crm_migrate.formats.contract import DATA, KIND, ROW
from crm_migrate.language import Text
from crm_migrate.linkage.bare import link_file, load_pack, recognise
from crm_migrate.linkage.contract import Linkage
from crm_migrate.stages.table_files import write_table

_PARQUET = b"PAR1"


@dataclass(frozen=True)
class LinkedFiles:
    """The result, and which columns were understood as which field."""

    linkage: Linkage
    fields: dict[str, list[str]]

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        return self.linkage.summary() | {"fields": self.fields}


def link_files(
    paths: Sequence[Path], id_column: str, rules: str, *, sheet: str | None = None
) -> LinkedFiles:
    """Link the rows of files. With several files an id is `<file name>:<id>`.

    `rules`: name of a shipped pack, or a YAML file.

    Raises:
        SourceFault: a file cannot be read, or has several tables and no `sheet` was named.
        UsageFault: no such column or pack.
        ProjectFault: the rules are faulty.
    """
    pack = load_pack(rules)
    frames = [read_table(path, sheet) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        if id_column not in frame.columns:
            raise UsageFault(
                Text(f"there is no column '{id_column}'", f"没有列“{id_column}”"),
                where=path.name,
                remedy=Text(
                    "columns: " + ", ".join(frame.columns), "现有列:" + "、".join(frame.columns)
                ),
            )
    if len(frames) > 1:
        frames = [
            f.with_columns(pl.concat_str(pl.lit(f"{p.name}:"), id_column).alias(id_column))
            for p, f in zip(paths, frames, strict=True)
        ]
    frame = pl.concat(frames, how="diagonal")
    found = recognise([c for c in frame.columns if c != id_column], pack)
    return LinkedFiles(link_file(frame, id_column, pack), found)


def read_table(path: Path, sheet: str | None = None) -> pl.DataFrame:
    """The data rows of a file as Strings: Parquet, or whatever `formats` opens.

    Raises:
        SourceFault: unreadable, or several tables and no `sheet` was named.
    """
    if path.is_file() and path.open("rb").read(4) == _PARQUET:
        try:
            return pl.read_parquet(path).cast(pl.String)
        except pl.exceptions.PolarsError:
            message = Text("the Parquet file cannot be read", "无法读取该 Parquet 文件")
            raise SourceFault(message, where=path.name) from None
    tables = open_file(path, sheet=sheet)
    if len(tables) > 1:
        names = [t.info.sheet or "" for t in tables]
        raise SourceFault(
            Text("the file holds several tables", "文件中有多张表"),
            where=path.name,
            remedy=Text(
                "--sheet, one of: " + ", ".join(names), "请用 --sheet 指定:" + "、".join(names)
            ),
        )
    parts = [b.filter(pl.col(KIND) == DATA).drop(KIND, ROW) for b in tables[0].batches()]
    empty = pl.DataFrame(schema=dict.fromkeys(tables[0].info.columns, pl.String))
    return pl.concat([empty, *parts])


def write_clusters(result: LinkedFiles, out: Path, pairs: Path | None = None) -> None:
    """Write record_id, cluster_id to `out`, and the scored pairs to `pairs`.

    Raises:
        UsageFault: a suffix that is not written.
        CrmMigrateError: a file cannot be written.
    """
    write_table(out, result.linkage.clusters.select("record_id", "cluster_id"))
    if pairs is not None:
        write_table(pairs, result.linkage.pairs)
