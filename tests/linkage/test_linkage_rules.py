"""Linkage rules: the shipped ones are sound, and faulty ones are reported with their place."""

from crm_migrate.linkage.bare.pack import load_pack, pack_names
from crm_migrate.linkage.rules.parse import parse_rules
from crm_migrate.linkage.rules.types import LinkageRules


def test_shipped_rules_fit_the_shipped_model(shipped: dict[str, LinkageRules], model_fields):
    """R-1.4: every entity of the model is linked by some rule, and no rule names a lost field."""
    assert set(shipped) == set(model_fields)
    assert shipped["customer"].engine == "native"
    assert shipped["contact"].natural_keys[0] == ("customer", "name", "mobile")


def test_packs_are_sound():
    """The ready-made packs load without a fault and know some headers."""
    assert {"company-cn", "person"} <= set(pack_names())
    for name in pack_names():
        assert load_pack(name).headers


def test_every_fault_is_reported_with_its_path():
    """Faults do not stop at the first, and each says where it is."""
    data = {
        "customer": {
            "engine": "magic",
            "features": {"name": {"from": ["nom"], "as": "company_name"}, "x": {"as": "?"}},
            "block": [["name.nothing"], ["name.skip", "name.skip"]],
            "compare": {
                "name": [{"at_least": 1}],
                "both": [{"same": "name", "m": "much"}],
                "set": [{"similar": "name.skip"}],
            },
            "thresholds": {"match": 0.2, "review": 0.9},
            "vetoes": [{"different": "phone"}],
            "caps": {"block": "many"},
            "essential": ["colour"],
            "shared": {"name": 5},
            "surprise": 1,
        },
        "ghost": {},
    }
    _, faults = parse_rules(data, {"customer": ["name"]})
    assert {path for path, _ in faults} >= {
        "customer/surprise",
        "customer/engine",
        "customer/features/name/from",
        "customer/features/x",
        "customer/block/0",
        "customer/compare/name/0",
        "customer/compare/both/0/m",
        "customer/thresholds",
        "customer/vetoes/0",
        "customer/block/1",
        "customer/compare/set/0",
        "customer/caps/block",
        "customer/essential",
        "customer/shared/name",
        "ghost",
    }
    assert all(text.en and text.zh for _, text in faults)


def test_a_comparison_is_not_called_like_a_column_of_pairs():
    """`left_id` as a comparison would stand twice in the table of pairs: a fault with its path."""
    level = [{"same": ["name"]}]
    body = {"features": {"name": {"as": "text"}}, "compare": {"left_id": level, "name": level}}
    rules, faults = parse_rules({"customer": body})
    assert [path for path, _ in faults] == ["customer/compare/left_id"]
    assert [c.name for c in rules["customer"].comparisons] == ["name"]
