"""Where the names of an address lie: the one place that all of them together can mean."""

import numpy as np
import polars as pl

from crm_migrate.standards.places import place_names
from crm_migrate.standards.places.place_names import CITY, DISTRICT, FORMER, PROVINCE

LEVELS = ("province", "city", "district")


def located(frame: pl.DataFrame) -> pl.DataFrame:
    """Province, city and code from what was found, where exactly one place fits."""
    keys = frame.select(LEVELS).filter(pl.any_horizontal(pl.all().is_not_null())).unique()
    joined = frame.join(
        _places(keys), on=LEVELS, nulls_equal=True, how="left", maintain_order="left"
    )
    several = pl.sum_horizontal(pl.col(LEVELS).is_not_null()) > 1
    fits = pl.col("places") == 1
    former = pl.col("former_city") | (pl.col("writing") == FORMER)
    return joined.select(
        "text",
        pl.when(fits).then("full_province").otherwise("province").alias("province"),
        pl.when(fits).then("full_city").otherwise("city").alias("city"),
        pl.when(fits & pl.col("district").is_not_null())
        .then("full")
        .otherwise("district")
        .alias("district"),
        pl.col("rest").alias("detail"),
        pl.when(fits).then("code").alias("region_code"),
        pl.when(several).then(pl.col("places").fill_null(0)).otherwise("places").alias("places"),
        (fits & former).fill_null(False).alias("former"),
        "open",
    )


def _places(keys: pl.DataFrame) -> pl.DataFrame:
    """How many places each combination of names can mean, and the place when it is one."""
    deepest = (
        pl.when(pl.col("district").is_not_null())
        .then(DISTRICT)
        .when(pl.col("city").is_not_null())
        .then(CITY)
        .otherwise(PROVINCE)
    )
    rows = keys.with_columns(
        level=deepest.cast(pl.Int32), name=pl.coalesce("district", "city", "province")
    )
    alone = pl.col("province").is_null() & pl.col("city").is_null()
    vague = (pl.col("writing") == FORMER) & (pl.col("name").str.len_chars() < 3)  # 吴县, 通县
    fitting = rows.join(place_names.meanings(), on=["level", "name"], how="inner").filter(
        (pl.col("province").is_null() | (pl.col("province") == pl.col("full_province")))
        & (pl.col("city").is_null() | (pl.col("city") == pl.col("full_city")))
        & ~(vague & alone)
    )
    best = fitting.filter(pl.col("writing") == pl.col("writing").min().over(LEVELS))
    return best.group_by(LEVELS).agg(
        pl.struct("code", "full").n_unique().alias("places"),
        pl.col("full_province", "full_city", "full", "code", "writing").first(),
    )


def in_places_without_code(frame: pl.DataFrame) -> pl.DataFrame:
    """雄安新区, 台北市, 油尖旺区: where a place lies that has no code of its own."""
    rows = frame.select(pl.col("places").is_null() & pl.col("detail").is_not_null()).to_series()
    if not rows.any():
        return frame
    names, table = place_names.without_code()
    few = frame.filter(rows)
    few = few.with_columns(name=names.longest(few["detail"]))
    few = few.with_columns(open=pl.col("open") | names.unfinished(few["detail"]))
    few = few.join(table, on="name", how="left", maintain_order="left").select(
        "text", province="in_province", city="in_city", district="district", detail="detail",
        region_code="in_code", places=pl.col("in_code").is_not_null().cast(pl.UInt32),
        former="former", open="open",
    )  # fmt: skip
    few = few.with_columns(pl.when(pl.col("places") > 0).then("places").alias("places"))
    place = np.arange(frame.height)
    place[rows.to_numpy()] = frame.height + np.arange(few.height)
    return pl.concat([frame, few], how="vertical_relaxed")[place]
