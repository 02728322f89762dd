"""Names typed in letters against names in Chinese characters: HengTong, hengtong keji, HTKJ.

A name in letters fits one in characters when it is the pinyin of its core (恒通科技: hengtongkeji),
of its trade name (hengtong) or the initials of its core (HTKJ), whole: `ali` is no Alibaba. The
readings are those of single characters, the first one of several, without tones.
"""

import unicodedata
from functools import cache

import polars as pl

from crm_migrate.linkage.features.company_keys import company_parts
from crm_migrate.linkage.features.firm_keys import firm_parts
from crm_migrate.linkage.features.sounds import initials

WHOLE, TRADE, INITIALS, LEAD = "whole", "trade", "initials", "lead"
FITS = (("core", WHOLE, 0.8), ("trade", WHOLE, 0.65), ("core", LEAD, 0.65), (INITIALS, WHOLE, 0.6))
"""Part of the name in characters, part of the name in letters, score 0–1."""
LEAST = {"core": 4, "trade": 4, INITIALS: 3}
"""Letters: what is shorter fits too many names."""
ROWS_PER_KEY = 10
_HAN = r"\p{Han}"


def spoken_pairs(left: pl.Series, right: pl.Series) -> pl.DataFrame:
    """left, right (0-based rows), score of the pairs of which one side is in letters and the other
    in characters, and sounds the same. Of a name that many rows have, the first ROWS_PER_KEY.
    """
    mine, theirs = (s.str.contains(_HAN).fill_null(False) for s in (left, right))
    found = [pl.DataFrame(schema={"left": pl.Int64, "right": pl.Int64, "score": pl.Float32})]
    if (left.is_not_null() & ~mine).any() and theirs.any():
        found.append(_fitting(_letters(left, ~mine), _characters(right, theirs), "left", "right"))
    if (right.is_not_null() & ~theirs).any() and mine.any():
        found.append(_fitting(_letters(right, ~theirs), _characters(left, mine), "right", "left"))
    together = pl.concat(found, how="diagonal")
    return together.group_by("left", "right").agg(pl.col("score").max()).sort("left", "right")


def _fitting(letters: pl.DataFrame, characters: pl.DataFrame, a: str, b: str) -> pl.DataFrame:
    """Pairs of rows of equal keys; `a`: the side of the letters, `b`: the other one."""
    parts = []
    for part, said, score in FITS:
        one = letters.select(pl.col("row").alias(a), key=said).drop_nulls("key")
        other = characters.select(pl.col("row").alias(b), key=part).drop_nulls("key")
        other = other.filter(pl.col("key").str.len_chars() >= LEAST[part])
        few = {a: one, b: other}
        few["right"] = few["right"].filter(pl.int_range(pl.len()).over("key") < ROWS_PER_KEY)
        pairs = few[a].join(few[b], on="key").select("left", "right")
        parts.append(pairs.with_columns(score=pl.lit(score, dtype=pl.Float32)))
    return pl.concat(parts)


def _letters(names: pl.Series, chosen: pl.Series) -> pl.DataFrame:
    """row, whole, lead: the name without legal form, and its first word; a–z and digits alone."""
    rows = (chosen & names.is_not_null()).arg_true()
    texts = names.gather(rows)
    first = texts.str.extract(r"([\p{L}\p{N}]+)")
    whole = firm_parts(texts)["core"]
    return pl.DataFrame({"row": rows.cast(pl.Int64), WHOLE: _plain(whole), LEAD: _plain(first)})


def _characters(names: pl.Series, chosen: pl.Series) -> pl.DataFrame:
    """row, core, trade (pinyin), initials of the core."""
    rows = chosen.arg_true()
    parts = company_parts(names.gather(rows))
    return pl.DataFrame(
        {
            "row": rows.cast(pl.Int64),
            "core": _plain(_pinyin(parts["core"])),
            TRADE: _plain(_pinyin(parts["brand"])),
            INITIALS: _plain(initials(parts["core"])),
        }
    )


def _plain(texts: pl.Series) -> pl.Series:
    return texts.str.to_lowercase().str.replace_all(r"[^a-z0-9]", "").replace("", None)


def _pinyin(texts: pl.Series) -> pl.Series:
    """The syllables of the characters; what else stands in a text stays."""
    characters, readings = _readings()
    return texts.str.replace_many(characters, readings)


@cache
def _readings() -> tuple[list[str], list[str]]:
    """Characters of common use (GB 2312 and beyond) with their first reading, without tones."""
    from pypinyin.pinyin_dict import pinyin_dict

    found = {}
    for point, readings in pinyin_dict.items():
        if 0x4E00 <= point < 0xA000:
            plain = unicodedata.normalize("NFD", readings.split(",")[0])
            found[chr(point)] = "".join(c for c in plain if c.isalpha() and c.isascii())
    return list(found), list(found.values())
