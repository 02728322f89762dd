"""The names that addresses begin with, and the places that each of them can mean.

Basis: GB/T 2260, present edition and former names (see `divisions` and `regions`); national new
areas, Hong Kong, Macau and Taiwan from `data/places_without_code.csv`. Besides the full names
people write autonomous areas without their peoples (恩施州, 长阳县), county-level cities without
市 (江苏昆山), and counties by what they were before they became districts (密云县).
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from crm_migrate.standards.places.divisions import (
    Division,
    Prefixes,
    city_names,
    divisions,
    province_names,
    short_city,
)
from crm_migrate.standards.places.regions import Former, former

PROVINCE, CITY, DISTRICT = 1, 2, 3
FULL, SHORT, FORMER = 0, 1, 2
"""How a name is written; a place that is meant by its full name goes before all others."""
FILLERS = (
    "市辖区", "省直辖县级行政区划", "省直辖县级行政单位", "省直辖行政单位",
    "自治区直辖县级行政区划", "自治区直辖县级行政单位",
)  # fmt: skip
"""What the register writes in place of a city where there is none."""

MUNICIPALITIES = ("北京市", "天津市", "上海市", "重庆市")
_NEW_AREAS = {"龙华新区": "440309", "光明新区": "440311", "坪山新区": "440310"}
"""Areas of Shenzhen under a committee of their own that became districts in 2016 and 2018."""

_PEOPLES = (
    "蒙古族?|回族|藏族|维吾尔族?|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|"
    "哈萨克族?|傣族|黎族|傈僳族|佤族|畲族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族?|土族|"
    "达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族?|普米族|塔吉克族?|怒族|鄂温克族|"
    "保安族|裕固族|独龙族|鄂伦春族?|各族"
)
_AUTONOMOUS = re.compile(rf"^(.+?)(?:{_PEOPLES})+自治(州|县|旗)$")
_VAGUE = re.compile(r"^(?:[东南西北中市]?[市郊城矿新]区|[东南西北中]区|市中区|特区)$")
"""Former districts whose names stand for no place: 郊区, 东市区, 北区, 新区."""
_STATISTICAL = re.compile("^[0-9]{4}7[0-9]$")
"""Codes of development zones, which statistics give and GB/T 2260 does not have."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One place that a name can mean."""

    level: int
    name: str
    full: str
    """The name as it is written in full today (of a dissolved district its last one)."""
    writing: int
    province: str
    city: str | None
    code: str
    """Of the deepest place that has a code today."""


def without_peoples(name: str) -> str | None:
    """An autonomous area as people write it; None for other names.

    >>> without_peoples("恩施土家族苗族自治州"), without_peoples("长阳土家族自治县")
    ('恩施州', '长阳县')
    """
    found = _AUTONOMOUS.match(name)
    return found[1] + found[2] if found else None


@cache
def meanings() -> pl.DataFrame:
    """Every `Meaning`, one per row."""
    return pl.DataFrame(
        [
            (m.level, m.name, m.full, m.writing, m.province, m.city, m.code)
            for m in (*_present(), *_former())
        ],
        schema={
            "level": pl.Int32, "name": pl.String, "full": pl.String, "writing": pl.Int32,
            "full_province": pl.String, "full_city": pl.String, "code": pl.String,
        },
        orient="row",
    )  # fmt: skip


def _present() -> Iterator[Meaning]:
    for d in divisions():
        level = DISTRICT if d.district else CITY if d.city else PROVINCE
        full = d.district or d.city or d.province
        yield Meaning(level, full, full, FULL, d.province, d.city or None, d.code)
        short = without_peoples(full)
        if short:
            yield Meaning(level, short, full, SHORT, d.province, d.city or None, d.code)


def _former() -> Iterator[Meaning]:
    by_code = {d.code: d for d in divisions()}
    for name, code in _NEW_AREAS.items():
        d = by_code[code]
        yield Meaning(DISTRICT, name, d.district, FORMER, d.province, d.city, code)
    known = {d.district or d.city for d in divisions()}
    cities = {d.city for d in divisions()}
    for one in former():
        if not one.name.endswith(("区", "县", "市", "旗")) or one.name == FILLERS[0]:
            continue
        if _VAGUE.match(one.name) or _STATISTICAL.match(one.code):
            continue
        place = by_code.get(one.now)
        if one.code.endswith("00"):
            if place is not None and place.city and not place.district and one.name not in known:
                yield _meaning(CITY, one, place, place.city)
        elif place is not None and place.district not in ("", one.name) and one.name not in cities:
            yield _meaning(DISTRICT, one, place, place.district)
        elif not one.now and (around := _around(one, by_code)) is not None:
            yield _meaning(DISTRICT, one, around, one.name)


