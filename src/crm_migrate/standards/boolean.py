"""Yes and no, consents included. Basis: the toolkit's own list of spellings.

A consent is never inferred: a spoken one (口头同意), which nobody can show, is no answer, and what
is neither a yes nor a no, or both, is none. Where several records of a customer answer differently,
the most restrictive counts (rules/survivorship.yaml).
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.residue import change_distinct, mask_where, unless_matching
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.tick_boxes import ticked
from crm_migrate.standards.rule_families import normalised

BASIS = Text("list of spellings", "是/否取值表")
CANONICAL = "^(?:true|false)$"
_TRUE = (
    "true", "t", "yes", "y", "1", "1.0", "是", "是的", "对", "真", "有", "√", "✓", "✔", "☑", "●",
    "■", "v", "ok", "同意", "已同意", "愿意", "接受", "允许", "授权", "已授权", "订阅", "已订阅",
    "启用", "已启用", "书面同意", "已签", "已签署", "已签约", "已", "✅", "on", "主", "optin",
    "opt-in", "doubleopt-in", "subscribed",
)  # fmt: skip
_FALSE = (
    "false", "f", "no", "n", "0", "0.0", "否", "不是", "非", "不", "错", "假", "无", "没有", "×",
    "✗", "✘", "☒", "☐", "□", "○", "x", "不同意", "拒绝", "未同意", "不愿意", "不接受", "不允许",
    "未授权", "未签", "未签署", "未签约", "未", "❌",
    "停用", "已停用", "off", "退订", "已退订", "td", "拒收", "勿扰", "免打扰", "撤回",
    "已撤回", "撤回同意", "已撤回同意", "撤销同意", "取消同意", "取消订阅", "optout", "opt-out",
    "unsubscribed",
)  # fmt: skip
_UNKNOWN = (
    "未知",
    "不详",
    "不清楚",
    "不确定",
    "待定",
    "待确认",
    "未确认",
    "未表态",
    "unknown",
    "?",
)
SPELLINGS = dict.fromkeys(_TRUE, "true") | dict.fromkeys(_FALSE, "false")
"""Spelling (half width, lower case) → canonical text."""
_DATE = r"[(]?[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?[)]?"
"""When a consent was given or withdrawn: it is no part of the answer."""
NORMALISED = normalised("boolean", "yes/no value", "是/否")
UNREADABLE = Rule(
    "boolean.unreadable",
    Severity.WARNING,
    Text("This is neither yes nor no and was left out", "无法识别为是或否，已置空"),
    Text("Write 是 or 否, or map the value.", "请填写“是”或“否”，或在取值映射中说明。"),
)
UNKNOWN = Rule(
    "boolean.unknown",
    Severity.WARNING,
    Text("Nobody knows whether yes or no; the value was left out", "注明为未知，已置空"),
    Text(
        "Find out; until then a consent counts as not given.",
        "请核实；核实之前，同意类字段按未同意处理。",
    ),
)
RULES: tuple[Rule, ...] = (NORMALISED, UNREADABLE, UNKNOWN)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """`true` or `false`; null for anything else.

    >>> normalise(pl.Series(["是", "Ｎ", "√", "0", "TRUE", "看情况"])).to_list()
    ['true', 'false', 'true', 'false', 'true', None]
    >>> normalise(pl.Series(["☑是 □否", "有□ 无☑", "□是 □否"])).to_list()
    ['true', 'false', None]
    >>> normalise(pl.Series(["同意（2024-01-05）", "已退订", "同意/不同意", "未知"])).to_list()
    ['true', 'false', None, None]
    """
    return unless_matching(raw, CANONICAL, lambda few: change_distinct(few, _read))


def _read(raw: pl.Series) -> pl.Series:
    text = _key(raw)
    return text.replace_strict(SPELLINGS, default=None, return_dtype=pl.String)


def _key(raw: pl.Series) -> pl.Series:
    text = compact(raw).str.to_lowercase().str.replace_all(r"\x{fe0e}|\x{fe0f}", "")
    return ticked(text).str.replace(f"^{_DATE}", "").str.replace(f"{_DATE}$", "")


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What is neither, and what is said to be unknown."""
    neither = raw.is_not_null() & value.is_null()
    unknown = mask_where(raw, neither, lambda few: _key(few).is_in(_UNKNOWN))
    yield UNKNOWN, unknown
    yield UNREADABLE, neither & ~unknown


def format(value: pl.Series) -> pl.Series:
    """是 or 否.

    >>> format(pl.Series(["true", "false"])).to_list()
    ['是', '否']
    """
    return value.replace({"true": "是", "false": "否"})


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it."""
    return value.str.head(0) + "***"
