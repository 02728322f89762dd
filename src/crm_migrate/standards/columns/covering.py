"""How masks cover: a few characters of a long value stay, of a short one nothing does; and what is
told where another system had covered a value before it came here.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.residue import change_where


def covered(type_code: str, en: str, zh: str, like: str = "") -> Rule:
    """The warning `<type>.covered` of a standard for `en` / `zh`: part of the value is missing;
    `like` shows how it may look.
    """
    examples = Text(like, like) if like else Text("138****8000 or 李**", "138****8000、李**")
    return Rule(
        f"{type_code}.covered",
        Severity.WARNING,
        Text(
            f"Part of the {en} is covered (like {examples.en})",
            f"{zh}已被遮盖（如 {examples.zh}），不完整",
        ),
        Text(
            "It cannot be restored here: export it from the old system without masking.",
            "此处无法还原，请从原系统导出未脱敏的数据。",
        ),
    )


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


def _unless_short(masked: pl.Series, value: pl.Series, count: int, cover: str) -> pl.Series:
    short = value.str.len_chars() <= count
    return change_where(masked, short, lambda few: few.str.head(0) + cover)
