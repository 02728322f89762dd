"""Linking what changed against what is known, by the frozen model of the earlier run."""

import random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.engines.incremental import link_changes
from crm_migrate.linkage.engines.native import NativeEngine
from crm_migrate.linkage.memory.changes import changes
from crm_migrate.linkage.memory.memory import Memory
from crm_migrate.linkage.rules.types import LinkageRules
from tests.linkage.invented_companies import companies

ENGINE = NativeEngine(remember=True)
TABLES = ("pairs", "edges", "clusters", "review", "shared_values")


def full(records: pl.DataFrame, rules: LinkageRules, memory: Memory, verdicts=None) -> Linkage:
    """A run over everything with the frozen model of an earlier one."""
    return NativeEngine(frozen=memory.frozen, remember=True).link(records, rules, verdicts)


def edited(records: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Some records gone, some with another name or telephone (of other records), some new."""
    rng = random.Random(seed)
    ids = records["record_id"].to_list()
    names, phones = records["name"].to_list(), records["phone"].to_list()
    names = [rng.choice(names) if rng.random() < 0.04 else name for name in names]
    phones = [rng.choice(phones) if rng.random() < 0.04 else phone for phone in phones]
    new = companies(20, seed=seed + 1).with_columns(name=pl.Series(rng.sample(names, 20)))
    kept = records.with_columns(name=pl.Series(names), phone=pl.Series(phones))
    kept = kept.filter(~pl.col("record_id").is_in(rng.sample(ids, 15)))
    return pl.concat([kept, new]).sample(fraction=1, shuffle=True, seed=seed)


def said(records: pl.DataFrame, seed: int) -> pl.DataFrame:
    rng = random.Random(seed)
    ids = records["record_id"].to_list()
    rows = [
        (*rng.sample(ids, 2), rng.choice(["same", "different"]), "2025-01-01T00:00:00Z")
        for _ in range(6)
    ]
    return pl.DataFrame(rows, ["left_id", "right_id", "verdict", "given_at"], orient="row")


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**16), spoken=st.booleans())
def test_an_incremental_run_gives_what_a_full_one_gives(
    seed: int, spoken: bool, customer_rules: LinkageRules
):
    """R-3.1: new, changed and gone records and new verdicts, twice in a row: the same tables."""
    records = companies(500, level=0.9, seed=seed)
    memory = ENGINE.link(records, customer_rules).memory
    assert memory is not None
    for turn in (1, 2):
        records = edited(records, seed + turn)
        verdicts = said(records, seed + turn) if spoken and turn == 1 else None
        partly = link_changes(ENGINE, records, customer_rules, verdicts, memory)
        whole = full(records, customer_rules, memory, verdicts)
        for table in TABLES:
            assert getattr(partly, table).equals(getattr(whole, table)), table
        memory, expected = partly.memory, whole.memory
        assert memory is not None
        assert expected is not None
        assert memory.pairs.equals(expected.pairs)


def test_a_memory_is_tables_and_says_nothing_in_words(customer_rules: LinkageRules):
    """R-5.2: what is kept between runs holds numbers and places, no values of records."""
    records = companies(300)
    memory = ENGINE.link(records, customer_rules).memory
    assert memory is not None
    again = Memory.of(memory.tables())
    assert again.frozen.model == memory.frozen.model
    text = "".join(t.write_csv() for name, t in memory.tables().items() if name != "model")
    assert not any(phone in text for phone in records["phone"].drop_nulls())
    assert not any(name in text for name in records["name"])
    result = link_changes(ENGINE, records, customer_rules, None, again)
    assert changes(records, customer_rules, again).count == 0
    assert result.compared == 0
    assert result.clusters.equals(NativeEngine().link(records, customer_rules).clusters)


@pytest.mark.parametrize("before", [0, 3])
def test_from_nothing_and_to_nothing(before: int, customer_rules: LinkageRules):
    """A first record and a last one are changes like any other."""
    few = companies(3)
    memory = ENGINE.link(few.head(before), customer_rules).memory
    assert memory is not None
    after = few.head(3 - before)
    result = link_changes(ENGINE, after, customer_rules, None, memory)
    assert result.clusters.equals(full(after, customer_rules, memory).clusters)
