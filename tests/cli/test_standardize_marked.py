"""`standardize --marked`: the user's own workbook, with its cells repaired and commented."""

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment

from crm_migrate.errors import UsageFault
from crm_migrate.stages.bare import markable
from crm_migrate.stages.bare.markable import require_markable
from tests.cli.command_line import Command
from tests.cli.test_schemas import fits

GREEN, AMBER, RED = "00C6EFCE", "00FFEB9C", "00FFC7CE"
LABELS = ("公司名", "社会信用代码", "联系人", "手机", "成立日期", "注册资本", "备注", "开卡日期")
ROWS = (
    ("福州云桥机械有限公司", "91350100m000100y43", "林一经理", 13800138001, "2024.2.29", "三百万",
     "证件11010519491231002X", 45034),
    ("厦门远石食品有限公司", "91350100M000100Y44", "陈二", "138001", date(2020, 1, 1), 500,
     "=1+1", None),
    (None, None, "黄三", "13800138003", None, None, None, None),
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A title, two header rows, a table that begins in column C, a hidden row, a total."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "客户台账"
    sheet["C1"] = "客户信息台账"
    sheet.merge_cells("C1:I1")
    sheet["C2"], sheet["F2"] = "基础信息", "其他"
    sheet.merge_cells("C2:E2")
    sheet.merge_cells("F2:I2")
    for number, row in enumerate((LABELS, *ROWS), 3):
        for place, value in enumerate(row, 3):
            sheet.cell(number, place).value = value
    sheet["C7"], sheet["H7"] = "合计", "=SUM(H4:H6)"
    sheet["D5"].comment = Comment("请核对", "王")
    sheet.row_dimensions[5].hidden = True
    people = book.create_sheet("联系人")
    people.append(["姓名", "所属公司", "手机号码"])
    people.append(["林一", "福州云桥机械有限公司", "13800138001"])
    path = tmp_path / "台账.xlsx"
    book.save(path)
    return path


def test_the_marked_copy_keeps_the_layout(command: Command, ledger: Path, tmp_path: Path) -> None:
    """R-2.1: repaired cells hold the standard form on green, doubtful ones keep what is typed and
    say why; formulas, comments and sheets stay; a legend says what the colours mean.
    """
    marked = tmp_path / "m.xlsx"
    before = ledger.read_bytes()
    ran = command("standardize", ledger, "--out", tmp_path / "o.csv", "--findings",
                  tmp_path / "f.csv", "--marked", marked, "--json")  # fmt: skip
    told = fits(ran, "standardize", 3)
    assert ledger.read_bytes() == before
    assert told["left_aside"] == {"banner": 1, "totals": 1}
    assert "not read: table 台账.xlsx/联系人 (contact: --entity contact)" in ran.err
    assert "1 hidden row" in ran.err
    book = load_workbook(marked)
    assert book.sheetnames == ["客户台账", "联系人", "Legend"]
    sheet = book["客户台账"]
    cells = {c: (sheet[c].value, sheet[c].fill.fgColor.rgb) for c in ("D4", "E4", "F4", "G4",
             "H4", "I4", "D5", "F5", "C6")}  # fmt: skip
    assert cells == {
        "D4": ("91350100M000100Y43", GREEN),
        "E4": ("林一经理", GREEN),  # the title has no column here: nobody would see it any more
        "F4": ("13800138001", GREEN),
        "G4": (datetime(2024, 2, 29), GREEN),
        "H4": (3_000_000, GREEN),
        "I4": ("证件[证件号码]", GREEN),
        "D5": ("91350100M000100Y44", AMBER),
        "F5": ("138001", AMBER),
        "C6": (None, RED),
    }
    assert sheet["D5"].comment.text.startswith("请核对\nThe check character")
    assert sheet["D4"].comment is None
    assert (sheet["J4"].value, sheet["J4"].fill.fgColor.rgb) == (45034, "00000000")
    assert (sheet["H7"].value, sheet["I5"].value) == ("=SUM(H4:H6)", "=1+1")
    assert "C1:I1" in sheet.merged_cells
    assert sheet.row_dimensions[5].hidden
    legend = book["Legend"]
    assert [legend.cell(n, 2).value for n in (2, 3, 4)] == [
        told["marked"]["cells"][s] for s in ("repair", "warning", "error")
    ]


def test_what_cannot_be_marked_is_refused_before_the_work(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-6.5: one .xlsx workbook of a size that openpyxl can hold; else what to do instead."""
    target, other = tmp_path / "m.xlsx", tmp_path / "a.csv"
    other.write_text("客户名称\n", "utf-8")
    require_markable([ledger], target)
    for files, copy in (([ledger, other], target), ([other], target), ([ledger], other)):
        with pytest.raises(UsageFault):
            require_markable(files, copy)
    monkeypatch.setattr(markable, "MOST_CELLS", 10)
    with pytest.raises(UsageFault) as refused:
        require_markable([ledger], target)
    assert "at most 10" in refused.value.message.en
