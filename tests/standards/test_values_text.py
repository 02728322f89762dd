"""Characters and free text: GB 18030-2022, lost characters, personal data in remarks."""

import codecs

import polars as pl
import pytest

from crm_migrate.standards import company_name, free_text, person_name, text
from crm_migrate.standards.columns import private_use


def cited(module, raw: str) -> set[str]:
    column = pl.Series([raw], dtype=pl.String)
    value = module.normalise(column)
    return {rule.code for rule, mask in module.validate(column, value) if mask.any()}


MOVED_CODES = (
    "A6D9 A6DA A6DB A6DC A6DD A6DE A6DF A6EC A6ED A6F3 "
    "FE59 FE61 FE66 FE67 FE6D FE7E FE90 FEA0 FE51 FE52 FE53 FE6C FE76 FE91"
)


def test_what_gb18030_moved_follows():
    """R-2.1: the 24 characters that Python's GB 18030 (of 2005) still puts into the private-use
    area are found by their codes and get their places in Unicode.
    """
    old = [codecs.decode(bytes.fromhex(code), "gb18030") for code in MOVED_CODES.split()]
    assert all("\ue000" <= c <= "\uf8ff" for c in old)
    new = text.normalise(pl.Series(old)).to_list()
    assert not any("\ue000" <= c <= "\uf8ff" for c in new)
    assert new[:2] == ["\ufe10", "\ufe12"]
    assert new[10:14] == ["\u9fb4", "\u9fb5", "\u9fb6", "\u9fb7"]
    assert new[-1] == "\U000241fe"
    assert len(private_use.MOVED) == len(set(private_use.MOVED.values())) == 26


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        ("张\ue000", {"text.private_use"}),
        ("张\U000f0000", {"text.private_use"}),
        ("张\ufffd", {"text.damaged"}),
        ("锟斤拷有限公司", {"text.damaged"}),
        ("屯昌县销售部", set()),
        ("䶮\ue81e", set()),
    ],
)
def test_characters_without_meaning_are_told(raw: str, rules: set[str]):
    """R-2.1: what other machines cannot show, and what a conversion lost, is reported."""
    assert cited(text, raw) == rules


def test_invisible_characters_go():
    """R-2.1: control, zero-width and direction marks, the byte-order mark, line ends."""
    raw = ["\ufeffa\u200bb", "a\u202db", "a\x00b", "a\r\nb\r\n\r\n\r\nc", "a\u2028b", "\ue78d"]
    assert free_text.normalise(pl.Series(raw)).to_list() == [
        "ab", "ab", "ab", "a\nb\n\nc", "a\nb", "\ufe10",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("身份证 11010519491231002X 已核", "personal_number"),
        ("卡号 6222 0212 3456 7890 123", "personal_number"),
        ("请打 138-0013-8000", "mobile_found"),
        ("＋86 13800138000", "mobile_found"),
        ("邮箱 li.na@example.com。", "email_found"),
        ("护照号：E12345678", "travel_document_found"),
        ("Passport No. EA1234567", "travel_document_found"),
        ("车牌京A·12345", "plate_found"),
        ("粤BD12345 进厂", "plate_found"),
    ],
)
def test_personal_data_in_remarks(raw: str, kind: str):
    """R-5.3: what identifies a person is found and told by its kind."""
    assert cited(free_text, raw) == {f"free_text.{kind}"}


@pytest.mark.parametrize(
    "raw",
    ["订单 E20240229", "合同 20240229138001380001", "需要 12345 台，型号 A12345", "三月@我", None],
)
def test_other_numbers_are_none(raw: str):
    """R-5.3: order numbers, quantities and models are no personal data."""
    assert cited(free_text, raw) == set()


def test_rare_characters_of_names():
    """R-2.1: a name written with a character that only one bank can show is told."""
    assert "text.private_use" in cited(person_name, "张\ue000明")
    assert "text.private_use" in cited(company_name, "恒\ue000科技有限公司")
    assert "text.private_use" not in cited(person_name, "张䶮")
