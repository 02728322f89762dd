"""Identifiers of companies and accounts: vectors of the standards, and what damages them."""

import csv
from importlib.resources import files

import polars as pl
import pytest

from crm_migrate.standards import (
    bank_account,
    bank_card,
    id_number,
    organisation_code,
    registration_number,
    tax_number,
    uscc,
)
from crm_migrate.standards.data import rebuild_gb32100
from crm_migrate.standards.rules import identifiers as asked_of

from .identifiers import cited, id_number_of, uscc_of

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
        ("9135O100M000100Y44", "uscc.alphabet"),  # read as a digit, the check still fails
        ("91350100M000100Y44", "uscc.checksum"),
        ("9135010", "uscc.too_short"),
        ("9135010M000100Y43", "uscc.too_short"),
        ("91350100M000100Y433", "uscc.too_long"),
        ("350100123456789", "uscc.old_number"),
        ("0" * 18, "uscc.made_up"),
        ("911101085513850000", "uscc.precision_lost"),
        ("9.11101085513850E+17", "uscc.precision_lost"),
    ],
)
def test_faulty_codes_are_reported_once(code: str, rule: str):
    """R-2.1: each kind of fault has its own rule, and a code that stays faulty is never changed."""
    assert cited(uscc, [code]) == {rule: [0]}
    assert uscc.normalise(pl.Series([code])).to_list() == [code]


def test_of_two_codes_the_first_is_taken():
    """R-1.3: two codes in one cell: the first, told; never cut out of other text."""
    two = "91350100M000100Y43 / 9111010894Y6W19290"
    kept = ["91350100M000100Y43/9111010894Y6W1929", "甲 91350100M000100Y43、9111010894Y6W19290"]
    assert uscc.normalise(pl.Series([two, *kept])).to_list() == ["91350100M000100Y43", *kept]
    assert cited(uscc, [two, *kept]) == {"uscc.several": [0], "uscc.format": [1, 2]}


def test_typed_codes_are_brought_into_form():
    """R-2.1: full width, blanks, lower case and zero-width characters are no fault."""
    raw = [
        "９１１１００００６０００３７３４１Ｌ",
        " 9111 0000 6000 37341l\u200b",
        "91110000-600037341L",
    ]
    assert uscc.normalise(pl.Series(raw)).to_list() == ["91110000600037341L"] * 3


def test_inner_organisation_code_counts_letters_from_ten():
    """R-2.1: the organisation code inside uses A=10 … Z=35, not the outer alphabet; a code that is
    right outside and wrong inside is noticed.
    """
    assert uscc.organisation_fits(pl.Series(["91110108MA01KP2T5U"])).to_list() == [True]
    assert cited(uscc, [uscc_of("91110108", "MA01KP2T6")]) == {"uscc.organisation": [0]}


@pytest.mark.parametrize(
    ("head", "rules"),
    [
        ("91110108", set()),
        ("52100000", set()),  # registered by the State
        ("N2330106", set()),  # a village's collective, an authority that is a letter
        ("55440305", set()),  # a residents' committee, a class added in 2018
        ("91110228", set()),  # a county that is a district today
        ("94110108", {"uscc.class"}),  # market regulation has the classes 1 to 3
        ("B1110108", {"uscc.authority"}),
        ("91990108", {"uscc.region"}),
        ("91310141", {"uscc.region_unlisted"}),  # a free-trade zone's own code: a note
    ],
)
def test_authority_class_and_region(head: str, rules: set[str]):
    """R-2.1: whoever gave the code out, as what, and where, must be possible."""
    assert set(cited(uscc, [uscc_of(head, "MA01KP2T5")])) == rules


def test_parts_of_codes():
    """R-2.1: rules can ask for authority, class and organisation of each code, by name."""
    codes = ["91110000600037341L", uscc_of("92440305", "MA01KP2T5"), "办理中", None]
    told = (asked_of.authority, asked_of.organisation_class, asked_of.organisation_code)
    asked = (part(pl.col("code")).alias(part.__name__) for part in told)
    assert pl.DataFrame({"code": codes}).select(asked).rows() == [
        ("工商", "企业", "600037341"),
        ("工商", "个体工商户", "MA01KP2T5"),
        (None,) * 3,
        (None,) * 3,
    ]


