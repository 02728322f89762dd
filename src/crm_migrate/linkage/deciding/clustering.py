"""From joined pairs to clusters that no veto, verdict or size limit runs through.

Connected components first; only components that break a rule are built again by Kruskal's
algorithm in the order (−weight, smaller id, larger id), refusing each union that would break it.
"""

from dataclasses import dataclass

import numpy as np

from crm_migrate.linkage.comparing.vetoes import vetoed
from crm_migrate.linkage.deciding.judgements import Judgements
from crm_migrate.linkage.features.coded import MISSING, Indices, Mask
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.model.model import FRACTION
from crm_migrate.linkage.model.scoring import Weights
from crm_migrate.linkage.rules.types import LinkageRules

MUST_WEIGHT = 1 << 40
"""Verdicts of people come before every computed weight."""


@dataclass(frozen=True)
class Clusters:
    """`label` per record: the smallest record index in its cluster. Per edge: kept; tie: it
    fits two rivals alike; cut: refused because the cluster would grow too large.
    """

    label: Indices
    kept: Mask
    tie: Mask
    cut: Mask


@dataclass(frozen=True)
class Rivals:
    """Pairs (left < right) that a disagreement keeps apart, and per edge whether it witnesses.

    Two parts of a cluster with rivals between them are joined only where more witnesses than
    rivals stand between them.
    """

    left: Indices
    right: Indices
    witness: Mask


def components(n: int, left: Indices, right: Indices) -> Indices:
    """The smallest reachable index per record (label propagation with pointer jumping)."""
    label = np.arange(n, dtype=np.int64)
    while True:
        smaller = np.minimum(label[left], label[right])
        new = label.copy()
        np.minimum.at(new, label[left], smaller)
        np.minimum.at(new, label[right], smaller)
        while True:
            jumped = new[new]
            if np.array_equal(jumped, new):
                break
            new = jumped
        if np.array_equal(new, label):
            return label
        label = new


def cluster(
    features: Features,
    rules: LinkageRules,
    left: Indices,
    right: Indices,
    weight: Weights,
    said: Judgements,
    rivals: Rivals | None = None,
) -> Clusters:
    """Clusters of the edges (left < right); `said` adds edges of its own and forbids others."""
    n = len(features)
    edges = len(left)
    left = np.concatenate([left, said.must[0]])
    right = np.concatenate([right, said.must[1]])
    weight = np.concatenate([weight, np.full(len(said.must[0]), MUST_WEIGHT, dtype=np.int64)])
    label = components(n, left, right)
    if rivals is None:
        nobody = np.empty(0, dtype=np.int64)
        rivals = Rivals(nobody, nobody, np.zeros(edges, dtype=np.bool_))
    must = np.ones(len(left) - edges, dtype=np.bool_)
    rivals = Rivals(rivals.left, rivals.right, np.concatenate([rivals.witness, must]))
    offending = _offending(features, rules, label, said, rivals)
    inside = np.flatnonzero(offending[label[left]])
    kept: Mask = np.ones(len(left), dtype=np.bool_)
    tie: Mask = np.zeros(len(left), dtype=np.bool_)
    cut: Mask = np.zeros(len(left), dtype=np.bool_)
    if len(inside):
        of_inside = Rivals(rivals.left, rivals.right, rivals.witness[inside])
        tie[inside] = _ties(features, rules, left[inside], right[inside], weight[inside], of_inside)
        kept[tie] = False
        inside = inside[~tie[inside]]
        order = inside[np.lexsort((right[inside], left[inside], -weight[inside]))]
        forest = _Forest(features, rules, said)
        witnessed = inside[rivals.witness[inside]]
        forest.set_rivals((rivals.left, rivals.right), (left[witnessed], right[witnessed]))
        for edge in order.tolist():
            verdict = forest.join(int(left[edge]), int(right[edge]), int(weight[edge]))
            kept[edge] = verdict == "joined"
            cut[edge] = verdict == "size"
        label = components(n, left[kept], right[kept])
    return Clusters(label, kept[:edges], tie[:edges], cut[:edges])


def _offending(
    features: Features, rules: LinkageRules, label: Indices, said: Judgements, rivals: Rivals
) -> Mask:
    """Per label, whether its component breaks a rule."""
    n = len(label)
    bad: Mask = np.bincount(label, minlength=n) > rules.caps.cluster
    for veto in rules.vetoes:
        codes = features[veto.feature].codes.astype(np.int64)
        has = codes != MISSING
        low = np.full(n, np.iinfo(np.int64).max)
        high = np.full(n, -1, dtype=np.int64)
        np.minimum.at(low, label[has], codes[has])
        np.maximum.at(high, label[has], codes[has])
        bad |= (high >= 0) & (low != high)
    for a, b in (said.cannot, (rivals.left, rivals.right)):
        same = label[a] == label[b]
        bad[label[a[same]]] = True
    return bad


