"""Whatever was loaded and whatever people did since: what nobody touched is as before (R-6.3)."""

import sqlite3
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm_migrate.plan.change import Plan
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import create_crm, insert, plan_of, sql, unchanged, update
from tests.loading.test_apply import company, run
from tests.loading.test_rollback import actions, taking_back

OLD = 4
"""Rows that stand in the CRM before the plan; the plan creates others with keys above."""
Rows = dict[tuple[str, str], tuple[object, ...]]

customers = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["new", "update", "adopt"]),
            "parent": st.none() | st.integers(0, 5),
            "contacts": st.integers(0, 2),
            "contract": st.booleans(),
        }
    ),
    min_size=1,
    max_size=6,
)
edits = st.lists(
    st.tuples(
        st.sampled_from(["edit", "delete", "child", "contact", "daughter"]), st.integers(0, 20)
    ),
    max_size=3,
)


def plan_for(target: SqliteTarget, drawn: list[dict[str, object]]) -> Plan:
    """Each customer is new, or one of the old ones, updated or adopted; parents come before."""
    old = iter(range(1, OLD + 1))
    operations: dict[str, list[dict[str, object]]] = {"customer": [], "contact": [], "contract": []}
    depth: list[int] = []
    for n, wish in enumerate(drawn):
        key = next(old, None) if wish["kind"] != "new" else None
        parent = wish["parent"]
        above = int(str(parent)) if parent is not None and int(str(parent)) < n else None
        cells = {} if above is None else {"parent_id": f"@c{above}"}
        depth.append(1 if above is None else depth[above] + 1)
        rank = {"rank": depth[n]}
        if key is None:
            operations["customer"].append(company(f"c{n}", f"第{n}号新客户", **cells) | rank)
        elif wish["kind"] == "update":
            row = update(f"c{n}", str(key), budget=str(n), **cells) | rank
            operations["customer"].append(row)
        else:
            operations["customer"].append(unchanged(f"c{n}", str(key)) | rank)
        for m in range(int(str(wish["contacts"]))):
            contact = insert(f"k{n}.{m}", f"c{n}", account_id=f"@c{n}", name=f"联系人{m}")
            operations["contact"].append(contact | rank)
        if wish["contract"]:
            contract = insert(f"t{n}", f"c{n}", account_id=f"@c{n}", amount=str(n))
            operations["contract"].append(contract | rank)
    return plan_of(target, operations)


def disturb(file: Path, what: str, number: int) -> None:
    """What somebody does in the CRM; nothing where there is no such row."""
    keys = [k for (k,) in sql(file, "SELECT id FROM accounts ORDER BY id")]
    key = keys[number % len(keys)]
    contacts = [k for (k,) in sql(file, "SELECT id FROM contacts ORDER BY id")]
    if what == "edit":
        sql(file, "UPDATE accounts SET department = '人工' WHERE id = ?", key)
    elif what == "child":
        sql(file, "INSERT OR IGNORE INTO contacts (account_id, name) VALUES (?, '后来的人')", key)
    elif what == "daughter":
        sql(
            file,
            "INSERT OR IGNORE INTO accounts (name, parent_id) VALUES (?, ?)",
            f"后来 {number}",
            key,
        )
    elif what == "contact" and contacts:
        sql(
            file,
            "UPDATE contacts SET name = name || '!' WHERE id = ?",
            contacts[number % len(contacts)],
        )
    elif what == "delete" and contacts:
        sql(file, "DELETE FROM contacts WHERE id = ?", contacts[number % len(contacts)])


def rows_of(file: Path) -> Rows:
    """Table and key → cells, but for the counter that a trigger of the CRM keeps."""
    found: Rows = {}
    for table in ("accounts", "contacts", "contracts"):
        for row in sql(file, f"SELECT * FROM {table}"):
            found[table, str(row[0])] = row[:-1] if table == "accounts" else row
    return found


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(customers, edits)
def test_rollback_restores_what_nobody_touched(
    drawn: list[dict[str, object]], done: list[tuple[str, int]]
) -> None:
    """Rows of groups taken back are as before, all others as people left them; counts add up."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "crm.db"
        target = create_crm(file)
        for key in range(1, OLD + 1):
            sql(file, "INSERT INTO accounts (id, name, budget) VALUES (?, ?, 7)", key, f"老{key}")
        before = rows_of(file)
        plan = plan_for(target, drawn)
        run(plan, target)
        loaded = rows_of(file)
        for what, number in done:
            disturb(file, what, number)
        left = rows_of(file)
        back = taking_back(plan, target)
        applied = run(back, target)
        assert applied.adds_up
        assert applied.verified.ok
        assert applied.left.is_empty()
        now = rows_of(file)
        edited = {at for at in left | loaded if left.get(at) != loaded.get(at)}
        names = {"customer": "accounts", "contact": "contacts", "contract": "contracts"}
        keys = {
            (names[e], str(r["target_key"])): found
            for (e, g), found in actions(back).items()
            for r in back.operations[e].filter(golden_id=g).iter_rows(named=True)
        }
        for at in loaded | left | now:
            action, reason = keys.get(at, ("", ""))
            if action in ("delete", "update"):
                assert at not in edited
                assert now.get(at) == before.get(at)
            else:
                assert now.get(at) == left.get(at)
            if reason == "edited_since":
                assert at in edited
        if not edited:
            assert now == before
        _assert_sound(file)


def _assert_sound(file: Path) -> None:
    """No row refers to one that is gone."""
    connection = sqlite3.connect(file)
    try:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()