def test_table_of_classes_is_as_its_script_makes_it():
    """R-2.2: the data file is what the rebuild script makes of the standard's tables, whose
    merged cells are empty.
    """
    text = files("crm_migrate.standards.data").joinpath("gb32100_2015.csv").read_text("utf-8")
    rows = [*csv.reader(x for x in text.splitlines() if not x.startswith("#"))][1:]
    merged = [
        ["" if n and row[0] == rows[n - 1][0] and k < 2 else cell for k, cell in enumerate(row)]
        for n, row in enumerate(rows)
    ]
    assert [list(row) for row in rebuild_gb32100.classes(merged)] == [row[:4] for row in rows]
    assert [row[0] + row[2] for row in rows if row[4] != "standard"] == ["54", "55"]
    assert len(rows) == 38
    with pytest.raises(ValueError, match="before the first authority"):
        list(rebuild_gb32100.classes([["", "", "1", "机关"]]))


def test_eighteen_digits_can_be_both():
    """R-2.1: the field decides what 18 digits are; neither standard rejects them for the other."""
    assert cited(uscc, ["914403001922038216"]) == {}
    assert "id_number.birth_date" in cited(id_number, ["914403001922038216"])
    both = "131121196001019809"
    assert cited(id_number, [both]) == {}
    assert cited(uscc, [both]).keys() == {"uscc.region_unlisted"}
    assert uscc.is_valid(pl.Series([both])).item()


def test_organisation_codes():
    """R-2.1: with and without hyphen, X as check digit, letters as numbers from ten; shown with the
    hyphen of the certificate.
    """
    typed = ["55138508-2", "ｄ2143569－ｘ", "MA01KP2T5"]
    value = organisation_code.normalise(pl.Series(typed))
    assert value.to_list() == ["551385082", "D2143569X", "MA01KP2T5"]
    assert organisation_code.format(value).to_list() == ["55138508-2", "D2143569-X", "MA01KP2T-5"]
    assert cited(organisation_code, typed) == {}
    assert cited(organisation_code, ["55138508-3"]) == {"organisation_code.checksum": [0]}
    assert cited(organisation_code, ["5513850", "无证"]) == {"organisation_code.format": [0, 1]}


@pytest.mark.parametrize(
    ("number", "rules"),
    [
        ("91110000600037341L", set()),
        ("110108551385082", {"tax_number.superseded"}),
        ("110108551385083", {"tax_number.checksum"}),
        ("91110000600037341X", {"tax_number.checksum"}),
        ("11010519491231002X", {"tax_number.personal"}),
        ("110105491231002", {"tax_number.personal", "tax_number.superseded"}),
        ("11010549123100201", {"tax_number.personal", "tax_number.superseded"}),
        ("11010549123100200000", {"tax_number.personal", "tax_number.superseded"}),
        ("11010519491231002X01", {"tax_number.personal", "tax_number.superseded"}),
        ("110108551385000000", {"tax_number.precision_lost"}),
        ("1.10108551385E+14", {"tax_number.precision_lost"}),
        ("免税", {"tax_number.format"}),
        ("9111000060003734", {"tax_number.format"}),
    ],
)
def test_tax_numbers(number: str, rules: set[str]):
    """R-2.1: today's form, the four forms before 2015, those that hold an identity number."""
    assert set(cited(tax_number, [number])) == rules


def test_valid_codes_win_over_identity_numbers():
    """R-2.1: a tax number that is a valid unified code is no person's, whatever else it may be."""
    assert cited(tax_number, ["131121196001019809"]) == {}


def test_registration_numbers():
    """R-2.1: the two known numbers pass, a changed digit is noticed."""
    assert cited(registration_number, ["110108000000016", "440301103097413"]) == {}
    assert cited(registration_number, ["110108000000026"]) == {"registration_number.checksum": [0]}
    assert cited(registration_number, ["1.10108E+14"]) == {
        "registration_number.precision_lost": [0]
    }
    assert cited(registration_number, ["1101081234567"]) == {"registration_number.format": [0]}


