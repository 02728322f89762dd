"""Codes with check characters: vectors of the standards, python-stdnum as the oracle."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric
from stdnum.cn import uscc as stdnum_uscc
from stdnum.iso7064 import mod_11_10

from crm_migrate.standards import bank_account, bank_card, id_number, registration_number, uscc


def cited(module, raw: list[str | None]) -> dict[str, list[int]]:
    """Rule codes with the rows they hold for, as a reader of findings would see them."""
    column = pl.Series(raw, dtype=pl.String)
    value = module.normalise(column)
    found = {
        rule.code: mask.fill_null(False).arg_true().to_list()
        for rule, mask in module.validate(column, value)
    }
    return {code: rows for code, rows in found.items() if rows}


GOOD_USCC = [
    "91110000600037341L", "91110108551385082Q", "91350100M000100Y43", "914403001922038216",
    "9111010894Y6W19290",
]  # fmt: skip


def test_good_codes_pass():
    """R-2.1: genuine codes, the one with Σ mod 31 = 0 among them, break no rule."""
    assert cited(uscc, GOOD_USCC) == {}
    assert uscc.is_valid(pl.Series(GOOD_USCC)).all()


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("91350100M000100Y4Z", "uscc.alphabet"),
        ("9135O100M000100Y43", "uscc.alphabet"),
        ("91350100M000100Y44", "uscc.checksum"),
        ("9135010", "uscc.format"),
        ("911101085513850000", "uscc.precision_lost"),
    ],
)
def test_faulty_codes_are_reported_once(code: str, rule: str):
    """R-2.1: each kind of fault has its own rule, and a faulty code is never changed."""
    assert cited(uscc, [code]) == {rule: [0]}
    assert uscc.normalise(pl.Series([code])).to_list() == [code]


def test_typed_codes_are_brought_into_form():
    """R-2.1: full width, blanks, lower case and zero-width characters are no fault."""
    raw = [
        "９１１１００００６０００３７３４１Ｌ",
        " 9111 0000 6000 37341l\u200b",
        "91110000-600037341L",
    ]
    assert uscc.normalise(pl.Series(raw)).to_list() == ["91110000600037341L"] * 3


def test_inner_organisation_code_counts_letters_from_ten():
    """R-2.1: the organisation code inside uses A=10 … Z=35, not the outer alphabet."""
    assert uscc.organisation_fits(pl.Series(["91110108MA01KP2T5U"])).to_list() == [True]


def test_eighteen_digits_can_be_both():
    """R-2.1: the field decides what 18 digits are; neither standard rejects them for the other."""
    assert cited(uscc, ["914403001922038216"]) == {}
    assert "id_number.birth_date" in cited(id_number, ["914403001922038216"])


@given(st.text(alphabet=uscc.ALPHABET, min_size=17, max_size=17))
def test_uscc_check_agrees_with_stdnum(stem: str):
    """R-2.1: for every stem, python-stdnum's check character and ours are the same."""
    code = stem + stdnum_uscc.calc_check_digit(stem)
    assert uscc.checksum_fits(pl.Series([code])).to_list() == [True]
    others = [stem + c for c in uscc.ALPHABET if c != code[-1]]
    assert not uscc.checksum_fits(pl.Series(others)).any()


@given(st.from_regex(r"\A[1-9][0-9]{16}\Z"))
def test_id_check_agrees_with_stdnum(stem: str):
    """R-2.1: for every stem, python-stdnum's check character and ours are the same."""
    good = stem + ric.calc_check_digit(stem + "0")
    assert id_number.checksum_fits(pl.Series([good])).to_list() == [True]


@given(st.from_regex(r"\A[0-9]{14}\Z"))
def test_registration_check_agrees_with_stdnum(stem: str):
    """R-2.1: the old number's check is ISO 7064 MOD 11,10, as python-stdnum computes it."""
    good = stem + mod_11_10.calc_check_digit(stem)
    assert registration_number.is_valid(pl.Series([good])).to_list() == [True]


