"""Golden ids and customer codes."""

import polars as pl
from stdnum.iso7064 import mod_11_10

from crm_migrate.linkage.golden.identity import (
    customer_codes,
    identify,
    resolve,
)


def clusters(*groups: str) -> pl.DataFrame:
    rows = [(record, min(group)) for group in groups for record in group]
    return pl.DataFrame(rows, schema=["record_id", "cluster_id"], orient="row")


def named(result: pl.DataFrame) -> dict[str, tuple[str, str]]:
    return {r: (g, s) for r, g, s in result.select("record_id", "golden_id", "state").rows()}


def test_new_clusters_are_named_after_their_founder():
    """The first run founds a golden id per cluster, from its smallest record id."""
    assert named(identify(clusters("ab", "c")).members) == {
        "a": ("ga", "new"),
        "b": ("ga", "new"),
        "c": ("gc", "new"),
    }


def test_the_oldest_id_survives_a_merge():
    """R-3.2: after a merge the older id lives on, and the other leads to it."""
    members = pl.DataFrame(
        {"record_id": ["a", "b"], "golden_id": ["ga", "gb"], "founded": ["2025-02", "2025-01"]}
    )
    merged = identify(clusters("abc"), members)
    assert named(merged.members) == {
        "a": ("gb", "merged"),
        "b": ("gb", "kept"),
        "c": ("gb", "joined"),
    }
    assert merged.tombstones.rows() == [("ga", "gb")]
    assert resolve(pl.Series(["ga", "gb"]), merged.tombstones).to_list() == ["gb", "gb"]


def test_the_anchor_keeps_its_id_on_a_split():
    """On a split the part with the founding record keeps the id, the other founds a new one."""
    members = pl.DataFrame({"record_id": ["a", "b", "c"], "golden_id": ["ga"] * 3})
    split = identify(clusters("a", "bc"), members)
    assert named(split.members) == {
        "a": ("ga", "kept"),
        "b": ("gb", "split"),
        "c": ("gb", "split"),
    }
    assert split.tombstones.is_empty()


def test_an_id_is_never_used_twice():
    """After a merge is taken back, the fallen id stays fallen; a new one is founded."""
    tombstones = pl.DataFrame({"golden_id": ["gb"], "into": ["ga"]})
    members = pl.DataFrame({"record_id": ["a", "b"], "golden_id": ["ga", "ga"]})
    back = identify(clusters("a", "b"), members, tombstones)
    assert named(back.members) == {"a": ("ga", "kept"), "b": ("gb.2", "split")}
    again = identify(clusters("a", "b"), back.members.select("record_id", "golden_id"), tombstones)
    assert named(again.members)["b"] == ("gb.2", "kept")


def test_a_lost_anchor_leaves_the_id_with_the_smallest_record():
    """When the founding record has left its source, the id stays with the part that remains."""
    members = pl.DataFrame({"record_id": ["a", "b", "c"], "golden_id": ["ga"] * 3})
    left = identify(clusters("b", "c"), members)
    assert named(left.members) == {"b": ("ga", "kept"), "c": ("gc", "split")}


def test_chains_of_merges_resolve():
    """An id that fell several times leads to the one that lives."""
    tombstones = pl.DataFrame({"golden_id": ["g3", "g2"], "into": ["g2", "g1"]})
    assert resolve(pl.Series(["g3", "g9"]), tombstones).to_list() == ["g1", "g9"]


def test_customer_codes_are_checked_unique_and_stand():
    """R-2.1: one readable code per customer, with a check digit; given codes never change."""
    ids = pl.Series([f"g{i:032x}" for i in range(20_000)])
    codes = customer_codes(ids)
    assert codes["customer_code"].n_unique() == 20_000
    assert all(mod_11_10.is_valid(code[1:]) for code in codes["customer_code"])
    code = codes["customer_code"][0]
    swapped = code[:4] + code[5] + code[4] + code[6:]
    assert swapped == code or not mod_11_10.is_valid(swapped[1:])
    more = pl.concat([ids, pl.Series(["gnew", "gother"])])
    later = customer_codes(more, taken=codes)
    assert later.join(codes, on=["golden_id", "customer_code"], how="semi").height == 20_000
    assert customer_codes(ids.reverse()).equals(codes)
