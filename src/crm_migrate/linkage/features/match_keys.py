"""Match keys: the forms of values that are compared, never shown and never stored."""

import polars as pl

from crm_migrate.standards import (
    id_number,
    organisation_code,
    registration_number,
    tax_number,
    uscc,
)
from crm_migrate.standards.columns.residue import unless_matching

# Values that are in canonical form already: the common case, told apart by one quick regex.
_FOLDED = r"^[\x{4e00}-\x{9fa5}0-9a-z]+$"
_PLAIN = r"^[!-~\x{4e00}-\x{9fa5}]+$"
_LOWER = r"^[!-@\[-~]+$"
_CODE = r"^[1-9A-HJ-NP-Y][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"

_EXTENSION = r"^(.*(?:^|\D)[1-9]\d{6,7})[-—/]\d{1,5}$"
_ROAD = r"(\p{Han}+?(?:大道|大街|路|街|道|巷|弄))\d"


def fold(raw: pl.Series) -> pl.Series:
    """NFKC, lower case, without blanks and punctuation; null when nothing is left."""
    return unless_matching(raw, _FOLDED, _fold).replace("", None)


def _fold(raw: pl.Series) -> pl.Series:
    lower = raw.str.normalize("NFKC").str.to_lowercase()
    return lower.str.replace_all(r"[^\p{L}\p{N}]", "")


def exact(raw: pl.Series) -> pl.Series:
    """Trimmed, NFKC; null when empty."""
    return unless_matching(
        raw, _PLAIN, lambda few: few.str.normalize("NFKC").str.strip_chars()
    ).replace("", None)


def address(raw: pl.Series) -> pl.Series:
    """Folded, without the words for administrative levels, which people leave out at will."""
    shorter = fold(raw).str.replace_all(r"[省市区县镇乡]|自治[区州县]|中国", "")
    return shorter.replace("", None)


def address_parts(raw: pl.Series) -> dict[str, pl.Series]:
    """road: the road with its house number, without what stands before and behind it; number:
    the house number alone.

    >>> parts = address_parts(pl.Series(["烟台市莱山区青杨大道219号3幢", "青杨大道219号", "东门"]))
    >>> parts["road"].to_list(), parts["number"].to_list()
    (['青杨大道219', '青杨大道219', None], ['219', '219', None])
    """
    plain = fold(raw)
    road = plain.str.extract(_ROAD, 1).str.replace(r"^.*[省市区县镇乡]", "")
    number = plain.str.extract(r"(\d+)号", 1)
    return {"road": road + number, "number": number}


def valid_uscc(raw: pl.Series) -> pl.Series:
    """The unified social credit code where its form and check character are right (GB 32100)."""
    code = unless_matching(raw, _CODE, _compact)
    shaped = code.str.contains(_CODE)
    return code.set(~(shaped.fill_null(False) & uscc.is_valid(code)), None)


def _compact(raw: pl.Series) -> pl.Series:
    return raw.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[\s\-]", "")


def organisation(raw: pl.Series) -> pl.Series:
    """The organisation code (GB 11714), however told: characters 9–17 of a valid unified code, the
    code itself, or the end of a tax number from before 2015; null where none is valid.

    >>> organisation(pl.Series(["91110108MA01KP2T5U", "MA01KP2T-5", "110108551385082"])).to_list()
    ['MA01KP2T5', 'MA01KP2T5', '551385082']
    """
    unified = valid_uscc(raw).str.slice(8, 9)
    rest = raw.set(unified.is_not_null(), None)
    if not rest.null_count() < len(rest):
        return unified
    code = organisation_code.normalise(rest)
    code = code.set(~organisation_code.is_valid(code) | (code == _NO_ORGANISATION), None)
    number = tax_number.normalise(rest)
    old = tax_number.old_organisation_fits(number) & ~registration_number.is_valid(number)
    old = old & ~id_number.is_old_person(
        number
    )  # a sole trader's number: the owner's, of each shop
    return pl.select(pl.coalesce(unified, code, number.set(~old, None).str.slice(6))).to_series()


