"""`plan diff`: what differs between two plans, by digest, and in which columns."""

from dataclasses import replace

import polars as pl
import pytest

from crm_migrate.language import Text
from crm_migrate.plan.change import Plan
from crm_migrate.plan.difference import ROW_CHANGED, Clear, difference
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.operations import PlannedOperations, target_treatments
from crm_migrate.plan.scope import Scope
from crm_migrate.plan.sealed_cells import unseal_operations
from tests.plan.crm import CUSTOMER, MAPPINGS, Crm
from tests.plan.in_memory import InMemory
from tests.plan.plans import CONTACTS, CUSTOMERS, Keys, header, planned, policy


def opened(found: PlannedOperations) -> Opened:
    return InMemory(Plan(header(effect=found.effect), found.operations, {}))


@pytest.fixture
def clear() -> Clear:
    """Opens sealed cells with the keys that the plans were made with."""

    def open_cells(entity: str, header: PlanHeader, operations: pl.DataFrame) -> pl.DataFrame:
        treatments = target_treatments(policy(), entity, MAPPINGS[entity])
        return unseal_operations(entity, operations, MAPPINGS[entity], treatments, Keys())

    return open_cells


def test_two_plans_of_the_same_do_not_differ(clear: Clear) -> None:
    """Though every ciphertext does: digests are over meaning."""
    one, other = opened(planned()), opened(planned())
    for entity in ("customer", "contact"):
        found = difference(one, other, entity, clear)
        assert (found.same, found.changed, found.rows.height) == (2, 0, 0)
        assert not any((found.only_a, found.only_b, found.columns, found.actions))


def test_new_gone_and_changed_operations_are_told_apart(clear: Clear) -> None:
    """With the columns that differ, sealed ones among them."""
    third: dict[str, str | None] = {"golden_id": "g3", "name": "广州丙火电子有限公司"}
    contact = CONTACTS[0] | {"id_number": "110101199003070038", "name": "李雷雷"}
    one = opened(planned())
    other = opened(planned([CUSTOMERS[0], third], [contact]))
    found = difference(one, other, "customer", clear)
    assert (found.same, dict(found.only_a), dict(found.only_b)) == (1, {"insert": 1}, {"insert": 1})
    assert found.changed == 0
    assert found.rows.rows() == [("g2", "insert", None), ("g3", None, "insert")]
    people = difference(one, other, "contact", clear)
    assert dict(people.only_a) == {"insert": 1}
    assert people.changed == 1
    assert people.columns == {"full_name": 1, "id_card": 1}


def test_an_edit_in_the_crm_is_the_rows_not_a_columns(clear: Clear) -> None:
    """The same change on a row that was edited meanwhile: its precondition is another one."""
    standing = {"id": "11", "account_name": "上海甲木科技有限公司", "grade": "普通客户"}
    rows: list[dict[str, str | None]] = [CUSTOMERS[0] | {"grade": "重点客户"}]
    plans = [
        opened(planned(rows, [], sides={"customer": Crm(CUSTOMER, [row], {"11": "g1"})}))
        for row in (standing, standing | {"grade": "大客户"})
    ]
    found = difference(*plans, "customer", clear)
    assert found.columns == {"grade": 1}, "the old value differs"
    same_cells = [p.operations("customer").collect() for p in plans]
    other = same_cells[0].with_columns(op_digest=pl.lit("0" * 64))
    edited = InMemory(Plan(plans[0].header, {"customer": other}, {}))
    assert difference(plans[0], edited, "customer", clear).columns == {ROW_CHANGED: 1}


def test_a_pilot_differs_by_what_it_leaves_out(clear: Clear) -> None:
    """What lies outside of a pilot is not its own; what was excluded is a changed action."""
    whole = opened(planned())
    words = Text("pilot", "试点")
    pilot = opened(planned(scope=Scope(words, pl.Series(["g1"]))))
    assert dict(difference(whole, pilot, "customer", clear).only_a) == {"insert": 1}
    without = opened(planned(scope=Scope(words, None, pl.Series(["g2"]))))
    found = difference(whole, without, "contact", clear)
    assert dict(found.actions) == {("insert", "skip"): 1}


def test_an_entity_of_one_plan_only(clear: Clear) -> None:
    """A mapping that gained an entity shows as new operations."""
    whole = planned()
    few = replace(whole, operations={"customer": whole.operations["customer"]})
    found = difference(opened(few), opened(whole), "contact", clear)
    assert dict(found.only_b) == {"insert": 2}
