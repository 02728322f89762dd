"""The mapping workbook: out to Excel, back to YAML, nothing lost and nothing invented."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from crm_migrate.errors import ProjectFault, UsageFault
from crm_migrate.mapping.scaffold import scaffold
from crm_migrate.mapping.workbook import export_workbook
from crm_migrate.mapping.workbook_form import EMPTY
from crm_migrate.mapping.workbook_import import Changes, import_workbook
from crm_migrate.project import load_project
from crm_migrate.project.entities_file import standard_model
from crm_migrate.project.mapping_file import FieldSource


@pytest.fixture
def root(sources: Path, tmp_path: Path) -> Path:
    scaffold(tmp_path / "p", [sources], standard_model(), language="zh")
    return tmp_path / "p"


class Book:
    """The exported workbook in the hands of a person."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root.parent / "映射.xlsx"
        export_workbook(load_project(root), self.path)
        self.book: Any = load_workbook(self.path)

    def row(self, sheet: str, column: str) -> int:
        cells = self.book[sheet]["A"]
        return next(c.row for c in cells if c.value == column)

    def set(self, sheet: str, column: str, **cells: str | None) -> None:
        for letter, value in cells.items():
            self.book[sheet][f"{letter}{self.row(sheet, column)}"].value = value

    def send_back(self) -> Changes:
        self.book.save(self.path)
        return import_workbook(self.root, self.path)


def texts(root: Path) -> dict[str, str]:
    return {p.name: p.read_text("utf-8") for p in (root / "mappings").rglob("*.yaml")}


def source(root: Path, name: str, entity: str, field: str) -> FieldSource:
    tables = load_project(root).mappings[name].tables
    return next(
        r.fields[field]
        for t in tables
        for r in t.records
        if r.entity == entity and field in r.fields
    )


def test_round_trip_without_edits_changes_nothing(root: Path) -> None:
    """R-6.7: export and import again: no file is written."""
    before = texts(root)
    changes = Book(root).send_back()
    assert changes.files == ()
    assert changes.lines == ()
    assert texts(root) == before


def test_every_table_value_map_and_owner_has_its_sheet(root: Path) -> None:
    """A sheet per table and map, guide first, header frozen, wide enough, dropdown to confirm."""
    book = Book(root).book
    assert book.sheetnames == [
        "说明 Guide",
        "erp customers",
        "erp orders",
        "sales 登记表",
        "service",
        "负责人 owners",
        "取值 sales_customer_type",
        "取值 service_ticket_status",
    ]
    sheet = book["sales 登记表"]
    assert sheet.freeze_panes == "B4"
    assert sheet["A3"].value == "源列\nSource column"
    assert sheet.column_dimensions["A"].width >= 20
    assert sheet.column_dimensions["L"].hidden
    lists = [v.formula1 for v in sheet.data_validations.dataValidation]
    assert '"是,否"' in lists


def test_no_value_of_a_customer_stands_in_it(root: Path, sources: Path) -> None:
    """Shapes are shown by invented, masked examples only."""
    cells = {str(c.value) for s in Book(root).book.worksheets for row in s.iter_rows() for c in row}
    assert not {t for t in cells if "13800138" in t or "示例机械" in t or "张一一" in t}
    assert "138****1234" in cells


def test_confirmations_and_comments_come_back(root: Path) -> None:
    """是 and 否 stand in the file; a comment stands behind the field, and comes out again."""
    book = Book(root)
    book.set("sales 登记表", "联系人信息/手机", J="是", K="已与销售一部核对\n# 好")
    book.set("sales 登记表", "基础信息/企业地址", J="否")
    changes = book.send_back()
    assert [f.name for f in changes.files] == ["sales.yaml"]
    assert changes.rejected == 1
    assert source(root, "sales", "contact", "mobile").confirmed is True
    assert source(root, "sales", "customer", "address").confirmed is False
    assert "# 已与销售一部核对 # 好\n" in texts(root)["sales.yaml"]
    again = Book(root)
    sheet = again.book["sales 登记表"]
    assert (
        sheet[f"K{again.row('sales 登记表', '联系人信息/手机')}"].value == "已与销售一部核对 # 好"
    )
    assert again.send_back().files == ()


