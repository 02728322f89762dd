"""Check characters beside python-stdnum, where it is right: valid values, and mutations of them."""

from collections.abc import Callable
from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric
from stdnum.cn import uscc as stdnum_uscc
from stdnum.iso7064 import mod_11_10

from crm_migrate.standards import (
    bank_card,
    id_number,
    organisation_code,
    registration_number,
    tax_number,
    uscc,
)
from crm_migrate.standards.reading import identity_cards

from .identifiers import cited, id_number_of, organisation_code_of, uscc_of

MANY = settings(max_examples=25)
"""Each example holds many values, as columns do."""
_ORGANISATIONS = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8).filter(
    lambda stem: stem != "00000000"  # with its check digit one digit over and over
)
_HEADS = st.sampled_from(["91110108", "92440305", "12310115", "52100000", "93510104", "91110228"])
_BIRTHS = st.dates(date(1990, 1, 1), date(2020, 12, 31))


def columns(stems: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(stems, min_size=1, max_size=30)


def mutated(value: str, place: int, character: str, swap: bool) -> str:
    """One character typed wrongly, or two neighbours in the wrong order."""
    place %= len(value)
    if swap and place:
        return value[: place - 1] + value[place] + value[place - 1] + value[place + 1 :]
    return value[:place] + character + value[place + 1 :]


MUTATIONS = st.tuples(st.integers(0, 40), st.sampled_from("0123456789AHX"), st.booleans())


def agreed(
    values: list[str],
    mutations: list[tuple[int, str, bool]],
    ours: Callable[[pl.Series], pl.Series],
    oracle: Callable[[str], bool],
) -> None:
    """Ours and the oracle say the same about all values and all that becomes of them."""
    every = [*values, *(mutated(v, *m) for v in values for m in mutations)]
    assert ours(pl.Series(every)).to_list() == [oracle(v) for v in every]


codes = st.builds(
    lambda head, stem: uscc_of(head, organisation_code_of(stem)), _HEADS, _ORGANISATIONS
)


@MANY
@given(columns(codes), st.lists(MUTATIONS, max_size=6))
def test_unified_codes(values: list[str], mutations: list[tuple[int, str, bool]]):
    """R-2.1: codes made by the standard break no rule; whatever they are changed into, the check
    character is judged as python-stdnum judges it.
    """
    assert cited(uscc, values) == {}
    assert cited(tax_number, values) == {}

    def ours(every: pl.Series) -> pl.Series:
        digits_in_front = every.str.contains("^[0-9]{8}")  # the oracle knows no letters there
        return uscc.is_valid(every) & digits_in_front

    agreed(values, mutations, ours, stdnum_uscc.is_valid)


@MANY
@given(st.text(alphabet=uscc.ALPHABET, min_size=17, max_size=17))
def test_one_check_character_fits(stem: str):
    """R-2.1: of the 31 characters exactly the one that python-stdnum computes fits."""
    every = pl.Series([stem + c for c in uscc.ALPHABET])
    right = stem + stdnum_uscc.calc_check_digit(stem)
    assert every.filter(uscc.checksum_fits(every)).to_list() == [right]


@MANY
@given(columns(_ORGANISATIONS), st.lists(MUTATIONS, max_size=6))
def test_organisation_codes(stems: list[str], mutations: list[tuple[int, str, bool]]):
    """R-2.1: the check digit of GB 11714 as written out, and every single typing error noticed."""
    values = [organisation_code_of(stem) for stem in stems]
    assert cited(organisation_code, values) == {}

    def oracle(value: str) -> bool:
        return value[8] in "0123456789X" and organisation_code_of(value[:8]) == value

    agreed(values, mutations, organisation_code.is_valid, oracle)


@MANY
@given(columns(st.from_regex(r"\A[0-9]{14}\Z")), st.lists(MUTATIONS, max_size=6))
def test_registration_numbers(stems: list[str], mutations: list[tuple[int, str, bool]]):
    """R-2.1: the old number's check is ISO 7064 MOD 11,10, as python-stdnum computes it."""
    values = [stem + mod_11_10.calc_check_digit(stem) for stem in stems]
    agreed(
        values,
        mutations,
        registration_number.is_valid,
        lambda v: v.isdecimal() and mod_11_10.is_valid(v),
    )


people = st.builds(
    lambda region, day, number: id_number_of(f"{region}{day:%Y%m%d}{number:03d}"),
    st.sampled_from(["110105", "310104", "440305", "510107"]),
    _BIRTHS,
    st.integers(0, 999),
)


@MANY
@given(columns(people), st.lists(MUTATIONS, max_size=6))
def test_identity_numbers(values: list[str], mutations: list[tuple[int, str, bool]]):
    """R-2.1: numbers made by the standard break no rule; after any change the check character is
    judged as python-stdnum computes it.
    """
    assert cited(id_number, values) == {}

    def oracle(value: str) -> bool:
        return (
            value[:17].isdecimal() and value[0] != "0" and ric.calc_check_digit(value) == value[17]
        )

    agreed(values, mutations, id_number.is_valid, oracle)


@MANY
@given(columns(people))
def test_fifteen_digits_are_extended(values: list[str]):
    """R-2.1: without the century and the check character a number of the last century comes back
    the same.
    """
    old = [v[:6] + v[8:17] for v in values if v[6:8] == "19"]
    whole = [v for v in values if v[6:8] == "19"]
    assert id_number.normalise(pl.Series(old, dtype=pl.String)).to_list() == whole


def hong_kong(letters: str, digits: str) -> str:
    """A card of Hong Kong, its check digit as the formula is printed: the sum is divided by 11."""
    values = [36] * (2 - len(letters)) + [int(c, 36) for c in letters + digits]
    rest = -sum(v * w for v, w in zip(values, range(9, 1, -1), strict=True)) % 11
    return f"{letters}{digits}({'A' if rest == 10 else rest})"


def taiwan(letter: str, digits: str) -> str:
    """A card of Taiwan, its check digit as the formula is printed: the sum is divided by 10."""
    number = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(letter) + 10
    every = [*divmod(number, 10), *map(int, digits)]
    total = sum(v * w for v, w in zip(every, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1), strict=True))
    return letter + digits + str(-total % 10)


