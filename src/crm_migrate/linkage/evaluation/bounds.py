"""Precision and recall with bounds, from verdicts on a stratified sample (`sample`)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from crm_migrate.linkage.evaluation.sample import Stratum, allocate

Floats = npt.NDArray[np.float64]

_MOST = 100_000


_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with the bounds that hold it with the confidence (two-sided)."""

    value: float | None
    low: float
    high: float


def precision(strata: Sequence[Stratum], confidence: float = 0.95) -> Estimate:
    """The share of joined pairs that are truly the same, from the verdicts on them."""
    joined = [s for s in strata if s.joined]
    low, high = bounds(joined, (1 - confidence) / 2)
    return Estimate(_share(joined), low, high)


def recall(strata: Sequence[Stratum], confidence: float = 0.95) -> Estimate:
    """Of the truly same pairs that linkage scored, the share that it joined.

    Same pairs that blocking never brought together, or that weighed too little to be kept, are not
    in it (only a truth column shows them). Joined and missed pairs are bounded each with half of
    the error (Bonferroni), so the bounds are on the safe side.
    """
    joined = [s for s in strata if s.joined]
    apart = [s for s in strata if not s.joined]
    most, rest = sum(s.pairs for s in joined), sum(s.pairs for s in apart)
    alpha = (1 - confidence) / 4
    (low, high), (few, many) = bounds(joined, alpha), bounds(apart, alpha)
    right, missed = _share(joined), _share(apart) if rest else 0.0
    value = None if right is None or missed is None else _part(most * right, rest * missed)
    few, many = (few, many) if rest else (0.0, 0.0)
    return Estimate(value, _part(most * low, rest * many), _part(most * high, rest * few))


def lower_bound(strata: Sequence[Stratum], confidence: float) -> float:
    """The precision that the joined pairs have at least, with this (one-sided) confidence."""
    return bounds([s for s in strata if s.joined], 1 - confidence)[0]


def verdicts_missing(strata: Sequence[Stratum], at_least: float, confidence: float) -> int | None:
    """How many more verdicts the bound needs if they all say `same`; 0: none; None: no number can.

    An error among them asks for more.
    """
    joined = [s for s in strata if s.joined]

    def reached(total: int) -> tuple[bool, int]:
        wanted = allocate(joined, total)
        fuller = [_as_if(s, max(s.asked, wanted[s.number])) for s in joined]
        more = sum(s.asked for s in fuller) - sum(s.asked for s in joined)
        return lower_bound(fuller, confidence) >= at_least, more

    if lower_bound(joined, confidence) >= at_least:
        return 0
    high = 1
    most = min(sum(s.pairs for s in joined), _MOST)
    while high < most and not reached(high)[0]:
        high *= 2
    if not reached(min(high, most))[0]:
        return None
    low, high = high // 2, min(high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle)[0] else (middle, high)
    return reached(high)[1]


def least_verdicts(at_least: float, confidence: float) -> int:
    """Fewer verdicts than this never suffice: n without an error, (at_least)ⁿ ≤ 1 − confidence."""
    if at_least >= 1:
        return _MOST
    return math.ceil(math.log(1 - confidence) / math.log(max(at_least, 1e-9)))


def bounds(strata: Sequence[Stratum], alpha: float) -> tuple[float, float]:
    """Bounds of the share of `same` over all strata, each with the one-sided error `alpha`.

    The outer ones of two, because the first is a little too bold where no error was found:
    - Yan & Su (2010), “Stratified Wilson and Newcombe Confidence Intervals for Multiple Binomial
      Proportions”, Statistics in Biopharmaceutical Research 2(3): Wilson's bounds of the strata,
      weighted by their sizes W, at the quantile z·√(Σ W²v) / Σ W√v; v is Agresti and Coull's
      variance, which is not 0 where no error was found;
    - Clopper & Pearson's exact bounds (1934) for the weighted share at Kish's effective number of
      verdicts 1 / Σ(W²/n) (as Korn & Graubard 1998, Survey Methodology 24).
    Sampling without replacement: n counts as n(N−1)/(N−n), so a census is certain. A stratum
    without a verdict may hold anything.
    """
    total = sum(s.pairs for s in strata)
    if not total:
        return 1.0, 1.0
    open_, certain = [], 0.0
    for s in strata:
        if s.asked >= s.pairs:
            certain += s.same / total
        else:
            open_.append(s)
    if not open_:
        return certain, certain
    weight = np.array([s.pairs / total for s in open_])
    n = np.array([s.asked * (s.pairs - 1) / (s.pairs - s.asked) for s in open_])
    share = np.array([s.same / s.asked if s.asked else 0.5 for s in open_])
    wilson, exact = _yan_su(weight, n, share, alpha), _effective(weight, n, share, alpha)
    low, high = min(wilson[0], exact[0]), max(wilson[1], exact[1])
    return max(certain + low, 0.0), min(certain + high, 1.0)


def _yan_su(weight: Floats, n: Floats, share: Floats, alpha: float) -> tuple[float, float]:
    z = _normal_quantile(alpha)
    variance = (n * share + z * z / 2) / (n + z * z)
    variance = variance * (1 - variance) / (n + z * z)
    relaxed = z * math.sqrt(float((weight**2 * variance).sum()))
    relaxed /= float((weight * np.sqrt(variance)).sum())
    square = relaxed * relaxed
    centre = (n * share + square / 2) / (n + square)
    half = relaxed / (n + square) * np.sqrt(n * share * (1 - share) + square / 4)
    return float((weight * (centre - half)).sum()), float((weight * (centre + half)).sum())


def _effective(weight: Floats, n: Floats, share: Floats, alpha: float) -> tuple[float, float]:
    from scipy.stats import beta

    heard = n > 0
    part = float(weight[heard].sum())
    if not part:
        return 0.0, float(weight.sum())
    inner = weight[heard] / part
    number = 1 / float((inner**2 / n[heard]).sum())
    right = number * float((inner * share[heard]).sum())
    wrong = number - right
    low = float(beta.ppf(alpha, right, wrong + 1)) if right > 0 else 0.0
    high = float(beta.isf(alpha, right + 1, wrong)) if wrong > _NOTHING else 1.0
    return part * low, part * high + float(weight[~heard].sum())


@cache
def _normal_quantile(alpha: float) -> float:
    from scipy.stats import norm

    return float(norm.isf(alpha))


def _as_if(s: Stratum, asked: int) -> Stratum:
    return replace(s, asked=asked, same=s.same + asked - s.asked)


def _share(strata: Sequence[Stratum]) -> float | None:
    """The weighted share of `same`; None while a stratum has no verdict."""
    total = sum(s.pairs for s in strata)
    if not total or any(not s.asked for s in strata):
        return None
    return sum(s.pairs * s.same / s.asked for s in strata) / total


def _part(one: float, other: float) -> float:
    return one / (one + other) if one + other else 1.0
