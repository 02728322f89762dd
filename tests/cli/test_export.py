"""`export`: the one verb that writes readable personal data."""

import json
import stat
import tempfile
from pathlib import Path

import pytest

from tests.cli.command_line import MOBILES, Command
from tests.cli.protected import opened, password  # noqa: F401


def test_customers_are_readable_with_the_password_only(command: Command, planned: Path) -> None:
    """R-5.2: the file is encrypted and private; with its password it holds every customer."""
    done = command("-C", planned, "export", "customers", "--out", "c.xlsx", "--json")
    assert done.code == 0, done.err
    path = planned / "exports" / "c.xlsx"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    raw = path.read_bytes()
    assert all(m.encode() not in raw and m.encode("utf-16-le") not in raw for m in MOBILES)
    book = opened(path)
    cells = {str(c) for s in book for row in s.iter_rows(values_only=True) for c in row if c}
    assert set(MOBILES) <= cells
    assert sum(s.max_row - 1 for s in book) == done.data["rows"]


def test_policy_for_exports_is_obeyed(command: Command, planned: Path) -> None:
    """R-5.3: what policy masks or forbids for exports is masked or left out."""
    (planned / "rules" / "policy.yaml").write_text(
        "extends: standard\nfields:\n"
        "  contact.mobile: {export: mask}\n  contact.name: {export: forbid}\n",
        "utf-8",
    )
    done = command("-C", planned, "export", "customers", "--out", "c.xlsx", "--json")
    assert done.code == 0, done.err
    book = opened(planned / "exports" / "c.xlsx")
    cells = {str(c) for s in book for row in s.iter_rows(values_only=True) for c in row if c}
    assert not cells & set(MOBILES)
    assert "138****8001" in cells
    assert "林一" not in cells


def test_it_is_journaled_before_it_stands(command: Command, planned: Path) -> None:
    """R-7.1: who exported what, and how many lines; the journal still verifies."""
    done = command("-C", planned, "export", "crosswalk", "--out", "x.xlsx", "--json").data
    lines = (planned / "audit" / "journal.jsonl").read_text("utf-8").splitlines()
    entry = next(e for e in map(json.loads, lines) if e["event"] == "export")
    assert entry["actor"] == "operator"
    assert entry["objects"]["rows"] == done["rows"]
    assert command("-C", planned, "audit", "verify", "--json").data["result"] == "OK"


def test_expired_exports_are_swept(command: Command, planned: Path) -> None:
    """R-5.4: what has expired is deleted by --sweep, what has not stays."""
    command("-C", planned, "export", "customers", "--out", "stays.xlsx", "--json")
    command("-C", planned, "export", "customers", "--out", "goes.xlsx", "--days", "0", "--json")
    done = command("-C", planned, "export", "--sweep", "--json").data
    assert [e["file"] for e in done["deleted"]] == ["goes.xlsx"]
    assert [e["file"] for e in done["standing"]] == ["stays.xlsx"]
    assert sorted(p.name for p in (planned / "exports").glob("*.xlsx")) == ["stays.xlsx"]


@pytest.mark.parametrize("out", ["../c.xlsx", "c.csv", "deeper/c.xlsx"])
def test_only_in_the_exports_folder(
    command: Command, planned: Path, out: str, tmp_path: Path
) -> None:
    """Elsewhere no expiry could be enforced; other formats know no password."""
    done = command("-C", planned, "export", "customers", "--out", out, "--json")
    assert done.code == 2
    assert not list(tmp_path.glob("c.*"))


def test_role_and_password_are_demanded(
    command: Command, planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-5.1: an approver may not export; a short password is refused."""
    person = "wang:approver:王审批:销售部"
    command(
        *("-C", planned, "keys", "add-person", person, "--by", "operator", "--no-passphrase"),
    )
    refused = command(
        "-C", planned, "export", "customers", "--out", "c.xlsx", "--as", "wang", "--json"
    )
    assert refused.data["error"]["code"] == "key"
    monkeypatch.setenv("CRM_MIGRATE_EXPORT_PASSWORD", "short")
    weak = command("-C", planned, "export", "customers", "--out", "c.xlsx", "--json")
    assert weak.code == 2
    assert not (planned / "exports" / "c.xlsx").exists()


def test_nothing_clear_is_left_behind(
    command: Command, planned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-5.2: no temporary file is made on the way."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    command("-C", planned, "export", "customers", "--out", "c.xlsx", "--json")
    assert not list(temporary.iterdir())
    assert {p.name for p in (planned / "exports").iterdir()} == {"c.xlsx", "index.json"}
