"""Apply on a small CRM in a real file: what is approved happens, once, wholly, and is proven."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crm_migrate.errors import PlanRefused
from crm_migrate.loading.applied import Applied
from crm_migrate.loading.apply import apply
from crm_migrate.loading.ledger.plan_lock import Holder
from crm_migrate.loading.ledger.rows import read_base
from crm_migrate.loading.patience import Patience
from crm_migrate.plan.change import Plan
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import (
    MAPPING,
    MODEL,
    NOW,
    Keys,
    approved,
    images,
    insert,
    plan_of,
    sql,
    unchanged,
    update,
)

Events = list[tuple[str, Mapping[str, Any]]]


def run(plan: Plan, target: SqliteTarget, **options: Any) -> Applied:
    """Apply with the tests' keys; every option can be replaced."""
    chosen: dict[str, Any] = {
        "model": MODEL,
        "approved": approved(plan),
        "clock": lambda: NOW,
        "journal": lambda _event, _objects: None,
        "limit": 0.5,
        "patience": Patience(times=2, sleep=lambda _seconds: None),
    }
    return apply(plan, target, MAPPING, Keys(), **(chosen | options))


def company(golden_id: str, name: str, **cells: str | None) -> dict[str, object]:
    return insert(golden_id, name=name, kind="成交客户", **cells)


def first_plan(target: SqliteTarget) -> Plan:
    """A group parent, its daughter, a contact and two contracts."""
    return plan_of(
        target,
        {
            "customer": [
                company("c1", "远山机械有限公司", budget="120.5", department="销售一部"),
                company("c2", "远山机械苏州分公司", parent_id="@c1") | {"rank": 2},
            ],
            "contact": [insert("k1", "c1", account_id="@c1", name="林测试", mobile="sealed:1")],
            "contract": [
                insert("t1", "c1", account_id="@c1", amount="1000.5", signed_on="2024-05-01"),
                insert("t2", "c1", account_id="@c1", amount="2", signed_on="2024-06-01"),
            ],
        },
    )


def test_parents_before_children_with_references_resolved(target: SqliteTarget, file: Path) -> None:
    """New rows get keys in group order, references become keys, defaults hold (ask 16)."""
    applied = run(first_plan(target), target)
    assert sql(file, "SELECT id, name, budget, parent_id, status FROM accounts ORDER BY id") == [
        (1, "远山机械有限公司", 120.5, None, "active"),
        (2, "远山机械苏州分公司", None, 1, "active"),
    ]
    assert sql(file, "SELECT account_id, name FROM contacts") == [(1, "林测试")]
    assert sql(file, "SELECT code, account_id FROM contracts ORDER BY code") == [
        ("t1", 1),
        ("t2", 1),
    ]
    assert applied.state == "done"
    assert applied.adds_up
    assert applied.verified.ok
    assert applied.verified.rows == 5
    assert applied.left.is_empty()


def test_ledger_images_and_base_stand_beside_the_rows(target: SqliteTarget, file: Path) -> None:
    """Each new row has its ledger entry and its base row, and needs no before-image (R-7.1)."""
    run(first_plan(target), target)
    ledger = "SELECT golden_id, action, target_key, result FROM crm_migrate_ledger"
    assert ("c2", "insert", "2", "created") in sql(file, ledger)
    assert sql(file, "SELECT * FROM crm_migrate_before") == []  # nothing stood there before
    base = read_base(target, "customer").sort("golden_id")
    assert base["target_key"].to_list() == ["1", "2"]
    assert base["raw_digest"].str.len_chars().to_list() == [32, 32]
    assert base["commitments"].to_list() == ['{"name":"00"}'] * 2


