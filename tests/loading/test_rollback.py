"""Rollback on a small CRM in a real file: what was applied is taken back, edits are kept."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import polars as pl

from crm_migrate.loading.applied import Applied
from crm_migrate.loading.bearings import Bearings, reference_columns
from crm_migrate.loading.origin import read_inserted
from crm_migrate.loading.rollback.operations import inverse_of
from crm_migrate.model import Model
from crm_migrate.plan.change import Plan
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import (
    MAPPING,
    MODEL,
    Keys,
    header_of,
    insert,
    plan_of,
    sql,
    unchanged,
    update,
)
from tests.loading.test_apply import company, first_plan, run
from tests.plan.in_memory import InMemory

TABLES = ("accounts", "contacts", "contracts")


def taking_back(
    plan: Plan,
    target: SqliteTarget,
    name: str = "r1",
    *,
    entities: Collection[str] = (),
    groups: Collection[str] = (),
    mapping: TargetMapping = MAPPING,
    model: Model = MODEL,
) -> Plan:
    """The plan that takes another one back, as the CRM stands now."""
    with target.reading() as reader:
        bearings = Bearings(
            mapping, reference_columns(mapping, model), reader.describe(), Keys.digest_key
        )
        operations = inverse_of(
            reader, InMemory(plan), bearings, Keys(), entities=entities, groups=groups
        )
    header = replace(header_of(target, name), kind="rollback", reverses=plan.header.plan_id)
    return Plan(header, operations, {})


def content(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the CRM, but for the counter that a trigger of its own keeps."""
    found = {t: sql(file, f"SELECT * FROM {t} ORDER BY 1") for t in TABLES}
    found["accounts"] = [row[:-1] for row in found["accounts"]]
    return found


def actions(plan: Plan) -> dict[tuple[str, str], tuple[str, str]]:
    """(entity, golden id) → action and reason."""
    return {
        (entity, row["golden_id"]): (row["action"], row["reason"])
        for entity, frame in plan.operations.items()
        for row in frame.iter_rows(named=True)
    }


def done(applied: Applied) -> dict[str, int]:
    """Totals over the entities."""
    totals = {"deleted": 0, "updated": 0, "created": 0, "skipped": 0, "failed": 0}
    for counts in applied.counts.values():
        for name in totals:
            totals[name] += getattr(counts, name)
    return totals


def mixed(target: SqliteTarget, file: Path) -> Plan:
    """New customers with children, old rows updated and adopted."""
    sql(
        file,
        "INSERT INTO accounts (id, name, budget, department) VALUES"
        " (50, '白云厂', 9, 'A'), (51, '青石商贸行', 7, 'B')",
    )
    sql(file, "INSERT INTO contacts (id, account_id, name) VALUES (70, 50, '旧联系人')")
    plan = first_plan(target)
    more = plan_of(
        target,
        {
            "customer": [
                update("c50", "50", budget="12.50", parent_id="@c1"),
                unchanged("c51", "51"),
            ],
            "contact": [
                insert("k50", "c50", account_id="@c50", name="新联系人"),
                update("k70", "70", "c50", mobile="sealed:2"),
            ],
        },
    )
    operations = {
        e: pl.concat([f, more.operations[e]], how="diagonal") for e, f in plan.operations.items()
    }
    return Plan(plan.header, operations, {})


def test_everything_is_as_it_was(target: SqliteTarget, file: Path) -> None:
    """Creates are deleted, updates get their old cells, adopted rows lose their base (ask 3)."""
    plan = mixed(target, file)
    before = content(file)
    assert run(plan, target).verified.ok
    assert content(file) != before
    back = run(taking_back(plan, target), target)
    assert done(back) == {"deleted": 6, "updated": 2, "created": 0, "skipped": 0, "failed": 0}
    assert back.adds_up
    assert back.verified.ok
    assert content(file) == before
    assert sql(file, "SELECT * FROM crm_migrate_base") == []


