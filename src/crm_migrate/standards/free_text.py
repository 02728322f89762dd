"""Text of several lines: demands, remarks, contents of visits.

Basis: Unicode 15.1.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import tidy_lines
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised

BASIS = Text("Unicode 15.1", "Unicode 15.1")
NORMALISED = normalised("free_text", "text", "文本")
NUMBERS = Rule(
    "free_text.personal_number",
    Severity.WARNING,
    Text(
        "The text seems to hold an identity or bank card number",
        "文本中疑似含有证件号码或银行卡号",
    ),
    Text(
        "Remove the number: it must not be entered into the CRM (R-5.3).",
        "请删除该号码：此类信息不得录入 CRM。",
    ),
)
RULES: tuple[Rule, ...] = (NORMALISED, NUMBERS)

_PERSONAL_NUMBER = (
    r"(?:^|[^0-9])(?:[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
    r"|62[0-9]{14,17})(?:[^0-9]|$)"
)
"""A resident id by its birth date, a UnionPay card by its prefix 62."""


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    r"""Tidied text with its line breaks.

    >>> normalise(pl.Series(["需要 3 台\r\n尽快  "])).to_list()
    ['需要 3 台\n尽快']
    """
    return tidy_lines(raw)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Numbers that do not belong into a remark."""
    yield NUMBERS, value.str.contains(_PERSONAL_NUMBER)


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it: nobody knows what a remark contains."""
    return value.str.head(0) + "***"
