"""Dates, amounts, numbers, yes/no, vocabularies, tags."""

from datetime import date as calendar_date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_migrate.standards import amount, boolean, date, integer, percentage, tags, vocabulary
from crm_migrate.standards.columns.decimals import plain, shifted
from crm_migrate.standards.contract import PLAIN, Context, context_of


def cited(module, raw: list[str | None], context: Context = PLAIN) -> set[str]:
    column = pl.Series(raw, dtype=pl.String)
    value = module.normalise(column, context)
    return {rule.code for rule, mask in module.validate(column, value, context) if mask.any()}


@pytest.mark.parametrize(
    ("raw", "canonical", "rule"),
    [
        ("2021-03-05", "2021-03-05", None),
        ("2021/3/5", "2021-03-05", None),
        ("2021.3.5", "2021-03-05", None),
        ("2021年3月5日", "2021-03-05", None),
        ("２０２１年３月５号", "2021-03-05", None),
        ("20210305", "2021-03-05", None),
        ("2021-03-05 10:30:00", "2021-03-05", None),
        ("2021-03-05T10:30:00Z", "2021-03-05", None),
        ("20210305103000", "2021-03-05", None),
        ("45351", "2024-02-29", "date.serial"),
        ("45351.5", "2024-02-29", "date.serial"),
        ("13/04/2021", "2021-04-13", None),
        ("04/13/2021", "2021-04-13", None),
        ("03/04/2021", None, "date.ambiguous"),
        ("21/3/5", None, "date.ambiguous"),
        ("2021-02-29", None, "date.impossible"),
        ("2021-13-01", None, "date.impossible"),
        ("0000-00-00", None, "date.impossible"),
        ("二〇二四年二月二十九日", "2024-02-29", None),
        ("民国113年2月29日", "2024-02-29", None),
        ("Feb 29, 2024", "2024-02-29", None),
        ("29-FEB-2024", "2024-02-29", None),
        ("29-Feb-24", None, "date.ambiguous"),
        ("240229", None, "date.ambiguous"),
        ("113/2/29", None, "date.ambiguous"),
        ("2024-02-28T16:00:00Z", "2024-02-29", None),
        ("2024-02-29T00:30:00+09:00", "2024-02-28", None),
        ("2024年2月29日 星期四 上午10时30分", "2024-02-29", None),
        ("202402291030", "2024-02-29", None),
        ("2024 2 29", "2024-02-29", None),
        ("2024-02-29 25:61", None, "date.unreadable"),
        ("2024.2.1-2024.2.29", None, "date.range"),
        ("2024年2月1日至29日", None, "date.range"),
        ("2024年第一季度", None, "date.incomplete"),
        ("202402", None, "date.incomplete"),
        ("60", None, "date.unreadable"),
        ("9" * 18, None, "date.unreadable"),
        ("2021年3月", None, "date.incomplete"),
        ("下周三", None, "date.unreadable"),
        ("1899-12-31", "1899-12-31", "date.implausible"),
    ],
)
def test_dates(raw: str, canonical: str | None, rule: str | None):
    """R-2.1: one date format; where day and month can be exchanged nothing is guessed."""
    assert date.normalise(pl.Series([raw])).to_list() == [canonical]
    assert cited(date, [raw]) == ({rule} if rule else set())


@given(st.dates(min_value=calendar_date(1954, 10, 4)))
def test_every_day_is_its_own_canonical_form(day: calendar_date):
    """R-2.1: ISO dates stay, and the same day in the Chinese form becomes the ISO date."""
    iso = day.isoformat()
    chinese = f"{day.year:04}年{day.month}月{day.day}日"
    assert date.normalise(pl.Series([iso, chinese])).to_list() == [iso, iso]


def test_serials_count_from_the_end_of_1899():
    """R-2.1: the 1900 date system, checked against Python's calendar."""
    serials = list(range(20000, 60000, 997))
    base = calendar_date(1899, 12, 30).toordinal()
    days = [calendar_date.fromordinal(base + n).isoformat() for n in serials]
    assert date.normalise(pl.Series([str(n) for n in serials])).to_list() == days


@pytest.mark.parametrize(
    ("raw", "unit", "canonical"),
    [
        ("120", "万元", "120"),
        ("120万", "万元", "120"),
        ("1,200,000元", "万元", "120"),
        ("1200000元", "万元", "120"),
        ("1.2亿", "万元", "12000"),
        ("1.2亿元", "元", "120000000"),
        ("50万元", "元", "500000"),
        ("￥1,200.50", "元", "1200.5"),
        ("１２００", "元", "1200"),
        ("1.2E+06", "元", "1200000"),
        ("(1,200)", "元", "-1200"),
        ("0.10", "元", "0.1"),
        ("-0.00", "元", "0"),
        ("人民币壹佰贰拾万元整", "元", "1200000"),
        ("叁仟伍佰元陆角", "元", "3500.6"),
        ("一百二十万", "万元", "120"),
        ("1亿2000万", "万元", "12000"),
        ("120万5千元", "元", "1205000"),
        ("50w", "万元", "50"),
        ("5千元", "元", "5000"),
        ("1200-", "元", "-1200"),
        ("RMB 3000", "元", "3000"),
        ("123456789.123456789元", "万元", "12345.6789123456789"),
    ],
)
def test_amounts(raw: str, unit: str, canonical: str):
    """R-2.1: an amount in the field's unit, exactly."""
    assert amount.normalise(pl.Series([raw]), Context(unit=unit)).to_list() == [canonical]


