"""The diff by columns against the rules told cell by cell, over arbitrary small tables."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_migrate.plan.change import UNTOUCHED
from crm_migrate.plan.commitments import as_text, commitments
from crm_migrate.plan.diff import diff_entity
from crm_migrate.plan.operations import with_digests
from tests.plan.crm import CUSTOMER, KEY, MODEL, Crm, frame, golden, no_base, rules

VALUE = st.sampled_from([None, "x", "y", "z"])
POLICY = {"name": "crm", "remark": "ask", "grade": "source"}
COLUMN = {"name": "account_name", "remark": "memo", "grade": "grade"}
CELL = st.tuples(VALUE, VALUE, VALUE)
"""Golden, present, base."""
ROW = st.tuples(st.booleans(), st.booleans(), CELL, CELL, CELL)
"""In the CRM, applied before, and the cells of the fields of POLICY."""


def expected(matched: bool, based: bool, cell: Any, policy: str) -> str:
    """What becomes of one cell, in the words of the design."""
    new, now, last = cell
    if new is None or (matched and new == now):
        return "none"
    if not matched:
        return "write"
    if not based or last is None:
        if now is None:
            return "write"
    elif now == last:
        return "write"
    elif new == last:
        return "keep"
    return {"crm": "keep", "source": "write", "ask": "conflict"}[policy]


def tables(rows: list[Any]) -> tuple[pl.DataFrame, Crm]:
    new, stored, linked, base = [], [], {}, []
    for n, (matched, based, *cells) in enumerate(rows):
        named = dict(zip(POLICY, cells, strict=True))
        id, key = f"g{n}", str(n + 1)
        new.append({"golden_id": id} | {f: c[0] for f, c in named.items()})
        if matched:
            stored.append({"id": key} | {COLUMN[f]: c[1] for f, c in named.items()})
            linked[key] = id
            if based:
                held = [
                    commitments(
                        KEY, "customer", f, pl.Series([id]), pl.Series([c[2]], dtype=pl.String)
                    )
                    for f, c in named.items()
                ]
                text = as_text(held)[0]
                base.append({"golden_id": id, "target_key": key, "commitments": text})
    crm = Crm(CUSTOMER, stored, linked, frame(base, no_base().columns))
    return golden(CUSTOMER, *new), crm


@settings(deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6))
def test_every_cell_is_decided_as_the_design_says(rows: list[Any]) -> None:
    """Golden null never erases; equal stays; three-way; policy; rows by their cells."""
    new, crm = tables(rows)
    found = diff_entity(CUSTOMER, MODEL, new, crm.side(), {}, rules()).operations
    by_id = {r["golden_id"]: r for r in found.to_dicts()}
    for n, (matched, based, *cells) in enumerate(rows):
        row = by_id[f"g{n}"]
        fate = {
            f: expected(matched, based, c, p)
            for (f, p), c in zip(POLICY.items(), cells, strict=True)
        }
        written = {f for f in POLICY if row.get(f"after:{COLUMN[f]}", UNTOUCHED) != UNTOUCHED}
        assert written == {f for f, what in fate.items() if what == "write"}
        conflicts = {f for f, what in fate.items() if what == "conflict"}
        assert set(filter(None, (row["conflicts"] or "").split(";"))) == conflicts
        action = "insert" if not matched else "update" if written else ""
        assert row["action"] == (action or ("conflict" if conflicts else "unchanged"))
        assert (row["precondition"] is not None) == (row["action"] == "update")
        assert row["adopt"] == (row["action"] == "unchanged" and not based)
        for field, cell in zip(POLICY, cells, strict=True):
            if field in written:
                assert row[f"after:{COLUMN[field]}"] == cell[0]
                assert row[f"before:{COLUMN[field]}"] == (cell[1] if matched else None)


@settings(deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6), st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[Any], random: Any) -> None:
    """The same operations and digests from shuffled tables."""
    new, crm = tables(rows)

    def digested() -> pl.DataFrame:
        side = crm.side()
        found = diff_entity(CUSTOMER, MODEL, new, side, {}, rules())
        return with_digests(KEY, "customer", found.operations, side.mapping, {})

    first = digested()
    order = list(range(len(rows)))
    random.shuffle(order)
    new = new[order]
    random.shuffle(crm.rows)
    again = digested()
    assert first.equals(again.select(first.columns))
