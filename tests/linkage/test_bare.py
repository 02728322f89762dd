"""Linking a bare file by a pack's name."""

import polars as pl
import pytest

from crm_migrate.errors import ProjectFault, UsageFault
from crm_migrate.linkage.bare.columns import link_file, recognise
from crm_migrate.linkage.bare.pack import load_pack, parse_pack
from tests.linkage.invented_companies import companies, pair_scores


def test_a_small_file_with_chinese_headers(tmp_path):
    """R-3.1: sixty rows as a department keeps them are linked with no rules written."""
    table = companies(60).rename(
        {
            "record_id": "编号",
            "name": "客户名称(全称)",
            "uscc": "统一社会信用代码",
            "phone": "联系 电话",
            "email": "邮箱",
            "address": "公司地址",
        }
    )
    linkage = link_file(table.drop("truth"), "编号", load_pack("company-cn"))
    truth = table.select(record_id="编号", truth="truth")
    precision, recall = pair_scores(linkage.clusters, truth)
    assert precision == 1
    assert recall >= 0.9
    assert linkage.summary()["records"] == 60


def test_headers_are_recognised_in_both_languages():
    """Width, case, blanks, notes in brackets and numbering do not hide a known header."""
    found = recognise(
        ["Company Name", "手机1", "手机2", "E-mail", "备注", "统一社会信用代码（必填）"],
        load_pack("company-cn"),
    )
    assert found == {
        "name": ["Company Name"],
        "mobile": ["手机1", "手机2"],
        "email": ["E-mail"],
        "uscc": ["统一社会信用代码（必填）"],
    }


def test_only_names_are_enough():
    """A list with nothing but names is linked by its full names."""
    table = pl.DataFrame(
        {
            "id": ["1", "2", "3"],
            "名称": ["江苏恒通科技有限公司", "江苏恒通科技 有限责任公司", "恒通科技"],
        }
    )
    linkage = link_file(table, "id", load_pack("company-cn"))
    assert linkage.clusters["cluster_id"].to_list() == ["1", "1", "3"]


def test_faults_are_said():
    """A wrong id column, unknown headers, unknown or faulty packs are usage or project faults."""
    table = pl.DataFrame({"id": ["1"], "颜色": ["红"]})
    pack = load_pack("company-cn")
    with pytest.raises(UsageFault):
        link_file(table, "nr", pack)
    with pytest.raises(UsageFault):
        link_file(table, "id", pack)
    with pytest.raises(UsageFault):
        load_pack("no-such-pack")
    with pytest.raises(ProjectFault):
        parse_pack("mine", {"company": {"engine": "?"}})


def test_a_legal_representative_links_no_firms():
    """One person represents many firms: 法定代表人 is no contact, sister firms stay apart."""
    assert recognise(["法定代表人"], load_pack("company-cn")) == {}
    shared = {"法定代表人": "林一", "地址": "江西省赣州市章贡区和平街9号"}
    rows = [
        {"id": "1", "公司名称": "赣州澄川轴承有限公司"} | shared,
        {"id": "2", "公司名称": "赣州澄川餐饮管理有限公司"} | shared,
    ]
    clusters = link_file(pl.DataFrame(rows), "id", load_pack("company-cn")).clusters
    assert clusters["cluster_id"].n_unique() == 2
