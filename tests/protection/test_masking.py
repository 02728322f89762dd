"""Masks in reports."""

import polars as pl
import pytest

from crm_migrate.model import SemanticType
from crm_migrate.protection.masking import mask_pair, mask_series


@pytest.mark.parametrize(
    ("type", "value", "mask"),
    [
        (SemanticType.MOBILE, "13800131234", "138****1234"),
        (SemanticType.ID_NUMBER, "11010519491231002X", "110105********002X"),
        (SemanticType.BANK_CARD, "6222021234567894", "************7894"),
        (SemanticType.PERSON_NAME, "张三丰", "张*"),
        (SemanticType.EMAIL, "li.na@example.com", "l***@example.com"),
        (SemanticType.FREE_TEXT, "需要三台", "***(≤20)"),
        (SemanticType.FREE_TEXT, "长" * 501, "***(>500)"),
    ],
)
def test_masks(type, value, mask):
    """The masks that the regime names (R-5.3)."""
    assert mask_series(pl.Series([value, None]), type).to_list() == [mask, None]


@pytest.mark.parametrize("type", list(SemanticType))
def test_no_mask_equals_its_value(type):
    """A field that policy masks never shows a whole value, whatever stands in it."""
    values = pl.Series(
        "v", ["潜在客户", "张*", "true", "13800138000", "1200000", "a", "C35", "***x"]
    )
    masked = mask_series(values, type)
    assert masked.name == "v"
    assert not (masked == values).any()


def test_pair_marks_the_positions_that_differ():
    """A change that the mask hides is seen, the digits are not."""
    before = pl.Series(["13800138000", "13800138000", None, "13800138000"])
    after = pl.Series(["13800998000", "13800138000", "13800138000", "13900138000"])
    old, new = mask_pair(before, after, SemanticType.MOBILE)
    assert old.to_list() == ["138**##8000", "138****8000", None, "138****8000"]
    assert new.to_list() == ["138**##8000", "138****8000", "138****8000", "139****8000"]


def test_pair_of_masks_without_positions_says_unequal():
    """Where the mask hides the length, it is said that the values differ."""
    old, new = mask_pair(pl.Series(["张三丰"]), pl.Series(["张四"]), SemanticType.PERSON_NAME)
    assert (old[0], new[0]) == ("张*≠", "张*≠")
