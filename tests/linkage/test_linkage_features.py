"""Match keys and codes."""

import numpy as np
import polars as pl

from crm_migrate.linkage.features import company_keys, match_keys
from crm_migrate.linkage.features.coded import encode_hashes, encode_long
from crm_migrate.linkage.features.features import build_features
from crm_migrate.linkage.features.hashing import hash_texts
from crm_migrate.linkage.features.shortened_keys import one_character_less
from crm_migrate.linkage.rules.parse import parse_rules
from tests.linkage.invented_companies import credit_code


def test_only_valid_credit_codes_count():
    """R-3.1: a code with a wrong check character is no evidence."""
    import random

    good = credit_code(random.Random(1))
    bad = good[:-1] + ("0" if good[-1] != "0" else "1")
    raw = pl.Series([good, good.lower(), f" {good[:4]} {good[4:]}", bad, "无", None])
    assert match_keys.valid_uscc(raw).to_list() == [good, good, good, None, None, None]


def test_phones_are_sets_of_digits():
    """One number is one number, however it is punctuated; short ones are no evidence."""
    raw = pl.Series(
        "phone", ["+86 138-0013-8000;0571-8888 6666转802", "１３８００１３８０００", "110", None]
    )
    rules, faults = parse_rules(
        {"c": {"features": {"phone": {"as": "phones"}}, "block": [["phone"]]}}
    )
    assert faults == []
    records = pl.DataFrame({"record_id": ["a", "b", "c", "d"], "phone": raw})
    feature = build_features(records, rules["c"])["phone"]
    texts = [[feature.values[c] for c in row if c >= 0] for row in feature.codes.tolist()]
    assert texts == [["13800138000", "057188886666"], ["13800138000"], [], []]


def test_one_landline_in_many_writings():
    """R-3.1: written internationally, without its 0, with an extension behind a dash."""
    raw = ["0571-88886666", "+86 571 88886666", "8657188886666", "(0571)88886666-8012"]
    assert match_keys.phones(pl.Series(raw)).unique().to_list() == ["057188886666"]


def test_company_parts_tell_branches_from_head_offices():
    """R-1.4: the branch is a part of its own, and `-` stands for the head office."""
    parts = company_keys.company_parts(
        pl.Series(["江苏恒通科技有限公司", "江苏恒通科技有限责任公司南京分公司", "恒通科技", None])
    )
    assert parts["branch"].to_list()[0] == "-"
    assert "南京" in parts["branch"].to_list()[1]
    assert parts["core"].to_list()[:3] == ["恒通科技"] * 3
    assert parts["full"].to_list()[2] is None
    assert [p[3] for p in parts.values()] == [None] * len(parts)


def test_one_typo_keeps_a_common_key():
    """Names that differ in one character share one shortened key; short names have none."""
    texts = pl.Series(["恒通科技", "恒同科技", "恒通科枝有", "恒通", None, "AAAA"])
    feature = encode_hashes(one_character_less(texts))
    left, right = np.array([0, 0, 0]), np.array([1, 2, 3])
    assert feature.same(left, right).tolist() == [True, False, False]
    assert (feature.codes[3:5] == -1).all()
    assert (feature.codes[5] != -1).sum() == 1
    every = [t[:i] + t[i + 1 :] for t in texts.drop_nulls() if len(t) > 3 for i in range(len(t))]
    assert feature.codes.max() + 1 == len(set(every))


def test_sets_are_padded_and_hashes_stable():
    """Codes of sets are sorted and padded; hashes of ids never change between versions."""
    feature = encode_long(np.array([0, 0, 2]), pl.Series(["b", "a", "a"]), 3)
    assert feature.codes.shape == (3, 2)
    assert (feature.codes[1] == -1).all()
    assert feature.same(np.array([0, 0]), np.array([1, 2])).tolist() == [False, True]
    assert (
        hash_texts(pl.Series(["a", "记录"])).tolist()
        == hash_texts(pl.Series(["a", "记录"])).tolist()
    )
    assert int(hash_texts(pl.Series(["a"]))[0]) == int(hash_texts(pl.Series(["a", "x" * 40]))[0])


def test_branches_are_known_without_the_legal_form_of_their_head_office():
    """R-3.1: one branch, with and without 有限公司, 市 and the region of its head office."""
    names = ["赣州恒通贸易有限公司无锡分公司", "恒通贸易无锡分公司", "恒通贸易无锡市分公司"]
    parts = company_keys.company_parts(pl.Series(names))
    assert parts["branch"].unique().to_list() == ["无锡分公司"]
    assert parts["core"].unique().to_list() == ["恒通贸易"]


def test_a_province_in_front_of_its_city_says_nothing():
    """R-3.1: 河北省石家庄… and 石家庄… are of one region; 河北 alone is another."""
    names = [f"{region}恒通贸易有限公司" for region in ("河北省石家庄", "石家庄市", "河北")]
    regions = company_keys.company_parts(pl.Series(names))["region"]
    assert regions.to_list() == ["石家庄", "石家庄", "河北"]


def test_notes_and_marks_are_no_part_of_a_company_name():
    """R-3.1: what people write behind a name to remember something by, and dots within it."""
    names = [
        "盐城恒通贸易有限公司" + note
        for note in (
            "",
            "（已迁址）",
            "-停用",
            "*",
            "(重复)",
            " 作废!",
            "（采购部）",
            "财务部",
            "-王工转",
            "【华南大区】",
            "(新)",
        )
    ]
    names += ["盐城恒通贸易有限公·司", "盐城恒通　贸易有限公司"]
    parts = company_keys.company_parts(pl.Series(names))
    for part in ("key", "full", "core", "form"):
        assert parts[part].n_unique() == 1, part
    assert parts["form"][0] == "有限公司"
    partners = pl.Series(
        ["恒通管理合伙企业（有限合伙）厦门分公司", "恒通贸易（停用）", "(停用)", None]
    )
    found = company_keys.company_parts(partners)
    assert found["branch"].to_list() == ["厦门分公司", "-", None, None]
    assert found["core"].to_list() == ["恒通管理", "恒通贸易", None, None]