def test_no_cell_of_ours_in_clear(target: SqliteTarget, file: Path) -> None:
    """Our own tables hold no value of a record in clear."""
    sql(file, "INSERT INTO accounts (id, name, department) VALUES (7, '青石商贸行', '青石部')")
    run(plan_of(target, {"customer": [update("c7", "7", department="白石部")]}), target)
    for table in ("plan", "approval", "ledger", "before", "base"):
        for row in sql(file, f"SELECT * FROM crm_migrate_{table}"):
            text = " ".join(
                cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
                for cell in row
            )
            assert "石" not in text


def test_update_writes_only_its_cells(target: SqliteTarget, file: Path) -> None:
    """An update leaves cells alone that it does not name; the image holds what was there."""
    sql(file, "INSERT INTO accounts (id, name, budget, department) VALUES (5, '白云厂', 9, 'A')")
    run(plan_of(target, {"customer": [update("c5", "5", budget="12.50")]}), target)
    assert sql(file, "SELECT name, budget, department, touched FROM accounts") == [
        ("白云厂", 12.5, "A", 1)
    ]
    (image,) = images(file, "p1", "customer").to_dicts()
    assert image["golden_id"] == "c5"
    assert image["plan_id"] is None  # no plan of ours had applied it
    assert (image["was:budget"], image["was:department"]) == ("9", "A")
    assert image["written"] == ["budget"]


def test_a_spelling_that_the_target_does_not_keep(target: SqliteTarget, file: Path) -> None:
    """A plan that names `12.50` where the CRM keeps 12.5: told apart from an edit, and reported."""
    sql(file, "INSERT INTO accounts (id, name) VALUES (5, '白云厂')")
    plan = plan_of(target, {"customer": [update("c5", "5", budget="12.5")]})
    spelt = plan.operations["customer"].with_columns(pl.lit("12.50").alias("after:budget"))
    applied = run(replace(plan, operations={**plan.operations, "customer": spelt}), target)
    assert applied.verified.ok
    assert applied.verified.differing["column"].to_list() == ["budget"]
    assert applied.verified.differing["kind"].to_list() == ["target_changed"]


def test_trigger_changes_are_noticed(target: SqliteTarget) -> None:
    """A column that the CRM's own trigger changed is named; the base holds what was stored."""
    plan = plan_of(
        target,
        {
            "customer": [company("c1", "东湖仪表厂")],
            "contact": [insert("k1", "c1", account_id="@c1", name="吴测试", mobile="1-2")],
        },
    )
    differing = run(plan, target).verified.differing
    assert differing.select("entity", "column", "kind").rows() == [
        ("contact", "mobile", "target_changed")
    ]


def test_unchanged_row_is_adopted(target: SqliteTarget, file: Path) -> None:
    """A row that already is as it should be gets its base row, and no before-image."""
    sql(file, "INSERT INTO accounts (id, name) VALUES (5, '白云厂')")
    applied = run(plan_of(target, {"customer": [unchanged("c5", "5")]}), target)
    assert applied.counts["customer"].unchanged == 1
    assert read_base(target, "customer")["target_key"].to_list() == ["5"]
    assert sql(file, "SELECT count(*) FROM crm_migrate_before") == [(0,)]


def test_edited_row_is_left_with_its_whole_group(target: SqliteTarget, file: Path) -> None:
    """An edit between plan and apply: the group is left, listed, the rest goes on (ask 4)."""
    sql(file, "INSERT INTO accounts (id, name, budget) VALUES (5, '白云厂', 1), (6, '黑石厂', 1)")
    plan = plan_of(
        target,
        {
            "customer": [update("c5", "5", budget="2"), update("c6", "6", budget="2")],
            "contact": [insert("k5", "c5", account_id="@c5", name="周测试")],
        },
    )
    sql(file, "UPDATE accounts SET budget = 7 WHERE id = 5")
    applied = run(plan, target)
    assert sql(file, "SELECT id, budget FROM accounts ORDER BY id") == [(5, 7), (6, 2)]
    assert sql(file, "SELECT count(*) FROM contacts") == [(0,)]
    assert applied.left.select("golden_id", "result", "reason").rows() == [
        ("k5", "skipped", "edited_since"),
        ("c5", "skipped", "edited_since"),
    ]
    assert applied.adds_up
    assert applied.counts["customer"].updated == 1


