"""Numbers of passports and travel permits 护照、通行证号码.

Basis: ICAO Doc 9303 (passports have up to nine letters and digits) and the number rules that the
National Immigration Administration published for the permits. Different documents share forms
(eight digits may be a Taiwan permit or a foreign passport), so a number tells which kinds it *can*
be; the kind itself only where there is but one. No public check digit exists for any of them.
"""

from typing import NamedTuple

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact, tidy
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised

BASIS = Text(
    "ICAO Doc 9303; number rules of the National Immigration Administration",
    "ICAO Doc 9303；国家移民管理局公布的出入境证件号码规则",
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
    Kind("外国人永久居留身份证", r"^[A-Z]{3}[0-9]{12}$"),
)
CANONICAL = "|".join(k.form for k in KINDS)
_CHINESE = r"^[EG][0-9]{8}$|^E[A-HJ-NP-Z][0-9]{7}$|^1[45][0-9]{7}$|^[DPS]E?[0-9]{7,8}$"

_NAMED = (
    r"(?:(?:中国|外国|因[公私])?护照|(?:(?:来往|往来)?(?:港澳|台湾)(?:居民)?(?:来往(?:内地|大陆))?)?通行证"
    r"|回乡证|台胞证)(?:号码?)?:?"
)
_LABEL = rf"^(?:{_NAMED}|证件(?:号码?)?:?)"
"""What people type in front of the number."""
NORMALISED = normalised("travel_document", "document number", "证件号码")
FORMAT = Rule(
    "travel_document.format",
    Severity.WARNING,
    Text("This is no number of a passport or travel permit", "不是护照或通行证的号码"),
    Text("Compare it with the document.", "请与证件原件核对。"),
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
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT, PRECISION_LOST, BIRTH_DATE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half-width capitals without blanks and hyphens; anything else stays as typed.

    >>> normalise(pl.Series(["e 1234-5678", "Ｈ０１２３４５６７", "护照未带"])).to_list()
    ['E12345678', 'H01234567', '护照未带']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = compact(raw).str.replace(_LABEL, "").str.to_uppercase().str.replace_all(r"[-'`.]", "")
    known = holds(code.str.contains(CANONICAL))
    return code.zip_with(known, tidy(raw))


def fits(value: pl.Series, kind: str) -> pl.Series:
    """Whether each number can be one of that kind; null where the number, or the kind, is unknown.

    >>> fits(pl.Series(["E12345678", "H12345678", None]), "港澳居民来往内地通行证").to_list()
    [False, True, None]
    """
    form = next((k.form for k in KINDS if k.name == kind), None)
    if form is None:
        return value.set(value.is_not_null(), None).cast(pl.Boolean)
    return value.str.contains(form)


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
    """True for numbers that a letter shows to be of a passport or permit, whichever it is.

    >>> is_lettered(pl.Series(["E12345678", "12345678", "ABC"])).to_list()
    [True, False, False]
    """
    return holds(value.str.contains(CANONICAL)) & holds(
        value.str.contains(f"{_CHINESE}|^[HMCWLT][0-9A-Z][0-9]{{7,9}}$|^[A-Z]{{3}}[0-9]{{12}}$")
    )


def is_named(raw: pl.Series) -> pl.Series:
    """True for numbers behind the name of their document, which need no letter then.

    >>> is_named(pl.Series(["台胞证：12345678", "护照未带", "12345678"])).to_list()
    [True, False, False]
    """
    named = holds(compact(raw).str.contains(f"^{_NAMED}[0-9A-Za-z]"))
    return named & holds(normalise(raw).str.contains(CANONICAL))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form; the birth date of permanent residents."""
    formed = holds(value.str.contains(CANONICAL))
    other = value.is_not_null() & ~formed
    rounded = mask_where(value, other, lambda v: v.str.contains(r"^[0-9]\.[0-9]+[Ee]\+?[0-9]+$"))
    yield PRECISION_LOST, rounded
    yield FORMAT, other & ~rounded
    resident = holds(value.str.contains(KINDS[-1].form))
    yield BIRTH_DATE, mask_where(value, resident, lambda v: ~_birth_date_exists(v))


def _birth_date_exists(numbers: pl.Series) -> pl.Series:
    """Two digits of the year leave the century open: 29 February may be right in one of them."""
    day = numbers.str.slice(7, 6)
    old = ("19" + day).str.to_date("%Y%m%d", strict=False).is_not_null()
    return old | ("20" + day).str.to_date("%Y%m%d", strict=False).is_not_null()


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first and the last two characters; other text wholly covered.

    >>> mask(pl.Series(["E12345678", "没有护照"])).to_list()
    ['E******78', '***']
    """
    formed = value.str.contains(CANONICAL)
    covered = value.str.head(1) + "******" + value.str.tail(2)
    return change_where(covered, ~formed, lambda v: v.str.head(0) + "***")
