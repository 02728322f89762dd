"""Amounts of money in CNY, converted into the field's unit.

Basis: GB/T 15835-2011 for digits, 《支付结算办法》 annex 1 for capital numerals (壹贰叁…). A number
without a unit is in the field's unit; other currencies, ranges, “about” and limits are not
guessed. `w` and `k` are 万 and 千, as people type them.
"""

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
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.reading.numerals import decimal_of

BASIS = Text(
    "GB/T 15835-2011; Payment and Settlement Measures, annex 1",
    "GB/T 15835-2011、《支付结算办法》附件一",
)
CANONICAL = PLAIN_DECIMAL
_POWERS = {
    "十": 1, "百": 2, "佰": 2, "千": 3, "仟": 3, "k": 3, "K": 3, "万": 4, "萬": 4, "w": 4, "W": 4,
    "十万": 5, "百万": 6, "千万": 7, "仟万": 7, "亿": 8, "億": 8, "十亿": 9, "百亿": 10, "千亿": 11,
    "万亿": 12,
}  # fmt: skip
_UNITS = "|".join(sorted(_POWERS, key=len, reverse=True))
_WRITTEN = rf"^(.*?)({_UNITS})?([元圆块])?$"
_STEPS = (
    r"^-?[0-9]+(?:\.[0-9]+)?亿[0-9.]+(?:千万|万)?元?$|^-?[0-9]+(?:\.[0-9]+)?万[0-9.]+[千百]?元?$"
)
"""1亿2000万, 120万5千: a unit and what is left over in a smaller one."""
_CURRENCY = (
    r"(?i)\$|€|£|₩|₽|฿|usd|eur|gbp|hkd|jpy|aud|cad|chf|sgd|twd|ntd|mop|krw|rub|thb|inr|"
    "美元|美金|美刀|欧元|英镑|港元|港币|日元|日圆|韩元|韩币|澳元|加元|瑞士法郎|卢布|泰铢|新加坡元|新币|"
    "台币|澳门元|葡币|卢比|外币"
)
_RANGE = r"[0-9万亿元wWkK]\s*(?:[-~～至到—–]|--)\s*[0-9]"
_ESTIMATE = (
    r"约|大概|大约|左右|上下|以上|以下|以内|之内|不低于|不少于|不超过|至少|最多|起|余|多|近|超过?|不足|"
    r"[><≥≤+＋]|几[十百千万]|数[十百千万]|预计|暂定"
)

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
ESTIMATE = Rule(
    "amount.estimate",
    Severity.WARNING,
    Text(
        "An estimate or a limit stands in place of an amount and was left out",
        "填写的是约数或上下限，已置空",
    ),
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
RULES: tuple[Rule, ...] = (NORMALISED, UNREADABLE, CURRENCY, RANGE, ESTIMATE, MAGNITUDE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Plain decimals in the field's unit; null where there is no one amount in CNY.

    >>> in_wan = Context(unit="万元")
    >>> normalise(pl.Series(["120", "１，２００，０００元", "1.2亿", "约50"]), in_wan).to_list()
    ['120', '120', '12000', None]
    >>> normalise(pl.Series(["壹佰万元整", "1亿2000万", "50w", "50-100万"]), in_wan).to_list()
    ['100', '12000', '50', None]
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
    text = text.str.replace(r"\(?(?:人民币元?|(?i:rmb|cny))\)?$", "").str.replace(r"[整正]$", "")
    text = text.str.replace(r"\(((?:[十百千]?[万亿])?元)\)$", "$1")
    number = plain(text.str.extract(_WRITTEN, 1).str.replace(r"^([0-9.,]+)-$", "-$1"))
    unit = text.str.extract(_WRITTEN, 2)
    named = unit.is_not_null() | text.str.extract(_WRITTEN, 3).is_not_null()
    powers = unit.replace_strict(_POWERS, default=0, return_dtype=pl.Int64)
    powers = powers.zip_with(named, pl.Series([field_power]).new_from_index(0, len(raw)))
    for power in powers.unique().to_list():
        number = shifted(number, power - field_power).zip_with(powers == power, number)
    words = number.is_null() & (
        holds(text.str.contains(r"^负?\p{Han}+$"))
        & ~holds(text.str.contains(rf"^(?:{_UNITS})?元?$"))
        | holds(text.str.contains(_STEPS))
    )
    return change_where(
        number, words, lambda _: shifted(_spelled(text.filter(words)), -field_power)
    )


def _spelled(words: pl.Series) -> pl.Series:
    return per_distinct(words, decimal_of)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What could not be read, and amounts that are beyond belief."""
    missing = raw.is_not_null() & value.is_null()
    currency = mask_where(raw, missing, lambda r: compact(r).str.contains(_CURRENCY))
    between = mask_where(raw, missing & ~currency, lambda r: compact(r).str.contains(_RANGE))
    left = missing & ~currency & ~between
    estimate = mask_where(raw, left, lambda r: compact(r).str.contains(rf"{_ESTIMATE}"))
    estimate &= mask_where(raw, left, lambda r: compact(r).str.contains(r"[0-9一-十百千万亿]"))
    yield CURRENCY, currency
    yield RANGE, between
    yield ESTIMATE, estimate
    yield UNREADABLE, left & ~estimate
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
