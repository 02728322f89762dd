"""What cells hold in the place of one unified social credit code: labels, letters typed for digits,
several codes, a number of the time before 2015 beside it.

Basis: GB 32100-2015 (the letters that it leaves out are those that are mistaken for digits) and
what business licences print beside the code. The checks are handed in by `standards.uscc`.
"""

from collections.abc import Callable

import polars as pl

from crm_migrate.standards.columns.characters import narrow
from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.columns.surroundings import alone, unpunctuated

CODE = "[0-9A-HJ-NP-RTUWXY]{18}"
"""A regex: 31 characters, no I O Z S V."""
Check = Callable[[pl.Series], pl.Series]
"""True where all checks of a code fit."""

_LABEL = (
    r"(?:统一|社会)*信用代?码(?:证书?)?(?:编?号)?(?:[/(或](?:营业执照)?(?:注册号|税号|纳税人识别号)\)?)?"
    r"|税号|纳税人(?:识别|登记)号|营业执照(?:编?号码?)?|三证合一[号码]?"
    r"|uscc|(?:unified)?socialcredit(?:code|no\.?|number|identifier)|no\.?"
)
"""What people type in front of the number; no code has an O in it."""
_LIKE_DIGITS = {"l": "1", "I": "1", "i": "1", "O": "0", "o": "0", "Z": "2", "z": "2", "S": "5",
                "s": "5", "V": "U", "v": "U"}  # fmt: skip
"""The letters that the standard leaves out since they are mistaken for these, and the small l."""
_SEVERAL = rf"^\s*({CODE})(?:[\s,;、/|]+{CODE})+\s*$"
_BETWEEN = r"[,;、/|()\[\]]*(?:原|旧)?(?:营业执照|工商|企业)?(?:注册号|组织机构代码|税号)?:?"
_OLD = r"(?:[0-9A-Z]{8}-?[0-9X]|[0-9]{6}[0-9A-Z]{8}[0-9X])"
_OLD_BEHIND = rf"^({CODE}){_BETWEEN}({_OLD})[)\]]?$"
_OLD_IN_FRONT = rf"^({_OLD})[,;、/|]*({CODE})$"


def written(raw: pl.Series) -> pl.Series:
    """The cell without label, notes, blanks and hyphens; case stays."""
    return unpunctuated(alone(raw, _LABEL))


def letters_as_digits(typed: pl.Series) -> pl.Series:
    """What `written` gives, with the letters that no code has read as what they look like.

    >>> letters_as_digits(pl.Series(["9l350IOO", "9L35V"])).to_list()
    ['91350100', '9L35U']
    """
    return typed.str.replace_many(_LIKE_DIGITS).str.to_uppercase()


def letters_read(raw: pl.Series, code: pl.Series) -> pl.Series:
    """True where `code` was read out of `raw` by other digits than stand there."""
    typed = written(raw)
    return holds(typed.str.contains(r"^[0-9A-Za-z]{18}$") & (typed.str.to_uppercase() != code))


def first_of(raw: pl.Series) -> pl.Series:
    """The first code of cells that hold nothing but codes; null elsewhere."""
    return _upper(raw).str.extract(_SEVERAL, 1)


def are_several(raw: pl.Series) -> pl.Series:
    """True where different codes stand in the cell; the same one twice is one.

    >>> are_several(pl.Series(["91350100M000100Y43 / 91350100m000100y43",
    ...                        "91350100M000100Y43、9111010894Y6W19290"])).to_list()
    [False, True]
    """
    return holds(_upper(raw).str.extract_all(CODE).list.n_unique() > 1)


def _upper(raw: pl.Series) -> pl.Series:
    """Cells that are long enough for two codes, half width; null elsewhere."""
    long = raw.set(holds(raw.str.len_chars() <= 36), None)
    return narrow(long).str.to_uppercase()


def beside_old(raw: pl.Series, fits: Check) -> tuple[pl.Series, pl.Series]:
    """Of cells that hold a code and a number of before 2015: both; null where the code does not
    fit, and for all other cells.

    >>> typed = ["91110108551385082Q（原注册号：110108000000016）", "55138508-2/91110108551385082Q"]
    >>> code, old = beside_old(pl.Series([*typed, "同上"]), lambda c: holds(c.is_not_null()))
    >>> old.to_list()
    ['110108000000016', '55138508-2', None]
    """
    longer = raw.set(holds(raw.str.len_chars() < 27), None)
    text = alone(longer, _LABEL).str.to_uppercase()
    code, old = text.str.extract(_OLD_BEHIND, 1), text.str.extract(_OLD_BEHIND, 2)
    second = text.str.extract(_OLD_IN_FRONT, 2)
    instead = fits(second) & ~fits(code)
    code = second.zip_with(instead, code)
    old = text.str.extract(_OLD_IN_FRONT, 1).zip_with(instead, old)
    wrong = ~fits(code)
    return code.set(wrong, None), old.set(wrong, None)
