"""Merges decided by the plan: which row stays, what is held back and why, what is taken over."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.plan.change import AFTER, UNTOUCHED, Plan
from crm_migrate.plan.diff.side import TargetSide
from crm_migrate.plan.merging.moves import CHILDREN, COLLISIONS, Around, given_up
from crm_migrate.plan.merging.unmerge import TRAIL, inverse_moves, kept_merges
from crm_migrate.plan.operations import PlannedOperations, verify_plan
from crm_migrate.plan.scope import Scope
from crm_migrate.plan.show.moves import moves_shown
from crm_migrate.plan.show.names import Names
from crm_migrate.plan.target.present import resolve_references
from crm_migrate.project.mapping_file import MergePolicy, TargetEntity, TargetMapping
from crm_migrate.systems.target_schema import ColumnInfo
from tests.plan.crm import ACCOUNTS, CONTACT, CUSTOMER, KEY, MODEL, PEOPLE, Crm, frame, table
from tests.plan.plans import Keys, header, planned, policy

NAME = "上海甲木科技有限公司"
SOFT: dict[str, Any] = {"merge": {"mark": {"memo2": "gone"}, "into": "into_id"}}
HARD: dict[str, Any] = {"merge": {"delete": True}}


def with_policy(mapping: TargetEntity, duplicates: Any) -> TargetEntity:
    """The mapping with this policy for doubles."""
    data = mapping.model_dump() | {"duplicates": duplicates}
    return TargetEntity.model_validate(data)


class Linked(Crm):
    """Rows whose references to customers are resolved, as linkage resolves them."""

    customers: Mapping[str, str] = {}  # key of an account → golden id

    def side(self) -> TargetSide:
        side = super().side()
        keys = {"target_key": list(self.customers), "golden_id": list(self.customers.values())}
        known = pl.DataFrame(keys, schema=dict.fromkeys(keys, pl.String))
        present = resolve_references(self.entity, side.present, {"customer": known})
        return replace(side, present=present)


def accounts(*rows: dict[str, str | None], duplicates: Any = HARD, **more: Any) -> Crm:
    """Rows of one customer, 11, 12, …, unless `linked` says otherwise."""
    linked = more.pop("linked", {str(r["id"]): "g1" for r in rows})
    crm = Linked(CUSTOMER, list(rows), linked, mapping=with_policy(ACCOUNTS, duplicates), **more)
    crm.customers = linked
    return crm


def people(
    *rows: dict[str, str | None], linked: Mapping[str, str], duplicates: Any = HARD, **more: Any
) -> Crm:
    """Contacts of the accounts 9 and 11, which are one customer."""
    mapping = with_policy(PEOPLE, duplicates).model_copy(update=more)
    crm = Linked(CONTACT, list(rows), linked, mapping=mapping)
    crm.customers = {"9": "g1", "11": "g1"}
    return crm


def children(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Rows that refer to accounts: key of the account, table, key of the row."""
    listed = [
        {"before": b, "table": t, "key_column": "id", "column": "account_id", "row_key": k}
        for b, t, k in rows
    ]
    return pl.DataFrame(listed, schema=CHILDREN)


def merging(
    customers: list[dict[str, str | None]] | None = None,
    contacts: list[dict[str, str | None]] | None = None,
    *,
    around: Around | None = None,
    **more: Any,
) -> PlannedOperations:
    """A plan that may merge."""
    found = customers if customers is not None else [{"golden_id": "g1", "name": NAME}]
    return planned(found, contacts or [], around=around or Around(), **more)


def moves(made: PlannedOperations, kind: str = "merge") -> list[tuple[Any, ...]]:
    """row_key and after of the moves of a kind."""
    assert made.moves is not None
    return made.moves.filter(pl.col("kind") == kind).select("row_key", "after").rows()


def reasons(made: PlannedOperations) -> dict[str, str]:
    """Key of a row → why it is only listed."""
    listed = made.notes.filter(pl.col("target_key").is_not_null())
    return dict(listed.select("target_key", "reason").iter_rows())


