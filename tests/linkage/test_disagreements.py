"""Disagreements of comparisons: who is kept apart, and what witnesses say within a cluster."""

import numpy as np
import polars as pl

from crm_migrate.linkage.comparing.vetoes import disagreeing, witnesses
from crm_migrate.linkage.deciding.clustering import Rivals, cluster
from crm_migrate.linkage.deciding.judgements import judgements
from crm_migrate.linkage.features.features import build_features
from crm_migrate.linkage.rules.parse import parse_rules
from crm_migrate.linkage.rules.types import LinkageRules

PERSON = {
    "features": {n: {"from": [n], "as": "text"} for n in ("given", "born", "identity")},
    "compare": {
        n: [{"same": [n]}, {"similar": n, "by": "typos", "at_least": 1, "m": 0.1}]
        for n in ("given", "born", "identity")
    },
    "disagreements": [
        {"differs": ["given"], "alike": ["born"], "unless": ["identity"]},
        {"differs": ["born"], "unless": ["identity"], "then": "review"},
    ],
}


def person_rules() -> LinkageRules:
    rules, faults = parse_rules({"person": PERSON})
    assert faults == []
    return rules["person"]


def test_what_differs_keeps_apart_unless_something_agrees():
    """Levels: 0 missing, 1 same, 2 similar, 3 differs; columns given, born, identity."""
    levels = np.array(
        [[3, 1, 0], [3, 1, 1], [3, 1, 3], [3, 3, 0], [3, 0, 0], [0, 1, 0], [1, 3, 2], [1, 3, 3]],
        dtype=np.uint8,
    )
    found = disagreeing(levels, person_rules())
    assert found.apart.tolist() == [True, False, True, False, True, False, False, False]
    assert found.review.tolist() == [False, False, False, True, False, False, False, True]
    agree = witnesses(levels, person_rules())
    assert agree.tolist() == [False, True, False, False, False, False, True, False]


def joined(witness: list[bool]) -> list[int]:
    """Labels of three records: 0 and 1 are rivals, 2 has an edge to both."""
    rules = person_rules()
    features = build_features(pl.DataFrame({"record_id": ["a", "b", "c"]}), rules)
    left, right = np.array([0, 1]), np.array([2, 2])
    rivals = Rivals(np.array([0]), np.array([1]), np.array(witness))
    weight = np.array([9_000, 80_000])
    nothing = judgements(None, features)
    return cluster(features, rules, left, right, weight, nothing, rivals).label.tolist()


def test_a_silent_record_does_not_join_rivals():
    """Twins and a row without given name: it stays with the one that it fits better by far."""
    assert joined([False, False]) == [0, 1, 1]


def test_rules_that_cannot_be_are_said():
    """An unknown comparison, no `differs`, another word for `then`: faults with their path."""
    wrong = [{"differs": ["height"]}, {"unless": ["given"]}, {"differs": ["given"], "then": "no"}]
    _, faults = parse_rules({"person": {**PERSON, "disagreements": wrong}})
    assert [path for path, _ in faults] == [
        "person/disagreements/0",
        "person/disagreements/1",
        "person/disagreements/2/then",
    ]
