"""Percentages; `60` means 60 %.

Basis: GB/T 15835-2011. A number below one without a sign (0.6) is ambiguous: it stays 0.6 and is
reported.
"""

import re

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.decimals import PLAIN_DECIMAL, plain, shifted
from crm_migrate.standards.columns.residue import (
    change_where,
    holds,
    mask_where,
    per_distinct,
    unless_matching,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.numerals import decimal_of, number_of
from crm_migrate.standards.reading.written_numbers import is_estimate, is_range
from crm_migrate.standards.rule_families import normalised

BASIS = Text("GB/T 15835-2011", "GB/T 15835-2011《出版物上数字用法》")
CANONICAL = PLAIN_DECIMAL
_TENTHS = re.compile("^([一二三四五六七八九十])成([一二三四五六七八九])?$")
NORMALISED = normalised("percentage", "percentage", "百分比")
UNREADABLE = Rule(
    "percentage.unreadable",
    Severity.WARNING,
    Text("This cannot be read as a percentage and was left out", "无法识别为百分比，已置空"),
    Text("Correct it in the source, e.g. 60%.", "请在源数据中更正，如 60%。"),
)
FRACTION = Rule(
    "percentage.fraction",
    Severity.WARNING,
    Text(
        "A number below 1 without % sign: 0.6 may mean 60 %", "小于 1 且无百分号：0.6 可能表示 60%"
    ),
    Text(
        "Format the column as a percentage in the source, or map its values.",
        "请在源表中设置为百分比格式，或在取值映射中说明。",
    ),
)
RANGE = Rule(
    "percentage.range",
    Severity.WARNING,
    Text("The percentage is not between 0 and 100", "百分比不在 0–100 之间"),
    Text("Correct it in the source.", "请在源数据中更正。"),
)
ESTIMATE = Rule(
    "percentage.estimate",
    Severity.WARNING,
    Text(
        "An estimate, a limit or a range stands in place of a percentage and was left out",
        "填写的是约数、上下限或区间，已置空",
    ),
    Text("Decide on one percentage.", "请填写一个确定的百分比。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, UNREADABLE, ESTIMATE, FRACTION, RANGE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The number before the % sign; tenths (成) and ‰ are converted, Chinese numerals read.

    >>> normalise(pl.Series(["60%", "６０．５％", "0.6", "6成", "high"])).to_list()
    ['60', '60.5', '0.6', '60', None]
    >>> normalise(pl.Series(["百分之六十", "三成五", "千分之五", "百分百", "60%-70%"])).to_list()
    ['60', '35', '0.5', '100', None]
    >>> normalise(pl.Series(["百分之三点五", "约五成"])).to_list()
    ['3.5', None]
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = compact(raw).str.replace("^千分之(.+)$", "$1‰").str.replace("^百分之", "")
    number = plain(text.str.replace("[%成‰]$", ""))
    spelled = number.is_null() & holds(text.str.contains(r"^\p{Han}+[%‰]?$"))
    number = change_where(number, spelled, lambda _: per_distinct(text.filter(spelled), _in_words))
    number = change_where(number, holds(text.str.contains("^[0-9.]+成$")), lambda n: shifted(n, 1))
    return change_where(number, text.str.ends_with("‰"), lambda n: shifted(n, -1))


def _in_words(text: str) -> str | None:
    """六十 → 60, 三成五 → 35, 百分百 → 100; None for other words."""
    if text in ("百分百", "百"):
        return "100"
    tens = _TENTHS.match(text)
    if tens:
        whole, rest = (number_of(part) if part else 0 for part in tens.groups())
        return None if whole is None or rest is None else str(whole * 10 + rest)
    found = number_of(text.rstrip("%‰"))
    return decimal_of(text.rstrip("%‰")) if found is None else str(found)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What is no one number or unreadable, fractions without sign, values outside 0–100."""
    missing = raw.is_not_null() & value.is_null()
    estimate = mask_where(raw, missing, lambda few: holds(is_range(few)) | holds(is_estimate(few)))
    yield ESTIMATE, estimate
    yield UNREADABLE, missing & ~estimate
    fraction = holds(value.str.contains(r"^0\.")) & ~holds(raw.str.contains("[%％成‰分]"))
    yield FRACTION, fraction | holds((value == "1") & ~raw.str.contains("[%％‰分一]"))
    number = value.cast(pl.Float64, strict=False)
    yield RANGE, (number < 0) | (number > 100)


def format(value: pl.Series) -> pl.Series:
    """With the % sign.

    >>> format(pl.Series(["60"])).to_list()
    ['60%']
    """
    return value + "%"


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it."""
    return value.str.head(0) + "***"
