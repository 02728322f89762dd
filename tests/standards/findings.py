"""What a standard finds in a column of values, by the codes of its rules."""

from types import ModuleType

import polars as pl


def cited(module: ModuleType, raw: list[str | None]) -> set[str]:
    """The codes of the rules that some value breaks, or was repaired by."""
    column = pl.Series(raw, dtype=pl.String)
    value = module.normalise(column)
    return {rule.code for rule, mask in module.validate(column, value) if mask.any()}
