"""Merges carried out in the target: whole groups, checked again, in the books."""

import sqlite3
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.loading.origin import read_given_up
from crm_migrate.plan.operations import verify_plan
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading import doubled_crm as crm
from tests.loading.small_crm import Keys, sql
from tests.loading.test_plan_and_apply import FieldKeys


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a CRM that holds a customer twice."""
    place = tmp_path / "crm" / "crm.db"
    place.parent.mkdir()
    connection = sqlite3.connect(place)
    for statement in crm.SCHEMA:
        connection.execute(statement)
    connection.close()
    crm.fill(SqliteTarget(place), crm.TWICE)
    return place


@pytest.fixture
def target(file: Path) -> SqliteTarget:
    """The CRM as a target."""
    return SqliteTarget(file, wait=0.3)


def test_soft_merge_moves_everything_that_hangs_on_the_row(target: SqliteTarget) -> None:
    """Contacts, a subsidiary, and rows of unmapped tables refer to the row that stays; the other
    is marked with it (R-1.4).
    """
    held = crm.mapping(crm.SOFT | {"references": crm.MEMOS})
    plan = crm.plan(target, held, crm.LINKED)
    assert (plan.header.merges, plan.header.reparented) == (1, 6)
    done = crm.run(plan, target, held)
    assert (done.merges, done.reparented) == (1, 6)
    assert done.adds_up
    assert done.verified.ok
    assert done.left.is_empty()
    assert crm.cells(target, "persons", "id", "client_no") == [("11", "1"), ("12", "1")]
    assert crm.cells(target, "visits", "id", "client_no") == [("21", "1"), ("22", "1")]
    assert crm.cells(target, "badges", "client_no") == [("1",), ("1",)]
    assert crm.cells(target, "memos", "client") == [("1",)]
    assert crm.cells(target, "clients", "no", "parent_no", "state", "merged_into") == [
        ("1", None, "live", None),
        ("2", None, "merged", "1"),
        ("3", "1", "live", None),
    ]


def test_deleted_row_leaves_its_values_to_the_one_that_stays(target: SqliteTarget) -> None:
    """Where only the row given up has a value the other takes it over, a unique one, too."""
    held = crm.mapping(crm.HARD)
    done = crm.run(crm.plan(target, held, crm.LINKED), target, held)
    assert (done.merges, done.verified.ok) == (1, True)
    assert crm.cells(target, "clients", "no", "credit_code", "phone") == [
        ("1", "91310000MA1FL0001X", "+86 021 50500001"),
        ("3", None, None),
    ] or crm.cells(target, "clients", "no", "credit_code", "phone") == [
        ("1", "91310000MA1FL0001X", "021-50500001"),
        ("3", None, None),
    ]


@pytest.mark.parametrize("policy", [crm.SOFT, crm.HARD])
def test_nothing_is_left_to_merge(target: SqliteTarget, policy: dict[str, object]) -> None:
    """After the apply another plan is empty, and planning twice gives the same effect."""
    held = crm.mapping(policy)
    records = {"customer": crm.golden("customer", {"golden_id": "g1", "name": crm.ACME})}
    plan = crm.plan(target, held, crm.LINKED, records)
    assert crm.plan(target, held, crm.LINKED, records).header.effect == plan.header.effect
    assert crm.run(plan, target, held).verified.ok
    again = crm.plan(target, held, crm.LINKED, records, "p2")
    assert again.moves is None
    assert set(again.operations["customer"]["action"]) == {"unchanged"}
    assert not again.operations["customer"]["adopt"].any()


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        ("INSERT INTO visits VALUES (23, 2, 'new')", "children_changed"),
        ("DELETE FROM visits WHERE id = 21", "children_changed"),
        ("UPDATE persons SET client_no = 3 WHERE id = 12", "children_changed"),
        ("UPDATE clients SET phone = '0' WHERE no = 2", "edited_since"),
        ("UPDATE clients SET state = 'merged', merged_into = 3 WHERE no = 2", "edited_since"),
    ],
)
def test_what_changed_since_keeps_the_whole_group(
    file: Path, target: SqliteTarget, meanwhile: str, reason: str
) -> None:
    """A child added, gone or moved elsewhere, or the row edited: nothing of the group is written,
    and it is told why.
    """
    held = crm.mapping(crm.SOFT)
    plan = crm.plan(target, held, crm.LINKED)
    sql(file, meanwhile)
    before = sql(file, "SELECT * FROM clients"), sql(file, "SELECT * FROM persons")
    done = crm.run(plan, target, held)
    assert (done.merges, done.reparented) == (0, 0)
    assert done.left.select("golden_id", "reason").rows() == [("g1", reason)]
    assert done.adds_up
    assert (sql(file, "SELECT * FROM clients"), sql(file, "SELECT * FROM persons")) == before
    entered = sql(file, "SELECT DISTINCT result, reason FROM crm_migrate_move")
    assert entered == [("skipped", reason)]


def test_row_that_stays_is_gone(file: Path, target: SqliteTarget) -> None:
    """Where the row that stays was deleted since planning, the other is not given up for it."""
    held = crm.mapping(crm.SOFT)
    plan = crm.plan(target, held, crm.LINKED)
    for table in ("persons", "visits"):
        sql(file, f"DELETE FROM {table} WHERE client_no = 1")
    sql(file, "DELETE FROM clients WHERE no = 1")
    done = crm.run(plan, target, held)
    assert done.left["reason"].to_list() == ["gone"]
    assert sql(file, "SELECT state FROM clients WHERE no = 2") == [("live",)]


def test_two_rows_are_given_up_for_one(file: Path, target: SqliteTarget) -> None:
    """Three rows of one customer: both others go, and each is borrowed from in order of keys."""
    sql(file, "INSERT INTO clients (no, title, phone, note) VALUES (4, ?, '0', '老客户')", crm.ACME)
    sql(file, "INSERT INTO visits VALUES (24, 4, 'x')")
    held = crm.mapping(crm.HARD)
    linked = {**crm.LINKED, "customer": {**crm.LINKED["customer"], "4": "g1"}}
    done = crm.run(crm.plan(target, held, linked), target, held)
    assert done.merges == 2
    assert sql(file, "SELECT no, note FROM clients") == [(1, "老客户"), (3, None)]
    assert sql(file, "SELECT DISTINCT client_no FROM visits") == [(1,)]


def test_doubled_children_are_merged_with_their_customers(file: Path, target: SqliteTarget) -> None:
    """A contact and a tag that both rows have: one is given up, so that nothing stands twice
    under a unique key.
    """
    sql(file, "INSERT INTO labels VALUES (41, 1, '老客户'), (42, 2, '老客户'), (43, 2, '展会')")
    sql(file, "INSERT INTO persons (id, client_no, full_name) VALUES (13, 2, '李雷')")
    linked = {
        **crm.LINKED,
        "contact": {"11": "c11", "12": "c12", "13": "c11"},
        "tag": {"41": "t1", "42": "t1", "43": "t3"},
    }
    held = crm.mapping(crm.SOFT, contact=crm.HARD, tag=crm.HARD)
    plan = crm.plan(target, held, linked)
    assert plan.moves is not None
    assert plan.moves["group"].unique().to_list() == ["g1"]
    done = crm.run(plan, target, held)
    assert done.merges == 3
    assert done.verified.ok
    assert crm.cells(target, "labels", "id", "client_no") == [("41", "1"), ("43", "1")]
    assert crm.cells(target, "persons", "id", "client_no") == [("11", "1"), ("12", "1")]


def test_base_rows_follow(file: Path, target: SqliteTarget) -> None:
    """Rows that we loaded and that a reviewer found to be one: the base row of the one given up
    goes, that of a re-parented child says how the child stands now.
    """
    held = crm.mapping(crm.HARD)
    records = {
        "customer": crm.golden(
            "customer",
            {"golden_id": "g8", "name": "广州丙火有限公司", "uscc": "91440101MA5XX0001A"},
            {"golden_id": "g9", "name": "广州丙火有限责任公司"},
        ),
        "contact": crm.golden("contact", {"golden_id": "c9", "customer": "g9", "name": "王五"}),
    }
    assert crm.run(crm.plan(target, held, crm.LINKED, records), target, held).verified.ok
    keys = dict(sql(file, "SELECT golden_id, target_key FROM crm_migrate_base"))
    linked = {"customer": {str(keys["g9"]): "g8"}}
    records["customer"] = records["customer"].filter(pl.col("golden_id") == "g8")
    records["contact"] = records["contact"].with_columns(customer=pl.lit("g8"))
    plan = crm.plan(target, held, linked, records, "p2")
    assert plan.moves is not None
    assert plan.moves.filter(pl.col("kind") == "merge")["rule"].to_list() == ["kept_base"]
    assert crm.run(plan, target, held).verified.ok
    based = sql(file, "SELECT golden_id, plan_id FROM crm_migrate_base WHERE golden_id > 'c9'")
    assert [g for g, _ in based] == ["g1", "g8"] or [g for g, _ in based] == ["g8"]
    assert sql(file, "SELECT plan_id FROM crm_migrate_base WHERE golden_id = 'c9'") == [("p2",)]
    again = crm.plan(target, held, {}, records, "p3")
    assert set(again.operations["contact"]["action"]) == {"unchanged"}
    assert again.moves is None


def test_rows_of_ours_that_were_given_up_are_known_again(file: Path, target: SqliteTarget) -> None:
    """A marked row that a plan of ours had made belongs to the row that stayed: it enters linkage
    as little as before (decision 3).
    """
    held = crm.mapping(crm.SOFT)
    records = {
        "customer": crm.golden(
            "customer",
            {"golden_id": "g8", "name": "广州丙火有限公司"},
            {"golden_id": "g9", "name": "广州丙火有限责任公司"},
        )
    }
    crm.run(crm.plan(target, held, {}, records), target, held)
    assert read_given_up(target, "customer").is_empty()
    keys = dict(sql(file, "SELECT golden_id, target_key FROM crm_migrate_base"))
    linked = {"customer": {**crm.LINKED["customer"], str(keys["g9"]): "g8"}}
    one = {"customer": records["customer"].head(1)}
    assert crm.run(crm.plan(target, held, linked, one, "p2"), target, held).merges == 2
    assert read_given_up(target, "customer").rows() == [(keys["g9"], "g8")]


def test_trigger_that_undoes_a_merge_fails_its_group(file: Path, target: SqliteTarget) -> None:
    """What the target does not keep as written is found in the same transaction."""
    sql(
        file,
        "CREATE TRIGGER stays AFTER UPDATE OF client_no ON visits"
        " BEGIN UPDATE visits SET client_no = old.client_no WHERE id = new.id; END",
    )
    held = crm.mapping(crm.SOFT)
    done = crm.run(crm.plan(target, held, crm.LINKED), target, held)
    assert done.left.select("result", "reason").rows() == [("failed", "trigger")]
    assert sql(file, "SELECT state FROM clients WHERE no = 2") == [("live",)]


def test_no_cell_stands_in_clear_in_the_books(file: Path, target: SqliteTarget) -> None:
    """The before-image of a row that is given up is sealed."""
    held = crm.mapping(crm.HARD)
    crm.run(crm.plan(target, held, crm.LINKED), target, held)
    ((image,),) = sql(file, "SELECT image FROM crm_migrate_move WHERE kind = 'merge'")
    assert isinstance(image, bytes)
    assert crm.ACME.encode() not in image
    assert "甲木" not in str(sql(file, "SELECT * FROM crm_migrate_move"))


def everything(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the CRM, and the base."""
    tables = ("clients", "persons", "labels", "visits", "badges", "memos")
    found = {table: sql(file, f"SELECT * FROM {table} ORDER BY 1") for table in tables}
    base = "SELECT golden_id, target_key, raw_digest, plan_id FROM crm_migrate_base ORDER BY 1"
    return found | {"base": sql(file, base)}


