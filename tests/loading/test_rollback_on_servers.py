"""A rollback taken back on database servers: rows stand again under their old keys (R-6.3)."""

from tests.loading.test_apply import first_plan, run
from tests.loading.test_on_servers import Crm, crm
from tests.loading.test_rollback import actions, done, taking_back

__all__ = ["crm"]

KEYS = "SELECT id, name, parent_id FROM accounts ORDER BY id"


def test_back_and_forth(crm: Crm) -> None:
    """Loaded, taken back, loaded again with the same keys, and taken back once more."""
    before = crm.contents()
    plan = first_plan(crm.target)
    run(plan, crm.target)
    loaded, keys = crm.contents(), crm.run(KEYS)
    back = taking_back(plan, crm.target)
    assert done(run(back, crm.target))["deleted"] == 5
    assert crm.contents() == before
    again = taking_back(back, crm.target, "r2")
    counts = run(again, crm.target)
    assert done(counts)["created"] == 5
    assert counts.verified.ok
    assert crm.contents() == loaded
    assert crm.run(KEYS) == keys
    run(taking_back(plan, crm.target, "r3"), crm.target)
    assert crm.contents() == before


def test_new_rows_never_get_an_old_key(crm: Crm) -> None:
    """What somebody enters after a rollback leaves the keys of deleted rows free, or is told."""
    plan = first_plan(crm.target)
    run(plan, crm.target)
    back = taking_back(plan, crm.target)
    run(back, crm.target)
    crm.run("INSERT INTO accounts (id, name) VALUES (900, '后来的公司')")
    again = taking_back(back, crm.target, "r2")
    assert {a for a, _ in actions(again).values()} == {"insert"}
    assert run(again, crm.target).verified.ok


def test_children_of_others_keep_a_customer(crm: Crm) -> None:
    """A contact that somebody added since keeps the customer, by the server's own foreign key."""
    plan = first_plan(crm.target)
    run(plan, crm.target)
    key = crm.run("SELECT id FROM accounts WHERE name = '远山机械苏州分公司'")[0][0]
    crm.run(f"INSERT INTO contacts (id, account_id, name) VALUES (900, {key}, '后来的人')")
    found = actions(taking_back(plan, crm.target))
    assert found["customer", "c2"] == ("skip", "in_use")
    assert found["customer", "c1"] == ("skip", "in_use")
