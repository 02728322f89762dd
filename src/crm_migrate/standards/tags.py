"""Several tags in a cell, joined by `;`. Basis: the toolkit's own convention."""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import Rule
from crm_migrate.standards.columns.characters import narrow
from crm_migrate.standards.columns.residue import change_where, holds, per_distinct, unless_matching
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.rule_families import normalised

BASIS = Text("tags joined by ;", "标签以分号分隔")
_NUMBERED = r"(^|[\s;,、|#【】\[\]])[1-9][0-9]?[.、)]\s*(\p{Han})"
_WORDS = r"^\p{Han}{2,}(?:[ /\\]+\p{Han}{2,})+$"
NORMALISED = normalised("tags", "list of tags", "标签")
RULES: tuple[Rule, ...] = (NORMALISED,)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Each tag once, in the order of the cell.

    >>> normalise(pl.Series(["重点，价格敏感、重点", "#急单 #长期", "，"])).to_list()
    ['重点;价格敏感', '急单;长期', None]
    >>> normalise(pl.Series(["【重点】【急单】", "VIP,vip,A/B", '["重点", "急单"]'])).to_list()
    ['重点;急单', 'VIP;A/B', '重点;急单']
    >>> normalise(pl.Series(["重点/出口 长期", "1、重点 2、急单", "A/B 测试"])).to_list()
    ['重点;出口;长期', '重点;急单', 'A/B 测试']
    """
    return unless_matching(raw, r"^[0-9A-Za-z\x{4e00}-\x{9fa5}]+$", _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = narrow(raw.str.replace_all(r"[\r\n\t]+", MULTI_SEPARATOR))
    text = text.str.replace_all(_NUMBERED, "$1;$2")
    text = text.str.replace(r'^\["?(.*?)"?\]$', "$1").str.replace_all(
        r"[【】\[\]]", MULTI_SEPARATOR
    )
    text = text.str.replace_all(r'\s*"?\s*[;,、|]\s*"?\s*|(?:^|\s*)#\s*', MULTI_SEPARATOR)
    # A tag twice in a row of separators is rare: most cells need no list.
    text = text.str.replace_all(";{2,}", ";").str.strip_chars("; ")
    several = holds(text.str.contains(MULTI_SEPARATOR, literal=True))
    text = change_where(text, several, _each_once)
    # Blanks and slashes separate only where they stand between Chinese words alone.
    words = holds(text.str.contains(_WORDS))
    text = change_where(
        text, words, lambda few: _each_once(few.str.replace_all(r"[ /\\]+", MULTI_SEPARATOR))
    )
    return text.set(holds(text == ""), None)


def _each_once(text: pl.Series) -> pl.Series:
    """The tags of each cell without those that occur again, capitals or not."""
    tags = text.str.split(MULTI_SEPARATOR).list.unique(maintain_order=True)
    lower = text.str.to_lowercase().str.split(MULTI_SEPARATOR).list.n_unique()
    joined = tags.list.join(MULTI_SEPARATOR)
    return change_where(joined, tags.list.len() > lower, lambda few: per_distinct(few, _folded))


def _folded(text: str) -> str:
    first: dict[str, str] = {}
    for tag in text.split(MULTI_SEPARATOR):
        first.setdefault(tag.lower(), tag)
    return MULTI_SEPARATOR.join(first.values())


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Tags are free: nothing to break."""
    return iter(())


def format(value: pl.Series) -> pl.Series:
    """With a blank after each separator."""
    return value.str.replace_all(MULTI_SEPARATOR, "; ")


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it."""
    return value.str.head(0) + "***"
