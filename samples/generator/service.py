"""`service.csv`: tickets exported from the service desk, in GB18030."""

import csv
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from samples.generator import identifiers, spelling, staff
from samples.generator.customers import AS_OF, Customer, Person
from samples.generator.truth import Truth
from samples.generator.world import Entry, World

COLUMNS = (
    "工单编号", "客户名称", "联系人", "联系电话", "邮箱", "客户地址", "问题类别", "问题描述",
    "处理状态", "受理日期", "处理人", "客户负责人", "备注", "满意度", "录音编号",
)  # fmt: skip
FIRST_ROW = 2
ENCODING = "gb18030"

_PROBLEMS = {
    "设备故障": (
        "设备开机后显示屏无反应，已重启两次",
        "轴承异响，停机等待处理",
        "传感器读数异常，怀疑线路问题",
    ),
    "安装调试": ("新机到货，预约工程师上门安装", "参数无法保存，请远程协助调试"),
    "配件采购": ("询问滤芯和密封圈的价格和货期", "需要补发随机配件一套"),
    "投诉建议": ("反映上次维修超时，要求回访", "发票抬头开错，要求重开"),
    "使用咨询": ("咨询保养周期和注意事项", "操作员换人，申请一次培训"),
}
_STATES = ("新建", "跟进中", "处理中", "已解决", "已完成", "关闭", "已关闭")
_MOODS = ("", "满意", "一般", "不满意")
_REMARKS = ("客户比较着急", "已电话回访", "等待备件", "下周再联系", "已转区域经理")


@dataclass(frozen=True, slots=True)
class Ticket:
    """One line of the file, its cells in the order of `COLUMNS`."""

    cells: tuple[str, ...]
    truth: Truth


def tickets(world: World) -> list[Ticket]:
    """The tickets, in the order of their numbers; some customers have several."""
    random = world.random("service")
    entries = [
        entry
        for entry in world.entries["service"]
        for _ in range(1 if entry.case.startswith("doubtful") else _visits(random))
    ]
    random.shuffle(entries)
    made: list[Ticket] = []
    for index, entry in enumerate(entries):
        number = f"GD2025{index + 1:06d}"
        if index % 211 == 60:
            number = ""
        elif index % 163 == 90:
            number = made[-1].cells[0]
        cells = _cells(random, entry, number)
        other = entry.resembles.number if entry.resembles else None
        truth = Truth(
            "service", "", number, FIRST_ROW + index, entry.customer.number, entry.case, other
        )
        made.append(Ticket(cells, truth))
    return made


def _visits(random: Random) -> int:
    return random.choices((1, 2, 3, 4), (78, 13, 6, 3))[0]


def _cells(random: Random, entry: Entry, number: str) -> tuple[str, ...]:
    customer = entry.customer
    person = customer.people[0] if random.random() < 0.85 else customer.people[-1]
    name = spelling.service_name(random, customer)
    contact, phone = person.name, _phones(random, person, customer)
    address = spelling.address(random, customer) if random.random() < 0.75 else ""
    mail = person.email if random.random() < 0.35 else ""
    if entry.resembles is not None:
        name, contact, mail, phone = entry.resembles.stem, "", "", ""
        address = entry.resembles.address if entry.evidence == "address" else ""
        if entry.evidence == "phone":
            phone = identifiers.off_by_one(random, entry.resembles.phone)
    if random.random() < 0.05:
        contact, address = spelling.traditional(contact), spelling.traditional(address)
    kind = random.choice(tuple(_PROBLEMS))
    problem, remark = _words(random, kind, person)
    opened = AS_OF - timedelta(days=random.randrange(0, 700))
    handler = staff.old_owner(random, random.choice(staff.HANDLERS), 0.1)
    mood, recording = random.choice(_MOODS), f"REC{random.randrange(10**8):08d}"
    owner = staff.old_owner(random, entry.owner, 0.3) if random.random() < 0.8 else ""
    return (
        number, name, contact, phone, mail, address, kind, problem, random.choice(_STATES),
        spelling.date_text(random, opened), handler, owner, remark, mood, recording,
    )  # fmt: skip


def _phones(random: Random, person: Person, customer: Customer) -> str:
    """One or several telephones in a cell."""
    main, roll = spelling.mobile(random, person.mobile), random.random()
    if customer.phone == person.mobile or roll < 0.78:
        return main
    if roll < 0.88:
        return f"{main}{random.choice(('/', '、', '；', ' 或 '))}{customer.phone}"
    if roll < 0.94:
        return f"{customer.phone}转{random.randint(801, 899)}"
    return f"{main},{person.mobile}"


def _words(random: Random, kind: str, person: Person) -> tuple[str, str]:
    """Problem and remark: here and there with numbers that do not belong into a CRM."""
    problem = random.choice(_PROBLEMS[kind])
    remark = random.choice(_REMARKS) if random.random() < 0.4 else ""
    roll = random.random()
    if roll < 0.05:
        remark = f"上门登记，{person.name}身份证号{person.id_number}"
    elif roll < 0.075:
        problem += f"，退款至银行卡{identifiers.bank_card(random)}"
    elif roll < 0.09:
        remark = f"身份证：{spelling.full_width(person.id_number)}，请妥善保管"
    elif roll < 0.10:
        card = identifiers.bank_card(random)
        remark = f"卡号 {' '.join(card[i : i + 4] for i in range(0, 19, 4))}"
    elif roll < 0.16:
        problem = spelling.traditional(problem)
    return (spelling.full_width(problem) if random.random() < 0.05 else problem), remark


def write(path: Path, data: list[Ticket]) -> None:
    """Write the file with CRLF line ends, as Windows programs do."""
    with path.open("w", encoding=ENCODING, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(t.cells for t in data)
