"""How people and programs write a day: each writing read into `2024-02-29`, null where it is not.

Basis: GB/T 7408.1-2023 (ISO 8601-1:2019) for the numbers, GB/T 15835-2011 for Chinese numerals.
Everything works on the few values that are no ISO date. A moment with a time zone is the day that
it falls on in China (UTC+8): 2024-02-28T16:00:00Z is the 29th.
"""

import re

import polars as pl

from crm_migrate.standards.columns.characters import narrow
from crm_migrate.standards.columns.residue import change_where, holds, per_distinct
from crm_migrate.standards.reading.numerals import number_of

_HOUR, _SIXTY = "(?:[01]?[0-9]|2[0-4])", "[0-5]?[0-9]"
_ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})"
TIME = (
    rf"(?:[ T]*(?:[上下中]午|凌晨|早上|晚上)?\s?{_HOUR}(?:[:时点]{_SIXTY}"
    rf"(?:[:分]{_SIXTY}(?:\.[0-9]+)?秒?)?分?|[时点]整?)\s?(?:[AaPp][Mm])?{_ZONE}?)?"
)
"""A time of day behind a date, in colons or in Chinese."""
_OF_PROGRAMS = (
    r"(?i)^([a-z]{3} [0-9]{1,2}) ([0-9:]{8}) CST ([0-9]{4})$",
    r"(?i)\s*(?:GMT|UTC)?([+-][0-9]{2}:?[0-9]{2})(?:\s?(?:\([^()]*\)|[A-Z]{3,4}))?$",
)
"""`Jan 05 00:00:00 CST 2024` of Java; the zone's name behind `+0800`, of Go and JavaScript."""
_CLOCK = rf"({_HOUR}):({_SIXTY})(?::{_SIXTY}(?:\.[0-9]+)?)?({_ZONE})$"
_DAY = "([0-9]{1,2})"
_SIGN = r"[-/.,、_\\ ]"
_YEAR_FIRST = rf"^([0-9]{{4}})(?:{_SIGN}|年){_DAY}(?:{_SIGN}|月){_DAY}[日号.]?{TIME}$"
_SOLID = (
    r"^([0-9]{4})([0-9]{2})([0-9]{2})"
    rf"(?:(?:[01][0-9]|2[0-4])[0-5][0-9](?:[0-5][0-9])?|{TIME})$"
)
_YEAR_LAST = rf"^{_DAY}{_SIGN}{_DAY}{_SIGN}([0-9]{{4}}){TIME}$"
_REPUBLIC = rf"^(?:中华)?民国([0-9]{{1,3}})年{_DAY}月{_DAY}[日号]?{TIME}$"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_NAME = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_ENGLISH = (
    rf"(?i)^{_MONTH_NAME}[- ]{_DAY}(?:st|nd|rd|th)?,?[- ]([0-9]{{4}}){TIME}$",
    rf"(?i)^{_DAY}(?:st|nd|rd|th)?[- ]{_MONTH_NAME},?[- ]([0-9]{{4}}){TIME}$",
    rf"(?i)^([0-9]{{4}})[- ]{_MONTH_NAME}[- ]{_DAY}$",
)
_EPOCH = r"^1[0-9]{9}(?:[0-9]{3})?$"
_SERIAL = r"^[2-6][0-9]{4}(?:\.[0-9]+)?$"
_WEEKDAY = (
    r"(?i)[( ]*(?:(?:星期|周|礼拜)[一二三四五六日天]|"
    r"\b(?:mon|tue|wednes|wed|thurs|thu|fri|satur|sat|sun)(?:s?day)?\b,?)[) ]*"
)
_CHINESE = "[〇零○一二三四五六七八九十百廿卅壹贰叁肆伍陆柒捌玖拾]"
_CHINESE_DATE = re.compile(
    rf"((?:中华)?民国)?({_CHINESE}{{1,6}})年({_CHINESE}{{1,3}})月(?:({_CHINESE}{{1,3}})[日号]?)?"
)


def tidied(raw: pl.Series) -> pl.Series:
    """Half width, weekdays and needless blanks and marks gone, Chinese numerals as digits.

    >>> tidied(pl.Series(["２０２４年 2月 29日（星期四）", "二〇二四年二月二十九日"])).to_list()
    ['2024年2月29日', '2024年2月29日']
    """
    text = narrow(raw).str.replace_all(r"\s*([-/.年月日:])\s*", "$1").str.strip_chars("'\"`‘’“”")
    text = text.str.replace(r"^\p{Han}{2,8}:", "").str.replace_many({"國": "国", "元月": "1月"})
    text = text.str.replace(_WEEKDAY, " ").str.strip_chars(" ")
    named = text.str.contains("[A-Z)]$| CST ")
    text = change_where(text, named, _without_zone_names)
    chinese = text.str.contains(_CHINESE + "年")
    return change_where(text, chinese, lambda few: per_distinct(few, _in_digits))


def _without_zone_names(text: pl.Series) -> pl.Series:
    turned, named = _OF_PROGRAMS
    return text.str.replace(turned, "$1 $3 $2").str.replace(named, "$1")


def _in_digits(text: str) -> str:
    found = _CHINESE_DATE.search(text)
    if found is None:
        return text
    era, *numerals = found.groups()
    year, month, day = (number_of(n or "") for n in numerals)
    if year is None or month is None or (day is None) != (numerals[2] is None):
        return text
    last = "" if day is None else f"{day}日"
    return text.replace(found[0], f"{'民国' if era else ''}{year}年{month}月{last}")


