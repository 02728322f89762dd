"""Mobiles, telephones and mail as people and spreadsheets write them."""

from random import Random

import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import NumberParseException, is_valid_number, parse

from crm_migrate.standards import email, mobile, phone, website
from crm_migrate.standards.places.divisions import divisions
from crm_migrate.standards.reading import mail_domains, numbering_plan
from tests.standards.findings import cited


def oracle_reads(number: str) -> bool:
    try:
        return is_valid_number(parse(number, "CN"))
    except NumberParseException:
        return False


@pytest.mark.parametrize(
    "raw",
    [
        "13800138000", "+86 138 0013 8000", "+8613800138000", "0086-138-0013-8000",
        "86 13800138000", "8613800138000", "013800138000", "１３８００１３８０００",
        "138－0013－8000",
        "13800138000.0", "1.3800138000E+10", "13800138000(微信同号)", "手机：13800138000",
        "13800138000\u202c", "(+86)13800138000",
    ],
)  # fmt: skip
def test_one_form_of_a_mobile(raw: str):
    """R-2.1: one phone format, whatever was typed."""
    assert mobile.normalise(pl.Series([raw])).to_list() == ["13800138000"]


def test_rounded_mobile_is_not_guessed():
    """R-2.1: 1.38E+10 has lost its digits; it is reported and left alone."""
    assert mobile.normalise(pl.Series(["1.38E+10"])).to_list() == ["1.38E+10"]
    assert cited(mobile, ["1.38E+10"]) == {"mobile.precision_lost"}


@pytest.mark.parametrize(
    "raw",
    ["13800138000/13900139000", "13800138000、13900139000", "13800138000 13900139000",
     "13800138000；13900139000", "13800138000\n13900139000", "1380013800013900139000",
     "13800138000或13900139000", "138 0013 8000/139 0013 9000"],
)  # fmt: skip
def test_several_mobiles(raw: str):
    """R-2.4: the first number stays, the others are not lost, and a finding says so."""
    column = pl.Series([raw])
    assert mobile.normalise(column).to_list() == ["13800138000"]
    assert mobile.overflow(column).to_list() == ["13900139000"]
    assert "mobile.several" in cited(mobile, [raw])


def test_prefixes():
    """R-2.1: prefixes in use pass, those of things, unallocated and unknown ones are told apart."""
    used = [*range(130, 140), 145, 147, *range(150, 154), *range(155, 160), 162, 165, 166, 167,
            *range(170, 174), *range(175, 179), *range(180, 194), *range(195, 200)]  # fmt: skip
    assert cited(mobile, [f"{p}00138000" for p in used]) == set()
    for prefix in (142, 143, 154, 161, 164, 194):
        assert cited(mobile, [f"{prefix}00138000"]) == {"mobile.prefix"}
    for prefix in (140, 141, 144, 146, 148, 149):
        assert cited(mobile, [f"{prefix}00138000"]) == {"mobile.device"}
    for prefix in (160, 163, 168, 169, 174, 179):
        assert cited(mobile, [f"{prefix}00138000"]) == {"mobile.unknown_prefix"}
    assert cited(mobile, ["12800138000"]) == {"mobile.format"}
    resold = pl.Series([f"{p}00138000" for p in (162, 165, 167, 170, 171)])
    assert set(mobile.uses(resold)) == {"resold"}


def test_mobile_with_extension():
    """R-2.4: a lent number keeps its extension in the telephone field; the mobile is 11 digits."""
    column = pl.Series(["13800138000转801", "13800138000-8012"])
    assert mobile.normalise(column).to_list() == ["13800138000"] * 2
    assert mobile.overflow(column).to_list() == ["13800138000-801", "13800138000-8012"]
    assert cited(mobile, column.to_list()) == {"mobile.extension"}


@pytest.mark.parametrize(
    ("raw", "first", "others"),
    [
        ("手机13800138000 电话010-62345678", "13800138000", "010-62345678"),
        ("李娜13800138000王伟13900139000", "13800138000", "13900139000"),
        ("138 0013 8000 139 0013 9000", "13800138000", "13900139000"),
        ("13800138000/前台", "13800138000", None),
        ("12楼13800138000", "12楼13800138000", None),
        ("17911138001380000", "17911138001380000", None),
    ],
)
def test_numbers_amid_words(raw: str, first: str, others: str | None):
    """R-2.4: numbers amid names and labels are found, unless digits are left that are none."""
    assert mobile.normalise(pl.Series([raw])).to_list() == [first]
    assert mobile.overflow(pl.Series([raw])).to_list() == [others]


