"""Candidate pairs: what stands in a block together, each pair once, made when it is asked for."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from crm_migrate.linkage.blocking.blocks import capped_blocks, members
from crm_migrate.linkage.features.coded import Feature, Indices, Mask
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.rules.types import LinkageRules


@dataclass(frozen=True)
class Partners:
    """The pairs of one blocking rule, not written out: member `i` meets `count[i]` records from
    `by_key[first[i]]` on. Members are sorted by `rows`.
    """

    rows: Indices
    first: Indices
    count: Indices
    by_key: Indices

    def pairs(self, members: slice | Indices) -> tuple[Indices, Indices]:
        """The pairs of some members."""
        rows, first, count = self.rows[members], self.first[members], self.count[members]
        left = np.repeat(rows, count)
        offset = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)
        return left, self.by_key[np.repeat(first, count) + offset]


@dataclass(frozen=True)
class Candidates:
    """Pairs by record index, left < right, each once, sorted; made when they are asked for."""

    size: int
    partners: tuple[Partners, ...]
    chained: Indices
    capped: pl.DataFrame

    def between(self, low: int, high: int) -> tuple[Indices, Indices]:
        """The pairs whose left record lies in [low, high)."""
        chained = self.chained[
            slice(*np.searchsorted(self.chained, (low * self.size, high * self.size)))
        ]
        found = [(chained // self.size, chained % self.size)]
        for rule in self.partners:
            found.append(rule.pairs(slice(*np.searchsorted(rule.rows, (low, high)))))
        return once(found, self.size)

    def of(self, chosen: Mask) -> tuple[Indices, Indices]:
        """The pairs whose left record is chosen."""
        chained = self.chained[chosen[self.chained // self.size]]
        found = [(chained // self.size, chained % self.size)]
        found += [rule.pairs(np.flatnonzero(chosen[rule.rows])) for rule in self.partners]
        return once(found, self.size)

    @cached_property
    def upper(self) -> Indices:
        """Per record at most so many pairs on its right."""
        counts = np.bincount(self.chained // self.size, minlength=self.size)
        for rule in self.partners:
            counts += np.bincount(rule.rows, rule.count, self.size).astype(np.int64)
        return counts

    def parts(self, chunk: int) -> list[tuple[int, int]]:
        """Ranges of left records with about `chunk` pairs each (a record is never divided)."""
        before = np.cumsum(self.upper)
        if not before[-1]:
            return [(0, self.size)]
        wanted = np.arange(chunk, int(before[-1]) + chunk, chunk)
        ends = np.unique(np.minimum(np.searchsorted(before, wanted) + 1, self.size))
        ends[-1] = self.size
        return list(zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True))

    @cached_property
    def written_out(self) -> tuple[Indices, Indices]:
        """All pairs at once."""
        return self.between(0, self.size)

    @property
    def left(self) -> Indices:
        """Left records of all pairs."""
        return self.written_out[0]

    @property
    def right(self) -> Indices:
        """Right records of all pairs."""
        return self.written_out[1]

    def __len__(self) -> int:
        return len(self.left)


def candidates(features: Features, rules: LinkageRules, key: bytes) -> Candidates:
    """All pairs that at least one blocking rule brings together, each once."""
    blocks = capped_blocks(features, rules, key)
    found = tuple(_partners(block) for block in blocks.by_rule)
    chained = np.sort(blocks.chained)
    return Candidates(max(len(features), 1), found, chained, blocks.capped)


def _partners(blocks: Feature) -> Partners:
    keys, rows = members(blocks)
    end = np.flatnonzero(np.diff(keys, append=-1)) + 1 if len(keys) else keys
    sizes = np.diff(end, prepend=0)
    first = np.arange(1, len(keys) + 1)
    count = np.repeat(end, sizes) - first
    some = np.flatnonzero(count)
    order = some[_order_of(rows[some])]
    return Partners(rows[order], first[order], count[order], rows)


def _order_of(rows: Indices) -> Indices:
    """The stable order of small numbers, by one sort of numbers with their places."""
    bits = max(len(rows).bit_length(), 1)
    packed = np.sort((rows << bits) | np.arange(len(rows)))
    order: Indices = packed & ((1 << bits) - 1)
    return order


def once(found: list[tuple[Indices, Indices]], size: int) -> tuple[Indices, Indices]:
    """Distinct pairs, sorted."""
    bits = max((size - 1).bit_length(), 1)
    packed = np.sort(np.concatenate([(left << bits) | right for left, right in found]))
    if len(packed):
        packed = packed[np.diff(packed, prepend=-1) != 0]
    return packed >> bits, packed & ((1 << bits) - 1)
