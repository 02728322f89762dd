"""Cells as Chinese spreadsheets hold them, and what is made of each: dates, amounts, numbers,
percentages, yes and no, vocabularies, tags, texts, and personal data in remarks.

`vectors/values.csv` has for each cell the value and the rules told beside its repair (characters
that nobody sees are escaped as in JSON); `vectors/remarks.csv` what is told of a remark and what is
left of it when every kind is cut out. Empty columns: nothing.
"""

import csv
import json
from itertools import groupby
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.language import Text
from crm_migrate.model import Field, Model, SemanticType
from crm_migrate.protection.free_text import PLACEHOLDERS, redact
from crm_migrate.protection.policy import Kind
from crm_migrate.standards import free_text
from crm_migrate.standards.columns.remembered import remembering
from crm_migrate.standards.entity.fields import judged, normalised
from crm_migrate.standards.reading import labelled_data

VECTORS = Path(__file__).parent / "vectors"


def rows(name: str) -> list[tuple[str, ...]]:
    with (VECTORS / name).open(encoding="utf-8", newline="") as file:
        return [tuple(json.loads(f'"{cell}"') for cell in row) for row in csv.reader(file)][1:]


COLUMNS = {of: [*some] for of, some in groupby(rows("values.csv"), key=lambda row: row[:2])}


@pytest.mark.parametrize("column", list(COLUMNS), ids=lambda of: "-".join(of))
def test_cells_of_spreadsheets(column: tuple[str, str], model: Model) -> None:
    """R-2.1, R-2.3: each cell becomes its value, or nothing, and what was wrong is told."""
    type_, of = column
    listed = {"vocabulary": of} if type_ == "vocabulary" else {"unit": of or None}
    field = Field("f", SemanticType(type_), Text("f", "f"), **listed)
    raw = pl.Series("f", [row[2] for row in COLUMNS[column]])
    with remembering():
        cells = normalised(field, raw, model)
        broken = [*cells.of_rows(cells.emptied), *judged(cells, model)]
    told = [
        " ".join(sorted(r.code for _, r, mask in broken if mask[n] and "normalised" not in r.code))
        for n in range(len(raw))
    ]
    made = zip(raw, (v or "" for v in cells.rows(cells.value)), told, strict=True)
    expected = [row[2:] for row in COLUMNS[column]]
    assert [(m, e) for m, e in zip(made, expected, strict=True) if m != e] == []


def test_personal_data_in_remarks() -> None:
    """R-5.3: personal data is told by kind and cut out where policy wants it; business is not."""
    expected = rows("remarks.csv")
    text = pl.Series([row[0] for row in expected])
    found = [
        (rule.code.removeprefix("free_text."), mask)
        for rule, mask in free_text.validate(text, text)
    ]
    told = [" ".join(sorted(code for code, m in found if m[n])) for n in range(len(text))]
    cut = redact(text, list(PLACEHOLDERS)).text
    made = [(t, w, c if c != t else "") for t, w, c in zip(text, told, cut, strict=True)]
    assert [pair for pair in zip(made, expected, strict=True) if pair[0] != pair[1]] == []


def test_the_first_look_misses_nothing() -> None:
    """R-5.3: every remark that a pattern fits holds one of the words that are looked for first;
    what was cut out is not found again.
    """
    text = pl.Series([row[0] for row in rows("remarks.csv")])
    for pattern in (
        labelled_data.PASSWORD,
        labelled_data.SOCIAL_ACCOUNT,
        labelled_data.HOME_ADDRESS,
        labelled_data.BIRTH_DATE,
        labelled_data.SENSITIVE,
    ):
        fits = text.filter(text.str.contains(pattern))
        assert len(fits)
        assert fits.str.contains(labelled_data.WORDS).all()
    once = redact(text, list(Kind)).text
    assert redact(once, list(Kind)).text.to_list() == once.to_list()
