"""Golden records: what survives, and the lineage that says why."""

import polars as pl

from crm_migrate.linkage.golden.rules import SurvivorshipRules, parse_survivorship
from crm_migrate.linkage.golden.survivorship import owner_conflicts, survive
from crm_migrate.model import Entity

MEMBERS = pl.DataFrame({"record_id": ["a", "b", "c", "z"], "golden_id": ["g1", "g1", "g1", "g2"]})


def records(**columns: list[str | None]) -> pl.DataFrame:
    base = {"record_id": ["a", "b", "c", "z"], "_source": ["old", "crm", "old", "old"]}
    return pl.DataFrame(
        base | columns, schema_overrides=dict.fromkeys([*base, *columns], pl.String)
    )


def test_a_single_refusal_stands(survivorship: SurvivorshipRules, customer: Entity):
    """R-1.6: the most restrictive consent survives a merge, whoever is trusted or newer."""
    golden = survive(
        records(sms_consent=["true", "true", "false", "true"]), MEMBERS, survivorship, customer
    )
    assert golden.golden["sms_consent"].to_list() == ["false", "true"]
    row = golden.lineage.row(0, named=True)
    assert (row["record_id"], row["rule"], row["losers"]) == ("c", "most_restrictive", 1)


def test_field_groups_move_together(survivorship: SurvivorshipRules, customer: Entity):
    """The bank of one record never stands beside the account of another."""
    frame = records(
        billing_bank=["工商银行", "建设银行", None, None],
        billing_account=["1111", None, "3333", None],
    )
    golden = survive(frame, MEMBERS, survivorship, customer)
    assert golden.golden.row(0, named=True)["billing_bank"] == "工商银行"
    assert golden.golden.row(0, named=True)["billing_account"] == "1111"
    assert set(golden.lineage["record_id"]) == {"a"}


def test_preferences_decide_in_order_and_are_named(customer: Entity):
    """R-3.2: the lineage names the winner, the preference that decided, and the losers."""
    data = {
        "trusted": ["crm"],
        "recent": "source_created_at",
        "default": ["most_recent"],
        "customer": {
            "fields": {
                "name": [{"prefer": "uscc"}, "most_trusted"],
                "industry": ["most_trusted"],
                "demand_tags": "union",
            }
        },
    }
    rules, faults = parse_survivorship(data)
    assert faults == []
    frame = records(
        uscc=["9", None, None, None],
        name=["甲公司", "乙公司", "乙公司", "丙"],
        industry=["C35", "C34", "C35", None],
        website=["a.cn", "b.cn", None, None],
        demand_tags=["x;y", None, "y;w", None],
        source_created_at=["2020-01-01", "2021-01-01", None, None],
        remark=["same", "same", None, None],
    )
    golden = survive(frame, MEMBERS, rules, customer)
    kept = golden.golden.row(0, named=True)
    assert (kept["name"], kept["industry"], kept["website"]) == ("甲公司", "C34", "b.cn")
    assert kept["demand_tags"] == "w;x;y"
    why = {r["field"]: (r["record_id"], r["rule"], r["losers"]) for r in golden.lineage.to_dicts()}
    assert why["name"] == ("a", "prefer:uscc", 1)
    assert why["industry"] == ("b", "most_trusted", 1)
    assert why["website"] == ("b", "most_recent", 1)
    assert why["remark"][1:] == ("agreed", 0)
    assert why["demand_tags"][1] == "union"


def test_row_order_changes_nothing(survivorship: SurvivorshipRules, customer: Entity):
    """Ties go to the smaller record id, in whatever order the rows come."""
    frame = records(name=["甲", "乙", "丙", "丁"], address=["路1", "路2", "路3", None])
    first = survive(frame, MEMBERS, survivorship, customer)
    again = survive(frame.reverse(), MEMBERS.reverse(), survivorship, customer)
    assert first.golden.equals(again.golden)
    assert first.lineage.equals(again.lineage)


def test_owners_in_conflict_are_found():
    """R-1.5: two owners in one cluster wait for both departments; the common pool claims nobody."""
    frame = records(
        owner=["王明", "李丽", "公海", "王明"], department=["一部", "二部", None, "一部"]
    )
    assert owner_conflicts(frame, MEMBERS).rows() == [("g1", "李丽;王明", "一部;二部", "a;b")]
    calm = records(owner=["王明", "公海", None, "王明"])
    assert owner_conflicts(calm, MEMBERS).is_empty()


