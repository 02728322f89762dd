"""Numbers that people invent to get past a form that wants one."""

import polars as pl

from crm_migrate.standards.columns.residue import holds

_ONE_DIGIT = f"^(?:{'|'.join(f'{digit}+' for digit in range(10))})$"
_UPWARDS = "1234567890" * 3
INVENTED = f"{_ONE_DIGIT}|^0?(?:{'|'.join(_UPWARDS[:n] for n in range(8, 31))})$"
"""One digit over and over, or digits counting up from 1 (or 0)."""


def invented(value: pl.Series, least: int) -> pl.Series:
    """True for what matches `INVENTED`, of `least` characters and more; false for null.

    >>> invented(pl.Series(["11111111", "1111", "012345678", None]), 8).to_list()
    [True, False, True, False]
    """
    return holds(value.str.contains(INVENTED) & (value.str.len_chars() >= least))
