"""Personal numbers in free text, and what is admitted to the workspace."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import uscc

from crm_migrate.language import Text
from crm_migrate.model import Entity, Field, Model, SemanticType
from crm_migrate.protection.admission import admit
from crm_migrate.protection.free_text import redact
from crm_migrate.protection.policy import Kind, parse_policy

IDS_AND_CARDS = (Kind.ID_NUMBER, Kind.BANK_CARD)


def clean(text: str, *kinds: Kind) -> str:
    return redact(pl.Series([text]), kinds or IDS_AND_CARDS).text[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("发到 li.na@example.com。", "发到 [电子邮箱]。"),
        ("13800138000@example.com", "[电子邮箱]"),
        ("护照号：E12345678，订单 E20240229", "护照号：[护照号码]，订单 E20240229"),
        ("车牌京A·12345、粤BD12345", "车牌[车牌号]、[车牌号]"),
    ],
)
def test_other_personal_data_is_cut_out_where_the_policy_says_so(text, expected):
    """R-5.3: mail, passports and number plates go if they are asked for, and only then."""
    assert clean(text, Kind.EMAIL, Kind.TRAVEL_DOCUMENT, Kind.PLATE) == expected
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("证件 11010519491231002X 已核", "证件 [证件号码] 已核"),
        ("11010519491231002x", "[证件号码]"),
        ("110105 19491231 002X", "[证件号码]"),
        ("110105-19491231-0021", "[证件号码]"),
        ("１１０１０５１９４９１２３１００２Ｘ", "[证件号码]"),
        ("旧证110105491231002。", "旧证[证件号码]。"),
        ("抄错 110105194912310029", "抄错 [证件号码]"),
        ("卡号6222 0212 3456 7894到期", "卡号[银行卡号]到期"),
        ("6222-0212-3456-7894", "[银行卡号]"),
        ("13800138000 110105194912310021", "13800138000 [证件号码]"),
        ("11010519491231002X13800138000", "[证件号码]13800138000"),
        ("1380013800011010519491231002X尾", "13800138000[证件号码]尾"),
        ("138-0013-8000 / 6222 0212 3456 7894", "138-0013-8000 / [银行卡号]"),
        ("180055817277784303", "[银行卡号]"),
        ("编号110105194912310020000", "编号[证件号码]000"),
    ],
)
def test_personal_numbers_are_cut_out(text, expected):
    """R-5.3: ids and cards go, however they are written; what stands around them stays."""
    assert clean(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "电话13800138000，转801",
        "信用码 914403001922038216",
        "工商号 110108000000016",
        "订单20240101123456789012345",
        "2024-03-05 18:30 拜访，报价 1200000 元",
        "6222021234567895",
        "0000000000000000",
        "",
        "型号 XX-1234567890X",
    ],
)
def test_other_numbers_stay(text):
    """Telephones, credit codes, registration and order numbers, dates and amounts are kept."""
    assert clean(text) == text


def test_mobiles_go_where_policy_says_so():
    """Mobiles are cut out only when they are asked for, with or without +86."""
    assert clean("+86 138 0013 8000，010-62345678", Kind.MOBILE) == "+[手机号码]，010-62345678"
    assert clean("11010519491231002X", Kind.MOBILE) == "11010519491231002X"


def test_rows_are_told_apart():
    """The masks say which row held what; the given column is not changed."""
    texts = pl.Series(
        "remark", ["无", "6222021234567894", None, "11010519491231002X", "[证件号码]"]
    )
    result = redact(texts, IDS_AND_CARDS)
    assert result.found[Kind.ID_NUMBER].to_list() == [False, False, False, True, False]
    assert result.found[Kind.BANK_CARD].to_list() == [False, True, False, False, False]
    assert texts[1] == "6222021234567894"
    assert result.text.name == "remark"
    assert result.text[2] is None


@given(st.integers(10**14, 10**18 - 1), st.sampled_from(["", " ", "-"]), st.text("好，a:（）\n"))
def test_every_luhn_number_is_found(stem, separator, around):
    """Any 16 to 19 digits that the Luhn sum of python-stdnum accepts are gone afterwards."""
    number = str(stem) + luhn.calc_check_digit(str(stem))
    written = separator.join(number[i : i + 4] for i in range(0, len(number), 4))
    text = f"{around}{written}{around}"
    cleaned = clean(text)
    if "[证件号码]" not in cleaned and not uscc.is_valid(number):
        assert cleaned == f"{around}[银行卡号]{around}"


@given(st.text(alphabet="0123456789 -xX１２３中。", max_size=60))
def test_nothing_but_numbers_is_lost(text):
    """Apart from the placeholders the text is what it was, in its order."""
    cleaned = clean(text, *Kind)
    for piece in (
        cleaned.replace("[手机号码]", "\0")
        .replace("[证件号码]", "\0")
        .replace("[银行卡号]", "\0")
        .split("\0")
    ):
        assert piece in text


def records(**fields: list[str | None]) -> pl.DataFrame:
    rows = len(next(iter(fields.values())))
    provenance = {"record_id": [f"r{n}" for n in range(rows)], "_source": ["sales"] * rows}
    provenance |= {"_file": ["a.csv"] * rows, "_sheet": [None] * rows}
    return pl.DataFrame({**provenance, "_row": list(range(2, rows + 2)), **fields})


def test_forbidden_fields_are_left_behind_with_a_finding():
    """R-1.2: a forbidden value is gone before the workspace is written; a finding says where."""
    card = Field("bank_card", SemanticType.BANK_CARD, Text("card", "卡"))
    remark = Field("remark", SemanticType.FREE_TEXT, Text("remark", "备注"))
    entity = Entity("contact", Text("contact", "联系人"), (card, remark))
    everywhere = dict.fromkeys(("workspace", "target", "report", "export"), "clear")
    data = {
        "levels": {"internal": everywhere},
        "fields": {"contact.bank_card": {"workspace": "forbid"}},
    }
    policy, faults = parse_policy(data, Model((entity,), {}), str)
    assert not faults
    frame = records(
        bank_card=["6222021234567894", None], remark=["好", "卡 6222 0212 3456 7894 已付"]
    )
    admitted = admit(frame, entity, policy, {"bank_card": {"sales": "卡号"}})
    assert admitted.records["bank_card"].to_list() == [None, None]
    assert admitted.records["remark"].to_list() == ["好", "卡 [银行卡号] 已付"]
    found = admitted.findings.select("row", "column", "field", "rule").rows()
    assert found == [
        (2, "卡号", "bank_card", "policy.forbidden"),
        (3, None, "remark", "free_text.bank_card"),
    ]
    assert "7894" not in str(admitted.findings.rows())
