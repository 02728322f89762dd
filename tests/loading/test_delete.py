"""Plans that take back: rows are deleted, base rows put back, and nothing goes that is in use."""

from pathlib import Path

import polars as pl
import pytest

from crm_migrate.loading.ledger.rows import read_base
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import (
    delete,
    images,
    insert,
    plan_of,
    rollback_of,
    sql,
    update,
)
from tests.loading.test_apply import company, first_plan, run


def taken_back() -> dict[str, list[dict[str, object]]]:
    """What deletes all rows of `first_plan`."""
    return {
        "customer": [delete("c1", "1"), delete("c2", "2", rank=2)],
        "contact": [delete("k1", "1", "c1")],
        "contract": [delete("t1", "t1", "c1"), delete("t2", "t2", "c1")],
    }


@pytest.mark.parametrize("size", [1, 100])
def test_children_go_before_parents(target: SqliteTarget, file: Path, size: int) -> None:
    """All rows of a plan are deleted, those that refer before those referred to (ask 3)."""
    run(first_plan(target), target)
    applied = run(rollback_of(target, taken_back(), {}), target, batch_groups=size)
    for table in ("accounts", "contacts", "contracts", "crm_migrate_base"):
        assert sql(file, f"SELECT count(*) FROM {table}") == [(0,)], table
    assert {e: c.deleted for e, c in applied.counts.items()} == {
        "customer": 2, "contact": 1, "contract": 2,
    }  # fmt: skip
    assert applied.adds_up
    assert (applied.verified.ok, applied.verified.rows) == (True, 5)
    image = images(file, "b1", "customer").row(by_predicate=pl.col("golden_id") == "c1", named=True)
    assert (image["was:name"], image["was:budget"]) == ("远山机械有限公司", "120.5")
    assert (image["plan_id"], image["commitments"]) == ("p1", '{"name":"00"}')
    ledger = sql(file, "SELECT DISTINCT action, result FROM crm_migrate_ledger WHERE plan_id='b1'")
    assert ledger == [("delete", "deleted")]


def test_an_edited_row_stays_with_its_group(target: SqliteTarget, file: Path) -> None:
    """Any mapped cell of a row that was changed since keeps its group from being deleted."""
    run(first_plan(target), target)
    plan = rollback_of(target, taken_back(), {})
    sql(file, "UPDATE contracts SET signed_on = '2024-05-02' WHERE code = 't1'")
    applied = run(plan, target, limit=1)
    assert sql(file, "SELECT id FROM accounts") == [(1,)]
    left = dict(applied.left.select("golden_id", "reason").rows())
    assert left == dict.fromkeys(("c1", "k1", "t1", "t2"), "edited_since")
    assert applied.counts["customer"].deleted == 1


@pytest.mark.parametrize("size", [1, 100])
def test_a_row_in_use_fails_its_group(target: SqliteTarget, file: Path, size: int) -> None:
    """What somebody entered under a customer keeps it and its group parent: failed, with reason."""
    run(first_plan(target), target)
    plan = rollback_of(target, taken_back(), {})
    sql(file, "INSERT INTO contacts (account_id, name) VALUES (2, '王测试')")
    applied = run(plan, target, limit=1, batch_groups=size)
    assert sql(file, "SELECT count(*) FROM accounts") == [(2,)]
    assert sql(file, "SELECT count(*) FROM contracts") == [(2,)]
    assert set(applied.left.select("result", "reason").rows()) == {("failed", "referred")}
    assert applied.left.height == 5
    assert applied.adds_up


def test_nothing_goes_by_cascade(target: SqliteTarget, file: Path) -> None:
    """A foreign key that would delete what refers to the row takes nothing along."""
    sql(file, "CREATE TABLE notes (n INTEGER PRIMARY KEY, account INTEGER NOT NULL"
        " REFERENCES accounts (id) ON DELETE CASCADE)")  # fmt: skip
    run(plan_of(target, {"customer": [company("c1", "远山厂")]}), target)
    plan = rollback_of(target, {"customer": [delete("c1", "1")]}, {})
    sql(file, "INSERT INTO notes VALUES (1, 1)")
    applied = run(plan, target, limit=1)
    assert applied.left["reason"].to_list() == ["referred"]
    assert sql(file, "SELECT count(*) FROM notes") == [(1,)]


def test_the_base_before_is_put_back(target: SqliteTarget, file: Path) -> None:
    """An update taken back leaves the earlier base row; a row adopted by the plan has none."""
    sql(file, "INSERT INTO accounts (id, name) VALUES (5, '白云厂'), (6, '黑石厂')")
    run(plan_of(target, {"customer": [update("c5", "5", budget="1")]}, "p0"), target)
    before = read_base(target, "customer")
    first = plan_of(
        target, {"customer": [update("c5", "5", budget="2"), update("c6", "6", budget="2")]}
    )
    run(first, target)
    back = rollback_of(
        target,
        {"customer": [update("c5", "5", budget="1"), insert_null("c6", "6")]},
        {"c5": ('{"name":"00"}', "p0")},
    )
    assert run(back, target).counts["customer"].updated == 2
    assert sql(file, "SELECT id, budget FROM accounts") == [(5, 1), (6, None)]
    assert read_base(target, "customer").equals(before)
    assert sql(file, "SELECT plan_id FROM crm_migrate_base") == [("p0",)]


def insert_null(golden_id: str, key: str) -> dict[str, object]:
    """An update that empties the budget again."""
    return insert(golden_id, budget=None) | {"action": "update", "target_key": key}
