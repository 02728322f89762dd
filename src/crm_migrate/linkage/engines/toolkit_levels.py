"""The levels of pairs, found by the toolkit's own indexers and comparisons.

Nothing of the native engine's comparing is used: Exact and String (jellyfish) decide each condition
of a level, and a small truth table makes levels of the conditions. So both engines can be held
against each other, pair by pair and level by level.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import recordlinkage
from recordlinkage.base import BaseCompareFeature, BaseIndexAlgorithm
from recordlinkage.compare import Exact, String
from recordlinkage.index import Block

from crm_migrate.linkage.blocking.blocks import Blocks, expand
from crm_migrate.linkage.features.coded import MISSING, Feature, Indices, Mask
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.rules.types import Level, LinkageRules

_METHODS = {
    "jaro_winkler": "jarowinkler",
    "edit": "levenshtein",
    "typos": "damerau_levenshtein",
}
_ROW = "row"
_ROUNDING = 1e-6


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

    def __init__(self, feature: Feature, label: str) -> None:
        super().__init__(_ROW, _ROW, label=label)
        self.feature = feature

    def _compute_vectorized(self, left: pd.Series, right: pd.Series) -> Any:
        return self.feature.same(left.to_numpy(), right.to_numpy()).astype(np.float64)


class Beginning(BaseCompareFeature):  # type: ignore[misc]
    """Whether one of two texts, of two characters and more, begins the other."""

    def _compute_vectorized(self, left: pd.Series, right: pd.Series) -> Any:
        both = zip(left, right, strict=True)
        return np.array(
            [
                float(
                    isinstance(a, str)
                    and isinstance(b, str)
                    and min(len(a), len(b)) > 1
                    and (a.startswith(b) or b.startswith(a))
                )
                for a, b in both
            ]
        )


def toolkit_pairs(blocks: Blocks, n: int) -> pd.MultiIndex:
    """The pairs of records 0 … n−1 that the blocks bring together: left < right, sorted, each once.

    The toolkit's Block where a record has one key; its union takes (a, b) and (b, a) for two.
    """
    if n < 2:  # the toolkit divides by the number of possible pairs
        return pd.MultiIndex.from_arrays([np.empty(0, np.int64), np.empty(0, np.int64)])
    frame = pd.DataFrame(index=pd.Index(np.arange(n), name="record"))
    indexer = recordlinkage.Index()
    for number, block in enumerate(blocks.by_rule):
        if block.is_set:
            indexer.add(PairIndex(*expand(block)))
            continue
        frame[f"block{number}"] = _with_gaps(block)
        indexer.add(Block(f"block{number}"))
    indexer.add(PairIndex(blocks.chained // n, blocks.chained % n))
    found = indexer.index(frame)
    first, second = (found.get_level_values(i).to_numpy().astype(np.int64) for i in (0, 1))
    packed = np.sort(np.minimum(first, second) * n + np.maximum(first, second))
    packed = packed[np.diff(packed, prepend=-1) > 0]
    return pd.MultiIndex.from_arrays([packed // n, packed % n])


def toolkit_levels(
    pairs: pd.MultiIndex, features: Features, rules: LinkageRules
) -> npt.NDArray[np.uint8]:
    """Per pair and comparison: 0 missing, else the first level that holds, else the last."""
    left, right = (pairs.get_level_values(i).to_numpy().astype(np.int64) for i in (0, 1))
    levels = np.zeros((len(left), len(rules.comparisons)), dtype=np.uint8)
    if not len(left):
        return levels
    vectors = _conditions(features, rules).compute(pairs, _frame(features, rules))
    for i, comparison in enumerate(rules.comparisons):
        present = features[comparison.subject].present()
        found = np.full(len(left), len(comparison.levels) + 1, dtype=np.uint8)
        for number, level in reversed(list(enumerate(comparison.levels, start=1))):
            found[_holds(level, features, vectors, left, right)] = number
        levels[:, i] = np.where(present[left] & present[right], found, 0)
    return levels


def _holds(
    level: Level, features: Features, vectors: pd.DataFrame, left: Indices, right: Indices
) -> Mask:
    holds: Mask = np.ones(len(left), dtype=np.bool_)
    for name in level.same:
        holds &= vectors[_same(name)].to_numpy() == 1
    for name in level.compatible:
        present = features[name].present()
        agrees = vectors[_same(name)].to_numpy() == 1
        holds &= agrees | ~(present[left] & present[right])
    for name in level.unlike:
        present = features[name].present()
        holds &= present[left] & present[right] & (vectors[_same(name)].to_numpy() != 1)
    if level.similar is not None:
        feature = features[level.similar]
        present = feature.present()
        holds &= present[left] & present[right]
        close = vectors[_similar(level)].to_numpy()
        if level.by == "typos":
            lengths = feature.values.str.len_chars().to_numpy().astype(np.int64)
            longest = np.maximum(lengths[feature.codes[left]], lengths[feature.codes[right]])
            holds &= np.rint((1 - close) * longest) <= round(level.at_least)
        else:
            holds &= close >= level.at_least - _ROUNDING
    return holds


def _conditions(features: Features, rules: LinkageRules) -> recordlinkage.Compare:
    """One comparison of the toolkit per condition that any level asks for."""
    compare, known = recordlinkage.Compare(n_jobs=1), set()  # two jobs are slower than one
    for level in (level for c in rules.comparisons for level in c.levels):
        for name in (*level.same, *level.compatible, *level.unlike):
            if _same(name) not in known:
                known.add(_same(name))
                if features[name].is_set:
                    compare.add(SharedValue(features[name], _same(name)))
                else:
                    compare.add(Exact(name, name, missing_value=0, label=_same(name)))
        if level.similar is not None and _similar(level) not in known:
            known.add(_similar(level))
            text, label = _text(level.similar), _similar(level)
            if level.by == "beginning":
                compare.add(Beginning(text, text, label=label))
            else:
                compare.add(String(text, text, method=_METHODS[level.by], label=label))
    return compare


def _frame(features: Features, rules: LinkageRules) -> pd.DataFrame:
    """The toolkit's table: codes and texts of what is compared, and the row number."""
    rows = np.arange(len(features))
    columns: dict[str, Any] = {_ROW: rows}
    for level in (level for c in rules.comparisons for level in c.levels):
        for name in (*level.same, *level.compatible, *level.unlike):
            if not features[name].is_set:
                columns[name] = _with_gaps(features[name])
        if level.similar is not None:
            columns[_text(level.similar)] = features[level.similar].texts(rows)
    return pd.DataFrame(columns, index=pd.Index(rows, name="record"))


def _with_gaps(feature: Feature) -> npt.NDArray[np.float64]:
    codes = feature.codes.astype(np.float64)
    return np.where(codes == MISSING, np.nan, codes)


def _same(name: str) -> str:
    return f"{name}="


def _text(name: str) -> str:
    return f"{name} text"


def _similar(level: Level) -> str:
    return f"{level.similar}~{level.by}"
