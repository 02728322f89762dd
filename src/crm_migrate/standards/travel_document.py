"""Numbers of passports, travel permits and the identity cards of Hong Kong, Macau and Taiwan
护照、通行证、港澳台身份证号码.

Basis: ICAO Doc 9303 (passports have up to nine letters and digits), the number rules that the
National Immigration Administration published for the permits, and those of the three cards.
Different documents share forms (eight digits may be a Taiwan permit or a foreign passport), so a
number tells which kinds it *can* be; the kind itself only where there is but one. A public check
digit exists for the cards of Hong Kong and Taiwan alone. A card of Hong Kong or Macau is known by
the brackets that are part of its number; without them the same characters may be a passport's.
"""

from typing import NamedTuple

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import (
    compact,
    tidy,
)
from crm_migrate.standards.columns.covering import COVERED_NUMBER, ends
from crm_migrate.standards.columns.residue import holds, mask_where, unless_matching
from crm_migrate.standards.columns.surroundings import SCIENTIFIC, alone
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.identity_cards import CHECKED, HONG_KONG, TAIWAN, checksum_fits
from crm_migrate.standards.rule_families import covered, made_up, normalised

BASIS = Text(
    "ICAO Doc 9303; number rules of the National Immigration Administration and of the identity "
    "cards of Hong Kong, Macau and Taiwan",
    "ICAO Doc 9303；国家移民管理局公布的出入境证件号码规则；港澳台居民身份证号码规则",
)


class Kind(NamedTuple):
    """A kind of document: its name in Chinese (as in vocabularies) and the form of its numbers."""

    name: str
    form: str


PASSPORT = "护照"
_PASSPORT = (
    r"^[0-9][0-9A-Z]{4,8}$|^[A-Z][0-9][0-9A-Z]{3,7}$|^[A-Z]{2}[0-9][0-9A-Z]{3,6}$"
    r"|^[A-Z]{3}[0-9][0-9A-Z]{2,5}$"
)
_RESIDENT = r"^[A-Z]{3}[0-9]{12}$"
KINDS = (
    # Of China: E/G and eight digits, E with a letter since 2017, service passports, and those
    # before 2007; of other states at most nine letters and digits.
    Kind(PASSPORT, _PASSPORT),
    # Of residents of Hong Kong (H) and Macau (M): until 2013 with two digits for the renewals.
    Kind("港澳居民来往内地通行证", r"^[HM][0-9]{8}(?:[0-9]{2})?$"),
    # Of Taiwan: eight digits; before 2015 ten digits and a letter in brackets.
    Kind("台湾居民来往大陆通行证", r"^[0-9]{8}$|^[0-9]{10}(?:\([A-Z]\))?$"),
    # Of the mainland to Hong Kong and Macau (C, before W) and to Taiwan (L, before T).
    Kind("往来港澳通行证", r"^[CW][0-9]{8}$|^C[A-HJ-NP-Z][0-9]{7}$"),
    Kind("大陆居民往来台湾通行证", r"^[LT][0-9]{8}$"),
    # Until 2023: country, region, birth date, sequence, check; since then 18 digits (id_number).
    Kind("外国人永久居留身份证", _RESIDENT),
    Kind("香港居民身份证", HONG_KONG),
    # First digit: by the document that the card was first given for.
    Kind("澳门居民身份证", r"^[157][0-9]{6}\([0-9]\)$"),
    Kind("台湾居民身份证", TAIWAN),
)
CANONICAL = "|".join(k.form for k in KINDS)
_CHINESE = r"^[EG][0-9]{8}$|^E[A-HJ-NP-Z][0-9]{7}$|^1[45][0-9]{7}$|^[DPS]E?[0-9]{7,8}$"

