"""The inverse of a plan, on frames alone: which heap a row comes into, and what is put back."""

from typing import Any

import polars as pl
import pytest

from crm_migrate.plan.change import UNTOUCHED
from crm_migrate.plan.digest import precondition
from crm_migrate.plan.reversal import (
    BASE,
    IMAGE,
    REFERRING,
    Judged,
    Trail,
    choose,
    done_rows,
    hold_groups,
    hold_referred,
    judge,
)
from crm_migrate.plan.reversal_operations import operations_of
from crm_migrate.project.mapping_file import TargetEntity

KEY = b"d" * 32
MAPPING = TargetEntity.model_validate(
    {
        "table": "people",
        "key": "id",
        "fields": {
            "customer": "account_id",
            "name": "full_name",
            "id_number": {"column": "id_card", "index": "id_card_index"},
        },
    }
)
COLUMNS = ("account_id", "full_name", "id_card", "id_card_index", "note")


def digest(**cells: str | None) -> str:
    """Raw digest of a row: the mapped columns only."""
    return precondition(KEY, {c: cells.get(c) for c in ("account_id", "full_name", "id_card")})


def trail(
    entries: list[dict[str, Any]],
    rows: dict[str, dict[str, str | None]],
    base: list[dict[str, str | None]],
    images: list[dict[str, Any]] | None = None,
    operations: pl.DataFrame | None = None,
) -> Trail:
    """What plan `p1` did, by hand."""
    was = {f"was:{c}": pl.String for c in COLUMNS}
    opened = pl.DataFrame(
        [
            {n: i.get(n) for n in IMAGE} | {f"was:{c}": i["was"].get(c) for c in COLUMNS}
            for i in images or []
        ],
        schema={**IMAGE, **was},
    )
    ledger = pl.DataFrame(
        [{"group_id": e["golden_id"], "target_key": None, **e} for e in entries],
        schema=dict.fromkeys(("golden_id", "group_id", "result", "target_key"), pl.String),
    )
    if operations is None:
        operations = pl.DataFrame(schema={"golden_id": pl.String, "rank": pl.Int64})
    now = [{"_key": k, **{c: cells.get(c) for c in COLUMNS}} for k, cells in rows.items()]
    return Trail(
        mapping=MAPPING,
        columns=COLUMNS,
        references={"account_id": "customer"},
        done=done_rows("p1", ledger, operations, opened, MAPPING, KEY),
        images=opened,
        base=pl.DataFrame([{n: b.get(n) for n in BASE} for b in base], schema=BASE),
        rows=pl.DataFrame(now, schema=dict.fromkeys(("_key", *COLUMNS), pl.String)),
    )


def based(golden: str, key: str, plan: str = "p1", **cells: str | None) -> dict[str, str | None]:
    """A base row of a row with these cells."""
    return {
        "golden_id": golden,
        "target_key": key,
        "plan_id": plan,
        "raw_digest": digest(**cells),
    }


def reasons(judged: Judged) -> dict[str, str]:
    """Golden id → reason."""
    return dict(judged.rows.select("golden_id", "reason").iter_rows())


A: dict[str, str | None] = {"full_name": "甲", "account_id": "1"}
B: dict[str, str | None] = {"full_name": "乙", "account_id": "1"}


def test_what_was_created() -> None:
    """As it was left: deleted. Edited, gone, or written by a later plan: kept, and why."""
    entries = [
        {"golden_id": g, "result": "created", "target_key": k}
        for g, k in (("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5"))
    ]
    rows = {"1": {**A, "note": "未映射"}, "2": B, "4": A, "5": A}
    base = [
        based("a", "1", **A),
        based("b", "2", **A),
        based("c", "3", **A),
        based("d", "4", "p9", **A),
    ]
    found = judge(trail(entries, rows, base), KEY)
    assert reasons(found) == {
        "a": "taken_back",
        "b": "edited_since",
        "c": "gone",
        "d": "later_plan:p9",
        "e": "nothing_left",  # its base row went with an earlier rollback
    }


def test_an_update_is_turned_round() -> None:
    """Written columns alone get their old raw cells; blind indexes are not in the precondition."""
    now = {**A, "id_card": "sealed:new", "id_card_index": "i2"}
    image = {
        "golden_id": "a",
        "written": ["id_card", "id_card_index"],
        "was": {**A, "id_card": "sealed:old", "id_card_index": "i1"},
        "commitments": '{"name":"00"}',
        "raw_digest": digest(**{**A, "id_card": "sealed:old"}),
        "plan_id": "p0",
    }
    made = trail(
        [{"golden_id": "a", "result": "updated", "target_key": "1"}],
        {"1": now},
        [based("a", "1", **now)],
        [image],
    )
    (row,) = operations_of(judge(made, KEY), KEY).iter_rows(named=True)
    assert (row["action"], row["target_key"]) == ("update", "1")
    assert (row["after:id_card"], row["before:id_card"]) == ("sealed:old", "sealed:new")
    assert row["after:id_card_index"] == "i1"
    assert "after:full_name" not in row
    assert row["precondition"] == precondition(KEY, {"id_card": "sealed:new"})
    assert (row["base_plan"], row["commitments"]) == ("p0", '{"name":"00"}')
    assert row["base_digest"] is None


