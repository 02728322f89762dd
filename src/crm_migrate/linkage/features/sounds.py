"""How Chinese names sound: their syllables without tones, and the initials people type for them.

Basis: the readings of single characters in pypinyin's dictionary (the first one of several), so
恒通 and 衡同 sound alike, and both have the initials HT.
"""

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.features.hashing import mix

_WIDTH = 1 << 16
_CHUNK = 100_000
_POWER = np.uint64(0x9E3779B97F4A7C15)


def syllables(texts: pl.Series) -> npt.NDArray[np.uint64]:
    """A number per text for its sequence of syllables (letters and digits stand for themselves);
    0 where there is no text. Two different sequences share one once in 2^63.
    """
    sound, _ = _tables()
    result = np.zeros(len(texts), dtype=np.uint64)
    for at in range(0, len(texts), _CHUNK):
        points, sizes = _points(texts.slice(at, _CHUNK))
        if not len(points):
            continue
        some = np.flatnonzero(sizes)
        start = np.cumsum(sizes) - sizes
        place = np.arange(len(points)) - np.repeat(start, sizes)
        with np.errstate(over="ignore"):
            terms = mix(sound[points].astype(np.uint64) + (place.astype(np.uint64) * _POWER))
            sums = np.add.reduceat(terms, start[some])
        result[at + some] = mix(sums) | np.uint64(1)
    return result


def initials(texts: pl.Series) -> pl.Series:
    """The first letters of the syllables; texts in letters stay as they are.

    >>> initials(pl.Series(["恒通科技", "HTKJ", None])).to_list()
    ['HTKJ', 'HTKJ', None]
    """
    _, first = _tables()
    points, sizes = _points(texts)
    letters = first[points].astype("<u4").tobytes().decode("utf-32-le")
    ends = np.cumsum(sizes)
    found = [letters[e - s : e] or None for s, e in zip(sizes.tolist(), ends.tolist(), strict=True)]
    return pl.Series(texts.name, found, dtype=pl.String)


def _points(texts: pl.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Code points (below 2^16) of all texts after each other, and the length of each text."""
    filled = texts.fill_null("")
    joined = "".join(filled.to_list())
    points = np.frombuffer(joined.encode("utf-32-le"), dtype="<u4").astype(np.int64)
    return points & (_WIDTH - 1), filled.str.len_chars().to_numpy().astype(np.int64)


@cache
def _tables() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Per code point a number for its syllable, and the code point of its initial."""
    from pypinyin.pinyin_dict import pinyin_dict

    sound = np.arange(_WIDTH, dtype=np.uint32)
    first = np.arange(_WIDTH, dtype=np.uint32)
    numbers: dict[str, int] = {}
    for point, readings in pinyin_dict.items():
        if point < _WIDTH:
            plain = unicodedata.normalize("NFD", readings.split(",")[0])
            letters = "".join(c for c in plain if c.isalpha() and c.isascii())
            if letters:
                sound[point] = _WIDTH + numbers.setdefault(letters, len(numbers))
                first[point] = ord(letters[0].upper())
    return sound, first
