"""Measures of a clustering against a truth."""

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.cluster import pair_confusion_matrix

from crm_migrate.linkage.evaluation.truth import evaluate, known_pairs, threshold_curve, true_pairs

LABELS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30)


def frames(labels: list[tuple[int, int]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    ids = [f"r{i:02d}" for i in range(len(labels))]
    clusters = pl.DataFrame({"record_id": ids, "cluster_id": [f"c{c}" for c, _ in labels]})
    return clusters, pl.DataFrame({"record_id": ids, "truth": [f"t{t}" for _, t in labels]})


def test_a_small_example_by_hand():
    """R-3.1: a a b | b c with truth {1,2},{3,4},{5}: every measure as on paper."""
    clusters, truth = frames([(0, 0), (0, 0), (0, 1), (1, 1), (1, 2)])
    found = evaluate(clusters, truth)
    assert (found.pairs.right, found.pairs.found, found.pairs.true) == (1, 4, 2)
    assert (found.pairs.precision, found.pairs.recall) == (0.25, 0.5)
    assert found.clusters.right == 0
    assert found.b_cubed.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5)
    assert found.b_cubed.recall == pytest.approx((1 + 1 + 1 / 2 + 1 / 2 + 1) / 5)
    assert (found.over.clusters, found.over.wrong_pairs, found.over.largest) == (2, 3, 2)
    assert (found.under.customers, found.under.missed_pairs, found.under.most) == (1, 1, 2)


def test_records_without_a_truth_count_nowhere():
    """Nothing is right or wrong about a record of which nothing is known."""
    clusters, truth = frames([(0, 0), (0, 0), (1, 1)])
    truth = truth.with_columns(pl.Series("truth", ["a", "a", None]))
    stranger = pl.DataFrame({"record_id": ["zz"], "truth": ["q"]})
    found = evaluate(clusters, pl.concat([truth, stranger]))
    assert (found.records, found.without_truth, found.not_clustered) == (2, 1, 1)
    assert found.pairs.f1 == 1


@given(LABELS)
@settings(max_examples=60, deadline=None)
def test_measures_by_definition(labels: list[tuple[int, int]]):
    """Pairs as in scikit-learn, B³ and exact clusters record by record, for any clustering."""
    clusters, truth = frames(labels)
    found = evaluate(clusters, truth)
    matrix = pair_confusion_matrix([t for _, t in labels], [c for c, _ in labels]) // 2
    assert found.pairs.right == matrix[1, 1]
    assert found.over.wrong_pairs == matrix[0, 1]
    assert found.under.missed_pairs == matrix[1, 0]
    rows = range(len(labels))
    same = [[{j for j in rows if labels[j][k] == labels[i][k]} for i in rows] for k in (0, 1)]
    right = [len(same[0][i] & same[1][i]) for i in rows]
    by_cluster = sum(n / len(same[0][i]) for i, n in enumerate(right)) / len(labels)
    by_truth = sum(n / len(same[1][i]) for i, n in enumerate(right)) / len(labels)
    assert found.b_cubed.precision == pytest.approx(by_cluster)
    assert found.b_cubed.recall == pytest.approx(by_truth)
    sets = [{frozenset(s) for s in same[k]} for k in (0, 1)]
    assert found.clusters.right == len(sets[0] & sets[1])
    assert (found.clusters.found, found.clusters.true) == (len(sets[0]), len(sets[1]))


@given(LABELS)
@settings(max_examples=30, deadline=None)
def test_a_perfect_clustering_scores_one(labels: list[tuple[int, int]]):
    """The truth as clustering has 1 in every measure; one cluster of all has full recall."""
    found = evaluate(*frames([(t, t) for _, t in labels]))
    assert found.pairs.f1 == found.clusters.f1 == found.joined_clusters.f1 == 1
    assert found.b_cubed.f1 == pytest.approx(1)
    assert (found.over.clusters, found.under.customers) == (0, 0)
    heap = evaluate(*frames([(0, t) for _, t in labels]))
    assert heap.pairs.recall == 1
    assert heap.b_cubed.recall == pytest.approx(1)
    assert heap.under.missed_pairs == 0


@given(LABELS, st.data())
@settings(max_examples=30, deadline=None)
def test_the_curve_counts_what_lies_above(labels: list[tuple[int, int]], data: st.DataObject):
    """At each threshold: the pairs at or above it, the right ones, and the share of all true."""
    clusters, truth = frames(labels)
    every = list(combinations(clusters["record_id"], 2))
    weights = data.draw(st.lists(st.integers(-9, 9), min_size=len(every), max_size=len(every)))
    pairs = pl.DataFrame(
        [(a, b, w / 2) for (a, b), w in zip(every, weights, strict=True)],
        schema={"left_id": pl.String, "right_id": pl.String, "match_weight": pl.Float64},
        orient="row",
    )
    true = true_pairs(clusters["record_id"], truth)
    for row in threshold_curve(pairs, truth, true).iter_rows(named=True):
        above = known_pairs(pairs.filter(pl.col("match_weight") >= row["threshold"]), truth)
        assert row["pairs"] == above.height
        assert row["right"] == above["right"].sum()
        assert row["recall"] == pytest.approx(above["right"].sum() / max(true, 1))
