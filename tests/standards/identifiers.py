"""Identifiers that tests make up: check characters by python-stdnum, and findings in short."""

from types import ModuleType

import polars as pl
from stdnum.cn import ric
from stdnum.cn import uscc as stdnum_uscc


def cited(module: ModuleType, raw: list[str | None]) -> dict[str, list[int]]:
    """Rule codes with the rows they hold for, as a reader of findings would see them."""
    column = pl.Series(raw, dtype=pl.String)
    value = module.normalise(column)
    found = {
        rule.code: mask.fill_null(False).arg_true().to_list()
        for rule, mask in module.validate(column, value)
    }
    return {code: rows for code, rows in found.items() if rows}


def uscc_of(head: str, organisation: str) -> str:
    """Authority, class and region, an organisation code, and the check character."""
    return head + organisation + stdnum_uscc.calc_check_digit(head + organisation)


def id_number_of(stem: str) -> str:
    """Seventeen digits and the check character."""
    return stem + ric.calc_check_digit(stem + "0")


def organisation_code_of(stem: str) -> str:
    """Eight characters and the check digit, after GB 11714-1997, written out."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c, 36) * w for c, w in zip(stem, weights, strict=True))
    return stem + "0X987654321"[total % 11]
