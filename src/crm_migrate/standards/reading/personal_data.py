"""Personal data that people write into free text: which kinds stand in a text.

Basis: GB/T 35273-2020, annexes A and B (what identifies a person, what is sensitive). Only found
and told by kind, never shown; what a policy forbids is cut out before (`protection.free_text`,
which also finds numbers with signs between their digits). Telephone and mail are looked for by
their form; passports only where the text says so, as a letter and eight digits may be any order
number. What only a label or its wording tells stands in `labelled_data`.
"""

from collections.abc import Iterator
from enum import StrEnum

import polars as pl

from crm_migrate.standards.columns.residue import change_where, holds, mask_where
from crm_migrate.standards.reading import labelled_data


class Finding(StrEnum):
    """A kind of personal data."""

    NUMBER = "personal_number"
    MOBILE = "mobile_found"
    EMAIL = "email_found"
    TRAVEL_DOCUMENT = "travel_document_found"
    PLATE = "plate_found"
    PASSWORD = "password_found"
    SOCIAL_ACCOUNT = "social_account_found"
    HOME_ADDRESS = "home_address_found"
    BIRTH_DATE = "birth_date_found"
    SENSITIVE = "sensitive_found"


_DAY = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_BIRTH = rf"(?:19|20)[0-9]{{2}}{_DAY}"
_END = "([^0-9A-Za-z]|$)"
MAIL = r"[0-9A-Za-z_%+.-]+[@＠][0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+"
TRAVEL_DOCUMENT = (
    r"(?i)((?:护照|通行证|回乡证|台胞证|passport)(?: *no)?[^0-9A-Z]{0,8})"
    rf"(?:[A-Z]{{1,2}}[0-9]{{7,9}}|(?:0[0-9]|1[0-8]|[3-9][0-9])[0-9]{{6}}){_END}"
)
PLATE = (
    rf"[{_PROVINCES}][A-HJ-NP-Z][·• ]?(?:[DF][0-9A-HJ-NP-Z][0-9]{{4}}|[0-9]{{5}}[DF]"
    rf"|[0-9A-HJ-NP-Z]{{4}}[0-9A-HJ-NP-Z挂学警港澳]){_END}"
)
"""Number plates by GA 36-2018, those of new-energy cars included."""
_PATTERNS = {
    Finding.NUMBER: (
        rf"身份证[^0-9]{{0,6}}[1-9][0-9]{{7}}{_DAY}[0-9]{{3}}(?:[^0-9]|$)|"
        rf"(?:^|[^0-9])(?:[1-9][0-9]{{5}} ?{_BIRTH} ?[0-9]{{3}}[0-9Xx]"
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
_LABELLED = {
    Finding.PASSWORD: labelled_data.PASSWORD,
    Finding.SOCIAL_ACCOUNT: labelled_data.SOCIAL_ACCOUNT,
    Finding.HOME_ADDRESS: labelled_data.HOME_ADDRESS,
    Finding.BIRTH_DATE: labelled_data.BIRTH_DATE,
    Finding.SENSITIVE: labelled_data.SENSITIVE,
}
_WORTH_A_LOOK = (
    r"[@＠]|[0-9０-９](?:[- ]?[0-9０-９]){6}|[A-Z][·• ]?[0-9A-Z]{4}|" + labelled_data.WORDS
)
"""Most texts have none of it."""
_NARROW = {chr(ord("０") + n): str(n) for n in range(10)} | {"＋": "+", "－": "-"}


def found(text: pl.Series) -> Iterator[tuple[Finding, pl.Series]]:
    """Each kind with the rows where it stands.

    >>> text = pl.Series(["车牌 京A·12345", "电话 138-0013-8000", "订单 E20240229", "密码：ab12"])
    >>> {str(kind): rows.arg_true().to_list() for kind, rows in found(text) if rows.any()}
    {'mobile_found': [1], 'plate_found': [0], 'password_found': [3]}
    """
    worth = holds(text.str.contains(_WORTH_A_LOOK))
    narrow = change_where(text, worth, lambda few: few.str.replace_many(_NARROW))
    said = mask_where(text, worth, lambda few: few.str.contains(labelled_data.WORDS))
    for patterns, where in ((_PATTERNS, worth), (_LABELLED, said)):
        for kind, pattern in patterns.items():
            yield kind, mask_where(narrow, where, lambda few, p=pattern: few.str.contains(p))  # type: ignore[misc]


def with_mobile(text: pl.Series) -> pl.Series:
    """True where a mobile number stands in the text; false for null.

    >>> with_mobile(pl.Series(["人民路1号 张三收13800138000", "人民路1号", None])).to_list()
    [True, False, False]
    """
    return holds(text.str.contains(_PATTERNS[Finding.MOBILE]))
