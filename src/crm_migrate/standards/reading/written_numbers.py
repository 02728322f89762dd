"""Numbers as people write them: with units (12万, 50w), in steps (1亿2000万), in Chinese numerals.

Basis: GB/T 15835-2011 for digits and their groups, 《支付结算办法》 annex 1 for capital numerals
(壹贰叁…). `w` and `k` are 万 and 千, as people type them. What is no one number is told apart:
ranges, and estimates or limits.
"""

from functools import cache

import polars as pl

from crm_migrate.standards.columns.characters import compact, narrow
from crm_migrate.standards.columns.decimals import plain, shifted
from crm_migrate.standards.columns.residue import change_where, holds, per_distinct
from crm_migrate.standards.reading.numerals import decimal_of

POWERS = {
    "十": 1, "百": 2, "佰": 2, "千": 3, "仟": 3, "k": 3, "K": 3, "万": 4, "萬": 4, "w": 4, "W": 4,
    "十万": 5, "百万": 6, "千万": 7, "仟万": 7, "亿": 8, "億": 8, "十亿": 9, "百亿": 10, "千亿": 11,
    "万亿": 12,
}  # fmt: skip
"""The powers of ten of the units."""
_UNITS = "|".join(sorted(POWERS, key=len, reverse=True))
_WRITTEN = rf"^(.*?)个?({_UNITS})?([元圆块])?$"
_N = r"[0-9]+(?:\.[0-9]+)?"
_STEPS = (
    rf"^-?{_N}亿[0-9.]+(?:千万|万)?元?$|^-?{_N}万[0-9.]+[千百]?元?$|"
    r"^-?(?:[0-9]+[元块])?[0-9]角(?:[0-9]分)?$|^-?[0-9]+[元块][0-9]{1,2}分$"
)
"""1亿2000万, 120万5千, 100元5角: a unit and what is left over in a smaller one."""
_UNIT_ALONE = rf"^(?:{_UNITS})?元?$"
RANGE = r"[0-9万亿元人wWkK%％]\s*(?:[-~～至到—–]|--)\s*[0-9]"
ESTIMATE = (
    r"约|大概|大约|左右|上下|以上|以下|以内|之内|不低于|不少于|不超过|至少|最多|起|余|多|近|超过?|不足|不到|"
    r"少于|大于|小于|[><≥≤+＋]|几[十百千万]|数[十百千万]|十几|上[百千万]|成[百千万]|预计|暂定"
)
"""Words and signs of an estimate or a limit, where they stand with a number."""
_NUMBER = r"[0-9一-十百千万亿]"
_GROUPED = r"(?:^|[^0-9 ])[0-9]{1,3}(?: [0-9]{3})+(?:[^0-9 ]|$)"


def read(text: pl.Series, power: int = 0) -> pl.Series:
    """Plain decimals of compact texts, null for what is no number.

    A number without a unit counts 10^`power`, and so does one in the answer.

    >>> read(pl.Series(["1.2亿", "50w", "1亿2000万", "一点二万", "3.5个亿", "百万"])).to_list()
    ['120000000', '500000', '120000000', '12000', '350000000', None]
    >>> read(pl.Series(["120", "一百二十万", "1,200,000元"]), 4).to_list()
    ['120', '120', '120']
    """
    number = text.str.extract(_whole(power), 1)
    other = number.is_null() & text.is_not_null()
    return change_where(number, other, lambda _: _read(text.filter(other), power))


@cache
def _whole(power: int) -> str:
    """Digits alone, or with the unit that a number without one has: most amounts."""
    units = "|".join(unit for unit, its in POWERS.items() if its == power)
    return rf"^([1-9][0-9]*)(?:(?:{units})[元圆块]?)?$"


def _read(text: pl.Series, power: int) -> pl.Series:
    number = plain(text.str.extract(_WRITTEN, 1).str.replace(r"^([0-9.,]+[0-9])-$", "-$1"))
    unit = text.str.extract(_WRITTEN, 2)
    named = unit.is_not_null() | text.str.extract(_WRITTEN, 3).is_not_null()
    powers = unit.replace_strict(POWERS, default=0, return_dtype=pl.Int64)
    powers = powers.zip_with(named, pl.Series([power]).new_from_index(0, len(text)))
    for one in powers.unique().to_list():
        number = shifted(number, one - power).zip_with(powers == one, number)
    words = number.is_null() & (
        holds(text.str.contains(r"^负?\p{Han}+$"))
        & ~(holds(text.str.contains(_UNIT_ALONE)) & ~holds(text.str.contains("^[十拾]")))
        | holds(text.str.contains(_STEPS))
    )
    return change_where(
        number, words, lambda _: shifted(per_distinct(text.filter(words), decimal_of), -power)
    )


def side_by_side(raw: pl.Series) -> pl.Series:
    r"""True where two numbers stand beside or below each other, which no one may run together.

    Blanks between groups of three digits are one number's (GB/T 15835-2011).

    >>> side_by_side(pl.Series(["100\n200", "50 60", "1 234 567.5", "100 万", None])).to_list()
    [True, True, False, False, False]
    """
    lines = raw.str.contains(r"[0-9０-９]\s*[\r\n]\s*[0-9０-９]")
    blank = holds(raw.str.contains(r"[0-9０-９]\s+[0-9０-９]"))
    if not blank.any():
        return holds(lines)
    text = narrow(raw)
    apart = text.str.contains("[0-9] [0-9]") & ~text.str.contains(_GROUPED)
    return holds(lines) | (blank & holds(apart))


def is_range(raw: pl.Series) -> pl.Series:
    """True where two ends stand in place of a number.

    >>> is_range(pl.Series(["50-100万", "100人至200人", "-5"])).to_list()
    [True, True, False]
    """
    return compact(raw).str.contains(RANGE)


def is_estimate(raw: pl.Series) -> pl.Series:
    """True where an estimate or a limit stands in place of a number.

    >>> is_estimate(pl.Series(["约500人", "500+", "上百人", "很多"])).to_list()
    [True, True, True, False]
    """
    text = compact(raw)
    return text.str.contains(ESTIMATE) & text.str.contains(_NUMBER)
