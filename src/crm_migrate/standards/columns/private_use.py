"""Characters without a meaning of their own: the private-use areas, and traces of lost ones.

Basis: GB 18030-2022, which allows no private-use characters. Its editions of 2000 and 2005 put
24 characters there (10 vertical punctuation marks, 14 ideographs and components); they have places
in Unicode now and are mapped to them, as are two letters of pinyin from the edition of 2000.
Every other private-use character shows something else, or nothing, on each machine.
"""

import polars as pl

from crm_migrate.standards.columns.residue import change_where, per_distinct

PRIVATE_USE = r"[\u{e000}-\u{f8ff}\u{f0000}-\u{ffffd}\u{100000}-\u{10fffd}]"
"""A regex class of the private-use areas of Unicode."""
MOVED = dict(
    zip(
        "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796"
        "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864"
        "\ue816\ue817\ue818\ue831\ue83b\ue855"
        "\ue7c7\ue7c8",
        "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19"
        "\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb"
        "\U00020087\U00020089\U000200cc\U000215d7\U0002298f\U000241fe"
        "\u1e3f\u01f9",
        strict=True,
    )
)
"""Former private-use character → its place in Unicode; of A6D9…A6F3, FE59…FEA0, FE51…FE91."""
_OF_UTF_8 = "[ä-é][\u00a0-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{1,2}"
_QUESTIONS = r"^\p{Han}{0,2}\?{2,}$|\?{5,}"
LOST = rf"\x{{fffd}}|{_QUESTIONS}|锟斤拷|锘縷|烫烫烫|屯屯屯|锛|銆|{_OF_UTF_8}{_OF_UTF_8}"
"""What wrong conversions leave: U+FFFD; its bytes, the byte-order mark, unset memory as GBK; the
comma and the full stop of UTF-8 as GBK; ideographs of UTF-8 as Latin-1; question marks for them.
"""
_MISREAD = bytes(
    byte for lead in range(0xE4, 0xEA) for next_ in range(0x80, 0xC0) for byte in (lead, next_)
).decode("gbk")
UTF_8_AS_GBK = f"^[ -~]*[{_MISREAD}]"
"""Texts that begin as ideographs of UTF-8 do where they are read as GBK: 娉曞姟 for 法务."""


def is_utf_8_as_gbk(text: pl.Series) -> pl.Series:
    """Whether all of a text is UTF-8 that was read as GBK.

    >>> is_utf_8_as_gbk(pl.Series(["娉曞姟缁忕悊", "法务经理"])).to_list()
    [True, False]
    """
    return per_distinct(text, _reread).is_not_null()


def _reread(text: str) -> str | None:
    try:
        return text.encode("gb18030").decode()
    except UnicodeError:
        return None


def in_unicode(text: pl.Series) -> pl.Series:
    r"""The characters that GB 18030 moved, at their places in Unicode; the rest stays.

    >>> in_unicode(pl.Series(["a\ue81e\ue000"])).to_list() == ["a\u9fb4\ue000"]
    True
    """
    return change_where(
        text, text.str.contains(PRIVATE_USE), lambda few: few.str.replace_many(MOVED)
    )