TWO: list[dict[str, str | None]] = [
    {"id": "9", "account_name": NAME},
    {"id": "11", "account_name": NAME, "credit_code": "91310000MA1FL0001X"},
]


def test_smallest_key_stays_unless_another_row_was_loaded_by_us() -> None:
    """The rule is named beside each merge; numbers go by size."""
    made = merging(sides={"customer": accounts(*TWO)})
    assert moves(made) == [("11", "9")]
    assert made.moves is not None
    assert made.moves["rule"].to_list() == ["kept_smallest_key"]
    base = frame(
        [{"golden_id": "g1", "target_key": "11", "commitments": "{}", "raw_digest": "0"}],
        ["golden_id", "target_key", "commitments", "raw_digest"],
    )
    made = merging(sides={"customer": accounts(*TWO, base=base)})
    assert moves(made) == [("9", "11")]
    assert made.moves is not None
    assert made.moves["rule"].to_list() == ["kept_base"]


def test_nothing_is_merged_unless_policy_says_so() -> None:
    """Deletes never by default: without a policy doubles are only listed."""
    made = merging(sides={"customer": accounts(*TWO, duplicates="list")})
    assert made.moves is None
    assert reasons(made) == {"11": "duplicate_in_crm"}


def test_what_is_merged_is_no_longer_listed() -> None:
    """A row that is given up stands among the moves, not among the notes."""
    assert reasons(merging(sides={"customer": accounts(*TWO)})) == {}


def test_two_owners_wait() -> None:
    """Rows of a customer whom two owners claim are not merged (R-1.5)."""
    made = merging(sides={"customer": accounts(*TWO)}, owner_conflict={"customer": ["g1"]})
    assert made.moves is None
    assert reasons(made)["11"] == "owner_conflict"


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "9"}, {"id": "11", "parent_id": "9"}],
        [{"id": "9", "parent_id": "11"}, {"id": "11"}],
        [{"id": "9"}, {"id": "11", "parent_id": "10"}, {"id": "10", "parent_id": "9"}],
    ],
)
def test_group_parents_are_never_merged_with_their_children(
    rows: list[dict[str, str | None]],
) -> None:
    """Rows that stand under each other, at whatever distance, are left to a person (R-1.4)."""
    linked = {"9": "g1", "11": "g1", "10": "g2"}
    made = merging(sides={"customer": accounts(*rows, linked=linked)})
    assert made.moves is None
    assert reasons(made)["11"] == "group_parent"


def test_row_that_stays_waits() -> None:
    """A conflict about the row that stays holds its merge, too."""
    rows: list[dict[str, str | None]] = [{**TWO[0], "memo": "CRM"}, {"id": "11"}]
    golden: list[dict[str, str | None]] = [{"golden_id": "g1", "remark": "来源"}]
    made = merging(golden, sides={"customer": accounts(*rows, duplicates=SOFT_KEPT)})
    assert made.operations["customer"]["action"].to_list() == ["conflict"]
    assert made.moves is None
    assert reasons(made)["11"] == "survivor_waits"


SOFT_KEPT: dict[str, Any] = {"merge": {"mark": {"memo": "merged"}}}


def test_collision_holds_the_merge_unless_the_child_goes() -> None:
    """What hangs on a row would stand twice: its merge is held; where policy gives one of the two
    children up, it makes room.
    """
    hit = pl.DataFrame(
        [{"before": "11", "table": "people", "row_key": "51", "hit": "50"}], schema=COLLISIONS
    )
    around = Around(
        {"customer": children(("11", "people", "51")), "contact": children()}, {"customer": hit}
    )
    listed: list[dict[str, str | None]] = [
        {"id": "50", "account_id": "9", "full_name": "李雷"},
        {"id": "51", "account_id": "11", "full_name": "李雷"},
    ]
    contact: list[dict[str, str | None]] = [{"golden_id": "c1", "customer": "g1", "name": "李雷"}]
    for duplicates, expected in (("list", None), (HARD, [("51", "50"), ("11", "9")])):
        contacts = people(*listed, linked={"50": "c1", "51": "c1"}, duplicates=duplicates)
        made = merging(
            contacts=contact, around=around, sides={"customer": accounts(*TWO), "contact": contacts}
        )
        if expected is None:
            assert made.moves is None
            assert reasons(made)["11"] == "reparent_collides"
        else:
            assert moves(made) == expected
            assert moves(made, "reparent") == []


