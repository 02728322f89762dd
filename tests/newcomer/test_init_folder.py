"""`init` and `profile` with a folder as people have it: most of it good, some of it no table."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.newcomer.command import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good files, an empty one, a web page, a lock file, a subfolder, a letter."""
    place = tmp_path / "files"
    (place / "sub").mkdir(parents=True)
    (place / "a.csv").write_text("客户名称,电话\n福州示例机械有限公司,0591-87000001\n", "utf-8")
    (place / "b.sqlite3").write_text("客户名称,电话\n厦门示例贸易有限公司,0592-2200000\n", "utf-8")
    (place / "empty.csv").write_bytes(b"")
    (place / "page.xls").write_text("<html><table><tr><td>1</td></tr></table></html>", "utf-8")
    (place / "~$a.xlsx").write_bytes(b"x")
    (place / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    (place / "letter.docx").write_bytes(b"PK\x03\x04")
    return place


def test_one_unreadable_file_does_not_stop_init(folder: Path, tmp_path: Path) -> None:
    """R-1.2: the good files make a project; the others are named with what to do."""
    code, found, said = run("init", "p", "--from", folder, cwd=tmp_path)
    assert code == 0
    assert {p["source"] for p in found["proposed"]} == {"a", "b"}
    assert [f["where"] for f in found["unread"]] == ["empty.csv", "page.xls"]
    assert found["others"] == ["letter.docx", "sub/"]
    assert "page.xls" in said
    assert "save it as .xlsx" in said
    assert "sub/" in said


def test_profile_and_init_look_at_the_same_files(folder: Path, tmp_path: Path) -> None:
    """What profile shows is what init takes."""
    code, found, said = run("profile", folder, cwd=tmp_path)
    assert code == 1  # some files cannot be read
    assert [t["source"] for t in found["tables"]] == ["a.csv", "b.sqlite3"]
    assert found["others"] == ["letter.docx", "sub/"]
    assert "not looked at: letter.docx, sub/" in said


def test_a_named_file_that_cannot_be_read_stops_init(folder: Path, tmp_path: Path) -> None:
    """A file that was asked for by name is no bycatch: init fails and writes nothing."""
    code, found, _ = run("init", "p", "--from", folder / "page.xls", cwd=tmp_path)
    assert code == 1
    assert found["error"]["where"] == "page.xls"
    assert not (tmp_path / "p").exists()


def test_init_says_what_will_lead_nowhere(tmp_path: Path) -> None:
    """Tables not recognised, rows nobody can identify, contacts of nobody: told before the plan."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "客户"
    sheet.append(["地址", "颜色"])
    sheet.append(["福州市鼓楼区一路1号", "红"])
    people = book.create_sheet("联系人")
    people.append(["姓名", "手机"])
    people.append(["张一一", "13800138001"])
    other = book.create_sheet("杂项")
    other.append(["甲", "乙"])
    other.append(["1", "2"])
    book.save(tmp_path / "a.xlsx")
    code, found, said = run("init", "p", "--from", tmp_path / "a.xlsx", cwd=tmp_path)
    assert code == 0
    proposed = {p["table"]: p for p in found["proposed"]}
    assert proposed["客户"]["unidentified"] == ["customer"]
    assert proposed["联系人"]["unrelated"] == ["contact"]
    assert found["not_recognised"] == [{"source": "a", "table": "杂项"}]
    for words in ("客户: no column identifies", "联系人: nothing says", "not recognised"):
        assert words in said


def test_init_says_what_the_workbook_hides(tmp_path: Path) -> None:
    """R-1.2: hidden sheets and columns are read; where they are mapped, people are told."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "客户"
    sheet.append(["客户名称", "电话", "颜色"])
    sheet.append(["福州示例机械有限公司", "0591-87000001", "红"])
    sheet.column_dimensions["B"].hidden = True
    sheet.column_dimensions["C"].hidden = True
    old = book.create_sheet("旧客户")
    old.append(["客户名称", "地址"])
    old.append(["厦门示例贸易有限公司", "厦门市思明区二路2号"])
    old.sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    code, found, said = run("init", "p", "--from", tmp_path / "a.xlsx", cwd=tmp_path)
    assert code == 0
    assert found["hidden"] == [
        {"source": "a", "table": "客户", "columns": ["电话"]},
        {"source": "a", "table": "旧客户", "columns": []},
    ]
    assert "hidden columns are taken, too: 电话" in said
    assert "旧客户: the workbook hides this sheet" in said
    text = (tmp_path / "p" / "mappings" / "a.yaml").read_text("utf-8")
    assert text.count("in a hidden column") == 1
    assert text.count("on a hidden sheet") == 2