def test_faulty_rules_are_reported(model_fields: dict[str, list[str]]):
    """Every fault of the survivorship rules is named with its place."""
    data = {
        "default": ["newest"],
        "customer": {"fields": {"nom": ["longest"], "name": [{"prefer": "ghost"}]}},
        "ghost": {},
    }
    _, faults = parse_survivorship(data, model_fields)
    assert {path for path, _ in faults} == {
        "default",
        "customer/fields/nom",
        "customer/fields/name",
        "ghost",
    }


def kept(data: dict[str, object], customer: Entity, frame: pl.DataFrame, **more: pl.DataFrame):
    rules, faults = parse_survivorship(data, {"customer": customer.field_names})
    assert faults == []
    golden = survive(frame, MEMBERS, rules, customer, **more)
    why = {r["field"]: (r["record_id"], r["rule"]) for r in golden.lineage.to_dicts()}
    return golden.golden.row(0, named=True), why


def test_rules_hold_under_conditions(customer: Entity):
    """R-3.2: a rule counts only for customers of which its condition holds; the lineage says so."""
    frame = records(
        customer_type=["成交客户", None, None, None],
        address=["路1", "路22", "路333", None],
        website=["a.cn", "b.example.cn", None, None],
    )
    data = {
        "customer": {
            "fields": {
                "address": [
                    {"when": {"customer_type": ["潜在客户"]}, "use": "longest"},
                    {"when": {"source": "crm"}, "use": [{"most_trusted": ["crm"]}]},
                    "longest",
                ],
                "website": {"when": {"not customer_type": ["流失客户"]}, "use": "longest"},
            }
        }
    }
    golden, why = kept(data, customer, frame)
    assert golden["address"] == "路22"
    assert why["address"] == ("b", "most_trusted when source=crm")
    assert why["website"] == ("b", "longest when no customer_type=流失客户")


def test_conditional_frequency(customer: Entity):
    """The most frequent value counts under a condition, too, and not where it fails."""
    frame = records(industry=["C1", "C2", "C2", None], size=["大型", None, None, None])
    for size, winner in (("大型", "C2"), ("小型", "C1")):
        rule = {"when": {"size": size}, "use": "most_frequent"}
        golden, _ = kept({"customer": {"fields": {"industry": [rule]}}}, customer, frame)
        assert golden["industry"] == winner


def test_sources_and_dates_of_a_field_of_its_own(customer: Entity):
    """A field may trust other sources than the rest, and be dated by another field."""
    frame = records(
        phone=["1", "2", "3", None],
        email=["a@x.cn", "b@x.cn", "c@x.cn", None],
        source_created_at=["2020-01-01", "2019-01-01", "2021-01-01", None],
    )
    data = {
        "trusted": ["old"],
        "customer": {
            "fields": {
                "phone": [{"most_trusted": ["crm", "old"]}],
                "email": [{"most_recent": "source_created_at"}],
            }
        },
    }
    golden, why = kept(data, customer, frame)
    assert (golden["phone"], golden["email"]) == ("2", "c@x.cn")
    assert why["email"] == ("c", "most_recent:source_created_at")


def test_a_valid_value_wins_over_a_doubtful_one(customer: Entity):
    """R-2.4: a value that the standards doubt gives way to one that they do not."""
    frame = records(email=["wrong", "b@x.cn", "wrong", None])
    doubts = pl.DataFrame({"record_id": ["a", "c"], "field": ["email", "email"]})
    data = {"customer": {"fields": {"email": ["most_valid", "most_frequent"]}}}
    golden, why = kept(data, customer, frame, doubts=doubts)
    assert (golden["email"], why["email"]) == ("b@x.cn", ("b", "most_valid"))


def test_faulty_conditions_are_reported(model_fields: dict[str, list[str]]):
    """An unknown field, two fields in a condition and a missing rule are named with their place."""
    fields = {
        "name": [{"when": {"ghost": "x"}, "use": "longest"}],
        "phone": [{"when": {"name": "x", "size": "y"}, "use": "longest"}],
        "email": [{"when": {"name": "x"}}],
    }
    _, faults = parse_survivorship({"customer": {"fields": fields}}, model_fields)
    assert [path for path, _ in faults] == [f"customer/fields/{n}" for n in fields]
