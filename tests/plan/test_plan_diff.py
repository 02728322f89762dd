"""The diff: what is written, what is left alone, what waits, and why (R-6.3)."""

from typing import Any

import polars as pl
import pytest

from crm_migrate.plan.change import UNTOUCHED
from crm_migrate.plan.diff.entity import EntityDiff, diff_entity
from crm_migrate.plan.digest import precondition
from crm_migrate.plan.target.present import resolve_references
from crm_migrate.systems.target_schema import ColumnInfo
from tests.plan.crm import (
    ACCOUNTS,
    CONTACT,
    CUSTOMER,
    MODEL,
    PEOPLE,
    Crm,
    applied,
    golden,
    rules,
    table,
)

Row = dict[str, str | None]


def diff(crm: Crm, *rows: Row, standing: Any = None, **more: Any) -> EntityDiff:
    frame = golden(crm.entity, *rows)
    return diff_entity(crm.entity, MODEL, frame, crm.side(), standing or {}, rules(**more))


def only(found: EntityDiff) -> dict[str, Any]:
    assert found.operations.height == 1
    return found.operations.row(0, named=True)


def by_id(found: EntityDiff) -> dict[str, dict[str, Any]]:
    return {r["golden_id"]: r for r in found.operations.to_dicts()}


def acme(**cells: str | None) -> Row:
    return {"golden_id": "g1", "name": "上海甲木科技有限公司", **cells}


def stored(**cells: str | None) -> Row:
    return {"id": "11", "account_name": "上海甲木科技有限公司", **cells}


def test_a_new_record_is_inserted_as_the_target_stores_it() -> None:
    """R-2.3: value maps and look-ups are applied; empty fields are left to the target."""
    row = only(diff(Crm(CUSTOMER), acme(customer_type="成交客户", owner="周舟")))
    assert (row["action"], row["reason"], row["rank"]) == ("insert", "new", 1)
    assert (row["after:status"], row["after:owner_id"]) == ("W", "8")
    assert "after:memo" not in row
    assert row["precondition"] is None


def test_what_is_equal_is_unchanged_and_adopted_without_cells() -> None:
    """Equal canonical values in another spelling of the target are no change."""
    crm = Crm(CUSTOMER, [stored(status="W", owner_id="8")], {"11": "g1"})
    row = only(diff(crm, acme(customer_type="成交客户", owner="周舟")))
    assert (row["action"], row["reason"], row["adopt"]) == ("unchanged", "same", True)
    assert not [c for c in row if c.startswith(("before:", "after:"))]


def test_golden_null_never_erases() -> None:
    """A value that no source has stays in the CRM."""
    crm = Crm(CUSTOMER, [stored(memo="老客户")], {"11": "g1"})
    assert only(diff(crm, acme()))["action"] == "unchanged"


def test_an_empty_cell_is_filled_and_its_raw_cell_is_the_precondition() -> None:
    """Only the cells to be replaced are covered, so an edit elsewhere changes nothing."""
    crm = Crm(CUSTOMER, [stored()], {"11": "g1"})
    row = only(diff(crm, acme(uscc="91310000MA1FL0001X")))
    assert (row["action"], row["reason"]) == ("update", "filled")
    assert row["precondition"] == precondition(b"d" * 32, {"credit_code": None})


@pytest.mark.parametrize(
    ("field", "column", "action", "reason"),
    [
        ("uscc", "credit_code", "unchanged", "edited"),
        ("grade", "grade", "update", "changed"),
        ("remark", "memo", "conflict", "conflict"),
    ],
)
def test_without_a_base_the_policy_of_the_field_decides(
    field: str, column: str, action: str, reason: str
) -> None:
    """CRM wins, source wins, ask."""
    crm = Crm(CUSTOMER, [stored(**{column: "旧"})], {"11": "g1"})
    row = only(diff(crm, acme(**{field: "新"})))
    assert (row["action"], row["reason"]) == (action, reason)
    assert row["conflicts"] == ("remark" if action == "conflict" else None)


def apply_once(field: str, column: str) -> Crm:
    """A CRM in which `old` was applied by us."""
    crm = Crm(CUSTOMER, [stored(**{column: "old"})], {"11": "g1"})
    crm.base = applied(crm, CUSTOMER, diff(crm, acme(**{field: "old"})).operations)
    return crm


