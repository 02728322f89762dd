"""Cells that refer to another row from now on: written, and looked at again."""

import polars as pl

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.target import TargetReader, TargetTransaction


def point(transaction: TargetTransaction, reparented: pl.DataFrame) -> None:
    """Write `after` into the cells of the rows (MOVES of kind `reparent`).

    Raises:
        ConstraintViolated: the target refused a row.
        TargetFault: a row is not there.
    """
    keyed = reparented.filter(pl.col("key_column").is_not_null())
    for (table, key, column), rows in keyed.group_by(
        "table", "key_column", "column", maintain_order=True
    ):
        written = rows.select(pl.col("row_key").alias("_key"), pl.col("after").alias(str(column)))
        if transaction.update(str(table), str(key), written) != rows.height:
            raise vanished(str(table))
    other = reparented.filter(pl.col("key_column").is_null())
    for (table, column), rows in other.group_by("table", "column", maintain_order=True):
        pairs = rows.select(
            pl.col("before").alias("_key"), pl.col("after").alias(str(column))
        ).unique("_key", maintain_order=True)
        transaction.update(str(table), str(column), pairs)


def misplaced(reader: TargetReader, reparented: pl.DataFrame) -> pl.DataFrame:
    """The rows of MOVES whose cell does not hold `after`, with `_there`: whether the row stands."""
    parts = [reparented.clear().with_columns(_there=pl.lit(True))]
    keyed = reparented.filter(pl.col("key_column").is_not_null())
    for (table, key, column), rows in keyed.group_by(
        "table", "key_column", "column", maintain_order=True
    ):
        now = reader.rows(str(table), str(key), rows["row_key"], [str(column)])
        cells = now.select("_key", pl.col(str(column)).alias("_now"), _there=pl.lit(True))
        joined = rows.join(cells, left_on="row_key", right_on="_key", how="left")
        wrong = joined.filter(pl.col("_now").ne_missing(pl.col("after")))
        parts.append(wrong.drop("_now").with_columns(pl.col("_there").fill_null(False)))
    return pl.concat(parts)


def vanished(table: str) -> TargetFault:
    """Rows that were there when they were checked in this transaction are there no more."""
    return TargetFault(
        Text("rows vanished while they were written", "写入过程中记录消失"), where=table
    )
