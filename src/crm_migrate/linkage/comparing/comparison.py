"""The level of every pair in every comparison: integers first, strings only where needed."""

import numpy as np
import numpy.typing as npt

from crm_migrate.linkage.comparing.closeness import Closeness
from crm_migrate.linkage.features.coded import Indices, Mask
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.rules.types import Comparison, Level

Levels = npt.NDArray[np.uint8]
NULL = 0
OPEN = 255
"""What is left open by the levels that need no string: see `exact_levels`."""


def differs(comparison: Comparison) -> int:
    """The number of the level below all declared ones."""
    return len(comparison.levels) + 1


def leading(comparison: Comparison) -> int:
    """How many levels at the top compare no strings."""
    fuzzy = [i for i, level in enumerate(comparison.levels) if level.similar is not None]
    return fuzzy[0] if fuzzy else len(comparison.levels)


def levels_of(
    comparison: Comparison, features: Features, left: Indices, right: Indices, workers: int = 1
) -> Levels:
    """Per pair: 0 where a side is missing, else the number of the first level that holds."""
    result = exact_levels(comparison, features, left, right)
    rows = np.flatnonzero(result == OPEN)
    if len(rows):
        result[rows] = open_levels(comparison, features, left[rows], right[rows], workers)
    return result


def exact_levels(
    comparison: Comparison, features: Features, left: Indices, right: Indices
) -> Levels:
    """The levels that integers decide; OPEN where a string must be looked at."""
    present = features[comparison.subject].present()
    result = np.zeros(len(left), dtype=np.uint8)
    still = np.flatnonzero(present[left] & present[right])
    top = leading(comparison)
    for number, level in enumerate(comparison.levels[:top], start=1):
        if not len(still):
            break
        holds = _agree(level, features, left[still], right[still])
        result[still[holds]] = number
        still = still[~holds]
    result[still] = differs(comparison) if top == len(comparison.levels) else OPEN
    return result


def open_levels(
    comparison: Comparison, features: Features, left: Indices, right: Indices, workers: int = 1
) -> Levels:
    """The levels of pairs that `exact_levels` left open."""
    top = leading(comparison)
    result = np.full(len(left), differs(comparison), dtype=np.uint8)
    still = np.arange(len(left))
    closeness = Closeness(comparison, features, left, right, workers)
    for number, level in enumerate(comparison.levels[top:], start=top + 1):
        holds = _agree(level, features, left[still], right[still])
        if level.similar is not None:
            some = np.flatnonzero(holds)
            holds[some] = closeness.holds(level, still[some])
        result[still[holds]] = number
        still = still[~holds]
    return result


def _agree(level: Level, features: Features, left: Indices, right: Indices) -> Mask:
    """The conditions of a level that compare no strings."""
    holds: Mask = np.ones(len(left), dtype=np.bool_)
    for name in level.same:
        holds &= features[name].same(left, right)
    for name in level.compatible:
        holds &= ~features[name].different(left, right)
    for name in level.unlike:
        holds &= features[name].different(left, right)
    return holds
