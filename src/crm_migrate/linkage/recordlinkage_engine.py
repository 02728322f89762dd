"""The Python Record Linkage Toolkit as second engine: a second opinion on the native one.

Its indexers, Compare and ECM classifier, on the same blocks, with the same vetoes, verdicts and
clustering. Limits of the toolkit: one yes/no per comparison instead of levels; a missing value
counts as disagreement; no frequency of values; slow and memory-hungry beyond about 200,000
records. Importing it takes seconds: never at start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import recordlinkage
from recordlinkage.base import BaseCompareFeature, BaseIndexAlgorithm
from recordlinkage.compare import Exact, String
from recordlinkage.index import Block

from crm_migrate.linkage.blocking import Blocks, capped_blocks, expand
from crm_migrate.linkage.clustering import Rivals, cluster
from crm_migrate.linkage.contract import Linkage
from crm_migrate.linkage.decision import decide
from crm_migrate.linkage.features import MISSING, Feature, Features, Indices, build_features
from crm_migrate.linkage.judgements import judgements
from crm_migrate.linkage.model import FRACTION, ComparisonModel, LevelModel, Model, fixed
from crm_migrate.linkage.native_engine import REPORT_KEY, Stopwatch, assemble
from crm_migrate.linkage.rule_types import DIFFERS, Comparison, Level, LinkageRules
from crm_migrate.linkage.rule_types import MISSING as MISSING_WORDS
from crm_migrate.linkage.scoring import Scored, agree_on_any
from crm_migrate.linkage.shared_values import stop_shared_values

ADVISED_RECORDS = 200_000
"""Beyond this the toolkit is no longer a sensible choice (`plan` says so)."""
_FEW_PAIRS = 2
"""ECM cannot be fitted to fewer pairs."""


class PairIndex(BaseIndexAlgorithm):  # type: ignore[misc]
    """Pairs that were found elsewhere (shared values of sets, chains), as a toolkit indexer."""

    def __init__(self, left: Indices, right: Indices) -> None:
        super().__init__()
        self.left, self.right = left, right

    def _dedup_index(self, records: pd.DataFrame) -> pd.MultiIndex:
        labels = records.index.to_numpy()
        return pd.MultiIndex.from_arrays([labels[self.left], labels[self.right]])


class SharedValue(BaseCompareFeature):  # type: ignore[misc]
    """1 where two records share a value of a set feature."""

    def __init__(self, row: str, feature: Feature, label: str) -> None:
        super().__init__(row, row, label=label)
        self.feature = feature

    def _compute_vectorized(self, left: pd.Series, right: pd.Series) -> Any:
        return self.feature.same(left.to_numpy(), right.to_numpy()).astype(np.float64)


@dataclass(frozen=True)
class RecordLinkageEngine:
    """The toolkit behind the engine contract; `key` keys the digests in reports."""

    key: bytes = REPORT_KEY

    def link(
        self, records: pl.DataFrame, rules: LinkageRules, verdicts: pl.DataFrame | None = None
    ) -> Linkage:
        """The linkage of `records` as the toolkit sees it.

        Raises: CrmMigrateError when record ids are missing or repeated.
        """
        watch = Stopwatch()
        with watch.stage("features"):
            stopped = stop_shared_values(build_features(records, rules), rules, self.key)
            features = stopped.features
            binary = replace(rules, comparisons=tuple(map(_binary, rules.comparisons)))
            frame = _frame(features, binary)
        with watch.stage("blocking"):
            blocks = capped_blocks(features, rules, self.key)
            vectors = pd.DataFrame(columns=[c.name for c in binary.comparisons], dtype=float)
            vectors.index = pairs = pd.MultiIndex.from_arrays([[], []])
            if len(features) > 1:  # the toolkit divides by the number of possible pairs
                pairs = _once(_indexer(blocks, frame, len(features)).index(frame))
        with watch.stage("scoring"):
            if len(pairs):
                vectors = _compare(features, binary).compute(pairs, frame)
            scored, model = _classify(vectors, features, binary, stopped.stop_list)
        with watch.stage("clustering"):
            said = judgements(verdicts, features)
            decisions = decide(scored, features, binary, model, said)
            joined = np.flatnonzero(decisions.joined)
            found = cluster(
                features,
                binary,
                scored.left[joined],
                scored.right[joined],
                scored.weight[joined],
                said,
                Rivals(
                    scored.left[decisions.rivals],
                    scored.right[decisions.rivals],
                    decisions.witness[joined],
                ),
            )
        return assemble(
            features,
            binary,
            scored,
            decisions,
            found,
            blocks.capped,
            stopped.report,
            model,
            watch.seconds,
        )


def _binary(comparison: Comparison) -> Comparison:
    """The comparison as one yes/no question: the fuzzy one on its own subject, if it has one."""
    fuzzy = [level for level in comparison.levels if level.similar is not None]
    on_subject = [level for level in fuzzy if level.similar == comparison.subject]
    level = (on_subject or fuzzy or [comparison.levels[0]])[0]
    return Comparison(comparison.name, (replace(level, compatible=(), frequency=False),))


def _frame(features: Features, rules: LinkageRules) -> pd.DataFrame:
    """The toolkit's table: block keys, compared values, and the row number."""
    rows = np.arange(len(features))
    columns: dict[str, Any] = {"row": rows}
    for comparison in rules.comparisons:
        feature = features[comparison.subject]
        if feature.is_set:
            continue
        if comparison.levels[0].similar is None:
            codes = feature.codes.astype(np.float64)
            columns[comparison.name] = np.where(codes == MISSING, np.nan, codes)
        else:
            columns[comparison.name] = feature.texts(rows)
    return pd.DataFrame(columns, index=pd.Index(rows, name="record"))


