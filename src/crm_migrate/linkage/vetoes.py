"""What forbids a match: contradicting codes, branches, legal forms."""

from dataclasses import dataclass

import numpy as np

from crm_migrate.linkage.features import Features, Indices, Mask
from crm_migrate.linkage.rule_types import LinkageRules


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
