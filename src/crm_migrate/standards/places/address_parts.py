"""Addresses taken apart: province, city, district, detail, vectorised.

Addresses begin with few different regions: each beginning is taken apart level by level once,
and tells of its addresses all that nothing behind it could change. The others are taken apart
one by one. Names and their meanings come from `place_names`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_migrate.standards.columns.remembered import learning, remembered_with, rows_taken
from crm_migrate.standards.columns.residue import distinct, holds
from crm_migrate.standards.places import place_names
from crm_migrate.standards.places.address_text import LEADING, tidied
from crm_migrate.standards.places.divisions import Prefixes, province_names
from crm_migrate.standards.places.located import LEVELS, in_places_without_code, located

_BEGINNING = (
    r"^(?:.{2,8}?(?:省|自治区))?(?:.{1,10}?(?:市|自治州|地区|盟))?.{1,14}?[市区县旗]+[ ,、/·-]*"
)
"""What looks like province, city and district; whether it is one is looked up."""
_STREET = (
    r"^(?:[东南西北中]?[一二三四五六七八九十]?(?:路|街|道|巷|里|弄|桥|湖|广场|大厦|大街|大道|大路)|"
    r"(?:理工|师范|工业|交通|科技|医科|农业|财经|外国语|航空航天|邮电|林业|中医药){0,2}大学|"
    r"[东南西北]?[一二三四五]环|[区县镇乡村市州盟])"
)
"""Behind a short name such as 北京: a street (北京西路), another place (朝阳区), a university."""
_OWN_STREET = (
    r"^(?:$|[东南西北]?[一二三四五六]环|\p{Han}{2,5}?(?:街道|镇|乡)|\p{Han}{1,7}?[\p{Han}--[东南西北中大小]]"
    r"[东南西北中]?[一二三四五六七八九十]*"
    r"(?:路|大街|大道|街|巷|弄|胡同|村|社区|科技园|软件园|工业园|产业园|工业区))"
)
"""Behind 深圳南山: nothing, or a street that has a name of its own (not 深圳南山大道)."""
_NO_DISTRICT = (
    r"^(?:[东南西北中]?[一二三四五六七八九十]*(?:大?路|大?街|大?道)|"
    r"公园|医院|机场|火车|车站|大学|学院[^路街]|中学|小学|体育(?:中心|场|馆|公园)|广场|大厦|饭店|宾馆|酒店|"
    r"国际|中心|新城|新村|古镇|军校|[门祠寺庙山河湖江桥塔岛口湾港站])"
)
"""Behind 深圳南山: what it is a name together with (北京朝阳公园南路, 北京朝阳门外大街)."""
_STREET_BEGUN = "^[东南西北中]?[一二三四五六七八九十]?[广大]?$"
"""Behind a short name at the end of a text: what follows could make it `_STREET`."""
_FILLED = r"^(?:市辖区|[\s,、/·>|_\\-])+"
_DOUBTFUL = ("朝阳",)
"""Short names of cities that rather mean a district elsewhere: 北京市朝阳区."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Addresses taken apart; many of them begin alike."""

    rows: pl.DataFrame
    """Of each address the row of `beginnings` as `place`, and what stands `behind` that."""
    beginnings: pl.DataFrame
    """`LEVELS`, `detail`, `region_code`, `places`, `former`, and `front`: all of them as text.

    `places`: how many places the names could mean, 0 where they contradict each other, null
    where there is no name. `former`: a district or city that has another name today, which
    stands in its column (or, where it was dissolved, the name that it had).
    """

    def told(self, name: str) -> pl.Series:
        """A column of `beginnings` for every address."""
        return self.beginnings.get_column(name).gather(self.rows["place"])

    @property
    def detail(self) -> pl.Series:
        """What follows province, city and district."""
        return self.told("detail") + self.rows["behind"]

    @property
    def canonical(self) -> pl.Series:
        """The addresses with province and city in front where they are determined."""
        return self.told("front") + self.rows["behind"]


def _taken(answers: Sequence[Parsed], place: pl.Series) -> Parsed:
    shift = np.cumsum([0, *(one.beginnings.height for one in answers)])
    rows = [
        one.rows.with_columns(pl.col("place") + int(by))
        for one, by in zip(answers, shift, strict=False)
    ]
    beginnings = pl.concat([one.beginnings for one in answers], how="vertical_relaxed")
    return Parsed(rows_taken(rows, place), beginnings.rechunk())