def test_contacts_of_customers_that_stay_apart_stay_apart() -> None:
    """Doubled contacts are merged only where their customers are."""
    listed: list[dict[str, str | None]] = [
        {"id": "50", "account_id": "9", "full_name": "李雷"},
        {"id": "51", "account_id": "11", "full_name": "李雷"},
        {"id": "52", "account_id": "9", "full_name": "李雷"},
    ]
    contact: list[dict[str, str | None]] = [{"golden_id": "c1", "customer": "g1", "name": "李雷"}]
    contacts = people(*listed, linked=dict.fromkeys(("50", "51", "52"), "c1"))
    sides = {"customer": accounts(*TWO, duplicates="list"), "contact": contacts}
    made = merging(contacts=contact, sides=sides)
    assert made.moves is None
    assert reasons(made)["51"] == reasons(made)["52"] == "parents_apart"


def test_row_that_refers_to_another_loser_is_merged_next_time() -> None:
    """Merges of two groups do not get in each other's way."""
    rows: list[dict[str, str | None]] = [
        {"id": "1", "account_name": "甲"},
        {"id": "2", "account_name": "甲"},
        {"id": "3", "account_name": "乙"},
        {"id": "4", "account_name": "乙", "parent_id": "2"},
    ]
    linked = {"1": "g1", "2": "g1", "3": "g3", "4": "g3"}
    around = Around(
        {"customer": children(("2", "accounts", "4")).with_columns(column=pl.lit("parent_id"))}
    )
    golden: list[dict[str, str | None]] = [{"golden_id": "g1"}, {"golden_id": "g3"}]
    made = merging(golden, around=around, sides={"customer": accounts(*rows, linked=linked)})
    assert moves(made) == [("2", "1")]
    assert moves(made, "reparent") == [("4", "1")]
    assert reasons(made)["4"] == "merge_first"


def test_child_that_the_plan_gives_to_another_customer() -> None:
    """Its cell is written once: the merge waits for the next plan."""
    rows: list[dict[str, str | None]] = [*TWO, {"id": "20", "account_name": "乙"}]
    linked = {"9": "g1", "11": "g1", "20": "g2"}
    person: list[dict[str, str | None]] = [{"id": "50", "account_id": "11", "full_name": "李雷"}]
    contacts = people(*person, linked={"50": "c1"}, duplicates="list", on_conflict="source")
    golden: list[dict[str, str | None]] = [{"golden_id": "g1"}, {"golden_id": "g2"}]
    contact: list[dict[str, str | None]] = [{"golden_id": "c1", "customer": "g2", "name": "李雷"}]
    made = merging(
        golden,
        contact,
        around=Around({"customer": children(("11", "people", "50"))}),
        sides={"customer": accounts(*rows, linked=linked), "contact": contacts},
    )
    assert made.operations["contact"]["action"].to_list() == ["update"]
    assert made.moves is None
    assert reasons(made)["11"] == "child_moves"


def test_scope_confines_merges() -> None:
    """A pilot merges nothing outside of it."""
    scope = Scope(Text("pilot", "试点"), only=pl.Series(["g7"]))
    made = merging(sides={"customer": accounts(*TWO)}, scope=scope)
    assert made.moves is None
    assert reasons(made)["11"] == "outside_scope"


