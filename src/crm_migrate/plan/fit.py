"""Whether cells fit what the target declares: kinds, lengths, lists, NOT NULL, unique keys."""

from collections.abc import Sequence

import polars as pl

from crm_migrate.systems.target import ColumnInfo, TargetTable, UniqueKey

_FORMS = {
    "integer": r"^[+-]?\d+$",
    "decimal": r"^[+-]?\d+(\.\d+)?$",
    "real": r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$",
    "boolean": r"^(0|1|t|f|true|false)$",
    "date": r"^\d{4}-\d{2}-\d{2}([ T]00:00:00(\.0+)?)?$",
}


def misfits(info: ColumnInfo, text: pl.Series) -> pl.Series:
    """Mask of the stored texts that the column would refuse or mangle; null fits."""
    wrong = pl.lit(False)
    if info.kind in _FORMS:
        wrong = wrong | ~pl.col("t").str.contains(_FORMS[info.kind])
    if info.length is not None:
        wrong = wrong | (pl.col("t").str.len_chars() > info.length)
    if info.vocabulary:
        wrong = wrong | ~pl.col("t").is_in(list(info.vocabulary))
    return (
        pl.DataFrame({"t": text}).select(wrong.fill_null(False).alias("m")).to_series().rename("")
    )


def demanded_columns(table: TargetTable) -> list[str]:
    """Columns that an insert must fill: NOT NULL without a default, and no key of the system's."""
    return [
        c.name
        for c in table.columns
        if not c.nullable
        and c.default is None
        and not c.generated
        and c.name not in table.primary_key
    ]


def plain_unique_keys(table: TargetTable, unknown: Sequence[str]) -> list[UniqueKey]:
    """Unique keys that can be judged from stored text at plan time.

    Left to the pre-check of apply, which asks the target itself: expressions, partial indexes,
    and keys over `unknown` columns (sealed cells and their indexes).
    """
    return [
        k
        for k in table.unique_keys
        if k.checkable and k.where is None and not set(k.columns) & set(unknown)
    ]


def taken(
    wanted: pl.DataFrame, standing: pl.DataFrame, columns: Sequence[str], *, fold: bool = False
) -> pl.Series:
    """Which wanted rows (Boolean) would stand twice under the columns together.

    `wanted`: golden_id, target_key (null for an insert) and the columns; `standing`: target_key
    and the columns of all rows of the target. A row is taken by a standing row with another key,
    or by an earlier wanted row: updates come before inserts, then the smaller golden id. Rows
    with a null in the columns match nothing. `fold`: upper and lower case are the same.
    """
    if not wanted.height:
        return pl.Series([], dtype=pl.Boolean)
    key = [pl.col(c).str.to_lowercase() if fold else pl.col(c) for c in columns]
    ours = wanted.select("golden_id", "target_key", *key).with_row_index("n").drop_nulls(columns)
    theirs = standing.select(pl.col("target_key").alias("other"), *key).drop_nulls(columns)
    by_them = ours.join(theirs, on=list(columns), how="inner").filter(
        pl.col("other").ne_missing(pl.col("target_key"))
    )
    ordered = ours.sort(pl.col("target_key").is_null(), "golden_id")
    by_us = ordered.filter(~pl.struct(columns).is_first_distinct())
    hit = pl.concat([by_them["n"], by_us["n"]]).unique()
    return pl.Series(range(wanted.height), dtype=pl.UInt32).is_in(hit.implode())