@remembered_with(_taken)
def parsed(raw: pl.Series) -> Parsed:
    """Each address tidied, and where it lies."""
    text = tidied(raw)
    beginning = text.str.extract(_BEGINNING, 0)
    place, beginnings = distinct(beginning)
    apart = _begun(beginnings)
    decided = holds(~apart.get_column("open").gather(place))
    behind = text.str.strip_prefix(beginning)
    alone = (text.is_not_null() & ~decided).arg_true()
    if len(alone):
        place = place.scatter(alone, apart.height + np.arange(len(alone), dtype=np.uint32))
        apart = pl.concat([apart, _unfolded(text.gather(alone))], how="vertical_relaxed")
        behind = behind.zip_with(decided, text.str.head(0))
    region = pl.concat_str(*LEVELS, "detail", ignore_nulls=True)
    front = pl.when(pl.col("region_code").is_null()).then("text").otherwise(region)
    rows = pl.DataFrame({"place": place, "behind": behind})
    return Parsed(rows, apart.with_columns(front=front).rechunk())


@learning(pl.col("region_code").is_not_null() & (pl.col("detail") == "") & ~pl.col("open"))
def _begun(beginnings: pl.Series) -> pl.DataFrame:
    """`_unfolded`, which learns the beginnings that are nothing but names of places."""
    return _unfolded(beginnings)


def _unfolded(text: pl.Series) -> pl.DataFrame:
    """Tidied addresses taken apart level by level; columns as of `parsed`, and `open`: whether
    more text behind them could change what was found.
    """
    frame = pl.DataFrame({"text": text}).with_columns(rest=pl.col("text"), open=False)
    frame = _take(frame, "province", place_names.provinces())
    frame = _with_ending(_without_corps(_said_once(frame, "province")))
    frame = _take(frame, "city", place_names.cities())
    frame = _without_county(_said_once(_said_once(frame, "province"), "city"))
    frame = _take(frame, "district", place_names.districts())
    frame = _without_doubtful_cities(_within_former_cities(frame))
    city = pl.col("city").replace(place_names.city_spellings())
    frame = frame.with_columns(
        pl.col("province").replace(province_names()),
        city=city,
        former_city=pl.col("city").is_in(place_names.former_cities()),
    )
    frame = _with_county_cities(_without_fillers(frame))
    return in_places_without_code(located(frame))


def _take(frame: pl.DataFrame, level: str, names: Prefixes) -> pl.DataFrame:
    """Move a name from the beginning of `rest` into the column `level`."""
    rest = frame.get_column("rest")
    taken = frame.with_columns(
        names.longest(rest).alias(level), open=frame["open"] | names.unfinished(rest)
    )
    after = pl.col("rest").str.strip_prefix(pl.col(level)).str.replace(LEADING, "")
    if level == "city":  # 青岛市南区 is 青岛 and 市南区
        shared = pl.col(level).is_in(place_names.with_city_districts())
        split = shared & after.str.contains("^[南北中]区")
        after = pl.when(split).then("市" + after).otherwise(after)
    full = pl.col(level).str.contains("(?:[省市区县盟旗划位]|地区|自治州|.{2}州)$")
    street = ~full & after.str.contains(_STREET)
    begun = ~full & after.str.contains(_STREET_BEGUN)
    if level != "district":  # 石家庄桥西区 is a place, though 石家庄桥 looks like a bridge
        bare = pl.col(level).is_in(place_names.bare_prefectures())  # 湘西 of 湘西吉首市
        behind = taken.select(pl.when(street | bare).then(after)).to_series()
        no_place, unfinished = _begins_with_no_place(behind)
        if level == "city":  # 杭州西湖 is a district, not “West Lake” as a street
            known = place_names.short_districts_behind_cities()
            no_place &= known.longest(rest.zip_with(behind.is_not_null(), behind)).is_null()
            unfinished |= known.unfinished(rest)
        street, begun = (street | bare) & no_place, begun | unfinished
    if level == "city":  # 黄石港区 is a district, not 黄石 and what follows
        whole = place_names.districts().longest(rest)
        longer = whole.str.len_chars() > taken.get_column(level).str.len_chars() + 1
        street |= ~full & (longer & whole.str.contains("[市区县旗]$")).fill_null(False)
    if level == "city":  # 北京朝阳 is no city of that name in Beijing
        municipal = pl.col("province").replace(province_names()).is_in(place_names.MUNICIPALITIES)
        street |= ~full & municipal.fill_null(False)
    return taken.with_columns(
        open=pl.col("open") | begun.fill_null(False),
        rest=pl.when(pl.col(level).is_null() | street).then("rest").otherwise(after),
        **{level: pl.when(street).then(None).otherwise(pl.col(level))},
    )


def _without_corps(frame: pl.DataFrame) -> pl.DataFrame:
    """新疆生产建设兵团第八师石河子市: the city of a division of the corps says it all."""
    corps = r"^生产建设兵团(?:第?[一二三四五六七八九十]+师)?(\p{Han}{2,5}市)"
    ours = pl.col("province").str.starts_with("新疆")
    return frame.with_columns(
        pl.when(ours).then(pl.col("rest").str.replace(corps, "$1")).otherwise("rest").alias("rest"),
        pl.col("open") | (ours & pl.col("rest").str.starts_with("生产")).fill_null(False),
    )


