"""`profile`, `init`, `check`, `mapping`: the first ten minutes with one's own files."""

import stat
from pathlib import Path

import pytest

from tests.cli.command_line import MOBILES, Command


def test_profile_names_damage_by_row_and_writes_nothing(command: Command, sources: Path) -> None:
    """R-1.1: mobiles stored as numbers are found with the row numbers that people see."""
    before = sorted(sources.iterdir())
    data = command("profile", sources, "--json").data
    tables = {t["source"]: t for t in data["tables"]}
    columns = {c["name"]: c for c in tables["sales.xlsx"]["columns"]}
    assert columns["手机"]["damage"] == [
        {"kind": "number_as_code", "count": 5, "rows": [2, 3, 4, 5, 6]}
    ]
    assert tables["service.csv"]["encoding"].lower().startswith("gb")
    assert sorted(sources.iterdir()) == before


def test_profile_goes_on_after_a_broken_file(command: Command, sources: Path) -> None:
    """A file that cannot be read is reported, the others are profiled, the exit code is 1."""
    (sources / "broken.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    done = command("profile", sources, "--json")
    assert done.code == 1
    assert {t["source"] for t in done.data["tables"]} == {"sales.xlsx", "service.csv"}
    assert [f["where"] for f in done.data["faults"]] == ["broken.xlsx"]


def test_profile_shows_no_cells(command: Command, sources: Path) -> None:
    """R-5.3: a profile says what kind of data there is, never the data."""
    done = command("profile", sources)
    assert done.code == 0
    assert not any(m in done.out + done.err for m in MOBILES)
    assert "next: crm-migrate init" in done.out


def test_init_never_overwrites(command: Command, project: Path, sources: Path) -> None:
    """A second `init` over a project changes nothing."""
    before = (project / "crm-migrate.yaml").read_text("utf-8")
    again = command("init", project, "--from", sources)
    assert again.code == 2
    assert (project / "crm-migrate.yaml").read_text("utf-8") == before


def test_sandbox_and_keys_are_private(project: Path) -> None:
    """R-5.2: customers' data will stand in the sandbox: it and the keys are the owner's alone."""
    files = [project / "sandbox.db", *(project / ".crm-migrate" / "keyring").iterdir()]
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in files if f.is_file())


def test_a_sandbox_that_was_deleted_is_named_and_laid_out_again(
    command: Command, project: Path
) -> None:
    """Planning writes nothing: it says what is missing, and `init DIR` makes just that."""
    (project / "sandbox.db").unlink()
    refused = command("-C", project, "plan", "--json")
    assert refused.code == 1
    assert "init" in refused.data["error"]["remedy"]
    assert not (project / "sandbox.db").exists()
    made = command("init", project, "--json").data
    assert made["target"]["tables_made"]
    assert not made["keys_made"]
    assert command("-C", project, "plan", "--json").code in (0, 3)


def test_init_for_a_real_target_leaves_keys_and_tables_to_people(
    command: Command, sources: Path, tmp_path: Path
) -> None:
    """R-5.1: a real CRM is never laid out or opened with unprotected keys by `init`."""
    folder = tmp_path / "real"
    url = f"sqlite:///{tmp_path}/crm.db"
    made = command("init", folder, "--from", sources, "--target", url, "--json").data
    assert made["target"] == {"sandbox": False, "tables_made": []}
    assert not made["keys_made"]
    assert not (tmp_path / "crm.db").exists()
    assert "crm.db" in (folder / "crm-migrate.yaml").read_text("utf-8")


def test_check_names_every_fault_with_file_and_line(command: Command, project: Path) -> None:
    """R-2.3: a column that the file lacks and one that the target lacks, both at once."""
    mapping = project / "mappings" / "sales.yaml"
    text = mapping.read_text("utf-8")
    mapping.write_text(text.replace("企业地址", "企业住址"), "utf-8")
    target = project / "mappings" / "target.yaml"
    text = target.read_text("utf-8")
    target.write_text(text.replace("industry: industry", "industry: trade"), "utf-8")
    done = command("-C", project, "check", "--json")
    assert done.code == 2
    places = [f["where"] for f in done.data["faults"]]
    line = next(
        n for n, x in enumerate(mapping.read_text("utf-8").splitlines(), 1) if "企业住址" in x
    )
    assert f"{mapping}:{line}" in places
    assert any(p.startswith(f"{target}:") for p in places)
    assert all(f["message"] for f in done.data["faults"])


def test_check_reports_faults_of_the_files_themselves(command: Command, project: Path) -> None:
    """Broken YAML and unknown settings are faults of `check`, not tracebacks."""
    settings = project / "crm-migrate.yaml"
    settings.write_text(settings.read_text("utf-8") + "colour: blue\n", "utf-8")
    done = command("-C", project, "check", "--json")
    assert done.code == 2
    assert not done.data["ok"]
    assert done.data["faults"]


def test_mapping_workbook_goes_out_and_comes_back(
    command: Command, project: Path, tmp_path: Path
) -> None:
    """R-6.7: what is confirmed comes back into the YAML; no customer stands in the workbook."""
    from openpyxl import load_workbook

    path = tmp_path / "mapping.xlsx"
    assert command("-C", project, "mapping", "export", path).code == 0
    book = load_workbook(path)
    cells = [c for s in book for row in s.iter_rows(values_only=True) for c in row if c]
    assert not any("云桥" in str(c) or "13800138001" in str(c) for c in cells)
    sheet = next(s for s in book if s["A1"].value == "映射")
    heads = [c.value for c in sheet[3]]
    place = next(n for n, h in enumerate(heads, 1) if h and "确认" in str(h))
    sheet.cell(4, place).value = "是"
    book.save(path)
    done = command("-C", project, "mapping", "import", path, "--json")
    assert done.code == 0
    assert len(done.data["changes"]) == 1


@pytest.mark.parametrize("name", ["mapping.csv", "no/such/folder/mapping.xlsx"])
def test_mapping_export_refuses_bad_places(
    command: Command, project: Path, tmp_path: Path, name: str
) -> None:
    """Another suffix or a folder that is not there: a clear error."""
    done = command("-C", project, "mapping", "export", tmp_path / name, "--json")
    assert done.code in (1, 2)
    assert done.data["error"]["where"]
