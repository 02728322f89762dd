"""A project with a real (non-sandbox) SQLite target, several people, a policy and gates."""

from pathlib import Path

from openpyxl import Workbook

from tests.cli.command_line import CONTACTS, CUSTOMERS, MOBILES, Command

PEOPLE = (
    "li:operator:李操作:信息部",
    "chen:administrator:陈管理:信息部",
    "wang:approver:王审批:销售部",
    "zhao:approver:赵审批:销售部",
    "qian:approver:钱审批:市场部",
    "zhou:steward:周数据:销售部",
)
POLICY = """approval:
  levels: [{up_to: 2}, {approvers: 2, departments: each_affected}]
"""
GATES = """extends: standard
gates:
  completeness.customer.uscc: {at_least: 0.9, on_failure: block}
  plan_size: {limit: 5, on_failure: extra_approval, role: steward}
"""
GATE = "completeness.customer.uscc"


def write_source(path: Path, *, note: bool = False) -> None:
    """A workbook of customers of two departments; with a second sheet that no mapping names."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "客户"
    head = ["客户编号", "客户名称", "统一社会信用代码", "电话", "企业地址", "联系人", "手机"]
    sheet.append([*head, "所属部门", "负责人"])
    for number, row in enumerate(zip(CUSTOMERS, CONTACTS, MOBILES, strict=True)):
        customer, contact, mobile = row
        department = "销售部" if number < 3 else "市场部"
        sheet.append([*customer, contact, int(mobile), department, "张三"])
    if note:
        book.create_sheet("说明").append(["销售部整理"])
    book.save(path)


def real_project(
    command: Command, folder: Path, *, policy: str = POLICY, gates: str = GATES
) -> Path:
    """The project, its tables laid out, keys made; nothing is planned yet."""
    files, project = folder / "files", folder / "real"
    files.mkdir()
    write_source(files / "sales.xlsx")
    assert command("init", project, "--from", files).code == 0
    settings = project / "crm-migrate.yaml"
    text = settings.read_text("utf-8").replace("sandbox: true", "sandbox: false")
    settings.write_text(text + policy, "utf-8")
    (project / "rules" / "gates.yaml").write_text(gates, "utf-8")
    (project / ".crm-migrate").rename(folder / "rehearsal")  # a real target starts with new keys
    people = [f"--person={p}" for p in PEOPLE]
    made = command("-C", project, "keys", "init", "--no-passphrase", *people)
    assert made.code == 0, made.err
    return project