@pytest.mark.parametrize(
    ("now", "new", "expected"),
    [
        ("old", "new", ("update", "changed")),
        ("edited", "old", ("unchanged", "edited")),
        (None, "old", ("unchanged", "edited")),
        ("old", "old", ("unchanged", "same")),
        ("edited", "new", ("unchanged", "edited")),
        ("new", "new", ("unchanged", "same")),
    ],
)
def test_three_way(now: str | None, new: str, expected: tuple[str, str]) -> None:
    """Only the side that moved since the last application counts; policy `crm` where both did."""
    crm = apply_once("uscc", "credit_code")
    crm.rows = [stored(credit_code=now)]
    row = only(diff(crm, acme(uscc=new)))
    assert (row["action"], row["reason"]) == expected
    assert not row["adopt"]


def test_both_sides_moved_under_ask_is_a_conflict_beside_other_changes() -> None:
    """A row with a conflict and other changes is an update that leaves the conflict alone."""
    crm = apply_once("remark", "memo")
    crm.rows = [stored(memo="edited")]
    row = only(diff(crm, acme(remark="new", uscc="91310000MA1FL0001X")))
    assert (row["action"], row["conflicts"]) == ("update", "remark")
    assert (row["before:memo"], row["after:memo"]) == ("edited", UNTOUCHED)
    assert '"remark"' not in row["commitments"]


def test_a_customer_deleted_in_the_crm_is_not_brought_back() -> None:
    """The CRM wins over a record that was applied once and is gone (R-5.4)."""
    crm = apply_once("uscc", "credit_code")
    crm.rows, crm.linked = [], {}
    row = only(diff(crm, acme(uscc="old")))
    assert (row["action"], row["reason"]) == ("skip", "edited")


def test_unknown_values_do_not_fit_and_are_named() -> None:
    """An unmapped value or a look-up without a match is never dropped silently."""
    row = only(diff(Crm(CUSTOMER), acme(customer_type="休眠", owner="无名")))
    assert (row["action"], row["reason"]) == ("skip", "does_not_fit")
    assert row["conflicts"] == "customer_type;owner"


def test_declared_limits_of_the_target_are_checked() -> None:
    """Length, CHECK list, kind and NOT NULL of the target's own schema."""
    limits = [
        ColumnInfo("account_name", "VARCHAR(5)", length=5),
        ColumnInfo("grade", "TEXT", vocabulary=("战略客户",)),
        ColumnInfo("memo", "INTEGER", kind="integer"),
        ColumnInfo("region", "TEXT", nullable=False),
        ColumnInfo("credit_code", "TEXT", nullable=False),
    ]
    crm = Crm(CUSTOMER, table=table("accounts", limits))
    row = only(diff(crm, acme(grade="普通客户", remark="x")))
    assert set(row["conflicts"].split(";")) == {"name", "uscc", "remark", "grade", "region"}


def test_a_unique_key_that_is_taken_skips_the_insert() -> None:
    """User need 8: uniqueness as the database sees it, among present and planned rows."""
    crm = Crm(
        CUSTOMER,
        [{"id": "5", "account_name": "别家", "credit_code": "91350100m000100y43"}],
        table=table("accounts", [], ("credit_code",), fold=True),
    )
    rows = by_id(
        diff(
            crm,
            acme(uscc="91350100M000100Y43"),
            {"golden_id": "g2", "name": "乙", "uscc": "9111010894Y6W19290"},
            {"golden_id": "g3", "name": "丙", "uscc": "9111010894Y6W19290"},
            {"golden_id": "g4", "name": "丁"},
        )
    )
    assert rows["g1"]["reason"] == rows["g3"]["reason"] == "unique_taken"
    assert (rows["g2"]["action"], rows["g4"]["action"]) == ("insert", "insert")
    assert rows["g3"]["conflicts"] == "credit_code"


def test_identifiers_that_can_be_none_hold_no_customer_up() -> None:
    """A faulty code that two customers share is left empty and told; one that stands once stays."""
    zeros = "0" * 18
    crm = Crm(
        CUSTOMER,
        [
            {"id": "5", "account_name": "别家", "credit_code": "9135010"},
            {"id": "6", "account_name": "己", "credit_code": zeros},
        ],
        {"6": "g6"},
        table=table("accounts", [], ("credit_code",)),
    )
    coded = {"g1": zeros, "g2": zeros, "g3": "9135010", "g4": "91350", "g6": zeros}
    found = diff(crm, *({"golden_id": g, "name": g, "uscc": code} for g, code in coded.items()))
    rows = by_id(found)
    for golden_id in ("g1", "g2", "g3"):
        assert rows[golden_id]["action"] == "insert"
        assert rows[golden_id]["reason"] == "identifier_left_empty:uscc"
        assert rows[golden_id]["after:credit_code"] == UNTOUCHED
    assert rows["g4"]["after:credit_code"] == "91350"
    assert rows["g6"].get("reason") != "identifier_left_empty:uscc"


