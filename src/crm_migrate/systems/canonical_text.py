"""Values as drivers of databases deliver them → canonical text."""

import datetime as dt
import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import polars as pl

from crm_migrate.formats.cells import number_text


def filled(text: pl.Series) -> pl.Series:
    """Blank text is null."""
    blank = text.str.strip_chars() == ""
    return text.set(blank.fill_null(False), None)


def canonical_text(
    values: list[Any], *, boolean: bool = False
) -> tuple[pl.Series, tuple[int, ...]]:
    """Driver values → canonical text, and the places of bytes that are no text.

    Dates `2024-02-29` (midnight is dropped), plain decimals, `true`/`false`, empty text is null.
    """
    with suppress(TypeError):  # text and nothing else, as most columns are
        return filled(pl.Series(values, dtype=pl.String, strict=True)), ()
    kinds = set(map(type, values)) - {type(None)}
    undecodable: tuple[int, ...] = ()
    if kinds == {int} and max(abs(v) for v in values if v is not None) < 2**63:
        text = pl.Series(values, dtype=pl.Int64).cast(pl.String)
    elif kinds <= {int, float}:  # SQLite stores the whole ones of a NUMERIC column as integers
        text = number_text(
            pl.Series([None if v is None else repr(v) for v in values], dtype=pl.String)
        )
    elif kinds == {dt.date}:
        text = pl.Series(values, dtype=pl.Date).dt.strftime("%Y-%m-%d")
    else:
        plain = [_one(v) for v in values]
        undecodable = tuple(
            i for i, (v, p) in enumerate(zip(values, plain, strict=True)) if p is None and v
        )
        text = pl.Series(plain, dtype=pl.String)
    if boolean and kinds == {int}:
        text = text.replace({"0": "false", "1": "true"})
    return filled(text), undecodable


def _one(value: Any) -> str | None:
    """One value of a column of mixed or rarer types."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            plain = format(value, "f")
            return plain.rstrip("0").rstrip(".") if "." in plain else plain
        case float():
            return str(number_text(pl.Series([repr(value)]))[0])
        case dt.datetime():
            midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
            return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
        case dt.date() | dt.time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return decoded(bytes(value))
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def decoded(data: bytes) -> str | None:
    """Text in UTF-8 or GB18030; None for what is neither."""
    if b"\0" in data:
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