def test_rounded_cards_and_accounts():
    """R-5.3: zeros from the 16th digit on tell that a spreadsheet stored a number."""
    assert cited(bank_card, ["6222021234567890000"]).keys() <= {
        "bank_card.precision_lost",
        "bank_card.checksum",
    }
    assert cited(bank_card, ["6.22202E+18"]) == {"bank_card.precision_lost": [0]}
    assert cited(bank_account, ["6222021234567890000"]) == {"bank_account.precision_lost": [0]}
    assert cited(bank_card, ["0222021234567894"]) == {"bank_card.format": [0]}


def test_cards_and_accounts_are_told_apart():
    """R-5.3: a card is known by its length, its leading digit and Luhn's; in the field of company
    accounts it is pointed out, and an account that only happens to satisfy Luhn is not.
    """
    cards = ["6222 0212 3456 7894", "4111111111111111", "371449635398431", "4222222222222"]
    assert cited(bank_card, cards) == {}
    assert cited(bank_card, ["6222021234567895"]) == {"bank_card.checksum": [0]}
    assert cited(bank_card, ["622202123456789", "62220212345678901234", "0222021234567894"]) == {
        "bank_card.format": [0, 1, 2]
    }
    assert cited(bank_account, ["6222021234567894"]) == {"bank_account.personal_card": [0]}
    assert cited(bank_account, ["0200003609027008", "4111111111111111"]) == {}
    assert cited(bank_account, ["6222021234567895"]) == {"bank_account.card_mistyped": [0]}
    assert cited(bank_account, ["0000000000000000"]) == {"bank_account.made_up": [0]}
    assert cited(bank_account, ["62001234567890123456"]) == {}  # Gansu's accounts have 20 digits


def test_digits_of_other_scripts_are_not_digits():
    """R-2.1: Arabic-Indic digits look like 15 or 18 digits to a careless pattern."""
    eastern = "".join(chr(0x660 + int(d)) for d in "110105491231002")
    assert cited(id_number, [eastern]) == {"id_number.format": [0]}
    assert cited(uscc, [eastern + "123"]) == {"uscc.format": [0]}


@pytest.mark.parametrize(
    ("module", "value", "shown"),
    [
        (uscc, "91110000600037341L", "911100********341L"),
        (organisation_code, "D2143569X", "D2******X"),
        (registration_number, "110108000000016", "110108******016"),
        (tax_number, "11010549123100200000", "110105********0000"),
        (id_number, "11010519491231002X", "110105********002X"),
        (bank_card, "6222021234567894", "************7894"),
        (bank_account, "0200003609027008", "***7008"),
    ],
)
def test_masks(module, value: str, shown: str):
    """R-5.3: the parts that are said stay, the length goes; what is no such number is covered."""
    assert module.mask(pl.Series([value, "办理中", None])).to_list() == [shown, "***", None]


def test_identity_numbers_used_here_are_right():
    """What these tests call a valid number is one (test data of the project are invented)."""
    assert cited(id_number, [id_number_of("11010519491231002")]) == {}


@pytest.mark.parametrize(
    ("module", "typed", "value"),
    [
        (uscc, "统一社会信用代码：91110000600037341l", "91110000600037341L"),
        (uscc, "税号 9111 0000 6000 37341L", "91110000600037341L"),
        (organisation_code, "组织机构代码:55138508-2", "551385082"),
        (tax_number, "纳税人识别号：110108551385082", "110108551385082"),
        (registration_number, "注册号：110108000000016", "110108000000016"),
        (id_number, "身份证号码：11010519491231002x", "11010519491231002X"),
        (bank_card, "卡号：6222 0212 3456 7894", "6222021234567894"),
        (bank_account, "账号：0200 0036 0902 7008", "0200003609027008"),
        (uscc, "税号办理中", "税号办理中"),
    ],
)
def test_labels_in_front_of_numbers(module, typed: str, value: str):
    """R-2.1: the name of the number, typed into the cell, is no part of it; other text stays."""
    once = module.normalise(pl.Series([typed]))
    assert once.to_list() == [value]
    assert module.normalise(once).to_list() == [value]
