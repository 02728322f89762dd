"""Reviewing in Excel: out under a password, back with verdicts; forged and old ones are refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.cli.command_line import CUSTOMERS, Command
from tests.cli.reviewed import PASSWORD, Project, kept, opened, planned

_, NAME, USCC, PHONE, ADDRESS = CUSTOMERS[0]
LIST = (
    "客户编号,客户名称,统一社会信用代码,电话,企业地址,负责人,所属部门\n"
    f"K1,{NAME},{USCC},{PHONE},{ADDRESS},张三,销售一部\n"
    f"K2,{NAME},{USCC},{PHONE},{ADDRESS},李四,销售二部\n"
    "K3,莆田青禾物流,,0594-2233004,莆田市城厢区四号路4号,李四,销售二部\n"
    "K4,莆田青禾物流,,0594-2233005,泉州市丰泽区四号路4号,李四,销售二部\n"
)
"""A customer of two owners, and a doubtful pair."""


@pytest.fixture
def claimed(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A planned project with a 撞单 and a doubtful pair."""
    monkeypatch.setenv("CRM_MIGRATE_EXPORT_PASSWORD", PASSWORD)
    return planned(command, tmp_path, LIST)


def exported(project: Project, name: str, person: str, *options: str) -> Path:
    return Path(project.ok("review", "export", name, "--as", person, *options)["path"])


def fill(path: Path, **cells: str) -> None:
    """Write into cells: `doubtful_A2`, `owners_B2`, …"""
    book = opened(path)
    for place, text in cells.items():
        sheet, cell = place.split("_")
        book.worksheets[["doubtful", "owners"].index(sheet)][cell] = text
    kept(path, book)


def verdicts(project: Project) -> int:
    """How many were ever given."""
    with closing(sqlite3.connect(project.root / ".crm-migrate" / "state.db")) as state:
        return int(state.execute("SELECT count(*) FROM verdicts").fetchone()[0])


def unprotected(path: Path) -> Path:
    """The workbook as somebody saved it without its password: quicker to change again and again."""
    clear = path.with_suffix(".clear.xlsx")
    opened(path).save(clear)
    return clear


def refused(project: Project, path: Path, person: str) -> str:
    """The message of an import that enters nothing."""
    before = verdicts(project)
    done = project.run("review", "import", str(path), "--as", person)
    assert done.code in (1, 2)
    assert verdicts(project) == before
    return str(done.data["error"]["message"])


