"""Identity numbers and travel documents: vectors of the standards, what libraries get wrong."""

import polars as pl
import pytest
from stdnum.cn import ric
from stdnum.cn import uscc as stdnum_uscc

from crm_migrate.standards import id_number, travel_document, uscc
from crm_migrate.standards.rules.identifiers import document_fits

from .identifiers import cited, id_number_of, uscc_of


def test_resident_ids():
    """R-5.3: 15 digits become 18; X, blanks and full width are brought into form."""
    raw = ["110105491231002", "11010519491231002x", "1101051949 1231002Ｘ"]
    assert id_number.normalise(pl.Series(raw)).to_list() == ["11010519491231002X"] * 3


@pytest.mark.parametrize(
    "stem",
    [
        "81000019900101001",
        "82000019900101001",
        "83000019900101001",
        "91115619900101001",  # permanent residence: 9, Beijing, country 156
        "33011319900101001",  # a region that no longer exists
        "33011419900101001",
        "71000019900101001",
    ],
)
def test_permits_and_former_regions_are_valid(stem: str):
    """R-2.1: residence permits of Hong Kong, Macau, Taiwan and abroad; regions of their time."""
    assert cited(id_number, [id_number_of(stem)]) == {}


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("110105194912310000", "id_number.precision_lost"),
        ("1.10105194912310E+17", "id_number.precision_lost"),
        ("110105194912310021", "id_number.checksum"),
        (id_number_of("11010519901331002"), "id_number.birth_date"),
        (id_number_of("16010519900131002"), "id_number.region"),
        (id_number_of("81010519900131002"), "id_number.region"),  # 810000 alone is Hong Kong
        (id_number_of("99015619900131002"), "id_number.region"),  # 90 is no province
        (id_number_of("11019919900131002"), "id_number.region_unlisted"),
        ("E12345678", "id_number.format"),
        ("110105491331002", "id_number.format"),  # 15 digits without a birth date stay as typed
    ],
)
def test_id_faults(number: str, rule: str):
    """R-2.1: each kind of fault has its own rule; nothing is repaired by guessing."""
    assert cited(id_number, [number]) == {rule: [0]}


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("E12345678", "护照"),
        ("EA1234567", "护照"),
        ("G12345678", "护照"),
        ("SE1234567", "护照"),
        ("141234567", "护照"),
        ("H1234567800", "港澳居民来往内地通行证"),
        ("M1234567801", "港澳居民来往内地通行证"),
        ("0123456701(B)", "台湾居民来往大陆通行证"),
        ("FRA110080010112", "外国人永久居留身份证"),
        ("A123456(3)", "香港居民身份证"),
        ("1234567(8)", "澳门居民身份证"),
        ("A123456789", "台湾居民身份证"),
        ("A1234563", "护照"),  # without brackets a card of Hong Kong looks like a passport
        ("H12345678", None),  # a permit, or a passport of Hong Kong
        ("M12345678", None),  # a permit, or a passport of Korea
        ("12345678", None),  # a permit of Taiwan, or a foreign passport
        ("C12345678", None),  # a permit to Hong Kong, or a German passport
        ("CA1234567", None),
        ("L12345678", None),
        ("待补", None),
    ],
)
def test_kinds_of_travel_documents(number: str, kind: str | None):
    """R-2.1: the kind is told where the number leaves no other, and never guessed."""
    assert travel_document.kind(pl.Series([number])).item() == kind


def test_what_a_number_can_be():
    """R-2.1: beside the kind that another field names, ambiguity is gone."""
    numbers = pl.DataFrame({"number": ["H12345678", "12345678", "E12345678", None]})

    def fits(kind: str) -> list[bool | None]:
        asked = document_fits(pl.col("number"), pl.lit(kind))
        return numbers.select(asked).to_series().to_list()

    assert fits("港澳居民来往内地通行证") == [True, False, False, None]
    assert fits("台湾居民来往大陆通行证") == [False, True, False, None]
    assert fits("军官证") == [None] * 4


def test_travel_documents():
    """R-2.1: typed numbers are brought into form; others are pointed out and kept."""
    assert cited(travel_document, ["e 1234 5678", "Ｈ１２３４５６７８", "12345678"]) == {}
    assert cited(travel_document, ["护照在办", "E1", "ABCDEFGHI"]) == {
        "travel_document.format": [0, 1, 2]
    }
    assert cited(travel_document, ["1.2E+08"]) == {"travel_document.precision_lost": [0]}
    assert cited(travel_document, ["FRA110080130112"]) == {"travel_document.birth_date": [0]}
    assert cited(travel_document, ["FRA110000022912"]) == {}  # 29 February 2000
    masked = travel_document.mask(pl.Series(["E12345678", "FRA110080010112", "护照在办"]))
    assert masked.to_list() == ["E******78", "F******12", "***"]


def test_what_stdnum_gets_wrong_about_people():
    """R-2.1: residence permits and some former regions are genuine, though python-stdnum says no
    or breaks off; one that learns better makes this test fail and may become the oracle.
    """
    permits = [id_number_of(f"8{n}000019900101001") for n in "123"]
    retired = [id_number_of(f"33011{n}19900101001") for n in "34"]
    assert not any(map(ric.is_valid, permits))
    for number in retired:
        with pytest.raises(KeyError):
            ric.is_valid(number)
    typed = ["110105491231002", "110105 19491231 002X"]
    assert not any(map(ric.is_valid, typed))
    assert cited(id_number, [*permits, *retired, *typed]) == {}
    assert ric.is_valid(id_number_of("11010520491231002"))  # not yet born: `contact.born_later`


def test_what_stdnum_gets_wrong_about_companies():
    """R-2.1: python-stdnum sees neither class, region nor the inner check, and no authority that
    is a letter.
    """
    faulty = [
        uscc_of("94110108", "MA01KP2T5"),
        uscc_of("91990108", "MA01KP2T5"),
        uscc_of("91110108", "MA01KP2T6"),
    ]
    assert all(map(stdnum_uscc.is_valid, faulty))
    assert set(cited(uscc, faulty)) == {"uscc.class", "uscc.region", "uscc.organisation"}
    village = uscc_of("N2330106", "MA01KP2T5")
    assert not stdnum_uscc.is_valid(village)
    assert cited(uscc, [village]) == {}
    wide = "９１１１００００６０００３７３４１Ｌ"
    assert not stdnum_uscc.is_valid(wide)
    assert stdnum_uscc.is_valid(wide[:17] + "L")
    assert cited(uscc, [wide, wide[:17] + "L"]) == {}