def test_an_edit_elsewhere_in_the_row_does_not_matter(target: SqliteTarget, file: Path) -> None:
    """Only the cells to be replaced are preconditions."""
    sql(file, "INSERT INTO accounts (id, name, budget) VALUES (5, '白云厂', 1)")
    plan = plan_of(target, {"customer": [update("c5", "5", budget="2")]})
    sql(file, "UPDATE accounts SET department = 'B' WHERE id = 5")
    assert run(plan, target).counts["customer"].updated == 1


def test_too_much_stale_writes_nothing(target: SqliteTarget, file: Path) -> None:
    """More stale groups than the limit: refused, and not even our tables are made."""
    sql(file, "INSERT INTO accounts (id, name, budget) VALUES (5, '白云厂', 1)")
    plan = plan_of(target, {"customer": [update("c5", "5", budget="2"), company("c1", "远山厂")]})
    sql(file, "UPDATE accounts SET budget = 7")
    with pytest.raises(PlanRefused, match="1 of 2 groups"):
        run(plan, target, limit=0.1)
    names = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'crm_migrate_%'"
    assert sql(file, names) == [(0,)]
    assert sql(file, "SELECT count(*) FROM accounts") == [(1,)]


@pytest.mark.parametrize("typed", ["远山机械 abc", "远山机械 ABC"])
def test_customer_typed_in_meanwhile(target: SqliteTarget, file: Path, typed: str) -> None:
    """An insert is left when someone typed it in, as the CRM's collation sees it (ask 8)."""
    plan = plan_of(target, {"customer": [company("c1", "远山机械 abc"), company("c2", "白云厂")]})
    sql(file, "INSERT INTO accounts (id, name) VALUES (40, ?)", typed)
    applied = run(plan, target)
    assert applied.left.select("golden_id", "reason").rows() == [("c1", "taken")]
    assert sql(file, "SELECT id, name FROM accounts ORDER BY id") == [(40, typed), (41, "白云厂")]


def test_match_fields_count_as_a_key(target: SqliteTarget, file: Path) -> None:
    """The mapping's match fields keep a contact from being loaded beside its like."""
    sql(file, "INSERT INTO accounts (id, name) VALUES (5, '白云厂')")
    plan = plan_of(
        target,
        {
            "customer": [unchanged("c5", "5")],
            "contact": [insert("k5", "c5", account_id="@c5", name="周测试", mobile="77")],
        },
    )
    sql(file, "INSERT INTO contacts (account_id, name, mobile) VALUES (5, '小周', '77')")
    assert run(plan, target, limit=1).left["reason"].unique().to_list() == ["taken"]


def test_what_the_target_refuses_fails_alone(target: SqliteTarget, file: Path) -> None:
    """One poison group among many is isolated; its reason carries no value."""
    customers = [company(f"c{i:02}", f"第{i}号厂") for i in range(20)]
    customers[7] = insert("c07", name="第7号厂", kind="不在词表")
    plan = plan_of(target, {"customer": customers})
    applied = run(plan, target)
    assert applied.left.select("golden_id", "result", "reason").rows() == [
        ("c07", "failed", "check")
    ]
    assert applied.counts["customer"].created == 19
    assert applied.adds_up
    names = sql(file, "SELECT id FROM accounts ORDER BY id")
    assert names == [(i,) for i in range(1, 20)]


