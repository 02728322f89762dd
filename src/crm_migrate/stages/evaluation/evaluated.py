"""What `evaluate` found out about a linkage: counts, shares and weights, no personal data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.linkage.blocking.candidates import Candidates, candidates
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.engines.model_words import LevelRow, Step, level_rows
from crm_migrate.linkage.engines.native import REPORT_KEY
from crm_migrate.linkage.evaluation.bounds import Estimate
from crm_migrate.linkage.evaluation.sample import Stratum
from crm_migrate.linkage.evaluation.truth import TRUTH, Evaluation, known_pairs, true_pairs
from crm_migrate.linkage.features.coded import Indices
from crm_migrate.linkage.features.features import build_features
from crm_migrate.linkage.features.shared_values import stop_shared_values
from crm_migrate.linkage.model.model import Model
from crm_migrate.linkage.model.scoring import CHUNK
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.records import RECORD_ID


@dataclass(frozen=True, slots=True)
class RuleRecall:
    """What one blocking rule brings together. `alone`: true pairs that no other rule finds."""

    rule: str
    pairs: int
    found: int
    alone: int


@dataclass(frozen=True)
class Blocking:
    """Of the truly same pairs, how many blocking brought together at all."""

    true: int
    found: int
    compared: int
    """Pairs, those of several rules more than once."""
    rules: tuple[RuleRecall, ...]

    @property
    def recall(self) -> float:
        """Found of true; 1 when there is nothing to find."""
        return self.found / self.true if self.true else 1.0


@dataclass(frozen=True)
class Sampled:
    """What verdicts on a random sample say (see `linkage.evaluation.sample`)."""

    confidence: float
    precision: Estimate
    recall: Estimate
    strata: tuple[Stratum, ...]
    tasks: tuple[str, ...] = ()
    """Review tasks that were raised for pairs of the sample that nobody has answered."""

    @property
    def asked(self) -> int:
        """Verdicts that count."""
        return sum(s.asked for s in self.strata)

    @property
    def beyond(self) -> int:
        """Verdicts that do not count yet: a pair before them was not answered."""
        return sum(s.beyond for s in self.strata)


@dataclass(frozen=True)
class Example:
    """One pair: why it weighs what it weighs, and both sides field by field, masked."""

    title: Text
    steps: tuple[Step, ...]
    rows: tuple[tuple[Text, str, str], ...] = ()


@dataclass(frozen=True)
class Evaluated:
    """Everything that was found out; what could not be measured is None or empty."""

    of: str
    """The run, or the names of the files."""
    engine: str | None = None
    thresholds: tuple[float, float] | None = None
    """Bits from which a pair is asked about, and from which it is joined."""
    truth: Evaluation | None = None
    blocking: Blocking | None = None
    scored: Blocking | None = None
    """The same of the pairs that were kept after scoring."""
    curve: pl.DataFrame | None = None
    sample: Sampled | None = None
    model: Model | None = None
    examples: tuple[Example, ...] = ()

    @property
    def levels(self) -> list[LevelRow]:
        """The model's levels for people; empty without a model."""
        return level_rows(self.model) if self.model else []

    def to_json(self, language: Language) -> dict[str, Any]:
        """As plain data."""
        return {
            "of": self.of,
            "engine": self.engine,
            "truth": self.truth.to_json() if self.truth else None,
            "blocking": _blocking(self.blocking),
            "scored": _blocking(self.scored),
            "curve": [] if self.curve is None else self.curve.to_dicts(),
            "sample": _sampled(self.sample, language),
            "model": [
                {
                    "comparison": row.comparison,
                    "level": row.words.in_language(language),
                    "m": row.m,
                    "u": row.u,
                    "bits": round(row.bits, 4),
                    "missing": row.missing,
                    "by_frequency": row.by_frequency,
                }
                for row in self.levels
            ],
        }


