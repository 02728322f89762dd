"""Workbooks as people make them: banners, merged headers, totals, notes, damaged codes."""

import datetime as dt
import struct
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import xlwt

from crm_migrate.errors import SourceFault
from crm_migrate.formats import Header, Table, open_file
from crm_migrate.formats.contract import KIND
from crm_migrate.records import ROW


def rows_of(table: Table, kind: str = "data") -> pl.DataFrame:
    return pl.concat(list(table.batches())).filter(pl.col(KIND) == kind)


def kinds_of(table: Table) -> dict[str, list[int]]:
    frame = pl.concat(list(table.batches()))
    return {k: frame.filter(pl.col(KIND) == k)[ROW].to_list() for k in frame[KIND].unique()}


def damage_of(table: Table) -> set[tuple[int, str, str]]:
    return set(table.damage().rows())


def registration_form(path: Path) -> None:
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.title = "客户登记表"
    ws["A1"] = "2024年客户信息登记表"
    ws.merge_cells("A1:F1")
    for column, label in (("A", "客户编号"), ("B", "客户\n名称"), ("E", "登记日期"), ("F", "金额")):
        ws[f"{column}3"] = label
        ws.merge_cells(f"{column}3:{column}4")
    ws["C3"] = "联系方式"
    ws.merge_cells("C3:D3")
    ws["C4"], ws["D4"] = "手机", " 邮箱 "
    people = [
        ("001", "安岭机械有限公司", 13800000001, "a@example.com", dt.date(2024, 2, 29), 1200000.5),
        ("002", "北岸贸易有限公司", "13800000002", None, dt.datetime(2024, 3, 1, 9, 30), 80),
        (None,) * 6,
        (3, "辰光电子有限公司", 1.38e10, "c@example.com", 45351, 0.1 + 0.2),
    ]
    for r, person in enumerate(people, start=5):
        for c, value in enumerate(person, start=1):
            if value is not None:
                ws.cell(r, c, value)
    ws["A9"], ws["F9"] = "合计", 1200080.8
    ws["A11"] = "注：金额单位为元，以合同为准。"
    ws.row_dimensions[6].hidden = True
    ws.column_dimensions["D"].hidden = True
    hidden = wb.create_sheet("参数")
    hidden.sheet_state = "hidden"
    hidden.append(["阶段", "说明"])
    hidden.append(["潜在", "尚未成交"])
    wb.create_sheet("空表")
    wb.save(path)


def test_merged_header_banner_totals_and_notes(tmp_path: Path) -> None:
    """R-1.1: a form with a two-row merged header is read as its maker meant it."""
    registration_form(tmp_path / "form.xlsx")
    table = open_file(tmp_path / "form.xlsx")[0]
    info = table.info
    assert info.header == Header(3, 4)
    assert info.columns == (
        "客户编号",
        "客户名称",
        "联系方式/手机",
        "联系方式/邮箱",
        "登记日期",
        "金额",
    )
    assert kinds_of(table) == {
        "banner": [1], "blank": [2, 7, 10], "header": [3, 4], "data": [5, 6, 8],
        "totals": [9], "note": [11],
    }  # fmt: skip
    assert (info.rows, info.hidden_rows, info.hidden_columns) == (3, 1, ("联系方式/邮箱",))


def test_values_as_a_person_reads_them(tmp_path: Path) -> None:
    """R-2.1: no `.0`, no float noise, true dates as dates, midnight dropped."""
    registration_form(tmp_path / "form.xlsx")
    data = rows_of(open_file(tmp_path / "form.xlsx")[0])
    assert data["联系方式/手机"].to_list() == ["13800000001", "13800000002", "13800000000"]
    assert data["登记日期"].to_list() == ["2024-02-29", "2024-03-01 09:30:00", "45351"]
    assert data["金额"].to_list() == ["1200000.5", "80", "0.3"]


def test_damage_is_noticed_with_its_rows(tmp_path: Path) -> None:
    """R-3.1: codes stored as numbers, lost zeros and date serials are named by row."""
    registration_form(tmp_path / "form.xlsx")
    found = damage_of(open_file(tmp_path / "form.xlsx")[0])
    assert {(5, "联系方式/手机", "number_as_code"), (8, "联系方式/手机", "number_as_code")} <= found
    assert (8, "客户编号", "leading_zero_lost") in found
    assert (8, "登记日期", "date_serial") in found
    assert not [f for f in found if f[1] == "金额"]


