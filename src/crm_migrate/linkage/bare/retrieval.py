"""The most similar texts of a long list: TF-IDF over character n-grams, rare grams first.

Each query looks up its rarest grams, until the rows they lead to reach a budget; the best of
these rows are compared by all their grams (cosine). What is frequent in the list (有限公司) so
costs nothing and counts for little. The result depends on no order but that of equal scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.features.grams import WIDTH, gram_matrix

if TYPE_CHECKING:  # takes long to import, and only some commands need it
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

BUDGET = 6_000
"""Rows of the list that the grams of one query may lead to."""
CHUNK = 1_000
PAIRS = 200_000
NEAR_BEST = 0.45
"""Share of the best sum of rare grams below which a row is not looked at closer."""


@dataclass(frozen=True)
class Found:
    """Pairs of rows, `left` in the queries and `right` in the list, by left and falling score."""

    left: Indices
    right: Indices
    score: Floats


class TextIndex:
    """A list of texts that can be asked for the most similar ones."""

    def __init__(self, texts: pl.Series, queries: pl.Series) -> None:
        """`queries` are all that will be asked: grams of the list that none has are left out."""
        listed, asked = gram_matrix(texts), gram_matrix(queries)
        counts = np.bincount(listed.indices, minlength=WIDTH)
        rarity = np.log1p(listed.shape[0] / np.maximum(counts, 1)).astype(np.float32)
        self.listed = _weighted(listed, rarity, np.bincount(asked.indices, minlength=WIDTH) > 0)
        self.asked = _weighted(asked, rarity, np.ones(WIDTH, dtype=np.bool_))
        self.postings = self.listed.T.tocsr()
        self.counts = counts

    def best(self, top: int) -> Found:
        """Up to `top` rows of the list for each query, the most similar first."""
        rare = _rarest(self.asked, self.counts)
        parts = [
            _candidates(rare[at : at + CHUNK] @ self.postings, at, 4 * top + 10)
            for at in range(0, rare.shape[0], CHUNK)
        ]
        left = np.concatenate([p[0] for p in parts]) if parts else np.empty(0, dtype=np.int64)
        right = np.concatenate([p[1] for p in parts]) if parts else np.empty(0, dtype=np.int64)
        return ranked(left, right, self.scores(left, right), top)

    def scores(self, left: Indices, right: Indices) -> Floats:
        """Mean of the cosine and of the share of the query that is in the row, 0–1.

        The share keeps a short name near the long one that contains it.
        """
        result = np.empty(len(left), dtype=np.float32)
        for at in range(0, len(left), PAIRS):
            a, b = self.asked[left[at : at + PAIRS]], self.listed[right[at : at + PAIRS]]
            cosine = np.asarray(a.multiply(b).sum(axis=1)).ravel()
            b.data[:] = 1.0
            share = np.asarray(a.multiply(a).multiply(b).sum(axis=1)).ravel()
            result[at : at + PAIRS] = (cosine + share) / 2
        return np.minimum(result, np.float32(1.0))


def ranked(left: Indices, right: Indices, score: Floats, top: int) -> Found:
    """The first `top` per left row, by falling score (rounded, so that ties are ties) and row."""
    rounded = np.round(score, 4)
    order = np.lexsort((right, -rounded, left))
    left, right, rounded = left[order], right[order], rounded[order]
    place = np.arange(len(left)) - np.searchsorted(left, left, side="left")
    keep = place < top
    return Found(left[keep], right[keep], rounded[keep].astype(np.float32))


def _weighted(matrix: csr_matrix, rarity: Floats, wanted: npt.NDArray[np.bool_]) -> csr_matrix:
    """Rows of unit length, weighted by rarity, without the grams that are not wanted."""
    from scipy.sparse import csr_matrix

    data = rarity[matrix.indices]
    height = matrix.shape[0]
    rows = np.repeat(np.arange(height), np.diff(matrix.indptr))
    length = np.sqrt(np.bincount(rows, weights=data.astype(np.float64) ** 2, minlength=height))
    data = (data / np.maximum(length, 1e-9)[rows]).astype(np.float32)
    keep = wanted[matrix.indices]
    sizes = np.bincount(rows[keep], minlength=height)
    start = np.concatenate([[0], np.cumsum(sizes)])
    return csr_matrix((data[keep], matrix.indices[keep], start), shape=matrix.shape)


def _rarest(asked: csr_matrix, counts: npt.NDArray[np.int64]) -> csr_matrix:
    """Each query with its rarest grams alone: those within the budget, and the first at least."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(asked.shape[0]), np.diff(asked.indptr))
    often = counts[asked.indices]
    there = often > 0
    rows, often = rows[there], often[there]
    columns, data = asked.indices[there], asked.data[there]
    order = np.lexsort((columns, often, rows))
    rows, often, columns, data = rows[order], often[order], columns[order], data[order]
    total = np.cumsum(often)
    first = np.searchsorted(rows, rows, side="left")
    before = total - often - (total[first] - often[first])
    keep = (before + often <= BUDGET) | (before == 0)
    kept = (data[keep], (rows[keep], columns[keep]))
    return csr_matrix(kept, shape=asked.shape)


def _candidates(sums: csr_matrix, offset: int, most: int) -> tuple[Indices, Indices]:
    """The rows with the largest sums per query (of a chunk that begins at `offset`)."""
    rows = np.repeat(np.arange(sums.shape[0]), np.diff(sums.indptr))
    best = np.zeros(sums.shape[0], dtype=np.float32)
    np.maximum.at(best, rows, sums.data)
    near = sums.data >= NEAR_BEST * best[rows]
    rows, columns, data = rows[near], sums.indices[near].astype(np.int64), sums.data[near]
    found = ranked(rows, columns, data, most)
    return found.left + offset, found.right
