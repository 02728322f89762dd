"""The quarantine workbook: out, corrected by people, back, and into the next plan."""

import json
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from tests.cli.command_line import Command
from tests.cli.protected import opened, password  # noqa: F401
from tests.cli.test_schemas import fits

LOST = ("K006", "", "", "0593-2233005", "宁德市蕉城区五号路5号", "", "", "=2+2")
NAME = "宁德海帆水产有限公司"


@pytest.fixture
def planned(command: Command, sources: Path, tmp_path: Path) -> Path:
    """A sandbox project with one record in quarantine, planned."""
    add_row(sources / "sales.xlsx", LOST)
    folder = tmp_path / "project"
    assert command("init", folder, "--from", sources).code == 0
    assert command("-C", folder, "plan").code in (0, 3)
    return folder


def add_row(path: Path, row: tuple[str, ...]) -> None:
    book = load_workbook(path)
    book.worksheets[0].append(row)
    book.save(path)


def exported(command: Command, project: Path) -> tuple[Path, Workbook]:
    done = command("-C", project, "quarantine", "export", "q.xlsx", "--json")
    assert fits(done, "quarantine-export")["rows"] == 1
    path = project / "exports" / "q.xlsx"
    return path, opened(path)


def place(book: Workbook, label: str) -> int:
    heads = [cell.value for cell in book.worksheets[0][1]]
    return heads.index(label) + 1


def with_name(book: Workbook, path: Path, name: object = NAME) -> Path:
    book.worksheets[0].cell(2, place(book, "customer name")).value = name
    book.save(path)
    return path


def test_each_row_says_where_it_stands_and_why(command: Command, planned: Path) -> None:
    """R-2.3: file, row, rule and hint in words; formula-safe, under a password, journaled."""
    path, book = exported(command, planned)
    assert path.read_bytes()[:2] != b"PK"
    sheet = book.worksheets[0]
    cells = {str(c.value) for c in sheet[2]}
    assert {"sales.xlsx", "7"} <= cells
    assert any("nothing to identify it by" in c for c in cells)
    assert all(c.data_type != "f" for row in sheet.iter_rows() for c in row)
    hidden = [d for d in sheet.column_dimensions.values() if d.hidden]
    assert len(hidden) >= 1
    # In Excel the cells of the record can be changed, the filled ones too, and nothing else.
    assert sheet.protection.sheet
    address = sheet.cell(2, place(book, "address"))
    assert address.value
    assert not address.protection.locked
    assert all(sheet.cell(2, n).protection.locked for n in (1, 2, 3, 4, 5, 6, 7))
    assert (sheet.row_dimensions[2].height or 0) < 60
    lines = (planned / "audit" / "journal.jsonl").read_text("utf-8").splitlines()
    assert any(e["event"] == "export" for e in map(json.loads, lines))


def test_rows_without_a_record_are_in_it(command: Command, sources: Path, tmp_path: Path) -> None:
    """R-2.3: what yielded no record at all is listed with its place; nothing to correct there."""
    add_row(sources / "sales.xlsx", LOST)
    service = sources / "service.csv"
    head, *lines = service.read_bytes().decode("gb18030").splitlines()
    lines = [head + ",批次", *(line + ",1" for line in lines), ",,,,,,2"]
    service.write_bytes("\r\n".join(lines).encode("gb18030"))
    folder = tmp_path / "project"
    assert command("init", folder, "--from", sources).code == 0
    assert command("-C", folder, "plan", "--json").data["rows"]["quarantined"] == 2
    done = command("-C", folder, "quarantine", "export", "q.xlsx", "--json")
    assert fits(done, "quarantine-export")["rows"] == 2
    path = folder / "exports" / "q.xlsx"
    book = opened(path)
    (row,) = list(book["Rows without a record"].values)[1:]
    assert row[0] == "service.csv"
    assert row[2] == str(len(lines))
    assert "yields no record" in row[3]
    back = with_name(book, tmp_path / "back.xlsx")
    told = command("-C", folder, "quarantine", "import", back, "--json").data
    assert (told["entered"], told["accepted"]) == (1, 1)


