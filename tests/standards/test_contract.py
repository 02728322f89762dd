"""What all standards have in common."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_migrate.model import SemanticType, Vocabulary
from crm_migrate.records import Severity
from crm_migrate.standards import standard
from crm_migrate.standards.catalog import rule, rules
from crm_migrate.standards.contract import Context

CONTEXT = Context(unit="万元", vocabulary=Vocabulary("v", ("甲", "乙"), {"A": "甲"}))
HOSTILE = [
    "", " ", "\u200b", "\ufeff\u202d", "\x00", "a\u0301", "¨ ¨", "a ¨", "ﷺ", "①②③", "㎡", "ß", "İ",
    "👩‍👩‍👧", "\u0660\u0661\u0662", "𝟙𝟛𝟠", "⼈⼤", "=1+1", "'13800138000",
    "^$.*", "0" * 40, "9" * 40, "1e999999", "-", ";", ";;;", "/", "@", "a@", "(", "（", "年月日",
    "２０２１年２月３０日", "1.2.3", "%", "万",
]  # fmt: skip
TEXTS = st.lists(
    st.none()
    | st.sampled_from(HOSTILE)
    | st.text(max_size=16)
    | st.text(alphabet="0123456789-/.;,、 +EＡ１年月日万亿元%转省市区路号张总", max_size=20),
    max_size=6,
)


@pytest.mark.parametrize("type_", list(SemanticType))
@given(values=TEXTS)
def test_normalising_twice_changes_nothing(type_: SemanticType, values: list[str | None]):
    """R-2.1: every type has one canonical form of each value, hostile text included; all verbs
    keep the number of rows and the missing values.
    """
    rules_of = standard(type_)
    raw = pl.Series("x", values, dtype=pl.String)
    once = rules_of.normalise(raw, CONTEXT)
    assert rules_of.normalise(once, CONTEXT).to_list() == once.to_list()
    assert len(once) == len(raw)
    assert once.filter(raw.is_null()).null_count() == raw.null_count()
    for _, mask in rules_of.validate(raw, once, CONTEXT):
        assert len(mask) == len(raw)
    for shown in (rules_of.format(once), rules_of.mask(once)):
        assert shown.is_null().to_list() == once.is_null().to_list()


@pytest.mark.parametrize("type_", list(SemanticType))
def test_rows_do_not_influence_each_other(type_: SemanticType):
    """R-3.1: a batch may be cut anywhere."""
    rules_of = standard(type_)
    raw = pl.Series(
        [*HOSTILE, None, "13800138000/010-62345678", "深圳南山区1号", "C35", "2021/3/5"]
    )
    whole = rules_of.normalise(raw, CONTEXT).to_list()
    assert [rules_of.normalise(raw[i : i + 1], CONTEXT)[0] for i in range(len(raw))] == whole


@pytest.mark.parametrize("type_", list(SemanticType))
def test_empty_columns(type_: SemanticType):
    """R-1.2: a column without rows, or without values, is no special case."""
    for raw in (pl.Series([], dtype=pl.String), pl.Series([None, None], dtype=pl.String)):
        rules_of = standard(type_)
        value = rules_of.normalise(raw, CONTEXT)
        assert value.to_list() == raw.to_list()
        assert not any(mask.any() for _, mask in rules_of.validate(raw, value, CONTEXT))


def test_every_rule_speaks_both_languages():
    """R-8.2: message and hint of each rule in Chinese and English; codes are `type.fault`."""
    for code, found in rules().items():
        assert code.count(".") == 1
        assert rule(code) is found
        for text in (found.message, found.hint):
            assert text.en.strip()
            assert any("\u4e00" <= c <= "\u9fff" for c in text.zh)


def test_only_records_that_cannot_be_used_are_errors():
    """R-1.3b: doubtful and missing values are warnings; only these rules quarantine."""
    errors = {code for code, r in rules().items() if r.severity is Severity.ERROR}
    assert errors == {
        "record.unidentified", "schema.form", "schema.vocabulary", "schema.characters",
        "schema.record_id",
    }  # fmt: skip


def test_every_standard_names_its_basis():
    """R-2.2: the data dictionary can cite the standard that a field follows."""
    for type_ in SemanticType:
        assert standard(type_).BASIS.en
        assert standard(type_).BASIS.zh
        assert standard(type_).NORMALISED in standard(type_).RULES
