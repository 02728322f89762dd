"""The gate “precision at least p with confidence c”: what the verdicts there are can vouch for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.language import Text
from crm_migrate.linkage.deciding.judgements import UNSURE
from crm_migrate.linkage.engines.choice import engine_for
from crm_migrate.linkage.evaluation.bounds import least_verdicts, lower_bound, verdicts_missing
from crm_migrate.linkage.evaluation.sample import sampling_frame, strata
from crm_migrate.stages import link
from crm_migrate.stages.linkage_input import linkage_input
from crm_migrate.stages.session import Session
from crm_migrate.state.verdicts import pair_verdicts
from crm_migrate.workspace import Run

GATE = "linkage_precision"
CONFIDENCE = 0.95
_ENTITY = "customer"


@dataclass(frozen=True)
class Precise:
    """The figure under the gate's name, and what is said of it; both empty without the gate."""

    figures: dict[str, float] = field(default_factory=dict)
    notes: Mapping[str, Text] = field(default_factory=dict)


def precision_figure(session: Session, run: Run) -> Precise:
    """The lower bound of the precision of joined customers, where a gate asks for it.

    What the engine decides without verdicts is judged: errors that verdicts found are mended in the
    plan, which is therefore at least as good. With too few verdicts the figure is 0, and it is said
    how many are missing at least; only with enough of them the customers are linked once more.
    """
    rule = session.job.rules.gates.get(GATE)
    if rule is None:
        return Precise()
    wanted, confidence = rule.at_least or 0.0, rule.confidence or CONFIDENCE
    verdicts = pair_verdicts(session.state, _ENTITY)
    given = verdicts.filter(pl.col("verdict") != UNSURE).height
    least = min(least_verdicts(wanted, confidence), _joined_pairs(run))
    if given < least:
        return Precise({GATE: 0.0}, {GATE: _missing(least - given, confidence)})
    rules = session.job.rules.linkage[_ENTITY]
    records = linkage_input(session.job, run, _ENTITY)
    blind = engine_for(rules, key=session.job.keyring.digest_key).link(records, rules)
    found = strata(sampling_frame(blind), verdicts)
    bound = lower_bound(found, confidence)
    more = verdicts_missing(found, wanted, confidence)
    if more == 0:
        sure = Text(f"{confidence:.0%} sure", f"置信度 {confidence:.0%}")
        return Precise({GATE: round(bound, 6)}, {GATE: sure})
    if more is None:
        many = Text("too many errors were found", "已发现的错误过多")
        return Precise({GATE: round(bound, 6)}, {GATE: many})
    return Precise({GATE: round(bound, 6)}, {GATE: _missing(more, confidence)})


def _joined_pairs(run: Run) -> int:
    sizes = run.read(link.STAGE, f"members.{_ENTITY}").group_by("golden_id").len()["len"]
    counts = sizes.cast(pl.Int64)
    return int((counts * (counts - 1)).sum()) // 2


def _missing(verdicts: int, confidence: float) -> Text:
    return Text(
        f"{confidence:.0%} sure: at least {verdicts:,} more verdicts are needed"
        f" (crm-migrate evaluate --sample {verdicts})",
        f"置信度 {confidence:.0%}：至少还需 {verdicts:,} 个裁决"
        f"(crm-migrate evaluate --sample {verdicts})",
    )