def test_hidden_and_empty_sheets(tmp_path: Path) -> None:
    """R-1.1: hidden sheets are read and marked, empty ones are left out."""
    registration_form(tmp_path / "form.xlsx")
    tables = open_file(tmp_path / "form.xlsx")
    assert [(t.info.sheet, t.info.hidden) for t in tables] == [
        ("客户登记表", False),
        ("参数", True),
    ]


def test_precision_errors_and_formulas(tmp_path: Path) -> None:
    """R-3.1: ids cut to 15 digits, #N/A and formulas without result are damage, not values."""
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.append(["姓名", "证件号码", "邮箱", "折算"])
    ws.append(["张一", 110105194912310021, "a@example.com", "=1+1"])
    ws.append(["李二", "110105199001011237", "#N/A", None])
    ws["C3"].data_type = "e"
    wb.save(tmp_path / "ids.xlsx")
    table = open_file(tmp_path / "ids.xlsx")[0]
    assert damage_of(table) == {
        (2, "证件号码", "precision_lost"), (3, "邮箱", "excel_error"), (2, "折算", "no_result"),
    }  # fmt: skip
    data = rows_of(table)
    assert data["证件号码"][0] == "110105194912310000"
    assert data["邮箱"].to_list() == ["a@example.com", None]


def test_number_formats_are_read_as_shown(tmp_path: Path) -> None:
    """R-2.1: percentages and zero-padded codes are what the sheet shows."""
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.append(["客户编号", "赢单概率", "金额"])
    ws.append([42, 0.6, 12.5])
    ws["A2"].number_format, ws["B2"].number_format = "000000", "0%"
    ws["C2"].number_format = '#,##0.00"元"'
    wb.save(tmp_path / "shown.xlsx")
    data = rows_of(open_file(tmp_path / "shown.xlsx")[0])
    assert data.row(0)[:3] == ("000042", "60%", "12.5")


def test_1904_date_system(tmp_path: Path) -> None:
    """R-2.1: workbooks of old Macintoshes count days from 1904."""
    wb = openpyxl.Workbook()
    wb.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    wb.active.append(["客户名称", "成立日期"])
    wb.active.append(["安岭机械", dt.date(2024, 2, 29)])
    wb.save(tmp_path / "mac.xlsx")
    assert rows_of(open_file(tmp_path / "mac.xlsx")[0])["成立日期"].to_list() == ["2024-02-29"]


def test_header_far_down_beside_a_margin(tmp_path: Path) -> None:
    """R-1.1: a table that starts in row 5, column B, under lines of text."""
    wb = openpyxl.Workbook()
    ws = wb.active
    ws["B1"] = "华东大区客户名单"
    ws["B2"] = "导出人：系统"
    for c, label in enumerate(["公司", "电话", "负责人"], start=2):
        ws.cell(5, c, label)
    for r in range(6, 12):
        for c, value in enumerate([f"第{r}贸易有限公司", f"0571-8800{r:04d}", "王建"], start=2):
            ws.cell(r, c, value)
    wb.save(tmp_path / "down.xlsx")
    info = open_file(tmp_path / "down.xlsx")[0].info
    assert (info.header, info.columns, info.rows) == (Header(5, 5), ("公司", "电话", "负责人"), 6)


def test_no_header_at_all(tmp_path: Path) -> None:
    """R-1.1: a list without labels loses no row; its columns are named by letter."""
    wb = openpyxl.Workbook()
    for i in range(8):
        wb.active.append(
            [f"{'安北辰东'[i % 4]}岭机械有限公司", 13800000000 + i, dt.date(2024, 1, i + 1)]
        )
    wb.save(tmp_path / "bare.xlsx")
    info = open_file(tmp_path / "bare.xlsx")[0].info
    assert (info.header, info.columns, info.rows) == (None, ("column A", "column B", "column C"), 8)


def test_two_tables_on_a_sheet_lose_nothing(tmp_path: Path) -> None:
    """R-1.1: a second table under the first is kept as rows, never dropped."""
    wb = openpyxl.Workbook()
    ws = wb.active
    for block in (["客户名称", "电话", "地址"], ["产品", "单价", "单位"]):
        ws.append(block)
        for i in range(3):
            ws.append([f"{block[0]}{i}", f"8800100{i}", f"文三路{i}号"])
        ws.append([])
        ws.append([])
    wb.save(tmp_path / "two.xlsx")
    kinds = kinds_of(open_file(tmp_path / "two.xlsx")[0])
    assert (kinds["header"], kinds["data"]) == ([1], [2, 3, 4, 7, 8, 9, 10])


