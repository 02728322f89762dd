"""One line of text: names, titles, owners, departments, references.

Basis: Unicode 15.1, GB 18030-2022. Width and case stay as typed; only what nobody sees is removed,
and what GB 18030 moved out of the private-use area follows.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import tidy
from crm_migrate.standards.columns.covering import first_ones
from crm_migrate.standards.columns.private_use import (
    LOST,
    PRIVATE_USE,
    UTF_8_AS_GBK,
    is_utf_8_as_gbk,
)
from crm_migrate.standards.columns.residue import holds, mask_where
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.rule_families import normalised

BASIS = Text("Unicode 15.1, GB 18030-2022", "Unicode 15.1、GB 18030-2022")
_ODD = PRIVATE_USE.removesuffix("]") + "?\ufffd锟锘烫屯锛銆ä-é]"
"""One class is quicker than alternatives; what it finds is looked at again."""
NORMALISED = normalised("text", "text", "文本")
DAMAGED = Rule(
    "text.damaged",
    Severity.WARNING,
    Text("The text holds characters that were lost in a conversion", "文本含有转码时损坏的字符"),
    Text(
        "Export the file again as UTF-8 or GB18030.", "请以 UTF-8 或 GB18030 编码重新导出该文件。"
    ),
)
PRIVATE = Rule(
    "text.private_use",
    Severity.WARNING,
    Text(
        "The text holds characters that only some machines can show (private-use area)",
        "文本含有自造字（GB 18030-2022 不允许的专用区字符），其他系统无法显示",
    ),
    Text(
        "Type the character that Unicode has for it, e.g. for rare names.",
        "请改用 Unicode 中已收录的对应汉字（多见于生僻人名、地名）。",
    ),
)
OF_CHARACTERS: tuple[Rule, ...] = (DAMAGED, PRIVATE)
RULES: tuple[Rule, ...] = (NORMALISED, *OF_CHARACTERS)


def characters(value: pl.Series) -> Masks:
    """`OF_CHARACTERS`: what was lost, and what stands in a private-use area; for any wording."""
    odd = holds(value.str.contains(_ODD))
    lost = mask_where(value, odd, lambda few: few.str.contains(LOST))
    misread = mask_where(value, value.str.contains(UTF_8_AS_GBK), is_utf_8_as_gbk)
    yield DAMAGED, lost | misread
    yield PRIVATE, mask_where(value, odd, lambda few: few.str.contains(PRIVATE_USE))


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    r"""Tidied text.

    >>> normalise(pl.Series(["  销售\u200b一部 ", " "])).to_list()
    ['销售一部', None]
    """
    return tidy(raw)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Traces of a wrong encoding, characters of the private-use areas."""
    yield from characters(value)


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first character only, of two and more.

    >>> mask(pl.Series(["采购经理", "采", None])).to_list()
    ['采***', '***', None]
    """
    return first_ones(value, 1, "***")