def _ties(
    features: Features,
    rules: LinkageRules,
    left: Indices,
    right: Indices,
    weight: Weights,
    rivals: Rivals,
) -> Mask:
    """Edges of a record to two others that a rule keeps apart, closer than the margin."""
    tie: Mask = np.zeros(len(left), dtype=np.bool_)
    centre = np.concatenate([left, right])
    other = np.concatenate([right, left])
    edge = np.concatenate([np.arange(len(left))] * 2)
    order = np.lexsort((other, -weight[edge], centre))
    centre, other, edge = centre[order], other[order], edge[order]
    end = np.searchsorted(centre, centre, side="right")
    partners = np.minimum(end - np.arange(len(centre)) - 1, rules.caps.cluster)
    first = np.repeat(np.arange(len(centre)), partners)
    offset = np.arange(len(first)) - np.repeat(np.cumsum(partners) - partners, partners)
    second = first + 1 + offset
    close = weight[edge[first]] - weight[edge[second]] < rules.margin * FRACTION
    first, second = first[close], second[close]
    a, b = other[first], other[second]
    against = vetoed(features, rules, a, b)
    n = len(features)
    packed = np.minimum(a, b) * n + np.maximum(a, b)
    silent = ~(rivals.witness[edge[first]] & rivals.witness[edge[second]])
    apart = np.isin(packed, rivals.left * n + rivals.right) & silent
    apart |= against.apart | against.review
    tie[edge[first[apart]]] = True
    tie[edge[second[apart]]] = True
    tie[weight == MUST_WEIGHT] = False
    return tie


class _Forest:
    """Union–find whose parts know which values, and which forbidden records, they hold."""

    def __init__(self, features: Features, rules: LinkageRules, said: Judgements) -> None:
        self.rules = rules
        self.codes = {
            name: features[name].codes
            for veto in rules.vetoes
            for name in (veto.feature, veto.unless_same)
            if name is not None
        }
        self.parent: dict[int, int] = {}
        self.members: dict[int, list[int]] = {}
        self.values: dict[int, dict[str, set[int]]] = {}
        self.forbidden: dict[int, set[int]] = {}
        for a, b in zip(said.cannot[0].tolist(), said.cannot[1].tolist(), strict=True):
            self.forbidden.setdefault(a, set()).add(b)
            self.forbidden.setdefault(b, set()).add(a)

        self.rivals: dict[int, set[int]] = {}
        self.witnesses: dict[int, set[int]] = {}

    def set_rivals(
        self, rivals: tuple[Indices, Indices], witnesses: tuple[Indices, Indices]
    ) -> None:
        """Pairs that speak against, and for, being one."""
        for pairs, by in ((rivals, self.rivals), (witnesses, self.witnesses)):
            for a, b in zip(pairs[0].tolist(), pairs[1].tolist(), strict=True):
                by.setdefault(a, set()).add(b)
                by.setdefault(b, set()).add(a)

    def find(self, record: int) -> int:
        if record not in self.parent:
            self.parent[record] = record
            self.members[record] = [record]
            self.values[record] = {
                name: {int(codes[record])} - {MISSING} for name, codes in self.codes.items()
            }
        root = record
        while self.parent[root] != root:
            root = self.parent[root]
        while self.parent[record] != root:
            self.parent[record], record = root, self.parent[record]
        return root

    def join(self, a: int, b: int, weight: int) -> str:
        """`joined`, or what refused it: `size`, `veto`, `verdict`,
        `rivals`. People overrule vetoes.
        """
        x, y = self.find(a), self.find(b)
        if x == y:
            return "joined"
        if len(self.members[x]) < len(self.members[y]):
            x, y = y, x
        if weight != MUST_WEIGHT:
            if len(self.members[x]) + len(self.members[y]) > self.rules.caps.cluster:
                return "size"
            if self._vetoed(x, y):
                return "veto"
            inside = set(self.members[x])
            if any(self.forbidden.get(m, set()) & inside for m in self.members[y]):
                return "verdict"
            against = self._between(self.rivals, y, inside)
            if against and against >= self._between(self.witnesses, y, inside):
                return "rivals"
        self.parent[y] = x
        self.members[x] += self.members.pop(y)
        for name, values in self.values.pop(y).items():
            self.values[x][name] |= values
        return "joined"

    def _between(self, pairs: dict[int, set[int]], y: int, inside: set[int]) -> int:
        """How many of the pairs lead from part y to the members inside another part."""
        return sum(len(pairs.get(m, set()) & inside) for m in self.members[y])

    def _vetoed(self, x: int, y: int) -> bool:
        mine, theirs = self.values[x], self.values[y]
        for veto in self.rules.vetoes:
            a, b = mine[veto.feature], theirs[veto.feature]
            if not a or not b or a & b:
                continue
            if veto.unless_same and mine[veto.unless_same] & theirs[veto.unless_same]:
                continue
            return True
        return False
