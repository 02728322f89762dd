"""The diff by columns against the rules told cell by cell, over arbitrary small tables."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_migrate.plan.change import UNTOUCHED
from crm_migrate.plan.commitments import as_text, commitments
from crm_migrate.plan.diff import entity
from crm_migrate.plan.diff.entity import diff_entity
from crm_migrate.plan.operations import with_digests
from tests.plan.crm import CUSTOMER, KEY, MODEL, Crm, applied, frame, golden, no_base, rules

VALUE = st.sampled_from([None, "x", "y", "z"])
POLICY = {"name": "crm", "remark": "ask", "grade": "source"}
COLUMN = {"name": "account_name", "remark": "memo", "grade": "grade"}
CELL = st.tuples(VALUE, VALUE, VALUE)
"""Golden, present, base."""
ROW = st.tuples(st.booleans(), st.booleans(), CELL, CELL, CELL)
"""In the CRM, applied before, and the cells of the fields of POLICY."""


def expected(matched: bool, based: bool, cell: Any, policy: str) -> str:
    """What becomes of one cell, said another way than the code does."""
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


STEP = st.tuples(VALUE, VALUE, VALUE)
"""What was applied, golden value now, and the CRM's value now (`same`: as it was applied)."""


def applied_and_since(rows: list[Any]) -> tuple[pl.DataFrame, Crm]:
    """A CRM to which records were applied, then edited by people, and the sources' new records."""
    then = [{"golden_id": f"g{n}", "name": "n", "remark": row[0]} for n, row in enumerate(rows)]
    crm = Crm(CUSTOMER)
    operations = diff_entity(CUSTOMER, MODEL, golden(CUSTOMER, *then), crm.side(), {}, rules())
    crm.rows = [
        {"id": str(n + 1), "account_name": "n", "memo": row[0]} for n, row in enumerate(rows)
    ]
    crm.linked = {str(n + 1): f"g{n}" for n in range(len(rows))}
    crm.base = applied(crm, CUSTOMER, operations.operations)
    for cells, (_, _, edited) in zip(crm.rows, rows, strict=True):
        if edited is not None:
            cells["memo"] = edited
    now = [{"golden_id": f"g{n}", "name": "n", "remark": row[1]} for n, row in enumerate(rows)]
    return golden(CUSTOMER, *now), crm


@settings(deadline=None)
@given(st.lists(STEP, min_size=1, max_size=8))
def test_what_is_told_by_digests_is_what_comparing_every_cell_finds(rows: list[Any]) -> None:
    """Records of which nothing moved are passed over; the rest is as a full compare has it."""
    new, crm = applied_and_since(rows)
    side = crm.side()
    quick = diff_entity(CUSTOMER, MODEL, new, side, {}, rules())
    # Without the commitments of whole records every cell has to be compared.
    whole = side.base.with_columns(pl.col("commitments").str.head(-16) + "-" * 16)
    full = diff_entity(CUSTOMER, MODEL, new, replace(side, base=whole), {}, rules())
    unmoved = sum(then == now and (then == edited or edited is None) for then, now, edited in rows)
    assert quick.heads["_n"].null_count() == unmoved
    assert full.heads["_n"].null_count() == 0
    assert quick.operations.equals(full.operations.select(quick.operations.columns))
    assert quick.notes.equals(full.notes)
    assert quick.standing.records.equals(full.standing.records)


@settings(deadline=None)
@given(st.lists(ROW, min_size=1, max_size=7), st.integers(1, 3))
def test_slices_change_nothing(rows: list[Any], size: int) -> None:
    """The operations and their digests are the same however few records lie in memory at once."""
    new, crm = tables(rows)
    side = crm.side()
    found = []
    for records in (entity.SLICE, size):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(entity, "SLICE", records)
            made = diff_entity(CUSTOMER, MODEL, new, side, {}, rules())
            parts = list(made.parts())
            assert max(p.height for p in parts) <= records
            found.append(with_digests(KEY, "customer", pl.concat(parts), side.mapping, {}))
    assert found[0].equals(found[1])
