"""Business registration number 工商注册号 of the time before 2015.

Basis: GS 15-2006, 15 digits: 6 authority, 8 sequence, 1 check by ISO/IEC 7064 MOD 11,10. It
cannot be turned into a unified social credit code by computation.
"""

import numpy as np
import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import DIGITS, as_mask, code_points, tidy
from crm_migrate.standards.columns.covering import COVERED_NUMBER, ends
from crm_migrate.standards.columns.invented import invented
from crm_migrate.standards.columns.residue import holds, mask_where, unless_matching
from crm_migrate.standards.columns.surroundings import SCIENTIFIC, alone, as_digits, read_otherwise
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.places.divisions import PROVINCE_CODES
from crm_migrate.standards.rule_families import covered, letters_read, made_up, normalised

BASIS = Text(
    "GS 15-2006 (ISO/IEC 7064 MOD 11,10)", "GS 15-2006《工商行政管理市场主体注册号编制规则》"
)
CANONICAL = r"^[0-9]{15}$"
_REGION = f"^(?:10|{'|'.join(PROVINCE_CODES)})"
"""10 stands for the national register (100000)."""
_LABEL = r"(?:工商|企业|营业执照)*(?:登记|注册)?(?:注册)?号码?|营业执照|no[.:]"
"""What people type in front of the number."""
NORMALISED = normalised("registration_number", "business registration number", "工商注册号")
COVERED = covered(
    "registration_number", "business registration number", "工商注册号", "110108****0016"
)
LETTERS_READ = letters_read("registration_number", "business registration number", "工商注册号")
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
    Text(
        "Probably a digit was mistyped, or two were exchanged. Compare it with the old licence.",
        "多为个别数字录错或前后颠倒，请与原营业执照核对。",
    ),
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
REGION = Rule(
    "registration_number.region",
    Severity.WARNING,
    Text(
        "The business registration number starts with a region that does not exist",
        "工商注册号的登记机关（前 6 位）所在地区不存在",
    ),
    Text("Compare it with the old business licence.", "请与原营业执照核对。"),
)
MADE_UP = made_up("registration_number", "business registration number", "工商注册号")
RULES: tuple[Rule, ...] = (
    NORMALISED, FORMAT, CHECKSUM, PRECISION_LOST, REGION, MADE_UP, LETTERS_READ, COVERED,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half-width digits without blanks, hyphens, a spreadsheet's `.0` and what people write around
    a number; letters that look like digits are read where the check digit fits then.

    >>> normalise(pl.Series(["110108 000000016", "440301103097413.0", "无号"])).to_list()
    ['110108000000016', '440301103097413', '无号']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = _plain(raw)
    digits = code.str.contains(r"^[0-9]{6,20}$")
    read = as_digits(code)
    fits = mask_where(read, is_valid(read) & ~holds(digits), in_a_province)
    return read.zip_with(fits, code.zip_with(holds(digits), tidy(raw)))


def _plain(raw: pl.Series) -> pl.Series:
    return alone(raw, _LABEL).str.replace_all("-", "", literal=True)


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


def in_a_province(numbers: pl.Series) -> pl.Series:
    """True where the first two digits are a province's or the national register's.

    >>> in_a_province(pl.Series(["110108000000016", "990108000000016", None])).to_list()
    [True, False, False]
    """
    return holds(numbers.str.contains(_REGION))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, check digit and region.

    >>> typed = pl.Series(["110108000000016", "110108000000017"])
    >>> {rule.code: rows.to_list() for rule, rows in validate(typed, typed) if rows.any()}
    {'registration_number.checksum': [False, True]}
    """
    repeated = invented(value, 8)
    yield MADE_UP, repeated
    formed = holds(value.str.contains(CANONICAL)) & ~repeated
    other = value.is_not_null() & ~formed & ~repeated
    rounded = mask_where(value, other, lambda v: v.str.contains(SCIENTIFIC))
    hidden = mask_where(value, other, lambda v: v.str.contains(COVERED_NUMBER))
    yield COVERED, hidden
    yield FORMAT, other & ~rounded & ~hidden
    yield PRECISION_LOST, rounded
    fits = mask_where(value, formed, checksum_fits)
    yield CHECKSUM, formed & ~fits
    yield REGION, fits & ~in_a_province(value)
    changed = holds(raw != value) & formed
    yield (
        LETTERS_READ,
        mask_where(raw, changed, lambda v: read_otherwise(_plain(v), value.filter(changed))),
    )


def format(value: pl.Series) -> pl.Series:
    """As it is.

    >>> format(pl.Series(["110108000000016"])).to_list()
    ['110108000000016']
    """
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first six and the last three characters.

    >>> mask(pl.Series(["110108000000016"])).to_list()
    ['110108******016']
    """
    formed = value.str.contains(CANONICAL)
    return ends(value, formed, 6, "******", 3)