_NAMED = (
    r"(?:(?:中国|外国|因[公私])?护照|(?:(?:来往|往来)?(?:港澳|台湾)(?:居民)?(?:来往(?:内地|大陆))?)?通行证"
    r"|回乡证|台胞证|(?:香港|澳门|台湾|港澳台?)(?:居民|永久性?居民)*身份证)(?:号码?)?"
)
_NAMED_BEHIND = rf"[(\[【]?{_NAMED}[)\]】]?$"
_LABEL = rf"{_NAMED}|证件(?:号码?)?|passport(?:no|number)?\.?"
"""What people type in front of the number."""
_EXCESS = r"^[EGDSPHMCWLTK][0-9]{9}$"
_LIKE_DIGITS = r"^[EGHMCWLT][0-9OI]*[0-9][OI][0-9OI]*$"
_NOTHING = r"^[A-Z]{0,2}(?:0{6,10}|1{6,10}|8{6,10}|9{6,10})$"
NORMALISED = normalised("travel_document", "document number", "证件号码")
COVERED = covered("travel_document", "document number", "证件号码", "E12****78")
MADE_UP = made_up("travel_document", "document number", "证件号码")
CHECKSUM = Rule(
    "travel_document.checksum",
    Severity.WARNING,
    Text(
        "The check digit of the identity card of Hong Kong or Taiwan does not fit",
        "香港或台湾身份证号码校验位不符",
    ),
    Text(
        "Probably a digit was mistyped, or two were exchanged. Compare it with the document.",
        "多为个别数字录错或前后颠倒，请与证件原件核对。",
    ),
)
LEADING_ZERO = Rule(
    "travel_document.leading_zero",
    Severity.WARNING,
    Text(
        "Seven digits are one too few for a Taiwan permit: a zero in front was probably lost",
        "仅 7 位数字，如为台湾居民来往大陆通行证，首位的 0 疑似丢失",
    ),
    Text(
        "A spreadsheet stored it as a number. Compare it with the document.",
        "可能曾被电子表格存为数字，请与证件原件核对。",
    ),
)
LOOKALIKE = Rule(
    "travel_document.letter_for_digit",
    Severity.WARNING,
    Text(
        "The document number holds the letter O or I where Chinese documents have digits",
        "证件号码中应为数字的位置出现字母 O 或 I",
    ),
    Text(
        "Most often 0 was typed as O, 1 as I. Compare it with the document.",
        "多为误录：0 录成 O、1 录成 I，请与证件原件核对。",
    ),
)
FORMAT = Rule(
    "travel_document.format",
    Severity.WARNING,
    Text("This is no number of a passport or travel permit", "不是护照或通行证的号码"),
    Text(
        "Enter one number alone, of cards of Hong Kong and Macau with its brackets; compare it "
        "with the document.",
        "请只填写一个号码（香港、澳门身份证连同括号），勿附其他文字，并与证件原件核对。",
    ),
)
PRECISION_LOST = Rule(
    "travel_document.precision_lost",
    Severity.WARNING,
    Text(
        "The document number was turned into a rounded number by a spreadsheet",
        "证件号码被电子表格转为科学计数",
    ),
    Text(
        "It cannot be repaired. Take it from the old system again, as text.",
        "无法还原，请从原系统以文本格式重新导出。",
    ),
)
BIRTH_DATE = Rule(
    "travel_document.birth_date",
    Severity.WARNING,
    Text(
        "The birth date in the number of the permanent residence card does not exist",
        "外国人永久居留证号码中的出生日期不存在",
    ),
    Text("Compare it with the document.", "请与证件原件核对。"),
)
RULES: tuple[Rule, ...] = (
    NORMALISED, FORMAT, PRECISION_LOST, BIRTH_DATE, MADE_UP, CHECKSUM, LOOKALIKE, COVERED,
    LEADING_ZERO,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half-width capitals without blanks and hyphens; anything else stays as typed.

    >>> normalise(pl.Series(["e 1234-5678", "Ｈ０１２３４５６７", "护照未带"])).to_list()
    ['E12345678', 'H01234567', '护照未带']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = alone(raw, _LABEL).str.to_uppercase().str.replace(_NAMED_BEHIND, "")
    code = code.str.replace_all("-", "", literal=True).str.replace(r"^([A-Z]+)\.", "$1")
    # Cards of Macau before 2013 were written so.
    code = code.str.replace(r"^([157])/([0-9]{6})/([0-9])$", "$1$2($3)")
    known = holds(code.str.contains(CANONICAL))
    return code.zip_with(known, tidy(raw))


def kind(value: pl.Series) -> pl.Series:
    """The kind of each document, by its Chinese name; null where the number leaves it open.

    >>> kind(pl.Series(["E12345678", "H1234567800", "FRA110080010112"])).to_list()
    ['护照', '港澳居民来往内地通行证', '外国人永久居留身份证']
    >>> kind(pl.Series(["12345678", "M12345678", "待补"])).to_list()
    [None, None, None]
    """
    possible = pl.DataFrame({k.name: holds(value.str.contains(k.form)) for k in KINDS})
    only = possible.sum_horizontal() == 1
    name = possible.select(
        pl.coalesce(pl.when(pl.col(k.name)).then(pl.lit(k.name)) for k in KINDS)
    ).to_series()
    return name.set(~only, None).alias(value.name)


def is_lettered(value: pl.Series) -> pl.Series:
    """True for numbers that a letter or a bracket shows to be of a passport, a permit or a card,
    whichever it is; of cards that have a check digit where it fits.

    >>> is_lettered(pl.Series(["E12345678", "12345678", "ABC"])).to_list()
    [True, False, False]
    """
    lettered = holds(value.str.contains(CANONICAL)) & holds(
        value.str.contains(rf"{_CHINESE}|^[HMCWLT][0-9A-Z][0-9]{{7,9}}$|{_RESIDENT}|\([0-9A]\)$")
    )
    return (lettered & holds(~value.str.contains(CHECKED))) | checksum_fits(value)


def is_named(raw: pl.Series) -> pl.Series:
    """True for numbers beside the name of their document, which need no letter then.

    >>> is_named(pl.Series(["台胞证：12345678", "护照未带", "12345678"])).to_list()
    [True, False, False]
    """
    named = holds(compact(raw).str.contains(rf"^{_NAMED}:?[0-9A-Za-z]|[0-9)][(\[【]?{_NAMED}"))
    return named & holds(normalise(raw).str.contains(CANONICAL))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form; the birth date of permanent residents; the check digits of cards.

    >>> typed = pl.Series(["E12345678", "A123456(4)"])
    >>> {rule.code: rows.to_list() for rule, rows in validate(typed, typed) if rows.any()}
    {'travel_document.checksum': [False, True]}
    """
    repeated = holds(value.str.contains(_NOTHING))
    yield MADE_UP, repeated
    card = holds(value.str.contains(CHECKED))
    wrong = card & ~mask_where(value, card, checksum_fits)
    # A passport or permit of China with a digit too many is likelier than a card of Taiwan.
    excess = mask_where(value, wrong, lambda v: v.str.contains(_EXCESS))
    formed = holds(value.str.contains(CANONICAL)) & ~repeated & ~excess
    other = value.is_not_null() & ~formed & ~repeated
    rounded = mask_where(value, other, lambda v: v.str.contains(SCIENTIFIC))
    yield PRECISION_LOST, rounded
    hidden = mask_where(value, other & ~rounded, lambda v: v.str.contains(COVERED_NUMBER))
    yield COVERED, hidden
    yield FORMAT, other & ~rounded & ~hidden
    yield LEADING_ZERO, mask_where(value, formed, lambda v: v.str.contains(r"^[1-9][0-9]{6}$"))
    resident = holds(value.str.contains(_RESIDENT))
    yield BIRTH_DATE, mask_where(value, resident, lambda v: ~_birth_date_exists(v))
    yield CHECKSUM, wrong & ~excess
    yield LOOKALIKE, mask_where(value, formed, lambda v: v.str.contains(_LIKE_DIGITS))


def _birth_date_exists(numbers: pl.Series) -> pl.Series:
    """Two digits of the year leave the century open: 29 February may be right in one of them."""
    day = numbers.str.slice(7, 6)
    old = ("19" + day).str.to_date("%Y%m%d", strict=False).is_not_null()
    return old | ("20" + day).str.to_date("%Y%m%d", strict=False).is_not_null()


def format(value: pl.Series) -> pl.Series:
    """As it is.

    >>> format(pl.Series(["A123456(3)"])).to_list()
    ['A123456(3)']
    """
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first and the last two characters; other text wholly covered.

    >>> mask(pl.Series(["E12345678", "没有护照"])).to_list()
    ['E******78', '***']
    """
    formed = value.str.contains(CANONICAL)
    return ends(value, formed, 1, "******", 2)