def _meaning(level: int, one: Former, place: Division, full: str) -> Meaning:
    return Meaning(level, one.name, full, FORMER, place.province, place.city or None, place.code)


def _around(one: Former, by_code: dict[str, Division]) -> Division | None:
    """Where a division lay that is no more: its city if that still has the code."""
    if one.code[:2] in ("11", "12", "31", "50"):
        return by_code[one.code[:2] + "0000"]
    return by_code.get(one.code[:4] + "00")


@cache
def provinces() -> Prefixes:
    """Names of provinces, in full and short."""
    return Prefixes(province_names())


@cache
def cities() -> Prefixes:
    """Names of cities in all writings, and `FILLERS`."""
    return Prefixes([*city_spellings(), *FILLERS, *MUNICIPALITIES])


@cache
def city_spellings() -> dict[str, str]:
    """Names of cities in all writings → full name of today."""
    rows = meanings().filter(pl.col("level") == CITY).select("name", "full").rows()
    bare = {_bare(name): name for name in sorted(city_names().values())}
    return bare | dict(rows) | city_names() | {name: name for name in MUNICIPALITIES}


def _bare(prefecture: str) -> str:
    """湘西 of 湘西土家族苗族自治州, 锡林郭勒 of 锡林郭勒盟."""
    short = without_peoples(prefecture) or prefecture
    return re.sub("(?:地区|[州盟])$", "", short)


@cache
def bare_prefectures() -> tuple[str, ...]:
    """Prefectures without their ending; alone they are often another place (大理, 阿克苏)."""
    names = {_bare(name) for name in city_names().values()}
    return tuple(sorted(names - set(city_names())))


@cache
def former_prefectures() -> tuple[str, ...]:
    """Cities with districts of their own, dissolved since 1996, that are one district today."""
    districts_ = set(meanings().filter(pl.col("level") == DISTRICT)["name"])
    gone = {f.name for f in former() if f.code.endswith("00") and f.last >= 1996}
    return tuple(sorted(gone & districts_ - set(city_names())))


@cache
def former_cities() -> tuple[str, ...]:
    """Names that cities had before."""
    rows = meanings().filter((pl.col("level") == CITY) & (pl.col("writing") == FORMER))
    return tuple(rows["name"].to_list())


@cache
def with_city_districts() -> tuple[str, ...]:
    """Cities that have a 市南区, 市北区 or 市中区: the 市 may be the district's."""
    return tuple(sorted({d.city for d in divisions() if d.district[:1] == "市" and d.city}))


@cache
def districts() -> Prefixes:
    """Names of districts and counties: full, without peoples, former."""
    return Prefixes(meanings().filter(pl.col("level") == DISTRICT)["name"].to_list())


@cache
def short_districts() -> tuple[Prefixes, pl.DataFrame]:
    """County-level cities without 市, districts and counties without their ending, and where each
    lies (`name`, `full`, `full_province`, `full_city`, `is_city`).
    """
    rows = [
        (short, d.district, d.province, d.city or None, d.district.endswith("市"))
        for d in divisions()
        if len(short := _short_district(d)) > 1 and short != short_city(d.city)
    ]
    schema = ["name", "full", "full_province", "full_city", "is_city"]
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return Prefixes(table["name"].to_list()), table


@cache
def short_districts_behind_cities() -> Prefixes:
    """杭州西湖: what begins with these is no street of the city's name."""
    return Prefixes(
        short_city(d.city) + short
        for d in divisions()
        if d.city and len(short := _short_district(d)) > 1
    )


def _short_district(d: Division) -> str:
    """南山, 浦东 (新区), 长阳 (土家族自治县); empty where nothing is left out."""
    name = without_peoples(d.district) or d.district
    short = re.sub("(?:新区|[市区县])$", "", name)
    return short if short != name else ""


@cache
def without_code() -> tuple[Prefixes, pl.DataFrame]:
    """Places beyond GB/T 2260, and where each lies (`in_province`, `in_city`, `in_code`)."""
    text = files("crm_migrate.standards.data").joinpath("places_without_code.csv")
    lines = [ln for ln in text.read_text("utf-8").splitlines() if not ln.startswith("#")]
    codes = {(d.province, d.city): d.code for d in divisions() if not d.district}
    rows = [
        (row["name"], row["province"], row["city"] or None, codes[row["province"], row["city"]])
        for row in csv.DictReader(lines)
    ]
    table = pl.DataFrame(rows, schema=["name", "in_province", "in_city", "in_code"], orient="row")
    return Prefixes(table["name"].to_list()), table
