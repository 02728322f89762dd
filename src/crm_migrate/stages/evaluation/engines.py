"""A second opinion: the customers of a run linked again by another engine (R-3.2)."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import polars as pl

from crm_migrate.language import Text
from crm_migrate.linkage.engines.choice import ADVISED_RECORDS, compare_engines, engine_for
from crm_migrate.linkage.engines.contract import REVIEW_REASONS, Linkage
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.linkage_input import linkage_input
from crm_migrate.stages.session import Session
from crm_migrate.state.verdicts import pair_verdicts

EngineName = Literal["native", "recordlinkage"]
NOT_COMPARED = "not_compared"
TOO_LIGHT = "too_light"
APART = "apart"
REASONS = REVIEW_REASONS | {
    NOT_COMPARED: Text("blocking never brought the two together", "分块未将两者放在一起比较"),
    TOO_LIGHT: Text("compared, but the weight was too small", "已比较，但权重不足"),
    APART: Text("a match, but the cluster was cut between them", "判为匹配，但聚类在其间切开"),
}
"""Why the other engine did not join a pair."""


@dataclass(frozen=True)
class EngineFigures:
    """What one engine found."""

    engine: str
    pairs: int
    edges: int
    clusters: int
    review: int
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """Where two engines agree about the same records. Counts only, no personal data."""

    run: str
    records: int
    first: EngineFigures
    second: EngineFigures
    both: int
    """Pairs of records that both put into one cluster."""
    only_first: int
    only_second: int
    share: float
    """Pairs joined by both, of the pairs joined by either."""
    reasons: tuple[tuple[str, str, int], ...]
    """(engine that did not join, reason code of `REASONS`, pairs), the most frequent first."""
    beyond_advice: bool = False
    """More records than the engine recordlinkage is a sensible choice for."""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {
            "reasons": [{"engine": e, "reason": r, "pairs": n} for e, r, n in self.reasons]
        }


def compare(
    session: Session, name: str = "latest", engine: EngineName = "recordlinkage"
) -> Comparison:
    """Link the customers of a run with the project's engine and with `engine`, and compare.

    Raises:
        NotFound: there is no such run.
    """
    rules = session.job.rules.linkage["customer"]
    others = replace(rules, engine=engine)
    verdicts = pair_verdicts(session.state, "customer")
    with open_finished(session, name, "linked") as run:
        records = linkage_input(session.job, run, "customer")
        run_id = run.id
    key = session.job.keyring.digest_key
    session.job.progress("link", 0, 2)
    first = engine_for(rules, key=key).link(records, rules, verdicts)
    session.job.progress("link", 1, 2)
    second = engine_for(others, key=key).link(records, others, verdicts)
    session.job.progress("link", 2, 2)
    agreement = compare_engines(first, second)
    missed = agreement.disagreements
    by_first = missed.filter(pl.col("joined_by") == "first")
    by_second = missed.filter(pl.col("joined_by") == "second")
    counted = [(others.engine, r, n) for r, n in _why_not(by_first, second)]
    counted += [(rules.engine, r, n) for r, n in _why_not(by_second, first)]
    return Comparison(
        run=run_id,
        records=records.height,
        first=_figures(rules.engine, first),
        second=_figures(others.engine, second),
        both=agreement.both,
        only_first=agreement.only_first,
        only_second=agreement.only_second,
        share=round(agreement.share, 4),
        reasons=tuple(sorted(counted, key=lambda c: (-c[2], c[0], c[1]))),
        beyond_advice=records.height > ADVISED_RECORDS,
    )


def _figures(engine: str, result: Linkage) -> EngineFigures:
    summary = result.summary()
    return EngineFigures(
        engine=engine,
        pairs=result.pairs.height,
        edges=result.edges.height,
        clusters=int(str(summary["clusters"])),
        review=result.review.height,
        seconds=round(sum(result.seconds.values()), 2),
    )


def _why_not(missed: pl.DataFrame, other: Linkage) -> list[tuple[str, int]]:
    """Reason → pairs, for pairs that `other` did not put into one cluster."""
    on = ["left_id", "right_id"]
    review = other.review.select(*on, "reason").unique(on, keep="first")
    scored = other.pairs.select(*on, pl.lit(True).alias("_scored"))
    joined = other.edges.select(*on, pl.lit(True).alias("_edge"))
    reason = (
        pl.when(pl.col("reason").is_not_null())
        .then(pl.col("reason"))
        .when(pl.col("_edge").is_not_null())
        .then(pl.lit(APART))
        .when(pl.col("_scored").is_not_null())
        .then(pl.lit(TOO_LIGHT))
        .otherwise(pl.lit(NOT_COMPARED))
    )
    told = (
        missed.join(review, on=on, how="left")
        .join(scored, on=on, how="left")
        .join(joined, on=on, how="left")
        .select(reason.alias("reason"))
    )
    return [(str(r), int(n)) for r, n in told.group_by("reason").len().iter_rows()]
