"""Whether a text column can hold a text: its length, its octets, its characters."""

import polars as pl

from crm_migrate.systems.target_schema import ColumnInfo

BMP = "bmp"
_OUTSIDE_BMP = r"[\x{10000}-\x{10FFFF}]"
_BEYOND_ASCII = r"[^\x00-\x7F]"


def beyond(column: ColumnInfo, texts: pl.Series) -> pl.Series:
    """Mask of the texts that are too long for the column, or outside of what it can hold.

    False for null. Octets are counted in the column's own character set.
    """
    wrong = pl.repeat(False, len(texts), eager=True)
    if column.length is not None:
        wrong = wrong | (texts.str.len_chars() > column.length)
    if column.characters is not None:
        wrong = wrong | unheld(texts, column.characters)
    if column.octets is not None:
        wrong = wrong | (_octets(texts, column.characters) > column.octets)
    return wrong.fill_null(False)


def unheld(texts: pl.Series, characters: str) -> pl.Series:
    """Mask of the texts with a character outside `bmp` or of a Python codec."""
    if characters == BMP:
        return texts.str.contains(_OUTSIDE_BMP).fill_null(False)
    rare = texts.str.contains(_BEYOND_ASCII).fill_null(False)
    refused = [t for t in texts.filter(rare).unique().to_list() if not _encodes(t, characters)]
    return texts.is_in(pl.Series(refused, dtype=pl.String).implode()).fill_null(False)


def _octets(texts: pl.Series, characters: str | None) -> pl.Series:
    """Bytes that the texts take; for a codec an upper bound by UTF-8, exact where that matters."""
    return texts.str.len_bytes() if characters in (None, BMP) else _encoded(texts, str(characters))


def _encoded(texts: pl.Series, characters: str) -> pl.Series:
    rare = texts.str.contains(_BEYOND_ASCII).fill_null(False)
    lengths = [
        None if t is None else len(t.encode(characters, "replace"))
        for t in texts.filter(rare).to_list()
    ]
    plain = texts.str.len_bytes()
    return plain.scatter(rare.arg_true(), pl.Series(lengths, dtype=pl.UInt32))


def _encodes(text: str, characters: str) -> bool:
    try:
        text.encode(characters)
    except UnicodeEncodeError:
        return False
    return True
