"""Unified social credit code 统一社会信用代码.

Basis: GB 32100-2015 as amended in 2016, with the organisation code of GB 11714-1997 inside
(characters 9–17) and the table of authorities and classes in `data/gb32100_2015.csv`. Genuine codes
issued in Xiamen before 2016 fail the check character, so a failure asks for evidence and proves
nothing. The field decides what a value is, not its shape: 18 digits can be a valid resident id and
a valid code at once.
"""

import numpy as np
import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import id_number, organisation_code
from crm_migrate.standards.columns.characters import (
    as_mask,
    code_points,
    compact,
    lookup,
    tidy,
)
from crm_migrate.standards.columns.covering import COVERED_NUMBER, ends
from crm_migrate.standards.columns.invented import INVENTED, invented
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.columns.surroundings import ROUNDED
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.places import regions
from crm_migrate.standards.places.divisions import PROVINCE_CODES
from crm_migrate.standards.reading import authorities, credit_codes
from crm_migrate.standards.rule_families import (
    covered,
    letters_read,
    made_up,
    normalised,
    precision_lost,
)

BASIS = Text(
    "GB 32100-2015 with amendment No. 1 of 2016, and GB 11714-1997",
    "GB 32100-2015（含 2016 年第 1 号修改单）与 GB 11714-1997",
)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters: no I O Z S V."""
CANONICAL = f"^{credit_codes.CODE}$"
_WEIGHTS = np.array([*(pow(3, i, 31) for i in range(17)), 1], dtype=np.int16)
_VALUES = lookup({c: i for i, c in enumerate(ALPHABET)})

_ASK = Text(
    "Compare it with the business licence or the national enterprise register.",
    "请与营业执照或国家企业信用信息公示系统核对。",
)
NORMALISED = normalised("uscc", "unified social credit code", "统一社会信用代码")
COVERED = covered("uscc", "unified social credit code", "统一社会信用代码", "9111****0082Q")
LETTERS_READ = letters_read("uscc", "unified social credit code", "统一社会信用代码")
ALPHABET_RULE = Rule(
    "uscc.alphabet",
    Severity.WARNING,
    Text(
        "The unified social credit code holds a letter that never occurs in one (I O Z S V)",
        "统一社会信用代码含有不会出现的字母（I O Z S V）",
    ),
    Text(
        "Most often 1 was typed as I, 0 as O, 2 as Z, 5 as S, U as V. Check the licence.",
        "多为误录：1 录成 I、0 录成 O、2 录成 Z、5 录成 S、U 录成 V，请核对营业执照。",
    ),
)
FORMAT = Rule(
    "uscc.format",
    Severity.WARNING,
    Text(
        "The unified social credit code is not 18 digits and capital letters",
        "统一社会信用代码不是 18 位数字和大写字母",
    ),
    Text(
        "Enter the code alone, by the business licence; words about it belong into the remarks.",
        "请按营业执照只填写代码本身，说明文字请写入备注。",
    ),
)
_NO_GUESS = Text(
    "It is never completed or cut. Take it from the business licence.",
    "系统不会自行补位或截取，请按营业执照更正。",
)
TOO_SHORT = Rule(
    "uscc.too_short",
    Severity.WARNING,
    Text(
        "The unified social credit code has fewer than 18 characters",
        "统一社会信用代码不足 18 位，缺少字符",
    ),
    _NO_GUESS,
)
TOO_LONG = Rule(
    "uscc.too_long",
    Severity.WARNING,
    Text(
        "The unified social credit code has more than 18 characters",
        "统一社会信用代码超过 18 位，多出字符",
    ),
    _NO_GUESS,
)
OLD_NUMBER = Rule(
    "uscc.old_number",
    Severity.WARNING,
    Text(
        "15 characters, like the registration and tax numbers before 2015, stand in place of the"
        " unified social credit code; it could not be moved, most often since its check digit"
        " does not fit",
        "统一社会信用代码栏填写的是 15 位旧注册号或税号，因校验位不符等原因未能移至相应字段",
    ),
    Text(
        "Compare it with the old licence and add the unified social credit code.",
        "请与原营业执照核对，并补录统一社会信用代码。",
    ),
)
SEVERAL = Rule(
    "uscc.several",
    Severity.WARNING,
    Text(
        "The cell held several unified social credit codes; the first was taken",
        "一格填写了多个统一社会信用代码，已取第一个",
    ),
    Text(
        "Choose the company's code in the source; give another company a row of its own.",
        "请在源数据中确认本单位代码；其他单位请另行建档。",
    ),
)
OLD_BESIDE = Rule(
    "uscc.old_beside",
    Severity.REPAIR,
    Text(
        "Beside the unified social credit code stood a number of the time before 2015; the code "
        "was taken",
        "统一社会信用代码旁注有 2015 年前的旧证照号码，已取统一社会信用代码",
    ),
    Text(
        "Nothing to do: the old number is kept in its own field where that was free.",
        "无需处理；旧号码在其自身字段为空时已移入。",
    ),
)
MADE_UP = made_up("uscc", "unified social credit code", "统一社会信用代码")
CHECKSUM = Rule(
    "uscc.checksum",
    Severity.WARNING,
    Text(
        "The check character of the unified social credit code does not fit",
        "统一社会信用代码校验位不符",
    ),
    Text(
        "Probably mistyped; a few genuine codes issued before 2016 fail, too. Ask for the licence.",
        "多为录入错误；2016 年前个别地区发放的真实代码也会校验不符。请核对营业执照。",
    ),
)
PERSONAL = Rule(
    "uscc.personal",
    Severity.WARNING,
    Text(
        "A person's identity number stands in the place of the unified social credit code",
        "统一社会信用代码栏填写的是个人身份证号码",
    ),
    Text(
        "It is personal data and does not belong here: remove it and enter the licence's code.",
        "属于个人信息，不应填写在此：请删除并按营业执照补录统一社会信用代码。",
    ),
)
PRECISION_LOST = precision_lost("uscc", "code", "代码")
ORGANISATION = Rule(
    "uscc.organisation",
    Severity.WARNING,
    Text(
        "The organisation code inside the unified social credit code fails its own check",
        "统一社会信用代码中的组织机构代码（第 9–17 位）校验不符",
    ),
    _ASK,
)
REGION = Rule(
    "uscc.region",
    Severity.WARNING,
    Text(
        "The region inside the unified social credit code does not exist",
        "统一社会信用代码中的行政区划（第 3–8 位）不存在",
    ),
    _ASK,
)
REGION_UNLISTED = Rule(
    "uscc.region_unlisted",
    Severity.REPAIR,
    Text(
        "The region inside the unified social credit code is in no edition of the national list",
        "统一社会信用代码中的行政区划（第 3–8 位）不在历年行政区划代码表中",
    ),
    Text(
        "Right for registration offices of development zones, which have codes of their own.",
        "开发区等登记机关使用自设代码时属正常。",
    ),
)
AUTHORITY = Rule(
    "uscc.authority",
    Severity.WARNING,
    Text(
        "The unified social credit code starts with an unknown registering authority",
        "统一社会信用代码首位（登记管理部门）不存在",
    ),
    _ASK,
)
CLASS = Rule(
    "uscc.class",
    Severity.WARNING,
    Text(
        "The unified social credit code names a class of organisation that its registering "
        "authority does not have",
        "统一社会信用代码第 2 位（机构类别）在该登记管理部门下不存在",
    ),
    _ASK,
)
RULES: tuple[Rule, ...] = (
    NORMALISED, ALPHABET_RULE, FORMAT, CHECKSUM, PRECISION_LOST, ORGANISATION, REGION,
    REGION_UNLISTED, AUTHORITY, CLASS, TOO_SHORT, TOO_LONG, OLD_NUMBER, SEVERAL, MADE_UP,
    LETTERS_READ, COVERED, OLD_BESIDE, PERSONAL,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half-width capitals without blanks, hyphens and what people write around a code; of several
    codes the first. Letters that no code has are read as digits where both checks fit then. All
    else stays as typed.

    >>> normalise(pl.Series(["９１１１００００ 600037341l", "办理中"])).to_list()
    ['91110000600037341L', '办理中']
    >>> normalise(pl.Series(["911IOOOO600037341L（1-1）", "911IOOOO600037342L"])).to_list()
    ['91110000600037341L', '911IOOOO600037342L']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = _plain(raw)
    other = ~is_valid(code)
    return change_where(code, other, lambda _: _read(raw.filter(other)))


def _plain(raw: pl.Series) -> pl.Series:
    """Capitals of half width without blanks: what most need."""
    return compact(raw).str.to_uppercase()


def _read(raw: pl.Series) -> pl.Series:
    typed = credit_codes.written(raw)
    code = typed.str.to_uppercase()
    looks_like_code = code.str.contains(r"^[0-9A-Z]{6,24}$")
    kept = code.zip_with(holds(looks_like_code), tidy(raw))
    read = credit_codes.letters_as_digits(typed)
    kept = read.zip_with(_fits_wholly(read) & ~is_valid(code), kept)
    for other in (credit_codes.first_of(raw), credit_codes.beside_old(raw, _fits_wholly)[0]):
        kept = other.zip_with(other.is_not_null(), kept)
    return kept.alias(raw.name)


def old_beside(raw: pl.Series) -> pl.Series:
    """The number of before 2015 that stands beside a valid code, as typed; else null."""
    return credit_codes.beside_old(raw, _fits_wholly)[1]


def _fits_wholly(codes: pl.Series) -> pl.Series:
    """True where the check character fits, and that of the organisation code inside."""
    return mask_where(codes, is_valid(codes), organisation_fits)


def checksum_fits(codes: pl.Series) -> pl.Series:
    """Whether the check character fits; every value must match `CANONICAL`.

    Formula: c18 = (31 − Σ cᵢ·3^(i−1) mod 31) mod 31, GB 32100-2015, 4.6; so that both sums
    together are a multiple of 31.

    >>> checksum_fits(pl.Series(["91350100M000100Y43", "9111010894Y6W19290"])).to_list()
    [True, True]
    >>> checksum_fits(pl.Series(["91350100M000100Y4X"])).to_list()
    [False]
    """
    sums = _VALUES[code_points(codes, 18)] @ _WEIGHTS
    return as_mask(codes.name, sums % 31 == 0)


def organisation_fits(codes: pl.Series) -> pl.Series:
    """Whether the inner organisation code's check digit fits (GB 11714-1997; A=10 … Z=35).

    >>> organisation_fits(pl.Series(["91110108MA01KP2T5U", "91110108MA01KP2T6U"])).to_list()
    [True, False]
    """
    return as_mask(codes.name, organisation_code.points_fit(code_points(codes, 18)[:, 8:17]))


def is_valid(value: pl.Series) -> pl.Series:
    """True for codes of the right form whose check character fits; false for null and for what is
    `INVENTED` (18 zeros fit by chance).

    >>> is_valid(pl.Series(["91110108551385082Q", "91350100M000100Y4Z", None])).to_list()
    [True, False, False]
    """
    formed = value.str.contains(CANONICAL) & ~value.str.contains(INVENTED)
    return mask_where(value, formed, checksum_fits)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, check characters, authority, class and region.

    >>> typed = pl.Series(["91350100M000100Y43", "91350100M000100Y44"])
    >>> {rule.code: rows.to_list() for rule, rows in validate(typed, typed) if rows.any()}
    {'uscc.checksum': [False, True]}
    """
    repeated = invented(value, 15)
    yield MADE_UP, repeated
    formed = holds(value.str.contains(CANONICAL)) & ~repeated
    other = value.is_not_null() & ~formed & ~repeated
    letters = mask_where(value, other, lambda v: v.str.contains(r"^[0-9A-Z]{18}$"))
    fits = mask_where(value, formed, checksum_fits)
    rounded = mask_where(value, ~fits & ~repeated, lambda v: v.str.contains(ROUNDED))
    yield ALPHABET_RULE, letters
    left = other & ~letters & ~rounded
    hidden = mask_where(value, left, lambda v: v.str.contains(COVERED_NUMBER))
    yield COVERED, hidden
    yield from _misformed(value, left & ~hidden)
    changed = holds(raw != value) & formed
    changed = mask_where(raw, changed, lambda v: _plain(v) != value.filter(changed))
    yield SEVERAL, mask_where(raw, changed, credit_codes.are_several)
    yield OLD_BESIDE, mask_where(raw, changed, lambda v: old_beside(v).is_not_null())
    yield (
        LETTERS_READ,
        mask_where(raw, changed, lambda v: credit_codes.letters_read(v, value.filter(changed))),
    )
    yield PRECISION_LOST, rounded
    person = mask_where(value, formed & ~fits & ~rounded, id_number.is_person)
    yield PERSONAL, person
    yield CHECKSUM, formed & ~fits & ~rounded & ~person
    yield ORGANISATION, fits & ~mask_where(value, fits, organisation_fits)
    formed = formed & ~person
    province = mask_where(value, formed, _province_exists)
    yield REGION, formed & ~province
    yield REGION_UNLISTED, mask_where(value, province, lambda v: ~regions.exists(v.str.slice(2, 6)))
    known = mask_where(value, formed, lambda v: v.str.contains(authorities.with_class()))
    authority = mask_where(
        value, formed & ~known, lambda v: v.str.contains(authorities.with_authority())
    )
    yield AUTHORITY, formed & ~known & ~authority
    yield CLASS, authority


def _misformed(value: pl.Series, other: pl.Series) -> Masks:
    plain = mask_where(value, other, lambda v: v.str.contains(r"^[0-9A-Z]{6,30}$"))
    old = mask_where(value, plain, lambda v: v.str.contains(r"^[0-9]{14}[0-9X]$"))
    short = mask_where(value, plain & ~old, lambda v: v.str.len_chars() < 18)
    yield FORMAT, other & ~plain
    yield OLD_NUMBER, old
    yield TOO_SHORT, short
    yield TOO_LONG, plain & ~old & ~short


def _province_exists(codes: pl.Series) -> pl.Series:
    # 10 stands for the national register (100000).
    return codes.str.contains(rf"^..(?:{'|'.join(PROVINCE_CODES)}|10)[0-9]{{4}}")


def format(value: pl.Series) -> pl.Series:
    """As it is: the licence prints it without spaces.

    >>> format(pl.Series(["91110000600037341L"])).to_list()
    ['91110000600037341L']
    """
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first six and the last four characters; other text wholly covered.

    >>> mask(pl.Series(["91110000600037341L", "办理中"])).to_list()
    ['911100********341L', '***']
    """
    formed = value.str.contains(CANONICAL)
    return ends(value, formed, 6, "********", 4)
