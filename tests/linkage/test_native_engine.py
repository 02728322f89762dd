"""The native engine on invented companies."""

import random
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_migrate.errors import CrmMigrateError
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.engines.native import NativeEngine
from crm_migrate.linkage.features.evidence import with_children
from crm_migrate.linkage.model.model import Model
from crm_migrate.linkage.rules.types import LinkageRules
from tests.linkage.invented_companies import companies, credit_code, pair_scores

FIELDS = ("record_id", "name", "uscc", "phone", "email", "address")


def frame(*rows: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [{f: r.get(f) for f in FIELDS} for r in rows], schema=dict.fromkeys(FIELDS, pl.String)
    )


def joined(linkage: Linkage, *ids: str) -> bool:
    return linkage.clusters.filter(pl.col("record_id").is_in(ids))["cluster_id"].n_unique() == 1


def asked(linkage: Linkage) -> dict[tuple[str, str], str]:
    return {
        (a, b): why for a, b, why in linkage.review.select("left_id", "right_id", "reason").rows()
    }


@pytest.mark.parametrize("count", [50, 3000])
def test_duplicates_are_found_at_small_and_middling_size(count: int, customer_rules: LinkageRules):
    """R-3.2: a small file is linked as well as a demo-sized one, at high precision."""
    records = companies(count)
    linkage = NativeEngine().link(records, customer_rules)
    precision, recall = pair_scores(linkage.clusters, records.select("record_id", "truth"))
    assert precision >= 0.99
    assert recall >= 0.95
    assert linkage.clusters.height == count


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**16), chunk=st.integers(1, 5000), threads=st.integers(1, 4))
def test_row_order_chunks_and_threads_change_nothing(
    seed: int, chunk: int, threads: int, customer_rules: LinkageRules
):
    """Shuffled rows, other chunks and threads: every table is the same to the bit."""
    records = companies(400, level=0.9, seed=seed)
    first = NativeEngine(threads=1).link(records, customer_rules)
    again = NativeEngine(threads=threads, chunk=chunk).link(
        records.sample(fraction=1, shuffle=True, seed=seed), customer_rules
    )
    for table in ("pairs", "edges", "clusters", "review", "capped_blocks", "shared_values"):
        assert getattr(first, table).equals(getattr(again, table)), table
    assert first.model is not None
    assert again.model is not None
    assert first.model.to_json() == again.model.to_json()


def test_contacts_speak_for_their_customer(customer_rules: LinkageRules):
    """R-1.4: the mobile of a contact is evidence of which customer a record is."""
    customers = pl.concat(
        [
            companies(300).select(FIELDS),
            frame(
                {"record_id": "x1", "name": "江苏腾康机械设备有限公司"},
                {"record_id": "x2", "name": "江苏腾糠机械设备有限公司"},
            ),
        ]
    )
    contacts = pl.DataFrame(
        {"record_id": ["c1", "c2"], "customer": ["x1", "x2"], "mobile": ["13912345678"] * 2}
    )
    assert not joined(NativeEngine().link(customers, customer_rules), "x1", "x2")
    known = with_children(customers, customer_rules, {"contact": contacts})
    assert known.height == customers.height
    assert joined(NativeEngine().link(known, customer_rules), "x1", "x2")


def test_a_branch_is_never_merged_with_its_head_office(customer_rules: LinkageRules):
    """R-1.4: merging is by legal entity: branches stay apart, however much they share."""
    shared = {"phone": "0571-88886666", "address": "杭州市滨江东路18号"}
    records = frame(
        {"record_id": "1", "name": "浙江恒通科技有限公司", **shared},
        {"record_id": "2", "name": "浙江恒通科技有限责任公司", **shared},
        {"record_id": "3", "name": "浙江恒通科技有限公司南京分公司", **shared},
        {"record_id": "4", "name": "浙江恒通科技有限公司西安分公司", **shared},
    )
    linkage = NativeEngine().link(records, customer_rules)
    assert joined(linkage, "1", "2")
    assert linkage.clusters["cluster_id"].n_unique() == 3


def test_equal_codes_match_whatever_the_name_says(customer_rules: LinkageRules):
    """A valid credit code is decisive; two different ones forbid, and a person is asked."""
    rng = random.Random(3)
    one, two = credit_code(rng), credit_code(rng)
    records = frame(
        {"record_id": "1", "name": "江苏恒通科技有限公司", "uscc": one},
        {"record_id": "2", "name": "江苏鼎盛建材有限公司", "uscc": one},
        {"record_id": "3", "name": "四川安和食品有限公司", "uscc": one},
        {"record_id": "4", "name": "四川安和食品有限公司", "uscc": two},
    )
    linkage = NativeEngine().link(records, customer_rules)
    assert joined(linkage, "1", "2", "3")
    assert not joined(linkage, "3", "4")
    assert asked(linkage)["3", "4"] == "contradiction"