def test_constraint_judged_at_commit_fails_alone(target: SqliteTarget, file: Path) -> None:
    """A deferred foreign key is refused at COMMIT only; that, too, is isolated."""
    plan = plan_of(
        target,
        {
            "customer": [company("c1", "远山厂"), company("c2", "白云厂")],
            "contract": [insert("t1", "c1", account_id="999", amount="1")],
        },
    )
    applied = run(plan, target)
    assert sql(file, "SELECT name FROM accounts") == [("白云厂",)]
    assert set(applied.left["golden_id"]) == {"c1", "t1"}
    assert applied.left["reason"].unique().to_list() == ["foreign_key"]


def test_children_of_a_left_parent_wait(target: SqliteTarget, file: Path) -> None:
    """A daughter whose group parent was refused waits, in the same batch or a later one."""
    for size in (1, 100):
        plan = plan_of(
            target,
            {
                "customer": [
                    insert("c1", name="远山厂", kind="不在词表"),
                    company("c2", "远山二厂", parent_id="@c1") | {"rank": 2},
                    company("c3", f"白云厂{size}"),
                ]
            },
            name=f"p{size}",
        )
        sql(file, "DELETE FROM accounts")
        applied = run(plan, target, batch_groups=size)
        left = {row[1]: row[4] for row in applied.left.rows()}
        assert left == {"c1": "check", "c2": "parent_waits"}
        if size == 1:
            sql(file, "DELETE FROM crm_migrate_base")


def test_limit_passed_on_the_way_stops(target: SqliteTarget, file: Path) -> None:
    """Groups that go stale later are counted; when the limit is passed, apply stops there."""
    rows = "(1, '甲厂', 1), (2, '乙厂', 1), (3, '丙厂', 1), (4, '丁厂', 1)"
    sql(file, f"INSERT INTO accounts (id, name, budget) VALUES {rows}")
    plan = plan_of(target, {"customer": [update(f"c{i}", str(i), budget="2") for i in range(1, 5)]})

    def someone_edits(event: str, objects: Mapping[str, Any]) -> None:
        if event == "apply.batch.intent" and objects["batch"] == 1:
            sql(file, "UPDATE accounts SET budget = 9 WHERE id > 1")

    applied = run(plan, target, batch_groups=1, limit=0.25, journal=someone_edits)
    assert applied.state == "stopped"
    assert applied.adds_up
    counts = applied.counts["customer"]
    assert (counts.updated, counts.skipped) == (1, 3)
    assert applied.left["reason"].to_list() == ["edited_since", "edited_since", "not_reached"]
    with pytest.raises(PlanRefused, match="applied already"):
        run(plan, target)


def test_used_plan_and_used_approval(target: SqliteTarget) -> None:
    """A plan is applied once, and an approval serves one plan."""
    plan = first_plan(target)
    run(plan, target)
    with pytest.raises(PlanRefused, match="applied already"):
        run(plan, target)
    again = plan_of(target, {"customer": [company("c9", "九号厂")]}, name="p2")
    with pytest.raises(PlanRefused, match="approval of this plan was used"):
        run(again, target, approved=approved(again, "a-p1"))


def test_applying_again_under_another_plan_duplicates_nothing(
    target: SqliteTarget, file: Path
) -> None:
    """A golden record that another plan loaded since is left, not doubled (ask 7)."""
    first, second = first_plan(target), first_plan(target)
    run(first, target)
    renamed = Plan(
        header=type(second.header)(**{**vars(second.header), "plan_id": "p2"}),
        operations=second.operations,
        lineage={},
    )
    applied = run(renamed, target, limit=1)
    assert applied.left.height == 5
    assert "loaded_already" in applied.left["reason"]
    assert sql(file, "SELECT count(*) FROM accounts") == [(2,)]


def test_approval_of_another_content(target: SqliteTarget) -> None:
    """An approval that names another effect does not let the plan through."""
    plan = first_plan(target)
    wrong = type(approved(plan))(("a1",), "0" * 64, plan.header.evidence)
    with pytest.raises(PlanRefused, match="another content"):
        run(plan, target, approved=wrong)


