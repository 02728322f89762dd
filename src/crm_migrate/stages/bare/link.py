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
from crm_migrate.linkage.bare import records_of, require_ids
from crm_migrate.linkage.contract import Linkage
from crm_migrate.linkage.engines import engine_for
from crm_migrate.linkage.known_clusters import KnownClusters, link_to_known
from crm_migrate.linkage.model import Model
from crm_migrate.linkage.pack import Pack, load_pack
from crm_migrate.linkage.suggest import Suggestion, suggest
from crm_migrate.records import RECORD_ID
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
            **counts,
        }


def link_files(
    paths: Sequence[Path],
    id_column: str,
    rules: str,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    against: Path | None = None,
    progress: Progress | None = None,
) -> LinkedFiles:
    """Link the rows of files. With several files an id is `<file name>:<id>`.

    rules: name of a shipped pack, or a YAML file. against: a file with a cluster_id (or golden_id)
    column beside ids and values; its clusters keep their ids and members, and new records are
    linked to them. A row whose id is in both has the newer values and keeps its cluster.

    Raises:
        SourceFault: a file cannot be read, or has several tables and no `sheet` was named.
        UsageFault: no such column or pack.
        ProjectFault: the rules are faulty.
        CrmMigrateError: ids are missing or repeated.
    """
    tell = progress or (lambda *_: None)
    seconds: dict[str, float] = {}
    pack = load_pack(rules)
    with _timed(seconds, "read"):
        tell(str(READING), 0, 1)
        frame = _read(paths, id_column, sheet, encoding)
        records, fields = records_of(frame, id_column, pack)
        known = _known(against, id_column, pack, records, encoding) if against else None
        tell(str(READING), 1, 1)
    unused = [c for c in frame.columns if c != id_column and not _used(c, fields)]
    if known is None:
        linkage = engine_for(pack.rules, progress=tell).link(records, pack.rules)
        return LinkedFiles(linkage, fields, unused, seconds)
    result = link_to_known(known, pack.rules, tell)
    return LinkedFiles(result.linkage, fields, unused, seconds, result.new, result.joined)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[stage] = round(time.perf_counter() - begun, 3)


def _used(column: str, fields: dict[str, list[str]]) -> bool:
    return any(column in columns for columns in fields.values())


def _read(
    paths: Sequence[Path], id_column: str, sheet: str | None, encoding: str | None
) -> pl.DataFrame:
    frames = [read_table(path, sheet, encoding=encoding) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        if id_column not in frame.columns:
            raise no_column(id_column, frame, path)
    if len(frames) > 1:
        frames = [
            f.with_columns(pl.concat_str(pl.lit(f"{p.name}:"), id_column).alias(id_column))
            for p, f in zip(paths, frames, strict=True)
        ]
    return pl.concat(frames, how="diagonal")


def no_column(column: str, frame: pl.DataFrame, path: Path) -> UsageFault:
    """The fault that tells what columns there are."""
    return UsageFault(
        Text(f"there is no column '{column}'", f"没有列“{column}”"),
        where=path.name,
        remedy=Text("columns: " + ", ".join(frame.columns), "现有列：" + "、".join(frame.columns)),
    )


def _known(
    path: Path, id_column: str, pack: Pack, records: pl.DataFrame, encoding: str | None
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
    name = RECORD_ID if RECORD_ID in earlier.columns else id_column
    if name not in earlier.columns:
        raise no_column(id_column, earlier, path)
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
    id_column: str | None = None,
    pack: str | None = None,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
) -> Suggested:
    """Rules proposed from the rows of files. Raises: as `link_files`."""
    frames = [read_table(path, sheet, encoding=encoding) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        if id_column is not None and id_column not in frame.columns:
            raise no_column(id_column, frame, path)
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
