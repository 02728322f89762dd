"""What a column's label or a table's name says about its content (words in data/headers.yaml)."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from crm_migrate.mapping.fingerprint import plain_label

_UNIT_IN_BRACKETS = re.compile(r"[(\[]\s*(?:单位[::]?)?(元|千元|万元|百万元|亿元)\s*[)\]]\s*$")
_UNIT_BEHIND = {"yuan": "元", "rmb": "元", "cny": "元", "wan": "万元"}
_BRACKETS = re.compile(r"[(\[][^)\]]*[)\]]\s*$")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_NEAR = 88
"""Least similarity (RapidFuzz ratio, 0–100) at which a label counts as a spelling of a word."""


@dataclass(frozen=True, slots=True)
class Match:
    """A field that a label may name. `score` 0–1; `generic` words count only in their own table."""

    entity: str
    field: str
    score: float
    generic: bool
    word: str


@dataclass(frozen=True)
class Label:
    """A column label taken apart: header groups, the words that count, the unit, the number."""

    groups: tuple[str, ...]
    name: str
    unit: str | None
    number: int
    """2 for 电话2, 备用电话; 1 otherwise, for 电话1, too."""


def read_label(label: str) -> Label:
    """Take a label apart.

    >>> read_label("业务信息/年采购预算(万元)")
    Label(groups=('业务信息',), name='年采购预算', unit='万元', number=1)
    >>> read_label("budget_yuan").unit, read_label("电话2").number, read_label("备注1").name
    ('元', 2, '备注')
    """
    *groups, last = [p.strip() for p in unicodedata.normalize("NFKC", label).split("/")]
    found = _UNIT_IN_BRACKETS.search(last)
    unit = found.group(1) if found else None
    words = _BRACKETS.sub("", last)
    parts = re.split(r"[_\s]+", words)
    if unit is None and len(parts) > 1 and parts[-1].lower() in _UNIT_BEHIND:
        unit = _UNIT_BEHIND[parts[-1].lower()]
        words = " ".join(parts[:-1])
    name = _bare(words)
    number = 1
    if numbered := re.fullmatch(r"(?:(备用|第二|次要|其他)(.+)|(.+?)([1-9一二三]))", name):
        name = numbered.group(2) or numbered.group(3)
        number = 1 if numbered.group(4) in ("1", "一") else 2
    return Label(tuple(_bare(g) for g in groups), name, unit, number)


def _bare(text: str) -> str:
    return re.sub(r"[/()%#]", "", _simplified(plain_label(text)))


def _simplified(text: str) -> str:
    """Traditional characters as simplified ones; for labels only, which are few."""
    return text if text.isascii() else _converter().convert(text)


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def _initials(word: str) -> str | None:
    """客户名称 → khmc, 客户id → khid; None where a word is too short to tell anything."""
    from pypinyin import Style, lazy_pinyin

    if len(_HAN.findall(word)) < 2:
        return None
    return "".join(lazy_pinyin(word, style=Style.FIRST_LETTER, errors="default"))


@dataclass(frozen=True)
class Headers:
    """The table of words, ready to be asked."""

    words: Mapping[str, tuple[tuple[str, str, bool], ...]]
    """Bare word → (entity, field, generic)."""
    keys: Mapping[str, tuple[str, ...]]
    """Bare word → the entities it identifies; "" is the table's own."""
    subjects: Mapping[str, str]
    together: Mapping[str, tuple[str, ...]]
    useless: frozenset[str]
    name_parts: Mapping[str, str]
    """Bare word → `family` or `given`."""
    address_parts: Mapping[str, str]
    """Bare word → `province`, `city`, `district` or `detail`."""
    of_companies: frozenset[str]
    """Bare words for people who stand for a company."""

    def matches(self, label: Label) -> list[Match]:
        """The fields that the label may name: equal words, else similar ones."""
        exact = self.words.get(label.name)
        if exact is not None:
            return [Match(e, f, 0.8 if g else 0.95, g, label.name) for e, f, g in exact]
        short = self._initials[0].get(label.name) if label.name.isascii() else None
        if short is not None:  # several words may share them: the values decide
            return [
                Match(e, f, 0.6 if g else 0.7, g, w) for w in short for e, f, g in self.words[w]
            ]
        return list(self._similar(label.name))

    @cached_property
    def _initials(self) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, str]]:
        """Pinyin initials → words of fields, words of keys, the subject."""
        found: list[dict[str, list[str]]] = []
        for words in (self.words, self.keys, self.subjects):
            by_initials: dict[str, list[str]] = {}
            for word in words:
                if (short := _initials(word)) is not None:
                    by_initials.setdefault(short, []).append(word)
            found.append(by_initials)
        fields, keys, subjects = found
        return fields, keys, {s: self.subjects[w[0]] for s, w in subjects.items()}

    def _similar(self, name: str) -> Iterator[Match]:
        from rapidfuzz import fuzz, process

        if len(name) < 3:
            return
        near = process.extract(name, self.words, scorer=fuzz.ratio, score_cutoff=_NEAR, limit=3)
        inside = [w for w in self.words if len(w) >= 3 and name.endswith(w)]
        found = [(str(w), s / 130) for _, s, w in near] if near else [(w, 0.6) for w in inside]
        best = max((len(w) for w, _ in found), default=0)
        for word, score in found:
            if near or len(word) == best:
                yield from (
                    Match(e, f, round(score, 2), g, word) for e, f, g in self.words[word] if not g
                )

    def identifies(self, label: Label) -> tuple[str, ...]:
        """The entities whose key the label names; "" means the table's own."""
        named = self.keys.get(label.name)
        if named is None and label.name.isascii():
            words = self._initials[1].get(label.name, ())
            named = tuple(dict.fromkeys(e for w in words for e in self.keys[w]))
        return named or ()

    def subject(self, name: str) -> str | None:
        """The entity that a table name or header group is about: the word that ends last."""
        bare = _bare(name)
        found = [(bare.rfind(w) + len(w), len(w), e) for w, e in self.subjects.items() if w in bare]
        if found:
            return max(found)[2]
        if not name.isascii():
            return None
        parts = re.findall("[a-z]+", name.casefold())
        short = [self._initials[2][p] for p in parts if p in self._initials[2]]
        return short[-1] if short else None

    def contacts_of_companies(self, name: str) -> bool:
        """Whether a table so called lists people who stand for companies."""
        bare = _bare(name)
        return any(word in bare for word in self.of_companies)


@cache
def standard_headers() -> Headers:
    """The packaged table of words."""
    import yaml

    text = (files("crm_migrate") / "mapping" / "data" / "headers.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    words: dict[str, list[tuple[str, str, bool]]] = {}
    for entity, fields in data["fields"].items():
        for field, spellings in fields.items():
            for word in spellings:
                place = (entity, field, word.startswith("~"))
                words.setdefault(_bare(word.removeprefix("~")), []).append(place)
    keys: dict[str, list[str]] = {}
    for entity, spellings in data["keys"].items():
        for word in spellings:
            keys.setdefault(_bare(str(word)), []).append(entity)
    return Headers(
        words={w: tuple(p) for w, p in words.items()},
        keys={w: tuple(e) for w, e in keys.items()},
        subjects={_bare(w): e for e, spellings in data["subjects"].items() for w in spellings},
        together={e: tuple(o) for e, o in data["together"].items()},
        name_parts={_bare(w): part for part, ws in data["name_parts"].items() for w in ws},
        address_parts={_bare(w): part for part, ws in data["address_parts"].items() for w in ws},
        of_companies=frozenset(map(_bare, data["of_companies"])),
        useless=frozenset(_bare(str(w)) for s in data["useless"].values() for w in s),
    )
