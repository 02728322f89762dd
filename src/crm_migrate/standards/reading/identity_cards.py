"""Check digits of the identity cards of Hong Kong and Taiwan.

Basis: the rules that both publish for the numbers of their cards. A card of Hong Kong is known by
the brackets around its check digit.
"""

import numpy as np
import polars as pl

from crm_migrate.standards.columns.characters import DIGITS, as_mask, code_points, lookup
from crm_migrate.standards.columns.residue import mask_where

HONG_KONG = r"^[A-Z]{1,2}[0-9]{6}\([0-9A]\)$"
TAIWAN = r"^[A-Z][1289A-D][0-9]{8}$"
"""Second: sex of citizens (1, 2), of residents since 2021 (8, 9) and before (A–D)."""
CHECKED = f"{HONG_KONG}|{TAIWAN}"
_LETTERS = lookup({c: 10 + n for n, c in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")})
"""Of Taiwan's counties, in the order in which they were given letters."""
_SPACED = lookup(
    {" ": 36, "A": 10, **{str(d): d for d in range(10)}}
    | {c: 10 + n for n, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
)


def checksum_fits(value: pl.Series) -> pl.Series:
    """True for cards of Hong Kong and Taiwan whose check digit fits; false for all else.

    Formulas: Hong Kong, places 9 … 2 of two letters (a blank is 36, A 10 … Z 35) and six digits,
    and 1 of the check (A is 10): the sum is a multiple of 11. Taiwan, the letter's number as two
    digits, then nine digits, by 1, 9, 8 … 1, 1: a multiple of 10.

    >>> checksum_fits(pl.Series(["A123456(3)", "A123456(4)", "A123456789", "E12345678"])).to_list()
    [True, False, True, False]
    """
    hong_kong = mask_where(value, value.str.contains(HONG_KONG), _hong_kong_fits)
    return hong_kong | mask_where(value, value.str.contains(TAIWAN), _taiwan_fits)


def _hong_kong_fits(cards: pl.Series) -> pl.Series:
    plain = cards.str.replace_all(r"[()]", "").str.pad_start(9, " ")
    sums = _SPACED[code_points(plain, 9)] @ np.arange(9, 0, -1, dtype=np.int16)
    return as_mask(cards.name, sums % 11 == 0)


def _taiwan_fits(cards: pl.Series) -> pl.Series:
    points = code_points(cards, 10)
    letters = _LETTERS[points[:, :2]]
    second = np.where(letters[:, 1] > 0, letters[:, 1] % 10, DIGITS[points[:, 1]])
    weights = np.array([7, 6, 5, 4, 3, 2, 1, 1], dtype=np.int16)
    sums = letters[:, 0] // 10 + letters[:, 0] % 10 * 9 + second * 8
    return as_mask(cards.name, (sums + DIGITS[points[:, 2:]] @ weights) % 10 == 0)
