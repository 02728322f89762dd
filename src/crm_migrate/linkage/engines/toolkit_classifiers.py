"""The toolkit's classifiers on levels: ECM without verdicts, logistic regression with them.

ECM takes each level as a category of its own, `missing` included, and starts from the pairs that
agree in two things (the toolkit's own start knows only yes and no). What it has learnt about
*missing* is not used: whether a field is filled says more about the department than about the
customer. So the weights of the other levels are taken among pairs that have the field, and missing
weighs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import recordlinkage
from recordlinkage.algorithms.nb_sklearn import ECM

from crm_migrate.linkage.deciding.judgements import Judgements
from crm_migrate.linkage.features.coded import Indices
from crm_migrate.linkage.features.hashing import mix
from crm_migrate.linkage.model.model import (
    FRACTION,
    ComparisonModel,
    LevelModel,
    Model,
    fixed,
    weight_of,
)
from crm_migrate.linkage.rules.types import DIFFERS, LinkageRules
from crm_migrate.linkage.rules.types import MISSING as MISSING_WORDS

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.uint8]

LEAST_VERDICTS = 10
"""Of each answer, on pairs at hand: with fewer, ECM decides alone."""
SURE_PAIRS = 400
"""Pairs of each kind of which ECM is sure that stand beside the verdicts (see `supervised`)."""
_SURE = 0.999
_FEW_PAIRS = 2
_AGREEING = 2
_OTHERS = 4
"""Pairs that agree in less, per likely pair, from which ECM learns."""
_LEAST_OTHERS = 2_000
_ROUNDS = 30
_FLOOR = np.log(1e-9)


@dataclass(frozen=True)
class Learnt:
    """Per comparison m, u and weight (whole 1/1024 bits) of each level, 0 being missing."""

    m: list[Floats]
    u: list[Floats]
    weights: list[npt.NDArray[np.int64]]
    prior: int
    method: str

    def score(self, levels: Levels) -> npt.NDArray[np.int64]:
        """The fixed-point log odds of each pair."""
        total = np.full(len(levels), self.prior, dtype=np.int64)
        for i, table in enumerate(self.weights):
            total += table[levels[:, i]]
        return total


class LevelECM(ECM):  # type: ignore[misc]
    """The toolkit's ECM over categories, with starting values that are handed in."""

    def __init__(self, starts: Sequence[dict[int, tuple[float, float]]], share: float) -> None:
        super().__init__(init="jaro", binarize=None, max_iter=500, atol=1e-6)
        self.starts, self.share = starts, share

    @property
    def feature_log_prob_(self) -> Floats:
        """Logarithms of m and u; never minus infinity, of which the toolkit makes not-a-numbers."""
        return self._log_prob

    @feature_log_prob_.setter
    def feature_log_prob_(self, value: Floats) -> None:
        self._log_prob = np.nan_to_num(np.maximum(value, _FLOOR), nan=_FLOOR)

    def _init_parameters_jaro(self, X_bin: Floats) -> tuple[Floats, Floats]:  # noqa: N803
        columns = zip(self._binarizers, self.starts, strict=True)
        pairs = [start[int(label)] for binarizer, start in columns for label in binarizer.classes_]
        shares = np.array(pairs).T  # m, u; the toolkit's first class is "no match"
        return np.log([1 - self.share, self.share]), np.log(shares[::-1])


def learn(
    levels: Levels, pairs: tuple[Indices, Indices], n: int, rules: LinkageRules, said: Judgements
) -> Learnt:
    """Weights from the pairs' levels; with enough verdicts on them, by supervision.

    pairs: record indices left < right, as many as `levels` has rows, of `n` records.
    """
    learnt = unsupervised(levels, rules)
    packed = pairs[0] * n + pairs[1]
    same, different = (
        np.flatnonzero(np.isin(packed, a * n + b)) for a, b in (said.must, said.cannot)
    )
    if min(len(same), len(different)) < LEAST_VERDICTS:
        return learnt
    return supervised(levels, packed, learnt, same, different)


def unsupervised(levels: Levels, rules: LinkageRules) -> Learnt:
    """The toolkit's ECM classifier over levels."""
    widths = [len(c.levels) + 2 for c in rules.comparisons]
    varied = [i for i in range(len(widths)) if len(levels) and np.ptp(levels[:, i])]
    m, u = [np.full(w, 0.5) for w in widths], [np.full(w, 0.5) for w in widths]
    if len(levels) < _FEW_PAIRS or not varied:
        return Learnt(m, u, [np.zeros(w, np.int64) for w in widths], 0, "ecm")
    likely = (levels == 1).sum(axis=1) >= _AGREEING
    chosen = _balanced(levels, likely)
    classifier = recordlinkage.ECMClassifier()
    share = (float(likely[chosen].sum()) + 1) / (len(chosen) + 2)
    starts = [_starts(levels[:, i], likely, widths[i]) for i in varied]
    classifier.kernel = LevelECM(starts, share)
    frame = pd.DataFrame({rules.comparisons[i].name: levels[chosen, i].astype(int) for i in varied})
    with np.errstate(divide="ignore", over="ignore"):
        classifier.fit(frame)
    found_m, found_u = classifier.m_probs, classifier.u_probs
    for i in varied:
        name = rules.comparisons[i].name
        for table, found in ((m[i], found_m[name]), (u[i], found_u[name])):
            table[:] = [found.get(level, 0.0) for level in range(len(table))]
            present = table[1:]
            table[1:] = present / present.sum() if present.sum() else 1 / len(present)
    weights = [_weights(a, b) for a, b in zip(m, u, strict=True)]
    return Learnt(m, u, weights, _prior(levels, weights, float(classifier.p)), "ecm")


