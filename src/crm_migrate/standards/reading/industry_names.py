"""The classification of GB/T 4754-2017, and what people call its parts.

Basis: GB/T 4754-2017: 20 sections A–T, 97 divisions (`data/gbt4754_2017.csv`), 473 groups and the
codes of their classes (`data/gbt4754_2017_groups.csv`); the toolkit's own list of other words for
them (`data/industry_synonyms.csv`).
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product


@dataclass(frozen=True, slots=True)
class Division:
    """A division of the classification, `C35 专用设备制造业`, with its section."""

    section: str
    section_name: str
    code: str
    name: str


def _rows(name: str) -> list[dict[str, str]]:
    text = files("crm_migrate.standards.data").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@cache
def divisions() -> tuple[Division, ...]:
    """The 97 divisions in the order of their codes."""
    return tuple(
        Division(
            row["section"],
            row["section_name"],
            row["section"] + row["division"],
            row["division_name"],
        )
        for row in _rows("gbt4754_2017.csv")
    )


@cache
def names() -> dict[str, str]:
    """Code → name, of sections, divisions and groups.

    >>> names()["C"], names()["C35"], names()["C352"]
    ('制造业', '专用设备制造业', '化工、木材、非金属加工专用设备制造')
    """
    section = {d.code[1:]: d.section for d in divisions()}
    groups = {
        section[row["group"][:2]] + row["group"]: row["name"]
        for row in _rows("gbt4754_2017_groups.csv")
    }
    return (
        {d.section: d.section_name for d in divisions()}
        | {d.code: d.name for d in divisions()}
        | groups
    )


@cache
def codes() -> tuple[str, ...]:
    """Every code of the classification, classes included, with its letter."""
    section = {d.code[1:]: d.section for d in divisions()}
    classes = [
        section[row["group"][:2]] + row["group"] + digit
        for row in _rows("gbt4754_2017_groups.csv")
        for digit in row["classes"]
    ]
    return (*names(), *classes)


@cache
def spellings() -> dict[str, str]:
    """What people write (without signs) → code, where it means one industry only.

    >>> spellings()["制造业专用设备"], spellings()["35"], spellings()["教育"]
    ('C35', 'C35', 'P83')
    >>> spellings()["汽车整车制造"], spellings()["软件"]
    ('C361', 'I65')
    """
    meant: dict[str, set[str]] = {}
    for d in divisions():
        before = ["", d.section, *_shortened(d.section_name)]
        for section, name in product(before, _shortened(d.name)):
            meant.setdefault(key(section + name), set()).add(d.code)
        meant[d.code[1:]] = {d.code}
    found = {word: some.pop() for word, some in meant.items() if len(some) == 1}
    for d in divisions():
        for section in _shortened(d.section_name):
            for word in (section, d.section + section, d.section + "类" + section):
                found.setdefault(key(word), d.section)
    for row in _rows("industry_synonyms.csv"):
        found.setdefault(key(row["word"]), row["code"])
        found.setdefault(key(row["word"] + "业"), row["code"])
    below: dict[str, set[str]] = {}
    for code, name in names().items():
        if len(code) == 4:
            below.setdefault(key(name), set()).add(code)
    for word, some in below.items():
        if len(some) == 1:
            found.setdefault(word, some.pop())
    return found


def containing(text: str) -> list[str]:
    """The divisions whose names, or whose groups' names, contain the text; for one character none.

    >>> containing("设备制造")[:3], containing("锅炉")
    (['C34', 'C35', 'C37'], ['C34'])
    """
    word = key(text)
    if len(word) < 2:
        return []
    found = {code[:3] for code, name in names().items() if len(code) > 1 and word in key(name)}
    return sorted(found)


def _shortened(name: str) -> list[str]:
    """A name in full and without 制造业, 服务业 or 业, as the registration form has it."""
    ends = [end for end in ("制造业", "服务业", "业") if name.endswith(end)]
    return [name, *(short for end in ends if len(short := name.removesuffix(end)) > 1)]


def key(name: str) -> str:
    """A name without signs and blanks."""
    return "".join(c for c in name if c.isalnum())