def test_rolled_back_twice_finds_nothing_left(target: SqliteTarget, file: Path) -> None:
    """What was taken back already is not taken back again."""
    plan = mixed(target, file)
    run(plan, target)
    run(taking_back(plan, target), target)
    again = taking_back(plan, target, "r2")
    assert {a for a, _ in actions(again).values()} == {"unchanged"}
    assert {r for _, r in actions(again).values()} == {"nothing_left"}


def test_edited_groups_are_kept_wholly(target: SqliteTarget, file: Path) -> None:
    """A row edited since keeps its whole group; what a kept row refers to is in use (ask 3)."""
    plan = mixed(target, file)
    run(plan, target)
    sql(file, "UPDATE contacts SET mobile = '110' WHERE name = '新联系人'")
    edited = content(file)
    back = taking_back(plan, target)
    found = actions(back)
    assert found["contact", "k50"] == ("skip", "edited_since")
    assert found["customer", "c50"] == ("skip", "group_kept")
    assert found["contact", "k70"] == ("skip", "group_kept")
    # c50 stays under its new group parent, so that one stays, and all that hangs on it.
    assert found["customer", "c1"] == ("skip", "in_use")
    assert found["contract", "t1"] == ("skip", "group_kept")
    assert found["customer", "c2"] == ("delete", "taken_back")
    assert found["customer", "c51"] == ("unchanged", "taken_back")
    applied = run(back, target)
    assert done(applied)["deleted"] == 1
    edited["accounts"] = [row for row in edited["accounts"] if row[1] != "远山机械苏州分公司"]
    assert content(file) == edited


def test_rows_of_others_are_not_orphaned(target: SqliteTarget, file: Path) -> None:
    """A customer to which someone has added a contact since is kept."""
    plan = first_plan(target)
    run(plan, target)
    sql(file, "INSERT INTO contacts (account_id, name) VALUES (2, '后来的人')")
    found = actions(taking_back(plan, target))
    assert found["customer", "c2"] == ("skip", "in_use")
    # and so is its group parent
    assert found["customer", "c1"] == ("skip", "in_use")


def test_deleted_since(target: SqliteTarget, file: Path) -> None:
    """A row that someone deleted in the CRM is named, and its group kept."""
    plan = first_plan(target)
    run(plan, target)
    sql(file, "DELETE FROM contacts")
    found = actions(taking_back(plan, target))
    assert found["contact", "k1"] == ("skip", "gone")
    assert found["customer", "c1"] == ("skip", "group_kept")
    assert found["customer", "c2"] == ("delete", "taken_back")


def test_a_later_plan_is_named(target: SqliteTarget, file: Path) -> None:
    """Rows that a later plan wrote are kept; once that one is taken back, they are not."""
    first = first_plan(target)
    start = content(file)
    run(first, target)
    second = plan_of(target, {"customer": [update("c2", "2", budget="5")]}, "p2")
    run(second, target)
    found = actions(taking_back(first, target))
    assert found["customer", "c2"] == ("skip", "later_plan:p2")
    assert found["customer", "c1"] == ("skip", "in_use")
    run(taking_back(second, target, "r2"), target)
    back = taking_back(first, target, "r3")
    assert {a for a, _ in actions(back).values()} == {"delete"}
    run(back, target)
    assert content(file) == start


def test_rollback_of_a_rollback(target: SqliteTarget, file: Path) -> None:
    """A rollback is a plan: taken back, rows stand again under their old keys; and so on."""
    plan = mixed(target, file)
    before = content(file)
    run(plan, target)
    loaded = content(file)
    back = taking_back(plan, target)
    run(back, target)
    again = taking_back(back, target, "r2")
    counts = done(run(again, target))
    assert (counts["created"], counts["updated"]) == (6, 2)
    assert content(file) == loaded
    third = taking_back(again, target, "r3")
    run(third, target)
    assert content(file) == before
    run(taking_back(third, target, "r4"), target)
    assert content(file) == loaded
    # The first plan counts as the last to have written, but for rows that it only adopted.
    run(taking_back(plan, target, "r5"), target)
    assert content(file) == before


