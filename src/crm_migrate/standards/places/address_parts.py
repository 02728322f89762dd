"""Addresses taken apart: province, city, district, detail, vectorised.

Addresses begin with few different regions: each beginning is taken apart level by level once,
and tells of its addresses all that nothing behind it could change. The others are taken apart
one by one. Names and their meanings come from `place_names`.
"""

import numpy as np
import polars as pl

from crm_migrate.standards.columns.characters import narrow
from crm_migrate.standards.columns.remembered import remembered
from crm_migrate.standards.columns.residue import change_where
from crm_migrate.standards.places import place_names
from crm_migrate.standards.places.divisions import Prefixes, province_names
from crm_migrate.standards.places.place_names import CITY, DISTRICT, FORMER, PROVINCE

LEVELS = ("province", "city", "district")
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
_FILLED = r"^(?:市辖区|[\s,、/-])+"
_ODD = r"[^\x{4e00}-\x{9fa5}0-9A-Za-z()#-]|^(?:中|[0-9]{6}|地址|邮编|-|$)|邮编"
_APART = r"^\s|\s$|[0-9]\s+[0-9]|[^\p{Han}0-9\s]\s|\s[^\p{Han}0-9\s]|[^\S ]"
"""Blanks that may stay: the others all stand beside a Chinese character."""
_LABEL = r"^(?:(?:通讯|通信|联系|公司|单位|注册|办公|经营|详细|收货)?地址|邮编)[::]?\s*"
_POSTCODE_BEHIND = r"(?:[\s,、(]+(?:邮政编码|邮编)?|邮政编码|邮编)[::]?\s*[0-9]{6}\)?$"
_DOUBTFUL = ("朝阳",)
"""Short names of cities that rather mean a district elsewhere: 北京市朝阳区."""
_POSTCODE = r"^\(?(?:邮编[::]?)?[0-9]{6}\)?[\s,、]*(\p{Han}{2})"


@remembered
def parsed(raw: pl.Series) -> pl.DataFrame:
    """`text` (tidied), the parts, `region_code`, `places` and `former`.

    `places`: how many places the names could mean, 0 where they contradict each other, null
    where there is no name. `former`: a district or city that has another name today, which
    stands in its column (or, where it was dissolved, the name that it had).
    """
    text = _tidied(raw)
    region = text.str.extract(_BEGINNING, 0)
    known = _unfolded(region.unique().drop_nulls()).filter(~pl.col("open"))
    frame = pl.DataFrame({"beginning": region, "line": text}).join(
        known.rename({"text": "beginning"}), on="beginning", how="left", maintain_order="left"
    )
    behind = pl.col("line").str.strip_prefix(pl.col("beginning"))
    frame = frame.select(
        pl.col("line").alias("text"), *LEVELS,
        pl.when(pl.col("detail") == "")
        .then(behind.str.strip_chars_start(_SEPARATORS))
        .otherwise(pl.col("detail") + behind)
        .alias("detail"),
        "region_code", "places", "former", "open",
    )  # fmt: skip
    open_rows = (frame.get_column("open").is_null() & text.is_not_null()).arg_true().to_numpy()
    if not len(open_rows):
        return frame
    place = np.arange(len(text))
    place[open_rows] = len(text) + np.arange(len(open_rows))
    slow = _unfolded(text.gather(open_rows))
    return pl.concat([frame, slow], how="vertical_relaxed")[place]


def _tidied(raw: pl.Series) -> pl.Series:
    return change_where(raw, raw.str.contains(_ODD), _narrowed)


def _narrowed(raw: pl.Series) -> pl.Series:
    text = narrow(raw).str.replace(_POSTCODE_BEHIND, "")
    text = change_where(text, text.str.contains(" ", literal=True), _closed_up)
    for _ in range(2):
        text = text.str.replace(_LABEL, "").str.replace(_POSTCODE, "$1")
    text = text.str.replace(r"^(?:中华人民共和国|中国)", "").str.replace(_LEADING, "")
    return text.set(text == "", None)


def _closed_up(text: pl.Series) -> pl.Series:
    apart = text.str.contains(_APART)
    closed = text.str.replace_all(" ", "", literal=True)
    return change_where(closed, apart, lambda _: _closed_up_between(text.filter(apart)))


def _closed_up_between(text: pl.Series) -> pl.Series:
    for _ in range(2):  # 科 技 园: every second blank is seen in one pass
        text = text.str.replace_all(r"(\p{Han})\s+(\p{Han}|[0-9])", "$1$2")
        text = text.str.replace_all(r"([0-9])\s+(\p{Han})", "$1$2")
    return text


def _unfolded(text: pl.Series) -> pl.DataFrame:
    """Tidied addresses taken apart level by level; columns as of `parsed`, and `open`: whether
    more text behind them could change what was found.
    """
    frame = pl.DataFrame({"text": text}).with_columns(rest=pl.col("text"), open=False)
    frame = _take(frame, "province", place_names.provinces())
    frame = _take(frame, "city", place_names.cities())
    frame = _take(_said_once(frame), "district", place_names.districts())
    frame = _without_doubtful_cities(frame)
    city = pl.col("city").replace(place_names.city_spellings())
    frame = frame.with_columns(
        pl.col("province").replace(province_names()),
        city=city,
        former_city=pl.col("city").is_in(place_names.former_cities()),
    )
    frame = _with_county_cities(_without_fillers(frame))
    return _in_places_without_code(_located(frame))


