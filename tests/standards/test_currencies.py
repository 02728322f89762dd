"""Amounts in other currencies than CNY, where a field beside them says which."""

from functools import cache

import polars as pl
import pytest

from crm_migrate.project.entities_file import EntitiesFile, build_model, extend, starter_file
from crm_migrate.standards.entity.standardize import standardize

BESIDE = {"type": "vocabulary", "vocabulary": "currency", "label": {"en": "currency", "zh": "币种"}}


PACKAGED = cache(lambda: starter_file("entities.yaml"))


def model_with(fields: dict, entity: str = "customer"):
    """The standard model with those changes to the entity's fields, and what is wrong with it."""
    change = {"entities": {entity: {"fields": fields}}}
    merged = EntitiesFile.model_validate(extend(PACKAGED().data, change))
    return build_model(merged, PACKAGED())


def test_amounts_in_other_currencies_are_kept_beside_their_code(mapped):
    """R-2.1: the amount stays in its own currency, unconverted; the code goes to its field unless
    that says something else, which is told.
    """
    model, faults = model_with(
        {"registered_capital": {"currency": "capital_currency"}, "capital_currency": BESIDE}
    )
    assert faults == []
    cells = [("100万美元", None), ("HK$1,000", "港币"), ("500万元", None), ("100欧元", "美元"),
             ("约10万日元", None), ("100", "USD")]  # fmt: skip
    rows = [{"name": f"恒通{n}有限公司", "registered_capital": c} for n, (c, _) in enumerate(cells)]
    frame = mapped("customer", rows).with_columns(
        pl.Series("capital_currency", [beside for _, beside in cells])
    )
    made = standardize(model.entity("customer"), frame, model, origins={})
    kept = made.records.select("registered_capital", "capital_currency").rows()
    assert kept == [
        ("1000000", "USD"), ("1000", "HKD"), ("5000000", None), ("100", "USD"),
        (None, None), ("100", "USD"),
    ]  # fmt: skip
    told = made.findings.filter(pl.col("rule").str.starts_with("amount.")).select("row", "rule")
    assert set(told.filter(pl.col("rule") != "amount.normalised").rows()) == {
        (2, "amount.foreign"), (3, "amount.foreign"), (5, "amount.foreign"),
        (5, "amount.currency_differs"), (6, "amount.currency"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"registered_capital": {"currency": "nowhere"}}, "unknown field 'nowhere'"),
        ({"registered_capital": {"currency": "remark"}}, "`vocabulary: currency`"),
        ({"remark": {"currency": "cc"}, "cc": BESIDE}, "only an amount"),
    ],
)
def test_a_currency_field_that_can_be_none_is_a_fault(fields: dict, said: str):
    """R-1.4: a mistake in entities.yaml is told where it stands."""
    model, faults = model_with(fields)
    assert model is None
    assert said in faults[0].message.en


def test_sums_have_one_currency():
    """R-4.2: the amount that control totals add up cannot be in several currencies."""
    _, faults = model_with({"amount": {"currency": "c"}, "c": BESIDE}, "contract")
    assert "control totals" in faults[0].message.en