def test_number_from_hong_kong_is_kept():
    """R-1.3b: a foreign contact has no mainland mobile; the number stays and is reported."""
    assert mobile.normalise(pl.Series(["+852 6123 4567"])).to_list() == ["+85261234567"]
    assert "mobile.abroad" in cited(mobile, ["+852 6123 4567"])


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("010-62345678", "010-62345678"),
        ("(010)62345678", "010-62345678"),
        ("０７５５－２６００１２３４", "0755-26001234"),
        ("+86-755-26001234", "0755-26001234"),
        ("+86(0)10 6234 5678", "010-62345678"),
        ("01062345678", "010-62345678"),
        ("0516 8345 6789", "0516-83456789"),
        ("010-62345678转801", "010-62345678-801"),
        ("010-62345678 ext. 801", "010-62345678-801"),
        ("010-62345678-801", "010-62345678-801"),
        ("400-820-1234", "4008201234"),
        ("800 820 1234", "8008201234"),
        ("95588", "95588"),
        ("62345678", "62345678"),
        ("010-62345678/13800138000", "010-62345678;13800138000"),
        ("010-62345678 13800138000", "010-62345678;13800138000"),
        ("010-62345678；010-62345678", "010-62345678"),
        ("电话：010-62345678", "010-62345678"),
        ("+1 650-253-0000", "+16502530000"),
        ("+8613800138000;+8613900139000", "13800138000;13900139000"),
        ("+861064371234", "010-64371234"),
        ("755-26001234", "0755-26001234"),
        ("75526001234", "0755-26001234"),
        ("(86-755)26001234", "0755-26001234"),
        ("852-23456789", "+85223456789"),
        ("(853)28345678", "+85328345678"),
        ("886-2-23456789", "+886223456789"),
        ("010-62345678/79", "010-62345678;010-62345679"),
        ("010-62345678、62345670", "010-62345678;010-62345670"),
        ("0755-95588", "0755-95588"),
        ("10105678", "10105678"),
        ("13800138000转801", "13800138000-801"),
        ("电话:010-62345678 传真:010-62345679", "010-62345678;010-62345679"),
        ("请找前台", "请找前台"),
    ],
)
def test_telephones(raw: str, canonical: str):
    """R-2.1: landlines, extensions, service numbers, several in a cell, numbers from abroad."""
    assert phone.normalise(pl.Series([raw])).to_list() == [canonical]


def test_telephone_findings():
    """R-2.4: no area code, several numbers, unreadable text."""
    assert cited(phone, ["62345678"]) == {"phone.no_area_code"}
    assert cited(phone, ["010-62345678/13800138000"]) == {"phone.several"}
    assert cited(phone, ["请找前台"]) == {"phone.format"}
    assert cited(phone, ["010-62345678", "13800138000", "4008201234", "95588"]) == set()
    assert cited(phone, ["0410-4567890"]) == {"phone.former_area_code"}
    assert cited(phone, ["0999-2345678;0345-2345678"]) == {"phone.area_code"}
    assert cited(phone, ["010-6234567", "021-6234567"]) == {"phone.digits"}


def test_area_codes():
    """R-2.1: every area code in force has its cities; a code that was given up, its heir."""
    table = numbering_plan.areas()
    in_force = {code for code, row in table.items() if not row["now"]}
    assert len(in_force) > 310
    assert all(row["now"] in in_force for code, row in table.items() if code not in in_force)
    names = {d.city or d.province for d in divisions()} | {d.district for d in divisions()}
    assert {c for row in table.values() for c in row["cities"].split("、")} <= names
    assert phone.places(pl.Series(["0512-65212345"])).rows() == [("江苏省", "苏州市")]


def test_phonenumbers_agrees():
    """R-2.1: the oracle calls valid what is canonical and without finding, where it is right."""
    rng = Random(5)
    codes = sorted(c for c, row in numbering_plan.areas().items() if not row["now"])
    lines = [f"{c}-{rng.randrange(62000000, 66000000)}" for c in codes if c.startswith("02")]
    called = [p for p, use in mobile._uses().items() if use == "people"]
    cells = [f"{p}{rng.randrange(10**8):08}" for p in called]
    numbers = pl.Series([*lines, *cells])
    assert cited(phone, numbers.to_list()) == set()
    assert {n[:3] for n in numbers if not oracle_reads(n)} == set()


def test_phonenumbers_agrees_on_the_length_of_landlines():
    """R-2.1: in every area in force a number is doubted just where the oracle calls it too long or
    too short; where numbers are being lengthened none is.
    """
    for code, row in numbering_plan.areas().items():
        for number in (f"{code}-6234567", f"{code}-62345678"):
            told = "phone.digits" in cited(phone, [number])
            assert told == (not row["now"] and not oracle_reads(number)), number


def test_where_phonenumbers_is_wrong():
    """R-2.1: what the package refuses or misreads and the standard does not."""
    damaged = ["13800138000.0", "13800138000/13900139000", "13800138000转801"]
    assert not any(oracle_reads(raw) for raw in [*damaged, "1.38E+10"])
    assert set(mobile.normalise(pl.Series(damaged))) == {"13800138000"}
    for prefix in (140, 141, 144, 146, 148, 149):
        number = f"{prefix}00138000"
        assert not oracle_reads(number)
        assert mobile.normalise(pl.Series([number])).to_list() == [number]


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        (" Li.Na@Example.COM", "li.na@example.com"),
        ("li@example。com", "li@example.com"),
        ("ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "li@example.com"),
        ("李娜<li@example.com>", "li@example.com"),
        ("mailto:li@example.com", "li@example.com"),
        ("li @ example.com", "li@example.com"),
        ("li@example.com;wang@example.com", "li@example.com"),
        ("li@example.com wang@example.com", "li@example.com"),
        ("zhang san@163.com", "zhang san@163.com"),
        ("没有邮箱", "没有邮箱"),
    ],
)
def test_mail(raw: str, canonical: str):
    """R-2.1: one mail format; what is no address is not bent into one."""
    assert email.normalise(pl.Series([raw])).to_list() == [canonical]


