"""The personal values of the samples: every identity and card number, telephone and mail.

Read straight from the files, by a path that shares nothing with the product. A value is taken
from the columns that are made for it, and from every other cell that contains something of its
shape (remarks above all). Business identifiers (registration codes, company accounts, numbers of
contracts) are public or of another class and are no part of it.
"""

import csv
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

SHORTEST = 10
"""Digits: shorter numbers (local telephones) stand in any file by chance."""

BUSINESS = re.compile(
    "信用|编号|录音|uscc|reg_no|credit_code|bank_account|account_no|_no$|_id$|number$|^id$|cipher|index"
)
"""Columns whose numbers identify businesses or records."""
PERSONAL = re.compile("联系方式|联系电话|^tel$|^mobile|id_number")
"""Columns whose every number is personal."""

_MAIL = re.compile(r"[a-z0-9][a-z0-9._%+-]*@[a-z0-9.-]*[a-z0-9]\.[a-z]{2,}")
_ID = re.compile(r"(?<!\d)[1-8]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dX](?!\d)")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){15,18}(?![\dX])")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?|0086)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3}[- ]?\d{7,8})(?!\d)")


def sample_values(samples: Path) -> frozenset[str]:
    """All personal values in their normal form (digits, or a mail in lower case)."""
    values: set[str] = set()
    for column, cell in cells(samples):
        text = unicodedata.normalize("NFKC", cell).strip()
        values.update(_MAIL.findall(text.lower()))
        if BUSINESS.search(column) and not PERSONAL.search(column):
            continue
        text = re.sub(r"(\d)\.0$", r"\1", text).upper()
        values.update(_ID.findall(text))
        for pattern in (_MOBILE, _LANDLINE):
            values.update(re.sub(r"\D", "", number) for number in pattern.findall(text))
        cards = (re.sub(r"\D", "", number) for number in _CARD.findall(text))
        values.update(number for number in cards if _luhn(number))
        if PERSONAL.search(column) and "E+" not in text:  # 1.38E+10 has lost its number
            values.update(as_written(text))
    return frozenset(v for v in values if "@" in v or len(v) >= SHORTEST)


def as_written(text: str) -> Iterator[str]:
    """The numbers of a telephone or identity cell with whatever prefix and damage they have."""
    for part in re.split("[,、；;/或转]", text):
        yield re.sub(r"[^\dX]", "", part)


def cells(samples: Path) -> Iterator[tuple[str, str]]:
    """Every filled cell of every sample as (column, text), hidden sheets and columns included."""
    yield from _workbook(samples / "sales.xlsx")
    with (samples / "service.csv").open(encoding="gb18030", newline="") as file:
        for row in csv.DictReader(file):
            yield from _filled(row.items())
    for name in ("legacy.db", "crm.db"):
        database = sqlite3.connect(f"{(samples / name).resolve().as_uri()}?mode=ro", uri=True)
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            cursor = database.execute(f'SELECT * FROM "{table}"')
            columns = [c[0] for c in cursor.description]
            for row in cursor:
                yield from _filled(zip(columns, row, strict=True))
        database.close()


def _workbook(path: Path) -> Iterator[tuple[str, str]]:
    from openpyxl import load_workbook

    for sheet in load_workbook(path).worksheets:
        labels: dict[int, str] = {}
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number <= 3:
                labels |= {at: str(label) for at, label in enumerate(row) if label}
            yield from _filled((labels.get(at, ""), cell) for at, cell in enumerate(row))


def _filled(row: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    return ((column, str(cell)) for column, cell in row if cell not in (None, ""))


def _luhn(number: str) -> bool:
    """Whether the last digit is right (ISO/IEC 7812-1, annex B)."""
    digits = [int(d) for d in reversed(number)]
    doubled = (sum(divmod(2 * d, 10)) for d in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
