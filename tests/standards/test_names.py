"""Names of companies and people, industries, addresses."""

import polars as pl
import pytest

from crm_migrate.standards import address, company_name, industry, person_name, title
from crm_migrate.standards.places.divisions import divisions
from crm_migrate.standards.reading import company_parts, industry_names
from crm_migrate.standards.reading.person_titles import title_of
from tests.standards.findings import cited


def test_company_names_keep_their_characters():
    """R-2.1: width, blanks and invisible characters go; traditional characters stay."""
    raw = [
        "恒通（上海）科技有限公司",
        "恒通 科技 有限公司\ufeff",
        "恆通貿易有限公司",
        "ＡＢＣ（中国）有限公司",
    ]
    assert company_name.normalise(pl.Series(raw)).to_list() == [
        "恒通(上海)科技有限公司",
        "恒通科技有限公司",
        "恆通貿易有限公司",
        "ABC(中国)有限公司",
    ]


def test_spellings_of_a_company_share_their_key():
    """R-3.1: width, brackets, blanks, dots, case and traditional characters do not part names."""
    raw = [
        "恒通（上海）科技有限公司",
        "恒通(上海)科技 有限公司",
        "恆通「上海」科技有限公司",
        "恒通·上海科技有限公司",
    ]
    assert set(company_name.match_key(pl.Series(raw))) == {"恒通上海科技有限公司"}
    assert company_name.match_key(pl.Series(["abc co., ltd."])).to_list() == ["ABCCOLTD"]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("深圳市恒通科技有限公司", ("深圳市", "恒通", "科技", "有限公司", None)),
        ("恒通(深圳)科技有限责任公司", ("深圳", "恒通", "科技", "有限公司", None)),
        ("昆山鼎盛五金模具厂", ("昆山", "鼎盛", "五金模具", "厂", None)),
        ("恒通集团有限公司北京分公司", (None, "恒通", None, "集团有限公司", "北京分公司")),
        ("江苏省苏州市恒通贸易有限公司", ("江苏省苏州市", "恒通", "贸易", "有限公司", None)),
        ("山东青岛恒通贸易有限公司", ("山东青岛", "恒通", "贸易", "有限公司", None)),
        ("四川广安医药有限公司", ("四川", "广安", "医药", "有限公司", None)),
        ("深圳恒通贸易无锡第二分公司", ("深圳", "恒通", "贸易", None, "无锡第二分公司")),
        ("ABC Trading Co., Ltd.", (None, "ABCTrading", None, "COLTD", None)),
        ("恒通", (None, "恒通", None, None, None)),
    ],
)
def test_company_parts(name: str, parts: tuple[str | None, ...]):
    """R-3.1: region, 字号, industry word, legal form and branch as features for matching."""
    assert company_parts.parts(pl.Series([name])).row(0) == parts


def test_company_findings():
    """R-1.3: the full name as on the licence is asked for; tests are noticed."""
    assert cited(company_name, ["恒通科技贸易"]) == {"company_name.incomplete"}
    assert cited(company_name, ["测试公司", "12345"]) == {"company_name.doubtful"}
    assert cited(company_name, ["恒通科技有限公司", "王小明", "ABC Trading Ltd"]) == set()


@pytest.mark.parametrize(
    ("raw", "name", "former", "short"),
    [
        ("恒通科技有限公司（原恒达科技有限公司）", "恒通科技有限公司", "恒达科技有限公司", None),
        ("恒通公司（原名：恒达（上海）公司）", "恒通公司", "恒达(上海)公司", None),
        ("恒通公司【曾用名：恒达】", "恒通公司", "恒达", None),
        ("恒通公司 曾用名：恒达公司", "恒通公司", "恒达公司", None),
        ("恒达公司（现更名为恒通公司）", "恒通公司", "恒达公司", None),
        ("恒通公司（简称“恒通”）", "恒通公司", None, "恒通"),
        ("恒通公司（原恒达）（原恒远）", "恒通公司", "恒远;恒达", None),
        ("恒通（原料药）公司", "恒通(原料药)公司", None, None),
        ("原野（上海）公司", "原野(上海)公司", None, None),
        ("现代汽车（中国）公司", "现代汽车(中国)公司", None, None),
    ],
)
def test_names_beside_the_name(raw: str, name: str, former: str | None, short: str | None):
    """R-1.3: former, present and short names are taken apart; words that begin alike are not."""
    found = company_name.split(pl.Series([raw]))
    assert found.rows() == [(name, former, short, None)]
    assert company_name.normalise(pl.Series([raw])).to_list() == [name]


