"""`sales.xlsx`: the customer registration sheet that the sales departments kept by hand."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from samples.generator import identifiers, spelling, staff
from samples.generator.customers import AS_OF, Customer, Person
from samples.generator.truth import Truth
from samples.generator.world import Entry, World

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SHEET = "客户登记表"
FIRST_ROW = 4
"""First data row: a banner and a header of two rows stand above."""

Cell = str | int | float | date | None

_HEADER = (
    (None, ("序号",)),
    ("基础信息", ("客户编号", "客户名称", "统一社会\n信用代码", "所属行业", "客户规模",
               "企业地址")),
    ("联系人信息", ("主联系人姓名", "职务", "联系方式", "电子邮箱")),
    ("业务信息", ("客户类型", "年采购预算\n(万元)", "需求描述", "需求标签", "来源渠道", "负责人",
               "所属部门", "登记日期")),
    ("附件信息", ("相关证件",)),
    ("其他", ("客户生日", "内部备注")),
)  # fmt: skip
COLUMNS = tuple(name.replace("\n", "") for _, names in _HEADER for name in names)

_TYPES = {
    "潜在客户": ("潜在客户", "潜在", "意向客户", "新客户", "跟进中"),
    "成交客户": ("成交客户", "成交", "老客户", "合作中", "签约客户"),
    "流失客户": ("流失客户", "流失", "停止合作", "休眠"),
}
_CHANNELS = {
    "展会推广": ("展会推广", "展会"), "官网咨询": ("官网咨询", "官网", "网站"),
    "客户转介绍": ("客户转介绍", "老客户介绍"), "电话营销": ("电话营销", "电销"), "门店": ("门店",),
    "第三方名单": ("第三方名单", "名录"),
}  # fmt: skip
_SIZES = {
    "大型": ("大型", "大"),
    "中型": ("中型", "中"),
    "小型": ("小型", "小"),
    "微型": ("微型", "小微"),
}
_DEMANDS = (
    "计划更换两条产线的设备，需要现场勘察", "年度备件框架采购", "咨询售后维保方案",
    "新厂区建设，预计明年招标",
    "对比三家报价后决定", "需要样品试用", "关注交货周期和账期", "希望安排技术交流",
)  # fmt: skip
_TAGS = ("价格敏感", "账期要求", "进口替代", "长期合作", "需定制", "急单")
_HOSTILE = (
    "=cmd|' /C calc'!A0", '=HYPERLINK("http://invalid.example/","点击领奖")', "+1+1|x",
    "@SUM(1+1)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SalesRow:
    """One data row of the sheet, its cells in the order of `COLUMNS`."""

    cells: tuple[Cell, ...]
    truth: Truth


def rows(world: World) -> list[SalesRow]:
    """The data rows of the sheet."""
    random = world.random("sales")
    made = []
    for index, entry in enumerate(world.entries["sales"]):
        key = f"XS{random.randint(2018, 2025)}{index + 1:05d}"
        cells = _cells(random, entry, index, key)
        other = entry.resembles.number if entry.resembles else None
        truth = Truth(
            "sales", SHEET, key, FIRST_ROW + index, entry.customer.number, entry.case, other
        )
        made.append(SalesRow(cells, truth))
    return made


def _cells(random: Random, entry: Entry, index: int, key: str) -> tuple[Cell, ...]:
    customer, resembles = entry.customer, entry.resembles
    person = customer.people[-1 if random.random() < 0.15 else 0]
    industry, channel = _industry(random, customer), random.choice(_CHANNELS[customer.channel])
    size = random.choice(_SIZES[customer.size]) if customer.size and random.random() < 0.8 else None
    name: str = spelling.full_name(random, customer)
    code, address = _code(random, customer), spelling.address(random, customer)
    contact: tuple[Cell, ...] = _contact(random, person, customer)
    if resembles is not None:
        name, code, industry = resembles.stem, None, None
        address = resembles.address if entry.evidence == "address" else ""
        phone = identifiers.off_by_one(random, resembles.phone)
        similar = phone if entry.evidence == "phone" else None
        contact = (person.name[0] + random.choice(("经理", "先生", "女士")), None, similar, None)
    demand = random.choice(_DEMANDS) if random.random() < 0.55 else None
    if index % 350 == 17:
        demand = _HOSTILE[index // 350 % len(_HOSTILE)]
    tags = "、".join(random.sample(_TAGS, random.randint(1, 3))) if random.random() < 0.4 else None
    budget = spelling.budget(random, customer.budget) if random.random() < 0.8 else None
    papers = f"{key}_营业执照.{random.choice(('pdf', 'jpg'))}" if random.random() < 0.2 else None
    birthday = AS_OF - timedelta(days=random.randrange(9000, 20000))
    return (
        index + 1, key, name, code, industry, size, address or None, *contact,
        random.choice(_TYPES[customer.type]), budget, demand, tags, channel,
        staff.old_owner(random, entry.owner, 0.15), staff.old_department(random, entry.owner),
        _date(random, customer.created + timedelta(days=random.randint(-20, 20))), papers,
        f"{birthday:%m-%d}" if random.random() < 0.2 else None,
        random.choice(("老板爱喝茶", "回款慢", "注意态度", None, None, None)),
    )  # fmt: skip


def _code(random: Random, customer: Customer) -> Cell:
    """The code column: USCC, damaged USCC, 15-digit registration number, typo or nothing."""
    if customer.uscc is None:
        return None
    roll = random.random()
    if customer.uscc.isdigit() and roll < 0.45:
        return int(customer.uscc[:15] + "000")  # what Excel keeps of 18 digits
    if roll < 0.10 and customer.registration:
        return int(customer.registration) if random.random() < 0.5 else customer.registration
    if roll > 0.88:
        return None
    if roll > 0.86:
        return identifiers.off_by_one(random, customer.uscc[:8]) + customer.uscc[8:]
    return customer.uscc.lower() if roll > 0.82 else customer.uscc


def _industry(random: Random, customer: Customer) -> str | None:
    trade, roll = customer.trade, random.random()
    if customer.kind == "个人" or roll < 0.06:
        return None
    if roll < 0.12:
        return trade.vague
    if roll < 0.22:
        return f"{trade.division}业" if not trade.division.endswith("业") else trade.division
    return trade.code if roll < 0.26 else f"{trade.section}-{trade.division}"


def _contact(random: Random, person: Person, customer: Customer) -> tuple[Cell, ...]:
    """Name, title, telephone, mail: the telephone often as a number."""
    roll, number = random.random(), person.mobile
    phone: Cell = int(number)
    if roll < 0.04:
        phone = None
    elif roll < 0.08:
        phone = f"{number}.0"
    elif roll < 0.13:
        phone = customer.phone
    elif roll < 0.45:
        phone = spelling.mobile(random, number)
    elif roll < 0.47:
        phone = f"{float(number):.2E}"
    mail: Cell = person.email if random.random() < 0.6 else None
    if mail and random.random() < 0.06:
        whole = person.email
        mail = random.choice(
            (
                whole.replace("@", "＠"),
                whole.replace("@", " @"),
                whole.replace(".ex", "。ex"),
                whole[:-8],
            )
        )
    return person.name, person.title or None, phone, mail


def _date(random: Random, day: date) -> Cell:
    if random.random() < 0.55:
        return day
    text = spelling.date_text(random, day)
    return int(text) if text.isdigit() and random.random() < 0.5 else text


def write(path: Path, data: list[SalesRow]) -> None:
    """Write the workbook: banner, merged header, data, totals, notes, a hidden sheet."""
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "samples"
    book.properties.created = book.properties.modified = datetime(2025, 6, 30, 18, 0)
    sheet = book.create_sheet(SHEET, 0)
    del book["Sheet"]
    _write_header(sheet)
    for number, row in enumerate(data, FIRST_ROW):
        for column, value in enumerate(row.cells, 1):
            if value is not None:
                _write_cell(sheet, number, column, value)
    end = FIRST_ROW + len(data)
    budgets = [r.cells[COLUMNS.index("年采购预算(万元)")] for r in data]
    sheet.cell(end, 1, "合计")
    sheet.cell(end, 3, f"共{len(data)}家")
    sheet.cell(end, 13, sum(b for b in budgets if isinstance(b, int)))
    sheet.cell(
        end + 2,
        1,
        "注：1. 客户名称以营业执照为准；2. 年采购预算单位为万元；3. 负责人离职的由部门统一交接。",
    )
    sheet.cell(end + 3, 1, "填表：销售内勤    审核：部门经理")
    for number in (FIRST_ROW + 20, FIRST_ROW + 21, FIRST_ROW + 400):
        sheet.row_dimensions[number].hidden = True
    sheet.column_dimensions["V"].hidden = True
    sheet.freeze_panes = f"C{FIRST_ROW}"
    hidden = book.create_sheet("参数")
    for choice in (*_TYPES, *_CHANNELS):
        hidden.append((choice,))
    hidden.sheet_state = "hidden"
    book.save(path)


def _write_header(sheet: "Worksheet") -> None:
    from openpyxl.styles import Alignment, Font

    sheet.cell(1, 1, "2025年客户信息登记表（截至2025年6月30日）").font = Font(bold=True, size=14)
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(COLUMNS))
    column = 1
    for group, names in _HEADER:
        end = column + len(names) - 1
        if group is None:
            sheet.cell(2, column, names[0])
            sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
        else:
            sheet.cell(2, column, group)
            if end > column:
                sheet.merge_cells(start_row=2, end_row=2, start_column=column, end_column=end)
            for offset, name in enumerate(names):
                sheet.cell(3, column + offset, name).alignment = Alignment(wrap_text=True)
        column = end + 1


def _write_cell(sheet: "Worksheet", row: int, column: int, value: Cell) -> None:
    cell = sheet.cell(row, column)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # also what looks like a formula was typed as text
        if len(value) >= 11 and value.isalnum():
            cell.number_format = "@"
    elif isinstance(value, int) and value > 10**11:
        cell.number_format = "0"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
