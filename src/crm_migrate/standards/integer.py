"""Whole numbers, counts of people and things included.

Basis: GB/T 15835-2011 (digits and their grouping). A counter (500人) goes; ranges, “about” and
limits are not guessed. The writings stand in `written_numbers`.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.residue import holds, mask_where, unless_matching
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading import written_numbers
from crm_migrate.standards.rule_families import normalised

BASIS = Text("GB/T 15835-2011", "GB/T 15835-2011《出版物上数字用法》")
CANONICAL = r"^(?:0|-?[1-9][0-9]{0,17})$"
_COUNTER = (
    r"([0-9零〇一二两三四五六七八九十百千万亿])"
    r"(?:[人名位个家台套件辆户次份项条张只间栋层岁](?:人|员工|客户)?|员工)$"
)
"""What is counted, behind the number."""
NORMALISED = normalised("integer", "number", "整数")
UNREADABLE = Rule(
    "integer.unreadable",
    Severity.WARNING,
    Text("This cannot be read as a whole number and was left out", "无法识别为整数，已置空"),
    Text("Correct the number in the source.", "请在源数据中更正。"),
)
_ONE = Text("Decide on one number.", "请填写一个确定的数。")
RANGE = Rule(
    "integer.range",
    Severity.WARNING,
    Text("A range stands in place of a number and was left out", "填写的是数值区间，已置空"),
    _ONE,
)
ESTIMATE = Rule(
    "integer.estimate",
    Severity.WARNING,
    Text(
        "An estimate or a limit stands in place of a number and was left out",
        "填写的是约数或上下限，已置空",
    ),
    _ONE,
)
RULES: tuple[Rule, ...] = (NORMALISED, UNREADABLE, RANGE, ESTIMATE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Digits without leading zeros and grouping; null where there is no whole number.

    >>> normalise(pl.Series(["１,200", "3.0", "007", "-0", "3.5", "many"])).to_list()
    ['1200', '3', '7', '0', None, None]
    >>> normalise(pl.Series(["500人", "1.2千", "一百二十名", "约500人", "100-200"])).to_list()
    ['500', '1200', '120', None, None]
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = compact(raw)
    no_count = written_numbers.side_by_side(raw) | holds(text.str.contains("[元圆块角分]$"))
    text = text.set(no_count, None)
    number = written_numbers.read(text.str.replace(_COUNTER, "$1"))
    return number.set(~holds(number.str.contains(CANONICAL)), None)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What could not be read, and what is no one number."""
    missing = raw.is_not_null() & value.is_null()
    between = mask_where(raw, missing, written_numbers.is_range)
    estimate = mask_where(raw, missing & ~between, written_numbers.is_estimate)
    yield RANGE, between
    yield ESTIMATE, estimate
    yield UNREADABLE, missing & ~between & ~estimate


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it."""
    return value.str.head(0) + "***"
