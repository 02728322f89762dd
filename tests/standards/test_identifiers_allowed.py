"""Dated allow-lists: codes that are right although they fail a check."""

from datetime import date

import pytest

from crm_migrate.standards.entity.standardize import standardize
from crm_migrate.standards.rules.allowed import parse_allowed
from crm_migrate.standards.rules.records import RecordRules

GENUINE = "91350200303000001X"
"""Its check character does not fit; invented in the manner of Xiamen's codes before 2016."""
LINE = {"value": GENUINE, "until": "2027-12-31", "reason": "licence seen", "by": "data office"}


@pytest.fixture
def found(model, mapped):
    """The findings of two customers, one with the listed code and one with another faulty code."""

    def on(day: date, **changes) -> set[tuple[int, str, str]]:
        lists, faults = parse_allowed({"allowed": {"customer.uscc": [LINE | changes]}}, model)
        assert faults == []
        rows = [
            {"name": "厦门恒通科技有限公司", "uscc": GENUINE},
            {"name": "厦门大有科技有限公司", "uscc": "91350200303000009X"},
        ]
        rules = RecordRules(allowed=lists).as_of(day)
        made = standardize(
            model.entity("customer"), mapped("customer", rows), model, origins={}, rules=rules
        )
        mine = made.findings.filter(made.findings["field"] == "uscc")
        return set(mine.select("row", "rule", "severity").rows())

    return on


def test_listed_codes_are_accepted_until_their_day(found):
    """R-2.1: in place of the warning stands a note that names the day; other codes still warn."""
    before = found(date(2027, 12, 31))
    assert (2, "allowed.2027-12-31", "repair") in before
    assert {r for r in before if r[0] == 2 and r[2] == "warning"} == set()
    assert (3, "uscc.checksum", "warning") in before


def test_expired_entries_count_no_more(found):
    """R-2.1: from the next day on the finding is back."""
    after = found(date(2028, 1, 1))
    assert (2, "uscc.checksum", "warning") in after
    assert not any(rule.startswith("allowed.") for _, rule, _ in after)


def test_an_entry_may_cover_one_rule_alone(found):
    """R-2.1: what other rules find of the code stays."""
    some = found(date(2027, 1, 1), rule="uscc.organisation")
    assert (2, "uscc.checksum", "warning") in some


def test_the_note_names_the_day_in_both_languages(model):
    """R-8.2: reports and findings tell until when the code is accepted."""
    lists, _ = parse_allowed({"allowed": {"customer.uscc": [LINE]}}, model)
    rule = RecordRules(allowed=lists).rules["allowed.2027-12-31"]
    assert "2027-12-31" in rule.message.en
    assert "2027-12-31" in rule.message.zh


@pytest.mark.parametrize(
    ("field", "change", "said"),
    [
        ("customer.nothing", {}, "no field"),
        ("contact.id_number", {"value": "11010519491231002X"}, "only codes of organisations"),
        ("contact.mobile", {"value": "13800138000"}, "only codes of organisations"),
        ("customer.tax_number", {"value": "11010519491231002X"}, "identity number"),
        ("customer.uscc", {"rule": "id_number.checksum"}, "no rule"),
        ("customer.uscc", {"value": "  "}, "value"),
        ("customer.uscc", {"value": "\u200b"}, "no value"),
        ("customer.uscc", {"until": "soon"}, "until"),
        ("customer.uscc", {"reason": ""}, "reason"),
    ],
)
def test_faulty_lists(model, field: str, change: dict[str, str], said: str):
    """R-5.3: numbers of persons cannot stand in the file, and no message repeats a value."""
    _, faults = parse_allowed({"allowed": {field: [LINE | change]}}, model)
    assert len(faults) == 1
    assert said in faults[0][1].en
    assert all(v not in str(faults) for v in ("11010519491231002X", "13800138000", GENUINE))


def test_a_value_stands_once(model):
    """R-2.1: two lines about one code would leave open until when it counts."""
    _, faults = parse_allowed({"allowed": {"customer.uscc": [LINE, LINE]}}, model)
    assert [at for at, _, _ in faults] == [("allowed", "customer.uscc", 1)]
