"""Organisation code 组织机构代码: since 2015 it stands inside the unified social credit code.

Basis: GB 11714-1997. Eight digits or letters (A = 10 … Z = 35, other values than those of the
unified code) and a check digit 0–9 or X; people write `XXXXXXXX-X`.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import as_mask, code_points, lookup, tidy
from crm_migrate.standards.columns.covering import COVERED_NUMBER, ends
from crm_migrate.standards.columns.invented import INVENTED, invented
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.columns.surroundings import alone, unpunctuated
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.rule_families import covered, made_up, normalised

BASIS = Text("GB 11714-1997", "GB 11714-1997《全国组织机构代码编制规则》")
CANONICAL = r"^[0-9A-Z]{8}[0-9X]$"
_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int16)
_VALUES = lookup({c: i for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")})
_CHECKS = np.array([ord(c) for c in "0123456789X0"], dtype=np.int16)

_LABEL = r"(?:全国)?(?:组织)?机构代?码(?:证)?号?|no[.:]"
"""What people type in front of the number."""
NORMALISED = normalised("organisation_code", "organisation code", "组织机构代码")
COVERED = covered("organisation_code", "organisation code", "组织机构代码", "5513****2")
FORMAT = Rule(
    "organisation_code.format",
    Severity.WARNING,
    Text(
        "The organisation code is not eight digits or letters and a check digit",
        "组织机构代码不是 8 位数字或字母加 1 位校验码",
    ),
    Text(
        "Compare it with the certificate; better ask for the unified social credit code.",
        "请与组织机构代码证核对；建议补录统一社会信用代码。",
    ),
)
CHECKSUM = Rule(
    "organisation_code.checksum",
    Severity.WARNING,
    Text("The check digit of the organisation code does not fit", "组织机构代码校验码不符"),
    Text(
        "Probably a character was mistyped, or two were exchanged. Compare it with the "
        "certificate.",
        "多为个别字符录错或前后颠倒，请与组织机构代码证核对。",
    ),
)
LEADING_ZERO = Rule(
    "organisation_code.leading_zero",
    Severity.WARNING,
    Text(
        "A zero in front of the organisation code was probably lost: with it the check digit fits",
        "组织机构代码首位的 0 疑似丢失（补 0 后校验码相符）",
    ),
    Text(
        "A spreadsheet stored it as a number. Compare it with the certificate.",
        "曾被电子表格存为数字，请与组织机构代码证核对。",
    ),
)
MADE_UP = made_up("organisation_code", "organisation code", "组织机构代码")
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT, CHECKSUM, MADE_UP, COVERED, LEADING_ZERO)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Nine half-width capitals without the hyphen; anything else stays as typed.

    >>> normalise(pl.Series(["d2143569-x", "５５１３８５０８ － ２", "待查"])).to_list()
    ['D2143569X', '551385082', '待查']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = unpunctuated(alone(raw, _LABEL)).str.to_uppercase()
    code = code.str.replace(r"^([0-9A-Z]{8})[×✕✖╳]$", "${1}X")
    return code.zip_with(holds(code.str.contains(r"^[0-9A-Z]{8,10}$")), tidy(raw))


def points_fit(points: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Whether the ninth character checks the eight before it; `points` is (n, 9), code points.

    Formula: c9 = 11 − Σ cᵢ·wᵢ mod 11, written X for 10 and 0 for 11; GB 11714-1997.
    """
    remainders = (_VALUES[points[:, :8]] @ _WEIGHTS) % 11
    fits: npt.NDArray[np.bool_] = _CHECKS[11 - remainders] == points[:, 8]
    return fits


def checksum_fits(codes: pl.Series) -> pl.Series:
    """Whether the check digit fits; every value must match `CANONICAL`.

    >>> checksum_fits(pl.Series(["D2143569X", "MA01KP2T5", "MA01KP2T6"])).to_list()
    [True, True, False]
    """
    return as_mask(codes.name, points_fit(code_points(codes, 9)))


def is_valid(value: pl.Series) -> pl.Series:
    """True for nine characters whose check digit fits; false for null."""
    formed = value.str.contains(CANONICAL) & ~value.str.contains(INVENTED)
    return mask_where(value, formed, checksum_fits)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form and check digit.

    >>> typed = pl.Series(["551385082", "551385083"])
    >>> {rule.code: rows.to_list() for rule, rows in validate(typed, typed) if rows.any()}
    {'organisation_code.checksum': [False, True]}
    """
    repeated = invented(value, 8)
    yield MADE_UP, repeated
    formed = holds(value.str.contains(CANONICAL)) & ~repeated
    other = value.is_not_null() & ~formed & ~repeated
    hidden = mask_where(value, other, lambda v: v.str.contains(COVERED_NUMBER))
    yield COVERED, hidden
    short = mask_where(value, other, lambda v: v.str.contains(r"^[0-9]{7}[0-9X]$"))
    lost = mask_where(value, short, lambda v: is_valid("0" + v))
    yield LEADING_ZERO, lost
    yield FORMAT, other & ~hidden & ~lost
    yield CHECKSUM, formed & ~mask_where(value, formed, checksum_fits)


def format(value: pl.Series) -> pl.Series:
    """As the certificate prints it.

    >>> format(pl.Series(["D2143569X"])).to_list()
    ['D2143569-X']
    """
    formed = value.str.contains(CANONICAL)
    return change_where(value, formed, lambda v: v.str.head(8) + "-" + v.str.tail(1))


def mask(value: pl.Series) -> pl.Series:
    """The first two characters and the last one; other text wholly covered.

    >>> mask(pl.Series(["D2143569X", "待查"])).to_list()
    ['D2******X', '***']
    """
    formed = value.str.contains(CANONICAL)
    return ends(value, formed, 2, "******", 1)
