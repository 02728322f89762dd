"""A value of a closed list, by its name or one of its synonyms.

Basis: the project's vocabularies (`rules/entities.yaml`). A value outside the list becomes null
and is reported; every source's values are to be mapped totally.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Vocabulary
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact, simplified, tidy
from crm_migrate.standards.columns.residue import change_distinct, change_where, holds
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.tick_boxes import ticked
from crm_migrate.standards.rule_families import normalised

BASIS = Text("the project's vocabularies", "项目取值表")
NORMALISED = normalised("vocabulary", "value", "取值")
UNKNOWN = Rule(
    "vocabulary.unknown",
    Severity.WARNING,
    Text("The value is not in the vocabulary and was left out", "取值不在取值表中，已置空"),
    Text(
        "Choose one of the listed values, or have this one added to the list or the value map.",
        "请改用取值表中的值，或由数据管理员将其加入取值表或取值映射。",
    ),
)
RULES: tuple[Rule, ...] = (NORMALISED, UNKNOWN)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The value of the list that each spelling means; null for none.

    >>> grades = Vocabulary("grade", ("重点客户", "普通客户"), {"VIP": "重点客户"})
    >>> normalise(pl.Series(["重点 客户", "ｖｉｐ", "黄金"]), Context(vocabulary=grades)).to_list()
    ['重点客户', '重点客户', None]
    """
    if context.vocabulary is None:
        return tidy(raw)
    known = raw.is_in(context.vocabulary.values)
    spellings = _spellings(context.vocabulary)
    return change_where(
        raw, ~known, lambda few: change_distinct(few, lambda one: _read(one, spellings))
    )


def _read(raw: pl.Series, spellings: dict[str, str]) -> pl.Series:
    return _key(raw).replace_strict(spellings, default=None, return_dtype=pl.String)


def _spellings(vocabulary: Vocabulary) -> dict[str, str]:
    """Key → value; a value's own name goes before any synonym."""
    meant = {**vocabulary.synonyms, **{value: value for value in vocabulary.values}}
    keys = _key(pl.Series(list(meant), dtype=pl.String)).to_list()
    return dict(zip(keys, meant.values(), strict=True))


def _key(text: pl.Series) -> pl.Series:
    return simplified(ticked(compact(text))).str.to_uppercase()


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Values outside the list."""
    if context.vocabulary is not None:
        yield UNKNOWN, holds(raw.is_not_null() & value.is_null())


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """As it is: a word of a closed list tells nothing about a person."""
    return value
