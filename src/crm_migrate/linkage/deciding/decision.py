"""What becomes of each scored pair: joined, left to a person, or passed over."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crm_migrate.linkage.comparing.comparison import differs
from crm_migrate.linkage.comparing.vetoes import disagreeing, vetoed, witnesses
from crm_migrate.linkage.deciding.judgements import Judgements
from crm_migrate.linkage.features.coded import Indices, Mask
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.model.model import Model, weight_of
from crm_migrate.linkage.model.scoring import Scored, agreeing
from crm_migrate.linkage.rules.types import LinkageRules

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
    """What the evidence says, and what people said."""
    undisputed = weigh(scored, features, rules, model)
    return with_verdicts(undisputed, scored.left, scored.right, len(features), said)


def weigh(scored: Scored, features: Features, rules: LinkageRules, model: Model) -> Decisions:
    """Certain agreement or enough weight joins, unless a veto or a missing second witness says
    otherwise.
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
    reason[joined] = NONE
    rivals: Mask = disagree.apart | disagree.review
    return Decisions(joined, reason, rivals, witnesses(scored.levels, rules))


def with_verdicts(
    found: Decisions, left: Indices, right: Indices, n: int, said: Judgements
) -> Decisions:
    """What people decided before stands, and is not asked again (n: number of records)."""
    pairs = _packed(left, right, n)
    must = np.isin(pairs, _packed(*said.must, n))
    cannot = np.isin(pairs, _packed(*said.cannot, n))
    reason = np.where(must | cannot, np.uint8(NONE), found.reason)
    joined = (found.joined | must) & ~cannot
    return Decisions(joined, reason, found.rivals & ~must, found.witness)


def _packed(left: Indices, right: Indices, n: int) -> Indices:
    return left * n + right
