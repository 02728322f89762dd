"""What becomes of each scored pair: joined, left to a person, or passed over."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crm_migrate.linkage.comparison import differs
from crm_migrate.linkage.features import Features, Indices, Mask
from crm_migrate.linkage.judgements import Judgements
from crm_migrate.linkage.model import Model, weight_of
from crm_migrate.linkage.rule_types import LinkageRules
from crm_migrate.linkage.scoring import Scored, agreeing
from crm_migrate.linkage.vetoes import disagreeing, vetoed, witnesses

NONE, DOUBTFUL, UNSUPPORTED, CONTRADICTION, VETO, ESSENTIAL, TIE, CUT = range(8)
REASONS = ("", "doubtful", "unsupported", "contradiction", "veto", "essential", "tie", "cut")


@dataclass(frozen=True)
class Decisions:
    """Per scored pair: whether it is joined, and else why a person should look (or NONE);
    `rivals`: a disagreement of the rules keeps the two apart; `witness`: what such rules ask
    about agrees.
    """

    joined: Mask
    reason: npt.NDArray[np.uint8]
    rivals: Mask
    witness: Mask


def decide(
    scored: Scored, features: Features, rules: LinkageRules, model: Model, said: Judgements
) -> Decisions:
    """Certain agreement or enough weight joins, unless a veto or a missing second witness says
    otherwise; what people decided before is not asked again.
    """
    left, right = scored.left, scored.right
    heavy = scored.weight >= weight_of(rules.match)
    doubt = scored.weight >= weight_of(rules.review)
    supported = agreeing(scored, model) >= rules.support
    broken: Mask = np.zeros(len(left), dtype=np.bool_)
    for i, comparison in enumerate(rules.comparisons):
        if comparison.name in rules.essential:
            broken |= scored.levels[:, i] == differs(comparison)
    against = vetoed(features, rules, left, right)
    disagree = disagreeing(scored.levels, rules)
    apart, ask = against.apart | disagree.apart, against.review | disagree.review
    free = ~apart & ~ask
    joined = free & (scored.certain | (heavy & supported & ~broken))
    reason = np.zeros(len(left), dtype=np.uint8)
    reason[doubt & ~heavy & free] = DOUBTFUL
    reason[heavy & ~supported & free] = UNSUPPORTED
    reason[heavy & broken & free] = ESSENTIAL
    reason[heavy & supported & ~broken & ask & ~apart] = VETO
    reason[scored.certain & ~free] = CONTRADICTION
    n = len(features)
    decided = _packed(left, right, n)
    must = np.isin(decided, _packed(*said.must, n))
    cannot = np.isin(decided, _packed(*said.cannot, n))
    reason[joined | must | cannot] = NONE
    rivals = (disagree.apart | disagree.review) & ~must
    witness = witnesses(scored.levels, rules)
    return Decisions((joined | must) & ~cannot, reason, rivals, witness)


def _packed(left: Indices, right: Indices, n: int) -> Indices:
    return left * n + right