def test_match_fields_guard_inserts() -> None:
    """An insert must be absent under the match fields of the mapping, too."""
    mapping = ACCOUNTS.model_copy(update={"match": ("name",)})
    crm = Crm(CUSTOMER, [{"id": "5", "account_name": "上海甲木科技有限公司"}], mapping=mapping)
    assert only(diff(crm, acme()))["reason"] == "unique_taken"


def test_several_rows_for_one_golden_id() -> None:
    """The smallest key is taken, the others are listed."""
    crm = Crm(CUSTOMER, [stored(id="100"), stored(id="20")], {"100": "g1", "20": "g1"})
    found = diff(crm, acme())
    assert only(found)["target_key"] == "20"
    assert found.notes.rows() == [("customer", "g1", "100", "duplicate_in_crm", None)]


def test_subsidiaries_come_after_their_parents() -> None:
    """Depth in the group hierarchy is the rank; a circle of new records does not fit (R-1.4)."""
    rows = by_id(
        diff(
            Crm(CUSTOMER),
            acme(),
            {"golden_id": "g2", "name": "乙", "parent": "g1"},
            {"golden_id": "g3", "name": "丙", "parent": "g2"},
            {"golden_id": "g4", "name": "丁", "parent": "g5"},
            {"golden_id": "g5", "name": "戊", "parent": "g4"},
        )
    )
    assert [rows[g]["rank"] for g in ("g1", "g2", "g3")] == [1, 2, 3]
    assert rows["g3"]["after:parent_id"] == "@g2"
    assert rows["g4"]["reason"] == rows["g5"]["reason"] == "does_not_fit"


def test_a_waiting_parent_holds_back_its_new_subsidiaries() -> None:
    """What is not loaded cannot be referred to, all the way down."""
    rows = by_id(
        diff(
            Crm(CUSTOMER),
            acme(customer_type="休眠"),
            {"golden_id": "g2", "name": "乙", "parent": "g1"},
            {"golden_id": "g3", "name": "丙", "parent": "g2"},
        )
    )
    assert rows["g2"]["reason"] == rows["g3"]["reason"] == "parent_waits"


def test_two_owners_hold_back_the_customer_and_its_children() -> None:
    """R-1.5: 撞单 waits for both departments; children without a customer are orphans."""
    customers = diff(
        Crm(CUSTOMER), acme(), {"golden_id": "g2", "name": "乙"}, owner_conflict=["g1"]
    )
    rows = by_id(
        diff(
            Crm(CONTACT),
            {"golden_id": "c1", "customer": "g1", "name": "李雷"},
            {"golden_id": "c2", "customer": "g2", "name": "韩梅"},
            {"golden_id": "c3", "name": "林涛"},
            {"golden_id": "c4", "customer": "g9", "name": "魏华"},
            standing={"customer": customers.standing},
        )
    )
    assert by_id(customers)["g1"]["reason"] == "owner_conflict"
    assert [rows[c]["reason"] for c in ("c1", "c2", "c3", "c4")] == [
        "parent_waits",
        "new",
        "orphan",
        "orphan",
    ]
    assert (rows["c2"]["group"], rows["c2"]["after:account_id"]) == ("g2", "@g2")
    assert rows["c2"]["after:created_by"] == "import"


def test_references_in_the_crm_are_compared_by_golden_id() -> None:
    """A moved contact shows the customers' golden ids, not the CRM's keys."""
    customers = diff(
        Crm(CUSTOMER, [stored(), {"id": "12", "account_name": "乙"}], {"11": "g1", "12": "g2"}),
        acme(),
        {"golden_id": "g2", "name": "乙"},
    )
    mapping = PEOPLE.model_copy(update={"on_conflict": "source"})
    crm = Crm(
        CONTACT,
        [{"id": "1", "account_id": "11", "full_name": "李雷"}],
        {"1": "c1"},
        mapping=mapping,
    )
    side = crm.side()
    known = pl.DataFrame({"target_key": ["11", "12"], "golden_id": ["g1", "g2"]})
    present = resolve_references(CONTACT, side.present, {"customer": known})
    side = type(side)(mapping, side.stored, present)
    rows = golden(CONTACT, {"golden_id": "c1", "customer": "g2", "name": "李雷"})
    found = diff_entity(CONTACT, MODEL, rows, side, {"customer": customers.standing}, rules())
    row = only(found)
    assert (row["before:account_id"], row["after:account_id"]) == ("@g1", "@g2")
    assert row["precondition"] == precondition(b"d" * 32, {"account_id": "11"})


def test_nothing_in_nothing_out() -> None:
    """Empty tables are planned like any other."""
    assert diff(Crm(CUSTOMER)).operations.is_empty()
