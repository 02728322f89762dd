"""One line of text: names, titles, owners, departments, references.

Basis: Unicode 15.1. Width and case stay as typed; only what nobody sees is removed.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import tidy
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.covering import first_ones

BASIS = Text("Unicode 15.1", "Unicode 15.1")
NORMALISED = normalised("text", "text", "文本")
DAMAGED = Rule(
    "text.damaged",
    Severity.WARNING,
    Text("The text holds characters that were lost in a conversion", "文本含有转码时损坏的字符"),
    Text("Read the file again with the right encoding.", "请用正确的编码重新读取该文件。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, DAMAGED)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    r"""Tidied text.

    >>> normalise(pl.Series(["  销售\u200b一部 ", " "])).to_list()
    ['销售一部', None]
    """
    return tidy(raw)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Replacement characters (U+FFFD) left by a wrong encoding."""
    yield DAMAGED, value.str.contains("\ufffd", literal=True)


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first character only, of two and more.

    >>> mask(pl.Series(["采购经理", "采", None])).to_list()
    ['采***', '***', None]
    """
    return first_ones(value, 1, "***")
