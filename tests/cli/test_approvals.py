"""Several people at a real target: demands, overrides, revocations, exported approvals (R-6.3)."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import Command, Ran
from tests.cli.real_project import GATE, GATES, real_project, write_source
from tests.cli.test_schemas import fits

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the project lies: a plan names the path of its target, so it cannot be moved."""
    return tmp_path_factory.mktemp("approvals")


@pytest.fixture
def project(command: Command, place: Path) -> Path:
    """A real project after its first plan, which a gate blocks; made once, then put back."""
    made, kept = place / "real", place / "kept"
    if not kept.exists():
        real_project(command, place)
        assert command("-C", made, "plan", "--as", "li", "--json").code == 3
        shutil.copytree(made, kept)
    shutil.rmtree(made, ignore_errors=True)
    shutil.copytree(kept, made)
    return made


@pytest.fixture
def run(command: Command, project: Path) -> Run:
    """Runs a verb in the project with `--json`."""

    def verb(*arguments: object) -> Ran:
        return command("-C", project, *arguments, "--json")

    return verb


@pytest.fixture
def free(run: Run) -> None:
    """The blocking gate is overridden."""
    assert run("override", "latest", GATE, "--as", "chen", "--reason", "多为个体户").code == 0


def ok(ran: Ran) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    return ran.data


def refused(ran: Ran, code: str = "refused") -> str:
    assert ran.code == 1, ran.out
    assert ran.data["error"]["code"] == code
    return str(ran.data["error"]["message"])


def approve(run: Run, *people: str) -> dict[str, Any]:
    for person in people:
        done = fits(run("approve", "latest", "--as", person, "--reason", "已核对"), "approve")
    return done


def test_every_demand_is_met_before_anything_is_written(run: Run, free: None) -> None:
    """Two approvers, one of each department whose customers change, and the gate's steward."""
    first = approve(run, "wang", "zhao")
    assert first["state"] == "approvable"
    assert first["missing"] == ["1 × approver of 市场部: qian", "1 × data steward: zhou"]
    assert "市场部" in refused(run("apply", "latest", "--as", "li"))
    shown = fits(run("show", "latest"), "show")
    assert shown["approval"]["missing"] == first["missing"]
    assert shown["approval"]["overridden"] == [GATE]
    assert approve(run, "zhou", "qian")["state"] == "approved"
    applied = ok(run("apply", "latest", "--as", "li"))
    assert applied["applied"]["customer"]["created"] == 4


def test_a_blocked_plan_is_overridden_by_somebody_else_with_a_reason(run: Run) -> None:
    """R-8.3: never by its author, a steward or an auditor; the override is in the report."""
    blocked = run("approve", "latest", "--as", "wang")
    assert "gates block" in refused(blocked)
    told = run("--lang", "zh", "approve", "latest", "--as", "wang").err
    assert "客户" in told.partition("将写入的内容")[2].partition("!")[0]  # entities by their names
    shown = run("--lang", "en", "show", "latest")
    assert shown.err.rstrip().endswith("--reason …")  # the next sensible command
    why = ("--reason", "多为个体户")
    for person in ("li", "zhou"):
        refused(run("override", "latest", GATE, "--as", person, *why))
    assert run("override", "latest", GATE, "--as", "wang").code == 2
    refused(run("override", "latest", "merges", "--as", "wang", *why), "not-found")
    done = fits(run("override", "latest", GATE, "--as", "chen", *why), "override")
    assert (done["state"], done["rehearsal"]) == ("approvable", False)
    approve(run, "wang", "qian", "zhou")
    ok(run("apply", "latest", "--as", "li"))
    report = ok(run("audit", "report", "--as", "li"))
    page = next(Path(f) for f in report["files"] if f.endswith(".html")).read_text("utf-8")
    for told in ("多为个体户", "陈管理", "gate overridden", "≥ 90.0%"):
        assert told in page
    assert "operations of the plan" in page  # a gate that asked for more stands there, too