@pytest.mark.parametrize(
    ("raw", "rule"),
    [("约50万", "amount.estimate"), ("50万以上", "amount.estimate"), ("≥50", "amount.estimate"),
     ("50w-100w", "amount.range"), ("三万五", "amount.unreadable"), ("万元", "amount.unreadable"),
     ("120万5", "amount.unreadable"), ("100韩元", "amount.currency"),
     ("50-100万", "amount.range"), ("$500", "amount.currency"),
     ("500美元", "amount.currency"), ("面议", "amount.unreadable"), ("1,2", "amount.unreadable")],
)  # fmt: skip
def test_amounts_that_are_none(raw: str, rule: str):
    """R-2.1: estimates, ranges and other currencies are left out with a reason."""
    assert amount.normalise(pl.Series([raw])).to_list() == [None]
    assert cited(amount, [raw]) == {rule}


def test_unlikely_amount():
    """R-4.1: an annual budget of 120 billion is probably in another unit."""
    assert cited(amount, ["12000000"], Context(unit="万元")) == {"amount.magnitude"}
    assert cited(amount, ["12000000"], Context(unit="元")) == set()


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4), st.integers(-12, 12))
def test_shifting_is_exact(number: Decimal, places: int):
    """R-2.1: moving the decimal point loses nothing, against Python's Decimal."""
    text = plain(pl.Series([f"{number:f}"]))
    moved = shifted(text, places).to_list()[0]
    assert Decimal(moved) == number.scaleb(places)


@given(st.text(alphabet="0123456789,.-+()eE万亿元 ", max_size=12))
def test_amount_has_one_form(raw: str):
    """R-2.1: what was read once is not changed by reading it again."""
    once = amount.normalise(pl.Series([raw]), Context(unit="万元"))
    assert amount.normalise(once, Context(unit="万元")).to_list() == once.to_list()


def test_percentages():
    """R-1.4: 60 means 60 %; a bare 0.6 is reported, not multiplied."""
    raw = ["60%", "60", "６０％", "0.6", "0.5%"]
    assert percentage.normalise(pl.Series(raw)).to_list() == ["60", "60", "60", "0.6", "0.5"]
    words = ["百分之六十", "六成", "三成五", "千分之五", "百分之百", "60%-70%"]
    read = percentage.normalise(pl.Series(words)).to_list()
    assert read == ["60", "60", "35", "0.5", "100", None]
    assert cited(percentage, ["百分之一"]) == set()
    assert cited(percentage, ["0.6"]) == {"percentage.fraction"}
    assert cited(percentage, ["0.5%"]) == set()
    assert cited(percentage, ["160%"]) == {"percentage.range"}
    assert cited(percentage, ["很高"]) == {"percentage.unreadable"}


def test_integers_and_booleans():
    """R-2.1: numbers without decoration; yes and no in all their spellings."""
    assert integer.normalise(pl.Series(["1,024", "3.0", "3.5"])).to_list() == ["1024", "3", None]
    assert cited(integer, ["3.5"]) == {"integer.unreadable"}
    yes = boolean.normalise(pl.Series(["是", "Y", "√", "1", "TRUE", "同意"]))
    no = boolean.normalise(pl.Series(["否", "n", "×", "0", "false", "不同意"]))
    assert set(yes) == {"true"}
    assert set(no) == {"false"}
    assert cited(boolean, ["看情况"]) == {"boolean.unreadable"}


def test_consent_is_never_inferred():
    """R-5.3: a dated consent is one, a withdrawn one is none, both or unknown is no answer."""
    raw = ["同意（2024-01-05）", "2024年1月5日撤回同意", "退订", "同意/不同意", "未知"]
    value = boolean.normalise(pl.Series(raw))
    assert value.to_list() == ["true", "false", "false", None, None]
    assert cited(boolean, ["未知"]) == {"boolean.unknown"}
    assert cited(boolean, ["同意/不同意"]) == {"boolean.unreadable"}


def test_vocabulary(model):
    """R-2.3: synonyms lead to their value; what is unknown is left out and reported."""
    field = model.entity("customer").by_name["grade"]
    context = context_of(field, model)
    raw = ["重点客户", "vip", " 重 点 ", "戰略", "钻石"]
    value = vocabulary.normalise(pl.Series(raw), context)
    assert value.to_list() == ["重点客户", "战略客户", "重点客户", "战略客户", None]
    assert cited(vocabulary, ["钻石"], context) == {"vocabulary.unknown"}


def test_tags():
    """R-1.4: several tags of a customer, each once."""
    raw = ["价格敏感, 老客户；价格敏感", None, "【重点】【急单】", "VIP,vip", '["a","b"]', "，"]
    read = tags.normalise(pl.Series(raw)).to_list()
    assert read == ["价格敏感;老客户", None, "重点;急单", "VIP", "a;b", None]