def test_kinds_of_organisations():
    """R-1.3: companies, sole traders, cooperatives, institutions and associations by their form."""
    told = {
        "恒通有限公司": "企业",
        "恒通投资中心（有限合伙）": "企业",
        "老王饭店（个体工商户）": "个体工商户",
        "绿源种植农民专业合作社": "农民专业合作社",
        "昆山市五金商会": "社会团体",
        "昆山市图书馆": "事业单位",
        "昆山市财政局": "机关",
        "鼎盛经营部": None,
        "Hengtong GmbH": "企业",
    }
    assert company_parts.kinds(pl.Series(list(told))).to_list() == list(told.values())
    parts = company_parts.parts(pl.Series(["恒通投资中心（有限合伙）", "Petronas Sdn Bhd"]))
    assert parts.select("stem", "legal_form").rows() == [
        ("恒通", "有限合伙"),
        ("Petronas", "SDNBHD"),
    ]


def test_words_in_place_of_a_name():
    """R-1.3: 个人, 散客 and their like are nobody's name, in either column."""
    assert cited(company_name, ["个人", "散客", "某某公司", "XX有限公司"]) == {
        "company_name.placeholder"
    }
    assert cited(person_name, ["前台", "采购部", "财务", "联系人", "总经理", "XXX"]) == {
        "person_name.placeholder"
    }
    assert cited(person_name, ["恒通科技有限公司"]) == {"person_name.company"}


@pytest.mark.parametrize(
    ("raw", "name", "title"),
    [
        ("王小明总经理", "王小明", "总经理"), ("采购经理李娜", "李娜", "采购经理"),
        ("陈伟（销售总监）", "陈伟", "销售总监"), ("张伟总", "张伟", None),
        ("欧阳娜娜女士", "欧阳娜娜", None), ("Mr. John Smith", "John Smith", None),
        ("古丽·阿依女士", "古丽·阿依", None), ("王小明-采购部", "王小明", "采购部"),
        ("王小明经理先生", "王小明经理先生", None),
    ],
)  # fmt: skip
def test_titles_stuck_to_a_name(raw: str, name: str, title: str | None):
    """R-1.3: a title or form of address is taken off where a name is left; a title is kept."""
    told = person_name.split(pl.Series([raw]))
    assert told["value"].to_list() == [name]
    assert title_of(told["title"]).to_list() == [title]


@pytest.mark.parametrize(
    "raw",
    ["张总", "李副经理", "李总经理", "李小姐", "欧阳女士", "司马总监", "王副总", "赵工", "Mr Smith",
     "陈工程师", "刘老师"],
)  # fmt: skip
def test_forms_of_address_stay(raw: str):
    """R-1.3: where only a surname would be left nothing is taken off, and the name is asked for."""
    assert person_name.normalise(pl.Series([raw])).to_list() == [raw]
    assert cited(person_name, [raw]) == {"person_name.honorific"}


def test_every_dot_between_the_parts_of_a_name():
    """R-1.3: 民委发〔2016〕33号 wants U+00B7; what people type instead becomes it."""
    raw = [f"阿凡提{dot}买买提" for dot in "·・•‧∙⋅.．･●"]
    assert set(person_name.normalise(pl.Series(raw))) == {"阿凡提·买买提"}


def test_titles():
    """R-1.3: usual titles have one name and a level; others stay as typed."""
    raw = ["总 经理", "CEO", "General Manager", "采购部经理", "副总", "董事长/总经理", "调度长"]
    value = title.normalise(pl.Series(raw))
    both = "董事长兼总经理"
    known = ["总经理", "首席执行官", "总经理", "采购经理", "副总经理", both, "调度长"]
    assert value.to_list() == known
    assert title.levels(value).to_list() == [1, 1, 1, 3, 2, 1, None]
    assert cited(title, ["联系人", "先生", "123"]) == {"title.not_a_title"}
    assert cited(title, raw) == set()


def test_people():
    """R-1.3: real names; forms of address and nicknames are asked about."""
    raw = ["张 三", "阿凡提・买买提", "古丽 · 阿依", "欧阳娜娜", "John  Smith"]
    assert person_name.normalise(pl.Series(raw)).to_list() == [
        "张三", "阿凡提·买买提", "古丽·阿依", "欧阳娜娜", "John Smith"]  # fmt: skip
    for address_form in ("张总", "李经理", "王先生", "欧阳女士", "赵工"):
        assert cited(person_name, [address_form]) == {"person_name.honorific"}
    assert cited(person_name, ["小王", "李"]) == {"person_name.incomplete"}
    assert cited(person_name, ["张三2"]) == {"person_name.characters"}
    assert cited(person_name, ["张三", "阿凡提·买买提", "John Smith"]) == set()


