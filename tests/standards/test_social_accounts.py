"""WeChat ids and QQ numbers as people write them."""

import polars as pl
import pytest

from crm_migrate.standards import qq, wechat
from tests.standards.findings import cited


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("Li_Na-88", "li_na-88"), ("微信号：lina88", "lina88"), ("ＬＩＮＡ８８８", "lina888"),
        ("lina88（李娜）", "lina88"), ("+86 138-0013-8000", "13800138000"),
        ("12345678", "12345678"), ("wxid_abc123def456", "wxid_abc123def456"),
        ("张三", "张三"), ("1abcdef", "1abcdef"), ("abc", "abc"),
    ],
)  # fmt: skip
def test_wechat_ids(raw: str, canonical: str):
    """R-1.6: a letter and 5 to 19 letters, digits, _ and -, case apart; mobile or QQ number."""
    assert wechat.normalise(pl.Series([raw])).to_list() == [canonical]


def test_wechat_findings():
    """R-1.6: what is no id, what says “as my mobile”, what nobody can search for."""
    assert cited(wechat, ["张三", "1abcdef", "abc", "abcdefghijklmnopqrstu"]) == {"wechat.format"}
    assert cited(wechat, ["同手机号", "微信同号"]) == {"wechat.same_as_mobile"}
    assert cited(wechat, ["wxid_abc123def456"]) == {"wechat.internal"}
    assert cited(wechat, ["lina88", "13800138000", "12345678"]) == set()


def test_qq_numbers():
    """R-1.6: 5 to 11 digits without a leading zero; the mail address holds the number."""
    raw = ["QQ:12345678", "１２３４５", "87654321@qq.com", "12345.0", "12345678、87654321"]
    assert qq.normalise(pl.Series(raw)).to_list() == [
        "12345678", "12345", "87654321", "12345", "12345678"]  # fmt: skip
    assert cited(qq, ["1234", "012345", "123456789012", "同微信"]) == {"qq.format"}
    assert cited(qq, ["12345678/87654321"]) == {"qq.several"}
    assert cited(qq, ["12345", "12345678901"]) == set()


def test_masks():
    """R-5.3: an account can be recognised by its owner, not be searched for."""
    assert wechat.mask(pl.Series(["lina88", "13800138000", "李娜"])).to_list() == [
        "li***", "138****8000", "***"]  # fmt: skip
    assert qq.mask(pl.Series(["12345678", "同微信"])).to_list() == ["12***78", "***"]
