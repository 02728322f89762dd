"""The level of every pair in every comparison: integers first, strings only where needed."""

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler, Levenshtein

from crm_migrate.linkage.features import MISSING, Features, Indices, Mask
from crm_migrate.linkage.rule_types import Comparison, Level

Levels = npt.NDArray[np.uint8]
NULL = 0
_ROUNDING = 1e-6
"""A similarity of just the limit is enough, whichever way its last bit was rounded."""


def differs(comparison: Comparison) -> int:
    """The number of the level below all declared ones."""
    return len(comparison.levels) + 1


def levels_of(
    comparison: Comparison, features: Features, left: Indices, right: Indices, workers: int = 1
) -> Levels:
    """Per pair: 0 where a side is missing, else the number of the first level that holds."""
    present = features[comparison.subject].present()
    result = np.zeros(len(left), dtype=np.uint8)
    still = np.flatnonzero(present[left] & present[right])
    for number, level in enumerate(comparison.levels, start=1):
        holds = _holds(level, features, left[still], right[still], workers)
        result[still[holds]] = number
        still = still[~holds]
    result[still] = differs(comparison)
    return result


def _holds(level: Level, features: Features, left: Indices, right: Indices, workers: int) -> Mask:
    holds: Mask = np.ones(len(left), dtype=np.bool_)
    for name in level.same:
        holds &= features[name].same(left, right)
    for name in level.compatible:
        holds &= ~features[name].different(left, right)
    for name in level.unlike:
        holds &= features[name].different(left, right)
    if level.similar is not None:
        still = np.flatnonzero(holds)
        holds[still] = similar(level, features, left[still], right[still], workers)
    return holds


def similar(
    level: Level, features: Features, left: Indices, right: Indices, workers: int = 1
) -> Mask:
    """Per pair, whether the texts are close enough; characters are compared, never bytes."""
    feature = features[str(level.similar)]
    a, b = feature.codes[left], feature.codes[right]
    both = (a != MISSING) & (b != MISSING)
    result: Mask = both & (a == b)
    rows = np.flatnonzero(both & (a != b))
    if not len(rows):
        return result
    queries = feature.texts(left[rows])
    choices = feature.texts(right[rows])
    if level.by == "typos":
        limit = round(level.at_least)
        edits = process.cpdist(
            queries,
            choices,
            scorer=OSA.distance,
            score_cutoff=limit,
            dtype=np.int32,
            workers=workers,
        )
        result[rows] = edits <= limit
        return result
    scorer = (
        JaroWinkler.normalized_similarity
        if level.by == "jaro_winkler"
        else Levenshtein.normalized_similarity
    )
    scores = process.cpdist(
        queries,
        choices,
        scorer=scorer,
        score_cutoff=level.at_least - _ROUNDING,
        dtype=np.float64,
        workers=workers,
    )
    result[rows] = scores >= level.at_least - _ROUNDING
    return result
