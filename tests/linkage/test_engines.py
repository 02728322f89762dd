"""Other engines behind the same contract."""

from dataclasses import replace

import polars as pl

from crm_migrate.linkage.engines.choice import compare_engines, engine_for
from crm_migrate.linkage.rules.types import LinkageRules
from tests.linkage.invented_companies import companies, pair_scores


def test_the_toolkit_agrees_on_easy_data(customer_rules: LinkageRules):
    """The second engine finds the same pairs where the data leave little doubt."""
    records = companies(800, level=0.3)
    native = engine_for(customer_rules).link(records, customer_rules)
    rules = replace(customer_rules, engine="recordlinkage")
    toolkit = engine_for(rules).link(records, rules)
    agreement = compare_engines(native, toolkit)
    assert agreement.share >= 0.9
    assert agreement.both > 100
    assert agreement.disagreements.height == agreement.only_first + agreement.only_second
    assert toolkit.pairs.columns == native.pairs.columns
    assert toolkit.model is not None
    assert toolkit.model.engine == "recordlinkage"
    precision, _ = pair_scores(toolkit.clusters, records.select("record_id", "truth"))
    assert precision >= 0.98


def test_the_toolkit_copes_with_almost_nothing(customer_rules: LinkageRules):
    """A handful of records does not break the toolkit's classifier."""
    rules = replace(customer_rules, engine="recordlinkage")
    for count in (1, 2, 12):
        assert engine_for(rules).link(companies(count), rules).clusters.height == count


def test_children_are_linked_by_natural_key(shipped: dict[str, LinkageRules]):
    """R-1.4: contacts of one customer with the same name and mobile are one; without key, alone."""
    contacts = pl.DataFrame(
        {
            "record_id": ["d", "a", "b", "c", "e", "f"],
            "customer": ["g1", "g1", "g1", "g2", "g1", "g1"],
            "name": ["王明", "王明", "王明", "王明", "李丽", "李丽"],
            "mobile": ["13800000001", "13800000001", None, "13800000001", None, None],
            "email": [None, "w@example.cn", "w@example.cn", None, None, None],
        }
    )
    rules = shipped["contact"]
    linkage = engine_for(rules).link(contacts, rules)
    assert linkage.clusters.rows() == [
        ("a", "a"),
        ("b", "a"),
        ("c", "c"),
        ("d", "a"),
        ("e", "e"),
        ("f", "f"),
    ]


def test_an_engine_that_leaves_every_record_alone():
    """`engine: alone` makes every record its own cluster."""
    rules = LinkageRules("activity", engine="alone")
    records = pl.DataFrame({"record_id": ["a", "b"], "content": ["x", "x"]})
    assert engine_for(rules).link(records, rules).summary()["clusters"] == 2
