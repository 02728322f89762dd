"""Conditions on columns that nobody filled in are answered before anything is computed."""

import polars as pl
import pytest

from crm_migrate.project.entities_file import standard_model
from crm_migrate.standards.rules.compiler import compile_expression
from crm_migrate.standards.rules.inputs import inputs

MODEL = standard_model()
CUSTOMER = MODEL.entity("customer")


@pytest.mark.parametrize(
    ("text", "unknown", "untrue"),
    [
        ("province(uscc) = province(address)", {"uscc", "address"}, {"uscc", "address"}),
        ("kind in ('企业') and length(uscc) = 18", set(), {"kind", "uscc"}),
        ("coalesce(phone, email) = name", set(), set()),
        ("kind is null or uscc = name", set(), set()),
        ("case when kind is null then 1 else 2 end = annual_budget", set(), set()),
        ("annual_budget between 1 and 2", {"annual_budget"}, {"annual_budget"}),
        ("not uscc = name", set(), set()),
        ("parent.kind <> '个人'", {"parent"}, {"parent"}),
        ("email_consent and kind = '企业'", set(), {"email_consent", "kind"}),
        ("sum(contract.amount) > 5", set(), set()),
        ("greatest(annual_budget, 1) > 0", set(), set()),
    ],
)
def test_what_a_condition_cannot_do_without(text: str, unknown: set[str], untrue: set[str]) -> None:
    """As in SQL: a comparison with a missing value is unknown, whatever the others are."""
    made = compile_expression(text, CUSTOMER, MODEL)
    assert made.unknown_without == unknown
    assert made.untrue_without == untrue
    values = {"name": "甲", "uscc": "91350100M000100Y43", "kind": "企业", "address": "北京市海淀区",
              "annual_budget": "1", "phone": "4008201234", "email": "a@b.cn"}  # fmt: skip
    for field in made.columns:  # the claim holds for each field left out
        row = {"record_id": "1", **values, field: None}
        frame = pl.DataFrame([row], schema=dict.fromkeys(row, pl.String))
        table = {"customer": frame}
        day = pl.Series(["2026-01-01"]).str.to_date()[0]
        answer = inputs(CUSTOMER, [made], table, day).select(made.expr).item()
        assert answer is None or field not in unknown
        assert answer is not True or field not in untrue