@pytest.mark.parametrize("policy", [crm.SOFT, crm.HARD])
def test_rollback_restores_the_row_and_what_hung_on_it(
    file: Path, target: SqliteTarget, policy: dict[str, object]
) -> None:
    """Taken back, every row is as it was, keys and base rows included; only rows of a table
    without a key of its own stay where they are.
    """
    sql(file, "DELETE FROM badges")
    sql(file, "INSERT INTO persons (id, client_no, full_name) VALUES (13, 2, '李雷')")
    held = crm.mapping(policy, contact=crm.HARD)
    records = {"customer": crm.golden("customer", {"golden_id": "g1", "name": crm.ACME})}
    linked = {**crm.LINKED, "contact": {"11": "c11", "12": "c12", "13": "c11"}}
    first = crm.golden("contact", {"golden_id": "c12", "customer": "g1", "name": "韩梅"})
    adopt = crm.plan(target, crm.mapping(None), linked, {"contact": first, **records}, "p0")
    crm.run(adopt, target, crm.mapping(None))
    before = everything(file)
    plan = crm.plan(target, held, linked, {"contact": first, **records})
    assert crm.run(plan, target, held).merges == 2
    back = crm.taking_back(plan, target, held)
    verify_plan(back, held, digest_key=Keys.digest_key, keys=FieldKeys())
    done = crm.run(back, target, held)
    assert done.left.is_empty()
    assert done.verified.ok
    assert everything(file) == before
    moves = sql(file, "SELECT kind, result FROM crm_migrate_move WHERE plan_id = 'r1'")
    assert set(moves) == {("unmerge", "unmerged"), ("reparent", "reparented")}


