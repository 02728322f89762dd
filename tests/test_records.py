"""Findings in one order, however they were found."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from crm_migrate.records import in_order

TEXT = st.none() | st.sampled_from(["", "a", "b", "中", "文件"])
ROW = st.tuples(TEXT, st.none() | st.integers(0, 2**62), TEXT, st.integers(0, 9))


@given(st.lists(ROW, max_size=12))
def test_packed_order_is_the_order_of_the_columns(rows: list[tuple[object, ...]]) -> None:
    """Nulls first, texts by their bytes, numbers by size, ties as they stood."""
    schema = {"file": pl.String, "row": pl.Int64, "rule": pl.String, "n": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    by = ("file", "row", "rule")
    many = pl.concat([frame] * (10_000 // max(frame.height, 1) + 1))
    assert in_order(many, by).equals(many.sort(by, maintain_order=True))