def test_two_owners_are_decided_in_excel_by_both_departments(claimed: Project) -> None:
    """R-1.5, R-6.7: each department answers in a workbook of its own; then owner and department
    stand, with their own lineage, and nobody speaks for another department.
    """
    mine = exported(claimed, "li.xlsx", "li")
    theirs = exported(claimed, "wang.xlsx", "wang")
    assert not mine.read_bytes().startswith(b"PK")
    pairs, sheet = opened(mine).worksheets
    assert pairs.protection.sheet
    assert (pairs["A2"].protection.locked, pairs["A3"].protection.locked) == (False, True)
    assert sheet.title == "two owners"
    assert [r[2].value for r in sheet.iter_rows(min_row=2)] == ["A", "B"]
    assert sheet.data_validations.dataValidation[0].formula1 == '"张三,李四"'
    fill(mine, owners_A2="李四", doubtful_A2="different", doubtful_B2="电话 13800138001 已确认")
    done = claimed.ok("review", "import", str(mine), "--as", "li", schema="review-import")
    assert (done["entered"], done["decided"], done["open"]) == (2, 1, 1)
    again = claimed.ok("review", "import", str(mine), "--as", "li", schema="review-import")
    assert (again["entered"], again["unchanged"], again["comments_left"]) == (0, 2, 0)
    fill(mine, doubtful_B2="另有说明" * 8000)
    again = claimed.ok("review", "import", str(mine), "--as", "li", schema="review-import")
    assert (again["entered"], again["comments_left"]) == (0, 1)  # said, not dropped in silence
    said = [v for t in claimed.ok("review", "list", "--all")["tasks"] for v in t["verdicts"]]
    (reason,) = (v["reason"] for v in said if v["reason"])
    assert "13800138001" not in reason
    assert "已确认" in reason
    assert claimed.ok("review", "list", "--as", "li")["tasks"] == []
    (task,) = claimed.ok("review", "list", "--as", "wang", schema="review-list")["tasks"]
    assert [v["department"] for v in task["verdicts"]] == ["销售一部"]
    other = claimed.run("review", "decide", task["task_id"], "owner", "--owner", "张三",
                        "--department", "销售二部", "--as", "li")  # fmt: skip
    assert other.data["error"]["code"] == "key"
    fill(theirs, owners_A2="王五")
    assert "张三" in refused(claimed, theirs, "wang")
    fill(theirs, owners_A2="李四")
    done = claimed.ok("review", "import", str(theirs), "--as", "wang")
    assert (done["entered"], done["decided"], done["empty"]) == (1, 1, 1)
    claimed.load()
    assert claimed.rows("SELECT owner, department FROM customer WHERE uscc IS NOT NULL") == [
        ("李四", "销售二部")
    ]
    assert claimed.ok("trace", "K1")["golden_id"] == claimed.ok("trace", "K2")["golden_id"]
    cells = claimed.ok("trace", "K2")["cells"]
    rules = {c["field"]: c["rule"] for c in cells if c["field"] in ("owner", "department")}
    assert rules == {"owner": "owners_agreed", "department": "owners_agreed"}


def test_what_is_forged_or_old_enters_nothing(claimed: Project) -> None:
    """R-3.3: hidden cells changed, questions copied, formulas, workbooks of others, a wrong
    password, and answers given since: each is refused as a whole and named.
    """
    locked = exported(claimed, "li.xlsx", "li")
    path = unprotected(locked)
    whole = path.read_bytes()

    def forged(**cells: str) -> str:
        path.write_bytes(whole)
        book = load_workbook(path)
        for cell, text in cells.items():
            book.worksheets[0][cell] = text
        book.save(path)
        return refused(claimed, path, "li")

    assert "not a verdict" in forged(A2="maybe")
    assert "not as it was sent out" in forged(A2="same", E2="0" * 12)
    assert "not as it was sent out" in forged(A2="same", I3="another value")
    assert "formula" in forged(A2='=IF(1,"same","")')
    assert "first line" in forged(A3="same")
    path.write_bytes(whole)
    book = load_workbook(path)
    for row in (2, 3):  # the question again, with another answer
        for cell in list(book.worksheets[0][row]):
            book.worksheets[0].cell(row + 2, cell.column).value = cell.value
    book.worksheets[0]["A2"], book.worksheets[0]["A4"] = "same", "different"
    book.save(path)
    assert "twice" in refused(claimed, path, "li")
    book = load_workbook(path)
    book.worksheets[0].delete_rows(3)
    book.save(path)
    assert "not as it was sent out" in refused(claimed, path, "li")
    path.write_bytes(whole)
    book = load_workbook(path)
    book.worksheets[0]["A2"] = "same"
    book.save(path)
    assert "made for li" in refused(claimed, path, "wang")
    task = next(t for t in claimed.ok("review", "list")["tasks"] if t["kind"] == "doubtful")
    claimed.ok("review", "decide", task["task_id"], "different", "--as", "wang")
    assert "answered since" in refused(claimed, path, "li")
    claimed.ok("review", "undo", "--as", "wang")
    assert claimed.ok("review", "import", str(path), "--as", "li")["entered"] == 1
    (claimed.root.parent / "list.csv").write_text(LIST.replace("2233005", "2233006"), "utf-8")
    claimed.ok("plan", "--as", "operator")
    assert "records changed" in forged(A2="different")
    locked.write_bytes(locked.read_bytes()[:-512])
    assert "no review workbook" in refused(claimed, locked, "li")
