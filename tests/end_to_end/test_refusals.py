"""A plan that may not go on is refused with a reason and exit code 1, and nothing is written."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from crm_migrate.trust.people import add, found
from crm_migrate.trust.person_keys import create_person
from crm_migrate.trust.roles import Role
from crm_migrate.trust.trust_file import load, save
from crm_migrate.trust.wrapping import Unprotected
from tests.end_to_end.conftest import ADMINISTRATOR, APPROVER, OPERATOR, Demo, Ran
from tests.end_to_end.contents import business_rows

APPLY = ("apply", "latest", "--as", OPERATOR)
APPROVE = ("approve", "latest", "--as", APPROVER, "--reason", "checked")


def refused(small: Demo, *arguments: str) -> Ran:
    """Run a verb that must be refused; the target's bytes and its folder stay as they are."""
    before = {p.name: p.read_bytes() for p in small.target.parent.iterdir()}
    ran = small.run(*arguments)
    assert ran.code == 1, ran.said
    assert ran.error["message"] in ran.said
    assert {p.name: p.read_bytes() for p in small.target.parent.iterdir()} == before
    return ran


def test_unapproved(small: Demo) -> None:
    """R-8.3: nothing is applied that nobody approved."""
    small.at("planned")
    assert refused(small, *APPLY).error["code"] == "refused"


@pytest.mark.parametrize("person", [OPERATOR, APPROVER])
def test_self_approved(small: Demo, person: str) -> None:
    """R-8.3: the author can't approve, and no role both plans and approves."""
    small.at("keys")
    if person == APPROVER:  # an approver may not even make a plan
        assert small.run("plan", "--as", APPROVER).code == 1
        return
    small.at("planned")
    ran = refused(small, "approve", "latest", "--as", OPERATOR, "--reason", "mine")
    assert ran.error["code"] in ("refused", "key")
    assert refused(small, *APPLY).error["code"] == "refused"


def test_replaced_trust_file(small: Demo) -> None:
    """R-8.3: a trust file made anew, sound in itself, is refused: the journal names another."""
    small.at("planned")
    path = small.state / "trust.json"
    old = load(path)
    keyring = small.state / "keyring"
    person, signer = create_person(keyring, "ghost", "", Role.APPROVER, "", Unprotected())
    alone = found(person, signer, old.journal_key)
    save(path, add(add(alone, old.people[0], signer), old.people[1], signer))
    ran = refused(small, "approve", "latest", "--as", "ghost", "--reason", "forged")
    assert ran.error["code"] == "integrity"
    refused(small, *APPLY)


def test_added_approver(small: Demo) -> None:
    """Who was added as the trust file says may approve; only an administrator may add somebody."""
    small.at("planned")
    add_person = ("keys", "add-person", "wu:approver", "--no-passphrase", "--by")
    refused(small, *add_person, APPROVER)
    refused(small, *add_person, OPERATOR)
    small.ok(*add_person, ADMINISTRATOR)
    assert small.ok("approve", "latest", "--as", "wu", "--reason", "checked")["state"] == "approved"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("crm-migrate.yaml", "stale_limit: 0.01", "stale_limit: 1.0"),
        ("mappings/target.yaml", "{table: users, match: full_name", "{table: users, match: id"),
    ],
)
def test_changed_project(small: Demo, file: str, old: str, new: str) -> None:
    """R-6.3: what was approved under one mapping and limit is not applied under another."""
    small.at("approved")
    path = small.root / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert refused(small, *APPLY).error["code"] == "refused"
    path.write_text(text, encoding="utf-8")
    small.ok(*APPLY)


def test_damaged_decision(small: Demo) -> None:
    """R-8.3: what is no signed decision is told as such, without a traceback."""
    small.at("approved")
    connection = sqlite3.connect(small.state / "state.db")
    with connection:
        connection.execute("UPDATE approvals SET signature = '{'")
    connection.close()
    assert refused(small, *APPLY).error["code"] == "integrity"


def test_run_that_is_gone(small: Demo) -> None:
    """An apply whose ids could not be kept is not begun; a plan begins afresh."""
    small.at("approved")
    for manifest in (small.state / "runs").glob("*/run.json"):
        manifest.write_bytes(b"{}")
    refused(small, *APPLY)
    small.ok("plan", "--as", OPERATOR)
    applied = small.ok(*APPLY)  # the same effect and evidence: the approval stands
    assert applied["verified"] is True


def test_journal_that_is_gone(small: Demo) -> None:
    """R-7.1: a journal, or its checkpoint, taken away is told; nothing is written without them."""
    small.at("approved")
    journal = small.root / "audit" / "journal.jsonl"
    checkpoint = journal.with_name("journal.jsonl.checkpoint")
    checkpoint.unlink()
    assert small.run("audit", "verify").data["result"] == "FORKED"
    refused(small, *APPLY)
    journal.unlink()
    assert refused(small, *APPLY).error["code"] == "integrity"


def test_in_the_name_of_somebody_else(small: Demo) -> None:
    """R-8.3: without a person's key nobody plans or applies in that name."""
    small.at("approved")
    (small.state / "keyring" / f"{OPERATOR}.json").unlink()
    assert refused(small, "plan", "--as", OPERATOR).error["code"] == "not-found"
    assert refused(small, *APPLY).error["code"] == "not-found"


