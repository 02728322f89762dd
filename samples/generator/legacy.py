"""The rows of the old CRM (`legacy.db`): customers and everything that hangs on them."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from samples.generator import business, identifiers, spelling, staff
from samples.generator.customers import AS_OF, Customer
from samples.generator.database import Row
from samples.generator.truth import Truth
from samples.generator.world import Entry, World

NATURES = {"企业": "1", "个体工商户": "2", "个人": "3", "境外企业": "4"}
STATES = {"潜在客户": "10", "成交客户": "20", "流失客户": "90"}
CHANNELS = {
    "展会推广": "ZH", "官网咨询": "WZ", "客户转介绍": "JS", "电话营销": "DH", "门店": "MD",
    "第三方名单": "MC",
}  # fmt: skip
BANKS = ("城东支行", "高新支行", "滨江支行", "开发区支行")


@dataclass(frozen=True)
class Legacy:
    """All rows by table, the truth of the customers, and their old numbers."""

    tables: dict[str, list[Row]]
    truth: list[Truth]
    keys: dict[int, str]
    """The first `cust_id` of each true customer."""


def build(world: World) -> Legacy:
    """Everything that stands in the old CRM."""
    random = world.random("legacy")
    # Group parents stand first, as foreign keys demand; the rest in the order of the world.
    entries = sorted(world.entries["legacy"], key=lambda e: e.customer.head is not None)
    heads = {c.head for c in world.customers}
    entries.sort(key=lambda e: e.customer.number not in heads)
    keys: dict[int, str] = {}
    customers: list[Row] = []
    truth: list[Truth] = []
    placed: list[tuple[str, Entry]] = []
    for index, entry in enumerate(entries):
        key = f"KH{index + 1:06d}"
        parent = keys.get(entry.customer.head) if entry.customer.head else None
        keys.setdefault(entry.customer.number, key)
        customers.append(_customer(random, entry, key, parent))
        truth.append(Truth("legacy", "customers", key, None, entry.customer.number, entry.case))
        placed.append((key, entry))
    tables = {"products": business.products(), "customers": customers}
    tables["contacts"] = _contacts(random, placed)
    tables |= business.around(world.random("business"), placed)
    _orphan(random, tables)
    return Legacy(tables, truth, keys)


def _customer(random: Random, entry: Entry, key: str, parent: str | None) -> Row:
    c = entry.customer
    roll = random.random()
    code = c.uscc if roll < 0.86 else None
    if code and roll < 0.02:
        code = spelling.full_width(code)
    industry = c.trade.code if random.random() < 0.5 else f"{c.trade.section}-{c.trade.division}"
    company = c.kind == "企业"
    score = random.randint(40, 99)
    created = f"{c.created:%Y-%m-%d} {random.randint(8, 18):02d}:{random.randint(0, 59):02d}:00"
    again = entry.case == "twice" and random.random() < 0.7
    return {
        "cust_id": key,
        "cust_name": spelling.full_name(random, c) if again or random.random() < 0.25 else c.name,
        "short_name": c.short_name if company and random.random() < 0.6 else None,
        "old_name": f"{c.stem}实业有限公司" if company and random.random() < 0.03 else None,
        "uscc": code,
        "reg_no": c.registration if random.random() < 0.35 else None,
        "nature": NATURES[c.kind],
        "industry": industry,
        "scale": c.size[:1] or None,
        "status": STATES[c.type],
        "cust_level": random.choice("SAAABBBBB") if c.type == "成交客户" else None,
        "source_code": CHANNELS[c.channel],
        "tel": None if random.random() < 0.12 else c.phone,
        "email": f"info@{c.domain}" if company and random.random() < 0.4 else None,
        "website": f"www.{c.domain}" if company and random.random() < 0.3 else None,
        "addr": spelling.address(random, c) if random.random() < 0.92 else None,
        "budget_yuan": c.budget * 10_000 if random.random() < 0.6 else None,
        "bank_name": f"{c.place.short_city}{random.choice(BANKS)}" if c.account else None,
        "bank_account": c.account if c.account and c.type == "成交客户" else None,
        "owner_name": staff.old_owner(random, entry.owner, 0.4),
        "dept_name": staff.old_department(random, entry.owner),
        "parent_id": parent,
        "created_at": "0000-00-00 00:00:00" if random.random() < 0.01 else created,
        "sms_ok": "Y" if c.consents[0] else "N",
        "mail_ok": "Y" if c.consents[1] else "N",
        "call_ok": None if random.random() < 0.2 else "Y" if c.consents[2] else "N",
        "credit_score": score,
        "remark": random.choice((None, None, None, "老系统导入", "名片录入", "展会收集")),
    }  # fmt: skip


def _contacts(random: Random, placed: list[tuple[str, Entry]]) -> list[Row]:
    made: list[Row] = []
    for key, entry in placed:
        customer: Customer = entry.customer
        people = customer.people if entry.case != "twice" else customer.people[:1]
        for place, person in enumerate(people):
            born = AS_OF - timedelta(days=random.randrange(9000, 22000))
            number = person.mobile
            if random.random() < 0.05:
                number = identifiers.off_by_one(random, number)  # changed since, or mistyped
            made.append({
                "contact_id": f"LX{len(made) + 1:06d}",
                "cust_id": key,
                "full_name": person.name,
                "position": person.title or None,
                "mobile": spelling.mobile(random, number) if random.random() < 0.3 else number,
                "tel": customer.phone if random.random() < 0.25 else None,
                "email": person.email if random.random() < 0.65 else None,
                "id_number": person.id_number if random.random() < 0.12 else None,
                "is_main": "Y" if place == 0 else "N",
                "birthday": f"{born:%Y-%m-%d}" if random.random() < 0.15 else None,
                "remark": None,
            })  # fmt: skip
    return made


def _orphan(random: Random, tables: dict[str, list[Row]]) -> None:
    """Point some children to customers that were deleted long ago."""
    for name, count in (
        ("contacts", 12), ("orders", 5), ("follow_ups", 25), ("tags", 8), ("attachments", 3),
    ):  # fmt: skip
        rows = tables[name]
        for row in random.sample(rows, min(count, len(rows))):
            row["cust_id"] = f"KH9{random.randint(0, 99_999):05d}"
