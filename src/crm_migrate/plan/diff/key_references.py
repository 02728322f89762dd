"""References under unique keys: golden ids as keys of the target, and its keys as golden ids."""

from collections.abc import Sequence

import polars as pl

from crm_migrate.plan.change import REFERENCE_PREFIX
from crm_migrate.plan.diff.row_cells import RowCell
from crm_migrate.plan.diff.side import TargetSide
from crm_migrate.plan.target.present import KEY_REFERENCE, TARGET_KEY


def with_keys(
    side: TargetSide, wanted: pl.DataFrame, held: Sequence[RowCell]
) -> tuple[pl.DataFrame, pl.Series]:
    """The wanted rows with `_n`, references as keys of the target; and where such a key is lost.

    A reference to a record that no row of the target refers to yet is null.
    """
    numbered = wanted.with_row_index("_n").with_columns(pl.col("_n").cast(pl.String))
    lost = pl.repeat(False, wanted.height, eager=True)
    for cell in held:
        if cell.field is not None:
            keys = _keys_behind(side, cell.field, cell.column)
            found = numbered[cell.column].replace_strict(
                keys["golden"], keys["key"], default=None, return_dtype=pl.String
            )
            # What is no reference of ours stands as the target holds it.
            raw = ~numbered[cell.column].str.starts_with(REFERENCE_PREFIX).fill_null(False)
            lost = lost | (~raw & found.is_null())
            numbered = numbered.with_columns(numbered[cell.column].zip_with(raw, found))
    return numbered, lost


def as_planned(side: TargetSide, held: Sequence[RowCell]) -> pl.DataFrame:
    """All rows of the target with references as golden ids, as `after:` cells have them."""
    names = [c.column for c in held]
    stored = side.staying(names).select(pl.col(side.mapping.key).alias(TARGET_KEY), *names)
    references = {c.column: c.field for c in held if c.field is not None}
    known = side.present.select(
        TARGET_KEY, *(pl.col(f).alias(f"present:{c}") for c, f in references.items())
    )
    joined = stored.join(known, on=TARGET_KEY, how="left")
    for column in references:
        golden = pl.col(f"present:{column}")
        resolved = golden.is_not_null() & ~golden.str.starts_with(KEY_REFERENCE)
        text = pl.when(resolved).then(pl.lit(REFERENCE_PREFIX) + golden).otherwise(column)
        joined = joined.with_columns(text.alias(column))
    return joined.select(TARGET_KEY, *names)


def _keys_behind(side: TargetSide, field: str, column: str) -> pl.DataFrame:
    """`golden` (`@…`) and `key` of the records that rows of the target refer to by the column.

    A record that no row refers to can't make a row's key taken.
    """
    raw = side.stored.select(pl.col(side.mapping.key).alias(TARGET_KEY), key=column)
    return (
        side.present.select(TARGET_KEY, golden=field)
        .join(raw, on=TARGET_KEY)
        .drop_nulls()
        .filter(~pl.col("golden").str.starts_with(KEY_REFERENCE))
        .select((pl.lit(REFERENCE_PREFIX) + pl.col("golden")).alias("golden"), "key")
        .unique("golden")
    )
