"""What holds of every standard, whatever stands in the cell.

The corpus is that of `hostile_values` (the same every time), and what hypothesis draws.
"""

from functools import cache
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_migrate.model import SemanticType, Vocabulary
from crm_migrate.protection.masking import mask_series
from crm_migrate.standards import standard
from crm_migrate.standards.contract import Context
from tests.standards.hostile_values import MARKS, VALUES, hostile_values

CONTEXT = Context(unit="万元", vocabulary=Vocabulary("v", ("甲", "乙"), {"A": "甲"}))
EVERY = pytest.mark.parametrize("type_", list(SemanticType))

CLEAR = {
    **dict.fromkeys(("text", "owner", "department", "reference", "person_name"), 1),
    **dict.fromkeys(("code", "company_name"), 2),
    **dict.fromkeys(("organisation_code", "travel_document"), 3),
    **dict.fromkeys(("bank_card", "bank_account", "qq"), 4),
    **dict.fromkeys(("uscc", "id_number", "tax_number"), 10),
    "registration_number": 9,
    "wechat": 7,  # of a mobile number as of one
    "date": 5,  # the year, and the minus of one before Christ
    **dict.fromkeys(("amount", "boolean", "integer", "percentage", "tags"), 0),
}
"""How many characters of a value a mask leaves, at the most."""
APART = {"free_text", "email", "mobile", "phone", "address"}
"""Types whose masks have tests of their own below."""
PUBLIC = {"title", "website", "industry", "vocabulary"}
"""Types of which nothing is confidential; where policy wants a mask, all is covered."""


@cache
def corpus() -> pl.Series:
    return pl.Series("x", hostile_values(), dtype=pl.String)


@cache
def normalised(type_: SemanticType) -> pl.Series:
    return standard(type_).normalise(corpus(), CONTEXT)


def found(type_: SemanticType, raw: pl.Series, value: pl.Series) -> dict[str, pl.Series]:
    """Rows by code of the rule that is broken there."""
    return {
        rule.code: mask.fill_null(False)
        for rule, mask in standard(type_).validate(raw, value, CONTEXT)
    }


def where(mask: pl.Series, *columns: pl.Series) -> list[tuple[str | None, ...]]:
    """The rows of the columns in which the mask holds: what a failed test shows."""
    return pl.DataFrame([c.alias(str(n)) for n, c in enumerate(columns)]).filter(mask).rows()[:5]


@EVERY
def test_normalising_again_changes_nothing(type_: SemanticType) -> None:
    """R-2.1: every value has one canonical form; a missing value stays missing, and none is ''."""
    raw, once = corpus(), normalised(type_)
    again = standard(type_).normalise(once, CONTEXT)
    assert where(once.ne_missing(again), raw, once, again) == []
    assert where((once == "").fill_null(False), raw) == []
    assert where(raw.is_null() & once.is_not_null(), once) == []
    assert once.name == raw.name


@EVERY
def test_what_is_valid_stays_valid(type_: SemanticType) -> None:
    """R-2.1: of a canonical value no rule says what was not said of the raw one, and nothing more
    is repaired; a missing value breaks no rule; only declared rules are cited.
    """
    raw, once = corpus(), normalised(type_)
    before, after = found(type_, raw, once), found(type_, once, once)
    assert set(before) | set(after) <= {rule.code for rule in standard(type_).RULES}
    none = pl.Series([False]).new_from_index(0, len(raw))
    for code, mask in after.items():
        fresh = mask & ~before.get(code, none) & once.is_not_null()
        assert where(fresh, raw, once) == [], code
        assert not (before.get(code, none) & raw.is_null()).any(), code
    nothing = pl.Series([None, None], dtype=pl.String)
    assert not any(m.any() for m in found(type_, nothing, nothing).values())


@EVERY
def test_nothing_is_lost_without_a_word(type_: SemanticType) -> None:
    """R-3.1: where a cell held letters or digits and the standard keeps nothing, a rule says so."""
    raw, once = corpus(), normalised(type_)
    told = pl.Series([False]).new_from_index(0, len(raw))
    for mask in found(type_, raw, once).values():
        told = told | mask
    lost = once.is_null() & raw.str.contains(r"[\p{L}\p{N}]").fill_null(False)
    assert where(lost & ~told, raw) == []