def test_a_column_moves_to_another_field_and_others_stay(root: Path) -> None:
    """Moved, left out, taken in: three edits of one table; what was not touched is as before."""
    before = load_project(root).mappings["sales"].tables[0]
    book = Book(root)
    book.set("sales 登记表", "业务信息/备用电话", C="联系人", D="固定电话")
    book.set("sales 登记表", "基础信息/企业地址", C=None, D=None)
    book.set("sales 登记表", "基础信息/客户编号", C="客户", D="customer_code")
    lines = [c.zh for c in book.send_back().lines]
    assert "sales/登记表 基础信息/企业地址 → 不采集" in lines
    after = load_project(root).mappings["sales"].tables[0]
    assert source(root, "sales", "contact", "phone").column == "业务信息/备用电话"
    assert source(root, "sales", "customer", "customer_code").column == "基础信息/客户编号"
    assert "基础信息/企业地址" in after.ignore
    assert "address" not in after.records[0].fields
    assert after.records[0].fields["name"] == before.records[0].fields["name"]
    assert after.key == before.key


def test_two_columns_for_one_field_and_a_new_record(root: Path) -> None:
    """Two columns to one field are joined; a new entity refers to the customer of its row."""
    book = Book(root)
    book.set("erp orders", "secret_note", C="tag", D="label")
    book.set("service", "客户名称", C="工单", D="内容")
    book.send_back()
    assert source(root, "service", "ticket", "content").columns == ("问题描述", "客户名称")
    assert source(root, "erp", "tag", "label").column == "secret_note"


def test_values_and_owners_come_back(root: Path) -> None:
    """Open values are decided, an old owner gets a successor, a new line is added."""
    book = Book(root)
    sheet = book.book["取值 sales_customer_type"]
    assert (sheet["A4"].value, sheet["B4"].value) == ("休眠", None)
    sheet["B4"].value = "流失客户"
    sheet.append(["已注销", EMPTY])
    book.set("负责人 owners", "周一", B="公海", C="公海", D="调岗")
    book.book["负责人 owners"].append(["钱七", "郑六", "销售二部", None])
    changes = book.send_back()
    assert {f.name for f in changes.files} == {"sales_customer_type.yaml", "owners.yaml"}
    maps = load_project(root).value_maps
    assert maps["sales_customer_type"].map == {"休眠": "流失客户", "已注销": None}
    assert maps["sales_customer_type"].undecided == ()
    owners = {o.old: o.new for o in maps["owners"].owners}
    assert owners == {"周一": "公海", "吴二(离职)": "公海", "郑六": "郑六", "钱七": "郑六"}


def test_all_faults_are_reported_with_sheet_and_row_and_nothing_is_written(root: Path) -> None:
    """Every faulty cell at once; one fault keeps all changes out."""
    before = texts(root)
    book = Book(root)
    book.set("sales 登记表", "联系人信息/手机", D="手机号吗")
    book.set("sales 登记表", "联系人信息/联系人", C="员工")
    book.set("sales 登记表", "基础信息/企业地址", J="也许")
    book.set("sales 登记表", "业务信息/备用电话", E="没有的映射")
    book.set("service", "客户编号", D="名称")
    book.book["取值 sales_customer_type"]["B4"].value = "睡着了"
    book.book["负责人 owners"]["B4"].value = None
    with pytest.raises(ProjectFault) as caught:
        book.send_back()
    found = {f.where: f.message.zh for f in caught.value.faults}
    mobile = book.row("sales 登记表", "联系人信息/手机")
    assert found[f"映射.xlsx/sales 登记表:{mobile}"] == "“联系人”没有字段“手机号吗”"
    assert len(found) == 7
    assert texts(root) == before


def test_text_is_never_a_formula(root: Path) -> None:
    """Names that start with = + - @ are text in the workbook and come back unchanged."""
    path = root / "mappings" / "values" / "sales_customer_type.yaml"
    path.write_text('map: {"=1+1": 潜在客户, "@x": 成交客户, "-": null}\n', "utf-8")
    book = Book(root)
    cell = book.book["取值 sales_customer_type"]["A4"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=1+1", "s", True)
    assert book.send_back().files == ()


def test_other_files_are_refused(root: Path, sources: Path) -> None:
    """Any other workbook, or none at all, is a fault and no traceback."""
    for name in ("sales.xlsx", "service.csv", "nothing.xlsx"):
        with pytest.raises(UsageFault):
            import_workbook(root, sources / name)
