"""Resident identity number 公民身份号码.

Basis: GB 11643-1999 (18 characters; the 15 digits of GB 11643-1989 are extended), regions
810000, 820000 and 830000 for residence permits of Hong Kong, Macau and Taiwan residents (2018), 9,
province and country for permanent residents from abroad (2023). Regions that no longer exist were
valid when issued; one that no edition of GB/T 2260 has is but a note. No verb looks at the clock:
birth dates in the future are a matter of the rule `contact.born_later`.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import DIGITS, as_mask, code_points, tidy
from crm_migrate.standards.columns.covering import COVERED_NUMBER, ends
from crm_migrate.standards.columns.invented import invented
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.columns.surroundings import ROUNDED, alone, as_digits, read_otherwise
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.places import regions
from crm_migrate.standards.places.divisions import PROVINCE_CODES
from crm_migrate.standards.rule_families import (
    covered,
    letters_read,
    made_up,
    normalised,
    precision_lost,
)

BASIS = Text(
    "GB 11643-1999 (15 digits: GB 11643-1989); residence permits of 2018, permanent residence "
    "cards of 2023",
    "GB 11643-1999《公民身份号码》（15 位：GB 11643-1989）；2018 年港澳台居民居住证、"
    "2023 年外国人永久居留身份证",
)
CANONICAL = r"^[1-9][0-9]{16}[0-9X]$"
_WEIGHTS = np.array([pow(2, 17 - i, 11) for i in range(17)], dtype=np.int16)
_CHECKS = np.array([ord(c) for c in "10X98765432"], dtype=np.int16)
PREFIXES = tuple(code for code in PROVINCE_CODES if code not in ("81", "82"))
"""First two digits of the regions where people of the mainland and Taiwan are registered."""
_REGION = rf"^(?:{'|'.join(PREFIXES)})|^8[123]0000|^9(?:{'|'.join(PREFIXES)})"

_ASK = Text("Compare it with the document.", "请与证件原件核对。")
_LABEL = (
    r"(?:(?:第?二代|居民|公民)*身份(?:证件?)?|证件|(?:(?:港|澳|台|台湾)*居民)?居住证"
    r"|(?:外国人)?永(?:久)?居(?:留)?(?:身份)?证)(?:号码?)?"
    r"|id(?:no|card|number)*\.?|no[.:]"
)
"""What people type in front of the number."""
_CUT = "^[0-9]{6}20"
"""15 digits of somebody born in 1920, or what was left of 18 digits of this century."""
NORMALISED = normalised("id_number", "identity number", "身份证号")
COVERED = covered("id_number", "identity number", "身份证号", "110105****002X")
MADE_UP = made_up("id_number", "identity number", "身份证号")
LETTERS_READ = letters_read("id_number", "identity number", "身份证号")
FORMAT = Rule(
    "id_number.format",
    Severity.WARNING,
    Text("This is no resident identity number", "不是居民身份证号码"),
    Text(
        "Enter the number alone, without other words; numbers of other documents are kept as "
        "typed.",
        "请只填写号码本身，勿附其他文字；护照等其他证件号码按原样保留，请确认证件类型。",
    ),
)
CHECKSUM = Rule(
    "id_number.checksum",
    Severity.WARNING,
    Text("The check character of the identity number does not fit", "身份证号校验位不符"),
    Text(
        "Probably a digit was mistyped, or two were exchanged. Compare it with the document.",
        "多为个别数字录错或前后颠倒，请与证件原件核对。",
    ),
)
PRECISION_LOST = precision_lost("id_number", "identity number", "身份证号")
TOO_SHORT = Rule(
    "id_number.too_short",
    Severity.WARNING,
    Text("The identity number has fewer than 18 characters", "身份证号不足 18 位，缺少字符"),
    Text(
        "Often the X at the end was left out, or a digit. Take it from the document.",
        "常见为漏录末位 X 或漏录数字，请按证件补全。",
    ),
)
TOO_LONG = Rule(
    "id_number.too_long",
    Severity.WARNING,
    Text("The identity number has more than 18 characters", "身份证号超过 18 位，多出字符"),
    _ASK,
)
BIRTH_DATE = Rule(
    "id_number.birth_date",
    Severity.WARNING,
    Text("The birth date in the identity number does not exist", "身份证号中的出生日期不存在"),
    _ASK,
)
REGION = Rule(
    "id_number.region",
    Severity.WARNING,
    Text("The identity number starts with an unknown region", "身份证号的地区前缀不存在"),
    _ASK,
)
REGION_UNLISTED = Rule(
    "id_number.region_unlisted",
    Severity.REPAIR,
    Text(
        "The region in the identity number is in no edition of the national list since 1980",
        "身份证号中的地区不在 1980 年以来历年行政区划代码表中",
    ),
    _ASK,
)
RULES: tuple[Rule, ...] = (
    NORMALISED, FORMAT, CHECKSUM, PRECISION_LOST, BIRTH_DATE, REGION, REGION_UNLISTED,
    LETTERS_READ, COVERED, TOO_SHORT, TOO_LONG, MADE_UP,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """18 half-width characters with a capital X; 15 digits are extended; letters that look like
    digits are read where check character, region and birth date fit then; the rest is kept.

    >>> normalise(pl.Series(["11010519491231002x", "110105491231002", "E 12345678"])).to_list()
    ['11010519491231002X', '11010519491231002X', 'E 12345678']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = _plain(raw)
    known = holds(code.str.contains(r"^[0-9]{15,20}X?$"))
    kept = code.zip_with(known, tidy(raw))
    read = _letters_as_digits(code)
    kept = read.zip_with(mask_where(read, ~known, is_person), kept)
    old = holds(kept.str.contains(r"^[1-9][0-9]{14}$") & ~kept.str.contains(_CUT))
    return change_where(kept, mask_where(kept, old, _old_birth_date_exists), extended)


