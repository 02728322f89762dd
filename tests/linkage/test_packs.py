"""The packs for companies on data whose words no rule was looked at with."""

import polars as pl
import pytest

from crm_migrate.linkage.bare.columns import link_file, recognise, records_of
from crm_migrate.linkage.bare.pack import load_pack, pack_names, parse_pack
from crm_migrate.linkage.bare.suggest import suggest
from crm_migrate.linkage.engines.known_clusters import KnownClusters, link_to_known
from crm_migrate.linkage.features.features import build_features
from tests.linkage.invented_companies import pair_scores
from tests.linkage.invented_firms import firms
from tests.linkage.spoilt_companies import UNSEEN, spoilt_companies

CHINESE = {"name": "客户全称", "uscc": "税号", "phone": "公司电话", "mobile": "联系人手机"}


def test_chinese_companies_with_unseen_words():
    """R-3.1: groups, branches, stalls, foreign firms, shared switchboards: P ≥ .99, R ≥ .95."""
    made = spoilt_companies(6_000, words=UNSEEN, seed=901)
    records = made.drop("truth").rename(CHINESE)
    linkage = link_file(records, "record_id", load_pack("company-cn"))
    precision, recall = pair_scores(linkage.clusters, made.select("record_id", "truth"))
    assert precision >= 0.99
    assert recall >= 0.95
    assert linkage.summary()["largest_cluster"] <= 10


def test_companies_with_latin_names():
    """Legal forms, accents, branches, missing tax numbers: P ≥ .99, R ≥ .95."""
    made = firms(4_000, seed=902)
    records = made.drop("truth").rename({"name": "Company Name", "vat": "VAT no."})
    linkage = link_file(records, "record_id", load_pack("company"))
    precision, recall = pair_scores(linkage.clusters, made.select("record_id", "truth"))
    assert precision >= 0.99
    assert recall >= 0.95


def test_order_of_rows_changes_nothing():
    """The same rows in another order have the same clusters, with every pack."""
    made = spoilt_companies(800, words=UNSEEN, seed=903).drop("truth")
    for name in pack_names():
        one = link_file(made, "record_id", load_pack(name)).clusters
        other = link_file(made.reverse(), "record_id", load_pack(name)).clusters
        assert one.sort("record_id").equals(other.sort("record_id"))


def test_branches_and_codes_that_differ_keep_companies_apart():
    """A branch is not its head office; two valid codes are two companies, whatever else agrees."""
    shared = {"电话": "0791-8830021", "地址": "江西省赣州市章贡区和平街9号"}
    rows = [
        {"id": "1", "公司名称": "赣州澄川轴承有限公司", "税号": "91350100M000100Y43"} | shared,
        {"id": "2", "公司名称": "赣州澄川轴承有限责任公司", "税号": None} | shared,
        {"id": "3", "公司名称": "赣州澄川轴承有限公司南昌分公司", "税号": None} | shared,
        {"id": "4", "公司名称": "赣州澄川轴承有限公司", "税号": "91110000600037341L"}
        | {"电话": None, "地址": None},
    ]
    clusters = link_file(pl.DataFrame(rows), "id", load_pack("company-cn")).clusters
    found = dict(clusters.iter_rows())
    assert found["3"] == "3"
    assert found["1"] != found["4"]


def test_a_trade_name_alone_is_short_for_a_company_and_a_group_is_none_of_its_members():
    """R-3.1: 澄川 with the telephone of 澄川轴承 is it; the group on that telephone is another."""
    rows = [
        {"id": "1", "公司名称": "赣州澄川轴承有限公司", "电话": "0797-8830021"},
        {"id": "2", "公司名称": "澄川", "电话": "0797-8830021"},
        {"id": "3", "公司名称": "赣州晴岚集团有限公司", "电话": "0797-8112233"},
        {"id": "4", "公司名称": "赣州晴岚化工有限公司", "电话": "0797-8112233"},
        {"id": "5", "公司名称": "晴岚涂料有限公司", "电话": "0797-8112233"},
    ]
    clusters = link_file(pl.DataFrame(rows), "id", load_pack("company-cn")).clusters
    assert dict(clusters.iter_rows()) == {"1": "1", "2": "1", "3": "3", "4": "4", "5": "5"}


