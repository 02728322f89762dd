"""The default engine: blocking, training, scoring, decision and clustering on integers."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from crm_migrate.linkage.blocking.candidates import Candidates, candidates
from crm_migrate.linkage.deciding.clustering import Clusters, Rivals, cluster
from crm_migrate.linkage.deciding.decision import CUT, REASONS, TIE, Decisions, weigh, with_verdicts
from crm_migrate.linkage.deciding.judgements import Judgements, judgements
from crm_migrate.linkage.engines.contract import STEPS, Linkage, Progress, no_progress
from crm_migrate.linkage.features.coded import Indices
from crm_migrate.linkage.features.features import Features, build_features, id_order
from crm_migrate.linkage.features.grams import GRAMS_SCHEMA
from crm_migrate.linkage.features.shared_values import (
    Stopped,
    stop_known_values,
    stop_shared_values,
)
from crm_migrate.linkage.memory.memory import block_numbers, remember, row_numbers, said_by
from crm_migrate.linkage.model.frozen import Frozen, freeze
from crm_migrate.linkage.model.model import FRACTION, Model
from crm_migrate.linkage.model.scoring import (
    CHUNK,
    Scored,
    Scorer,
    Weights,
    build_model,
    probabilities,
)
from crm_migrate.linkage.model.training import train
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.records import RECORD_ID

REPORT_KEY = b"crm-migrate linkage"
"""Key of the digests in reports when the caller has none: they then only hide, not protect."""


@dataclass
class Stopwatch:
    """Seconds per stage, in the order in which the stages ran; `progress` hears of each."""

    progress: Progress = no_progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Times one stage, which may call what it is given with (done, total)."""
        words = str(STEPS[name]) if name in STEPS else None

        def tell(done: int, total: int) -> None:
            if words is not None:
                self.progress(words, done, total)

        tell(0, 1)
        start = time.perf_counter()
        yield tell
        self.seconds[name] = round(time.perf_counter() - start, 3)
        tell(1, 1)


@dataclass(frozen=True)
class NativeEngine:
    """Fellegi–Sunter linkage with levels; the result depends on no row order or thread count.

    `key` keys the digests in models and reports. Instead of training a new model, `model` is
    used, or `frozen`, which fixes frequencies and shared values, too. Pairs are scored about
    `chunk` at a time. `remember`: the result has a memory, for `incremental.link_changes`.
    """

    key: bytes = REPORT_KEY
    model: Model | None = None
    threads: int = 2
    chunk: int = CHUNK
    frozen: Frozen | None = None
    remember: bool = False
    progress: Progress = no_progress

    def link(
        self, records: pl.DataFrame, rules: LinkageRules, verdicts: pl.DataFrame | None = None
    ) -> Linkage:
        """The linkage of `records` (record_id and the fields that the rules name).

        Raises: CrmMigrateError when record ids are missing or repeated.
        """
        watch = Stopwatch(self.progress)
        with watch.stage("features"):
            stopped = self.stop(build_features(records, rules), rules)
            features = stopped.features
        with watch.stage("blocking"):
            pairs = candidates(features, rules, self.key)
        with watch.stage("training"):
            frozen = self.frozen or self._train(features, rules, pairs, stopped)
            features = weighed_grams(features, frozen.grams)
        with watch.stage("scoring") as tell:
            scored = Scorer(features, rules, frozen).score(pairs, self.threads, self.chunk, tell)
        with watch.stage("clustering"):
            weighed = weigh(scored, features, rules, frozen.model)
            said = judgements(verdicts, features)
            decisions = with_verdicts(weighed, scored.left, scored.right, len(features), said)
            found = cluster_decided(features, rules, scored, decisions, said)
        with watch.stage("result"):
            result = assemble(
                features,
                rules,
                scored,
                decisions,
                found,
                pairs.capped,
                stopped.report,
                frozen.model,
                watch.seconds,
                scored.compared,
            )
        if not self.remember:
            return result
        with watch.stage("memory"):
            keys = block_numbers(features, rules)
            rows = row_numbers(records, id_order(records[RECORD_ID]), rules)
            memory = remember(frozen, features.ids, rows, keys, scored, weighed, decisions, found)
            memory = replace(memory, said=said_by(verdicts), capped=pairs.capped)
            return replace(result, memory=memory)

    def stop(self, features: Features, rules: LinkageRules) -> Stopped:
        """Without shared values: those found in the records, or those that are frozen."""
        if self.frozen is None:
            return stop_shared_values(features, rules, self.key)
        return stop_known_values(features, self.frozen.stopped, self.frozen.shared)

    def _train(
        self, features: Features, rules: LinkageRules, pairs: Candidates, stopped: Stopped
    ) -> Frozen:
        grams = count_grams(features, rules)
        features = weighed_grams(features, grams)
        model = self.model
        if model is None:
            learnt = train(features, rules, pairs, self.threads)
            model = build_model(learnt, rules, features, stopped.stop_list)
        return freeze(model, features, rules, stopped, grams)


