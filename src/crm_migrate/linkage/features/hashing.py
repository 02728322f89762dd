"""Hashes that are the same on every machine and version: for order and sampling, never a secret."""

import numpy as np
import numpy.typing as npt
import polars as pl

_MIX = np.uint64(0x9E3779B97F4A7C15)


def mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014), elementwise."""
    with np.errstate(over="ignore"):
        z = values + _MIX
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def hash_texts(texts: pl.Series) -> npt.NDArray[np.uint64]:
    """A 64-bit hash per text that is the same on every machine and version (not a secret)."""
    sizes = texts.cast(pl.String).str.len_bytes()
    if not sizes.max():
        return np.zeros(len(texts), dtype=np.uint64)
    width = -(-int(sizes.max()) // 8) * 8  # type: ignore[arg-type]
    if (sizes == texts.str.len_chars()).all():  # ASCII, as ids are
        data = str(texts.str.pad_end(width, "\0").str.join("").item()).encode()
    else:
        data = b"".join(t.encode().ljust(width, b"\0") for t in texts.to_list())
    words = np.frombuffer(data, dtype="<u8").reshape(len(texts), -1)
    result = np.zeros(len(texts), dtype=np.uint64)
    for column in range(words.shape[1]):  # not past a text's end: its neighbours don't matter
        mixed = mix(result ^ words[:, column])
        result = np.where(words[:, column] == 0, result, mixed)
    return result
