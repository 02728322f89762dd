"""Rows that stand double in the CRM are listed with both keys and the reason (R-4.1, R-6.3)."""

from crm_migrate.stages.planning.doubles import doubles_left, doubles_sheet
from tests.plan.crm import MODEL
from tests.plan.test_merges import TWO, accounts, merging


def test_doubles_that_are_not_merged_are_listed_for_people() -> None:
    """Without a merge policy the second row is named beside the one that the plan works on."""
    made = merging(sides={"customer": accounts(*TWO, duplicates="list")})
    left = doubles_left(made)
    assert left.rows() == [("customer", "g1", "9", "11", "duplicate_in_crm")]
    sheet = doubles_sheet(left, MODEL, "zh")
    assert (sheet.title, list(sheet.rows)) == (
        "CRM 内部重复",
        [("客户", "g1", "9", "11", "CRM 中同一客户有多条记录")],
    )


def test_what_is_merged_is_not_listed_as_double() -> None:
    """A row that is given up stands among the merges alone."""
    assert doubles_left(merging(sides={"customer": accounts(*TWO)})).is_empty()