def test_mail_findings():
    """R-2.4: typing errors, Chinese characters, several addresses, faulty forms."""
    assert cited(email, ["li@163.con"]) == {"email.typo"}
    assert cited(email, ["张三@qq.com"]) == {"email.cjk_local"}
    assert cited(email, ["li@example.com;wang@example.com"]) == {"email.several"}
    assert cited(email, ["li@", "@example.com", "li..na@example.com"]) == {"email.format"}
    assert cited(email, ["li.na+x@mail.example.com", "o'hara@example.com"]) == set()


def test_mistyped_domains():
    """R-2.4: the domain that was probably meant is told; the address stays as it was typed."""
    meant = {
        "a@163.con": "a@163.com", "a@gmial.com": "a@gmail.com", "a@qq.con": "a@qq.com",
        "a@outlok.com": "a@outlook.com", "a@gmail.con": "a@gmail.com", "a@firm.con": "a@firm.com",
        "a@hotmai.com": "a@hotmail.com",
    }  # fmt: skip
    typed = pl.Series(list(meant))
    assert email.normalise(typed).to_list() == typed.to_list()
    assert mail_domains.suggestion(typed).to_list() == list(meant.values())
    assert cited(email, typed.to_list()) == {"email.typo"}
    right = [
        "a@mail.com",
        "a@sina.cn",
        "a@yahoo.com.cn",
        "a@vip.163.com",
        "a@ymail.com",
        "a@189.cn",
    ]
    assert cited(email, right) == set()


def test_whose_mail():
    """R-2.4: services for anybody, domains of companies, addresses of functions are told apart."""
    column = pl.Series(["a@qq.com", "a@vip.163.com", "a@example.com", "无", None])
    assert mail_domains.kinds(column).to_list() == ["free", "free", "company", None, None]
    column = pl.Series(["info@x.cn", "sales2@x.cn", "xiaoshou@x.cn", "li@x.cn", "information@x.cn"])
    assert email.is_role(column).to_list() == [True, True, True, False, False]


def oracle_takes(address: str) -> bool:
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


@given(st.emails())
def test_email_validator_agrees(address: str):
    """R-2.4: what the standard calls well formed, the package takes, too."""
    value = email.normalise(pl.Series([address]))
    if "email.format" not in cited(email, [address]) and not value.str.contains("@.*@")[0]:
        assert oracle_takes(value[0])


def test_where_email_validator_is_wrong():
    """R-2.4: the package takes mistyped domains and Chinese names, refuses blanks and names."""
    assert all(oracle_takes(a) for a in ("a@163.con", "张三@qq.com", "a@x。com"))
    assert cited(email, ["a@163.con", "张三@qq.com"]) == {"email.typo", "email.cjk_local"}
    odd = [" a@x.com ", "李娜 <a@x.com>", "a@x。com"]
    assert not any(oracle_takes(a) for a in odd[:2])
    assert email.normalise(pl.Series(odd)).to_list() == ["a@x.com"] * 3


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("WWW.Example.COM/", "www.example.com"), ("HTTP://Example.com/A/", "http://example.com/A"),
        ("http:/www.a.com", "http://www.a.com"), ("https:\\\\a.com", "https://a.com"),
        ("www。a。com", "www.a.com"), ("网址：www.a.com", "www.a.com"),
        ("a.com?id=1", "a.com?id=1"), ("a.com/?id=1", "a.com/?id=1"),
        ("a.com；b.com", "a.com"), ("xn--fsqu00a.xn--fiqs8s", "例子.中国"),
        ("例子.中国", "例子.中国"),
        ("不清楚", "不清楚"), ("li@a.com", "li@a.com"),
    ],
)  # fmt: skip
def test_websites(raw: str, canonical: str):
    """R-2.1: hosts in lower case and in the letters people read; what is no address is kept."""
    assert website.normalise(pl.Series([raw])).to_list() == [canonical]


def test_website_findings():
    """R-2.1: no address, a mail address, several addresses."""
    assert cited(website, ["不清楚", "ftp://a.com", "192.168.0.1"]) == {"website.format"}
    assert cited(website, ["li@a.com"]) == {"website.mail"}
    assert cited(website, ["a.com b.com"]) == {"website.several"}
    assert cited(website, ["www.a.com", "https://例子.中国/a?b=c"]) == set()


def test_masks_leave_no_number():
    """R-5.3: in a report a number can be recognised by its owner, not dialled."""
    numbers = pl.Series(["13800138000;010-62345678-801", "打给张三 13800138000"])
    assert phone.mask(numbers).to_list() == ["138****8000;010-****5678", "***"]
    assert email.mask(pl.Series(["li.na@example.com"])).to_list() == ["l***@example.com"]