def test_drifted_schema_and_expired_plan(target: SqliteTarget, file: Path) -> None:
    """A changed table refuses the whole plan, and so does an expired one; nothing is written."""
    plan = first_plan(target)
    with pytest.raises(PlanRefused, match="expired"):
        run(plan, target, clock=lambda: NOW + timedelta(days=400))
    sql(file, "ALTER TABLE accounts ADD COLUMN fax TEXT")
    with pytest.raises(PlanRefused, match="changed since planning"):
        run(plan, target)
    assert sql(file, "SELECT count(*) FROM accounts") == [(0,)]


def test_second_apply_while_the_first_is_at_work(target: SqliteTarget) -> None:
    """Two applies at once: the second is refused while the first lives."""
    plan = first_plan(target)
    refused = []

    def second(event: str, _objects: Mapping[str, Any]) -> None:
        if event == "apply.batch.intent":
            with pytest.raises(PlanRefused, match="at work"):
                run(plan, target, holder=Holder("elsewhere/2/b"))
            refused.append(event)

    applied = run(plan, target, journal=second, holder=Holder("elsewhere/1/a"))
    assert refused
    assert applied.verified.ok


def test_fencing_stops_the_one_that_was_taken_for_dead(target: SqliteTarget, file: Path) -> None:
    """When the lease has passed a second apply takes over; the first may not write any more."""
    plan = first_plan(target)
    later = NOW + timedelta(hours=1)
    outcome = []

    def takes_over(event: str, objects: Mapping[str, Any]) -> None:
        if event == "apply.batch.intent" and objects["batch"] == 1:
            outcome.append(run(plan, target, holder=Holder("y/2/b"), clock=lambda: later))

    with pytest.raises(PlanRefused):
        run(plan, target, journal=takes_over, holder=Holder("x/1/a"), batch_groups=1)
    assert outcome[0].resumed
    assert outcome[0].verified.ok
    assert sql(file, "SELECT count(*), max(id) FROM accounts") == [(2, 2)]


def test_journal_brackets_each_transaction(target: SqliteTarget) -> None:
    """Journal intent → target transaction → journal outcome, without any value."""
    events: Events = []
    run(first_plan(target), target, journal=lambda e, o: events.append((e, o)), batch_groups=1)
    assert [name for name, _ in events] == [
        "apply.begin",
        "apply.begun",
        "apply.batch.intent",
        "apply.batch.outcome",
        "apply.batch.intent",
        "apply.batch.outcome",
        "apply.end",
    ]
    assert "远山" not in str(events)


def test_empty_plan(target: SqliteTarget) -> None:
    """A plan without operations is applied and used up."""
    plan = plan_of(target, {})
    applied = run(plan, target)
    assert (applied.state, applied.adds_up, applied.verified.rows) == ("done", True, 0)
    with pytest.raises(PlanRefused):
        run(plan, target)


def test_image_of_another_row_does_not_open(target: SqliteTarget, file: Path) -> None:
    """A before-image is bound to its plan, entity and golden id."""
    from crm_migrate.errors import IntegrityFault

    sql(file, "INSERT INTO accounts (id, name) VALUES (5, '白云厂')")
    run(plan_of(target, {"customer": [update("c5", "5", budget="1")]}), target)
    assert images(file, "p1", "customer")["golden_id"].to_list() == ["c5"]
    sql(file, "UPDATE crm_migrate_before SET first_id = 'c6', last_id = 'c6'")
    with pytest.raises(IntegrityFault):
        images(file, "p1", "customer")


def test_sqlite_is_locked_by_another_program(target: SqliteTarget, file: Path) -> None:
    """A CRM that holds its file locked gives a clear fault; afterwards apply goes through."""
    from crm_migrate.errors import TargetFault

    plan = first_plan(target)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TargetFault, match="locked"):
        run(plan, target)
    other.execute("ROLLBACK")
    other.close()
    assert run(plan, target).verified.ok