def test_no_sandbox_approval_on_a_real_target(small: Demo) -> None:
    """Self-approval belongs to sandboxes."""
    small.at("planned")
    assert small.run("approve", "latest", "--sandbox").code == 2
    refused(small, *APPLY)


def test_rejected(small: Demo) -> None:
    """A rejected plan is not applied."""
    small.at("planned")
    small.ok("reject", "latest", "--as", APPROVER, "--reason", "wrong owners")
    assert refused(small, *APPLY).error["code"] == "refused"


def test_used_twice(small: Demo) -> None:
    """R-6.3: an approval is used once; the target itself knows."""
    small.at("applied")
    assert refused(small, *APPLY).error["code"] == "refused"


def test_used_twice_with_an_older_state(small: Demo) -> None:
    """The run state put back from before the apply deceives nobody: the target's ledger decides."""
    small.at("applied")
    target = small.target.read_bytes()
    small.at("approved")
    small.target.write_bytes(target)
    before = business_rows(small.target)
    ran = small.run(*APPLY)
    assert ran.code == 1, ran.said
    assert ran.error["code"] == "refused"
    assert business_rows(small.target) == before


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def flip_middle(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def flip_near_end(data: bytes) -> bytes:
    return data[:-1500] + bytes([data[-1500] ^ 0x40]) + data[-1499:]


@pytest.mark.parametrize("alter", [cut, flip_middle, flip_near_end])
def test_altered_plan_file(small: Demo, alter: Callable[[bytes], bytes]) -> None:
    """R-6.3: a plan file of which a bit was changed is not applied."""
    small.at("approved")
    (path,) = (small.root / "audit").rglob("*.crmplan")
    path.chmod(0o600)
    path.write_bytes(alter(path.read_bytes()))
    assert refused(small, *APPLY).error["code"] in ("integrity", "refused")


@pytest.mark.parametrize(
    "drift",
    [
        "ALTER TABLE accounts ADD COLUMN region TEXT",
        "DROP TRIGGER accounts_stamp",
    ],
)
def test_drifted_schema(small: Demo, drift: str) -> None:
    """R-6.3: a target whose structure changed since planning is left alone."""
    small.at("approved")
    with sqlite3.connect(small.target) as crm:
        crm.execute(drift)
    crm.close()
    assert refused(small, *APPLY).error["code"] == "refused"


def test_too_many_rows_changed_since(small: Demo) -> None:
    """More stale groups than the approval puts up with, and nothing is written."""
    small.at("approved")
    with sqlite3.connect(small.target) as crm:
        crm.execute("UPDATE accounts SET bank_branch = 'edited', short_title = 'edited',"
                    " web = 'edited', mail = 'edited@x.example', note = 'edited'")  # fmt: skip
    crm.close()
    ran = small.run(*APPLY)
    assert (ran.code, ran.error["code"]) == (1, "refused")
    with sqlite3.connect(small.target) as crm:
        edited = crm.execute("SELECT count(*) FROM accounts WHERE web IS NOT 'edited'").fetchone()
        assert edited == (0,)
    crm.close()


def test_one_edited_row_is_left_and_said(small: Demo) -> None:
    """A single row edited since planning is skipped with its group, counted, and keeps its edit."""
    small.at("approved")
    whole = small.said["applied"].data["applied"]["customer"]
    after = sqlite3.connect(small.snapshots / "applied" / "crm" / "crm.db")
    filled = {k for (k,) in after.execute("SELECT id FROM accounts WHERE bank_branch IS NOT NULL")}
    after.close()
    with sqlite3.connect(small.target) as crm:
        empty = crm.execute("SELECT id FROM accounts WHERE bank_branch IS NULL").fetchall()
        planned = min(key for (key,) in empty if key in filled)
        edit = "UPDATE accounts SET bank_branch = 'edited by hand' WHERE id = ?"
        assert crm.execute(edit, (planned,)).rowcount == 1
    crm.close()
    done = small.ok(*APPLY)
    assert done["applied"]["customer"]["updated"] == whole["updated"] - 1
    assert done["applied"]["customer"]["skipped"] == whole["skipped"] + 1
    assert done["verified"] is True
    with sqlite3.connect(small.target) as crm:
        count = crm.execute("SELECT count(*) FROM accounts WHERE bank_branch = 'edited by hand'")
        assert count.fetchone() == (1,)
    crm.close()


def test_expired(small: Demo) -> None:
    """R-8.3: an approval holds until its expiry; a clock is handed in, none is turned."""
    from crm_migrate.errors import PlanRefused
    from crm_migrate.pipeline import apply_plan, decide, open_session
    from crm_migrate.project import load_project

    project = load_project(small.at("approved").root)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=8)
    before = small.target.read_bytes()
    session = open_session(project, clock=lambda: later)
    try:
        with pytest.raises(PlanRefused):
            apply_plan(session, "latest", by=OPERATOR)
        with pytest.raises(PlanRefused):
            decide(session, "latest", "approve", by=APPROVER)
    finally:
        session.close()
    assert small.target.read_bytes() == before


def test_no_such_plan(small: Demo) -> None:
    """A plan that is not there is named as such, not guessed."""
    small.at("planned")
    assert refused(small, "apply", "P-none", "--as", OPERATOR).error["code"] == "not-found"
    small.at("keys")
    assert refused(small, *APPROVE).error["code"] == "not-found"
