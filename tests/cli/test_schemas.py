"""Every verb's `--json` is one object that its published schema describes in docs/json."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.command_line import Command, Ran

SCHEMAS = Path(__file__).parents[2] / "docs" / "json"


def schema(name: str) -> dict[str, Any]:
    return dict(json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8")))


def fits(ran: Ran, name: str, code: int | tuple[int, ...] = 0) -> dict[str, Any]:
    allowed = code if isinstance(code, tuple) else (code,)
    assert ran.code in allowed, ran.err
    jsonschema.Draft202012Validator(schema(name)).validate(ran.data)
    return ran.data


def test_schemas_are_schemas() -> None:
    """Each published schema is itself valid JSON Schema 2020-12 with a title."""
    names = sorted(SCHEMAS.glob("*.schema.json"))
    assert len(names) >= 20
    for path in names:
        content = json.loads(path.read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(content)
        assert content["title"]


def test_every_verb_on_the_way_of_a_rehearsal(
    command: Command, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-6.5: profile → init → mapping → check → plan → show → approve → apply → prove, as JSON."""
    p = tmp_path / "p"
    fits(command("profile", sources, "--json"), "profile")
    made = fits(command("init", p, "--from", sources, "--json"), "init")
    assert made["keys_made"]
    assert "customer" in made["target"]["tables_made"]
    book = tmp_path / "mapping.xlsx"
    fits(command("-C", p, "mapping", "export", book, "--json"), "mapping-export")
    fits(command("-C", p, "mapping", "import", book, "--json"), "mapping-import")
    assert fits(command("-C", p, "check", "--json"), "check")["ok"]
    plan = fits(command("-C", p, "plan", "--json"), "plan", (0, 3))
    assert plan["counts"]["customer"]["merged"] >= 1
    fits(command("-C", p, "show", "latest", "--json"), "show")
    fits(command("-C", p, "review", "list", "--json"), "review-list")
    fits(command("-C", p, "approve", "latest", "--sandbox", "--json"), "approve")
    done = fits(command("-C", p, "apply", "latest", "--json"), "apply")
    assert done["verified"]
    fits(command("-C", p, "runs", "--json"), "runs")
    fits(command("-C", p, "link", "--run", "latest", "--json"), "link-run")
    monkeypatch.setenv("CRM_MIGRATE_EXPORT_PASSWORD", "ein langer Satz")
    for what in ("customers", "crosswalk", "findings", "quarantine", "review"):
        fits(command("-C", p, "export", what, "--out", f"{what}.xlsx", "--json"), "export")
    fits(command("-C", p, "export", "--sweep", "--json"), "export-sweep")
    traced = fits(command("-C", p, "trace", "--row", "sales.xlsx:客户:2", "--json"), "trace")
    assert traced["target"]["written"]
    report = fits(command("-C", p, "audit", "report", "--json"), "audit-report")
    assert fits(command("-C", p, "audit", "verify", "--json"), "audit-verify")["result"] == "OK"
    figures = next((p / "audit" / "plans").glob("*/applied.json"))
    page = figures.with_name("plan.html")
    fits(command("-C", p, "show", "latest", "--workbook", "--json"), "show")
    figures.with_name("plan.xlsx").write_bytes(b"filled in")  # a workbook is checked on its return
    assert fits(command("-C", p, "audit", "verify", "--json"), "audit-verify")["result"] == "OK"
    for file in (Path(report["files"][0]), figures, page):  # the journal says what was written
        written = file.read_bytes()
        file.write_bytes(written.replace(b"1", b"2"))
        edited = command("-C", p, "audit", "verify", "--json").data["error"]
        assert (edited["code"], Path(edited["where"]).name) == ("integrity", file.name)
        file.write_bytes(written)
    again = fits(command("-C", p, "plan", "--json"), "plan", (0, 3))
    assert again["state"] == "empty"


def test_keys_and_rejection(command: Command, project: Path) -> None:
    """R-8.3: people are added by the founder; a rejected plan says so."""
    person = "wang:approver:王审批:销售部"
    added = command(
        *("-C", project, "keys", "add-person", person, "--by", "operator"),
        *("--no-passphrase", "--json"),
    )
    fits(added, "keys-add-person")
    command("-C", project, "plan", "--json")
    rejected = command(
        "-C", project, "reject", "latest", "--as", "wang", "--reason", "no", "--json"
    )
    assert fits(rejected, "reject")["state"] == "rejected"


def test_keys_init(command: Command, project: Path) -> None:
    """Keys exist already: a fault object, nothing overwritten; in a fresh state they are made."""
    again = command("-C", project, "keys", "init", "--no-passphrase", "--json")
    assert fits(again, "error", 1)["error"]["code"] == "key"
    settings = project / "crm-migrate.yaml"
    settings.write_text(settings.read_text("utf-8") + "state: other\n", "utf-8")
    made = fits(command("-C", project, "keys", "init", "--no-passphrase", "--json"), "keys-init")
    assert [p["role"] for p in made["people"]] == ["operator"]


def test_a_failure_is_one_object_too(command: Command, tmp_path: Path) -> None:
    """A failure prints {"error": …} on standard output and exits non-zero."""
    failed = fits(command("-C", tmp_path, "plan", "--json"), "error", 2)
    assert failed["error"]["code"] == "project"
    usage = fits(command("link", "--json"), "error", 2)
    assert usage["error"]["code"] == "usage"