def _plain(raw: pl.Series) -> pl.Series:
    code = alone(raw, _LABEL).str.to_uppercase().str.replace_all("-", "", literal=True)
    return code.str.replace("[×✕✖╳]$", "X")


def _letters_as_digits(code: pl.Series) -> pl.Series:
    last = code.str.slice(17)
    return as_digits(code.str.head(17)) + last.zip_with(holds(last == "X"), as_digits(last))


def extended(old: pl.Series) -> pl.Series:
    """15 digits of GB 11643-1989 → 18 characters: 19 after the region, check at the end.

    >>> extended(pl.Series(["110105491231002"])).to_list()
    ['11010519491231002X']
    """
    stem = old.str.head(6) + "19" + old.str.slice(6)
    checks = _check_points(code_points(stem, 17))
    return stem + pl.Series([chr(point) for point in checks.tolist()], dtype=pl.String)


def _check_points(points: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Formula: check = `10X98765432`[Σ dᵢ·2^(18−i) mod 11]."""
    checks: npt.NDArray[np.int16] = _CHECKS[(DIGITS[points[:, :17]] @ _WEIGHTS) % 11]
    return checks


def checksum_fits(numbers: pl.Series) -> pl.Series:
    """Whether the check character fits; every value must match `CANONICAL`.

    >>> checksum_fits(pl.Series(["11010519491231002X", "110105194912310021"])).to_list()
    [True, False]
    """
    points = code_points(numbers, 18)
    return as_mask(numbers.name, _check_points(points) == points[:, 17])


def is_valid(value: pl.Series) -> pl.Series:
    """True for 18 characters whose check character fits; false for null."""
    return mask_where(value, value.str.contains(CANONICAL), checksum_fits)


def is_person(value: pl.Series) -> pl.Series:
    """True where all of the number fits: check character, region and birth date.

    >>> is_person(pl.Series(["11010519491231002X", "914403001922038216"])).to_list()
    [True, False]
    """
    valid = is_valid(value)
    known = mask_where(value, valid, lambda v: v.str.contains(_REGION))
    return mask_where(value, known, _birth_date_exists)


def is_old_person(value: pl.Series) -> pl.Series:
    """True for 15 digits of GB 11643-1989 (they have no check) whose region and birth date fit.

    >>> is_old_person(pl.Series(["110105491231002", "110108000000016"])).to_list()
    [True, False]
    """
    formed = mask_where(
        value,
        value.str.contains(r"^[0-9]{15}$"),
        lambda v: v.str.head(2).is_in(PREFIXES),
    )
    return mask_where(value, formed, _old_birth_date_exists)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, check character, birth date and province.

    >>> typed = pl.Series(["11010519491231002X", "110105194912310021"])
    >>> {rule.code: rows.to_list() for rule, rows in validate(typed, typed) if rows.any()}
    {'id_number.checksum': [False, True]}
    """
    repeated = invented(value, 15)
    yield MADE_UP, repeated
    formed = holds(value.str.contains(CANONICAL)) & ~repeated
    other = value.is_not_null() & ~formed & ~repeated
    fits = mask_where(value, formed, checksum_fits)
    rounded = mask_where(value, ~fits & ~repeated, lambda v: v.str.contains(ROUNDED))
    hidden = mask_where(value, other & ~rounded, lambda v: v.str.contains(COVERED_NUMBER))
    yield COVERED, hidden
    long = mask_where(value, other & ~rounded, lambda v: v.str.contains(r"^[1-9][0-9]{18,20}X?$"))
    short = mask_where(value, other & ~rounded, lambda v: v.str.contains(r"^[1-9][0-9]{15,16}X?$"))
    yield TOO_LONG, long
    yield TOO_SHORT, short
    yield FORMAT, other & ~rounded & ~hidden & ~long & ~short
    yield PRECISION_LOST, rounded
    yield CHECKSUM, formed & ~fits & ~rounded
    yield BIRTH_DATE, formed & ~mask_where(value, formed, _birth_date_exists)
    known = mask_where(value, formed, lambda v: v.str.contains(_REGION))
    yield REGION, formed & ~known
    yield REGION_UNLISTED, mask_where(value, known, _region_unlisted)
    changed = holds(raw != value) & formed
    yield (
        LETTERS_READ,
        mask_where(raw, changed, lambda v: read_otherwise(_plain(v), value.filter(changed))),
    )


def _region_unlisted(numbers: pl.Series) -> pl.Series:
    permits = numbers.str.contains(r"^(?:8[123]|9)")
    return ~(regions.exists(numbers.str.head(6)) | permits)


def _birth_date_exists(numbers: pl.Series) -> pl.Series:
    birth = numbers.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)
    return birth.is_not_null() & (birth.dt.year() >= 1850)


def _old_birth_date_exists(numbers: pl.Series) -> pl.Series:
    return ("19" + numbers.str.slice(6, 6)).str.to_date("%Y%m%d", strict=False).is_not_null()


def format(value: pl.Series) -> pl.Series:
    """As it is.

    >>> format(pl.Series(["11010519491231002X"])).to_list()
    ['11010519491231002X']
    """
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first six and the last four characters; other documents wholly covered.

    >>> mask(pl.Series(["11010519491231002X", "E12345678"])).to_list()
    ['110105********002X', '***']
    """
    formed = value.str.contains(CANONICAL)
    return ends(value, formed, 6, "********", 4)
