"""Predicates of partial unique indexes, as far as they are simple: do they hold for a row?

Soft deletion is what they are for: `deleted_at IS NULL`, `NOT gone`, `state = 'active'`, joined by
AND. Anything else is not understood, and then nothing is claimed.
"""

import re
from collections.abc import Callable, Mapping

import polars as pl

_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|[^\W\d]\w*)'
_CAST = r"(?:::[\w ]+(?:\(\d+\))?)*"
_LITERAL = rf"(?:'(?:[^']|'')*'|[+-]?\d+(?:\.\d+)?|true|false|null){_CAST}"
_COLUMN = rf"\(*\s*({_NAME})\s*\)*{_CAST}"
_TRUE, _FALSE = ("1", "t", "true"), ("0", "f", "false")
_NULL_TEST = re.compile(rf"{_COLUMN}\s+is\s+(not\s+)?null", re.IGNORECASE)
_COMPARED = re.compile(rf"{_COLUMN}\s*(=|<>|!=|is)\s*\(?({_LITERAL})\)?", re.IGNORECASE)
_LISTED = re.compile(
    rf"{_COLUMN}\s+in\s*\(\s*({_LITERAL}(?:\s*,\s*{_LITERAL})*)\s*\)", re.IGNORECASE
)
_ALONE = re.compile(rf"(not\s+)?{_COLUMN}", re.IGNORECASE)

Test = Callable[[pl.Series], pl.Series]
"""A column's cells → where its part of the predicate holds."""


def columns_of(where: str) -> frozenset[str] | None:
    """The columns that a predicate is about; None where it is not understood.

    >>> sorted(columns_of("((deleted_at IS NULL) AND (state = 'on'::text))"))
    ['deleted_at', 'state']
    >>> columns_of("lower(name) > 'a'")
    """
    parsed = _parsed(where)
    return None if parsed is None else frozenset(name for name, _ in parsed)


def holds(where: str, cells: Mapping[str, pl.Series]) -> pl.Series:
    """Mask of the rows for which the predicate holds; `cells`: stored text by column.

    >>> holds("NOT gone", {"gone": pl.Series(["f", "true", None])}).to_list()
    [True, False, False]

    Raises:
        ValueError: it is not understood.
    """
    parsed = _parsed(where)
    if parsed is None:
        raise ValueError("this predicate is not understood")
    masks = [test(cells[name]).fill_null(False) for name, test in parsed]
    whole = masks[0]
    for mask in masks[1:]:
        whole = whole & mask
    return whole


def literal(text: str | None) -> tuple[bool, str | None]:
    """Whether SQL text is a plain literal, and its value; no text at all is NULL.

    >>> literal("'active'::text"), literal("0"), literal("now()"), literal(None)
    ((True, 'active'), (True, '0'), (False, None), (True, None))
    """
    if text is None:
        return True, None
    match = re.fullmatch(rf"\(*\s*({_LITERAL})\s*\)*", text.strip(), re.IGNORECASE)
    return (True, _value(match[1])) if match else (False, None)


def _parsed(where: str) -> list[tuple[str, Test]] | None:
    parts = [_bare(p) for p in re.split(r"\s+and\s+", _bare(where), flags=re.IGNORECASE)]
    tests = [_test(p) for p in parts]
    return None if None in tests else [t for t in tests if t is not None]


def _test(part: str) -> tuple[str, Test] | None:
    if match := _NULL_TEST.fullmatch(part):
        wanted = match[2] is not None
        return _name(match[1]), lambda cells: cells.is_not_null() == wanted
    if match := _LISTED.fullmatch(part):
        values = [_value(v) for v in re.findall(_LITERAL, match[2], re.IGNORECASE)]
        return _name(match[1]), lambda cells: _any(cells, values)
    if match := _COMPARED.fullmatch(part):
        operator, value = match[2].lower(), _value(match[3])
        if value is None:
            return None
        if operator in ("=", "is"):
            return _name(match[1]), lambda cells: _any(cells, [value])
        return _name(match[1]), lambda cells: ~_any(cells, [value])
    if (match := _ALONE.fullmatch(part)) and match[2].lower() not in ("true", "false", "null"):
        chosen = list(_FALSE if match[1] else _TRUE)
        return _name(match[2]), lambda cells: cells.str.to_lowercase().is_in(chosen)
    return None


def _any(cells: pl.Series, values: list[str | None]) -> pl.Series:
    """Whether cells equal one of the values; true is 1 and t, too. Null stays null."""
    spelled = [s for v in values for s in _spellings(v)]
    return cells.is_in(spelled)


def _spellings(value: str | None) -> tuple[str, ...]:
    for same in (_TRUE, _FALSE):
        if value is not None and value.lower() in same:
            return same
    return () if value is None else (value,)


def _bare(text: str) -> str:
    """Without parentheses around the whole."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for at, letter in enumerate(text):
            depth += (letter == "(") - (letter == ")")
            if depth == 0 and at < len(text) - 1:
                return text
        text = text[1:-1].strip()
    return text


def _name(quoted: str) -> str:
    return quoted.strip('"`[]').replace('""', '"')


def _value(text: str) -> str | None:
    bare = re.sub(rf"{_CAST}$", "", text)
    if bare.startswith("'"):
        return bare[1:-1].replace("''", "'")
    return None if bare.lower() == "null" else bare
