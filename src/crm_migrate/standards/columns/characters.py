"""Characters: what is invisible, what is wide, what is traditional, and digits as numbers.

Basis: Unicode 15.1 (UAX #15 for NFKC), GB 18030-2022 (see `private_use`), OpenCC `t2s` for
traditional → simplified.
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.standards.columns.look_alikes import LOOK_ALIKE, unified
from crm_migrate.standards.columns.private_use import PRIVATE_USE, in_unicode
from crm_migrate.standards.columns.residue import change_where

INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u{ad}\u{180e}\u{200b}-\u{200f}"
    r"\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{fff9}-\u{fffb}\u{e0000}-\u{e007f}]"
)
"""Control, zero-width and direction characters: they change nothing a person sees."""
DASHES = "‐‑‒–—―−"
"""Dashes and minus signs; NFKC leaves most of them alone."""

_STRANGE = f"{INVISIBLE}|{PRIVATE_USE}|[{LOOK_ALIKE}]"
_UNTIDY_INSIDE = _STRANGE + r"|\s\s|[^\S ]"
_UNTIDY = _UNTIDY_INSIDE + r"|^\s|\s$|^$"
_WIDE = r"[^ -~\x{4e00}-\x{9fa5}]"
"""Anything but printable ASCII and common ideographs, which are narrow already."""
_UNTIDY_LINES = _STRANGE + r"|\r|[^\S\n]{2}|[^\S \n]|\s$|^\s|[^\S\n]\n|\n\n\n|^$"


def tidy(raw: pl.Series) -> pl.Series:
    r"""Text on one line, without invisible characters and needless blanks; empty → null.

    >>> tidy(pl.Series([" a\u200b \n b ", "\ufeff"])).to_list()
    ['a b', None]
    """
    return change_where(raw, raw.str.contains(_UNTIDY), _tidied)


def _tidied(raw: pl.Series) -> pl.Series:
    text = raw.str.strip_chars()  # that is all that most need
    return _null_where_empty(change_where(text, text.str.contains(_UNTIDY_INSIDE), _tidied_inside))


def _tidied_inside(text: pl.Series) -> pl.Series:
    return _visible(text).str.replace_all(r"\s+", " ").str.strip_chars(" ")


def _visible(text: pl.Series) -> pl.Series:
    """Without what is invisible; characters that only look like an ideograph become it."""
    return change_where(text, text.str.contains(_STRANGE), _made_visible)


def _made_visible(text: pl.Series) -> pl.Series:
    return unified(in_unicode(text.str.replace_all(INVISIBLE, "")))


def tidy_apart(raw: pl.Series) -> pl.Series:
    r"""`tidy` with ` / ` where a line breaks: numbers that stood apart do not run together.

    >>> tidy_apart(pl.Series(["138-0013-8\r\n000 ", "\u200b\n"])).to_list()
    ['138-0013-8 / 000', None]
    """
    lines = raw.str.replace_all(INVISIBLE, "").str.strip_chars()
    return tidy(lines.str.replace_all(r"\s*[\r\n]\s*", " / "))


def tidy_lines(raw: pl.Series) -> pl.Series:
    r"""Like `tidy`, but line breaks stay (as `\n`, at most one empty line in a row).

    >>> tidy_lines(pl.Series(["a  b \r\n c", None])).to_list()
    ['a b\n c', None]
    """
    return change_where(raw, raw.str.contains(_UNTIDY_LINES), _tidied_lines)


def _tidied_lines(raw: pl.Series) -> pl.Series:
    text = _visible(raw).str.replace_all(r"\r\n?|[\x0b\x0c\u{85}\u{2028}\u{2029}]", "\n")
    text = text.str.replace_all(r"[^\S\n]+", " ").str.replace_all(r" \n", "\n")
    return _null_where_empty(text.str.replace_all(r"\n{3,}", "\n\n").str.strip_chars())


def narrow(raw: pl.Series) -> pl.Series:
    """NFKC with dashes as `-`, tidied: full width → half width, ① → 1, Kangxi → ideographs.

    >>> narrow(pl.Series(["１３８—（上海）　"])).to_list()
    ['138-(上海)']
    """
    return tidy(change_where(raw, raw.str.contains(_WIDE), _narrowed))


def _narrowed(raw: pl.Series) -> pl.Series:
    text = _visible(raw).str.normalize("NFKC")
    return text.str.replace_all(f"[{DASHES}]", "-")


def compact(raw: pl.Series) -> pl.Series:
    r"""`narrow` without any blanks: for codes and numbers.

    >>> compact(pl.Series(["９１ 11-0X\u200b"])).to_list()
    ['9111-0X']
    """
    text = narrow(raw).str.replace_all(" ", "", literal=True)
    # Composed once more: where a blank goes, a combining mark can meet a new base.
    wide = text.str.contains(_WIDE)
    return _null_where_empty(change_where(text, wide, lambda few: few.str.normalize("NFKC")))


def _null_where_empty(text: pl.Series) -> pl.Series:
    empty = (text == "").fill_null(False)
    if not empty.any():
        return text
    return text.set(empty, None)


def simplified(text: pl.Series) -> pl.Series:
    """Traditional characters → simplified ones, character by character (OpenCC `t2s`).

    >>> simplified(pl.Series(["恆通科技", "上海貿易"])).to_list()
    ['恒通科技', '上海贸易']
    """
    pattern, table = _traditional()
    return change_where(text, text.str.contains(pattern), lambda few: few.str.replace_many(table))


@cache
def _traditional() -> tuple[str, dict[str, str]]:
    """A regex class of the traditional characters, and each with its simplified one."""
    from opencc import OpenCC

    every = "".join(map(chr, range(0x3400, 0xA000)))
    pairs = zip(every, OpenCC("t2s").convert(every), strict=True)
    table = {old: new for old, new in pairs if old != new}
    return f"[{''.join(table)}]", table


def code_points(text: pl.Series, width: int) -> npt.NDArray[np.int16]:
    """The code points of ASCII values that are all `width` long, as an (n, width) array.

    >>> code_points(pl.Series(["12", "0A"]), 2).tolist()
    [[49, 50], [48, 65]]
    """
    joined = str(text.str.join("").item()) if len(text) else ""
    return np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, width).astype(np.int16)


def lookup(pairs: dict[str, int]) -> npt.NDArray[np.int16]:
    """A table code point → number for `code_points`; characters without one count as 0."""
    table = np.zeros(128, dtype=np.int16)
    for character, number in pairs.items():
        table[ord(character)] = number
    return table


DIGITS = lookup({str(d): d for d in range(10)})
"""The ten digits as numbers."""


def as_mask(name: str, array: npt.NDArray[Any]) -> pl.Series:
    """A NumPy array of booleans as a Polars mask."""
    return pl.Series(name, array, dtype=pl.Boolean)
