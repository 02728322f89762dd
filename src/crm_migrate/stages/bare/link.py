"""Linking bare files: no project, no keys; ids come from the files themselves."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.linkage.bare.columns import records_of, require_ids
from crm_migrate.linkage.bare.pack import Pack, load_pack, pack_names
from crm_migrate.linkage.bare.suggest import Suggestion, suggest
from crm_migrate.linkage.engines.choice import engine_for
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.engines.known_clusters import KnownClusters, link_to_known
from crm_migrate.linkage.model.model import Model
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.bare.linked_rows import asked_tables, read_rows
from crm_migrate.stages.bare.named_columns import column_named, columns_named
from crm_migrate.stages.bare.table_files import write_table
from crm_migrate.stages.bare.tables_read import read_table
from crm_migrate.stages.memory import peak_mib

Progress = Callable[[str, int, int], None]
CLUSTER_COLUMNS = ("cluster_id", "golden_id")
READING = Text("reading", "读取")


@dataclass(frozen=True)
class LinkedFiles:
    """The result, and which columns were understood as which field.

    new, joined: with earlier clusters, how many records are new, and how many of these joined
    one of them; else both None.
    """

    linkage: Linkage
    fields: dict[str, list[str]]
    unused: list[str] = field(default_factory=list)
    left_tables: list[str] = field(default_factory=list)
    """Sheets without such records."""
    seconds: dict[str, float] = field(default_factory=dict)
    new: int | None = None
    joined: int | None = None

    def to_json(self) -> dict[str, Any]:
        """What scripts read: `pairs` were compared, `scored_pairs` of them reach the review cut;
        `peak_mib` is null where the system does not tell.
        """
        summary = self.linkage.summary()
        counts: dict[str, Any] = (
            {} if self.new is None else {"new": self.new, "joined": self.joined}
        )
        return {
            **summary,
            "pairs": max(self.linkage.compared, self.linkage.pairs.height),
            "scored_pairs": self.linkage.pairs.height,
            "seconds": {**self.seconds, **self.linkage.seconds},
            "peak_mib": peak_mib(),
            "fields": self.fields,
            "unused_columns": self.unused,
            "unused_tables": self.left_tables,
            **counts,
        }


def link_files(
    paths: Sequence[Path],
    ids: Sequence[str],
    rules: str,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    against: Path | None = None,
    progress: Progress | None = None,
) -> LinkedFiles:
    """Link the rows of files. With several files an id is `<file name>:<id>`, with several sheets
    of a workbook `<sheet>:<id>`.

    ids: the columns that name a row, see `read_rows`. rules: name of a shipped pack, or a YAML
    file. against: a file with a cluster_id (or golden_id) column beside ids and values; its
    clusters keep their ids and members, and new records are linked to them. A row whose id is in
    both has the newer values and keeps its cluster.

    Raises:
        SourceFault: a file cannot be read, or none of its tables has such records.
        UsageFault: no such column or pack.
        ProjectFault: the rules are faulty.
        CrmMigrateError: ids are missing or repeated.
    """
    tell = progress or (lambda *_: None)
    seconds: dict[str, float] = {}
    pack = load_pack(rules)
    with _timed(seconds, "read"):
        tell(str(READING), 0, 1)
        frame, left_out = read_rows(paths, ids, pack, sheet, encoding)
        records, fields = records_of(frame, RECORD_ID, pack)
        known = _known(against, ids, pack, records, encoding) if against else None
        tell(str(READING), 1, 1)
    unused = [c for c in frame.columns if c != RECORD_ID and not _used(c, fields)]
    if known is None:
        linkage = engine_for(pack.rules, progress=tell).link(records, pack.rules)
        return LinkedFiles(linkage, fields, unused, left_out, seconds)
    result = link_to_known(known, pack.rules, tell)
    return LinkedFiles(result.linkage, fields, unused, left_out, seconds, result.new, result.joined)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[stage] = round(time.perf_counter() - begun, 3)


def _used(column: str, fields: dict[str, list[str]]) -> bool:
    return any(column in columns for columns in fields.values())


def _known(
    path: Path, ids: Sequence[str], pack: Pack, records: pl.DataFrame, encoding: str | None
) -> KnownClusters:
    """Earlier records with their clusters, those that come again in their newer form."""
    earlier = read_table(path, encoding=encoding)
    cluster = next((c for c in CLUSTER_COLUMNS if c in earlier.columns), None)
    if cluster is None:
        raise UsageFault(
            Text("there is no column cluster_id", "没有列 cluster_id"),
            where=path.name,
            remedy=Text(
                "give the earlier records joined with what --out wrote: ids, values, cluster_id",
                "请提供原有记录并拼接 --out 的结果：标识、各字段值与 cluster_id",
            ),
        )
    asked = [RECORD_ID, *(name.rpartition(":")[2] for name in ids)]
    there = next((name for name in asked if columns_named(name, earlier.columns)), asked[-1])
    name = column_named(there, earlier.columns, path.name)
    require_ids(earlier, name)
    members = earlier.select(
        pl.col(name).str.strip_chars().alias(RECORD_ID),
        pl.col(cluster).fill_null(pl.col(name)).alias("cluster_id"),
    )
    values, _ = records_of(earlier.drop(cluster), name, pack)
    old = values.join(records, on=RECORD_ID, how="anti")
    return KnownClusters(pl.concat([old, records], how="diagonal"), members)


@dataclass(frozen=True)
class Suggested:
    """Proposed rules, for people and for `--rules`."""

    suggestion: Suggestion

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        found = self.suggestion
        return {
            "pack": found.pack,
            "ids": list(found.ids),
            "columns": [asdict(c) for c in found.columns],
            "blocking": [asdict(b) for b in found.blocks],
            "rules": found.rules,
        }


def suggest_rules(
    paths: Sequence[Path],
    ids: Sequence[str] = (),
    pack: str | None = None,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
) -> Suggested:
    """Rules proposed from the rows of files. Raises: as `link_files`."""
    packs = [load_pack(name) for name in ([pack] if pack else pack_names())]
    frames, id_column = [], None
    for asked in asked_tables(paths, ids, packs, sheet, encoding):
        frame = asked.table.rows
        if asked.id_column is not None:
            id_column = id_column or asked.id_column
            frame = frame.rename({asked.id_column: id_column})
        frames.append(frame)
    return Suggested(suggest(pl.concat(frames, how="diagonal"), id_column, pack))


def write_clusters(result: LinkedFiles, out: Path, pairs: Path | None = None) -> None:
    """Write record_id, cluster_id to `out`, and the scored pairs to `pairs`.

    Raises:
        UsageFault: a suffix that is not written.
        CrmMigrateError: a file cannot be written.
    """
    write_table(out, result.linkage.clusters.select("record_id", "cluster_id"))
    if pairs is not None:
        write_table(pairs, with_reasons(result.linkage))


def with_reasons(linkage: Linkage) -> pl.DataFrame:
    """The scored pairs, the level per comparison, and what agrees in words."""
    if linkage.model is None or linkage.pairs.is_empty():
        return linkage.pairs
    said = [_words(linkage.model, place) for place in range(len(linkage.model.comparisons))]
    between = str(Text("; ", "；"))
    joined = pl.concat_str(said, separator=between, ignore_nulls=True)
    left = linkage.clusters.rename({"record_id": "left_id", "cluster_id": "_left"})
    right = linkage.clusters.rename({"record_id": "right_id", "cluster_id": "_right"})
    return (
        linkage.pairs.with_columns(reasons=joined.replace("", None))
        .join(left, on="left_id", how="left", maintain_order="left")
        .join(right, on="right_id", how="left", maintain_order="left")
        .with_columns(same_cluster=pl.col("_left") == pl.col("_right"))
        .drop("_left", "_right")
    )


def _words(model: Model, place: int) -> pl.Expr:
    """What a comparison says where it speaks for or against a match; null where it is missing."""
    comparison = model.comparisons[place]
    words = {
        number: str(level.words)
        if number < len(comparison.levels) - 1
        else f"{comparison.name} {level.words}"
        for number, level in enumerate(comparison.levels)
        if number
    }
    column = pl.col(comparison.name)
    return column.replace_strict(words, default=None, return_dtype=pl.String)
