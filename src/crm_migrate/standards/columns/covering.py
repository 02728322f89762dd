"""How masks cover: a few characters of a long value stay, of a short one nothing does; and how
another system had covered a value before it came here.
"""

import polars as pl

from crm_migrate.standards.columns.residue import change_where

_STARS = r"(?:[*＊×●•■]{2,}|[Xx]{4,})"
COVERED_NUMBER = rf"[0-9].*{_STARS}|{_STARS}.*[0-9]"
"""A number of which another system has covered a part."""


def first_ones(value: pl.Series, count: int, cover: str) -> pl.Series:
    """The first `count` characters of longer values, then `cover`.

    >>> first_ones(pl.Series(["采购经理", "采", None]), 1, "***").to_list()
    ['采***', '***', None]
    """
    return _unless_short(value.str.head(count) + cover, value, count, cover)


def last_ones(value: pl.Series, count: int, cover: str) -> pl.Series:
    """`cover`, then the last `count` characters of longer values.

    >>> last_ones(pl.Series(["HT-2024001", "01"]), 2, "***").to_list()
    ['***01', '***']
    """
    return _unless_short(cover + value.str.tail(count), value, count, cover)


def ends(value: pl.Series, shown: pl.Series, first: int, cover: str, last: int) -> pl.Series:
    """The `first` characters, `cover` and the `last` ones where `shown`; other text wholly covered.

    >>> typed = pl.Series(["110108000000016", "无号"])
    >>> ends(typed, typed.str.contains("^[0-9]{15}$"), 6, "******", 3).to_list()
    ['110108******016', '***']
    """
    covered = value.str.head(first) + cover + value.str.tail(last)
    return change_where(covered, ~shown, lambda few: few.str.head(0) + "***")


def _unless_short(masked: pl.Series, value: pl.Series, count: int, cover: str) -> pl.Series:
    short = value.str.len_chars() <= count
    return change_where(masked, short, lambda few: few.str.head(0) + cover)