@MANY
@given(
    columns(st.builds(hong_kong, st.from_regex(r"\A[A-Z]{1,2}\Z"), st.from_regex(r"\A[0-9]{6}\Z"))),
    columns(st.builds(taiwan, st.from_regex(r"\A[A-Z]\Z"), st.from_regex(r"\A[12][0-9]{7}\Z"))),
    st.integers(1, 9),
)
def test_cards_of_hong_kong_and_taiwan(ours: list[str], theirs: list[str], step: int):
    """R-2.1: the check digits as written out, and no other digit in their place."""
    assert identity_cards.checksum_fits(pl.Series([*ours, *theirs])).all()
    wrong = [v[:-1] + str((int(v[-1]) + step) % 10) for v in theirs]
    wrong += [f"{v[:-2]}{(int(v[-2], 11) + step) % 10})" for v in ours if v[-2] != "A"]
    assert not identity_cards.checksum_fits(pl.Series(wrong, dtype=pl.String)).any()


@MANY
@given(columns(st.from_regex(r"\A[1-9][0-9]{14,17}\Z")), st.lists(MUTATIONS, max_size=6))
def test_cards(stems: list[str], mutations: list[tuple[int, str, bool]]):
    """R-5.3: a card number is recognised by the same Luhn sum that python-stdnum computes."""
    values = [stem + luhn.calc_check_digit(stem) for stem in stems]
    assert not {"bank_card.checksum", "bank_card.format"} & cited(bank_card, values).keys()
    every = [v for v in (mutated(v, *m) for v in values for m in mutations) if v.isdecimal()]
    fits = bank_card.checksum_fits(pl.Series(every, dtype=pl.String))
    assert fits.to_list() == [luhn.is_valid(v) for v in every]


LETTERS = {"0": "Oo", "1": "Il", "2": "Zz", "5": "Ss"}


@MANY
@given(columns(codes), columns(people), st.integers(0, 2**18 - 1))
def test_letters_typed_for_digits(companies: list[str], persons: list[str], places: int):
    """R-2.1: letters in the place of digits are read as these, and only where all checks fit; with
    another fault in the number every letter stays.
    """

    def typed(number: str) -> str:
        lettered = (LETTERS.get(c, c)[0] if places >> i & 1 else c for i, c in enumerate(number))
        return "".join(lettered)

    for module, numbers in ((uscc, companies), (id_number, persons)):
        again = module.normalise(pl.Series([typed(n) for n in numbers]))
        assert again.to_list() == numbers
        faulty = [typed(n[:16] + str((int(n[16]) + 1) % 10) + n[17]) for n in numbers
                  if n[16].isdigit()]  # fmt: skip
        lettered = [n for n in faulty if any(c in "OIZS" for c in n)]
        kept = module.normalise(pl.Series(lettered, dtype=pl.String))
        assert kept.to_list() == lettered