def test_repeated_labels_and_gaps_get_distinct_names(tmp_path: Path) -> None:
    """R-2.3: every column can be named in a mapping."""
    wb = openpyxl.Workbook()
    wb.active.append(["姓名", "电话", "电话", None, "备注"])
    wb.active.append(["张一", "13800000001", "13800000002", "重要", "无"])
    wb.active.append(["李二", "13800000003", "13800000004", "一般", "无"])
    wb.save(tmp_path / "labels.xlsx")
    assert open_file(tmp_path / "labels.xlsx")[0].info.columns == (
        "姓名", "电话", "电话 (2)", "列D", "备注",
    )  # fmt: skip


def test_merged_data_cells_are_repeated_downwards(tmp_path: Path) -> None:
    """R-1.1: a company merged over its contacts belongs to each of them."""
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.append(["公司", "联系人", "手机"])
    for i in range(4):
        ws.append(["安岭机械" if i == 0 else None, f"张{'一二三四'[i]}", f"1380000000{i}"])
    ws.merge_cells("A2:A5")
    wb.save(tmp_path / "merged.xlsx")
    assert rows_of(open_file(tmp_path / "merged.xlsx")[0])["公司"].to_list() == ["安岭机械"] * 4


def test_header_can_be_stated(tmp_path: Path) -> None:
    """R-2.3: a mapping's header wins over what would be found; a wrong one is a clear fault."""
    registration_form(tmp_path / "form.xlsx")
    table = open_file(tmp_path / "form.xlsx", sheet="客户登记表", header=Header(4, 4))[0]
    assert table.info.columns[2:4] == ("手机", "邮箱")
    with pytest.raises(SourceFault, match="90"):
        open_file(tmp_path / "form.xlsx", header=Header(90, 90))


def handmade(path: Path, sheet: str, strings: str = "") -> None:
    """A workbook with raw sheet XML, as other programs write it."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("[Content_Types].xml", "<Types/>")
        z.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>',
        )
        z.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships><Relationship Id="a" Type="{rel}/worksheet" '
            'Target="worksheets/s.xml"/>'
            f'<Relationship Id="b" Type="{rel}/sharedStrings" Target="/xl/s.xml"/></Relationships>',
        )
        z.writestr("xl/worksheets/s.xml", sheet)
        z.writestr("xl/s.xml", strings)


def test_unusual_xml(tmp_path: Path) -> None:
    """R-1.1: namespace prefixes, rich text, missing references and escapes read as in Excel."""
    strings = (
        '<x:sst xmlns:x="m"><x:si><x:t>客户名称</x:t></x:si>'
        "<x:si><x:r><x:rPr><x:b/></x:rPr><x:t>联系</x:t></x:r><x:r><x:t>电话</x:t></x:r>"
        '<x:rPh sb="0" eb="1"><x:t>ヨミ</x:t></x:rPh></x:si>'
        '<x:si><x:t xml:space="preserve">甲 &amp; 乙&#10;公司_x000D_</x:t></x:si></x:sst>'
    )
    sheet = (
        '<?xml version="1.0"?><x:worksheet xmlns:x="m"><x:sheetData>'
        '<x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="s"><x:v>1</x:v></x:c></x:row>'
        '<x:row><x:c t="s" r="A2"><x:v>2</x:v></x:c>'
        '<x:c r="B2"><x:f>1+1</x:f><x:v>88001000</x:v></x:c>'
        '</x:row><x:row><x:c t="inlineStr"><x:is><x:r><x:t>丙</x:t></x:r><x:r><x:t>公司</x:t></x:r>'
        '</x:is></x:c><x:c t="str"><x:f>A1</x:f><x:v>无</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    handmade(tmp_path / "odd.xlsx", sheet, strings)
    table = open_file(tmp_path / "odd.xlsx")[0]
    assert table.info.columns == ("客户名称", "联系电话")
    assert rows_of(table).select("客户名称", "联系电话").rows() == [
        ("甲 & 乙\n公司\r", "88001000"), ("丙公司", "无"),
    ]  # fmt: skip


def test_same_values_as_calamine(tmp_path: Path) -> None:
    """The XML pass agrees with an independent reader over many rows and several pieces."""
    import fastexcel

    wb = openpyxl.Workbook(write_only=True)
    ws = wb.create_sheet()
    ws.append(["编号", "名称", "数", "备注"])
    for i in range(3000):
        ws.append([f"K{i:05d}", f"第{i}公司 & <有限>", i * 7, None if i % 3 else "空"])
    wb.save(tmp_path / "many.xlsx")
    ours = pl.concat(list(open_file(tmp_path / "many.xlsx")[0].batches(size=700)))
    theirs = fastexcel.read_excel(tmp_path / "many.xlsx").load_sheet(0, dtypes="string").to_polars()
    assert ours.filter(pl.col(KIND) == "data").drop(ROW, KIND).equals(theirs)


def test_xls_with_dates_merges_and_errors(tmp_path: Path) -> None:
    """R-1.1: workbooks of Excel 97–2003."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("客户")
    sheet.write_merge(0, 0, 0, 2, "客户一览表")
    date = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for c, label in enumerate(["客户名称", "电话", "登记日期"]):
        sheet.write(1, c, label)
    sheet.write(2, 0, "安岭机械有限公司")
    sheet.write(2, 1, 13800000001)
    sheet.write(2, 2, dt.date(2024, 2, 29), date)
    sheet.write(3, 0, "北岸贸易有限公司")
    sheet.write(3, 2, dt.datetime(2024, 3, 1, 8, 0), date)
    sheet.row(3).hidden = True
    book.save(str(tmp_path / "old.xls"))
    table = open_file(tmp_path / "old.xls")[0]
    assert (table.info.header, table.info.hidden_rows) == (Header(2, 2), 1)
    assert rows_of(table).rows() == [
        ("安岭机械有限公司", "13800000001", "2024-02-29", 3, "data"),
        ("北岸贸易有限公司", None, "2024-03-01 08:00:00", 4, "data"),
    ]
    assert damage_of(table) == {(3, "电话", "number_as_code")}


