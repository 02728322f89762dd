"""Text of several lines: demands, remarks, contents of visits.

Basis: Unicode 15.1, GB 18030-2022; GB/T 35273-2020 and PIPL art. 28 for personal data in it.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule
from crm_migrate.standards.columns.characters import tidy_lines
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.personal_data import found
from crm_migrate.standards.reading.personal_rules import OF_KINDS
from crm_migrate.standards.rule_families import normalised
from crm_migrate.standards.text import OF_CHARACTERS, characters

BASIS = Text("Unicode 15.1, GB 18030-2022", "Unicode 15.1、GB 18030-2022")
NORMALISED = normalised("free_text", "text", "文本")
RULES: tuple[Rule, ...] = (NORMALISED, *OF_KINDS.values(), *OF_CHARACTERS)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    r"""Tidied text with its line breaks.

    >>> normalise(pl.Series(["需要 3 台\r\n尽快  "])).to_list()
    ['需要 3 台\n尽快']
    """
    return tidy_lines(raw)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Personal data that does not belong into a remark, characters that were lost."""
    for kind, rows in found(value):
        yield OF_KINDS[kind], rows
    yield from characters(value)


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it: nobody knows what a remark contains."""
    return value.str.head(0) + "***"
