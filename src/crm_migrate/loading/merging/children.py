"""The rows of the target that refer to rows which are to be given up, as they stand now."""

from collections.abc import Sequence

import polars as pl

from crm_migrate.plan.digest import preconditions
from crm_migrate.plan.merging.moves import CHILDREN, COLLISIONS
from crm_migrate.plan.merging.referrers import Referrer
from crm_migrate.systems.target import TargetReader
from crm_migrate.systems.target_schema import TargetSchema, UniqueKey


def children_of(
    reader: TargetReader, digest_key: bytes, referrers: Sequence[Referrer], keys: pl.Series
) -> pl.DataFrame:
    """CHILDREN: one line per cell that holds one of `keys`. Inside a transaction they are locked.

    Where a table has no key of its own, `key_column` is null and `row_key` a keyed digest.
    """
    parts = [pl.DataFrame(schema=CHILDREN)]
    for referrer in referrers:
        if referrer.key is not None:
            rows = reader.rows(referrer.table, referrer.column, keys, [referrer.key])
            found = rows.select(pl.col("_key").alias("before"), row_key=referrer.key)
        else:
            identity = [c for c in referrer.identity if c != "_key"]
            rows = reader.rows(referrer.table, referrer.column, keys, identity)
            told = preconditions(digest_key, rows.select(pl.col("_key").alias("\x00"), *identity))
            found = rows.select(pl.col("_key").alias("before"), told.alias("row_key"))
            number = pl.int_range(1, pl.len() + 1).over("row_key").cast(pl.String)
            found = found.with_columns(pl.concat_str("row_key", pl.lit("."), number))
        parts.append(
            found.select(
                "before",
                pl.lit(referrer.table).alias("table"),
                pl.lit(referrer.key, pl.String).alias("key_column"),
                pl.lit(referrer.column).alias("column"),
                "row_key",
            )
        )
    return pl.concat(parts)


def collisions_of(
    reader: TargetReader,
    schema: TargetSchema,
    referrers: Sequence[Referrer],
    children: pl.DataFrame,
    into: pl.DataFrame,
) -> pl.DataFrame:
    """COLLISIONS: children that would stand twice under a unique key of their table once moved.

    `into`: `before`, `after` (key of the row given up, key of the row that stays). What is equal
    is the target's to say; among rows that move together, equal stored text (without regard to
    case where the key disregards it).
    """
    parts = [pl.DataFrame(schema=COLLISIONS)]
    for referrer in referrers:
        table = schema.table(referrer.table)
        here = children.filter(
            (pl.col("table") == referrer.table) & (pl.col("column") == referrer.column)
        )
        keys = [k for k in table.unique_keys if referrer.column in k.columns and k.checkable]
        if referrer.column in table.primary_key:
            keys.append(UniqueKey(table.primary_key))
        if here.height:
            parts += [_under(reader, referrer, key, here, into) for key in dict.fromkeys(keys)]
    return pl.concat(parts).unique(maintain_order=True)


def _under(
    reader: TargetReader,
    referrer: Referrer,
    key: UniqueKey,
    here: pl.DataFrame,
    into: pl.DataFrame,
) -> pl.DataFrame:
    others = [c for c in key.columns if c != referrer.column]
    name = referrer.key or referrer.column
    wanted_keys = here["row_key"] if referrer.key else here["before"].unique()
    rows = reader.rows(
        referrer.table, name, wanted_keys, list(dict.fromkeys([referrer.column, *others]))
    )
    moving = (
        rows.rename({referrer.column: "_before"})
        .join(into.rename({"before": "_before", "after": referrer.column}), on="_before")
        .with_row_index("_row")
        .with_columns(pl.col("_row").cast(pl.String).alias("_n"))
    )
    hits = reader.taken(
        referrer.table, name, moving.select("_n", referrer.column, *others), where=key.where
    ).rename({"_key": "hit"})
    fold = key.case_insensitive
    told = [pl.col(c).str.to_lowercase() if fold else pl.col(c) for c in key.columns]
    whole = moving.drop_nulls(list(key.columns))
    twice = whole.filter(pl.struct(told).is_duplicated())
    mates = twice.join(
        twice.select(*told, pl.col("_key").alias("hit"), pl.col("_n").alias("_other")),
        left_on=told,
        right_on=list(key.columns),
    ).filter(pl.col("_n") != pl.col("_other"))
    both = pl.concat([hits.select("_n", "hit"), mates.select("_n", "hit")])
    known = referrer.key is not None
    return both.join(moving, on="_n").select(
        pl.col("_before").alias("before"),
        pl.lit(referrer.table).alias("table"),
        (pl.col("_key") if known else pl.lit(None, pl.String)).alias("row_key"),
        (pl.col("hit") if known else pl.lit(None, pl.String)).alias("hit"),
    )
