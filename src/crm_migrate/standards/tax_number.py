"""Taxpayer identification number 纳税人识别号, 税号.

Basis: since 2015-10-01 the unified social credit code (GB 32100-2015). Before, by the rules of the
State Taxation Administration: region and organisation code (15 characters), or, for sole traders,
an identity number, alone (15, 18) or with a running number behind it (15 + 2, 15 + 5, 18 + 2).
Tax offices also gave out 15 digits of their own without any check, so a failed check proves
nothing. Invoices have needed the unified code since 2018.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import id_number, organisation_code, uscc
from crm_migrate.standards.columns.characters import tidy
from crm_migrate.standards.columns.covering import COVERED_NUMBER, ends
from crm_migrate.standards.columns.invented import invented
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.columns.surroundings import (
    SCIENTIFIC,
    alone,
    as_digits,
    read_otherwise,
    unpunctuated,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading import credit_codes
from crm_migrate.standards.rule_families import (
    covered,
    letters_read,
    made_up,
    normalised,
    precision_lost,
)

BASIS = Text(
    "GB 32100-2015; before 2015 the numbering of the State Taxation Administration",
    "GB 32100-2015；2015 年前为税务总局纳税人识别号编码规则",
)
CANONICAL = uscc.CANONICAL
"""What is given out today."""
_OLD_ORGANISATION = r"^[0-9]{6}[0-9A-Z]{8}[0-9X]$"
_OLD_PERSON = r"^[1-9][0-9]{14}(?:[0-9]{2}|[0-9]{5})$|^[1-9][0-9]{16}[0-9X][0-9]{2}$"
_PERSON = r"^[1-9][0-9]{16}[0-9X]$"

_LABEL = (
    r"(?:国税|地税)?纳税人?(?:识别|登记)?号码?|税务登记证?号码?|[国地]?税号|[国地]税"
    r"|(?:统一|社会)*信用代码|no[.:]"
)
"""What people type in front of the number."""
NORMALISED = normalised("tax_number", "tax number", "税号")
COVERED = covered("tax_number", "tax number", "税号", "9111****0082Q")
FORMAT = Rule(
    "tax_number.format",
    Severity.WARNING,
    Text(
        "The tax number has neither the 18 characters of today nor one of the earlier forms",
        "税号不是现行 18 位，也不是原 15、17、20 位形式",
    ),
    Text("Ask the customer for its billing data.", "请向客户索取开票资料核对。"),
)
CHECKSUM = Rule(
    "tax_number.checksum",
    Severity.WARNING,
    Text("The check character of the tax number does not fit", "税号校验位不符"),
    Text(
        "Probably mistyped; some numbers of the time before 2015 have no check. Ask for the "
        "billing data.",
        "多为录入错误；2015 年前税务机关自编的税号无校验位。请核对开票资料。",
    ),
)
PRECISION_LOST = precision_lost("tax_number", "tax number", "税号")
REGION = Rule(
    "tax_number.region",
    Severity.WARNING,
    Text(
        "The tax number of the form used before 2015 starts with a region that does not exist",
        "税号为 2015 年前的旧形式，其前 6 位的地区不存在",
    ),
    Text("Ask the customer for its billing data.", "请向客户索取开票资料核对。"),
)
SUPERSEDED = Rule(
    "tax_number.superseded",
    Severity.WARNING,
    Text("The tax number is of the form used before 2015", "税号为 2015 年前的旧形式"),
    Text(
        "Invoices need the unified social credit code now: ask for it.",
        "现行发票须使用统一社会信用代码，请补录。",
    ),
)
PERSONAL = Rule(
    "tax_number.personal",
    Severity.WARNING,
    Text("The tax number is, or holds, a person's identity number", "税号含有个人身份证号码"),
    Text(
        "It is personal data. A sole trader has a unified social credit code: ask for it.",
        "属于个人信息。个体工商户已有统一社会信用代码，请补录。",
    ),
)
LETTERS_READ = letters_read("tax_number", "tax number", "税号")
MADE_UP = made_up("tax_number", "tax number", "税号")
RULES: tuple[Rule, ...] = (
    NORMALISED, FORMAT, CHECKSUM, PRECISION_LOST, SUPERSEDED, PERSONAL, MADE_UP, LETTERS_READ,
    COVERED, REGION,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half-width capitals without blanks and hyphens; anything else stays as typed.

    >>> normalise(pl.Series(["9111 0000-600037341l", "110108５５１３８５０８２", "免税"])).to_list()
    ['91110000600037341L', '110108551385082', '免税']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = _plain(raw)
    # Of the old numbers the region has digits only; letters behind it may be right.
    region = as_digits(code.str.head(6)) + code.str.slice(6)
    code = region.zip_with(old_organisation_fits(region), code)
    kept = code.zip_with(holds(code.str.contains(r"^[0-9A-Z]{15,20}$")), tidy(raw))
    # Letters that no unified code has: read as that standard reads them.
    eighteen = kept.str.contains(r"^[0-9A-Z]{18}$") & ~kept.str.contains(CANONICAL)
    twice = holds(kept.str.len_chars() > 36) & ~credit_codes.are_several(raw)
    return change_where(kept, eighteen | twice, uscc.normalise)


def _plain(raw: pl.Series) -> pl.Series:
    return unpunctuated(alone(raw, _LABEL)).str.to_uppercase()


def old_organisation_fits(codes: pl.Series) -> pl.Series:
    """True for 15 characters of region and organisation code whose check digit fits.

    >>> old_organisation_fits(pl.Series(["110108551385082", "110108551385083", None])).to_list()
    [True, False, False]
    """
    formed = codes.str.contains(_OLD_ORGANISATION)
    return mask_where(
        codes, formed, lambda v: organisation_code.checksum_fits(v.str.slice(6))
    ) & _in_a_province(codes)


def _region_alone_fails(codes: pl.Series) -> pl.Series:
    formed = codes.str.contains(_OLD_ORGANISATION) & ~_in_a_province(codes)
    return mask_where(codes, formed, lambda v: organisation_code.is_valid(v.str.slice(6)))


def _in_a_province(codes: pl.Series) -> pl.Series:
    return holds(codes.str.head(2).is_in(id_number.PREFIXES))


def is_personal(codes: pl.Series) -> pl.Series:
    """True for numbers that begin with an identity number; a valid unified code is none.

    >>> is_personal(pl.Series(["11010519491231002X", "11010549123100200000"])).to_list()
    [True, True]
    >>> is_personal(pl.Series(["91110000600037341L", "110108551385082"])).to_list()
    [False, False]
    """
    whole = codes.str.contains(rf"{_PERSON}|^[1-9][0-9]{{16}}[0-9X][0-9]{{2}}$")
    short = holds(codes.str.contains(r"^[1-9][0-9]{14}(?:[0-9]{2}|[0-9]{5})?$"))
    found = mask_where(codes, whole, lambda v: id_number.is_person(v.str.head(18)))
    old = mask_where(codes, short & ~found, lambda v: id_number.is_old_person(v.str.head(15)))
    taken = old & old_organisation_fits(codes)
    return (found & ~uscc.is_valid(codes)) | (old & ~taken)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, check characters, outdated forms, identity numbers inside.

    >>> typed = pl.Series(["91110000600037341L", "110108551385082"])
    >>> {rule.code: rows.to_list() for rule, rows in validate(typed, typed) if rows.any()}
    {'tax_number.superseded': [False, True]}
    """
    repeated = invented(value, 8)
    yield MADE_UP, repeated
    unified = mask_where(value, value.str.contains(CANONICAL), uscc.checksum_fits)
    other = value.is_not_null() & ~unified & ~repeated
    person = mask_where(value, other, is_personal)
    old = mask_where(value, other & ~person, old_organisation_fits)
    left = other & ~person & ~old
    rounded = mask_where(
        value, left, lambda v: v.str.contains(rf"^[0-9]{{15}}0{{3,5}}$|{SCIENTIFIC}")
    )
    checked = mask_where(
        value,
        left & ~rounded,
        lambda v: v.str.contains(f"{CANONICAL}|{_OLD_ORGANISATION}|{_OLD_PERSON}"),
    )
    yield PRECISION_LOST, rounded
    abroad = mask_where(value, checked, _region_alone_fails)
    yield REGION, abroad
    yield CHECKSUM, checked & ~abroad
    left = left & ~rounded & ~checked
    hidden = mask_where(value, left, lambda v: v.str.contains(COVERED_NUMBER))
    yield COVERED, hidden
    yield FORMAT, left & ~hidden
    changed = holds(raw != value) & (unified | old)
    yield (
        LETTERS_READ,
        mask_where(raw, changed, lambda v: read_otherwise(_plain(v), value.filter(changed))),
    )
    yield SUPERSEDED, old | mask_where(value, person, lambda v: v.str.len_chars() != 18)
    yield PERSONAL, person


def format(value: pl.Series) -> pl.Series:
    """As it is: invoices print it without spaces.

    >>> format(pl.Series(["110108551385082"])).to_list()
    ['110108551385082']
    """
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first six and the last four characters of the known lengths; other text wholly covered.

    >>> mask(pl.Series(["91110000600037341L", "110108551385082", "免税"])).to_list()
    ['911100********341L', '110108********5082', '***']
    """
    formed = value.str.contains(r"^[0-9A-Z]{15,20}$")
    return ends(value, formed, 6, "********", 4)
