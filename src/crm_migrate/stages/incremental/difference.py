"""What is different between a table of this run and the same table of an earlier one."""

import secrets

import polars as pl

from crm_migrate.stages.incremental.earlier import (
    CHANGE,
    CHANGED,
    GONE,
    NEW,
    SINCE,
    Earlier,
    changes_of,
)
from crm_migrate.workspace import Run


def difference(
    old: pl.DataFrame, new: pl.DataFrame, key: str, ignored: tuple[str, ...] = ()
) -> pl.DataFrame:
    """`key` and `change` of the rows that are not equal in both, by key; keys are unique.

    Where not the same rows stand in both, they are compared by 128 bits of a hash under random
    seeds, so that nobody can make two of them look equal. Columns in `ignored` are left out.
    """
    columns = [c for c in new.columns if c != key and c not in ignored]
    if old.height == new.height and old[key].equals(new[key]):
        other = pl.Series([False]).new_from_index(0, new.height)
        for name in columns:
            other = other | old[name].ne_missing(new[name])
        return new.filter(other).select(key, pl.lit(CHANGED).alias(CHANGE)).sort(key)
    seeds = secrets.randbits(63), secrets.randbits(63)
    before, now = (_hashed(frame, key, columns, seeds) for frame in (old, new))
    both = before.join(now, on=key, how="full", coalesce=True, suffix="_now")
    change = (
        pl.when(pl.col("a").is_null())
        .then(pl.lit(NEW))
        .when(pl.col("a_now").is_null())
        .then(pl.lit(GONE))
        .when((pl.col("a") != pl.col("a_now")) | (pl.col("b") != pl.col("b_now")))
        .then(pl.lit(CHANGED))
    )
    return both.select(key, change.alias(CHANGE)).drop_nulls(CHANGE).sort(key)


def _hashed(
    frame: pl.DataFrame, key: str, columns: list[str], seeds: tuple[int, int]
) -> pl.DataFrame:
    cells = frame.select(columns)
    return frame.select(key).with_columns(
        cells.hash_rows(seed=seeds[0]).alias("a"), cells.hash_rows(seed=seeds[1]).alias("b")
    )


def here(changes: pl.DataFrame, key: str) -> pl.Series:
    """The keys of rows that are new or changed."""
    return changes.filter(pl.col(CHANGE) != GONE)[key]


def over(changes: pl.DataFrame, key: str) -> pl.Series:
    """The keys of the earlier rows that no longer stand as they were."""
    return changes.filter(pl.col(CHANGE) != NEW)[key]


def write_since(run: Run, stage: str, before: Earlier | None) -> None:
    """Write `x_since`: which tables the `x_changed` tables of the stage compare with."""
    told = [] if before is None else [(before.run.id, before.mark(stage))]
    schema = {"run": pl.String, "digest": pl.String}
    run.write(stage, SINCE, pl.DataFrame(told, schema=schema, orient="row"))


def write_changes(run: Run, stage: str, entity: str, changes: pl.DataFrame) -> None:
    """Write `x_changed.<entity>`."""
    run.write(stage, changes_of(entity), changes)