def _within_former_cities(frame: pl.DataFrame) -> pl.DataFrame:
    """莱芜市莱城区: a city that is a district today, and the one of its districts that is meant."""
    within = pl.col("district").is_in(place_names.former_prefectures()) & pl.col("city").is_null()
    if not frame.select(within.any()).item():
        return frame
    names = place_names.districts()
    rest = frame.select(pl.when(within).then("rest")).to_series()
    inner = names.longest(rest)
    return frame.with_columns(
        open=pl.col("open") | within.fill_null(False),
        district=pl.coalesce(inner, "district"),
        rest=pl.when(inner.is_not_null()).then(pl.col("rest").str.strip_prefix(inner))
        .otherwise("rest"),
    )  # fmt: skip


def _said_once(frame: pl.DataFrame, level: str) -> pl.DataFrame:
    """江苏省南京市江苏省南京市玄武区: columns of a form, one of which had them all."""
    rest = pl.col("rest")
    full = pl.col(level).str.contains("[省市盟]$|自治[区州]$|地区$")
    again = full & rest.str.starts_with(pl.col(level))
    behind = rest.str.strip_prefix(pl.col(level)).str.replace(LEADING, "")
    if level == "province":  # 成都市四川省科技馆
        told = frame.select(pl.when(again).then(behind)).to_series()
        if not told.is_not_null().any():
            return frame
        again = again & ~_begins_with_no_place(told)[0]
    return frame.with_columns(rest=pl.when(again).then(behind).otherwise(rest))


def _with_ending(frame: pl.DataFrame) -> pl.DataFrame:
    """河南生开封市, 上海巿嘉定区: a slip for 省 or 市, and a place in full behind it."""
    short = ~pl.col("province").str.contains("[省市区]$")
    rest = frame.select(pl.when(short).then("rest")).to_series()
    if not rest.is_not_null().any():
        return frame
    behind = rest.str.slice(1)
    names = (place_names.cities(), place_names.districts())
    named = [holds(one.longest(behind).str.contains("[市区县旗州盟]$")) for one in names]
    wrong = rest.is_not_null() & (named[0] | named[1]) & _begins_with_no_place(rest)[0]
    wrong &= holds(rest.str.contains(r"^\p{Han}"))
    if not wrong.any():
        return frame
    return frame.with_columns(
        rest=behind.zip_with(wrong, frame["rest"]), open=frame["open"] | wrong
    )


def _without_county(frame: pl.DataFrame) -> pl.DataFrame:
    """重庆市县云阳县: as the register writes it."""
    rest = pl.col("rest").str.replace(LEADING, "")
    municipal = pl.coalesce("city", "province").is_in(place_names.MUNICIPALITIES)
    county = rest.str.replace(r"^县(\p{Han}{1,12}?县)", "$1")
    return frame.with_columns(rest=pl.when(municipal).then(county).otherwise(rest))


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


def _begins_with_no_place(behind: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Whether no place's name begins each text, and whether more text could make one of it."""
    names = (place_names.cities(), place_names.districts())
    if not behind.is_not_null().any():
        return behind.is_null(), behind.is_not_null()
    city, district = (one.longest(behind).is_null() for one in names)
    return city & district, names[0].unfinished(behind) | names[1].unfinished(behind)


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
    """江苏昆山前进路, 深圳南山科技园路: a county-level city or a district without its ending, where
    the province or city is there, too.
    """
    above = pl.any_horizontal(pl.col("province", "city").is_not_null())
    rows = frame.select(above & pl.col("district").is_null() & (pl.col("rest") != "")).to_series()
    if not rows.fill_null(False).any():
        return frame
    names, table = place_names.short_districts()
    few = frame.with_row_index("at").filter(rows)
    few = few.with_columns(names.longest(few["rest"]).alias("name"))
    after = pl.col("rest").str.strip_prefix(pl.col("name")).str.replace(LEADING, "")
    begun = after.str.contains(_STREET_BEGUN).fill_null(False)
    own = after.str.contains(_OWN_STREET) & ~after.str.contains(_NO_DISTRICT)
    fitting = few.join(table, on="name", how="inner").filter(
        (pl.col("province").is_null() | (pl.col("province") == pl.col("full_province")))
        & (pl.col("city").is_null() | (pl.col("city") == pl.col("full_city")))
    )
    unsure = pl.col("at").is_in(fitting.filter(~pl.col("is_city"))["at"].implode())
    few = few.with_columns(open=pl.col("open") | begun | names.unfinished(few["rest"]) | unsure)
    found = fitting.filter(
        pl.when("is_city").then(~after.str.contains(_STREET)).otherwise(own)
        & (pl.len().over("at") == 1)
    ).select("at", pl.col("full").alias("found"), after.alias("after"))
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
