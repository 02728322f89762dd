"""What forbids a match: contradicting codes, branches, legal forms."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crm_migrate.linkage.comparing.comparison import NULL, differs
from crm_migrate.linkage.features.coded import Indices, Mask
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.rules.types import LinkageRules


@dataclass(frozen=True)
class Vetoed:
    """Per pair: kept apart at once, or left to a person."""

    apart: Mask
    review: Mask


def vetoed(features: Features, rules: LinkageRules, left: Indices, right: Indices) -> Vetoed:
    """The vetoes that stand against each pair."""
    apart: Mask = np.zeros(len(left), dtype=np.bool_)
    review: Mask = np.zeros(len(left), dtype=np.bool_)
    for veto in rules.vetoes:
        against = features[veto.feature].different(left, right)
        if veto.unless_same:
            against &= ~features[veto.unless_same].same(left, right)
        if veto.then == "apart":
            apart |= against
        else:
            review |= against
    return Vetoed(apart, review & ~apart)


def witnesses(levels: npt.NDArray[np.uint8], rules: LinkageRules) -> Mask:
    """Pairs that agree on something of what each disagreement asks about.

    Where one record shares the identity of a second and the given name of a third, these two are
    one person, however they differ; a record that lacks both says nothing about them.
    """
    result: Mask = np.ones(len(levels), dtype=np.bool_)
    place = {c.name: i for i, c in enumerate(rules.comparisons)}
    last = np.array([differs(c) for c in rules.comparisons], dtype=np.uint8)
    for rule in rules.disagreements:
        columns = [place[name] for name in (*rule.differs, *rule.unless)]
        some = levels[:, columns]
        result &= ((some != NULL) & (some != last[columns])).any(axis=1)
    return result


def disagreeing(levels: npt.NDArray[np.uint8], rules: LinkageRules) -> Vetoed:
    """The disagreements that stand against each pair (levels: pairs × comparisons)."""
    apart: Mask = np.zeros(len(levels), dtype=np.bool_)
    review: Mask = np.zeros(len(levels), dtype=np.bool_)
    place = {c.name: i for i, c in enumerate(rules.comparisons)}
    last = np.array([differs(c) for c in rules.comparisons], dtype=np.uint8)
    for rule in rules.disagreements:
        against: Mask = np.ones(len(levels), dtype=np.bool_)
        for name in rule.differs:
            against &= levels[:, place[name]] == last[place[name]]
        for name in rule.alike:
            against &= levels[:, place[name]] != last[place[name]]
        for name in rule.unless:
            level = levels[:, place[name]]
            against &= (level == NULL) | (level == last[place[name]])
        if rule.then == "apart":
            apart |= against
        else:
            review |= against
    return Vetoed(apart, review & ~apart)