@EVERY
def test_rows_do_not_influence_each_other(type_: SemanticType) -> None:
    """R-3.1: neither the order of the rows nor where batches are cut changes what is found."""
    raw, once = corpus(), normalised(type_)
    order = list(range(len(raw)))
    Random(3).shuffle(order)
    shuffled = raw.gather(order)
    kept = pl.concat(
        [standard(type_).normalise(shuffled[n : n + 200], CONTEXT) for n in range(0, len(raw), 200)]
    )
    assert where(kept.ne_missing(once.gather(order)), shuffled, kept) == []
    rules, moved = found(type_, raw, once), found(type_, shuffled, kept)
    assert rules.keys() == moved.keys()
    for code, mask in rules.items():
        assert where(mask.gather(order) != moved[code], shuffled) == [], code


@EVERY
def test_columns_without_rows_or_values(type_: SemanticType) -> None:
    """R-1.2: a column without rows, or without values, is no special case for any verb."""
    for raw in (pl.Series([], dtype=pl.String), pl.Series([None, None], dtype=pl.String)):
        value = standard(type_).normalise(raw, CONTEXT)
        assert value.to_list() == raw.to_list()
        assert not any(mask.any() for mask in found(type_, raw, value).values())
        for shown in (standard(type_).format(value), mask_series(value, type_)):
            assert shown.to_list() == raw.to_list()


@EVERY
def test_a_mask_shows_no_more_than_it_says(type_: SemanticType) -> None:
    """R-5.3: never the whole value, never more characters than the type's mask leaves."""
    value = normalised(type_)
    masked = mask_series(value, type_)
    assert masked.is_null().to_list() == value.is_null().to_list()
    assert where((masked == value).fill_null(False), value, masked) == []
    if type_ in APART:
        return
    if type_ in PUBLIC:
        assert set(masked.drop_nulls()) <= {"***"}
        return
    for whole, shown in zip(value.drop_nulls(), masked.drop_nulls(), strict=True):
        head, *_, tail = shown.split("*")
        assert "*" in shown
        assert shown.strip("*").count("*") <= len(shown) - len(head) - len(tail)
        if type_ is not SemanticType.DATE:
            assert whole.startswith(head)
            assert whole.endswith(tail)
            assert len(head) + len(tail) < len(whole)
        assert len(head) + len(tail) <= CLEAR[type_]


def test_masks_of_numbers_to_call() -> None:
    """R-5.3: at least four digits of each number are covered; text is covered whole."""
    for type_ in (SemanticType.MOBILE, SemanticType.PHONE):
        value = normalised(type_).drop_nulls()
        for whole, shown in zip(value, mask_series(value, type_), strict=True):
            for number, seen in zip(whole.split(";"), shown.split(";"), strict=False):
                digits = sum(c.isdigit() for c in seen)
                assert digits <= max(0, sum(c.isdigit() for c in number) - 3), (whole, shown)
            assert not any(c.isalpha() for c in shown)


def test_masks_of_mail_places_and_remarks() -> None:
    """R-5.3: a letter and the domain; province and city; of a remark its length."""
    value = normalised(SemanticType.EMAIL).drop_nulls()
    for whole, shown in zip(value, mask_series(value, SemanticType.EMAIL), strict=True):
        local, _, domain = whole.rpartition("@")
        first = local[:1] if len(local) > 1 else ""
        assert shown in ("***", f"{first}***@{domain}")
    value = normalised(SemanticType.ADDRESS).drop_nulls()
    for shown in mask_series(value, SemanticType.ADDRESS):
        assert shown.endswith("****")
        assert not any(c.isdigit() for c in shown)
    value = normalised(SemanticType.FREE_TEXT).drop_nulls()
    kinds = set(mask_series(value, SemanticType.FREE_TEXT))
    assert kinds <= {"***(≤20)", "***(≤100)", "***(≤500)", "***(>500)"}


TEXTS = st.text(max_size=12) | st.text(
    alphabet="0123456789-/.;,、 +EＡ１年月日万亿元%转省市区路号张总@\n" + "".join(MARKS[:16]),
    max_size=20,
)


@settings(max_examples=6 if settings.default.max_examples <= 100 else 60)
@given(st.lists(st.none() | TEXTS | st.sampled_from(VALUES), min_size=20, max_size=60))
def test_no_text_makes_a_verb_fail(values: list[str | None]) -> None:
    """R-3.1: whatever is drawn, all four verbs answer for each row, and the form is stable."""
    raw = pl.Series("x", values, dtype=pl.String)
    for type_ in SemanticType:
        of = standard(type_)
        once = of.normalise(raw, CONTEXT)
        again = of.normalise(once, CONTEXT)
        assert where(once.ne_missing(again), raw, once, again) == [], type_
        masks = [mask for _, mask in of.validate(raw, once, CONTEXT)]
        for answer in (*masks, of.format(once), mask_series(once, type_)):
            assert len(answer) == len(raw)
