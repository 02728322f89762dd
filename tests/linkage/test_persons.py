"""The pack `person` on public and invented people, with nothing tuned."""

import polars as pl
import pytest

from crm_migrate.linkage.bare.columns import link_file
from crm_migrate.linkage.bare.pack import load_pack
from tests.linkage.febrl import FEBRL, febrl
from tests.linkage.invented_companies import pair_scores
from tests.linkage.invented_persons import persons


def linked(rows: list[dict[str, str | None]]) -> list[list[str]]:
    """The clusters of several, as sorted ids."""
    clusters = link_file(pl.DataFrame(rows), "id", load_pack("person")).clusters
    several = clusters.group_by("cluster_id").agg(pl.col("record_id").sort())
    return sorted(ids for ids in several["record_id"].to_list() if len(ids) > 1)


def person(number: str, name: str, born: str | None, **other: str | None) -> dict[str, str | None]:
    home = {"phone": "0777000111", "address": "3 Rowan Lane", "city": "Fernley"}
    return {"id": number, "full name": name, "dob": born} | home | other


@pytest.mark.parametrize("name", FEBRL)
def test_febrl_is_linked_nearly_perfectly(name: str):
    """Ids hidden, rows shuffled: F1 ≥ .995 over pairs of records on each of the four sets."""
    records, truth = febrl(name)
    linkage = link_file(records, "rec_id", load_pack("person"))
    precision, recall = pair_scores(linkage.clusters, truth)
    assert 2 * precision * recall / (precision + recall) >= 0.995


def test_households_and_twins_do_not_chain():
    """R-3.1: shared homes, mailboxes and names, moved, married: few wrong pairs, no chains."""
    made = persons(5_000, seed=77)
    linkage = link_file(made.drop("truth"), "record_id", load_pack("person"))
    precision, recall = pair_scores(linkage.clusters, made.select("record_id", "truth"))
    assert precision >= 0.97
    assert recall >= 0.94
    assert linkage.summary()["largest_cluster"] <= 10


def crowd() -> list[dict[str, str | None]]:
    """Other people, from whom the engine learns what is rare."""
    made = persons(300, seed=5, chinese=0).drop("truth", "postcode")
    names = made.select(
        pl.col("record_id").alias("id"),
        (pl.col("given") + " " + pl.col("surname")).alias("full name"),
        pl.col("born").alias("dob"),
        "phone",
        pl.col("street").alias("address"),
        pl.col("place").alias("city"),
    )
    return names.to_dicts()


def test_twins_stay_two_and_a_nameless_record_joins_neither():
    """Same surname, home and birthday, other given names; who fits both is left to a person."""
    twins = [
        person("1", "Olive Quill", "2010-05-06"),
        person("2", "Olive Quill", "06/05/2010"),
        person("3", "Tobias Quill", "2010-05-06"),
        person("4", "Quill, Tobias", "20100506"),
        person("5", None, "2010-05-06"),
    ]
    found = linked([*crowd(), *twins])
    assert ["1", "2"] in found
    assert ["3", "4"] in found


def test_father_and_son_of_one_name_are_left_to_a_person():
    """Full birth dates that differ speak against all else, unless an identity number agrees."""
    family = [person("1", "Hugo Quill", "1950-01-02"), person("2", "Hugo Quill", "1981-11-23")]
    linkage = link_file(pl.DataFrame([*crowd(), *family]), "id", load_pack("person"))
    review = linkage.review.filter((pl.col("left_id") == "1") & (pl.col("right_id") == "2"))
    assert review["reason"].to_list() == ["veto"]
    same = [p | {"id card": "X77123456"} for p in family]
    assert ["1", "2"] in linked([*same, *crowd()])


def test_chinese_names_are_taken_apart():
    """A full Chinese name in one column: surname and given name, compound surnames, too."""
    rows = [
        {"id": "1", "姓名": "欧阳若曦", "手机号码": "13800138000", "生日": "1990年3月4日"},
        {"id": "2", "姓名": "歐陽 若曦", "手机号码": "+86 138-0013-8000", "生日": "19900304"},
        {"id": "3", "姓名": "欧阳文轩", "手机号码": "13800138000", "生日": "1988-03-04"},
    ]
    clusters = link_file(pl.DataFrame(rows), "id", load_pack("person")).clusters
    assert clusters["cluster_id"].to_list() == ["1", "1", "3"]
