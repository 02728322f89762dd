"""The classification of GB/T 4754-2017, and what people call its parts.

Basis: GB/T 4754-2017: 20 sections A–T, 97 divisions (`data/gbt4754_2017.csv`), 473 groups
(`data/gbt4754_2017_groups.csv`), 1,381 classes (`data/gbt4754_2017_classes.csv`); the toolkit's own
list of other words for them, names of the editions of 2002 and 2011 among these
(`data/industry_synonyms.csv`).
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
    """Code → name, of sections, divisions, groups and classes, from the shortest code on.

    >>> names()["C"], names()["C35"], names()["C352"], names()["C3525"]
    ('制造业', '专用设备制造业', '化工、木材、非金属加工专用设备制造', '模具制造')
    """
    section = {d.code[1:]: d.section for d in divisions()}
    below = {
        section[row[level][:2]] + row[level]: row["name"]
        for level, table in (("group", "groups"), ("class", "classes"))
        for row in _rows(f"gbt4754_2017_{table}.csv")
    }
    return (
        {d.section: d.section_name for d in divisions()}
        | {d.code: d.name for d in divisions()}
        | below
    )


@cache
def former_codes() -> dict[str, list[str]]:
    """Four digits of the edition of 2011 that are no code today → what they are today.

    >>> former_codes()["6510"], former_codes()["3150"]
    (['I6511', 'I6512', 'I6513', 'I6519'], ['C314'])
    """
    today = {code[1:]: code for code in names() if len(code) == 5}
    return {
        row["class"]: [_whole(today[code]) for code in row["now"].split(";")]
        for row in _rows("gbt4754_2011_codes.csv")
    }


def _whole(code: str) -> str:
    """Of a group's only class the group."""
    return code.removesuffix("0")


@cache
def spellings() -> dict[str, str]:
    """What people write (without signs, in capitals) → code, where it means one industry only.

    A group that is not divided has its own name as a class, too: the name is the group's.

    >>> spellings()["制造业专用设备"], spellings()["35"], spellings()["教育"]
    ('C35', 'C35', 'P83')
    >>> spellings()["汽车整车制造"], spellings()["软件"], spellings()["应用软件开发"]
    ('C361', 'I65', 'I6513')
    >>> spellings()["专用设备业"], spellings()["互联网和相关服务业"]
    ('C35', 'I64')
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
                found.setdefault(key(section + d.section), d.section)
        found.setdefault(d.section, d.section)
    for row in _rows("industry_synonyms.csv"):
        found.setdefault(key(row["word"]), row["code"])
        found.setdefault(key(row["word"] + "业"), row["code"])
    below = {key(name): code for code, name in reversed(names().items()) if len(code) > 3}
    return _without_services(below) | below | found


def _without_services(below: dict[str, str]) -> dict[str, str]:
    """保险代理, 职业中介: a service without the word, where no other name has these words.

    Not so for what is made: who writes 啤酒 may brew it or sell it.
    """
    every = "|".join(below)
    short = {word.removesuffix(end): code for word, code in below.items()
             for end in ("服务业", "服务", "活动") if word.endswith(end)}  # fmt: skip
    return {word: code for word, code in short.items() if len(word) > 3 and every.count(word) == 1}


def containing(text: str) -> list[str]:
    """The divisions whose names, or whose groups' names, contain the text, else those of classes.

    For one character there are none.

    >>> containing("设备制造")[:3], containing("锅炉")
    (['C34', 'C35', 'C37'], ['C34'])
    """
    word = key(text)
    if len(word) < 2:
        return []
    found = {code for code, name in _keys() if word in name}
    wide = {code[:3] for code in found if len(code) < 5}
    return sorted(wide or {code[:3] for code in found})


@cache
def _keys() -> tuple[tuple[str, str], ...]:
    """The codes below the sections, each with the key of its name."""
    return tuple((code, key(name)) for code, name in names().items() if len(code) > 1)


def _shortened(name: str) -> list[str]:
    """A name in full, as 专用设备业, and as on the form: without 制造业, 服务业 or 业."""
    ends = [end for end in ("制造业", "服务业", "业") if name.endswith(end)]
    short = [left for end in ends if len(left := name.removesuffix(end)) > 1]
    ended = (f"{word}业" for word in short or [name] if not word.endswith("业"))
    return list(dict.fromkeys([name, *short, *ended]))


_JOINING = str.maketrans("及与", "和和")
"""化学原料及化学制品 of 2011 is 化学原料和化学制品 of 2017; people write 批发与零售业."""


def key(name: str) -> str:
    """A name without signs and blanks, in capitals, with one word for “and”."""
    return "".join(c for c in name if c.isalnum()).translate(_JOINING).upper()