def test_empty_cells_are_filled_from_the_row_given_up() -> None:
    """What neither sources nor the row that stays have is borrowed; nothing else is changed, and
    the base keeps no commitment of it.
    """
    rows: list[dict[str, str | None]] = [
        {"id": "9", "account_name": NAME, "memo": "保留"},
        {"id": "11", "account_name": "甲木", "memo": "不保留", "status": "W", "grade": "?"},
    ]
    side = accounts(*rows)
    side.table = table("accounts", [ColumnInfo("grade", "TEXT", vocabulary=("战略客户",))])
    made = merging(sides={"customer": side})
    (row,) = made.operations["customer"].iter_rows(named=True)
    written = {c: v for c, v in row.items() if c.startswith(AFTER) and v != UNTOUCHED}
    assert written == {"after:status": "W"}
    assert (row["action"], row["reason"]) == ("update", "filled")
    names, _, kept = row["commitments"].partition(":")
    cells = (kept[at : at + 16] for at in range(0, len(kept), 16))
    committed = dict(zip(names.split(","), cells, strict=True))
    assert committed["name"] != committed["customer_type"] == "-" * 16


@pytest.mark.parametrize(("policy", "code"), [(HARD, "91310000MA1FL0001X"), (SOFT_KEPT, None)])
def test_unique_values_pass_on_only_where_they_are_let_go(policy: Any, code: str | None) -> None:
    """A deleted row leaves its unique value; a marked row that keeps it does not."""
    side = accounts(*TWO, duplicates=policy)
    side.table = table("accounts", [], ("credit_code",))
    made = merging(sides={"customer": side})
    frame = made.operations["customer"]
    after = frame["after:credit_code"][0] if "after:credit_code" in frame.columns else None
    assert after == code
    assert frame["action"][0] == ("update" if code else "unchanged")
    assert moves(made) == [("11", "9")]


def test_sources_may_take_the_unique_value_of_a_row_that_goes() -> None:
    """The golden record's code stands on the double that is deleted: that is no obstacle."""
    side = accounts(*TWO)
    side.table = table("accounts", [], ("credit_code",))
    golden: list[dict[str, str | None]] = [{"golden_id": "g1", "uscc": "91310000MA1FL0001X"}]
    made = merging(golden, sides={"customer": side})
    assert made.operations["customer"]["action"].to_list() == ["update"]
    assert moves(made) == [("11", "9")]


def test_rows_that_no_source_knows_are_merged_too() -> None:
    """They take part as a golden record of their own, counted apart."""
    made = merging([], sides={"customer": accounts(*TWO)})
    assert moves(made) == [("11", "9")]
    assert made.crm_only == {"customer": (2, 1)}
    (row,) = made.operations["customer"].iter_rows(named=True)
    assert (row["golden_id"], row["action"]) == ("g1", "update")
    assert row["after:credit_code"] == "91310000MA1FL0001X"


def test_planning_twice_gives_the_same_effect() -> None:
    """Moves are part of the effect: one more child changes it, another order does not."""
    some = children(("11", "people", "1"), ("11", "visits", "2"))
    sides = {"customer": accounts(*TWO)}
    first = merging(around=Around({"customer": some}), sides=sides)
    again = merging(around=Around({"customer": some.reverse()}), sides=sides)
    fewer = merging(around=Around({"customer": some.head(1)}), sides=sides)
    assert first.effect == again.effect
    assert len({first.effect, fewer.effect, merging(sides=sides).effect}) == 3


@pytest.mark.parametrize(("column", "value"), [("after", "12"), ("kind", "x"), ("row_key", "8")])
def test_altered_move_is_refused(column: str, value: str) -> None:
    """Before anything is written every move's digest and the effect are computed again."""
    made = merging(
        around=Around({"customer": children(("11", "people", "1"))}),
        sides={"customer": accounts(*TWO)},
    )
    mapping = TargetMapping(
        target="crm", entities={"customer": with_policy(ACCOUNTS, HARD), "contact": PEOPLE}
    )
    plan = Plan(
        header(effect=made.effect, treatments=made.treatments), made.operations, {}, made.moves
    )
    verify_plan(plan, mapping, digest_key=KEY, keys=Keys())
    assert made.moves is not None
    altered = made.moves.with_columns(pl.lit(value).alias(column))
    for other in (altered, altered.head(1), None):
        with pytest.raises(PlanRefused):
            verify_plan(replace(plan, moves=other), mapping, digest_key=KEY, keys=Keys())


