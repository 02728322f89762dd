"""Personal data that people write into free text: which kinds stand in a text.

Basis: GB/T 35273-2020, annexes A and B (what identifies a person, what is sensitive). Only found
and told by kind, never shown; what a policy forbids is cut out before (`protection.free_text`,
which also finds numbers with signs between their digits). Telephone and mail are looked for by
their form; passports only where the text says so, as a letter and eight digits may be any order
number.
"""

from collections.abc import Iterator
from enum import StrEnum

import polars as pl

from crm_migrate.standards.columns.residue import holds, mask_where


class Finding(StrEnum):
    """A kind of personal data."""

    NUMBER = "personal_number"
    MOBILE = "mobile_found"
    EMAIL = "email_found"
    TRAVEL_DOCUMENT = "travel_document_found"
    PLATE = "plate_found"


_DAY = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_BIRTH = rf"(?:19|20)[0-9]{{2}}{_DAY}"
_END = "([^0-9A-Za-z]|$)"
MAIL = r"[0-9A-Za-z_%+.-]+[@＠][0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+"
TRAVEL_DOCUMENT = (
    rf"(?i)((?:护照|通行证|passport)(?: *no)?[^0-9A-Z]{{0,8}})[A-Z]{{1,2}}[0-9]{{7,9}}{_END}"
)
PLATE = (
    rf"[{_PROVINCES}][A-HJ-NP-Z][·• ]?(?:[DF][0-9A-HJ-NP-Z][0-9]{{4}}|[0-9]{{5}}[DF]"
    rf"|[0-9A-HJ-NP-Z]{{4}}[0-9A-HJ-NP-Z挂学警港澳]){_END}"
)
"""Number plates by GA 36-2018, those of new-energy cars included."""
_PATTERNS = {
    Finding.NUMBER: (
        rf"(?:^|[^0-9])(?:[1-9][0-9]{{5}}{_BIRTH}[0-9]{{3}}[0-9Xx]"
        r"|62[0-9]{14,17}|62[0-9]{2}(?: [0-9]{4}){3,4}(?: [0-9]{1,3})?)(?:[^0-9]|$)"
    ),
    Finding.MOBILE: (
        r"(?:^|[^0-9])(?:(?:\+|00)?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}(?:[^0-9]|$)"
    ),
    Finding.EMAIL: MAIL,
    Finding.TRAVEL_DOCUMENT: TRAVEL_DOCUMENT,
    Finding.PLATE: PLATE,
}
"""Identity numbers by their birth date, cards by UnionPay's prefix 62."""
_WORTH_A_LOOK = r"[@＠]|[0-9](?:[- ]?[0-9]){6}|[A-Z][·• ]?[0-9A-Z]{4}"
"""Most texts have none of it."""


def found(text: pl.Series) -> Iterator[tuple[Finding, pl.Series]]:
    """Each kind with the rows where it stands.

    >>> text = pl.Series(["车牌 京A·12345", "电话 138-0013-8000", "订单 E20240229", None])
    >>> {str(kind): rows.to_list() for kind, rows in found(text) if rows.any()}
    {'mobile_found': [False, True, False, False], 'plate_found': [True, False, False, False]}
    """
    worth = holds(text.str.contains(_WORTH_A_LOOK))
    for kind, pattern in _PATTERNS.items():
        yield kind, mask_where(text, worth, lambda few, p=pattern: few.str.contains(p))  # type: ignore[misc]


def with_mobile(text: pl.Series) -> pl.Series:
    """True where a mobile number stands in the text; false for null.

    >>> with_mobile(pl.Series(["人民路1号 张三收13800138000", "人民路1号", None])).to_list()
    [True, False, False]
    """
    return holds(text.str.contains(_PATTERNS[Finding.MOBILE]))