def blocking_recall(
    records: pl.DataFrame, rules: LinkageRules, truth: pl.DataFrame, key: bytes = REPORT_KEY
) -> Blocking:
    """How many of the true pairs the rules bring together, all of them and each alone."""
    features = stop_shared_values(build_features(records, rules), rules, key).features
    coded = (
        features.ids.alias(RECORD_ID)
        .to_frame()
        .join(truth.drop_nulls(TRUTH), on=RECORD_ID, how="left", maintain_order="left")
    )
    dense = coded[TRUTH].rank("dense").cast(pl.Int64).fill_null(0).to_numpy()
    _, every = _right(candidates(features, rules, key), dense)
    counts, found = [], []
    for rule in rules.blocking:
        compared, right = _right(candidates(features, replace(rules, blocking=(rule,)), key), dense)
        counts.append(compared)
        found.append(right)
    together = np.sort(np.concatenate([every, *found]))
    places = [np.searchsorted(together, right) for right in found]
    rules_per_pair = np.searchsorted(together, together, side="right") - np.searchsorted(
        together, together
    )
    return Blocking(
        true=true_pairs(records[RECORD_ID], truth),
        found=len(every),
        compared=sum(counts),
        rules=tuple(
            # Once for this rule and once for all of them together: no other rule has it.
            RuleRecall("+".join(rule), n, len(right), int((rules_per_pair[at] == 2).sum()))
            for rule, n, right, at in zip(rules.blocking, counts, found, places, strict=True)
        ),
    )


def _right(pairs: Candidates, truth: Indices) -> tuple[int, Indices]:
    """How many pairs there are, and those that are truly the same, packed. Chunk by chunk."""
    number, right = 0, [np.empty(0, dtype=np.int64)]
    for low, high in pairs.parts(CHUNK):
        one, other = pairs.between(low, high)
        number += len(one)
        same = (truth[one] == truth[other]) & (truth[one] > 0)
        right.append(one[same] * pairs.size + other[same])
    return number, np.concatenate(right)


def scored_recall(linkage: Linkage, truth: pl.DataFrame, records: pl.Series) -> Blocking:
    """How many of the true pairs were kept after scoring: the most that any threshold can find."""
    known = known_pairs(linkage.pairs.select("left_id", "right_id"), truth)
    return Blocking(true_pairs(records, truth), int(known["right"].sum()), linkage.pairs.height, ())


def truth_table(ids: pl.Series, truth: pl.Series) -> pl.DataFrame:
    """record_id and truth, blanks as null, each record once (a record that is named twice with
    different truths has none).
    """
    frame = pl.DataFrame({RECORD_ID: ids.cast(pl.String), TRUTH: truth.cast(pl.String)})
    frame = frame.with_columns(pl.col(TRUTH).str.strip_chars().replace("", None))
    one = pl.col(TRUTH).n_unique() == 1
    return (
        frame.drop_nulls()
        .group_by(RECORD_ID)
        .agg(pl.when(one).then(pl.col(TRUTH).first()).otherwise(None))
        .sort(RECORD_ID)
    )


def _blocking(found: Blocking | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "true_pairs": found.true,
        "found": found.found,
        "recall": round(found.recall, 6),
        "pairs": found.compared,
        "rules": [
            {"rule": r.rule, "pairs": r.pairs, "found": r.found, "alone": r.alone}
            for r in found.rules
        ],
    }


def _sampled(sample: Sampled | None, language: Language) -> dict[str, Any] | None:
    if sample is None:
        return None
    return {
        "confidence": sample.confidence,
        "precision": _estimate(sample.precision),
        "recall": _estimate(sample.recall),
        "verdicts": sample.asked,
        "beyond_a_gap": sample.beyond,
        "strata": _strata(sample.strata, language),
        "tasks": list(sample.tasks),
    }


def _strata(strata: Sequence[Stratum], language: Language) -> list[dict[str, Any]]:
    return [
        {
            "stratum": s.words.in_language(language),
            "joined": s.joined,
            "pairs": s.pairs,
            "asked": s.asked,
            "same": s.same,
            "unsure": s.unsure,
            "beyond_a_gap": s.beyond,
        }
        for s in strata
    ]


def _estimate(found: Estimate) -> dict[str, float | None]:
    value = None if found.value is None else round(found.value, 6)
    return {"value": value, "low": round(found.low, 6), "high": round(found.high, 6)}