def test_xls_that_is_html(tmp_path: Path) -> None:
    """R-1.1: an HTML page called .xls is named for what it is, with the way out."""
    (tmp_path / "export.xls").write_text(
        "<html><table><tr><td>客户</td></tr></table></html>", "utf-8"
    )
    with pytest.raises(SourceFault, match="HTML") as caught:
        open_file(tmp_path / "export.xls")
    assert caught.value.where == "export.xls"
    assert caught.value.remedy


def test_encrypted_workbook(tmp_path: Path) -> None:
    """R-1.1: a password-protected workbook is refused in words, not with a parser's error."""
    import io

    import msoffcrypto

    registration_form(tmp_path / "form.xlsx")
    plain = msoffcrypto.OfficeFile(io.BytesIO((tmp_path / "form.xlsx").read_bytes()))
    with (tmp_path / "locked.xlsx").open("wb") as out:
        plain.encrypt("geheim", out)
    with pytest.raises(SourceFault, match="password"):
        open_file(tmp_path / "locked.xlsx")


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 not really a zip", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken", b"%PDF-1.7 x"],
)
def test_damaged_and_foreign_files(tmp_path: Path, content: bytes) -> None:
    """R-1.1: damaged and foreign files are a fault with place and remedy, never a traceback."""
    (tmp_path / "junk.xlsx").write_bytes(content)
    with pytest.raises(SourceFault) as caught:
        open_file(tmp_path / "junk.xlsx")
    assert caught.value.where == "junk.xlsx"
    assert caught.value.remedy is not None


def test_empty_workbook(tmp_path: Path) -> None:
    """R-1.1: a workbook without a single cell says so."""
    openpyxl.Workbook().save(tmp_path / "empty.xlsx")
    with pytest.raises(SourceFault, match="No sheet"):
        open_file(tmp_path / "empty.xlsx")


def test_zip_bomb_is_refused(tmp_path: Path) -> None:
    """R-5: a sheet that would unpack to an unreasonable size is refused before it is unpacked."""
    handmade(tmp_path / "bomb.xlsx", "<worksheet><sheetData/></worksheet>")
    data = bytearray((tmp_path / "bomb.xlsx").read_bytes())
    entry = data.rfind(b"xl/worksheets/s.xml") - 46  # its line in the central directory
    struct.pack_into("<I", data, entry + 24, 3 << 30)
    (tmp_path / "bomb.xlsx").write_bytes(data)
    with pytest.raises(SourceFault, match="unreasonable size"):
        open_file(tmp_path / "bomb.xlsx")