def count_grams(features: Features, rules: LinkageRules) -> pl.DataFrame:
    """In how many values each n-gram stands, where a rule compares by them."""
    if not any(level.by == "grams" for c in rules.comparisons for level in c.levels):
        return pl.DataFrame(schema=GRAMS_SCHEMA)
    from crm_migrate.linkage.comparing.rarity import gram_counts

    return gram_counts(features, rules)


def weighed_grams(features: Features, grams: pl.DataFrame) -> Features:
    """The features with the rarity of n-grams, where it was counted."""
    if grams.is_empty():
        return features
    from crm_migrate.linkage.comparing.rarity import rarities

    return replace(features, rarity=rarities(grams))


def cluster_decided(
    features: Features,
    rules: LinkageRules,
    scored: Scored,
    decisions: Decisions,
    said: Judgements,
) -> Clusters:
    """The clusters of what was decided to be joined."""
    joined = np.flatnonzero(decisions.joined)
    rivals = Rivals(
        scored.left[decisions.rivals],
        scored.right[decisions.rivals],
        decisions.witness[joined],
    )
    left, right, weight = scored.left[joined], scored.right[joined], scored.weight[joined]
    return cluster(features, rules, left, right, weight, said, rivals)


def assemble(
    features: Features,
    rules: LinkageRules,
    scored: Scored,
    decisions: Decisions,
    found: Clusters,
    capped: pl.DataFrame,
    shared: pl.DataFrame,
    model: Model,
    seconds: dict[str, float],
    compared: int,
) -> Linkage:
    """The tables of a `Linkage` from what the stages decided (both engines)."""
    joined = np.flatnonzero(decisions.joined)
    reason = decisions.reason.copy()
    reason[joined[found.tie]] = TIE
    reason[joined[found.cut]] = CUT
    same = found.label[scored.left] == found.label[scored.right]
    asked = np.flatnonzero((reason > 0) & ~same)
    edges = joined[found.kept]
    ids = features.ids
    pairs = pair_table(ids, scored.left, scored.right, scored.weight)
    pairs = pairs.with_columns(
        pl.Series("certain", scored.certain),
        *(
            pl.Series(c.name, np.ascontiguousarray(scored.levels[:, i]))
            for i, c in enumerate(rules.comparisons)
        ),
    )
    words = np.array(REASONS, dtype=object)
    review = pair_table(ids, scored.left[asked], scored.right[asked], scored.weight[asked])
    return Linkage(
        pairs=pairs,
        edges=pair_table(ids, scored.left[edges], scored.right[edges], scored.weight[edges]).drop(
            "match_probability"
        ),
        clusters=pl.DataFrame(
            {"record_id": ids, "cluster_id": ids.gather(pl.Series(found.label))},
            schema={"record_id": pl.String(), "cluster_id": pl.String()},
        ),
        review=review.with_columns(
            pl.Series("reason", words[reason[asked]].tolist(), dtype=pl.String)
        ),
        capped_blocks=capped,
        shared_values=shared,
        model=model,
        seconds=seconds,
        compared=compared,
    )


def pair_table(ids: pl.Series, left: Indices, right: Indices, weight: Weights) -> pl.DataFrame:
    """left_id, right_id, match_weight (bits), match_probability, ordered by the ids."""
    return pl.DataFrame(
        {
            "left_id": ids.gather(pl.Series(left)),
            "right_id": ids.gather(pl.Series(right)),
            "match_weight": weight / FRACTION,
            "match_probability": probabilities(weight),
        }
    )
