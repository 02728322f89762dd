"""How much a rule weighs, by field and source; what is required under which conditions."""

from dataclasses import replace

import polars as pl
import pytest

from crm_migrate.model import Condition
from crm_migrate.project.rule_files import Weighing
from crm_migrate.standards.entity.standardize import standardize
from crm_migrate.standards.rules.records import RecordRules

ROWS = [{"name": "恒通科技有限公司", "owner": "李娜"}]


@pytest.fixture
def weights_of(model, mapped):
    """(severity, source) of `required.missing` for two rows that differ in their source."""

    def told(*weighings: Weighing, field: str = "industry") -> dict[str, str]:
        frame = mapped("customer", ROWS * 2).with_columns(
            pl.Series("_source", ["sales", "legacy"]), pl.Series("record_id", ["a" * 32, "b" * 32])
        )
        rules = RecordRules(severities={"required.missing": weighings})
        done = standardize(model.entity("customer"), frame, model, origins={}, rules=rules)
        lines = done.findings.filter(pl.col("rule") == "required.missing")
        lines = lines.filter(pl.col("field") == field)
        return dict(lines.select("source", "severity").rows())

    return told


def test_a_missing_value_weighs_what_the_project_says(weights_of):
    """R-2.4: a missing industry is a note where it comes from one source, elsewhere a warning;
    the first line that fits counts, other fields keep their weight.
    """
    note = Weighing(field="customer.industry", source="legacy", severity="repair")
    assert weights_of(note) == {"sales": "warning", "legacy": "repair"}
    assert weights_of(note, field="address") == {"sales": "warning", "legacy": "warning"}
    off = Weighing(source="legacy", severity="off")
    assert weights_of(off) == {"sales": "warning"}
    assert weights_of(note, off) == {"sales": "warning", "legacy": "repair"}


def test_an_error_sets_the_record_of_that_source_aside(model, mapped):
    """R-2.4: what is required of one source strictly quarantines only its records."""
    frame = mapped("customer", ROWS * 2).with_columns(
        pl.Series("_source", ["sales", "legacy"]), pl.Series("record_id", ["a" * 32, "b" * 32])
    )
    strict = Weighing(field="customer.industry", source="legacy", severity="error")
    rules = RecordRules(severities={"required.missing": (strict,)})
    done = standardize(model.entity("customer"), frame, model, origins={}, rules=rules)
    assert done.quarantined["record_id"].to_list() == ["b" * 32]


def test_required_under_several_conditions(model, mapped):
    """R-2.4: a demand counts only where every one of its conditions holds."""
    customer = model.entity("customer")
    when = (Condition("kind", ("企业",)), Condition("customer_type", ("成交客户", "流失客户")))
    fields = tuple(
        replace(f, required=True, required_when=when) if f.name == "size" else f
        for f in customer.fields
    )
    rows = [
        {"name": "甲有限公司", "kind": "企业", "customer_type": "成交"},
        {"name": "乙有限公司", "kind": "企业", "customer_type": "潜在"},
        {"name": "丙", "kind": "个人", "customer_type": "成交"},
        {"name": "丁有限公司", "kind": "企业", "customer_type": "流失", "size": "大型"},
    ]
    done = standardize(
        replace(customer, fields=fields), mapped("customer", rows), model, origins={}
    )
    missing = done.findings.filter(
        (pl.col("rule") == "required.missing") & (pl.col("field") == "size")
    )
    assert missing["row"].to_list() == [2]
