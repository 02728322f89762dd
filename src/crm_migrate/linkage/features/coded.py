"""Values as integers: every distinct text of a feature has a code; only codes travel.

Codes follow the first appearance (in the order of record ids), so they depend on no hash.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.features.hashing import mix

Codes = npt.NDArray[np.int32]
Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]

MISSING = -1
MAX_VALUES = 12
"""Values of one record in a set feature that are looked at; the first ones are taken."""
_CHUNK = 200_000
_LAST = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Feature:
    """`codes` is (records,) or, for sets, (records, k) padded with MISSING; a code is an index
    into `values`, the distinct texts.
    """

    codes: Codes
    values: pl.Series

    @property
    def is_set(self) -> bool:
        """Whether a record may have several values."""
        return self.codes.ndim == 2

    def present(self) -> Mask:
        """Per record, whether it has a value."""
        present: Mask = (self.codes if not self.is_set else self.codes[:, 0]) != MISSING
        return present

    def same(self, left: Indices, right: Indices) -> Mask:
        """Per pair, whether both have a value and agree (for sets: share one)."""
        if not self.is_set:
            a = self.codes[left]
            hit: Mask = (a == self.codes[right]) & (a != MISSING)
            return hit
        hit = np.zeros(len(left), dtype=np.bool_)
        mine, theirs = self.columns, self.columns
        for first in mine:
            a = first[left]
            some = np.flatnonzero(a != MISSING)  # few records have a second value
            if not len(some):
                break
            a, partners = a[some], right[some]
            for second in theirs:
                b = second[partners]
                hit[some[a == b]] = True
                if not (b != MISSING).any():
                    break
        return hit

    @cached_property
    def columns(self) -> tuple[Codes, ...]:
        """The first values of a set, its second values, …, each as an array of its own."""
        return tuple(np.ascontiguousarray(self.codes[:, i]) for i in range(self.codes.shape[1]))

    def different(self, left: Indices, right: Indices) -> Mask:
        """Per pair, whether both have a value and do not agree."""
        if not self.is_set:
            a, b = self.codes[left], self.codes[right]
            unlike: Mask = (a != b) & (a != MISSING) & (b != MISSING)
            return unlike
        present = self.present()
        both: Mask = present[left] & present[right]
        both &= ~self.same(left, right)
        return both

    def texts(self, rows: Indices) -> list[str | None]:
        """The values of some records as Python strings (single-valued features only)."""
        codes = pl.Series(self.codes[rows])
        if (self.codes[rows] == MISSING).any():
            codes = codes.set(codes == MISSING, None)
        return self.values.gather(codes).to_list()

    def without(self, stop: Mask) -> "Feature":
        """The feature with the values marked in `stop` taken away."""
        gone = stop[self.codes] & (self.codes != MISSING)
        codes = np.where(gone, np.int32(MISSING), self.codes)
        if self.is_set:  # keep the padding at the end
            order = np.argsort(codes == MISSING, axis=1, kind="stable")
            codes = np.take_along_axis(codes, order, axis=1)
        return replace(self, codes=codes.astype(np.int32))

    @cached_property
    def signature(self) -> "Signature":
        """What bounds similarity before strings are looked at."""
        return sign(self.values)

    @cached_property
    def numbers(self) -> Hashes:
        """Per value a 64-bit number, the same in every run under one version of Polars."""
        if self.values.dtype == pl.UInt64:
            return self.values.to_numpy()
        return numbers_of(self.values)

    def counts(self) -> Indices:
        """In how many records each value stands."""
        flat = self.codes.ravel()
        return np.bincount(flat[flat != MISSING], minlength=len(self.values))


@dataclass(frozen=True)
class Signature:
    """Per value: which characters occur (64 bits), its length, its first four characters."""

    characters: Hashes
    length: Codes
    prefix: Hashes


def encode(texts: pl.Series) -> Feature:
    """Codes of texts. Two of a million different values share a code once in 4 · 10⁷ runs."""
    rows = np.flatnonzero(texts.is_not_null().to_numpy())
    hashes = numbers_of(texts)
    codes = np.full(len(texts), MISSING, dtype=np.int32)
    codes[rows], first = number(hashes if len(rows) == len(hashes) else hashes[rows])
    return Feature(codes, texts.gather(rows[first]))


def number(hashes: Hashes) -> tuple[Codes, Indices]:
    """Codes by first appearance, and where each code appears first."""
    if not len(hashes):
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    order = np.argsort(hashes)
    ordered = hashes[order]
    new = np.empty(len(ordered), dtype=np.bool_)
    new[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    first = np.minimum.reduceat(order, np.flatnonzero(new))
    by_appearance = np.argsort(first)
    rank = np.empty(len(first), dtype=np.int32)
    rank[by_appearance] = np.arange(len(first), dtype=np.int32)
    codes = np.empty(len(hashes), dtype=np.int32)
    codes[order] = rank[np.cumsum(new) - 1]
    return codes, first[by_appearance]


def encode_long(rows: Indices, texts: pl.Series, height: int) -> Feature:
    """Codes of `texts`, each a value of the record in `rows`, as a padded matrix."""
    flat = encode(texts)
    return Feature(_matrix(rows, flat.codes, height), flat.values)


def encode_hashes(hashes: Hashes) -> Feature:
    """Codes of the numbers of each record (0: none) as a padded matrix; `values` are numbers."""
    flat = hashes.ravel()
    there = np.flatnonzero(flat)
    order = there[np.argsort(flat[there])]
    ordered = flat[order]
    new = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    codes = np.full(len(flat), _LAST, dtype=np.int32)
    codes[order] = np.cumsum(new, dtype=np.int32) - 1
    matrix = codes.reshape(hashes.shape)
    matrix.sort(axis=1)
    again = matrix[:, 1:] == matrix[:, :-1]
    again &= matrix[:, 1:] != _LAST
    rows = np.flatnonzero(again.any(axis=1))
    if len(rows):  # the same number twice in one record
        some = matrix[rows]
        some[:, 1:][again[rows]] = _LAST
        some.sort(axis=1)
        matrix[rows] = some
    matrix[matrix == _LAST] = MISSING
    width = max(int((matrix != MISSING).any(axis=0).sum()), 1)
    values = pl.Series(ordered[new], dtype=pl.UInt64)
    return Feature(np.ascontiguousarray(matrix[:, :width]), values)


def _matrix(rows: Indices, codes: Codes, height: int) -> Codes:
    """Distinct codes of each row, ascending, padded with MISSING; the first MAX_VALUES."""
    bits = max(int(codes.max(initial=0)).bit_length(), 1)
    wide = np.sort((rows.astype(np.int64) << bits) | codes)  # np.unique hashes: far slower
    if len(wide):
        wide = wide[np.diff(wide, prepend=-1) > 0]
    rows = wide >> bits
    codes = (wide & ((1 << bits) - 1)).astype(np.int32)
    sizes = np.bincount(rows, minlength=height)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    keep = place < MAX_VALUES
    width = int(place[keep].max()) + 1 if keep.any() else 1
    matrix = np.full((height, width), MISSING, dtype=np.int32)
    matrix[rows[keep], place[keep]] = codes[keep]
    return matrix


def numbers_of(values: pl.Series) -> Hashes:
    """A 64-bit number per text, which says nothing of it; the same under one version of Polars."""
    return values.hash(seed=0).to_numpy()


def sign(values: pl.Series) -> Signature:
    """The signature of every value."""
    lengths = values.str.len_chars().fill_null(0).to_numpy().astype(np.int64)
    characters = np.zeros(len(values), dtype=np.uint64)
    prefix = np.zeros(len(values), dtype=np.uint64)
    for at in range(0, len(values), _CHUNK):
        size = lengths[at : at + _CHUNK]
        joined = "".join(values.slice(at, _CHUNK).to_list())
        points = np.frombuffer(joined.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
        start = np.cumsum(size) - size
        some = np.flatnonzero(size)
        bits = np.uint64(1) << (mix(points) & np.uint64(63))
        if len(some):
            characters[at + some] = np.bitwise_or.reduceat(bits, start[some])
        for place in range(4):
            long = np.flatnonzero(size > place)
            point = (points[start[long] + place] & np.uint64(0xFFFF)) << np.uint64(16 * place)
            prefix[at + long] |= point
    return Signature(characters, lengths.astype(np.int32), prefix)
