"""The workbook comes back (R-6.6, R-6.7): comments and exclusions are read, slips are refused."""

import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from crm_migrate.errors import UsageFault
from crm_migrate.plan.show.excel import plan_workbook
from crm_migrate.plan.show.returned import read_returned, returned_plan
from tests.plan.crm import KEY
from tests.plan.show.shown import view

PLAN = "p-1"
Change = Callable[[Worksheet, dict[str, int]], None]


def columns(sheet: Worksheet) -> dict[str, int]:
    return {str(c.value): c.column for c in sheet[1]}


def sent_back(folder: Path, sheet: str, change: Change, name: str = "back.xlsx") -> Path:
    """The workbook as someone saves it after filling it in."""
    book = openpyxl.load_workbook(BytesIO(plan_workbook(view("zh"), KEY)))
    page = book[sheet]
    change(page, columns(page))
    path = folder / name
    book.save(path)
    return path


def test_comments_and_exclusions_are_read_back(tmp_path: Path) -> None:
    """Of any sheet, in either language's mark; numbers of persons in comments are cut out."""

    def fill(sheet: Worksheet, at: dict[str, int]) -> None:
        for row in range(2, sheet.max_row + 1):
            title = sheet.cell(row, at["记录"]).value
            if title == "上海甲木科技有限公司":
                sheet.cell(row, at["排除"], " YES ")
                sheet.cell(row, at["意见"], "联系人证件 110101199003070011 不对")

    path = sent_back(tmp_path, "客户", fill)
    assert returned_plan(path) == PLAN
    found = read_returned(path, PLAN, KEY)
    assert found.excluded == ("g1",)
    assert [c.text for c in found.comments if c.golden_id == "g1"] == ["联系人证件 [证件号码] 不对"]
    assert found.comments[0].title == "上海甲木科技有限公司"


def test_rows_columns_and_sheets_may_come_in_any_order(tmp_path: Path) -> None:
    """Sorted, filtered, moved, a column added: what belongs together still does."""

    def shuffle(sheet: Worksheet, at: dict[str, int]) -> None:
        sheet.cell(3, at["排除"], "排除")
        marked = sheet.cell(3, at["记录"]).value
        rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=2)]
        random.Random(3).shuffle(rows)
        order = list(range(len(rows[0])))
        random.Random(4).shuffle(order)
        heads = [c.value for c in sheet[1]]
        for row, values in enumerate([heads, *rows], 1):
            for column, place in enumerate(order, 2):
                sheet.cell(row, column, values[place])
            sheet.cell(row, 1, "我们的序号" if row == 1 else row)
        sheet.parent.move_sheet(sheet, -3)
        sheet.parent.remove(sheet.parent["汇总"])
        assert marked

    path = sent_back(tmp_path, "客户", shuffle)
    found = read_returned(path, returned_plan(path), KEY)
    assert len(found.excluded) == 1


def swap_titles(sheet: Worksheet, at: dict[str, int]) -> None:
    """As a sort of one column alone leaves it."""
    cells = [sheet.cell(row, at["记录"]) for row in range(2, sheet.max_row + 1)]
    titles = sorted({str(c.value) for c in cells})
    for cell in cells:
        cell.value = titles[(titles.index(str(cell.value)) + 1) % len(titles)]


def type_an_id(sheet: Worksheet, at: dict[str, int]) -> None:
    sheet.cell(2, at["#plan p-1"], "customer:g2")


def lose_the_ids(sheet: Worksheet, at: dict[str, int]) -> None:
    sheet.cell(2, at["意见"], "ok")
    sheet.cell(2, at["#plan p-1"]).value = None


@pytest.mark.parametrize("change", [swap_titles, type_an_id, lose_the_ids])
def test_rows_that_were_taken_apart_are_refused(tmp_path: Path, change: Change) -> None:
    """With file, sheet and row: nobody may be left out of a plan for another one's comment."""
    path = sent_back(tmp_path, "客户", change)
    with pytest.raises(UsageFault) as refused:
        read_returned(path, PLAN, KEY)
    assert refused.value.where == "back.xlsx, 客户, 2"
    assert refused.value.remedy is not None


def test_a_mark_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    """Leaving somebody out is not guessed at."""

    def fill(sheet: Worksheet, at: dict[str, int]) -> None:
        sheet.cell(2, at["排除"], "再看看")

    with pytest.raises(UsageFault, match="left out"):
        read_returned(sent_back(tmp_path, "客户", fill), PLAN, KEY)


def test_another_plan_or_another_file_is_refused(tmp_path: Path) -> None:
    """Workbooks of another plan, of none, and of several."""

    def nothing(sheet: Worksheet, at: dict[str, int]) -> None:
        """Sent back as it came."""

    path = sent_back(tmp_path, "客户", nothing)
    with pytest.raises(UsageFault, match="as it was sent out"):
        read_returned(path, "p-2", KEY)
    with pytest.raises(UsageFault, match="as it was sent out"):
        read_returned(path, PLAN, b"x" * 32)

    def rename(sheet: Worksheet, at: dict[str, int]) -> None:
        sheet.cell(1, at["#plan p-1"], "#plan p-9")

    with pytest.raises(UsageFault, match="several plans"):
        returned_plan(sent_back(tmp_path, "客户", rename))
    book = openpyxl.Workbook()
    book.worksheets[0].append(["客户", "意见"])
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(UsageFault, match="not the workbook of a plan"):
        returned_plan(tmp_path / "other.xlsx")


def test_only_comments_and_exclusions_can_be_filled_in() -> None:
    """Everything else is protected against slips; marks are chosen from a list; ids are hidden."""
    sheet = openpyxl.load_workbook(BytesIO(plan_workbook(view("zh"), KEY)))["客户"]
    at = columns(sheet)
    letter = {name: sheet.cell(1, place).column_letter for name, place in at.items()}
    assert sheet.protection.sheet
    for name in ("意见", "排除"):
        assert not sheet.column_dimensions[letter[name]].protection.locked
    assert sheet.cell(2, at["记录"]).protection.locked
    rule = sheet.data_validations.dataValidation[0]
    assert (rule.formula1, str(rule.sqref)[0]) == ('"排除"', letter["排除"])
    for name in ("#plan p-1", "#check"):
        assert sheet.column_dimensions[letter[name]].hidden
