"""Bank card number 银行卡号.

Basis: ISO/IEC 7812-1:2017 (Luhn), GB/T 19584-2010; cards issued in China have 16–19 digits, of
other schemes 13–15. Whether a card is for debit or credit does not show in its number and is not
guessed.
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
from crm_migrate.standards.reading.bank_names import BANK, LABEL
from crm_migrate.standards.rule_families import (
    covered,
    letters_read,
    made_up,
    normalised,
    precision_lost,
)

BASIS = Text("ISO/IEC 7812-1:2017, GB/T 19584-2010", "ISO/IEC 7812-1:2017、GB/T 19584-2010")
CANONICAL = r"^[1-9][0-9]{15,18}$|^3[0-9]{13,14}$|^4[0-9]{12}$"
"""No issuer's number (BIN) begins with 0; 13–15 digits only with the leading digit of their scheme.
"""
_UNIONPAY = r"^62[0-9]{14,17}$"
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], dtype=np.int16)
_LABEL = (
    rf"(?:银行|储蓄|借记|信用)*卡(?:卡?号码?)?|{LABEL}|{BANK}"
    "|visa|mastercard|万事达|银联|unionpay|jcb|no[.:]"
)
"""What people type in front of the number: its name, the bank's, or both."""
_BANK_BEHIND = rf"[(\[【]{BANK}[)\]】]$|{BANK}$"
NORMALISED = normalised("bank_card", "bank card number", "银行卡号")
COVERED = covered("bank_card", "bank card number", "银行卡号", "6222****7894")
MADE_UP = made_up("bank_card", "bank card number", "银行卡号")
LETTERS_READ = letters_read("bank_card", "bank card number", "银行卡号")
FORMAT = Rule(
    "bank_card.format",
    Severity.WARNING,
    Text(
        "The bank card number is not 16 to 19 digits of which the first is not 0",
        "银行卡号不是首位非 0 的 16–19 位数字",
    ),
    Text(
        "Compare it with the card; an account number does not belong into this field.",
        "请与银行卡核对；对公账号不应填写在此字段。",
    ),
)
CHECKSUM = Rule(
    "bank_card.checksum",
    Severity.WARNING,
    Text("The check digit of the bank card number does not fit", "银行卡号校验位不符"),
    Text(
        "Probably a digit was mistyped: compare it with the card. A company's account does not "
        "belong here.",
        "多为个别数字录错，请与银行卡核对；对公账号不应填写在此字段。",
    ),
)
PRECISION_LOST = precision_lost("bank_card", "card number", "银行卡号")
RULES: tuple[Rule, ...] = (
    NORMALISED,
    FORMAT,
    CHECKSUM,
    PRECISION_LOST,
    LETTERS_READ,
    COVERED,
    MADE_UP,
)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half-width digits without blanks, hyphens and the bank's name around them; letters that look
    like digits are read where the check digit fits then.

    >>> normalise(pl.Series(["6222 0212 3456 7894", "６２２２－０２１２", "建行卡"])).to_list()
    ['6222021234567894', '62220212', '建行卡']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = _plain(raw)
    digits = holds(code.str.contains(r"^[0-9]{1,24}$"))  # longer: two numbers, left apart
    read = as_digits(code)
    fits = mask_where(read, read.str.contains(CANONICAL) & ~digits, checksum_fits)
    return read.zip_with(fits, code.zip_with(digits, tidy(raw)))


def _plain(raw: pl.Series) -> pl.Series:
    code = alone(raw, _LABEL).str.replace(_BANK_BEHIND, "")
    return code.str.replace_all("-", "", literal=True)


def checksum_fits(numbers: pl.Series) -> pl.Series:
    """Whether the Luhn sum is divisible by ten; every value must be at most 19 digits.

    >>> checksum_fits(pl.Series(["6222021234567894", "6222021234567895"])).to_list()
    [True, False]
    """
    digits = DIGITS[code_points(numbers.str.pad_start(19, "0"), 19)]
    total = digits[:, 0::2].sum(axis=1) + _DOUBLED[digits[:, 1::2]].sum(axis=1)
    return as_mask(numbers.name, total % 10 == 0)


def is_card(value: pl.Series) -> pl.Series:
    """True for numbers that are hardly anything but a card: UnionPay's BIN and a right Luhn digit.

    >>> is_card(pl.Series(["6222021234567894", "0200003609027008", None])).to_list()
    [True, False, False]
    """
    return mask_where(value, value.str.contains(_UNIONPAY), checksum_fits)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form and check digit.

    >>> typed = pl.Series(["6222021234567894", "6222021234567895"])
    >>> {rule.code: rows.to_list() for rule, rows in validate(typed, typed) if rows.any()}
    {'bank_card.checksum': [False, True]}
    """
    repeated = invented(value, 12)
    yield MADE_UP, repeated
    formed = holds(value.str.contains(CANONICAL)) & ~repeated
    rounded_text = holds(value.str.contains(SCIENTIFIC))
    other = value.is_not_null() & ~formed & ~repeated & ~rounded_text
    hidden = mask_where(value, other, lambda v: v.str.contains(COVERED_NUMBER))
    yield COVERED, hidden
    yield FORMAT, other & ~hidden
    fails = formed & ~mask_where(value, formed, checksum_fits)
    # A number keeps 15 digits: from the 16th on zeros stand.
    rounded = mask_where(value, fails, lambda v: v.str.contains(r"^[0-9]{15}0{2,4}$"))
    yield PRECISION_LOST, rounded | rounded_text
    yield CHECKSUM, fails & ~rounded
    changed = holds(raw != value) & formed
    yield (
        LETTERS_READ,
        mask_where(raw, changed, lambda v: read_otherwise(_plain(v), value.filter(changed))),
    )


def format(value: pl.Series) -> pl.Series:
    """In groups of four.

    >>> format(pl.Series(["6222021234567894"])).to_list()
    ['6222 0212 3456 7894']
    """
    return value.str.replace_all(r"([0-9]{4})", "$1 ").str.strip_chars_end(" ")


def mask(value: pl.Series) -> pl.Series:
    """The last four digits only.

    >>> mask(pl.Series(["6222021234567894", "建行"])).to_list()
    ['************7894', '***']
    """
    formed = value.str.contains(CANONICAL)
    return ends(value, formed, 0, "************", 4)