def test_marked_rows_are_known_again() -> None:
    """A row counts as given up where it bears every mark and names the row that stayed."""
    mapping = with_policy(ACCOUNTS, SOFT)
    stored = pl.DataFrame(
        {"id": ["1", "2", "3"], "memo2": ["gone", "gone", None], "into_id": ["9", None, "9"]}
    )
    assert given_up(mapping, stored, None, lambda _c, v: v).to_list() == ["1"]


@pytest.mark.parametrize(
    "policy", [{}, {"mark": {"state": None}}, {"delete": True, "into": "x"}, {"delete": False}]
)
def test_policy_says_what_becomes_of_the_row(policy: dict[str, Any]) -> None:
    """Marked or deleted, one of the two."""
    with pytest.raises(ValidationError):
        MergePolicy.model_validate(policy)


def test_rollback_takes_back_what_still_stands() -> None:
    """Restored rows, and cells that still hold the key of the row that stayed; a group whose row
    can't come back is kept as a whole.
    """

    def line(group: str, kind: str, row_key: str, **more: Any) -> dict[str, Any]:
        column = "account_id" if kind == "reparent" else None
        given = {"group": group, "kind": kind, "row_key": row_key, "column": column, "row": "{}"}
        side = {"before": "11", "after": "9"} if column else {"after": "9"}
        said = {"deleted": not column, "there": bool(column), "as_left": True}
        return dict.fromkeys(TRAIL) | given | side | said | more

    trail = pl.DataFrame(
        [
            line("g1", "merge", "11"),
            line("g1", "reparent", "50"),
            line("g1", "reparent", "51", as_left=False),
            line("g2", "merge", "21", there=True),
            line("g2", "reparent", "60"),
        ],
        schema=TRAIL,
    )
    kept = kept_merges(trail)
    assert kept.rows() == [("g2", "key_taken")]
    ranks = pl.DataFrame(
        {"group": ["g1"], "rank": [3]}, schema={"group": pl.String, "rank": pl.Int64}
    )
    back = inverse_moves(trail, ranks, kept["group"], KEY)
    assert back is not None
    assert back.select("kind", "row_key", "before", "after", "rank").rows() == [
        ("reparent", "50", "9", "11", 3),
        ("unmerge", "11", "9", None, 3),
    ]


def test_both_rows_are_shown_masked_side_by_side() -> None:
    """Who approves sees which row stays and what both hold; telephones only in part (R-5.3)."""
    people_rows: list[dict[str, str | None]] = [
        {"id": "50", "account_id": "9", "full_name": "李雷", "mobile": "13800138000"},
        {"id": "51", "account_id": "9", "full_name": "李雷", "mobile": "13800138001"},
    ]
    contacts = people(*people_rows, linked={"50": "c1", "51": "c1"})
    contact: list[dict[str, str | None]] = [{"golden_id": "c1", "customer": "g1", "name": "李雷"}]
    made = merging(contacts=contact, sides={"customer": accounts(TWO[0]), "contact": contacts})
    names = Names(MODEL, policy(), "zh")
    mapping = TargetMapping(target="crm", entities={"contact": with_policy(PEOPLE, HARD)})
    (shown,) = moves_shown(made.moves, mapping, names)
    assert (shown.kept, shown.given_up) == ("50", "51")
    sides = {label: (stays, goes) for label, stays, goes in shown.sides}
    assert len(sides) == 2
    texts = "".join(a + b for a, b in sides.values())
    assert "13800138000" not in texts
    assert "13800138001" not in texts
    assert all(a != b for a, b in sides.values() if "138" in a)
