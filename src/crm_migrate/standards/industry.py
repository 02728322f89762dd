"""Industry 所属行业.

Basis: GB/T 4754-2017, 20 sections A–T and 97 divisions (`data/gbt4754_2017.csv`). Canonical: the
code, `C35`, or a finer code of the same standard, `C3521`; a section alone is `C`.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import compact, simplified, tidy
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.residue import (
    change_distinct,
    holds,
    mask_where,
    per_distinct,
    unless_matching,
)

BASIS = Text("GB/T 4754-2017", "GB/T 4754-2017《国民经济行业分类》")
CANONICAL = r"^[A-T](?:[0-9]{2,4})?$"

NORMALISED = normalised("industry", "industry", "行业")
AMBIGUOUS = Rule(
    "industry.ambiguous",
    Severity.WARNING,
    Text(
        "Several industries go by this name; it was kept as typed",
        "该行业名称对应多个大类，已按原样保留",
    ),
    Text("Choose one, e.g. C35 专用设备制造业.", "请选择其一，如 C35 专用设备制造业。"),
)
UNKNOWN = Rule(
    "industry.unknown",
    Severity.WARNING,
    Text(
        "The industry is not in the national classification; it was kept as typed",
        "不在国民经济行业分类中，已按原样保留",
    ),
    Text(
        "Write section and division, e.g. 制造业-专用设备, or map the value.",
        "请按“门类-大类”填写（如 制造业-专用设备），或在取值映射中说明。",
    ),
)
SECTION_ONLY = Rule(
    "industry.section_only",
    Severity.WARNING,
    Text("Only the section of the industry is given", "只填写了行业门类，缺少大类"),
    Text("Add the division, e.g. 专用设备制造业.", "请补充大类，如 专用设备制造业。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, AMBIGUOUS, UNKNOWN, SECTION_ONLY)


@dataclass(frozen=True, slots=True)
class Division:
    """A division of the classification, `C35 专用设备制造业`, with its section."""

    section: str
    section_name: str
    code: str
    name: str


@cache
def divisions() -> tuple[Division, ...]:
    """The 97 divisions in the order of their codes."""
    text = files("crm_migrate.standards.data").joinpath("gbt4754_2017.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Division(
            row["section"],
            row["section_name"],
            row["section"] + row["division"],
            row["division_name"],
        )
        for row in rows
    )


@cache
def names() -> dict[str, str]:
    """Code → name, of sections and divisions."""
    return {d.section: d.section_name for d in divisions()} | {d.code: d.name for d in divisions()}


@cache
def spellings() -> dict[str, str]:
    """What people write (without signs) → code, where it means one industry only.

    >>> spellings()["制造业专用设备"], spellings()["35"], spellings()["教育"]
    ('C35', 'C35', 'P83')
    """
    meant: dict[str, set[str]] = {}
    for d in divisions():
        for section, name in product(["", *_shortened(d.section_name)], _shortened(d.name)):
            meant.setdefault(_key(section + name), set()).add(d.code)
        meant[d.code[1:]] = {d.code}
    found = {key: codes.pop() for key, codes in meant.items() if len(codes) == 1}
    for d in divisions():
        for section in _shortened(d.section_name):
            found.setdefault(_key(section), d.section)
    return found


def _shortened(name: str) -> list[str]:
    """A name in full and without 制造业, 服务业 or 业, as the registration form has it."""
    ends = [end for end in ("制造业", "服务业", "业") if name.endswith(end)]
    return [name, *(short for end in ends if len(short := name.removesuffix(end)) > 1)]


def _key(name: str) -> str:
    return "".join(c for c in name if c.isalnum())


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The code; what is ambiguous or unknown is kept as typed.

    >>> normalise(pl.Series(["制造业-专用设备", "c35", "C35 专用设备制造业", "3521"])).to_list()
    ['C35', 'C35', 'C35', 'C3521']
    >>> normalise(pl.Series(["设备制造", "制造业", "软件和信息技术服务业"])).to_list()
    ['设备制造', 'C', 'I65']
    """
    return unless_matching(raw, CANONICAL, lambda few: change_distinct(few, _repaired))


def _repaired(raw: pl.Series) -> pl.Series:
    key = simplified(compact(raw)).str.replace_all(r"[\p{P}\p{S}]+", "").str.to_uppercase()
    read = key.replace_strict(spellings(), default=None, return_dtype=pl.String)
    code = _full_code(key)
    return read.zip_with(read.is_not_null(), code.zip_with(code.is_not_null(), tidy(raw)))


def _full_code(key: pl.Series) -> pl.Series:
    """A code, with or without its letter, with or without its right name; null otherwise."""
    by_division = {d.code[1:]: d.section for d in divisions()}
    letter, digits, name = (
        key.str.extract(r"^([A-T]?)([0-9]{2,4})(\p{Han}*)$", g) for g in (1, 2, 3)
    )
    section = digits.str.head(2).replace_strict(by_division, default=None, return_dtype=pl.String)
    named = name.replace_strict(spellings(), default=None, return_dtype=pl.String)
    agrees = holds((letter == "") | (letter == section)) & (
        holds(name == "") | holds(named == section + digits.str.head(2))
    )
    return (section + digits).set(~agrees, None)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Names of several or no industries, sections alone, codes that do not exist."""
    formed = holds(value.str.contains(CANONICAL))
    known = mask_where(value, formed, lambda v: v.str.head(3).is_in(list(names())))
    open_ = value.is_not_null() & ~known
    ambiguous = mask_where(value, open_, lambda v: per_distinct(v, _several).is_not_null())
    yield AMBIGUOUS, ambiguous
    yield UNKNOWN, open_ & ~ambiguous
    yield SECTION_ONLY, known & (value.str.len_chars() == 1)


def _several(text: str) -> str | None:
    """The codes of the divisions whose names contain the text, if there are at least two."""
    key = _key(text)
    codes = [d.code for d in divisions() if len(key) > 1 and key in _key(d.name)]
    return " ".join(codes) if len(codes) > 1 else None


def format(value: pl.Series) -> pl.Series:
    """Code and name.

    >>> format(pl.Series(["C35", "C3521", "C", "设备制造"])).to_list()
    ['C35 专用设备制造业', 'C3521 专用设备制造业', 'C 制造业', '设备制造']
    """
    name = value.str.extract(f"({CANONICAL})", 1).str.head(3)
    name = name.replace_strict(names(), default=None, return_dtype=pl.String)
    return (value + " " + name).zip_with(name.is_not_null(), value)


def mask(value: pl.Series) -> pl.Series:
    """As it is: an industry tells nothing about a person."""
    return value
