"""Percentages; `60` means 60 %.

Basis: GB/T 15835-2011. A number below one without a sign (0.6) is ambiguous: it stays 0.6 and is
reported.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import compact
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.decimals import PLAIN_DECIMAL, plain, shifted
from crm_migrate.standards.residue import change_where, holds, unless_matching

BASIS = Text("GB/T 15835-2011", "GB/T 15835-2011《出版物上数字用法》")
CANONICAL = PLAIN_DECIMAL
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
RULES: tuple[Rule, ...] = (NORMALISED, UNREADABLE, FRACTION, RANGE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The number before the % sign; tenths (成) and ‰ are converted.

    >>> normalise(pl.Series(["60%", "６０．５％", "0.6", "6成", "high"])).to_list()
    ['60', '60.5', '0.6', '60', None]
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = compact(raw).str.replace("^百分之", "")
    number = plain(text.str.replace("[%成‰]$", ""))
    number = change_where(number, text.str.ends_with("成"), lambda n: shifted(n, 1))
    return change_where(number, text.str.ends_with("‰"), lambda n: shifted(n, -1))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What could not be read, fractions without sign, values outside 0–100."""
    yield UNREADABLE, raw.is_not_null() & value.is_null()
    fraction = holds(value.str.contains(r"^0\.")) & ~holds(raw.str.contains("[%％成‰]"))
    yield FRACTION, fraction | holds((value == "1") & (raw != "1%") & (raw != "1％"))
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
