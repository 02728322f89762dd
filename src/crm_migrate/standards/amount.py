"""Amounts of money in CNY, converted into the field's unit.

Basis: GB/T 15835-2011 for digits, 《支付结算办法》 annex 1 for capital numerals (壹贰叁…). A number
without a unit is in the field's unit; other currencies, ranges and “about” are not guessed.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import compact
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.decimals import PLAIN_DECIMAL, plain, shifted
from crm_migrate.standards.numerals import decimal_of
from crm_migrate.standards.residue import (
    change_where,
    holds,
    mask_where,
    per_distinct,
    unless_matching,
)

BASIS = Text(
    "GB/T 15835-2011; Payment and Settlement Measures, annex 1",
    "GB/T 15835-2011、《支付结算办法》附件一",
)
CANONICAL = PLAIN_DECIMAL
_POWERS = {
    "十": 1,
    "百": 2,
    "千": 3,
    "万": 4,
    "十万": 5,
    "百万": 6,
    "千万": 7,
    "亿": 8,
    "十亿": 9,
    "百亿": 10,
}
_CURRENCY = r"(?i)\$|€|£|usd|eur|gbp|hkd|jpy|美元|美金|欧元|英镑|港元|港币|日元"
_RANGE = r"[0-9万亿元]\s*[-~～至到—–]\s*[0-9]"

_CORRECT = Text("Correct the amount in the source.", "请在源数据中更正金额。")
NORMALISED = normalised("amount", "amount", "金额")
UNREADABLE = Rule(
    "amount.unreadable",
    Severity.WARNING,
    Text("This cannot be read as an amount and was left out", "无法识别为金额，已置空"),
    _CORRECT,
)
CURRENCY = Rule(
    "amount.currency",
    Severity.WARNING,
    Text("The amount is in another currency and was left out", "金额为外币，已置空"),
    Text("Convert it to CNY in the source.", "请在源数据中换算为人民币。"),
)
RANGE = Rule(
    "amount.range",
    Severity.WARNING,
    Text("A range stands in place of an amount and was left out", "填写的是金额区间，已置空"),
    Text("Decide on one amount.", "请填写一个确定的金额。"),
)
MAGNITUDE = Rule(
    "amount.magnitude",
    Severity.WARNING,
    Text(
        "The amount is over 10 billion CNY: perhaps it was given in another unit",
        "金额超过 100 亿元，单位可能有误",
    ),
    Text("Check whether the column is in 元 or 万元.", "请确认该列单位是元还是万元。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, UNREADABLE, CURRENCY, RANGE, MAGNITUDE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Plain decimals in the field's unit; null where there is no one amount in CNY.

    >>> in_wan = Context(unit="万元")
    >>> normalise(pl.Series(["120", "１，２００，０００元", "1.2亿", "约50"]), in_wan).to_list()
    ['120', '120', '12000', None]
    >>> normalise(pl.Series(["壹佰万元整"]), in_wan).to_list()
    ['100']
    >>> normalise(pl.Series(["¥1,200.50", "12万"]), Context(unit="元")).to_list()
    ['1200.5', '120000']
    """
    field_power = power_of(context.unit)
    return unless_matching(raw, CANONICAL, lambda few: _repaired(few, field_power))


def power_of(unit: str | None) -> int:
    """The power of ten of a unit in 元: 万元 → 4; 0 without a unit.

    >>> power_of("万元"), power_of("元"), power_of(None)
    (4, 0, 0)
    """
    return _POWERS.get((unit or "").removesuffix("元"), 0)


def _repaired(raw: pl.Series, field_power: int) -> pl.Series:
    text = (
        compact(raw)
        .str.replace(r"^(?:人民币|(?i:rmb|cny)|[¥￥])[::]?", "")
        .str.replace(r"^-¥", "-")
    )
    text = text.str.replace(r"(?:人民币|(?i:rmb|cny))$", "").str.replace(r"[整正]$", "")
    written = r"^(.*?)(十亿|百亿|千万|百万|十万|亿|万|千|百)?([元圆])?$"
    number = plain(text.str.extract(written, 1))
    unit = text.str.extract(written, 2)
    named = unit.is_not_null() | text.str.extract(written, 3).is_not_null()
    powers = unit.replace_strict(_POWERS, default=0, return_dtype=pl.Int64)
    powers = powers.zip_with(named, pl.Series([field_power]).new_from_index(0, len(raw)))
    for power in powers.unique().to_list():
        number = shifted(number, power - field_power).zip_with(powers == power, number)
    in_words = number.is_null() & holds(text.str.contains(r"^[负]?\p{Han}+$"))
    words = text.set(~in_words, None)
    return change_where(
        number, in_words, lambda _: shifted(_spelled(words.filter(in_words)), -field_power)
    )


def _spelled(words: pl.Series) -> pl.Series:
    return per_distinct(words, decimal_of)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What could not be read, and amounts that are beyond belief."""
    missing = raw.is_not_null() & value.is_null()
    currency = mask_where(raw, missing, lambda r: compact(r).str.contains(_CURRENCY))
    between = mask_where(raw, missing & ~currency, lambda r: compact(r).str.contains(_RANGE))
    yield CURRENCY, currency
    yield RANGE, between
    yield UNREADABLE, missing & ~currency & ~between
    digits = 10 - power_of(context.unit)
    yield MAGNITUDE, value.str.contains(f"^-?[1-9][0-9]{{{max(digits, 1)},}}")


def format(value: pl.Series) -> pl.Series:
    """With groups of thousands.

    >>> format(pl.Series(["1200000.5", "-999"])).to_list()
    ['1,200,000.5', '-999']
    """
    whole = value.str.extract(r"^-?([0-9]+)", 1)
    grouped = whole.str.reverse().str.replace_all(r"([0-9]{3})", "$1,").str.reverse()
    sign = value.str.extract("^(-?)", 1)
    return sign + grouped.str.strip_chars_start(",") + value.str.extract(r"((?:\.[0-9]+)?)$", 1)


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it."""
    return value.str.head(0) + "***"
