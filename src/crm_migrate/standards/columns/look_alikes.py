"""Characters that are encoded twice: radicals and compatibility ideographs → the ideographs.

Basis: Unicode 15.1. Texts copied out of PDF files hold radicals that look like characters (⼈ for
人, ⻓ for 长), and no search finds them; compatibility ideographs (U+F900 for 豈) are the same
characters by UAX #15. Radicals of the supplement have no decomposition there: of them those are
taken that are whole characters (EquivalentUnifiedIdeograph.txt of the Unicode database).
"""

from functools import cache
from unicodedata import normalize

import polars as pl

from crm_migrate.standards.columns.residue import change_where

LOOK_ALIKE = r"\u{2e80}-\u{2fd5}\u{f900}-\u{faff}\u{2f800}-\u{2fa1f}"
"""Ranges of a regex class: radicals, compatibility ideographs."""
_SUPPLEMENT = (
    "⺟母⺠民⻅见⻉贝⻋车⻓长⻔门⻘青⻙韦⻚页⻛风⻜飞⻝食⻢马⻥鱼⻦鸟⻧卤⻨麦⻩黄⻬齐⻮齿⻰龙⻳龟"
)
"""Radical and ideograph by turns."""


def unified(text: pl.Series) -> pl.Series:
    r"""The ideographs in place of what looks like them.

    >>> unified(pl.Series(["⻓⼤\uf900", "长"])).to_list()
    ['长大豈', '长']
    """
    return change_where(
        text, text.str.contains(f"[{LOOK_ALIKE}]"), lambda few: few.str.replace_many(_table())
    )


@cache
def _table() -> dict[str, str]:
    pairs = dict(zip(_SUPPLEMENT[::2], _SUPPLEMENT[1::2], strict=True))
    ranges = ((0x2F00, 0x2FD6), (0xF900, 0xFB00), (0x2F800, 0x2FA20))
    every = (chr(n) for first, end in ranges for n in range(first, end))
    return pairs | {c: normalize("NFKC", c) for c in every if normalize("NFKC", c) != c}