@given(st.from_regex(r"\A[1-9][0-9]{15,18}\Z"))
def test_luhn_agrees_with_stdnum(number: str):
    """R-5.3: a card number is recognised by the same Luhn sum that python-stdnum computes."""
    assert bank_card.checksum_fits(pl.Series([number])).to_list() == [luhn.is_valid(number)]


def test_resident_ids():
    """R-5.3: 15 digits become 18; X, residence permits of HK/Macau/Taiwan are recognised."""
    raw = ["110105491231002", "11010519491231002x", "1101051949 1231002Ｘ"]
    assert id_number.normalise(pl.Series(raw)).to_list() == ["11010519491231002X"] * 3
    permits = [
        stem + ric.calc_check_digit(stem + "0")
        for stem in ("81000019900101001", "82000019900101001", "83000019900101001")
    ]
    assert cited(id_number, permits) == {}


def test_region_without_successor_is_accepted():
    """R-2.1: retired regions (330113, 330114) were valid when issued."""
    stems = ["33011319900101001", "33011419900101001"]
    numbers = [stem + ric.calc_check_digit(stem + "0") for stem in stems]
    assert cited(id_number, numbers) == {}


def test_id_faults():
    """R-2.1: rounding, impossible birth dates, unknown regions and other documents."""
    assert cited(id_number, ["110105194912310000"]) == {"id_number.precision_lost": [0]}
    assert cited(id_number, ["110105194912310021"]) == {"id_number.checksum": [0]}
    assert "id_number.birth_date" in cited(id_number, ["110105199013310025"])
    assert "id_number.region" in cited(
        id_number, ["990105194912310021"[:2].replace("99", "16") + "0105194912310021"]
    )
    assert cited(id_number, ["E12345678"]) == {"id_number.format": [0]}


def test_registration_numbers():
    """R-2.1: the two known numbers pass, a changed digit is noticed."""
    assert cited(registration_number, ["110108000000016", "440301103097413"]) == {}
    assert cited(registration_number, ["110108000000026"]) == {"registration_number.checksum": [0]}


def test_rounded_cards_and_accounts():
    """R-5.3: zeros from the 16th digit on tell that a spreadsheet stored a number."""
    assert cited(bank_card, ["6222021234567890000"]).keys() <= {
        "bank_card.precision_lost",
        "bank_card.checksum",
    }
    assert cited(bank_card, ["6.22202E+18"]) == {"bank_card.precision_lost": [0]}
    assert cited(bank_account, ["6222021234567890000"]) == {"bank_account.precision_lost": [0]}
    assert cited(bank_card, ["0222021234567894"]) == {"bank_card.format": [0]}


@pytest.mark.parametrize("module", [uscc, registration_number, id_number, bank_card, bank_account])
@given(values=st.lists(st.none() | st.text(max_size=24), max_size=8))
def test_any_text_is_survived(module, values: list[str | None]):
    """R-3.1: hostile text (other digits, marks, surrogateless anything) raises nothing, and a
    second round changes nothing.
    """
    column = pl.Series(values, dtype=pl.String)
    once = module.normalise(column)
    assert module.normalise(once).to_list() == once.to_list()
    for _, mask in module.validate(column, once):
        assert len(mask) == len(column)
    assert len(module.mask(once)) == len(column)


def test_digits_of_other_scripts_are_not_digits():
    """R-2.1: Arabic-Indic digits look like 15 or 18 digits to a careless pattern."""
    eastern = "".join(chr(0x660 + int(d)) for d in "110105491231002")
    assert cited(id_number, [eastern]) == {"id_number.format": [0]}
    assert cited(uscc, [eastern + "123"]) == {"uscc.format": [0]}


def test_masks_hide_what_is_not_understood():
    """R-5.3: text in an id field that is no id is covered wholly."""
    assert id_number.mask(pl.Series(["11010519491231002X", "E12345678", None])).to_list() == [
        "110105********002X",
        "***",
        None,
    ]
    assert bank_card.mask(pl.Series(["6222021234567894"])).to_list() == ["************7894"]
