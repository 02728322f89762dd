"""Business registration number 工商注册号 of the time before 2015.

Basis: GS 15-2006, 15 digits: 6 authority, 8 sequence, 1 check by ISO/IEC 7064 MOD 11,10. It
cannot be turned into a unified social credit code by computation.
"""

import numpy as np
import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import DIGITS, as_mask, code_points, compact, tidy
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.contract import ONE_DIGIT, PLAIN, Context, Masks, made_up, normalised

BASIS = Text(
    "GS 15-2006 (ISO/IEC 7064 MOD 11,10)", "GS 15-2006《工商行政管理市场主体注册号编制规则》"
)
CANONICAL = r"^[0-9]{15}$"
_LABEL = r"^(?:工商注册号|营业执照(?:注册)?号|注册号):?"
"""What people type in front of the number."""
NORMALISED = normalised("registration_number", "business registration number", "工商注册号")
FORMAT = Rule(
    "registration_number.format",
    Severity.WARNING,
    Text("The business registration number is not 15 digits", "工商注册号不是 15 位数字"),
    Text(
        "Numbers issued before 2007 have 13 digits: keep them, but ask for the new code.",
        "2007 年前的注册号为 13 位，可以保留，但请补录统一社会信用代码。",
    ),
)
CHECKSUM = Rule(
    "registration_number.checksum",
    Severity.WARNING,
    Text(
        "The check digit of the business registration number does not fit",
        "工商注册号校验位不符",
    ),
    Text("Compare it with the old business licence.", "请与原营业执照核对。"),
)
PRECISION_LOST = Rule(
    "registration_number.precision_lost",
    Severity.WARNING,
    Text(
        "The business registration number was turned into a rounded number by a spreadsheet",
        "工商注册号被电子表格转为科学计数",
    ),
    Text(
        "It cannot be repaired. Take it from the old system again, as text.",
        "无法还原，请从原系统以文本格式重新导出。",
    ),
)
MADE_UP = made_up("registration_number", "business registration number", "工商注册号")
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT, CHECKSUM, PRECISION_LOST, MADE_UP)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half-width digits without blanks, hyphens and a spreadsheet's `.0`.

    >>> normalise(pl.Series(["110108 000000016", "440301103097413.0", "无号"])).to_list()
    ['110108000000016', '440301103097413', '无号']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = (
        compact(raw)
        .str.replace(_LABEL, "")
        .str.replace(r"^([0-9]+)\.0+$", "$1")
        .str.replace_all(r"[-'`]", "")
    )
    digits = code.str.contains(r"^[0-9]{6,20}$")
    return code.zip_with(holds(digits), tidy(raw))


def checksum_fits(numbers: pl.Series) -> pl.Series:
    """Whether the check digit fits; every value must match `CANONICAL`.

    Formula: p = 10; for each digit p = ((p + d) mod 10 or 10)·2 mod 11; check = (11 − p) mod 10.

    >>> checksum_fits(pl.Series(["110108000000016", "440301103097413"])).to_list()
    [True, True]
    >>> checksum_fits(pl.Series(["110108000000017"])).to_list()
    [False]
    """
    digits = DIGITS[code_points(numbers, 15)]
    product = np.full(len(numbers), 10, dtype=np.int16)
    for place in range(14):
        total = (product + digits[:, place]) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return as_mask(numbers.name, (11 - product) % 10 == digits[:, 14])


def is_valid(value: pl.Series) -> pl.Series:
    """True for 15 digits whose check digit fits; false for null."""
    return mask_where(value, value.str.contains(CANONICAL), checksum_fits)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form and check digit."""
    repeated = holds(value.str.contains(ONE_DIGIT) & (value.str.len_chars() >= 8))
    yield MADE_UP, repeated
    formed = holds(value.str.contains(CANONICAL)) & ~repeated
    other = value.is_not_null() & ~formed & ~repeated
    rounded = mask_where(value, other, lambda v: v.str.contains(r"^[0-9]\.[0-9]+[Ee]\+?[0-9]+$"))
    yield FORMAT, other & ~rounded
    yield PRECISION_LOST, rounded
    yield CHECKSUM, formed & ~mask_where(value, formed, checksum_fits)


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first six and the last three characters.

    >>> mask(pl.Series(["110108000000016"])).to_list()
    ['110108******016']
    """
    formed = value.str.contains(CANONICAL)
    covered = value.str.head(6) + "******" + value.str.tail(3)
    return change_where(covered, ~formed, lambda v: v.str.head(0) + "***")
