"""The toolkit held against the native engine: the same pairs, the same levels, its own weights."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from crm_migrate.errors import CrmMigrateError
from crm_migrate.linkage.blocking.blocks import capped_blocks
from crm_migrate.linkage.blocking.candidates import candidates
from crm_migrate.linkage.comparing.comparison import levels_of
from crm_migrate.linkage.engines import toolkit
from crm_migrate.linkage.engines.choice import clustered_pairs, compare_engines, engine_for
from crm_migrate.linkage.engines.toolkit import RecordLinkageEngine
from crm_migrate.linkage.engines.toolkit_classifiers import LEAST_VERDICTS
from crm_migrate.linkage.engines.toolkit_levels import toolkit_levels, toolkit_pairs
from crm_migrate.linkage.evaluation.truth import evaluate
from crm_migrate.linkage.features.features import build_features
from crm_migrate.linkage.rules.types import Caps, LinkageRules
from tests.linkage.invented_companies import companies

KEY = b"test"


def thin(records: pl.DataFrame, share: float) -> pl.DataFrame:
    """The records with so many of their cells emptied at random."""
    rng = np.random.default_rng(5)
    return records.with_columns(
        pl.when(pl.Series(rng.random(records.height) < share))
        .then(None)
        .otherwise(pl.col(c))
        .alias(c)
        for c in ("uscc", "phone", "email", "address")
    )


@pytest.fixture(scope="module")
def toolkit_rules(customer_rules: LinkageRules) -> LinkageRules:
    return replace(customer_rules, engine="recordlinkage")


@pytest.mark.parametrize("caps", [Caps(), Caps(block=5, refine="name.core")])
def test_same_blocking_same_pairs(customer_rules: LinkageRules, caps: Caps):
    """The toolkit's indexers bring together exactly the pairs of the native engine, capped too."""
    rules = replace(customer_rules, caps=caps)
    features = build_features(thin(companies(1_200, level=0.8), 0.3), rules)
    pairs = toolkit_pairs(capped_blocks(features, rules, KEY), len(features))
    native = candidates(features, rules, KEY)
    assert len(native) > 500
    assert pairs.get_level_values(0).to_numpy().tolist() == native.left.tolist()
    assert pairs.get_level_values(1).to_numpy().tolist() == native.right.tolist()


def test_same_levels_same_vectors(customer_rules: LinkageRules):
    """Exact and jellyfish agree with RapidFuzz on every level of every pair, Chinese included."""
    features = build_features(thin(companies(1_200, level=1.0), 0.3), customer_rules)
    pairs = toolkit_pairs(capped_blocks(features, customer_rules, KEY), len(features))
    left, right = (pairs.get_level_values(i).to_numpy().astype(np.int64) for i in (0, 1))
    found = toolkit_levels(pairs, features, customer_rules)
    for i, comparison in enumerate(customer_rules.comparisons):
        assert found[:, i].tolist() == levels_of(comparison, features, left, right).tolist()
    assert len(np.unique(found, axis=0)) > 40


def test_thin_records_do_not_drive_the_engines_apart(
    customer_rules: LinkageRules, toolkit_rules: LinkageRules
):
    """R-3.2: where nearly half of the cells are empty, both still join about the same pairs."""
    records = thin(companies(2_000, level=0.6), 0.45)
    native = engine_for(customer_rules).link(records, customer_rules)
    toolkit = engine_for(toolkit_rules).link(records, toolkit_rules)
    assert compare_engines(native, toolkit).share >= 0.9
    assert toolkit.model is not None
    assert all(c.levels[0].weight == 0 for c in toolkit.model.comparisons)


def test_row_order_changes_nothing(toolkit_rules: LinkageRules):
    """Shuffled rows, the same clusters and the same weights."""
    records = companies(600, level=0.8)
    one = engine_for(toolkit_rules).link(records, toolkit_rules)
    shuffled = records.sample(fraction=1, shuffle=True, seed=2)
    other = engine_for(toolkit_rules).link(shuffled, toolkit_rules)
    assert one.clusters.equals(other.clusters)
    assert one.pairs.equals(other.pairs)


def test_verdicts_train_a_classifier(toolkit_rules: LinkageRules):
    """R-3.3: with verdicts a logistic regression finds more than ECM alone, on unseen pairs."""
    records = thin(companies(3_000, level=1.0), 0.3)
    truth = records.select("record_id", "truth")
    of = dict(truth.iter_rows())
    before = engine_for(toolkit_rules).link(records, toolkit_rules)
    asked = pl.concat(
        [before.review.gather_every(2), before.pairs.gather_every(40)], how="diagonal"
    )
    asked = asked.select("left_id", "right_id").unique(maintain_order=True)
    said = asked.with_columns(
        pl.Series("verdict", ["same" if of[a] == of[b] else "different" for a, b in asked.rows()]),
        given_at=pl.lit("2026-01-01T00:00:00Z"),
    )
    assert said["verdict"].value_counts()["count"].min() >= LEAST_VERDICTS
    after = engine_for(toolkit_rules).link(records, toolkit_rules, said)
    unseen = [
        clustered_pairs(found.clusters).join(asked, on=["left_id", "right_id"], how="anti")
        for found in (before, after)
    ]
    right = [sum(of[a] == of[b] for a, b in pairs.rows()) for pairs in unseen]
    assert right[1] > right[0]
    assert evaluate(after.clusters, truth).pairs.precision >= 0.95
    assert after.pairs.height == before.pairs.height
    low, high = after.pairs.filter(pl.col("match_weight").is_not_null()).row(0)[:2]
    assert len(after.explain(low, high)) >= len(toolkit_rules.comparisons)


def test_too_many_pairs_are_refused(toolkit_rules: LinkageRules, monkeypatch: pytest.MonkeyPatch):
    """Beyond what its vectors can hold the tool says so, and what to do."""
    monkeypatch.setattr(toolkit, "MOST_PAIRS", 10)
    with pytest.raises(CrmMigrateError, match="too many") as fault:
        RecordLinkageEngine().link(companies(200), toolkit_rules)
    assert "native" in str(fault.value.remedy)
