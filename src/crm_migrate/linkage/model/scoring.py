"""Weights of pairs under a model, in whole 1/1024 bits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.blocking.candidates import Candidates
from crm_migrate.linkage.comparing.comparison import NULL, OPEN, exact_levels, leading, open_levels
from crm_migrate.linkage.features.coded import Indices, Mask
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.model.frozen import FEW, Frozen, known_counts
from crm_migrate.linkage.model.model import (
    FRACTION,
    ComparisonModel,
    LevelModel,
    Model,
    fixed,
    weight_of,
)
from crm_migrate.linkage.model.training import Parameters
from crm_migrate.linkage.rules.types import DIFFERS, Comparison, LinkageRules
from crm_migrate.linkage.rules.types import MISSING as MISSING_WORDS

Weights = npt.NDArray[np.int64]

FREQUENCY_LIMITS = (-8 * FRACTION, 4 * FRACTION)
"""What the frequency of a value may take from or add to the weight of agreeing on it."""
CHUNK = 1_000_000


@dataclass(frozen=True)
class Scored:
    """Pairs that reach the cut: record indices, weight, and one column of levels each."""

    left: Indices
    right: Indices
    weight: Weights
    levels: npt.NDArray[np.uint8]
    certain: Mask
    compared: int = 0
    """Pairs that were looked at."""


def build_model(
    parameters: Parameters,
    rules: LinkageRules,
    features: Features,
    stop_list: tuple[tuple[str, str], ...],
) -> Model:
    """The frozen model: weights in fixed point, and how frequency of values is weighed."""
    comparisons = []
    for comparison, m, u in zip(rules.comparisons, parameters.m, parameters.u, strict=True):
        words = [MISSING_WORDS, *(level.words for level in comparison.levels), DIFFERS]
        levels = tuple(
            LevelModel(w, round(float(mi), 9), float(f"{ui:.6g}"), fixed(mi, ui) if i else 0)
            for i, (w, mi, ui) in enumerate(zip(words, m, u, strict=True))
        )
        typical = tuple(
            typical_count(features, level.same) if level.frequency else 0.0
            for level in comparison.levels
        )
        comparisons.append(ComparisonModel(comparison.name, levels, typical))
    return Model(
        entity=rules.entity,
        engine="native",
        prior=weight_of(parameters.prior),
        comparisons=tuple(comparisons),
        certain=rules.certain,
        stop_list=stop_list,
    )


def typical_count(features: Features, same: tuple[str, ...]) -> float:
    """How often the value occurs on which a random agreeing pair agrees."""
    counts = features[same[0]].counts().astype(np.float64)
    pairs = counts * (counts - 1)
    return round(float((pairs * counts).sum() / pairs.sum()), 3) if pairs.sum() else 2.0


def frequency_weights(
    features: Features, comparison: Comparison, model: ComparisonModel, counts: pl.DataFrame
) -> dict[int, Weights]:
    """Level number → correction per value code of the level's first feature."""
    tables = {}
    for number, (level, typical) in enumerate(
        zip(comparison.levels, model.typical, strict=True), start=1
    ):
        if typical:
            often = known_counts(features[level.same[0]], level.same[0], counts)
            bits = np.log2(typical / np.maximum(often, FEW)) * FRACTION
            tables[number] = np.clip(np.rint(bits), *FREQUENCY_LIMITS).astype(np.int64)
    return tables


