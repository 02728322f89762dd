"""Learning m and u: exact u from value counts, m by EM on counts of comparison patterns.

Fellegi and Sunter (1969) with levels; EM as in Winkler (1988), but within each blocking rule:
a rule says nothing about the comparisons that look at what it blocks on, so these are left
out of its likelihood, and `m` is pooled over all rules. Priors keep small data from degenerating.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crm_migrate.linkage.blocking.blocks import block_keys, members
from crm_migrate.linkage.blocking.candidates import Candidates
from crm_migrate.linkage.comparing.comparison import differs, levels_of
from crm_migrate.linkage.comparing.vetoes import disagreeing
from crm_migrate.linkage.features.coded import Indices, Mask
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.features.hashing import mix
from crm_migrate.linkage.rules.types import Comparison, Level, LinkageRules

Floats = npt.NDArray[np.float64]

M_STRENGTH = 20.0
"""Imagined matching pairs behind the expected m of the rules."""
U_HITS = 2.0
"""Imagined chance agreements behind the expected u of a level."""
CHANCE = 0.2
"""Of the pairs that agree, at least this share is taken not to match."""
SURE = 0.99
"""m is learnt from pairs that match at least so probably. What belongs together without being one
(a branch with its head office's telephone) hangs about the threshold, and would teach that a
customer's mail addresses differ.
"""
SAMPLE_PAIRS = 200_000
RANDOM_PAIRS = 2_000_000
PER_RECORD = 10
"""For u of similar values, so many random pairs per record, between SAMPLE_PAIRS and RANDOM_PAIRS.
The more records, the more a weight counts: of 200,000 pairs a handful are similar by chance, and
a share learnt from so few moves a weight by half a bit from one size of the data to the next."""
TRAINING_PAIRS = 500_000
ROUNDS = 200


@dataclass(frozen=True)
class Parameters:
    """m and u per comparison (index 0, missing, is 1 in both) and the share of matches."""

    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    prior: float


def train(
    features: Features, rules: LinkageRules, pairs: Candidates, workers: int = 1
) -> Parameters:
    """m, u and the prior from candidate pairs; of many, those of a sample of records, drawn by
    the hash of their ids.
    """
    n = len(features)
    total = max(n * (n - 1) / 2, 1.0)
    share = min(1.0, TRAINING_PAIRS / max(int(pairs.upper.sum()), 1))
    drawn = mix(features.hashes) <= np.uint64(int(share * float(2**64 - 2**12)))
    left, right = pairs.of(drawn) if share < 1 else (pairs.left, pairs.right)
    expected_m = [_expected(c, [level.m for level in c.levels]) for c in rules.comparisons]
    raw_u = [population_u(c, features, workers) for c in rules.comparisons]
    patterns, counts, met = _patterns(features, rules, left, right, workers)
    against = disagreeing(patterns, rules)  # households are many, and would be taken for matches
    fit = ~(against.apart | against.review)
    patterns, counts, met = patterns[fit], counts[fit], met[fit]
    blind = _blind(rules)
    m, prior = expected_m, 1.0 / (total + 2.0)
    u = [
        _cleared(raw, mc, prior, c) for raw, mc, c in zip(raw_u, m, rules.comparisons, strict=True)
    ]
    for _ in range(3):  # u is cleared of true matches, whose share depends on m and u
        m = _em(patterns, counts, met, blind, expected_m, u)
        prior = _share_of_matches(patterns, counts / share, m, u, total)
        u = [
            _cleared(raw, mc, prior, c)
            for raw, mc, c in zip(raw_u, m, rules.comparisons, strict=True)
        ]
    return Parameters(tuple(m), tuple(u), prior)


def _expected(comparison: Comparison, shares: list[float]) -> Floats:
    rest = max(1.0 - sum(shares), 1e-6)
    return np.array([1.0, *shares, rest])


def _blind(rules: LinkageRules) -> npt.NDArray[np.bool_]:
    """(rules, comparisons): the comparisons that a blocking rule says nothing about."""

    def bases(names: tuple[str, ...]) -> set[str]:
        return {name.partition(".")[0] for name in names}

    looks_at = [
        bases(tuple(n for level in c.levels for n in level.features())) for c in rules.comparisons
    ]
    return np.array(
        [[bool(bases(rule) & looked) for looked in looks_at] for rule in rules.blocking],
        dtype=np.bool_,
    ).reshape(len(rules.blocking), len(rules.comparisons))


def _patterns(
    features: Features, rules: LinkageRules, left: Indices, right: Indices, workers: int
) -> tuple[npt.NDArray[np.uint8], Floats, npt.NDArray[np.bool_]]:
    """Distinct (levels, met rules) with their counts."""
    code = np.zeros(len(left), dtype=np.int64)
    for rule in rules.blocking:
        code = code * 2 + block_keys(features, rule).same(left, right)
    for comparison in rules.comparisons:
        code = code * (differs(comparison) + 1) + levels_of(
            comparison, features, left, right, workers
        )
    code.sort()
    starts = np.flatnonzero(np.diff(code, prepend=code[:1] - 1))
    distinct, counts = code[starts], np.diff(starts, append=len(code))
    columns = []
    rest = distinct
    for comparison in reversed(rules.comparisons):
        base = differs(comparison) + 1
        columns.append((rest % base).astype(np.uint8))
        rest = rest // base
    met = [(rest >> i) & 1 for i in reversed(range(len(rules.blocking)))]
    levels = np.array(columns[::-1], dtype=np.uint8).reshape(len(rules.comparisons), -1).T
    rules_met = np.array(met, dtype=np.bool_).reshape(len(rules.blocking), -1).T
    return levels, counts.astype(np.float64), rules_met


def _em(
    patterns: npt.NDArray[np.uint8],
    counts: Floats,
    met: npt.NDArray[np.bool_],
    blind: npt.NDArray[np.bool_],
    expected: list[Floats],
    u: list[Floats],
) -> list[Floats]:
    """M per comparison, at the fixed point of EM with Dirichlet priors around `expected`."""
    m = [e.copy() for e in expected]
    share = np.full(len(blind), 0.3)
    for _ in range(ROUNDS):
        gathered = [M_STRENGTH * e for e in expected]
        ratio = np.array(
            [np.log(mc / uc)[patterns[:, i]] for i, (mc, uc) in enumerate(zip(m, u, strict=True))]
        ).T.reshape(len(patterns), len(m))
        for r in range(len(blind)):
            rows = met[:, r]
            sees = ~blind[r]
            odds = np.log(share[r] / (1 - share[r])) + ratio[rows][:, sees].sum(axis=1)
            matching = counts[rows] / (1 + np.exp(-np.clip(odds, -60, 60)))
            sure = np.where(odds >= np.log(SURE / (1 - SURE)), matching, 0.0)
            share[r] = (matching.sum() + 1.0) / (counts[rows].sum() + 3.0)
            for i in np.flatnonzero(sees):
                gathered[i] = gathered[i] + np.bincount(
                    patterns[rows, i], weights=sure, minlength=len(m[i])
                )
        new = []
        for g in gathered:
            g[0] = 0.0
            shares = g / g.sum()
            shares[0] = 1.0
            new.append(shares)
        moved = max((float(np.abs(a - b).max()) for a, b in zip(new, m, strict=True)), default=0.0)
        m = new
        if moved < 1e-6:
            break
    return m


def _share_of_matches(
    patterns: npt.NDArray[np.uint8],
    counts: Floats,
    m: list[Floats],
    u: list[Floats],
    total: float,
) -> float:
    """The share of all pairs that are expected to match, at its fixed point."""
    ratio = np.zeros(len(patterns))
    for i, (mc, uc) in enumerate(zip(m, u, strict=True)):
        ratio += np.log(mc / uc)[patterns[:, i]]
    prior = min(max(float(counts.sum()) / 10, 1.0) / total, 0.5)
    for _ in range(50):
        odds = np.log(prior / (1 - prior)) + ratio
        matches = float((counts / (1 + np.exp(-np.clip(odds, -60, 60)))).sum())
        new = min((matches + 1.0) / (total + 2.0), 0.5)
        if abs(new - prior) <= 1e-9 * prior:
            break
        prior = new
    return prior


@dataclass(frozen=True)
class Observed:
    """share: P(level 1), …, P(differs) over all pairs of records that have the feature. behind:
    per level the pairs that were counted or drawn to know it.
    """

    share: Floats
    behind: Floats


def _cleared(raw: Observed, m: Floats, prior: float, comparison: Comparison) -> Floats:
    """The u of pairs that do not match: (P − λm)/(1−λ), with the expected u mixed in.

    λ and m are estimates, and what shares a telephone without being one (branches) raised both:
    so at least the share CHANCE of what was observed is taken to be chance.
    """
    observed = raw.share[:-1]
    expected = np.array([level.u for level in comparison.levels])
    clear = np.maximum((observed - prior * m[1:-1]) / (1 - prior), CHANCE * observed)
    mixed = (clear * raw.behind + U_HITS) / (raw.behind + U_HITS / expected)
    mixed *= min(1.0, 0.999 / mixed.sum())
    return np.concatenate([[1.0], mixed, [1.0 - mixed.sum()]])


def population_u(comparison: Comparison, features: Features, workers: int = 1) -> Observed:
    """How often records that have the feature agree, at each level.

    Where a level asks for the same value, the number of pairs with that value is counted
    exactly, and only its share at this level is sampled, among pairs with that value: so rare
    agreement is not missed. Purely fuzzy levels come from random pairs.
    """
    there = features[comparison.subject].present()
    n = int(there.sum())
    pairs = max(n * (n - 1) / 2, 1.0)
    share = np.zeros(len(comparison.levels))
    behind = np.full(len(comparison.levels), pairs)
    fuzzy = [i for i, level in enumerate(comparison.levels) if not level.same]
    if fuzzy:
        left, right = random_pairs(there, features)
        found = levels_of(comparison, features, left, right, workers)
        drawn = np.bincount(found, minlength=differs(comparison) + 1)[1:]
        share[fuzzy] = drawn[fuzzy] / max(len(found), 1)
        behind[fuzzy] = max(len(found), 1)
    for i, level in enumerate(comparison.levels):
        if level.same:
            share[i] = _exact_share(comparison, i + 1, level, features, workers) / pairs
    shares = np.append(share, max(1.0 - share.sum(), 0.0))
    return Observed(np.minimum(shares, 1.0), behind)


def random_pairs(there: Mask, features: Features) -> tuple[Indices, Indices]:
    """Pairs of the records that have a value, drawn by the hash of their ids: every one of a
    few, else neighbours in the order of the hashes at growing distance.
    """
    order = features.drawn[there[features.drawn]]
    n = len(order)
    if n < 2:
        return order[:0], order[:0]
    wanted = min(max(PER_RECORD * n, SAMPLE_PAIRS), RANDOM_PAIRS)
    order = order[: wanted + 1]
    distances = range(1, min(n - 1, max(1, wanted // n)) + 1)
    left = np.concatenate([order[:-d] for d in distances])
    right = np.concatenate([order[d:] for d in distances])
    return left, right


def _exact_share(
    comparison: Comparison, number: int, level: Level, features: Features, workers: int
) -> float:
    """The number of pairs at a level: exact pairs with the same value × sampled share."""
    rows, groups = _groups(level, features)
    if not len(rows):
        return 0.0
    sizes = np.bincount(groups).astype(np.float64)
    every = float((sizes * (sizes - 1) / 2).sum())
    if number == 1 and level.same == (comparison.subject,) and level.only_same:
        return every
    rank = np.empty(len(features), dtype=np.int64)
    rank[features.drawn] = np.arange(len(features))
    bits = max(len(features).bit_length(), 1)
    packed = np.sort((groups << bits) | rank[rows])
    groups, rows = packed >> bits, features.drawn[packed & ((1 << bits) - 1)]
    together = np.flatnonzero(groups[1:] == groups[:-1])
    if len(together) > SAMPLE_PAIRS:
        by_hash = np.argsort(mix(features.hashes[rows[together]]), kind="stable")
        together = np.sort(together[by_hash[:SAMPLE_PAIRS]])
    weight = sizes[groups[together]] / 2  # c−1 neighbours stand for c(c−1)/2 pairs
    found = levels_of(comparison, features, rows[together], rows[together + 1], workers)
    return every * float(weight[found == number].sum() / weight.sum())


def _groups(level: Level, features: Features) -> tuple[Indices, Indices]:
    """(row, group) of the records that share all the values that the level wants the same."""
    groups, rows = members(block_keys(features, level.same))
    return rows, groups
