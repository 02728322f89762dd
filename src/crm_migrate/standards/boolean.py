"""Yes and no. Basis: the toolkit's own list of spellings."""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import compact
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.residue import change_distinct, unless_matching

BASIS = Text("list of spellings", "是/否取值表")
CANONICAL = "^(?:true|false)$"
_TRUE = (
    "true", "t", "yes", "y", "1", "1.0", "是", "对", "真", "有", "√", "✓", "✔", "☑", "●",
    "同意", "已同意", "愿意", "接受", "允许", "启用", "on", "主",
)  # fmt: skip
_FALSE = (
    "false", "f", "no", "n", "0", "0.0", "否", "不是", "非", "假", "无", "没有", "×", "✗", "✘",
    "☒", "x", "不同意", "拒绝", "未同意", "不愿意", "不接受", "不允许", "停用", "off", "退订",
)  # fmt: skip
SPELLINGS = dict.fromkeys(_TRUE, "true") | dict.fromkeys(_FALSE, "false")
"""Spelling (half width, lower case) → canonical text."""
NORMALISED = normalised("boolean", "yes/no value", "是/否")
UNREADABLE = Rule(
    "boolean.unreadable",
    Severity.WARNING,
    Text("This is neither yes nor no and was left out", "无法识别为是或否，已置空"),
    Text("Write 是 or 否, or map the value.", "请填写“是”或“否”，或在取值映射中说明。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, UNREADABLE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """`true` or `false`; null for anything else.

    >>> normalise(pl.Series(["是", "Ｎ", "√", "0", "TRUE", "看情况"])).to_list()
    ['true', 'false', 'true', 'false', 'true', None]
    """
    return unless_matching(raw, CANONICAL, lambda few: change_distinct(few, _read))


def _read(raw: pl.Series) -> pl.Series:
    text = compact(raw).str.to_lowercase()
    return text.replace_strict(SPELLINGS, default=None, return_dtype=pl.String)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What is neither."""
    yield UNREADABLE, raw.is_not_null() & value.is_null()


def format(value: pl.Series) -> pl.Series:
    """是 or 否.

    >>> format(pl.Series(["true", "false"])).to_list()
    ['是', '否']
    """
    return value.replace({"true": "是", "false": "否"})


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it."""
    return value.str.head(0) + "***"
