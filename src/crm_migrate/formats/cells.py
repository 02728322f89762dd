"""Stored cells → the text a person reads, without losing what the cell was stored as."""

import datetime as dt
import math
import re
from decimal import Decimal
from enum import IntEnum

import polars as pl


class Stored(IntEnum):
    """How a workbook stores a cell (delimited files and databases know only EMPTY and TEXT)."""

    EMPTY = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3
    BOOLEAN = 4
    ERROR = 5
    UNCALCULATED = 6
    """A formula whose result was never stored: the program that wrote it does not calculate."""


GENERAL, DATE, PERCENT = 0, -1, -2
"""Style classes; a positive class is the number of digits that the format pads with zeros."""

_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_LEAST, _MOST = 1e-5, 1e15
"""Between these Polars rounds to digits exactly and writes numbers without an exponent."""
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)


def style_class(number_format_id: int, code: str | None) -> int:
    """What a number format means for the reader (ECMA-376 part 1, 18.8.30).

    >>> style_class(164, 'yyyy"年"m"月"'), style_class(165, "000000"), style_class(10, None)
    (-1, 6, -2)
    """
    if code is None:
        if number_format_id in _BUILT_IN_DATES:
            return DATE
        return PERCENT if number_format_id in (9, 10) else GENERAL
    shown = _NOT_SHOWN.sub("", code.split(";")[0])
    if re.fullmatch(r"0{2,}", shown):
        return len(shown)
    if "%" in shown:
        return PERCENT
    if "general" in shown.lower() or shown == "@":
        return GENERAL
    return DATE if re.search(r"[ymdhs年月日]", shown, re.IGNORECASE) else GENERAL


def number_text(raw: pl.Series) -> pl.Series:
    """Numbers as stored (`1.38E10`, `0.30000000000000004`) → plain digits, no `.0`.

    Excel works with 15 significant digits, so fractions are rounded to these; integers that are
    written out in the file are kept digit by digit.

    >>> number_text(pl.Series(["1.38E10", "0.30000000000000004", "007", "1E-7", "12.0"])).to_list()
    ['13800000000', '0.3', '7', '0.0000001', '12']
    """
    plain = raw.str.contains(r"^-?(?:0|[1-9][0-9]*)$")
    if plain.all():
        return raw
    read = raw.cast(pl.Float64, strict=False)
    usual = (read.abs().is_between(_LEAST, _MOST) | (read == 0)).fill_null(False)
    value = read.round_sig_figs(15)
    frame = pl.DataFrame({"raw": raw, "plain": plain, "value": value})
    whole = (pl.col("value") == pl.col("value").floor()) & (pl.col("value").abs() < 9e18)
    text = frame.select(
        pl.when("plain")
        .then("raw")
        .when(whole)
        .then(pl.col("value").cast(pl.Int64, strict=False).cast(pl.String))
        .when(pl.col("value").is_null())
        .then("raw")
        .otherwise(pl.col("value").cast(pl.String))
        .alias("text")
    )["text"]
    rare = ~plain.fill_null(True) & read.is_not_null() & ~usual
    if rare.any():  # a handful at most
        places = rare.arg_true()
        pairs = zip(raw.gather(places), read.gather(places), strict=True)
        written = pl.Series([_written_out(text, number) for text, number in pairs], dtype=pl.String)
        text = text.scatter(places, written)
    return text


def _written_out(raw: str, number: float) -> str:
    """A very small or large number in plain digits; what is no finite number stays as it is."""
    return format(Decimal(f"{number:.15g}"), "f") if math.isfinite(number) else raw


def date_text(value: pl.Expr, *, date1904: bool) -> pl.Expr:
    """Excel date serials (Float64) → `2024-02-29`, `2024-02-29 12:30:00` or `12:30:00`.

    The 1900 system counts a 29 February 1900 that never was, so serials below 60 are one day off.
    """
    seconds = (value * 86_400).round(0).cast(pl.Int64, strict=False)
    if date1904:
        shift = pl.lit(_days(dt.date(1904, 1, 1)))
    else:
        shift = (
            pl.when(value < 60)
            .then(_days(dt.date(1899, 12, 31)))
            .otherwise(_days(dt.date(1899, 12, 30)))
        )
    moment = pl.from_epoch(seconds + shift.cast(pl.Int64) * 86_400, time_unit="s")
    return (
        pl.when(seconds % 86_400 == 0)
        .then(moment.dt.strftime("%Y-%m-%d"))
        .when(seconds < 86_400)
        .then(moment.dt.strftime("%H:%M:%S"))
        .otherwise(moment.dt.strftime("%Y-%m-%d %H:%M:%S"))
    )


def _days(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def numbers(raw: pl.Series, style: pl.Series, *, date1904: bool) -> tuple[pl.Series, pl.Series]:
    """Number cells → (text, stored kind): dates, percentages and padded codes as they are shown.

    `raw` holds the numbers as text, `style` their style classes.
    """
    frame = pl.DataFrame({"raw": raw, "style": style, "text": number_text(raw)})
    if (style == GENERAL).all():
        return frame["text"], _constant(Stored.NUMBER, frame.height)
    value = pl.col("raw").cast(pl.Float64, strict=False)
    # Beyond 9999-12-31, or below zero, Excel itself shows no date
    is_date = (pl.col("style") == DATE) & value.is_between(0, 2_958_465)
    shown = frame.with_columns(
        date=pl.when(is_date).then(date_text(pl.when(is_date).then(value), date1904=date1904)),
        padded=pl.when((pl.col("style") > 0) & pl.col("text").str.contains(r"^\d+$")).then(
            pl.col("text").str.pad_start(pl.col("style").clip(0), "0")
        ),
    )
    percent = shown["style"] == PERCENT
    if percent.any():
        hundredfold = (shown["raw"].cast(pl.Float64, strict=False) * 100).round_sig_figs(15)
        text = number_text(hundredfold.cast(pl.String)) + "%"
        shown = shown.with_columns(text=pl.when(percent).then(text).otherwise("text"))
    kind = pl.when(pl.col("date").is_null()).then(int(Stored.NUMBER)).otherwise(int(Stored.DATE))
    out = shown.select(pl.coalesce("date", "padded", "text").alias("text"), kind.cast(pl.UInt8))
    return out["text"], out.to_series(1)


def _constant(kind: Stored, height: int) -> pl.Series:
    return pl.repeat(int(kind), height, dtype=pl.UInt8, eager=True)