def test_numbers_and_names_of_earlier_times():
    """R-3.1: organisation code, registration number, former name; none is a filler."""
    phone = {"电话": "0791-8830021"}
    rows = [
        {"id": "1", "名称": "赣州澄川轴承有限公司", "统一社会信用代码": "91110108MA01KP2T5U"},
        {"id": "2", "名称": "澄川公司", "组织机构代码": "MA01KP2T-5"},
        {"id": "3", "名称": "澄川轴承", "工商注册号": "110108000000016", "税号": "110108551385082"},
        {"id": "4", "名称": "赣州珩原阀门有限公司", "统一社会信用代码": "110108000000016"},
        {"id": "5", "名称": "赣州岱舟苗木有限公司", "曾用名": "赣州杉禾苗木有限公司"} | phone,
        {"id": "6", "名称": "赣州杉禾苗木有限公司"} | phone,
        {"id": "7", "名称": "赣州昶墨印务有限公司(原赣州祁榆印务有限公司)", "电话": "0797-8200311"},
        {"id": "8", "名称": "赣州祁榆印务有限公司", "电话": "0797-8200311"},
        {"id": "9", "名称": "赣州鲲渊冷链物流有限公司", "曾用名": "赣州煦溪冷链物流有限公司"},
        {"id": "A", "名称": "赣州煦溪冷链物流有限公司"},
        {"id": "B", "名称": "赣州筠泓调味品有限公司", "组织机构代码": "000000000"},
        {"id": "C", "名称": "宜宾彤葭检测有限公司", "组织机构代码": "000000000"},
    ]  # fmt: skip
    linkage = link_file(pl.DataFrame(rows), "id", load_pack("company-cn"))
    found = dict(linkage.clusters.iter_rows())
    groups = sorted("".join(sorted(k for k in found if found[k] == c)) for c in set(found.values()))
    assert groups == ["12", "34", "56", "78", "9", "A", "B", "C"]
    assert ("9", "A") in linkage.review.select("left_id", "right_id").rows()


def test_namesakes_without_their_city_are_not_joined_by_their_name():
    """R-3.1: one full name without a region, other telephones and streets: for a person, if any."""
    rows = [
        {
            "id": "1",
            "公司名称": "澄川轴承有限公司",
            "电话": "0797-8830021",
            "地址": "赣州市和平街9号",
        },
        {
            "id": "2",
            "公司名称": "澄川轴承有限公司",
            "电话": "0592-5512345",
            "地址": "厦门市湖滨路70号",
        },
        {"id": "3", "公司名称": "赣州晴岚轴承有限公司", "电话": "0797-8112233", "地址": None},
        {"id": "4", "公司名称": "赣州晴岚轴承有限公司", "电话": "0797-8445566", "地址": None},
    ]
    clusters = link_file(pl.DataFrame(rows), "id", load_pack("company-cn")).clusters
    assert dict(clusters.iter_rows()) == {"1": "1", "2": "2", "3": "3", "4": "3"}


@pytest.mark.parametrize(
    ("pack", "columns", "field"),
    [
        ("company-cn", ["企业名称", "客户全称", "公司名称*", "開票抬頭", "COMPANY_NAME"], "name"),
        ("company-cn", ["信用代码", "统一社会信用代码(18位)"], "uscc"),
        ("company-cn", ["纳税人识别号", "税号", "Tax No."], "tax_number"),
        ("company-cn", ["工商注册号", "营业执照号"], "registration_number"),
        ("company-cn", ["联系电话", "Tel.", "公司电话1"], "phone"),
        ("person", ["Given Name", "first_name", "Forename"], "given"),
        ("person", ["DOB", "D.O.B.", "出生日期", "date of birth"], "born"),
        ("person", ["Post Code", "ZIP", "邮编"], "postcode"),
        ("company", ["VAT No.", "Tax ID", "USt-IdNr."], "tax"),
    ],
)
def test_usual_headers_are_known(pack: str, columns: list[str], field: str):
    """Whatever people call them: the columns are known by their headers."""
    for column in columns:
        assert recognise([column], load_pack(pack)) == {field: [column]}


