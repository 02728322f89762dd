"""Whether a text looks like the name of a person: the surnames, and what a full name is made of.

Basis: `data/surnames.csv`.
"""

from functools import cache

import polars as pl

from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.data.tables import Table


def looks_like_name(text: pl.Series) -> pl.Series:
    """True for a surname with a given name of one or two characters, names of several parts, and
    two or more words in Latin letters.

    >>> looks_like_name(pl.Series(["王小明", "欧阳", "欧阳修", "恒通", "阿凡提·买买提"])).to_list()
    [True, False, True, False, True]
    """
    _, compound = surnames()
    return holds(text.str.contains(_full_name())) & ~holds(text.str.contains(f"^(?:{compound})$"))


@cache
def surnames() -> tuple[str, str]:
    """The single surnames as characters of a class, the compound ones as alternatives."""
    rows = Table("surnames").rows
    single = "".join(r["surname"] for r in rows if r["kind"] == "single")
    return single, "|".join(r["surname"] for r in rows if r["kind"] == "compound")


@cache
def _full_name() -> str:
    single, compound = surnames()
    given = r"\p{Han}{1,2}"
    several = r"\p{Han}{1,8}(?:·\p{Han}{1,10})+"
    latin = r"[A-Za-zÀ-ž'.-]+(?: [A-Za-zÀ-ž'.-]+)+"
    return f"^(?:(?:{compound}){given}|[{single}]{given}|{several}|{latin})$"