def test_a_full_name_matches_and_a_short_name_asks(customer_rules: LinkageRules):
    """The same full name joins; a similar short name alone goes to a person (R-3.3)."""
    records = pl.concat(
        [
            companies(300).select(FIELDS),
            frame(
                {"record_id": "x1", "name": "江苏腾康机械设备有限公司"},
                {"record_id": "x2", "name": "江苏腾康机械设备有限责任公司 "},
                {"record_id": "x3", "name": "腾康机械设备"},
            ),
        ]
    )
    linkage = NativeEngine().link(records, customer_rules)
    assert joined(linkage, "x1", "x2")
    assert not joined(linkage, "x1", "x3")
    assert asked(linkage)[("x1", "x3")] in ("unsupported", "doubtful")


def test_two_rivals_across_a_veto_go_to_a_person(customer_rules: LinkageRules):
    """A record that fits two companies with different codes alike is joined to neither."""
    rng = random.Random(5)
    same = {"name": "江苏恒通科技有限公司", "phone": "13900000001"}
    records = frame(
        {"record_id": "1", "uscc": credit_code(rng), **same},
        {"record_id": "2", "uscc": credit_code(rng), **same},
        {"record_id": "3", **same},
    )
    linkage = NativeEngine().link(records, customer_rules)
    assert linkage.clusters["cluster_id"].n_unique() == 3
    assert asked(linkage)["1", "3"] == "tie"
    assert asked(linkage)["2", "3"] == "tie"


def test_verdicts_bind(customer_rules: LinkageRules):
    """R-3.3: what a person joined or parted stays so; the last verdict counts."""
    records = frame(
        {"record_id": "1", "name": "江苏恒通科技有限公司"},
        {"record_id": "2", "name": "江苏恒通科技有限责任公司"},
        {"record_id": "3", "name": "上海华信贸易有限公司"},
    )
    columns = ["left_id", "right_id", "verdict", "given_at"]
    verdicts = pl.DataFrame(
        [
            ("2", "1", "same", "2025-01-01T00:00:00Z"),
            ("1", "2", "different", "2025-02-01T00:00:00Z"),
            ("1", "3", "same", "2025-01-01T00:00:00Z"),
            ("1", "gone", "same", "2025-01-01T00:00:00Z"),
        ],
        schema=columns,
        orient="row",
    )
    linkage = NativeEngine().link(records, customer_rules, verdicts)
    assert joined(linkage, "1", "3")
    assert not joined(linkage, "1", "2")
    assert ("1", "2") not in asked(linkage)


def test_a_hot_block_is_capped_and_reported(customer_rules: LinkageRules):
    """Rows that share one telephone are not compared all with all, and the report says so."""
    records = companies(600, duplicates=0).with_columns(phone=pl.lit("400-800-1234"))
    linkage = NativeEngine().link(records, customer_rules)
    assert linkage.shared_values["feature"].to_list() == ["phone"]
    unstopped = NativeEngine().link(records, replace(customer_rules, shared=()))
    hot = unstopped.capped_blocks.filter(pl.col("rule") == "phone").row(0, named=True)
    assert hot["records"] == 600
    assert 0 < hot["not_compared"] < hot["pairs"]
    for report in (linkage.shared_values, unstopped.capped_blocks):
        assert "4008001234" not in report.write_csv()


def test_explanations_and_model_carry_no_values(customer_rules: LinkageRules):
    """R-7.6: the model is readable, can be used again, and holds no personal values."""
    records = companies(400)
    linkage = NativeEngine().link(records, customer_rules)
    assert linkage.model is not None
    text = linkage.model.to_json()
    assert not any(phone in text for phone in records["phone"].drop_nulls())
    assert Model.from_json(text) == linkage.model
    again = NativeEngine(model=Model.from_json(text)).link(records, customer_rules)
    assert again.pairs.equals(linkage.pairs)
    left, right = linkage.edges.select("left_id", "right_id").row(0)
    words = linkage.explain(left, right)
    assert len(words) > len(customer_rules.comparisons)
    assert all(line.en and line.zh for line in words)
    assert len(linkage.explain(left, "unknown")) == 1


def test_repeated_ids_are_refused(customer_rules: LinkageRules):
    """A record id that occurs twice is a fault, not a duplicate."""
    records = frame({"record_id": "1", "name": "甲"}, {"record_id": "1", "name": "乙"})
    with pytest.raises(CrmMigrateError):
        NativeEngine().link(records, customer_rules)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_almost_nothing_is_linked_without_trouble(count: int, customer_rules: LinkageRules):
    """No, one or two records give a result like any other."""
    linkage = NativeEngine().link(companies(count), customer_rules)
    assert linkage.clusters.height == count