def read(text: pl.Series) -> pl.Series:
    """The day of each tidied text, existing or not; null where no writing fits, or two do.

    >>> read(pl.Series(["2024.2.29", "29/02/2024", "民国113年2月29日", "29 Feb 2024"])).to_list()
    ['2024-02-29', '2024-02-29', '2024-02-29', '2024-02-29']
    >>> read(pl.Series(["02/03/2024", "2024-02-28T16:00:00Z", "45351"])).to_list()
    [None, '2024-02-29', '2024-02-29']
    """
    day = _iso(text, _YEAR_FIRST, 1, 2, 3)
    for one in (_solid, _year_last, _of_the_republic, _in_english, _from_serial, _from_epoch):
        open_ = day.is_null() & text.is_not_null()
        if not open_.any():
            break
        day = change_where(day, open_, lambda _, one=one, at=open_: one(text.filter(at)))  # type: ignore[misc]
    zoned = holds(text.str.contains(_CLOCK)) & day.is_not_null()
    return change_where(day, zoned, lambda few: _in_china(few, text.filter(zoned)))


def _iso(text: pl.Series, pattern: str, year: int, month: int, day: int) -> pl.Series:
    two = [text.str.extract(pattern, group).str.zfill(2) for group in (month, day)]
    return text.str.extract(pattern, year) + "-" + two[0] + "-" + two[1]


def _solid(text: pl.Series) -> pl.Series:
    return _iso(text, _SOLID, 1, 2, 3)


def _year_last(text: pl.Series) -> pl.Series:
    """Day and month by the one that exceeds twelve, or where both are equal."""
    one = text.str.extract(_YEAR_LAST, 1).cast(pl.Int32)
    two = text.str.extract(_YEAR_LAST, 2).cast(pl.Int32)
    month_first = holds((two > 12) | (one == two))
    day = _iso(text, _YEAR_LAST, 3, 1, 2).zip_with(month_first, _iso(text, _YEAR_LAST, 3, 2, 1))
    return day.set(holds((one <= 12) & (two <= 12) & (one != two)), None)


def _of_the_republic(text: pl.Series) -> pl.Series:
    """Years of the Republic count from 1912: 民国113年 is 2024."""
    day = _iso(text, _REPUBLIC, 1, 2, 3)
    year = (text.str.extract(_REPUBLIC, 1).cast(pl.Int32) + 1911).cast(pl.String)
    return year + "-" + day.str.extract(r"^[0-9]+-(.*)$", 1)


def _in_english(text: pl.Series) -> pl.Series:
    month_first, day_first, year_first = _ENGLISH
    day = _iso(text, month_first, 3, 1, 2)
    for pattern, order in ((day_first, (3, 2, 1)), (year_first, (1, 2, 3))):
        other = _iso(text, pattern, *order)
        day = day.zip_with(day.is_not_null(), other)
    name = day.str.extract(r"^[0-9]{4}-([A-Za-z]{3})", 1).str.to_lowercase()
    number = name.replace_strict(
        {m: f"{n:02}" for n, m in enumerate(_MONTHS, 1)}, default=None, return_dtype=pl.String
    )
    return day.str.head(4) + "-" + number + "-" + day.str.tail(2)


def is_serial(text: pl.Series) -> pl.Series:
    """Five digits that are a spreadsheet's day number (1954 to 2091 in the 1900 system).

    Days before 1900-03-01 (numbers up to 60) are never taken for dates: spreadsheets count a
    29th of February 1900 that did not exist, and a number so small is rather a day or a count.
    """
    return text.str.contains(_SERIAL)


def _from_serial(text: pl.Series) -> pl.Series:
    """Days since 1899-12-30, which is right from 1900-03-01 on (the 1900 date system)."""
    days = text.set(~holds(is_serial(text)), None).str.extract(r"^([0-9]+)").cast(pl.Int64)
    epoch = pl.Series(["1899-12-30"]).str.to_date().new_from_index(0, len(text))
    dates = epoch + (days * 86_400_000).cast(pl.Duration("ms"))
    return dates.dt.strftime("%Y-%m-%d")


def is_epoch(text: pl.Series) -> pl.Series:
    """Seconds or milliseconds since 1970 (2001 to 2033), as programs export a moment."""
    return text.str.contains(_EPOCH)


def _from_epoch(text: pl.Series) -> pl.Series:
    """The day in China of a moment that a program counted."""
    seconds = text.set(~holds(is_epoch(text)), None).str.head(10).cast(pl.Int64) + 8 * 3600
    return (seconds * 1000).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%d")


def _in_china(day: pl.Series, text: pl.Series) -> pl.Series:
    """The day in UTC+8 of moments that say their zone."""
    hour, minute = (text.str.extract(_CLOCK, n).cast(pl.Int64) for n in (1, 2))
    zone = text.str.extract(_CLOCK, 3)
    sign = zone.str.starts_with("-").cast(pl.Int64) * -2 + 1
    hours = zone.str.extract(r"^[+-]([0-9]{2})", 1).cast(pl.Int64).fill_null(0)
    minutes = zone.str.extract(r"([0-9]{2})$", 1).cast(pl.Int64).fill_null(0)
    shift = hour * 60 + minute - sign * (hours * 60 + minutes) + 8 * 60
    moved = day.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("ms"))
    there = (moved + (shift * 60_000).cast(pl.Duration("ms"))).dt.strftime("%Y-%m-%d")
    return there.zip_with(there.is_not_null(), day)