def supervised(
    levels: Levels, packed: Indices, before: Learnt, same: Indices, different: Indices
) -> Learnt:
    """The toolkit's logistic regression, trained on verdicts (rows `same` and `different`).

    People are mostly asked about doubtful pairs, which alone would teach nothing about plain ones.
    So up to SURE_PAIRS pairs of each kind of which ECM is sure stand beside the verdicts, taken in
    the order of a hash. A level is a column of zeros and ones; missing is no column at all.
    """
    probability = 1 / (1 + np.exp2(-before.score(levels) / FRACTION))
    known = np.union1d(same, different)
    yes = _sure(probability >= _SURE, packed, known)
    no = _sure(probability <= 1 - _SURE, packed, known)
    rows = np.concatenate([same, yes, different, no])
    columns = _columns(levels, [len(t) for t in before.weights])
    frame = pd.DataFrame(columns[rows], index=pd.MultiIndex.from_arrays([rows, rows]))
    classifier = recordlinkage.LogisticRegressionClassifier(max_iter=1000)
    matches = np.concatenate([same, yes])
    classifier.fit(frame, pd.MultiIndex.from_arrays([matches, matches]))
    bits = np.rint(np.asarray(classifier.coefficients) / np.log(2) * FRACTION).astype(np.int64)
    cuts = np.cumsum([len(t) - 1 for t in before.weights])[:-1]
    weights = [np.concatenate([[0], part]).astype(np.int64) for part in np.split(bits, cuts)]
    intercept = float(np.ravel(classifier.intercept)[0])
    prior = round(intercept / np.log(2) * FRACTION)
    after = Learnt(before.m, before.u, weights, prior, "logistic regression")
    shares = 1 / (1 + np.exp2(-after.score(levels) / FRACTION))
    m = [_met(levels[:, i], shares, len(t)) for i, t in enumerate(weights)]
    u = [_met(levels[:, i], 1 - shares, len(t)) for i, t in enumerate(weights)]
    return Learnt(m, u, weights, prior, after.method)


def frozen(learnt: Learnt, rules: LinkageRules, stop_list: Sequence[tuple[str, str]]) -> Model:
    """What was learnt in the form that both engines share."""
    comparisons = []
    for i, comparison in enumerate(rules.comparisons):
        words = [MISSING_WORDS, *(level.words for level in comparison.levels), DIFFERS]
        shares = zip(words, learnt.m[i], learnt.u[i], learnt.weights[i], strict=True)
        levels = tuple(
            LevelModel(
                w, round(float(m), 9) if j else 1.0, round(float(u), 9) if j else 1.0, int(x)
            )
            for j, (w, m, u, x) in enumerate(shares)
        )
        comparisons.append(
            ComparisonModel(comparison.name, levels, (0.0,) * len(comparison.levels))
        )
    return Model(
        rules.entity,
        "recordlinkage",
        learnt.prior,
        tuple(comparisons),
        rules.certain,
        tuple(stop_list),
    )


def _balanced(levels: Levels, likely: npt.NDArray[np.bool_]) -> Indices:
    """Rows for ECM: all likely pairs, and not many more of the others, by a hash of their place.

    Rows stand in the order of record ids, so the choice depends on nothing else.
    """
    others = np.flatnonzero(~likely)
    order = np.argsort(mix(others.astype(np.uint64)), kind="stable")
    most = max(_OTHERS * int(likely.sum()), _LEAST_OTHERS)
    return np.sort(np.concatenate([np.flatnonzero(likely), others[order[:most]]]))


def _prior(levels: Levels, weights: list[npt.NDArray[np.int64]], share: float) -> int:
    """The log odds of a match among all pairs, at its fixed point under the weights."""
    bits = Learnt([], [], weights, 0, "").score(levels)
    for _ in range(_ROUNDS):
        matches = 1 / (1 + np.exp2(-(bits + weight_of(share)) / FRACTION))
        share = (float(matches.sum()) + 0.5) / (len(levels) + 1)
    return weight_of(share)


def _starts(
    column: Levels, likely: npt.NDArray[np.bool_], width: int
) -> dict[int, tuple[float, float]]:
    """Level → (m, u) to begin with: as met among likely pairs, and among the others.

    The most likely end of ECM is not always the wanted one: where matches are few among the pairs
    of blocks, two kinds of other pairs explain more. Begun here, it ends at the wanted one.
    """
    tables = [np.bincount(column[of], minlength=width) + 0.5 for of in (likely, ~likely)]
    m, u = (table / table.sum() for table in tables)
    return {level: (float(m[level]), float(u[level])) for level in range(width)}


def _weights(m: Floats, u: Floats) -> npt.NDArray[np.int64]:
    pairs = zip(np.clip(m, 1e-6, 1).tolist(), np.clip(u, 1e-6, 1).tolist(), strict=True)
    return np.array([fixed(a, b) if j else 0 for j, (a, b) in enumerate(pairs)], dtype=np.int64)


def _columns(levels: Levels, widths: list[int]) -> Floats:
    """One column per level but missing."""
    parts = [
        (levels[:, i, None] == np.arange(1, width)[None, :]).astype(np.float64)
        for i, width in enumerate(widths)
    ]
    return np.concatenate(parts, axis=1)


def _sure(chosen: npt.NDArray[np.bool_], packed: Indices, known: Indices) -> Indices:
    rows = np.setdiff1d(np.flatnonzero(chosen), known)
    return rows[np.argsort(mix(packed[rows].astype(np.uint64)), kind="stable")[:SURE_PAIRS]]


def _met(column: Levels, shares: Floats, width: int) -> Floats:
    """The share of each level among pairs that have the field, weighted."""
    table: Floats = np.bincount(column, weights=shares, minlength=width).astype(np.float64)
    table[1:] /= max(table[1:].sum(), 1e-12)
    return table
