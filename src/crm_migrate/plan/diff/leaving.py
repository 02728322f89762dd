"""What a customer loses when people find that it was two: the values that the other part brought.

A golden value that is missing never erases a cell of the CRM. The exception is a cell that we wrote
ourselves, that nobody touched since, and whose value went away with records that were split off.
"""

from collections.abc import Mapping

import polars as pl

LEFT = "left:"
"""Column of golden records beside a field: the value that went away with the records split off."""

SPLITS = {"golden_id": pl.String(), "off": pl.String()}
"""Golden records that lost records to another one, `off`."""


def with_left(golden: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """The golden records, each field that may have to be erased with what went away (LEFT).

    golden: golden_id and fields. splits: SPLITS. Of several parts split off the first counts.
    """
    fields = [c for c in golden.columns if c != "golden_id"]
    lost = splits.join(golden.rename({"golden_id": "off"}), on="off")
    kept = golden.join(splits.select("golden_id").unique(), on="golden_id", how="semi")
    beside = []
    for name in fields:
        if not (kept[name].null_count() and lost[name].count()):
            continue
        gone = lost.sort("golden_id", "off").select("golden_id", pl.col(name).alias(LEFT + name))
        beside.append(gone.drop_nulls().unique("golden_id", keep="first", maintain_order=True))
    for gone in beside:
        golden = golden.join(gone, on="golden_id", how="left", maintain_order="left")
    return golden.with_columns(
        pl.when(pl.col(name.removeprefix(LEFT)).is_null()).then(name).alias(name)
        for name in golden.columns
        if name.startswith(LEFT)
    )


SET_BY_PERSON = "set"
"""Column of golden records: the fields that a person set, each between `;`; null where none."""


def with_set(golden: Mapping[str, pl.DataFrame], settled: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The golden records of all entities, told which cells people set (SET_BY_PERSON).

    settled: entity, golden_id, field, why (null: the cell stands as it was set).
    """
    found = dict(golden)
    stands = settled.filter(pl.col("why").is_null() & pl.col("entity").is_in(list(golden)))
    for name in stands["entity"].unique().sort():
        fields = pl.format(";{};", pl.col("field").sort().str.join(";"))
        here = stands.filter(pl.col("entity") == name).group_by("golden_id").agg(fields)
        told = here.rename({"field": SET_BY_PERSON})
        found[name] = golden[name].join(told, on="golden_id", how="left", maintain_order="left")
    return found