def test_decisions_are_taken_back_before_they_are_used(run: Run, free: None) -> None:
    """Whoever decided, or an administrator for approvals; nobody else; never afterwards."""
    approve(run, "wang", "qian", "zhou")
    refused(run("revoke", "latest", "--as", "zhao", "--of", "wang", "--reason", "x"))
    done = fits(run("revoke", "latest", "--as", "wang", "--reason", "有误"), "revoke")
    assert (done["state"], [r["of"] for r in done["revoked"]]) == ("approvable", ["wang"])
    taken = ok(run("revoke", "latest", "--as", "chen", "--reason", "离职"))
    assert sorted(r["of"] for r in taken["revoked"]) == ["qian", "zhou"]
    refused(run("apply", "latest", "--as", "li"))
    refused(run("revoke", "latest", "--as", "chen", "--reason", "x"), "not-found")
    told = ok(run("reject", "latest", "--as", "zhao", "--reason", "数量不符，问 13912345678"))
    assert told["decision"]["reason"] == "数量不符，问 [手机号码]"  # reasons are kept in clear
    assert "zhao rejected" in refused(run("approve", "latest", "--as", "wang"))
    refused(run("revoke", "latest", "--as", "chen", "--of", "zhao", "--reason", "x"))
    ok(run("revoke", "latest", "--as", "zhao", "--reason", "已核对"))
    assert approve(run, "zhao", "qian", "zhou")["state"] == "approved"
    ok(run("apply", "latest", "--as", "li"))
    refused(run("revoke", "latest", "--as", "zhao", "--reason", "x"), "not-found")


@pytest.mark.parametrize("statement", ["reject", "revoke"])
def test_the_journal_witnesses_what_the_run_state_lost(
    run: Run, free: None, project: Path, statement: str
) -> None:
    """A rejection or revocation deleted from the run state still stops the apply."""
    approve(run, "wang", "qian", "zhou")
    state = project / ".crm-migrate" / "state.db"
    before = state.read_bytes()
    ok(run(statement, "latest", "--as", "qian", "--reason", "数量不符"))
    with sqlite3.connect(state) as connection:
        connection.execute("DELETE FROM approvals WHERE decision = 'reject'")
        connection.execute("DELETE FROM statements WHERE kind = 'revocation'")
        connection.execute("UPDATE approvals SET revoked_at = NULL")
    connection.close()
    assert before != state.read_bytes()
    message = refused(run("apply", "latest", "--as", "li"))
    assert "the journal says" in message


def test_a_later_plan_inherits_or_says_what_differs(run: Run, free: None, project: Path) -> None:
    """The same effect again needs no new word, unless its evidence is worse."""
    approve(run, "wang", "qian", "zhou")
    again = run("plan", "--as", "li")
    # The override ends with the plan whose figure it names; effect and evidence are the same.
    assert again.data["state"] == "approved"
    settings = project / "crm-migrate.yaml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("{up_to: 2}", "{up_to: 3}"), "utf-8")
    assert "changed since planning" in refused(run("apply", "latest", "--as", "li"))
    changed = run("plan", "--as", "li")
    assert changed.data["effect"] == again.data["effect"]
    assert changed.data["state"] == "blocked"
    ok(run("override", "latest", GATE, "--as", "wang", "--reason", "多为个体户"))
    done = fits(run("approve", "latest", "--as", "wang"), "approve")
    assert done["state"] == "approvable"
    assert done["differs_from"] is not None
    assert {d["what"] for d in done["differs"] if d["worse"]} == {"rules"}


def test_inherited_where_only_the_inputs_differ(command: Command, tmp_path: Path) -> None:
    """Another file with the same customers: the approval of the earlier plan serves."""
    project = real_project(command, tmp_path, policy="", gates="extends: standard\n")
    run: Run = lambda *a: command("-C", project, *a, "--json")  # noqa: E731
    first = ok(run("plan", "--as", "li"))
    approve(run, "wang")
    write_source(tmp_path / "files" / "sales.xlsx", note=True)
    second = run("plan", "--as", "li").data
    assert second["effect"] == first["effect"]
    assert second["evidence"] != first["evidence"]
    assert (second["state"], second["inherits"]) == ("approved", [first["plan"]])
    assert "inherits from" in " ".join(fits(run("show", "latest"), "show")["approval"]["given"])
    out = tmp_path / "inherited.json"
    ok(run("approval", "export", "latest", "--out", out))
    assert fits(run("approval", "verify", out), "approval-verify")["approvers"] == ["wang"]


def test_people_who_left_and_roles_that_changed_take_their_word_along(run: Run, free: None) -> None:
    """R-8.3: the trust file says who counts now; only an administrator changes it."""
    approve(run, "wang", "qian", "zhou")
    refused(run("keys", "remove-person", "wang", "--by", "li"), "key")
    removed = fits(run("keys", "remove-person", "wang", "--by", "chen"), "keys-remove-person")
    assert "wang" not in removed["people"]
    assert "approver of 销售部: zhao" in refused(run("apply", "latest", "--as", "li"))
    ok(run("keys", "add-person", "qian:auditor:钱:审计部", "--by", "chen"))
    assert "nobody who could" in refused(run("apply", "latest", "--as", "li"))
    refused(run("keys", "remove-person", "chen", "--by", "chen"), "key")