class Scorer:
    """Scores pairs chunk by chunk; a pair is dropped when not even the best outcome of what was
    not looked at yet could bring it to the cut.
    """

    def __init__(self, features: Features, rules: LinkageRules, frozen: Frozen) -> None:
        self.features, self.rules, self.model = features, rules, frozen.model
        model = frozen.model
        self.cut = weight_of(rules.review)
        self.frequencies = [
            frequency_weights(features, c, m, frozen.counts)
            for c, m in zip(rules.comparisons, model.comparisons, strict=True)
        ]
        self.best, self.best_open = [], []
        for comparison, learnt, tables in zip(
            rules.comparisons, model.comparisons, self.frequencies, strict=True
        ):
            reach = [
                level.weight + int(tables[i].max(initial=0)) if i in tables else level.weight
                for i, level in enumerate(learnt.levels)
            ]
            self.best.append(max(reach))
            self.best_open.append(max(reach[leading(comparison) + 1 :]))

    def score(
        self,
        pairs: Candidates,
        threads: int = 2,
        chunk: int = CHUNK,
        tell: Callable[[int, int], None] = lambda done, total: None,
    ) -> Scored:
        """All pairs that reach the review cut or agree on something certain; pairs are made,
        scored and forgotten chunk by chunk. `tell` hears of each: chunks done, chunks in all.
        """
        ranges, parts = pairs.parts(chunk), []
        with ThreadPoolExecutor(threads) as pool:  # results keep the order of the chunks
            for part in pool.map(lambda r: self.score_pairs(*pairs.between(*r)), ranges):
                parts.append(part)
                tell(len(parts), len(ranges))
        return Scored(
            np.concatenate([p.left for p in parts]),
            np.concatenate([p.right for p in parts]),
            np.concatenate([p.weight for p in parts]),
            np.concatenate([p.levels for p in parts]),
            np.concatenate([p.certain for p in parts]),
            sum(p.compared for p in parts),
        )

    def score_pairs(self, left: Indices, right: Indices) -> Scored:
        """First what integers decide, then strings, short ones first.

        `reach` is the weight with the best outcome of all that is open; once nothing is, it is
        the weight.
        """
        compared = len(left)
        certain = agree_on_any(self.features, self.rules.certain, left, right)
        reach = np.full(len(left), self.model.prior + sum(self.best), dtype=np.int64)
        levels = np.zeros((len(left), len(self.rules.comparisons)), dtype=np.uint8)
        for i, comparison in enumerate(self.rules.comparisons):
            found = exact_levels(comparison, self.features, left, right)
            levels[:, i] = found
            reach += self._weights(i, comparison, found, left) - self.best[i]
            alive = np.flatnonzero((reach >= self.cut) | certain)
            if len(alive) < len(left):
                left, right, certain = left[alive], right[alive], certain[alive]
                reach, levels = reach[alive], levels[alive]
        for i in self.cheap_first:
            comparison = self.rules.comparisons[i]
            rows = np.flatnonzero(levels[:, i] == OPEN)
            if not len(rows):
                continue
            found = open_levels(comparison, self.features, left[rows], right[rows])
            levels[rows, i] = found
            reach[rows] += self._weights(i, comparison, found, left[rows]) - self.best_open[i]
            alive = np.flatnonzero((reach >= self.cut) | certain)
            if len(alive) < len(left):
                left, right, certain = left[alive], right[alive], certain[alive]
                reach, levels = reach[alive], levels[alive]
        return Scored(left, right, reach, levels, certain, compared)

    @cached_property
    def cheap_first(self) -> list[int]:
        """The comparisons with strings, those of short values first."""

        def cost(i: int) -> tuple[float, int]:
            fuzzy = {x.similar for x in self.rules.comparisons[i].levels if x.similar}
            sizes = [self.features[name].signature.length for name in sorted(fuzzy)]
            return sum(float(s.mean()) if len(s) else 0.0 for s in sizes), i

        some = range(len(self.rules.comparisons))
        with_strings = [i for i in some if any(x.similar for x in self.rules.comparisons[i].levels)]
        return sorted(with_strings, key=cost)

    def _weights(
        self, i: int, comparison: Comparison, found: npt.NDArray[np.uint8], rows: Indices
    ) -> Weights:
        """Weights of levels; the best outcome where a level is OPEN."""
        table = np.full(256, self.best_open[i], dtype=np.int64)
        learnt = [level.weight for level in self.model.comparisons[i].levels]
        table[: len(learnt)] = learnt
        weights: Weights = table[found]
        for number, corrections in self.frequencies[i].items():
            at = np.flatnonzero(found == number)
            codes = self.features[comparison.levels[number - 1].same[0]].codes
            weights[at] += corrections[codes[rows[at]]]
        return weights


def agree_on_any(
    features: Features, tuples: tuple[tuple[str, ...], ...], left: Indices, right: Indices
) -> Mask:
    """Per pair, whether all features of at least one of the tuples agree."""
    result: Mask = np.zeros(len(left), dtype=np.bool_)
    for names in tuples:
        agree: Mask = np.ones(len(left), dtype=np.bool_)
        for name in names:
            agree &= features[name].same(left, right)
        result |= agree
    return result


def agreeing(scored: Scored, model: Model) -> npt.NDArray[np.int64]:
    """Per pair, the number of comparisons that speak for a match."""
    count = np.zeros(len(scored.left), dtype=np.int64)
    for i, comparison in enumerate(model.comparisons):
        speaks = np.array([j != NULL and x.weight > 0 for j, x in enumerate(comparison.levels)])
        count += speaks[scored.levels[:, i]]
    return count


def probabilities(weight: Weights) -> npt.NDArray[np.float64]:
    """Match probability of fixed-point log odds."""
    result: npt.NDArray[np.float64] = 1 / (1 + np.exp2(-weight / FRACTION))
    return result
