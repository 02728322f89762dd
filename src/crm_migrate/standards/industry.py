"""Industry 所属行业.

Basis: GB/T 4754-2017 (see `industry_names`). Canonical: the code of a division, `C35`, or of a
group or class below it, `C352`, `C3521`; a section alone is `C`.
"""

import re
from functools import cache

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact, simplified, tidy
from crm_migrate.standards.columns.residue import (
    change_distinct,
    change_where,
    holds,
    mask_where,
    per_distinct,
    unless_matching,
)
from crm_migrate.standards.columns.words import Words
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.industry_names import (
    containing,
    divisions,
    former_codes,
    key,
    names,
    spellings,
)
from crm_migrate.standards.rule_families import normalised

BASIS = Text("GB/T 4754-2017", "GB/T 4754-2017《国民经济行业分类》")
CANONICAL = r"^[A-T](?:[0-9]{2,4})?$"

_FORMER = r"^[A-T]?([0-9]{4})(?:[^0-9]|$)"
_STEPS = r"\p{Han}\s*(?:[-—–>/\\|:]|->|→|»)\s*\p{Han}"
_STEP_SIGNS = r"[-—–>＞/／\\|｜:：→»]+"
_LIST_SIGNS = r"[、,，;；/＋+和及]+"
_TOLD = 8
"""How many industries a person is offered: 其他 could be any of fifty."""
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
FORMER_CODE = Rule(
    "industry.former_code",
    Severity.WARNING,
    Text(
        "The code is one of GB/T 4754-2011 that is no code today; it was kept as typed",
        "该代码属于 GB/T 4754-2011，现行版本已无此代码，已按原样保留",
    ),
    Text("Choose the industry of today.", "请改为现行分类中的行业。"),
)
SECTION_ONLY = Rule(
    "industry.section_only",
    Severity.WARNING,
    Text("Only the section of the industry is given", "只填写了行业门类，缺少大类"),
    Text("Add the division, e.g. 专用设备制造业.", "请补充大类，如 专用设备制造业。"),
)
CONTRADICTORY = Rule(
    "industry.contradictory",
    Severity.WARNING,
    Text(
        "Code and name belong to different industries; they were kept as typed",
        "行业代码与名称不一致，已按原样保留",
    ),
    Text("Decide on one of them.", "请确认以代码还是名称为准。"),
)
RULES: tuple[Rule, ...] = (
    NORMALISED, AMBIGUOUS, FORMER_CODE, UNKNOWN, SECTION_ONLY, CONTRADICTORY,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The code; what is ambiguous, unknown or contradicts itself is kept as typed.

    >>> normalise(pl.Series(["制造业-专用设备", "c35", "C35 专用设备制造业", "3521"])).to_list()
    ['C35', 'C35', 'C35', 'C3521']
    >>> normalise(pl.Series(["设备制造", "制造业", "软件业", "C36 专用设备"])).to_list()
    ['设备制造', 'C', 'I65', 'C36 专用设备']
    """
    return unless_matching(raw, CANONICAL, lambda few: change_distinct(few, _repaired))


def _repaired(raw: pl.Series) -> pl.Series:
    word = _words(raw)
    read = _spelled().meaning(word)
    for one in (_full_code(word), _last_step(raw), _named_today(word)):
        read = read.zip_with(read.is_not_null(), one)
    return read.zip_with(read.is_not_null(), tidy(raw))


def _words(raw: pl.Series) -> pl.Series:
    """As `industry_names.key` has it; 3511.0 is a code that a spreadsheet took for a number.

    Signs between digits stay: 35/38 are two codes.
    """
    text = simplified(compact(raw)).str.replace(r"^([A-Za-z]?[0-9]{2,4})\.0$", "$1")
    return (
        text.str.replace_all(r"([^0-9]|^)[\p{P}\p{S}]+", "$1")
        .str.replace_all(r"[\p{P}\p{S}]+([^0-9]|$)", "$1")
        .str.replace_all("[及与]", "和")
        .str.to_uppercase()
    )


@cache
def _spelled() -> Words:
    """What people write → code."""
    return Words(spellings())


@cache
def _named() -> Words:
    """Code → name."""
    return Words(names())


@cache
def _sections() -> Words:
    """The digits of a division → the letter of its section."""
    return Words({d.code[1:]: d.section for d in divisions()})


def _full_code(word: pl.Series) -> pl.Series:
    """A code, with or without its letter, with or without its right name; null otherwise."""
    letter, digits, name = _code_and_name(word)
    section = _sections().meaning(digits.str.head(2))
    code = section + digits
    named = _spelled().meaning(name)
    # What stands beside the code of a class and is no industry's name is a short form of its own.
    own = (digits.str.len_chars() == 4) & ~_spelled().have(name)
    within = pl.select(
        pl.lit(code).str.starts_with(pl.lit(named)) | pl.lit(named).str.starts_with(pl.lit(code))
    ).to_series()
    agrees = (
        holds((letter == "") | (letter == section))
        & _named().have(code)
        & (holds(name == "") | holds(within) | holds(own))
    )
    return code.set(~agrees, None)


def _code_and_name(word: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Letter, digits and name; the code may stand before or behind its name."""
    front = r"^([A-T]?)([0-9]{2,4})((?:\p{Han}.*)?)$"
    behind = r"^(\p{Han}+)([A-T]?)([0-9]{2,4})$"
    parts = (word.str.extract(front, n) for n in (1, 2, 3))
    others = (word.str.extract(behind, n) for n in (2, 3, 1))
    letter, digits, name = (
        a.zip_with(a.is_not_null(), b) for a, b in zip(parts, others, strict=True)
    )
    return letter, digits, name


def _named_today(word: pl.Series) -> pl.Series:
    """6510应用软件开发: a code of 2011 beside the name of what it is today."""

    def named(text: str) -> str | None:
        code = spellings().get(text[4:])
        return code if code in former_codes()[text[:4]] else None

    rows = holds(word.str.contains(r"^[0-9]{4}\p{Han}")) & holds(
        word.str.head(4).is_in(list(former_codes()))
    )
    return change_where(
        word.set(word.is_not_null(), None), rows, lambda _: per_distinct(word.filter(rows), named)
    )


def _last_step(raw: pl.Series) -> pl.Series:
    """制造业 > 专用设备制造业 > 汽车整车制造: each step must lie within the one before."""
    steps = simplified(compact(raw)).str.contains(_STEPS)
    return change_where(
        raw.set(raw.is_not_null(), None), steps, lambda _: per_distinct(raw.filter(steps), _stepped)
    )


def _stepped(text: str) -> str | None:
    found = [spellings().get(key(part)) for part in re.split(_STEP_SIGNS, text) if key(part)]
    code = ""
    for one in found:
        if one is None or not one.startswith(code):
            return None
        code = one
    return code or None


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Names of several or no industries, sections alone, codes that do not exist or contradict."""
    formed = holds(value.str.contains(CANONICAL))
    known = mask_where(value, formed, _named().have)
    open_ = value.is_not_null() & ~known
    contradictory = mask_where(value, open_ & ~formed, _contradicts)
    left = open_ & ~contradictory
    former = mask_where(value, left, _has_former_code)
    left &= ~former
    ambiguous = mask_where(value, left, lambda v: candidates(v).is_not_null())
    yield CONTRADICTORY, contradictory
    yield AMBIGUOUS, ambiguous
    yield FORMER_CODE, former
    yield UNKNOWN, left & ~ambiguous
    yield SECTION_ONLY, known & (value.str.len_chars() == 1)


def _has_former_code(value: pl.Series) -> pl.Series:
    return value.str.extract(_FORMER, 1).is_in(list(former_codes()))


def _contradicts(value: pl.Series) -> pl.Series:
    """A code that exists beside the name of another industry."""
    _, digits, name = _code_and_name(_words(value))
    code = _sections().meaning(digits.str.head(2)) + digits
    return _named().have(code) & _spelled().have(name)


def candidates(value: pl.Series) -> pl.Series:
    """The industries that an ambiguous text or a former code can mean, for a person to choose
    from; else null.

    >>> candidates(pl.Series(["锅炉", "C35", "批发、零售", "3150"])).to_list()
    [None, None, 'F51 批发业; F52 零售业', 'C314 铁合金冶炼']
    """
    return per_distinct(simplified(value), _several)


def _several(text: str) -> str | None:
    parts = [spellings().get(key(part)) for part in re.split(_LIST_SIGNS, text) if key(part)]
    codes_ = [c for c in parts if c] if len(parts) > 1 and all(parts) else containing(text)
    old = re.match(_FORMER, text)
    today = former_codes().get(old[1], []) if old else []
    if len(set(codes_)) < 2 and not today:
        return None
    told = [f"{code} {names()[code]}" for code in dict.fromkeys(today or codes_)]
    return "; ".join(told if len(told) <= _TOLD else [*told[:_TOLD], "…"])


def format(value: pl.Series) -> pl.Series:
    """Code and name.

    >>> format(pl.Series(["C35", "C3521", "C", "设备制造"])).to_list()
    ['C35 专用设备制造业', 'C3521 炼油、化工生产专用设备制造', 'C 制造业', '设备制造']
    """
    code = value.str.extract(f"({CANONICAL})", 1)
    name = _named().meaning(code)
    return (value + " " + name).zip_with(name.is_not_null(), value)


def mask(value: pl.Series) -> pl.Series:
    """As it is: an industry tells nothing about a person."""
    return value