def test_killed_while_the_trust_file_changes_locks_nobody_out(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Announced in the journal first: the old file fits, the new one fits, a third does not."""
    from crm_migrate.stages.approving import people

    trust = project / ".crm-migrate" / "trust.json"
    old = trust.read_bytes()
    save = people.trust_file.save

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(people.trust_file, "save", die)
    run("keys", "add-person", "wu:approver", "--by", "chen", "--no-passphrase")
    monkeypatch.setattr(people.trust_file, "save", save)
    assert trust.read_bytes() == old
    assert run("runs").code == 0
    ok(run("keys", "add-person", "wu:approver", "--by", "chen", "--no-passphrase"))
    new = trust.read_bytes()

    from crm_migrate.stages.session import Session

    record = Session.record

    def dies_after(self: Session, actor: str, event: str, *rest: Any) -> None:
        if event == "trust.changed":
            raise KeyboardInterrupt
        record(self, actor, event, *rest)

    monkeypatch.setattr(Session, "record", dies_after)
    run("keys", "remove-person", "wu", "--by", "chen")
    monkeypatch.setattr(Session, "record", record)
    assert trust.read_bytes() != new
    assert run("runs").code == 0
    trust.write_bytes(old)  # neither the one that stands nor the one announced
    refused(run("runs"), "integrity")


def test_keys_of_a_real_target_are_founded_by_an_administrator(
    command: Command, project: Path
) -> None:
    """R-8.3: who plans and applies cannot add approvers; who is lacking is said."""
    shutil.rmtree(project / ".crm-migrate")
    only = command("-C", project, "keys", "init", "--no-passphrase", "--person", "li:operator")
    assert only.code == 2
    made = command("-C", project, "keys", "init", "--no-passphrase")
    assert made.code == 0
    assert "still to be added: operator, approver" in made.out
    founder = made.out.split("--by ")[1].split()[0]
    trust = json.loads((project / ".crm-migrate" / "trust.json").read_text("utf-8"))
    assert [(p["id"], p["role"]) for p in trust["people"]] == [(founder, "administrator")]


def test_an_approval_is_checked_where_there_is_no_project(
    run: Run, free: None, command: Command, project: Path, tmp_path: Path
) -> None:
    """R-7.6: before and after the apply, with the plan file, years later and after people left."""
    from crm_migrate.stages.approving.approval_file import verify_approval

    (plan,) = (project / "audit").rglob("*.crmplan")
    early, late = tmp_path / "early.json", tmp_path / "late.json"
    ok(run("approval", "export", "latest", "--out", early))
    unapproved = command("approval", "verify", early, "--json")
    assert unapproved.code == 1
    assert any("approvals are missing" in f for f in unapproved.data["faults"])
    approve(run, "wang", "qian", "zhou")
    ok(run("apply", "latest", "--as", "li"))
    ok(run("keys", "remove-person", "wang", "--by", "chen"))
    out = fits(run("approval", "export", "latest", "--out", late), "approval-export")
    moved = tmp_path / "elsewhere.crmplan"
    shutil.copy(plan, moved)
    shutil.rmtree(project)
    found = fits(command("approval", "verify", late, "--plan", moved, "--json"), "approval-verify")
    assert found["ok"], found["faults"]
    assert (sorted(found["approvers"]), found["applied"]) == (["qian", "wang", "zhou"], True)
    assert found["trust"] == out["trust"]
    assert verify_approval(late, datetime.now(UTC) + timedelta(days=3650)).ok
    moved.write_bytes(moved.read_bytes().replace(b"PAR", b"PAS", 1))
    assert refused(command("approval", "verify", late, "--plan", moved, "--json"), "integrity")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")
def test_signatures_are_checked_by_openssl_alone(run: Run, free: None, tmp_path: Path) -> None:
    """The commands of docs/approvals.md: each signed message holds, an altered one does not."""
    approve(run, "wang", "qian", "zhou")
    folder = tmp_path / "openssl"
    ok(run("approval", "export", "latest", "--out", tmp_path / "a.json", "--openssl", folder))
    messages = sorted(folder.glob("*.message"))
    assert len(messages) == 6  # author, three approvals, one override, the trust file

    def holds(message: Path) -> bool:
        key = folder / f"{message.stem.rsplit('-', 1)[1]}.pem"
        arguments = [
            *("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin"),
            *("-in", str(message), "-sigfile", str(message.with_suffix(".signature"))),
        ]
        done = subprocess.run(arguments, capture_output=True, check=False)
        return done.returncode == 0

    assert all(holds(m) for m in messages)
    messages[0].write_bytes(messages[0].read_bytes().replace(b"approve", b"reject"))
    assert not holds(messages[0])


def test_gates_file_faults_are_told_together_with_lines(run: Run, project: Path) -> None:
    """Every fault of rules/gates.yaml at once, each with file and line; `check` tells the same."""
    rules = project / "rules" / "gates.yaml"
    rules.write_text(GATES + "  merges: {at_least: 1}\n  doors: {limit: 1}\n", "utf-8")
    found = run("check").data["faults"]
    places = [f["where"] for f in found if "gates.yaml" in f["where"]]
    assert [p.rsplit(":", 1)[1] for p in places] == ["5", "6"]
    assert run("plan", "--as", "li").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_approve_shows_what_is_signed_and_asks(run: Run, free: None, project: Path) -> None:
    """On a terminal nothing is signed without a yes; scripts say --yes."""
    import pty

    controller, terminal = pty.openpty()
    source = str(Path(__file__).parents[2] / "src")
    environment = os.environ | {"PYTHONPATH": source, "CRM_MIGRATE_LANG": "en"}
    program = [sys.executable, "-m", "crm_migrate.cli.app", "-C", str(project)]
    os.write(controller, b"n\n")
    done = subprocess.run(
        [*program, "approve", "latest", "--as", "wang"],
        stdin=terminal, capture_output=True, text=True, env=environment, check=False, timeout=120,
    )  # fmt: skip
    os.close(controller)
    os.close(terminal)
    assert done.returncode == 130
    shown = fits(run("show", "latest"), "show")
    for told in (shown["effect"], shown["evidence"], "what will be written", "completeness"):
        assert told in done.stdout
    assert "overridden by chen: 多为个体户" in done.stdout
    assert "Sign this?" in done.stdout + done.stderr
    assert shown["approval"]["given"] == []


MEASURED = """extends: standard
gates:
  completeness.customer.uscc: {at_least: 0.1}
  completeness.contact: {at_least: 0.1}
  uniqueness.customer: {at_least: 0.1}
  uniqueness.contact.mobile: {at_least: 0.1}
  conformity.contact.mobile: {at_least: 0.1}
  plan_size: {limit: 99}
  plan_size.customer: {limit: 99}
  changed_share.customer: {limit: 1}
  crm_edits: {limit: 99}
  crm_edits.customer: {limit: 99}
  stale_share: {limit: 1}
"""


def test_quality_and_drift_are_measured(command: Command, tmp_path: Path) -> None:
    """R-4.1: figures per entity and field; what moved in CRM and mappings since the apply."""
    project = real_project(command, tmp_path, policy="", gates=MEASURED)
    run: Run = lambda *a: command("-C", project, *a, "--json")  # noqa: E731

    def figures() -> dict[str, float]:
        return {g["name"]: g["value"] for g in fits(run("plan", "--as", "li"), "plan")["gates"]}

    first = figures()
    assert first["completeness.customer.uscc"] == 0.25
    assert first["completeness.contact"] > 0.5
    assert first["uniqueness.customer"] == 0.8
    assert first["uniqueness.contact.mobile"] == first["conformity.contact.mobile"] == 1
    assert (first["plan_size"], first["plan_size.customer"]) == (8, 4)
    assert first["schema_drift"] == first["mapping_drift"] == first["crm_edits"] == 0
    approve(run, "wang")
    ok(run("apply", "latest", "--as", "li"))
    with sqlite3.connect(project / "sandbox.db") as crm:
        tables = [n for (n,) in crm.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = next(t for t in tables if t.startswith("customer"))
        crm.execute(f"UPDATE {table} SET remark = 'called' WHERE rowid = 1")
        crm.execute(f"ALTER TABLE {table} ADD COLUMN region TEXT")
    crm.close()
    mapping = project / "mappings" / "sales.yaml"
    mapping.write_text(mapping.read_text("utf-8").replace("0.95", "1.0"), "utf-8")
    second = figures()
    assert (second["crm_edits"], second["crm_edits.customer"]) == (1, 1)
    assert second["schema_drift"] == second["mapping_drift"] == 1
    assert second["changed_share.customer"] == second["stale_share"] == 0