def test_edited_before_the_plan() -> None:
    """A row that differed from its base when the plan came will differ from it again."""
    image = {
        "golden_id": "a",
        "written": ["full_name"],
        "was": A,
        "commitments": "{}",
        "raw_digest": digest(full_name="早先"),
        "plan_id": "p0",
    }
    made = trail(
        [{"golden_id": "a", "result": "updated", "target_key": "1"}],
        {"1": B},
        [based("a", "1", **B)],
        [image],
    )
    operations = operations_of(judge(made, KEY), KEY)
    assert operations["base_digest"].to_list() == [digest(full_name="早先")]


def test_a_deleted_row_comes_back_whole() -> None:
    """What a rollback deleted is inserted again: all columns, its old key, its base row."""
    image = {
        "golden_id": "a",
        "written": list(COLUMNS),
        "was": {**A, "note": "未映射"},
        "commitments": "{}",
        "raw_digest": digest(**A),
        "plan_id": "p0",
    }
    operations = pl.DataFrame(
        {"golden_id": ["a"], "rank": [3], "base_plan": [None]},
        schema={"golden_id": pl.String, "rank": pl.Int64, "base_plan": pl.String},
    )
    entry = {"golden_id": "a", "result": "deleted", "target_key": "7"}
    made = trail([entry], {}, [], [image], operations)
    (row,) = operations_of(judge(made, KEY), KEY).iter_rows(named=True)
    assert (row["action"], row["target_key"], row["rank"]) == ("insert", "7", 3)
    assert (row["after:full_name"], row["after:note"]) == ("甲", "未映射")
    assert row["base_plan"] == "p0"
    taken = trail([entry], {"7": B}, [], [image], operations)
    assert reasons(judge(taken, KEY)) == {"a": "key_taken"}


def test_a_delete_names_the_whole_row() -> None:
    """The precondition of a delete covers all mapped cells; no cell is written."""
    made = trail(
        [{"golden_id": "a", "result": "created", "target_key": "1"}],
        {"1": A},
        [based("a", "1", **A)],
    )
    (row,) = operations_of(judge(made, KEY), KEY).iter_rows(named=True)
    assert row["precondition"] == digest(**A)
    assert {row[f"after:{c}"] for c in COLUMNS} == {UNTOUCHED}
    assert row["commitments"] is None


def test_adopted_rows_lose_their_base() -> None:
    """A row that was only adopted is left as it is, edited or not; its base row goes."""
    made = trail(
        [{"golden_id": "a", "result": "unchanged", "target_key": "1"}],
        {"1": B},
        [based("a", "1", **A)],
    )
    (row,) = operations_of(judge(made, KEY), KEY).iter_rows(named=True)
    assert (row["action"], row["adopt"], row["commitments"]) == ("unchanged", True, None)


def test_groups_stay_whole() -> None:
    """One kept row keeps its group; a group that is used by a kept one is kept, too."""
    entries = [
        {"golden_id": g, "group_id": q, "result": "created", "target_key": k}
        for g, q, k in (("a", "x", "1"), ("b", "x", "2"), ("c", "y", "3"), ("d", "z", "4"))
    ]
    rows = {"1": A, "2": B, "3": A, "4": A}
    base = [based(g, k, **A) for g, k in (("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"))]
    held = hold_groups({"contact": judge(trail(entries, rows, base), KEY)})
    assert reasons(held["contact"]) == {
        "a": "group_kept",
        "b": "edited_since",
        "c": "taken_back",
        "d": "taken_back",
    }
    # c is referred to by a row of group x, which stays; d by a row of c's group
    lines = [("contact", "c", "y", "x"), ("contact", "d", "z", "y")]
    referring = pl.DataFrame(lines, schema=REFERRING, orient="row")
    kept = hold_referred(held, referring)
    assert reasons(kept["contact"])["c"] == "in_use"
    assert reasons(kept["contact"])["d"] == "in_use"
    free = hold_referred(held, referring.filter(by="y"))
    assert reasons(free["contact"])["d"] == "taken_back"


@pytest.mark.parametrize(
    ("entities", "groups", "expected"),
    [
        ((), (), {"c1", "c2", "k1", "k2"}),
        (("contact",), (), {"k1", "k2"}),
        (("contact",), ("c2",), {"k2"}),
        ((), ("c2",), {"c2", "k2"}),
        (("customer",), ("c1",), {"c1", "k1"}),
    ],
)
def test_what_hangs_on_it_comes_along(
    entities: tuple[str, ...], groups: tuple[str, ...], expected: set[str]
) -> None:
    """Chosen by entity and customer; a contact whose customer goes is never left behind."""
    top: dict[str, str | None] = {"full_name": "甲公司"}
    above = trail(
        [{"golden_id": f"c{n}", "result": "created", "target_key": str(n)} for n in (1, 2)],
        {"1": top, "2": top},
        [based("c1", "1", **top), based("c2", "2", **top)],
    )
    cells = [{"full_name": "甲", "account_id": str(n)} for n in (1, 2)]
    below = trail(
        [
            {"golden_id": f"k{n}", "group_id": f"c{n}", "result": "created", "target_key": str(n)}
            for n in (1, 2)
        ],
        {"1": cells[0], "2": cells[1]},
        [based("k1", "1", **cells[0]), based("k2", "2", **cells[1])],
    )
    judged = {"customer": judge(above, KEY), "contact": judge(below, KEY)}
    found = choose(judged, entities=entities, groups=groups)
    assert {g for part in found.values() for g in part.rows["golden_id"]} == expected
    along = {g for part in found.values() for g, r in reasons(part).items() if r == "along"}
    assert along == ({"k1"} if entities == ("customer",) else set())
