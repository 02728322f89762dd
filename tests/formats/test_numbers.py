"""Numbers as stored become plain digits, whatever their size."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_migrate.formats.cells import number_text


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("1e300", "1" + "0" * 300),
        ("-1.5E200", "-15" + "0" * 199),
        ("1.7976931348623157e308", "179769313486232" + "0" * 294),
        ("1e-300", "0." + "0" * 299 + "1"),
        ("inf", "inf"),
        ("1E400", "1E400"),
        ("-0.0", "0"),
        ("0.30000000000000004", "0.3"),
    ],
)
def test_of_any_size(stored: str, text: str) -> None:
    """R-1.1: huge and tiny numbers lose no digit and gain none; what is no number stays."""
    assert number_text(pl.Series([stored, None, "7"])).to_list() == [text, None, "7"]


@given(st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=20))
def test_fifteen_digits_are_kept(numbers: list[float]) -> None:
    """R-1.1: what is written out is the number to 15 digits, without an exponent."""
    texts = number_text(pl.Series([repr(n) for n in numbers])).to_list()
    assert not any("e" in text.lower() for text in texts)
    for number, text in zip(numbers, texts, strict=True):
        assert float(text) == pytest.approx(number, rel=1e-14, abs=0)
        assert len(Decimal(text).normalize().as_tuple().digits) <= 17