def test_the_classification_is_complete():
    """R-2.1: GB/T 4754-2017 has 20 sections and 97 divisions in fixed ranges."""
    found = industry_names.divisions()
    assert len(found) == 97
    assert [d.code[1:] for d in found] == [f"{n:02}" for n in range(1, 98)]
    first = {}
    for d in found:
        first.setdefault(d.section, d.code[1:])
    assert first == dict(
        zip("ABCDEFGHIJKLMNOPQRST", ["01", "06", "13", "44", "47", "51", "53", "61", "63", "66",
            "70", "71", "73", "76", "80", "83", "84", "86", "91", "97"], strict=True))  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "code"),
    [("制造业-专用设备", "C35"), ("制造业—专用设备制造业", "C35"), ("制造业/专用设备", "C35"),
     ("专用设备", "C35"), ("C35", "C35"), ("c 35", "C35"), ("35", "C35"),
     ("C35 专用设备制造业", "C35"), ("C3521", "C3521"), ("製造業-專用設備", "C35"),
     ("批发", "F51"), ("教育", "P83"), ("房地产", "K70"), ("软件和信息技术服务业", "I65")],
)  # fmt: skip
def test_industries(raw: str, code: str):
    """R-2.1: one industry coding, from the form's “制造业-专用设备” and from codes."""
    assert industry.normalise(pl.Series([raw])).to_list() == [code]
    assert cited(industry, [raw]) == set()


@pytest.mark.parametrize(
    ("raw", "rule"),
    [("设备制造", "industry.ambiguous"), ("制造业", "industry.section_only"),
     ("养生", "industry.unknown"), ("D35", "industry.unknown"), ("C99", "industry.unknown")],
)  # fmt: skip
def test_industries_that_need_an_answer(raw: str, rule: str):
    """R-2.1: ambiguous and unknown industries are asked about, not guessed."""
    assert cited(industry, [raw]) == {rule}


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("广东省深圳市南山区科技园路1号", "广东省深圳市南山区科技园路1号"),
        ("深圳南山区科技园路1号", "广东省深圳市南山区科技园路1号"),
        ("中国 广东 深圳市 南山区 科技园路1号", "广东省深圳市南山区科技园路1号"),
        ("北京朝阳区建国路1号", "北京市朝阳区建国路1号"),
        ("朝阳区建国路1号", "朝阳区建国路1号"),
        ("昆山市前进路1号", "江苏省苏州市昆山市前进路1号"),
        ("东莞市长安镇1号", "广东省东莞市长安镇1号"),
        ("南京西路1号", "南京西路1号"),
        ("新疆石河子市北一路1号", "新疆维吾尔自治区石河子市北一路1号"),
        ("香港中环1号", "香港特别行政区中环1号"),
    ],
)
def test_addresses(raw: str, canonical: str):
    """R-2.1: province, city, district in full where the address itself determines them."""
    assert address.normalise(pl.Series([raw])).to_list() == [canonical]


def test_address_findings():
    """R-2.1: several places of a name, missing regions, missing detail."""
    assert cited(address, ["朝阳区建国路1号"]) == {"address.ambiguous"}
    assert cited(address, ["南京西路1号"]) == {"address.no_region"}
    assert cited(address, ["广东省深圳市"]) == {"address.no_detail"}
    assert cited(address, ["广东省深圳市南山区科技园路1号"]) == set()


def test_every_district_is_found_by_its_full_name():
    """R-2.1: each of the divisions in the table is read back with its own code."""
    every = [d for d in divisions() if d.district or d.city]
    written = pl.Series([d.province + d.city + d.district + "幸福路1号" for d in every])
    codes = address.parts(written).get_column("region_code").to_list()
    assert codes == [d.code for d in every]


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("恒通食品有线公司", "company_name.mistyped"),
        ("恒通食品有限公司（已注销）", "company_name.note"),
        ("重复！上海恒通贸易有限公司", "company_name.note"),
        ("1、上海恒通贸易有限公司", "company_name.note_removed"),
        ("恒通机电有限公司\n上海恒达食品有限公司", "company_name.several"),
        ("恒通软件有限公司 李明 13800138000", "free_text.mobile_found"),
        ("上海恒通??有限公司", "company_name.damaged"),
    ],
)
def test_what_is_no_part_of_a_name(raw: str, rule: str):
    """R-2.2: slips, notes, second names and telephones in a company's name are told."""
    assert rule in cited(company_name, [raw])


def test_names_that_only_look_so():
    """R-2.2: branches, digits and cable companies are names like others."""
    fine = [
        "恒通有限公司上海分公司",
        "58同城信息技术有限公司",
        "东方有线网络有限公司",
        "恒通（上海）有限公司",
    ]
    assert cited(company_name, fine) <= {"company_name.normalised"}