def test_a_corrected_row_enters_the_next_plan_under_its_own_id(
    command: Command, planned: Path, tmp_path: Path
) -> None:
    """`plan --only-rejected` holds just the corrected record, whose id is the same."""
    _, book = exported(command, planned)
    id = str(book.worksheets[0].cell(2, place(book, "record")).value).split(" ")[1]
    back = with_name(book, tmp_path / "back.xlsx")
    done = command("-C", planned, "quarantine", "import", back, "--json")
    told = fits(done, "quarantine-import")
    assert (told["entered"], told["records"], told["accepted"]) == (1, 1, 1)
    again = command("-C", planned, "quarantine", "import", back, "--json").data
    assert again["entered"] == 0
    listed = fits(command("-C", planned, "quarantine", "list", "--json"), "quarantine-list")
    assert [c["record_id"] for c in listed["corrections"]] == [id]
    assert NAME not in json.dumps(listed, ensure_ascii=False)
    part = command("-C", planned, "plan", "--only-rejected", "--json")
    assert part.code in (0, 3), part.err
    assert part.data["counts"]["customer"]["insert"] == 1
    assert part.data["rows"]["quarantined"] == 0
    plan = command("-C", planned, "show", "latest", "--json").data
    (golden,) = (o["golden_id"] for o in plan["operations"]["customer"]["shown"]
                 if o["action"] == "insert")  # fmt: skip
    shown = command("-C", planned, "trace", golden, "--clear", "--json").data
    (member,) = shown["members"]
    assert member["record_id"] == id
    name = next(c for c in member["cells"] if c["field"] == "name")
    assert (name["raw"], name["value"]) == (None, NAME)
    assert "quarantine workbook" in json.dumps(name)
    assert command("-C", planned, "audit", "verify", "--json").data["result"] == "OK"


def test_the_whole_plan_reads_it_alike_and_a_withdrawal_takes_it_back(
    command: Command, planned: Path, tmp_path: Path
) -> None:
    """A later plan takes over what was corrected; withdrawn, the record is set aside again."""
    _, book = exported(command, planned)
    back = with_name(book, tmp_path / "back.xlsx")
    assert command("-C", planned, "quarantine", "import", back).code == 0
    whole = command("-C", planned, "plan", "--json").data
    assert whole["rows"]["quarantined"] == 0
    same = command("-C", planned, "plan", "--json").data
    assert same["effect"] == whole["effect"]
    gone = command("-C", planned, "quarantine", "withdraw", "1", "--json")
    assert fits(gone, "quarantine-withdraw")["withdrawn"] == 1
    assert command("-C", planned, "plan", "--json").data["rows"]["quarantined"] == 1
    assert command("-C", planned, "quarantine", "withdraw", "1", "--json").code == 1


def test_altered_and_stale_rows_are_refused(
    command: Command, planned: Path, sources: Path, tmp_path: Path
) -> None:
    """Row and column of each fault; nothing is entered."""
    _, book = exported(command, planned)
    place_of_row = place(book, "row")
    book.worksheets[0].cell(2, place_of_row).value = "6"
    altered = with_name(book, tmp_path / "altered.xlsx")
    refused = command("-C", planned, "quarantine", "import", altered, "--json")
    assert refused.code == 2
    assert "altered.xlsx:customer:2" in refused.data["error"]["where"]
    book.worksheets[0].cell(2, place_of_row).value = "7"
    number = with_name(book, tmp_path / "number.xlsx", 1234567890123456789)
    refused = command("-C", planned, "quarantine", "import", number, "--json")
    assert refused.data["error"]["where"].endswith("customer name")
    whole = with_name(book, tmp_path / "whole.xlsx")
    changed = load_workbook(sources / "sales.xlsx")
    changed.worksheets[0].cell(7, 5).value = "宁德市蕉城区六号路6号"
    changed.save(sources / "sales.xlsx")
    assert command("-C", planned, "plan").code in (0, 3)
    refused = command("-C", planned, "quarantine", "import", whole, "--json")
    assert "changed in the source" in refused.data["error"]["message"]
    listed = command("-C", planned, "quarantine", "list", "--json").data
    assert listed["corrections"] == []


def test_a_correction_ends_with_what_it_corrected(
    command: Command, planned: Path, sources: Path, tmp_path: Path
) -> None:
    """When the source changes, its word counts again, and the stale correction is a finding."""
    _, book = exported(command, planned)
    back = with_name(book, tmp_path / "back.xlsx")
    assert command("-C", planned, "quarantine", "import", back).code == 0
    assert command("-C", planned, "plan", "--json").data["rows"]["quarantined"] == 0
    changed = load_workbook(sources / "sales.xlsx")
    changed.worksheets[0].cell(7, 5).value = "宁德市蕉城区六号路6号"
    changed.save(sources / "sales.xlsx")
    done = command("-C", planned, "plan", "--json").data
    assert done["rows"]["quarantined"] == 1