def test_rollback_leaves_what_people_pointed_elsewhere(file: Path, target: SqliteTarget) -> None:
    """A child that was given to another customer since stays there; the rest goes back."""
    held = crm.mapping(crm.HARD)
    plan = crm.plan(target, held, crm.LINKED)
    crm.run(plan, target, held)
    sql(file, "UPDATE visits SET client_no = 3 WHERE id = 21")
    done = crm.run(crm.taking_back(plan, target, held), target, held)
    assert done.verified.ok
    assert sql(file, "SELECT client_no FROM visits ORDER BY id") == [(3,), (1,)]
    assert sql(file, "SELECT client_no FROM persons ORDER BY id") == [(1,), (2,)]


def test_rollback_keeps_a_merge_whose_place_is_taken(file: Path, target: SqliteTarget) -> None:
    """Where somebody entered another row under the old key, the whole group stays merged."""
    held = crm.mapping(crm.HARD)
    plan = crm.plan(target, held, crm.LINKED)
    crm.run(plan, target, held)
    sql(file, "INSERT INTO clients (no, title) VALUES (2, '另一家')")
    back = crm.taking_back(plan, target, held)
    assert back.moves is None
    assert set(back.operations["customer"]["action"]) == {"skip"}


def test_rollback_that_went_stale_writes_nothing(file: Path, target: SqliteTarget) -> None:
    """A row that moved after the rollback was planned keeps its group as it is."""
    held = crm.mapping(crm.SOFT)
    plan = crm.plan(target, held, crm.LINKED)
    crm.run(plan, target, held)
    back = crm.taking_back(plan, target, held)
    sql(file, "UPDATE visits SET client_no = 3 WHERE id = 21")
    done = crm.run(back, target, held)
    assert done.left["reason"].unique().to_list() == ["edited_since"]
    assert sql(file, "SELECT state FROM clients WHERE no = 2") == [("merged",)]