def test_unknown_headers_are_known_by_their_values():
    """Columns A, B, C: credit codes, mail addresses, mobiles and names leave no doubt."""
    made = spoilt_companies(300, words=UNSEEN, seed=904)
    frame = made.select(
        "record_id", A="name", B="uscc", C="mobile", D="email", E=pl.lit("red")
    ).drop_nulls("C")
    records, found = records_of(frame, "record_id", load_pack("company-cn"))
    assert found == {"name": ["A"], "uscc": ["B"], "mobile": ["C"], "email": ["D"]}
    assert records.height == frame.height


def test_a_name_column_of_numbers_is_none():
    """`account` is a company's name in one file and a bank account in another."""
    frame = pl.DataFrame(
        {"id": ["1", "2"], "account": ["6222021", "6222022"], "名称": ["甲", "乙"]}
    )
    _, found = records_of(frame, "id", load_pack("company-cn"))
    assert found == {"name": ["名称"]}


def test_several_telephones_in_one_cell():
    """Numbers between slashes, commas and blanks, and numbers that a spreadsheet made floats."""
    frame = pl.DataFrame(
        {
            "id": ["1", "2"],
            "name": ["a", "b"],
            "电话": ["13800138000.0/0591-83300001", "0591 83300001"],
        }
    )
    pack = load_pack("company-cn")
    records, _ = records_of(frame, "id", pack)
    phone = build_features(records, pack.rules)["phone"]
    assert len(set(phone.codes[0].tolist()) - {-1}) == 2
    assert set(phone.codes[0].tolist()) & set(phone.codes[1].tolist()) - {-1}


def test_known_clusters_keep_their_ids_and_members():
    """R-6.5: new records join what is known; two known clusters never become one."""
    made = spoilt_companies(1_500, words=UNSEEN, seed=905)
    pack = load_pack("company-cn")
    records, _ = records_of(made.drop("truth"), "record_id", pack)
    old = records.head(1_000)
    first = link_file(made.drop("truth").head(1_000), "record_id", pack).clusters
    members = first.with_columns(cluster_id="G" + pl.col("cluster_id"))
    result = link_to_known(KnownClusters(records, members), pack.rules)
    clusters = result.linkage.clusters
    kept = clusters.join(members, on="record_id")
    assert kept.height == old.height
    assert (kept["cluster_id"] == kept["cluster_id_right"]).all()
    assert result.new == 500
    joined = clusters.join(old, on="record_id", how="anti")["cluster_id"].str.starts_with("G").sum()
    assert joined == result.joined > 50
    precision, recall = pair_scores(clusters, made.select("record_id", "truth"))
    assert precision >= 0.98
    assert recall >= 0.9


@pytest.mark.parametrize("pack", ["company-cn", "company", "person"])
def test_suggested_rules_are_rules(pack: str):
    """What is proposed for a file is taken by `--rules`, and links as the pack does."""
    made = spoilt_companies(400, words=UNSEEN, seed=906).drop("truth").rename(CHINESE)
    found = suggest(made, "record_id", pack)
    import yaml

    mine = parse_pack("proposed", yaml.safe_load(found.rules))
    assert mine.rules.features
    if pack == "company-cn":
        assert suggest(made).pack == "company-cn"
        assert found.ids == ("record_id",)
        assert {c.field for c in found.columns} >= {"name", "tax_number", "phone", "mobile"}
        one = link_file(made, "record_id", mine).clusters
        assert one.equals(link_file(made, "record_id", load_pack(pack)).clusters)