def _take(frame: pl.DataFrame, level: str, names: Prefixes) -> pl.DataFrame:
    """Move a name from the beginning of `rest` into the column `level`."""
    rest = frame.get_column("rest")
    taken = frame.with_columns(
        names.longest(rest).alias(level), open=frame["open"] | names.unfinished(rest)
    )
    after = pl.col("rest").str.strip_prefix(pl.col(level)).str.replace(_LEADING, "")
    if level == "city":  # 青岛市南区 is 青岛 and 市南区
        shared = pl.col(level).is_in(place_names.with_city_districts())
        split = shared & after.str.contains("^[南北中]区")
        after = pl.when(split).then("市" + after).otherwise(after)
    full = pl.col(level).str.contains("[省市区县州盟旗划位]$")
    street = ~full & after.str.contains(_STREET)
    if level != "district":  # 石家庄桥西区 is a place, though 石家庄桥 looks like a bridge
        behind = taken.select(pl.when(street).then(after)).to_series()
        street = street & _begins_with_no_place(behind)
    short = ~full & (after.str.len_chars() < _LOOK_AHEAD)
    return taken.with_columns(
        open=pl.col("open") | short.fill_null(False),
        rest=pl.when(pl.col(level).is_null() | street).then("rest").otherwise(after),
        **{level: pl.when(street).then(None).otherwise(pl.col(level))},
    )


def _said_once(frame: pl.DataFrame) -> pl.DataFrame:
    """江苏省南京市江苏省南京市玄武区: columns of a form put together, one of which had them all."""
    rest = pl.col("rest")
    for level in ("province", "city"):
        again = pl.col(level).str.contains("[省市盟]$|自治[区州]$") & rest.str.starts_with(
            pl.col(level)
        )
        rest = pl.when(again).then(rest.str.strip_prefix(pl.col(level))).otherwise(rest)
    return frame.with_columns(rest.str.replace(_LEADING, "").alias("rest"))


def _without_doubtful_cities(frame: pl.DataFrame) -> pl.DataFrame:
    """朝阳建国路1号 alone: nobody says which; 辽宁朝阳 and 朝阳双塔区 do."""
    doubtful = (
        pl.col("city").is_in(_DOUBTFUL)
        & pl.col("province").is_null()
        & pl.col("district").is_null()
    ).fill_null(False)
    return frame.with_columns(
        pl.when(~doubtful).then("city").alias("city"),
        pl.when(doubtful).then("text").otherwise("rest").alias("rest"),
        pl.col("open") | doubtful,
    )


def _begins_with_no_place(behind: pl.Series) -> pl.Series:
    if not behind.is_not_null().any():
        return behind.is_null()
    names = (place_names.cities(), place_names.districts())
    city, district = (one.longest(behind).is_null() for one in names)
    return city & district


def _without_fillers(frame: pl.DataFrame) -> pl.DataFrame:
    """北京市市辖区海淀区, 上海市上海市黄浦区: neither a filler nor a name said twice."""
    city = pl.col("city")
    no_city = city.is_in(place_names.FILLERS) | (city == pl.col("province")).fill_null(False)
    return frame.with_columns(
        pl.when(~no_city).then(city).alias("city"),
        pl.when(no_city).then(pl.col("rest").str.replace(_FILLED, "")).otherwise("rest")
        .alias("rest"),
    )  # fmt: skip


def _with_county_cities(frame: pl.DataFrame) -> pl.DataFrame:
    """江苏昆山前进路: a county-level city without 市, where the province or city is there, too."""
    above = pl.any_horizontal(pl.col("province", "city").is_not_null())
    rows = frame.select(above & pl.col("district").is_null() & (pl.col("rest") != "")).to_series()
    if not rows.fill_null(False).any():
        return frame
    names, table = place_names.county_cities()
    few = frame.with_row_index("at").filter(rows)
    few = few.with_columns(names.longest(few["rest"]).alias("name"))
    after = pl.col("rest").str.strip_prefix(pl.col("name")).str.replace(_LEADING, "")
    short = (after.str.len_chars() < _LOOK_AHEAD).fill_null(False)
    few = few.with_columns(open=pl.col("open") | short | names.unfinished(few["rest"]))
    fitting = few.join(table, on="name", how="inner").filter(
        (pl.col("province").is_null() | (pl.col("province") == pl.col("full_province")))
        & (pl.col("city").is_null() | (pl.col("city") == pl.col("full_city")))
        & ~after.str.contains(_STREET)
    )
    found = fitting.select("at", pl.col("full").alias("found"), after.alias("after"))
    joined = frame.with_row_index("at").join(
        few.select("at", pl.col("open").alias("opened")).join(found, on="at", how="left"),
        on="at", how="left", maintain_order="left",
    )  # fmt: skip
    return joined.select(
        *[c for c in frame.columns if c not in ("district", "rest", "open")],
        pl.coalesce("district", "found").alias("district"),
        pl.coalesce("after", "rest").alias("rest"),
        pl.coalesce("opened", "open").alias("open"),
    )


def _located(frame: pl.DataFrame) -> pl.DataFrame:
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


def _in_places_without_code(frame: pl.DataFrame) -> pl.DataFrame:
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
