"""Masks: what reports show of a value, and where two masked values differ.

The mask of each type is its standard's own (`138****1234`, `张*`, `a***@example.com`, …); this
module adds what holds for all: a mask never equals its value, free text shows its length only,
and values whose masks look alike mark the positions that differ.
"""

import polars as pl

from crm_migrate.model import SemanticType
from crm_migrate.standards import standard

DIFFERS = "#"
"""Stands in place of `*` where two values differ under equal masks."""
UNEQUAL = "≠"
"""Follows equal masks of values that differ but cannot be compared place by place."""

_COVER = "***"
_LENGTHS = (20, 100, 500)


def mask_series(values: pl.Series, type: SemanticType) -> pl.Series:
    """The masked canonical values; null stays null.

    >>> mask_series(pl.Series(["13800138000", None]), SemanticType.MOBILE).to_list()
    ['138****8000', None]
    """
    if type is SemanticType.FREE_TEXT:
        return _length_class(values)
    masked = standard(type).mask(values)
    leaks = (masked == values).fill_null(False)
    if leaks.any():
        masked = masked.set(leaks, _COVER)
    return masked.alias(values.name)


def mask_pair(
    before: pl.Series, after: pl.Series, type: SemanticType
) -> tuple[pl.Series, pl.Series]:
    """Both columns masked, so that a reader sees that a value changed even where masks agree.

    >>> mobiles = pl.Series(["13800138000"]), pl.Series(["13800998000"])
    >>> [s.to_list() for s in mask_pair(*mobiles, SemanticType.MOBILE)]
    [['138**##8000'], ['138**##8000']]
    """
    masked = mask_series(before, type), mask_series(after, type)
    alike = ((masked[0] == masked[1]) & (before != after)).fill_null(False)
    rows = alike.arg_true()
    if not len(rows):
        return masked
    # Few rows get here: a change that the mask of its type hides.
    marked = [
        _mark(old, new, mask)
        for old, new, mask in zip(before[rows], after[rows], masked[0][rows], strict=True)
    ]
    differing = pl.Series(marked, dtype=pl.String)
    return masked[0].scatter(rows, differing), masked[1].scatter(rows, differing)


def _mark(before: str, after: str, mask: str) -> str:
    if len(before) != len(mask) or len(after) != len(mask):
        return mask + UNEQUAL
    return "".join(
        DIFFERS if covered == "*" and old != new else covered
        for old, new, covered in zip(before, after, mask, strict=True)
    )


def _length_class(values: pl.Series) -> pl.Series:
    length = pl.col("length")
    label = pl.lit(f"{_COVER}(>{_LENGTHS[-1]})")
    for limit in reversed(_LENGTHS):
        label = pl.when(length <= limit).then(pl.lit(f"{_COVER}(≤{limit})")).otherwise(label)
    chosen = pl.when(length.is_not_null()).then(label)
    frame = pl.DataFrame({"length": values.str.len_chars()})
    return frame.select(chosen.alias(values.name)).to_series()
