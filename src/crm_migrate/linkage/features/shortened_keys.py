"""Keys that survive a typing error: hashes of a name with each character left out in turn."""

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.features.hashing import mix

SKIP_LENGTHS = (4, 12)
"""Name cores of these lengths get one-character-less keys; shorter ones would collide."""
_CHUNK = 100_000
_STEP = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
_POWERS = np.array([pow(_STEP, i, 2**64) for i in range(SKIP_LENGTHS[1])], dtype=np.uint64)
_INVERSE = np.uint64(pow(_STEP, -1, 2**64))


def one_character_less(core: pl.Series) -> npt.NDArray[np.uint64]:
    """Per text a number for each character left out in turn: one typo keeps one of them.

    (texts, 12); 0 where there is nothing to leave out. The number is a polynomial hash of the
    characters that remain: two different texts share one once in 2^63.
    """
    low, high = SKIP_LENGTHS
    length = core.str.len_chars().fill_null(0).to_numpy().astype(np.int64)
    rows = np.flatnonzero((length >= low) & (length <= high))
    result = np.zeros((len(core), high), dtype=np.uint64)
    for at in range(0, len(rows), _CHUNK):
        some = rows[at : at + _CHUNK]
        rest = _without_each(core.gather(some), high)
        result[some] = np.where(np.arange(high) < length[some, None], rest, np.uint64(0))
    return result


def _without_each(texts: pl.Series, width: int) -> npt.NDArray[np.uint64]:
    """(texts, width): hash of each text without its i-th character; never 0."""
    padded = str(texts.str.pad_end(width, "\0").str.join("").item())
    points = np.frombuffer(padded.encode("utf-32-le"), dtype="<u4").reshape(-1, width)
    with np.errstate(over="ignore"):
        terms = np.where(points > 0, mix(points.astype(np.uint64)), np.uint64(0)) * _POWERS[:width]
        before = np.cumsum(terms, axis=1, dtype=np.uint64) - terms
        after = terms.sum(axis=1, dtype=np.uint64)[:, None] - before - terms
        return mix(before + after * _INVERSE) | np.uint64(1)
