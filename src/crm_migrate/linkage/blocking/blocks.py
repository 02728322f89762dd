"""Blocks: records that share a key of a blocking rule, found by sorting integers.

A block larger than the cap is refined by a second feature. In what is still too large each
record only meets the next one (which is enough where agreement is decisive), and it is
reported how many pairs were not compared.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import polars as pl

from crm_migrate.linkage.features.coded import MISSING, Codes, Feature, Indices
from crm_migrate.linkage.features.digest import value_digest
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.rules.types import LinkageRules

CAPPED_SCHEMA = {
    "rule": pl.String(),
    "block": pl.String(),
    "records": pl.Int64(),
    "pairs": pl.Int64(),
    "not_compared": pl.Int64(),
}


@dataclass(frozen=True)
class Blocks:
    """The blocks of each rule after capping, and the packed pairs (left · n + right) of the
    chains through blocks that stayed too large.
    """

    by_rule: tuple[Feature, ...]
    chained: Indices
    capped: pl.DataFrame


def capped_blocks(features: Features, rules: LinkageRules, key: bytes) -> Blocks:
    """The blocks that are really compared."""
    blocks, chains = [], [np.empty(0, dtype=np.int64)]
    reports = [pl.DataFrame(schema=CAPPED_SCHEMA)]
    for rule in rules.blocking:
        kept, chain, report = _cap(block_keys(features, rule), rule, features, rules, key)
        blocks.append(kept)
        chains.append(chain)
        reports.append(report)
    return Blocks(tuple(blocks), np.concatenate(chains), pl.concat(reports))


def block_keys(features: Features, rule: tuple[str, ...]) -> Feature:
    """One key per record (or several, when a feature of the rule is a set); MISSING in none.

    A value of a set that only one record has brings nothing together: it is left out.
    """
    if rule not in features.keys:
        parts = (features[name] for name in rule)
        features.keys[rule] = reduce(_combine, parts)
    return features.keys[rule]


def _combine(a: Feature, b: Feature) -> Feature:
    if b.is_set and not a.is_set:
        a, b = b, a
    if b.is_set:
        raise ValueError("a blocking rule takes at most one feature with several values")
    width = a.codes.shape[1] if a.is_set else 1
    codes = np.full(a.codes.size, MISSING, dtype=np.int32)
    there = np.flatnonzero(a.codes.ravel() != MISSING)
    mine = a.codes.ravel()[there]
    if a.is_set:
        often = (np.bincount(mine, minlength=1) > 1)[mine]  # the others bring nothing together
        there, mine = there[often], mine[often]
    other = b.codes[there // width]
    both = np.flatnonzero(other != MISSING)
    there, mine, other = there[both], mine[both], other[both]
    wide = mine.astype(np.int64) * (int(b.codes.max(initial=0)) + 1) + other
    codes[there] = _dense(wide)
    return Feature(codes.reshape(a.codes.shape), pl.Series([], dtype=pl.String))


def _dense(wide: Indices) -> Codes:
    """Small codes for large ones, in the same order; MISSING stays."""
    flat = wide.ravel()
    kept = np.flatnonzero(flat != MISSING)
    codes = np.full(len(flat), MISSING, dtype=np.int32)
    if len(kept):
        order = np.argsort(flat[kept])
        ordered = flat[kept][order]
        codes[kept[order]] = np.cumsum(np.diff(ordered, prepend=ordered[0]) != 0, dtype=np.int32)
    return codes.reshape(wide.shape)


def members(blocks: Feature) -> tuple[Indices, Indices]:
    """(key, row) of every membership in a block of several, sorted by key and then row."""
    width = blocks.codes.shape[1] if blocks.is_set else 1
    codes = blocks.codes.ravel()
    present = np.flatnonzero(codes != MISSING)
    keys = codes[present]
    often = np.bincount(keys, minlength=1) > 1  # the others are alone in their block
    some = often[keys]
    keys, rows = keys[some].astype(np.int64), present[some] // width
    bits = max(len(blocks.codes).bit_length(), 1)
    packed = np.sort((keys << bits) | rows)
    return packed >> bits, packed & ((1 << bits) - 1)


def expand(blocks: Feature) -> tuple[Indices, Indices]:
    """All pairs within each block."""
    keys, rows = members(blocks)
    if not len(keys):
        return rows, rows
    end = np.searchsorted(keys, keys, side="right")
    place = np.arange(len(keys))
    partners = end - place - 1
    left = np.repeat(rows, partners)
    start = np.repeat(place + 1, partners)
    offset = np.arange(len(left)) - np.repeat(np.cumsum(partners) - partners, partners)
    right = rows[start + offset]
    return left, right


def _cap(
    blocks: Feature, rule: tuple[str, ...], features: Features, rules: LinkageRules, key: bytes
) -> tuple[Feature, Indices, pl.DataFrame]:
    """The blocks with the too large ones refined or taken out, chained pairs, and the report."""
    keys, rows = members(blocks)
    sizes = np.bincount(keys, minlength=int(blocks.codes.max(initial=0)) + 1)  # of lone keys: 0
    hot = sizes > rules.caps.block
    if not hot.any():
        return blocks, np.empty(0, dtype=np.int64), pl.DataFrame(schema=CAPPED_SCHEMA)
    in_hot = hot[keys]
    hot_keys, hot_rows = keys[in_hot], rows[in_hot]
    refined = _refine(hot_keys, hot_rows, features, rules)
    sub_sizes = np.bincount(refined[refined != MISSING], minlength=1)
    fits = (refined != MISSING) & (sub_sizes[refined] <= rules.caps.block)
    new = np.where(fits, refined + len(sizes), MISSING)
    codes = (blocks.codes if blocks.is_set else blocks.codes[:, None]).copy()
    was = codes.copy()
    for column in range(codes.shape[1]):
        here = hot[was[:, column]] & (was[:, column] != MISSING)
        codes[here, column] = MISSING
    position = np.argmax(was[hot_rows] == hot_keys[:, None], axis=1)
    codes[hot_rows, position] = new
    compared = _pairs_per_block(hot_keys[fits], refined[fits], len(sizes))
    chain, chained = _chain(hot_keys[~fits], refined[~fits], hot_rows[~fits], len(features))
    np.add.at(compared, chained, 1)
    which = np.flatnonzero(hot)
    pairs = sizes[which] * (sizes[which] - 1) // 2
    report = pl.DataFrame(
        {
            "rule": ["+".join(rule)] * len(which),
            "block": [_digest(features, rule, keys, rows, k, key) for k in which.tolist()],
            "records": sizes[which],
            "pairs": pairs,
            "not_compared": pairs - compared[which],
        },
        schema=CAPPED_SCHEMA,
    ).sort("records", "block", descending=[True, False])
    if not blocks.is_set:
        codes = codes[:, 0]
    return Feature(codes.astype(np.int32), blocks.values), chain, report


def _chain(keys: Indices, refined: Indices, rows: Indices, n: int) -> tuple[Indices, Indices]:
    """Packed pairs of neighbours in a block (ordered by the refining feature), and their block."""
    order = np.lexsort((rows, refined, keys))
    keys, rows = keys[order], rows[order]
    together = keys[1:] == keys[:-1]
    a, b = rows[:-1][together], rows[1:][together]
    return np.minimum(a, b) * n + np.maximum(a, b), keys[1:][together]


def _refine(keys: Indices, rows: Indices, features: Features, rules: LinkageRules) -> Indices:
    """A finer key per membership; MISSING where the refining feature is."""
    if rules.caps.refine is None:
        return np.full(len(keys), MISSING, dtype=np.int64)
    second = features[rules.caps.refine].codes
    if second.ndim == 2:
        second = second[:, 0]
    finer = second[rows].astype(np.int64)
    wide = np.where(finer == MISSING, MISSING, keys * (int(second.max(initial=0)) + 1) + finer)
    return _dense(wide).astype(np.int64)


def _pairs_per_block(keys: Indices, refined: Indices, blocks: int) -> Indices:
    """How many pairs of each original block are still compared."""
    if not len(keys):
        return np.zeros(blocks, dtype=np.int64)
    _, first, counts = np.unique(refined, return_index=True, return_counts=True)
    result: Indices = np.zeros(blocks, dtype=np.int64)
    np.add.at(result, keys[first], counts * (counts - 1) // 2)
    return result


def _digest(
    features: Features, rule: tuple[str, ...], keys: Indices, rows: Indices, block: int, key: bytes
) -> str:
    """A keyed digest that names the block without its value: of its smallest record id."""
    first = int(rows[np.searchsorted(keys, block)])
    return value_digest(key, "+".join(rule), str(features.ids[first]))
