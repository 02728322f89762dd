"""Which operations are shown: risky ones first and all of them, the rest page by page."""

from dataclasses import replace

import polars as pl
import pytest

from crm_migrate.plan.change import AFTER, Action, Plan
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.header import EntityCounts
from crm_migrate.plan.show import choice as choosing
from crm_migrate.plan.show.choice import Choice, chosen, listed
from tests.plan.in_memory import InMemory, held_back
from tests.plan.plans import header

ACTIONS = {
    Action.INSERT: 40, Action.UPDATE: 20, Action.DELETE: 3, Action.SKIP: 10, Action.CONFLICT: 5,
    Action.UNCHANGED: 30,
}  # fmt: skip


def plan() -> Opened:
    """Customers of all actions, shuffled; half of the skipped ones lie outside of a pilot."""
    rows = [str(a) for a, n in ACTIONS.items() for _ in range(n)]
    frame = pl.DataFrame({"action": rows}).with_row_index("n")
    frame = frame.sample(fraction=1.0, shuffle=True, seed=1).with_row_index("m")
    number = pl.col("m").cast(pl.String).str.zfill(3)
    outside = (pl.col("action") == "skip") & (pl.col("n") % 2 == 0)
    frame = frame.select(
        "action",
        golden_id="g" + number,
        group="g" + (pl.col("m") // 2 * 2).cast(pl.String).str.zfill(3),
        reason=pl.when(outside).then(pl.lit("outside_scope")).otherwise(pl.lit("new")),
        **{f"{AFTER}name": number},
    )
    counts = EntityCounts(108, 108, 0, **{str(a): n for a, n in ACTIONS.items()})
    made = header(counts={"customer": counts}, held=held_back({"customer": frame}))
    return InMemory(Plan(made, {"customer": frame}, {}))


def actions(frame: pl.DataFrame) -> list[str]:
    return frame["action"].unique(maintain_order=True).to_list()


def test_risks_lead_and_what_lies_outside_is_not_listed() -> None:
    """Conflicts, then what is left out; rows outside of a pilot are counted, not listed."""
    found = chosen(plan(), "customer", Choice())
    assert actions(found.operations) == ["conflict", "skip", "delete", "update", "insert"]
    assert found.total == found.operations.height == 5 + 5 + 3 + 20 + 40
    assert found.others == 63
    assert "outside_scope" not in found.operations["reason"].to_list()


def test_all_risky_ones_are_shown_and_only_some_of_the_others() -> None:
    """However little room there is for the rest."""
    found = chosen(plan(), "customer", Choice(), room=4)
    assert (found.operations.height, found.others, found.total) == (14, 4, 73)
    assert choosing.SHOWN_OTHERS == 50_000


@pytest.mark.parametrize("action", [None, "insert", "skip"])
def test_pages_hold_everything_once(action: str | None) -> None:
    """The pages of a choice together are the choice, in its order."""
    whole = chosen(plan(), "customer", Choice(action=action))
    size = 7
    pages = [
        chosen(plan(), "customer", Choice(action=action, page=n, size=size)).operations
        for n in range(1, -(-whole.total // size) + 2)
    ]
    assert pages[-1].is_empty()
    assert pl.concat(pages).equals(whole.operations)


def test_a_group_is_shown_with_what_lies_outside() -> None:
    """`--customer`: all that hangs on it, whatever becomes of it; other entities by choice."""
    group = plan().operations("customer").filter(pl.col("reason") == "outside_scope").collect()
    found = chosen(plan(), "customer", Choice(groups=(group["group"][0],), outside=True))
    assert group["golden_id"][0] in found.operations["golden_id"].to_list()
    assert chosen(plan(), "customer", Choice(entity="contact")).total == 0


@pytest.mark.parametrize("action", [None, *map(str, ACTIONS)])
def test_the_header_alone_knows_how_many_there_are(action: str | None) -> None:
    """A summary needs no operation: counts and reasons of the header say the same."""
    opened = plan()
    if action == "unchanged":
        assert listed(opened.header, "customer", action) == 0
    else:
        assert (
            listed(opened.header, "customer", action)
            == chosen(opened, "customer", Choice(action=action)).total
        )
    nothing = chosen(opened, "customer", replace(Choice(action=action), size=0))
    assert nothing.operations.is_empty()


def test_large_plans_are_shown_in_part() -> None:
    """Up to 50,000 operations without risk are all listed; of more, 10,000; groups are whole."""
    header = plan().header
    for written, room in ((50_000, 50_000), (50_001, 10_000)):
        counts = {"customer": EntityCounts(insert=written)}
        large = replace(header, counts=counts)
        assert choosing.room_for(large, Choice()) == room
        assert choosing.room_for(large, Choice(groups=("g1",))) == 50_000
