"""How right the customers of a run are joined: against a truth, or by verdicts on a sample."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from crm_migrate.language import Text
from crm_migrate.linkage.engines.choice import engine_for
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.engines.model_words import steps
from crm_migrate.linkage.evaluation.bounds import precision, recall
from crm_migrate.linkage.evaluation.sample import draw, sampling_frame, strata
from crm_migrate.linkage.evaluation.truth import evaluate, threshold_curve, true_pairs
from crm_migrate.linkage.model.model import FRACTION, weight_of
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.model import Entity, SemanticType
from crm_migrate.protection.masking import mask_pair
from crm_migrate.records import RECORD_ID
from crm_migrate.stages import link
from crm_migrate.stages.evaluation.evaluated import (
    Evaluated,
    Example,
    Sampled,
    blocking_recall,
    scored_recall,
)
from crm_migrate.stages.evaluation.truth import TruthFile, truth_of
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.linkage_input import linkage_input
from crm_migrate.stages.session import Session
from crm_migrate.state.review import add_tasks
from crm_migrate.state.verdicts import pair_verdicts
from crm_migrate.trust.roles import Action

ENTITY = "customer"
SAMPLED = "sample"


def evaluate_run(
    session: Session,
    name: str = "latest",
    *,
    truth: TruthFile | str | None = None,
    sample: int = 0,
    confidence: float = 0.95,
    by: str | None = None,
    pairs: Sequence[tuple[str, str]] = (),
) -> Evaluated:
    """What can be said about the customers of a run.

    truth: a file, or the name of a field that says who a record is. sample: raise so many
    review tasks. pairs: record ids whose weight is to be shown, step by step.

    Raises:
        NotFound: there is no such run.
        UsageFault: the truth has no such column, or names no record of the run.
        SourceFault: the truth cannot be read.
        KeyFault: tasks were asked for, and the person may not review.
    """
    job = session.job
    rules = job.rules.linkage[ENTITY]
    with open_finished(session, name) as run:
        records = linkage_input(job, run, ENTITY)
        members = run.read(link.STAGE, f"members.{ENTITY}")
        known = None if truth is None else truth_of(session, run, records, truth)
        job.progress("link", 0, 1)
        blind = engine_for(rules, key=job.keyring.digest_key).link(records, rules)
        job.progress("link", 1, 1)
        found = Evaluated(
            of=run.id,
            engine=rules.engine,
            thresholds=thresholds(rules),
            model=blind.model,
            examples=_examples(blind, records, rules, session.project.model.entity(ENTITY), pairs),
        )
        if known is not None:
            found = _against(found, known, records, members, rules, blind, job.keyring.digest_key)
        sampled = _sampled(session, blind, run.id, sample, confidence, by)
        return replace(found, sample=sampled)


def thresholds(rules: LinkageRules) -> tuple[float, float]:
    """Bits from which a pair is asked about, and from which it is joined."""
    return weight_of(rules.review) / FRACTION, weight_of(rules.match) / FRACTION


def _against(
    found: Evaluated,
    truth: pl.DataFrame,
    records: pl.DataFrame,
    members: pl.DataFrame,
    rules: LinkageRules,
    blind: Linkage,
    key: bytes,
) -> Evaluated:
    clusters = members.select(RECORD_ID, pl.col("golden_id").alias("cluster_id"))
    ids = records[RECORD_ID]
    true = true_pairs(ids, truth)
    return replace(
        found,
        truth=evaluate(clusters, truth),
        blocking=blocking_recall(records, rules, truth, key),
        scored=scored_recall(blind, truth, ids),
        curve=threshold_curve(blind.pairs, truth, true),
    )


def _sampled(
    session: Session,
    blind: Linkage,
    run: str,
    total: int,
    confidence: float,
    by: str | None,
) -> Sampled:
    frame = sampling_frame(blind)
    verdicts = pair_verdicts(session.state, ENTITY)
    found = strata(frame, verdicts)
    raised: list[str] = []
    if total:
        person = session.acting(by, Action.REVIEW)
        wanted = draw(frame, verdicts, total + sum(s.asked for s in found))
        asked = wanted.select(
            *("left_id", "right_id", "match_weight"),
            pl.lit(SAMPLED).alias("reason"),
            pl.lit(0.0).alias("worth"),
        )
        raised = add_tasks(session.state, asked, ENTITY, run)
        session.record(person.id, "evaluate.sampled", {"run": run, "tasks": len(raised)})
    return Sampled(
        confidence,
        precision(found, confidence),
        recall(found, confidence),
        tuple(found),
        tuple(raised),
    )


def _examples(
    blind: Linkage,
    records: pl.DataFrame,
    rules: LinkageRules,
    entity: Entity,
    pairs: Sequence[tuple[str, str]],
) -> tuple[Example, ...]:
    """The pairs that were asked for, else those at which the decision is closest."""
    fields = {f for feature in rules.features for f in feature.fields}
    titled = [(Text(f"{a} ↔ {b}", f"{a} ↔ {b}"), a, b) for a, b in pairs] or telling(blind)
    return tuple(
        Example(title, tuple(steps(blind, a, b)), _sides(records, entity, a, b, fields))
        for title, a, b in titled
    )


def telling(blind: Linkage) -> list[tuple[Text, str, str]]:
    """The lightest and a middling pair that were joined, and the heaviest one that was not."""
    joined = blind.edges.sort("match_weight", "left_id", "right_id")
    apart = blind.review.sort("match_weight", "left_id", "right_id")
    places = (
        (Text("the lightest pair that was joined", "权重最低的已合并记录对"), joined, 0),
        (Text("a usual pair that was joined", "一般的已合并记录对"), joined, joined.height // 2),
        (Text("the heaviest doubtful pair", "权重最高的疑似记录对"), apart, -1),
    )
    return [
        (title, *frame.row(at)[:2])
        for title, frame, at in places
        if frame.height > (2 if at > 0 else 0)
    ]


def _sides(
    records: pl.DataFrame, entity: Entity, left: str, right: str, fields: set[str]
) -> tuple[tuple[Text, str, str], ...]:
    """The fields by which both records were compared, always masked."""
    sides = [records.filter(pl.col(RECORD_ID) == side) for side in (left, right)]
    if any(side.is_empty() for side in sides):
        return ()
    rows = []
    for field in entity.fields:
        if field.name not in fields or field.name not in records.columns:
            continue
        one, other = (side[field.name].cast(pl.String) for side in sides)
        if one[0] is None and other[0] is None:
            continue
        # A customer may be a person, of whose name the mask of companies shows all.
        named = field.type is SemanticType.COMPANY_NAME
        masked = mask_pair(one, other, SemanticType.PERSON_NAME if named else field.type)
        rows.append((field.label, masked[0][0] or "", masked[1][0] or ""))
    return tuple(rows)