def _indexer(blocks: Blocks, frame: pd.DataFrame, n: int) -> recordlinkage.Index:
    indexer = recordlinkage.Index()
    for number, block in enumerate(blocks.by_rule):
        if block.is_set:
            indexer.add(PairIndex(*expand(block)))
            continue
        column = f"block{number}"
        codes = block.codes.astype(np.float64)
        frame[column] = np.where(codes == MISSING, np.nan, codes)
        indexer.add(Block(column))
    indexer.add(PairIndex(blocks.chained // max(n, 1), blocks.chained % max(n, 1)))
    return indexer


def _once(pairs: pd.MultiIndex) -> pd.MultiIndex:
    """Each pair once: the toolkit's union takes (a, b) and (b, a) for two."""
    first, second = pairs.get_level_values(0), pairs.get_level_values(1)
    return pd.MultiIndex.from_arrays(
        [np.minimum(first, second), np.maximum(first, second)]
    ).unique()


def _compare(features: Features, rules: LinkageRules) -> recordlinkage.Compare:
    compare = recordlinkage.Compare(n_jobs=1)  # two jobs are slower than one
    for comparison in rules.comparisons:
        feature, name, level = features[comparison.subject], comparison.name, comparison.levels[0]
        if feature.is_set:
            compare.add(SharedValue("row", feature, name))
        elif level.similar is None:
            compare.add(Exact(name, name, missing_value=0, label=name))
        else:
            method = "jarowinkler" if level.by == "jaro_winkler" else "levenshtein"
            threshold = _threshold(level, feature)
            compare.add(String(name, name, method=method, threshold=threshold, label=name))
    return compare


def _threshold(level: Level, feature: Feature) -> float:
    """A number of typos as the toolkit's similarity, at the usual length of the values."""
    if level.by != "typos":
        return level.at_least
    usual = feature.values.str.len_chars().median()
    return max(1 - level.at_least / max(float(usual or 1), 1.0), 0.5)  # type: ignore[arg-type]


def _classify(
    vectors: pd.DataFrame,
    features: Features,
    rules: LinkageRules,
    stop_list: tuple[tuple[str, str], ...],
) -> tuple[Scored, Model]:
    """Probabilities by the toolkit's ECM, as weights and levels of the common contract."""
    first = vectors.index.get_level_values(0).to_numpy().astype(np.int64)
    second = vectors.index.get_level_values(1).to_numpy().astype(np.int64)
    left, right = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((right, left))
    left, right, vectors = left[order], right[order], vectors.iloc[order]
    names = [c.name for c in rules.comparisons]
    varied = [n for n in names if vectors[n].nunique() > 1]  # ECM fails on constant columns
    shares: dict[str, tuple[float, float]] = {}
    probability = np.zeros(len(vectors))
    prior = 0.5
    if len(vectors) >= _FEW_PAIRS and varied:
        ecm = recordlinkage.ECMClassifier(atol=1e-4)
        ecm.fit(vectors[varied])
        probability = np.nan_to_num(np.asarray(ecm.prob(vectors[varied]), dtype=np.float64))
        prior = float(ecm.p)
        shares = {n: (_clip(ecm.m_probs[n][1]), _clip(ecm.u_probs[n][1])) for n in varied}
    certain = agree_on_any(features, rules.certain, left, right)
    probability = np.clip(probability, 1e-9, 1 - 1e-9)
    weight = np.rint(np.log2(probability / (1 - probability)) * FRACTION).astype(np.int64)
    levels = np.zeros((len(left), len(names)), dtype=np.uint8)
    for i, comparison in enumerate(rules.comparisons):
        present = features[comparison.subject].present()
        agrees = vectors[comparison.name].to_numpy() >= 1
        levels[:, i] = np.where(agrees, 1, 2) * (present[left] & present[right])
    return Scored(left, right, weight, levels, certain), _model(rules, shares, prior, stop_list)


def _clip(share: float) -> float:
    return min(max(float(share), 1e-6), 1 - 1e-6)


def _model(
    rules: LinkageRules,
    shares: dict[str, tuple[float, float]],
    prior: float,
    stop_list: Sequence[tuple[str, str]],
) -> Model:
    comparisons = []
    for comparison in rules.comparisons:
        m, u = shares.get(comparison.name, (0.5, 0.5))
        levels = (
            LevelModel(MISSING_WORDS, 1.0, 1.0, 0),
            LevelModel(comparison.levels[0].words, m, u, fixed(m, u)),
            LevelModel(DIFFERS, 1 - m, 1 - u, fixed(1 - m, 1 - u)),
        )
        comparisons.append(ComparisonModel(comparison.name, levels, (0.0,)))
    odds = fixed(_clip(prior), 1 - _clip(prior))
    return Model(
        rules.entity, "recordlinkage", odds, tuple(comparisons), rules.certain, tuple(stop_list)
    )
