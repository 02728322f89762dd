"""Mobiles, telephones and mail as people and spreadsheets write them."""

import polars as pl
import pytest

from crm_migrate.standards import email, mobile, phone, website


def cited(module, raw: list[str | None]) -> set[str]:
    column = pl.Series(raw, dtype=pl.String)
    value = module.normalise(column)
    return {rule.code for rule, mask in module.validate(column, value) if mask.any()}


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
    """R-2.1: prefixes in use pass, unallocated ones are doubtful, others are no mobiles."""
    used = [*range(130, 140), 140, 141, 144, 145, 146, 147, 148, 149, *range(150, 154),
            *range(155, 160), 162, 165, 166, 167, *range(170, 174), *range(175, 179),
            *range(180, 194), *range(195, 200)]  # fmt: skip
    assert cited(mobile, [f"{p}00138000" for p in used]) == set()
    for prefix in (142, 143, 154, 161, 164, 194):
        assert cited(mobile, [f"{prefix}00138000"]) == {"mobile.prefix"}
    assert cited(mobile, ["12800138000"]) == {"mobile.format"}


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
    assert cited(phone, ["010-62345678", "13800138000", "4008201234"]) == set()


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


def test_websites():
    """R-2.1: hosts in lower case, nothing else is changed."""
    assert website.normalise(pl.Series(["WWW.Example.COM/"])).to_list() == ["www.example.com"]
    assert cited(website, ["不清楚"]) == {"website.format"}


def test_masks_leave_no_number():
    """R-5.3: in a report a number can be recognised by its owner, not dialled."""
    numbers = pl.Series(["13800138000;010-62345678-801", "打给张三 13800138000"])
    assert phone.mask(numbers).to_list() == ["138****8000;010-****5678", "***"]
    assert email.mask(pl.Series(["li.na@example.com"])).to_list() == ["l***@example.com"]
