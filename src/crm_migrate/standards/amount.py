"""Amounts of money in CNY, converted into the field's unit.

Basis: GB/T 15835-2011 for digits, 《支付结算办法》 annex 1 for capital numerals (壹贰叁…). A number
without a unit is in the field's unit; other currencies, ranges, “about” and limits are not
guessed. The writings stand in `written_numbers`.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.decimals import PLAIN_DECIMAL
from crm_migrate.standards.columns.residue import (
    change_where,
    holds,
    mask_where,
    unless_matching,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading import currencies, written_numbers
from crm_migrate.standards.rule_families import normalised

BASIS = Text(
    "GB/T 15835-2011; Payment and Settlement Measures, annex 1",
    "GB/T 15835-2011、《支付结算办法》附件一",
)
CANONICAL = PLAIN_DECIMAL
_LABEL = (
    r"^(?:(?:年度?)?(?:采购)?预算(?:总?金?额)?|"
    r"(?:认缴)?注册资[本金]|认缴(?:出资)?额?|合计|总计|共计|总额|总价|金额|(?:合同|订单)(?:总?金?额|总?价)"
    r"|大写|小写)(?:\((?:[大小]写|含税|元)\))?(?:为|是)?[::]?"
)
"""What the cell repeats of its header. 实缴 is another amount than the header says."""
_BESIDE = r"^(.+?)\((?:大写)?[::]?(?:人民币)?([^()0-9]+)\)$"
"""The same amount twice, the second time in capital numerals."""

_CORRECT = Text("Correct the amount in the source.", "请在源数据中更正金额。")
_BARE = "^¥?[0-9.,]+[十百千万亿]*元?$"
"""A number with its unit, and nothing that it would have to be freed of."""
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
    Text(
        "Convert it to CNY in the source, or give the field a currency field (entities.yaml).",
        "请在源数据中换算为人民币，或在 entities.yaml 中为该字段设置币种字段（currency）。",
    ),
)
FOREIGN = Rule(
    "amount.foreign",
    Severity.REPAIR,
    Text(
        "The amount is in another currency and was kept in it; a field beside says which",
        "金额为外币，按原币种保留，币种记入对应字段",
    ),
    Text("Nothing to do; it was not converted.", "无需处理；金额未换算。"),
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
RULES: tuple[Rule, ...] = (NORMALISED, UNREADABLE, CURRENCY, FOREIGN, RANGE, ESTIMATE, MAGNITUDE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Plain decimals in the field's unit; null where there is no one amount in CNY, or where the
    context says so, in another currency.

    >>> in_wan = Context(unit="万元")
    >>> normalise(pl.Series(["120", "１，２００，０００元", "1.2亿", "约50"]), in_wan).to_list()
    ['120', '120', '12000', None]
    >>> normalise(pl.Series(["壹佰万元整", "1亿2000万", "50w", "50-100万"]), in_wan).to_list()
    ['100', '12000', '50', None]
    >>> normalise(pl.Series(["¥1,200.50", "12万"]), Context(unit="元")).to_list()
    ['1200.5', '120000']
    >>> normalise(pl.Series(["USD 100", "100万美元"]), Context(foreign=True)).to_list()
    ['100', '1000000']
    """
    field_power = power_of(context.unit)
    return unless_matching(raw, CANONICAL, lambda few: _repaired(few, field_power, context.foreign))


def power_of(unit: str | None) -> int:
    """The power of ten of a unit in 元: 万元 → 4; 0 without a unit.

    >>> power_of("万元"), power_of("元"), power_of(None)
    (4, 0, 0)
    """
    return written_numbers.POWERS.get((unit or "").removesuffix("元"), 0)


def _repaired(raw: pl.Series, field_power: int, foreign: bool) -> pl.Series:
    text = compact(raw).set(written_numbers.side_by_side(raw), None)
    if foreign:
        text = currencies.without(text)
    text = change_where(text, ~text.str.contains(_BARE), _bared)
    number = written_numbers.read(text.str.replace("^¥", ""), field_power)
    twice = number.is_null() & holds(text.str.contains(_BESIDE))
    return change_where(number, twice, lambda _: _agreed(text.filter(twice), field_power))


def _bared(text: pl.Series) -> pl.Series:
    """Without labels, marks of CNY and of tax, 整, and signs between groups."""
    text = (
        text.str.strip_chars("'\"`‘’“”")
        .str.replace(_LABEL, "")
        .str.replace(r"^(?:人民币|(?i:rmb|cny?)|¥)+(?:\(大写\))?[::]?", "")
    )
    text = text.str.replace(r"^-¥", "-").str.replace(r"\(含税价?\)$|[.,]-+$", "")
    text = text.str.replace(r"\(?(?:人民币元?|(?i:rmb|cny))\)?$", "").str.replace(r"[整正]$", "")
    text = text.str.replace(r"\(((?:[十百千]?[万亿])?元)\)$", "$1")
    return text.str.replace_all(r"([0-9])'([0-9]{3})", "$1$2")


def _agreed(text: pl.Series, field_power: int) -> pl.Series:
    """The amount of cells that say it in digits and in capital numerals; null where they differ."""
    digits, words = (text.str.extract(_BESIDE, n).str.replace("[整正]$", "") for n in (1, 2))
    number = written_numbers.read(digits, field_power)
    return number.set(~holds(number == written_numbers.read(words, field_power)), None)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What could not be read, and amounts that are beyond belief."""
    missing = raw.is_not_null() & value.is_null()
    currency = mask_where(raw, missing, lambda r: compact(r).str.contains(currencies.ANY))
    between = mask_where(raw, missing & ~currency, written_numbers.is_range)
    left = missing & ~currency & ~between
    estimate = mask_where(raw, left, written_numbers.is_estimate)
    yield CURRENCY, currency
    yield RANGE, between
    yield ESTIMATE, estimate
    yield UNREADABLE, left & ~estimate
    if context.foreign:
        yield FOREIGN, holds(raw != value) & currencies.code_of(raw).is_not_null()
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
