"""The workbook writer: other readers see exactly what was given."""

from decimal import Decimal
from io import BytesIO

import fastexcel
import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_migrate.plan.show.sheets import LONGEST, Marked, Sheet, Style, safe_text, workbook_bytes


def read(sheet: Sheet) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(BytesIO(workbook_bytes([sheet]))).worksheets[0].values)


def test_numbers_stay_numbers_and_empty_cells_empty() -> None:
    """Whole numbers and amounts are numeric; nothing else is."""
    rows = [
        ("0012", 12, Decimal("1200.50"), None, ""),
        ("a", -3, Decimal("0.1"), Marked("x", Style.OLD)),
    ]
    found = read(Sheet("s", list("abcde"), [10] * 5, rows))
    assert found[1:] == [("0012", 12, 1200.5, None, None), ("a", -3, 0.1, "x", None)]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=30))
def test_any_text_comes_back_as_text(text: str) -> None:
    """Markup, formulas and odd characters; only what XML cannot hold is dropped."""
    kept = "".join(
        c for c in safe_text(text) if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff")
    )
    value = read(Sheet("s", ["h"], [10], [(text, 1)]))[1][0]
    normal = kept.replace("\r\n", "\n").replace("\r", "\n")
    assert (value or "").replace("\r\n", "\n") == normal


def test_other_readers_open_it_and_titles_are_made_valid() -> None:
    """Calamine reads it; forbidden characters of a title give way; long text is cut."""
    sheets = [
        Sheet("a/b: [c] & 'd'" + "x" * 40, ["h"], [10], [("长" * 40_000,)], [("说明", "值")]),
        Sheet("second", ["h"], [10], []),
    ]
    book = fastexcel.read_excel(workbook_bytes(sheets))
    assert len(book.sheet_names[0]) == 31
    assert not set(book.sheet_names[0]) & set("[]:*?/\\'")
    frame = book.load_sheet(0, header_row=None).to_polars()
    assert len(frame.item(1, 0)) == LONGEST
    assert frame.item(frame.height - 1, 0) == "说明"
