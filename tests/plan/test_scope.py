"""Scopes: what a pilot takes along, what an exclusion leaves out, and that nothing dangles."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_migrate.language import Text
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED
from crm_migrate.plan.scope import Scope, confine
from tests.plan.plans import planned

PARENT, OWNER = "parent_id", "account_id"
COLUMNS = {"customer": [PARENT], "contact": [OWNER]}
LIVE = ("insert", "update")
Row = tuple[str, str, str, str | None]
"""golden id, group, action, the golden id that the row refers to"""


def scope(only: list[str] | None = None, without: list[str] | None = None) -> Scope:
    ids = None if only is None else pl.Series(only, dtype=pl.String)
    return Scope(Text("some", "部分"), ids, pl.Series(without or [], dtype=pl.String))


def operations(rows: list[Row], column: str) -> pl.DataFrame:
    written = [r[2] in LIVE for r in rows]
    text = {"group": [r[1] for r in rows], "action": [r[2] for r in rows]}
    cells = [f"@{r[3]}" if r[3] and w else UNTOUCHED for r, w in zip(rows, written, strict=True)]
    frame = pl.DataFrame({"golden_id": [r[0] for r in rows], **text}, orient="col")
    return frame.cast(pl.String).with_columns(
        reason=pl.lit("new"),
        conflicts=pl.lit(None, pl.String),
        precondition=pl.lit("p"),
        commitments=pl.lit("{}"),
        adopt=pl.col("action") == "unchanged",
        **{BEFORE + column: pl.lit("1"), AFTER + column: pl.Series(cells, dtype=pl.String)},
    )


def outcome(found: dict[str, pl.DataFrame]) -> dict[str, tuple[str, str]]:
    frames = [f.select("golden_id", "action", "reason") for f in found.values()]
    return {g: (a, r) for g, a, r in pl.concat(frames).iter_rows()}


def test_a_new_parent_comes_along_but_not_its_contacts() -> None:
    """R-6.2: a pilot group's new parent is loaded with it; the parent's own children wait."""
    customers: list[Row] = [
        ("a", "a", "insert", "b"),
        ("b", "b", "insert", "c"),
        ("c", "c", "update", None),
        ("d", "d", "insert", None),
    ]
    contacts: list[Row] = [("x", "a", "insert", "a"), ("y", "b", "insert", "b")]
    frames = {"customer": operations(customers, PARENT), "contact": operations(contacts, OWNER)}
    found = outcome(confine(frames, COLUMNS, scope(only=["a"])))
    live = {g for g, (action, _) in found.items() if action in LIVE}
    assert live == {"a", "b", "x"}
    assert found["d"] == ("skip", "outside_scope")
    assert found["y"] == ("skip", "outside_scope")
    assert found["c"] == ("skip", "outside_scope"), "it stands: nothing of it is needed"


def test_what_people_excluded_takes_its_new_children_out_of_the_plan() -> None:
    """An excluded new parent never comes along; what would refer to it waits, all the way."""
    customers: list[Row] = [
        ("a", "a", "insert", None),
        ("b", "b", "insert", "a"),
        ("c", "c", "update", "b"),
        ("d", "d", "insert", None),
    ]
    contacts: list[Row] = [("x", "b", "insert", "b"), ("y", "d", "insert", "d")]
    frames = {"customer": operations(customers, PARENT), "contact": operations(contacts, OWNER)}
    for chosen in (scope(without=["a"]), scope(only=["b", "c", "d"], without=["a"])):
        found = outcome(confine(frames, COLUMNS, chosen))
        assert found["a"] == ("skip", "excluded")
        assert [found[g] for g in "bcx"] == [("skip", "parent_waits")] * 3
        assert [found[g][0] for g in "dy"] == ["insert"] * 2


def test_what_is_left_out_carries_no_cells() -> None:
    """A skipped row writes nothing, takes nothing over and shows nothing of another department."""
    rows: list[Row] = [("a", "a", "update", None), ("b", "b", "unchanged", None)]
    frame = confine({"customer": operations(rows, PARENT)}, COLUMNS, scope(only=[]))["customer"]
    assert frame["action"].to_list() == ["skip", "unchanged"]
    assert frame["reason"].to_list() == ["outside_scope", "new"]
    assert frame[AFTER + PARENT].to_list() == [UNTOUCHED] * 2
    assert frame[BEFORE + PARENT].null_count() == 2
    assert not frame["adopt"].any()


IDS = [f"g{n}" for n in range(8)]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, pl.DataFrame], Scope]:
    """Customers under parents (no circles), contacts under customers, and any scope."""
    action = st.sampled_from(["insert", "update", "unchanged", "conflict", "skip"])
    customers: list[Row] = []
    for place, golden in enumerate(IDS):
        known = [c[0] for c in customers if c[2] != "skip"]
        parent = draw(st.sampled_from([None, *known])) if place else None
        customers.append((golden, golden, draw(action), parent))
    standing = [c[0] for c in customers if c[2] != "skip"]
    contacts: list[Row] = []
    for place in range(draw(st.integers(0, 8)) if standing else 0):
        owner = draw(st.sampled_from(standing))
        contacts.append((f"c{place}", owner, draw(action), owner))
    some = st.lists(st.sampled_from(IDS), unique=True)
    chosen = scope(draw(st.none() | some), draw(some))
    frames = {"customer": operations(customers, PARENT), "contact": operations(contacts, OWNER)}
    return frames, chosen


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_nothing_dangles_and_counts_add_up(world: tuple[dict[str, pl.DataFrame], Scope]) -> None:
    """Whatever the scope: what is written refers to rows that stand or are written, too."""
    frames, chosen = world
    found = confine(frames, COLUMNS, chosen)
    before, after = outcome(frames), outcome(found)
    assert before.keys() == after.keys()
    for golden, (action, _) in before.items():
        assert after[golden][0] in (action, "skip")
        if action == "unchanged":
            assert after[golden] == before[golden]
    groups = {g: n for f in found.values() for g, n in f.select("golden_id", "group").iter_rows()}
    excluded = set(chosen.without)
    inside = set(IDS) if chosen.only is None else set(chosen.only)
    for golden, (action, _) in after.items():
        if action in LIVE:
            assert groups[golden] not in excluded
            assert groups[golden] in inside or before[golden][0] == "insert"
        elif groups[golden] in inside - excluded and before[golden][0] in LIVE:
            assert after[golden] == ("skip", "parent_waits")
    for frame in found.values():
        column = next(c for c in frame.columns if c.startswith(AFTER))
        for golden, cell in frame.select("golden_id", column).iter_rows():
            if after[golden][0] in LIVE and cell.startswith("@"):
                needed = cell[1:]
                assert before[needed][0] != "insert" or after[needed][0] == "insert"


def test_a_confined_plan_has_an_effect_of_its_own() -> None:
    """What is left out is no part of the effect; a scope that holds everything changes nothing."""
    everything = planned()
    assert planned(scope=scope(only=["g1", "g2"])).effect == everything.effect
    pilot = planned(scope=scope(only=["g1"]))
    assert pilot.effect != everything.effect
    assert pilot.effect == planned(scope=scope(without=["g2"])).effect
    assert dict(pilot.operations["contact"].select("golden_id", "action").iter_rows()) == {
        "c1": "insert",
        "c2": "skip",
    }
    assert pilot.notes.equals(everything.notes)


def test_the_digest_of_a_scope_is_its_ids() -> None:
    """The same customers in any order are the same scope; other ones are another."""
    assert scope(["a", "b"]).digest() == scope(["b", "a", "a"]).digest()
    told = {scope(*a).digest() for a in (([],), (["a"],), (None,), (None, ["a"]), (["a"], ["a"]))}
    assert len(told) == 5
