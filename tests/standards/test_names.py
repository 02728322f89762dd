"""Names of companies and people, industries, addresses."""

import polars as pl
import pytest

from crm_migrate.standards import address, company_name, industry, industry_names, person_name
from crm_migrate.standards.divisions import divisions


def cited(module, raw: list[str | None]) -> set[str]:
    column = pl.Series(raw, dtype=pl.String)
    value = module.normalise(column)
    return {rule.code for rule, mask in module.validate(column, value) if mask.any()}


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
        ("ABC Trading Co., Ltd.", (None, "ABCTrading", None, "COLTD", None)),
        ("恒通", (None, "恒通", None, None, None)),
    ],
)
def test_company_parts(name: str, parts: tuple[str | None, ...]):
    """R-3.1: region, 字号, industry word, legal form and branch as features for matching."""
    assert company_name.parts(pl.Series([name])).row(0) == parts


def test_company_findings():
    """R-1.3: the full name as on the licence is asked for; tests are noticed."""
    assert cited(company_name, ["恒通科技贸易"]) == {"company_name.incomplete"}
    assert cited(company_name, ["测试公司", "12345"]) == {"company_name.doubtful"}
    assert cited(company_name, ["恒通科技有限公司", "王小明", "ABC Trading Ltd"]) == set()


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
