"""Verdicts on pairs: which fit together, whom they follow when rows change, what they are worth."""

import hashlib

import polars as pl

from crm_migrate.linkage.deciding.judgements import consistent
from crm_migrate.linkage.deciding.worth import cases, worth
from crm_migrate.linkage.golden.successors import as_text, successors, traits_of


def verdicts(*rows: tuple[str, str, str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(a, b, v, f"2025-01-0{day}T00:00:00Z") for a, b, v, day in rows],
        schema=["left_id", "right_id", "verdict", "given_at"],
        orient="row",
    )


def pairs(frame: pl.DataFrame) -> list[tuple[str, ...]]:
    return frame["left_id", "right_id", "verdict"].rows()


def test_verdicts_that_contradict_each_other_are_told():
    """R-3.3: a = b = c against a ≠ c: the older "same" is left out and reported, not obeyed."""
    stands, against = consistent(
        verdicts(("a", "b", "same", 2), ("b", "c", "same", 1), ("c", "a", "different", 3))
    )
    assert pairs(stands) == [("a", "b", "same"), ("a", "c", "different")]
    assert pairs(against) == [("b", "c", "same")]


def test_the_order_of_rows_changes_nothing():
    """The same verdicts in another order fit together in the same way."""
    chain = [(a, b, "same", 1) for a, b in ("ab", "bc", "cd")]
    said = verdicts(*chain, ("d", "a", "different", 1))
    first, again = consistent(said), consistent(said.reverse())
    assert first[0].equals(again[0])
    assert first[1].equals(again[1])
    assert first[1].height == 1


def test_what_fits_together_stands_as_it_is():
    """Chains of "same" beside "different" of other records are all kept; unsure says nothing."""
    stands, against = consistent(
        verdicts(("a", "b", "same", 1), ("b", "c", "same", 1), ("d", "e", "different", 1),
                 ("c", "d", "unsure", 1))
    )  # fmt: skip
    assert against.is_empty()
    assert pairs(stands) == [("a", "b", "same"), ("b", "c", "same"), ("d", "e", "different")]


def digest(name: str, values: pl.Series) -> pl.Series:
    def one(value: str) -> str:
        return hashlib.sha256(f"{name}:{value}".encode()).hexdigest()

    return values.map_elements(one, return_dtype=pl.String)


def people(**columns: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema_overrides=dict.fromkeys(columns, pl.String))


def test_a_row_without_a_key_is_known_again_when_it_changed_a_little():
    """R-3.3: a corrected telephone gives a keyless row another id; its verdict follows."""
    before = people(
        record_id=["a"], _source=["list"], name=["云桥恒物"], phone=["1"], address=["一号路"]
    )
    (lost,) = as_text(traits_of(before, digest)).rows()
    now = people(
        record_id=["x", "y", "z"],
        _source=["list", "list", "other"],
        name=["云桥恒物", "云桥恒物", "云桥恒物"],
        phone=["2", "7", "1"],
        address=["一号路", "九号路", "一号路"],
    )
    assert successors([lost], traits_of(now, digest)) == {"a": "x"}


def test_nobody_takes_the_place_where_two_could():
    """Two rows that share as much leave the verdict without a record, rather than guess."""
    before = people(record_id=["a"], _source=["list"], name=["云桥"], phone=["1"], email=["m"])
    (lost,) = as_text(traits_of(before, digest)).rows()
    now = people(
        record_id=["x", "y"], _source=["list"] * 2, name=["云桥"] * 2, phone=["1"] * 2,
        email=["n", "o"],
    )  # fmt: skip
    assert successors([lost], traits_of(now, digest)) == {}
    assert successors([lost], traits_of(now.head(0), digest)) == {}


REVIEW = pl.DataFrame(
    {
        "left_golden": ["g1", "g2", "g5"],
        "right_golden": ["g2", "g3", "g6"],
        "match_probability": [0.5, 0.9, None],
        "reason": ["doubtful", "tie", "verdicts"],
    }
)


def test_a_verdict_is_worth_the_records_it_is_expected_to_move():
    """Probability of the match × records of the smaller side; 1 where verdicts contradict."""
    records = pl.DataFrame({"golden_id": ["g1", "g2", "g3", "g5"], "records": [10, 4, 2, 7]})
    rated = worth(REVIEW, records)
    assert rated["records"].to_list() == [4, 2, 1]
    assert rated["worth"].to_list() == [2.0, 1.8, 1.0]


def test_pairs_that_hang_together_are_one_case():
    """g1–g2 and g2–g3 are one question; g5–g6 is another; the order of rows names them alike."""
    found = cases(REVIEW)
    assert found[0] == found[1] != found[2]
    assert cases(REVIEW.reverse()).reverse().equals(found)