def test_edited_before_the_plan_came(target: SqliteTarget, file: Path) -> None:
    """What somebody had edited between two plans stays edited when both are taken back."""
    sql(file, "INSERT INTO accounts (id, name, budget) VALUES (50, '白云厂', 9)")
    first = plan_of(target, {"customer": [update("c50", "50", budget="10")]})
    run(first, target)
    sql(file, "UPDATE accounts SET department = '人工' WHERE id = 50")
    second = plan_of(target, {"customer": [update("c50", "50", budget="11")]}, "p2")
    run(second, target)
    run(taking_back(second, target), target)
    assert sql(file, "SELECT budget, department FROM accounts") == [(10, "人工")]
    assert actions(taking_back(first, target, "r2"))["customer", "c50"] == ("skip", "edited_since")


def test_one_entity(target: SqliteTarget, file: Path) -> None:
    """--entity takes back its rows alone, and what hangs on what is deleted."""
    plan = mixed(target, file)
    run(plan, target)
    contacts = actions(taking_back(plan, target, entities=["contact"]))
    assert {e for e, _ in contacts} == {"contact"}
    assert contacts["contact", "k1"] == ("delete", "taken_back")
    customers = actions(taking_back(plan, target, entities=["customer"]))
    # What the plan created under them would be orphaned: it comes along.
    assert customers["contract", "t2"] == ("delete", "along")
    assert ("contact", "k50") not in customers
    run(taking_back(plan, target, "r2", entities=["customer"]), target)
    assert sql(file, "SELECT id FROM accounts ORDER BY id") == [(50,), (51,)]


def test_one_customer(target: SqliteTarget, file: Path) -> None:
    """--customer takes back one customer with its children, and daughters that hang on it."""
    plan = mixed(target, file)
    run(plan, target)
    found = actions(taking_back(plan, target, groups=["c2"]))
    assert set(found) == {("customer", "c2")}
    found = actions(taking_back(plan, target, groups=["c1"]))
    assert found["customer", "c2"] == ("delete", "along")
    assert found["customer", "c50"] == ("update", "along")
    assert ("customer", "c51") not in found


def test_edited_between_rollback_plan_and_apply(target: SqliteTarget, file: Path) -> None:
    """The apply of a rollback checks again: what was edited meanwhile is left, and counted."""
    plan = first_plan(target)
    run(plan, target)
    back = taking_back(plan, target)
    sql(file, "UPDATE accounts SET department = '人工' WHERE id = 2")
    applied = run(back, target, limit=1.0)
    left = {(r["golden_id"], r["reason"]) for r in applied.left.iter_rows(named=True)}
    assert ("c2", "edited_since") in left
    assert ("c1", "referred") in left
    assert len(sql(file, "SELECT id FROM accounts")) == 2


def test_key_taken_meanwhile(target: SqliteTarget, file: Path) -> None:
    """A deleted row whose key somebody has used since cannot be put back."""
    plan = plan_of(target, {"customer": [company("c1", "远山机械有限公司")]})
    run(plan, target)
    back = taking_back(plan, target)
    run(back, target)
    sql(file, "INSERT INTO accounts (id, name) VALUES (1, '别家公司')")
    assert actions(taking_back(back, target, "r2"))["customer", "c1"] == ("skip", "key_taken")


def test_rows_taken_back_are_no_rows_of_ours(target: SqliteTarget, file: Path) -> None:
    """A golden id whose row was deleted by a rollback may be met again in a row of the CRM."""
    plan = mixed(target, file)
    run(plan, target)
    ours = read_inserted(target, "customer").sort().to_list()
    assert ours == ["c1", "c2"]
    back = taking_back(plan, target)
    run(back, target)
    assert read_inserted(target, "customer").to_list() == []
    run(taking_back(back, target, "r2"), target)
    assert read_inserted(target, "customer").sort().to_list() == ours