def registration(raw: pl.Series) -> pl.Series:
    """The business registration number (工商注册号) where its check digit is right.

    >>> registration(pl.Series(["110108 000000016", "110108000000017"])).to_list()
    ['110108000000016', None]
    """
    number = registration_number.normalise(raw)
    wrong = ~registration_number.is_valid(number) | number.is_in(_NO_REGISTRATION)
    return number.set(wrong, None)


_NO_ORGANISATION = "000000000"
_NO_REGISTRATION = ["123456789012345"]
"""What people type to fill the field, and passes the check."""


def phones(raw: pl.Series) -> pl.Series:
    """One number each, as digits without country code, separators and extension; null below 7.

    A landline that is written internationally gets its 0 back: +86 571 … is 0571 ….

    >>> phones(pl.Series(["+86 138-0013-8000", "0571-8888 6666转802", "110"])).to_list()
    ['13800138000', '057188886666', None]
    >>> phones(pl.Series(["+86-571-88886666", "0571-88886666-802", "010-8888-6666"])).to_list()
    ['057188886666', '057188886666', '01088886666']
    """
    digits = unless_matching(raw, r"^(?:1[3-9]\d{9}|0[1-9]\d{8,10})$", _digits)
    return digits.set(digits.str.len_chars() < 7, None)


def _digits(raw: pl.Series) -> pl.Series:
    narrow = unless_matching(raw, r"^[ -~]*$", lambda few: few.str.normalize("NFKC"))
    number = narrow.str.replace(r"(?i)(转|ext\.?|x|#).*$", "").str.strip_chars()
    number = number.str.replace(_EXTENSION, "$1").str.replace_all(r"\D", "").str.replace(r"^00", "")
    number = number.str.replace(r"^86(1[3-9]\d{9}|0\d{9,11})$", "$1")
    return number.str.replace(r"^86(10\d{8}|2\d{9}|[3-9]\d{9,10})$", "0$1")


def emails(raw: pl.Series) -> pl.Series:
    """One address each, in lower case; null where it is none.

    >>> emails(pl.Series(["Info@Hengtong.example", "无"])).to_list()
    ['info@hengtong.example', None]
    """
    text = unless_matching(raw, _LOWER, _lowered)
    return text.set(~text.str.contains(r"^[^@]+@[^@]+\.[^@]+$"), None)


def _lowered(raw: pl.Series) -> pl.Series:
    return raw.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s", "")


FREE_MAIL = [
    "gmail.com", "googlemail.com", "hotmail.com", "outlook.com", "live.com", "msn.com",
    "yahoo.com", "yahoo.co.uk", "icloud.com", "me.com", "aol.com", "gmx.de", "gmx.net", "web.de",
    "t-online.de", "protonmail.com", "mail.com", "mail.ru", "yandex.ru", "qq.com", "foxmail.com",
    "163.com", "126.com", "yeah.net", "sina.com", "sina.cn", "sohu.com", "aliyun.com", "139.com",
    "189.cn", "21cn.com", "orange.fr", "free.fr", "libero.it",
]  # fmt: skip
"""Domains that say nothing about a company."""


def domains(raw: pl.Series) -> pl.Series:
    """Host name of one web or mail address each, without `www.`; null for free mailboxes.

    >>> domains(pl.Series(["a@Acme.example", "x@gmail.com", "https://www.acme.example/shop"])).to_list()
    ['acme.example', None, 'acme.example']
    """
    host = _lowered(raw).str.replace(r"^[a-z]+://", "").str.replace(r"^.*@", "")
    host = host.str.replace(r"[/?#:].*$", "").str.replace(r"^www\d?\.", "")
    named = host.str.contains(r"^[^.]+(\.[^.]+)+$") & ~host.is_in(FREE_MAIL)
    return host.set(~named, None)
