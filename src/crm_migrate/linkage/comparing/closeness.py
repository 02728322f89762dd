"""How close the texts of pairs are; characters are compared, never bytes.

Before any string is fetched, signatures (which characters occur, length, first four characters)
bound the similarity from above: most pairs need nothing more.
"""

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler, Levenshtein

from crm_migrate.linkage.features.coded import (
    MISSING,
    Codes,
    Feature,
    Hashes,
    Indices,
    Mask,
    Signature,
)
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.rules.types import Comparison, Level, Measure

Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-6
"""A similarity of just the limit is enough, whichever way its last bit was rounded."""
_UNKNOWN = np.nan
_SHORTEST = 2
"""Characters of a text that may begin another one: a 字号 has two at least."""


class Closeness:
    """The closeness of given pairs, each computed once for all levels of a comparison.

    Closeness is a similarity of 0–1 or, for `typos`, the number of edits below zero.
    """

    def __init__(
        self,
        comparison: Comparison,
        features: Features,
        left: Indices,
        right: Indices,
        workers: int = 1,
    ) -> None:
        self.features, self.left, self.right, self.workers = features, left, right, workers
        self.lowest: dict[tuple[str, Measure], float] = {}
        for level in comparison.levels:
            if level.similar is not None:
                key = (level.similar, level.by)
                self.lowest[key] = min(self.lowest.get(key, np.inf), limit(level))
        self.known: dict[tuple[str, Measure], Floats] = {}

    def holds(self, level: Level, rows: Indices) -> Mask:
        """For some of the pairs, whether they are as close as the level asks."""
        key = (str(level.similar), level.by)
        if key not in self.known:
            self.known[key] = np.full(len(self.left), _UNKNOWN)
        known = self.known[key]
        new = rows[np.isnan(known[rows])]
        if len(new):
            feature = self.features[key[0]]
            a, b = feature.codes[self.left[new]], feature.codes[self.right[new]]
            if level.by == "grams":
                known[new] = self._grams(key[0], a, b)
            else:
                known[new] = closeness(feature, level.by, self.lowest[key], a, b, self.workers)
        enough: Mask = known[rows] >= limit(level)
        return enough

    def _grams(self, name: str, a: Codes, b: Codes) -> Floats:
        from crm_migrate.linkage.comparing.rarity import (
            cosine,  # scipy, only where a rule asks for it
        )

        result: Floats = np.full(len(a), -np.inf)
        rows = np.flatnonzero((a != MISSING) & (b != MISSING))
        rarity = self.features.rarity[name]
        result[rows] = cosine(self.features[name], rarity, a[rows], b[rows])
        return result


def limit(level: Level) -> float:
    """The closeness that a level asks for."""
    return -float(round(level.at_least)) if level.by == "typos" else level.at_least - _ROUNDING


def closeness(
    feature: Feature, by: Measure, lowest: float, a: Codes, b: Codes, workers: int = 1
) -> Floats:
    """Per pair of value codes; what lies below `lowest`, or is missing, is −∞."""
    result: Floats = np.where((a == b) & (a != MISSING), np.inf, -np.inf)
    rows = np.flatnonzero((a != b) & (a != MISSING) & (b != MISSING))
    if not len(rows):
        return result
    rows = rows[possible(feature.signature, by, lowest, a[rows], b[rows])]
    some, others = feature.values.gather(a[rows]), feature.values.gather(b[rows])
    if by == "beginning":
        result[rows] = np.where(begins(some, others), 1.0, -np.inf)
        return result
    queries, choices = some.to_list(), others.to_list()
    if by == "typos":
        edits = process.cpdist(
            queries,
            choices,
            scorer=OSA.distance,
            score_cutoff=round(-lowest),
            dtype=np.int32,
            workers=workers,
        )
        result[rows] = -edits.astype(np.float64)
        return result
    scorer = (
        JaroWinkler.normalized_similarity
        if by == "jaro_winkler"
        else Levenshtein.normalized_similarity
    )
    result[rows] = process.cpdist(
        queries, choices, scorer=scorer, score_cutoff=lowest, dtype=np.float64, workers=workers
    )
    return result


def begins(some: pl.Series, others: pl.Series) -> Mask:
    """Whether one text of each two, of two characters and more, begins the other one."""
    long = (some.str.len_chars() >= _SHORTEST) & (others.str.len_chars() >= _SHORTEST)
    frame = pl.DataFrame({"a": some, "b": others})
    a, b = pl.col("a"), pl.col("b")
    begun = frame.select(a.str.starts_with(b) | b.str.starts_with(a)).to_series()
    found: Mask = (long & begun).to_numpy()
    return found


def possible(signature: Signature, by: Measure, lowest: float, a: Codes, b: Codes) -> Mask:
    """Whether the signatures leave room for a closeness of `lowest`.

    A character that the other text lacks costs an edit, and matches nothing in Jaro's sense.
    """
    mine, theirs = signature.characters[a], signature.characters[b]
    long, other = signature.length[a].astype(np.float32), signature.length[b].astype(np.float32)
    lacking = np.bitwise_count(mine & ~theirs).astype(np.float32)
    lacked = np.bitwise_count(theirs & ~mine).astype(np.float32)
    fits: Mask
    if by == "jaro_winkler":
        matches = np.minimum(long - lacking, other - lacked)
        jaro = (matches / np.maximum(long, 1) + matches / np.maximum(other, 1) + 1) / 3
        common = _common_prefix(signature.prefix[a], signature.prefix[b])
        fits = (jaro + 0.1 * common * (1 - jaro) >= lowest - 1e-4) & (matches > 0)
        return fits
    if by == "beginning":
        common = _common_prefix(signature.prefix[a], signature.prefix[b])
        fits = common >= np.minimum(np.minimum(long, other), 4)
        return fits
    edits = np.maximum(np.maximum(lacking, lacked), np.abs(long - other))
    if by == "typos":
        fits = edits <= -lowest
    else:
        fits = 1 - edits / np.maximum(np.maximum(long, other), 1) >= lowest - 1e-4
    return fits


def _common_prefix(a: Hashes, b: Hashes) -> npt.NDArray[np.float32]:
    """How many of the first four characters are the same (at least so many)."""
    unlike = a ^ b
    common = np.zeros(len(a), dtype=np.float32)
    for place in range(4):
        common += (unlike & np.uint64((1 << 16 * (place + 1)) - 1)) == 0
    return common
