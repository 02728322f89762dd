"""Texts as sets of character n-grams, hashed to numbers: Chinese 1–2, letters and digits 3.

Hashing (Weinberger et al. 2009) spares a dictionary: two grams share a number once in millions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.features.hashing import mix

if TYPE_CHECKING:  # takes long to import, and only some commands need it
    from scipy.sparse import csr_matrix

BITS = 22
WIDTH = 1 << BITS
GRAMS_SCHEMA = {"feature": pl.String(), "gram": pl.UInt32(), "values": pl.Int64()}
"""In how many values of a feature each gram stands."""
_HAN = (0x3400, 0xA000)
_EDGE = 1
"""Code point that stands before and after a text."""

Indices = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


def gram_matrix(texts: pl.Series) -> csr_matrix:
    """(texts, WIDTH): 1 where a text has a gram; a missing text has none."""
    from scipy.sparse import csr_matrix

    if not len(texts):
        return csr_matrix((0, WIDTH), dtype=np.float32)
    filled = texts.fill_null("")
    sizes = filled.str.len_chars().to_numpy().astype(np.int64)
    padded = "\x01" + "\x01".join(filled.to_list()) + "\x01"
    points = np.frombuffer(padded.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    rows = np.repeat(np.arange(len(filled)), sizes + 1)  # the edge behind belongs to the text
    rows = np.concatenate([rows[:1], rows])[: len(points)]
    han = (points >= _HAN[0]) & (points < _HAN[1])
    some = [_single(points, rows, han), _pairs(points, rows, han), _triples(points, rows, han)]
    numbers = np.concatenate([n for n, _ in some])
    owners = np.concatenate([r for _, r in some])
    columns = (numbers >> np.uint64(64 - BITS)).astype(np.int32)
    ones = np.ones(len(columns), dtype=np.float32)
    matrix = csr_matrix((ones, (owners.astype(np.int32), columns)), shape=(len(filled), WIDTH))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def _single(points: Hashes, rows: Indices, han: Mask) -> tuple[Hashes, Indices]:
    return mix(points[han]), rows[han]


def _pairs(points: Hashes, rows: Indices, han: Mask) -> tuple[Hashes, Indices]:
    """Two characters, one of them Chinese; the edge counts as one where a text ends or begins."""
    inside = (han[:-1] | han[1:]) & (points[:-1] != _EDGE) & (points[1:] != _EDGE)
    return mix(points[:-1] << np.uint64(21) | points[1:])[inside], rows[:-1][inside]


def _triples(points: Hashes, rows: Indices, han: Mask) -> tuple[Hashes, Indices]:
    """Three characters, none of them Chinese; the edge may stand before or after them."""
    plain = ~han[:-2] & ~han[1:-1] & ~han[2:] & (points[1:-1] != _EDGE)
    packed = points[:-2] << np.uint64(42) | points[1:-1] << np.uint64(21) | points[2:]
    return mix(packed)[plain], rows[1:-1][plain]
