"""How right bare files are joined, without a project: what `link` wrote, or the files as such."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.linkage.bare.columns import records_of
from crm_migrate.linkage.bare.pack import load_pack
from crm_migrate.linkage.engines.choice import engine_for
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.engines.model_words import steps
from crm_migrate.linkage.evaluation.truth import (
    evaluate,
    known_pairs,
    threshold_curve,
    true_pairs,
)
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.bare.tables_read import read_table
from crm_migrate.stages.evaluation.evaluate import telling, thresholds
from crm_migrate.stages.evaluation.evaluated import (
    Blocking,
    Evaluated,
    Example,
    blocking_recall,
    scored_recall,
    truth_table,
)


@dataclass(frozen=True)
class Asked:
    """What is evaluated. `files` are linked by `rules` for the purpose; `clusters` and `pairs` are
    what `link` wrote. The truth is a column of `truth`, or of the files.
    """

    files: tuple[Path, ...] = ()
    rules: str | None = None
    clusters: Path | None = None
    pairs: Path | None = None
    truth: Path | None = None
    id_column: str = RECORD_ID
    truth_column: str = "truth"


def evaluate_files(asked: Asked) -> Evaluated:
    """The measures of files against a truth; with `files` also blocking, curve, model, examples.

    Raises:
        UsageFault: no truth was named, a column is missing, or the truth names none of the records.
        SourceFault: a file cannot be read.
        ProjectFault: the rules are faulty.
    """
    if asked.files:
        return _linked(asked)
    if asked.clusters is None or asked.truth is None:
        raise UsageFault(
            Text("--clusters and --truth are needed", "需要 --clusters 与 --truth"),
            remedy=Text("see: crm-migrate evaluate --help", "参见:crm-migrate evaluate --help"),
        )
    clusters = read_table(asked.clusters)
    _require(clusters, (RECORD_ID, "cluster_id"), asked.clusters)
    truth = _truth(read_table(asked.truth), asked, asked.truth)
    found = Evaluated(of=asked.clusters.name)
    if asked.pairs is not None:
        pairs = read_table(asked.pairs)
        _require(pairs, ("left_id", "right_id", "match_weight"), asked.pairs)
        pairs = pairs.with_columns(pl.col("match_weight").cast(pl.Float64))
        true = true_pairs(clusters[RECORD_ID], truth)
        right = int(known_pairs(pairs.select("left_id", "right_id"), truth)["right"].sum())
        curve = threshold_curve(pairs, truth, true)
        scored = Blocking(true, right, pairs.height, ())
        found = replace(found, curve=curve, scored=scored)
    return _measured(found, clusters, truth)


def _linked(asked: Asked) -> Evaluated:
    if asked.rules is None:
        raise UsageFault(Text("--rules is needed with files", "对文件评估需要 --rules"))
    pack = load_pack(asked.rules)
    frame = _together(asked.files, asked.id_column)
    source = (
        (frame, asked.files[0]) if asked.truth is None else (read_table(asked.truth), asked.truth)
    )
    truth = _truth(source[0], asked, source[1])
    hidden = [c for c in frame.columns if c == asked.truth_column and c != asked.id_column]
    records, _ = records_of(frame.drop(hidden), asked.id_column, pack)
    linkage = engine_for(pack.rules).link(records, pack.rules)
    found = Evaluated(
        of=", ".join(path.name for path in asked.files),
        engine=pack.rules.engine,
        thresholds=thresholds(pack.rules),
        model=linkage.model,
        examples=tuple(
            Example(title, tuple(steps(linkage, a, b))) for title, a, b in telling(linkage)
        ),
    )
    found = _curved(found, linkage, records, pack.rules, truth)
    clusters = linkage.clusters
    if asked.clusters is not None:
        clusters = read_table(asked.clusters)
        _require(clusters, (RECORD_ID, "cluster_id"), asked.clusters)
    return _measured(found, clusters, truth)


def _curved(
    found: Evaluated,
    linkage: Linkage,
    records: pl.DataFrame,
    rules: LinkageRules,
    truth: pl.DataFrame,
) -> Evaluated:
    ids = records[RECORD_ID]
    return replace(
        found,
        blocking=blocking_recall(records, rules, truth) if rules.blocking else None,
        scored=scored_recall(linkage, truth, ids),
        curve=threshold_curve(linkage.pairs, truth, true_pairs(ids, truth)),
    )


def _measured(found: Evaluated, clusters: pl.DataFrame, truth: pl.DataFrame) -> Evaluated:
    measures = evaluate(clusters, truth)
    if not measures.records:
        raise UsageFault(
            Text("the truth names none of the records", "真值未对应到任何记录"),
            where=found.of,
            remedy=Text(
                "--id names the column with the ids that `link` was given",
                "请用 --id 指定与 link 时相同的标识列",
            ),
        )
    return replace(found, truth=measures)


def _together(files: Sequence[Path], id_column: str) -> pl.DataFrame:
    """The rows of all files; with several an id is `<file name>:<id>`, as `link` writes it."""
    frames = []
    for path in files:
        frame = read_table(path)
        _require(frame, (id_column,), path)
        if len(files) > 1:
            named = pl.concat_str(pl.lit(f"{path.name}:"), id_column).alias(id_column)
            frame = frame.with_columns(named)
        frames.append(frame)
    return pl.concat(frames, how="diagonal")


def _truth(frame: pl.DataFrame, asked: Asked, path: Path) -> pl.DataFrame:
    """The truth; a file of its own may call the ids as `link` does, record_id."""
    named = asked.id_column
    if named not in frame.columns and RECORD_ID in frame.columns:
        named = RECORD_ID
    _require(frame, (named, asked.truth_column), path)
    return truth_table(frame[named].str.strip_chars(), frame[asked.truth_column])


def _require(frame: pl.DataFrame, columns: Sequence[str], path: Path) -> None:
    for column in columns:
        if column not in frame.columns:
            raise UsageFault(
                Text(f"there is no column '{column}'", f"没有列“{column}”"),
                where=path.name,
                remedy=Text(
                    "columns: " + ", ".join(frame.columns), "现有列:" + "、".join(frame.columns)
                ),
            )
