"""What hangs on the old CRM's customers: leads, opportunities, contracts, orders, follow-ups."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from samples.generator import identifiers, spelling, staff, words
from samples.generator.customers import AS_OF
from samples.generator.database import Row
from samples.generator.world import Entry

Placed = list[tuple[str, Entry]]
"""Entries of the old CRM with their `cust_id`."""

_GOODS = (
    "数控分度台", "伺服电机", "变频控制柜", "除尘滤芯", "工业网关", "视觉检测仪",
    "输送线模组", "密封圈套件",
    "冷却循环机", "激光打标机", "温控模块", "气动夹爪", "减速机", "安全光栅", "液压站", "称重仪表",
)  # fmt: skip
_VARIANTS = (("标准型", 1.0), ("加强型", 1.35), ("经济型", 0.8))
SOURCES = ("ZH", "WZ", "JS", "DH", "MD", "MC", "QT")
STAGES = (("S1", "30%"), ("S2", "60%"), ("S3", "90%"), ("S4", "100%"), ("S5", "0%"))
WAYS = ("T", "V", "M", "W", "O")
_TALKS = (
    "介绍新产品，客户要求提供样册", "确认到货时间，客户表示满意", "沟通付款计划，约定月底前安排",
    "拜访生产现场，记录改造需求",
    "发送报价单，等待客户内部审批", "客户更换采购负责人，重新建立联系", "节日问候，暂无新需求",
)  # fmt: skip
_WANTS = ("索取产品目录", "咨询代理政策", "询价三台以上", "预约演示", "要求技术方案")
_TAGS = ("战略合作", "价格敏感", "账期长", "需上门", "重点跟进", "开票加急", "外贸")
_PAPERS = (("营业执照", "pdf"), ("开票资料", "pdf"), ("授权书", "jpg"), ("资质证书", "jpg"))


def products() -> list[Row]:
    """The product list with codes and prices."""
    return [
        {
            "prod_id": f"P{100 + index:04d}-{variant + 1}",
            "prod_name": f"{name}（{label}）",
            "unit": "台" if index % 3 else "套",
            "category": "备件" if name.endswith(("滤芯", "套件")) else "设备",
            "list_price": round((680 + index * 1730) * factor, 2),
        }
        for index, name in enumerate(_GOODS)
        for variant, (label, factor) in enumerate(_VARIANTS)
    ]


def around(random: Random, placed: Placed) -> dict[str, list[Row]]:
    """All tables that hang on customers, but contacts."""
    contracts = list(_contracts(random, placed))
    return {
        "leads": list(_leads(random, placed)),
        "opportunities": list(_opportunities(random, placed)),
        "contracts": contracts,
        "orders": list(_orders(random, placed, contracts)),
        "follow_ups": list(_follow_ups(random, placed)),
        "tags": list(_tags(random, placed)),
        "attachments": list(_attachments(random, placed)),
    }


def _day(random: Random, years: int = 5) -> date:
    return AS_OF - timedelta(days=random.randrange(1, 365 * years))


def _ahead(random: Random) -> date:
    return AS_OF + timedelta(days=random.randint(10, 400))


def _amount(random: Random, entry: Entry, low: float, high: float) -> float:
    """Some part of the customer's annual budget, in 元 to the cent."""
    return round(random.uniform(low, high) * entry.customer.budget * 10_000, 2)


def _leads(random: Random, placed: Placed) -> Iterator[Row]:
    """Half of the leads became customers, the others are strangers."""
    for number in range(max(1, len(placed) // 4)):
        key, entry = random.choice(placed)
        person, company = entry.customer.people[0], entry.customer.name
        name, mobile, mail = person.name, person.mobile, person.email
        converted: str | None = key
        if random.random() < 0.5:
            surname, given = random.choice(words.SURNAMES), random.choice(words.GIVEN)
            stem = "".join(random.choice(c)[0] for c in (words.STEM_FIRST, words.STEM_SECOND))
            name, mobile = surname[0] + given[0], identifiers.mobile(random)
            company, converted = f"{stem}{random.choice(words.TRADES).word}", None
            mail = f"{surname[1]}{given[1]}@mail.example"
        yield {
            "lead_id": f"XSX{number + 1:05d}", "company": company, "person": name,
            "mobile": spelling.mobile(random, mobile),
            "email": mail if random.random() < 0.5 else None,
            "source_code": random.choice(SOURCES), "requirement": random.choice(_WANTS),
            "owner_name": staff.old_owner(random, entry.owner, 0.3), "cust_id": converted,
            "created_at": f"{_day(random, 3):%Y-%m-%d} 09:00:00",
        }  # fmt: skip


def _opportunities(random: Random, placed: Placed) -> Iterator[Row]:
    number = 0
    for key, entry in placed:
        for _ in range(random.choices((0, 1, 2), (68, 25, 7))[0]):
            number += 1
            stage, chance = random.choice(STAGES)
            goods = random.choice(_GOODS)
            yield {
                "opp_no": f"SJ{number:06d}", "cust_id": key,
                "opp_name": f"{entry.customer.stem}{goods}采购项目",
                "source_code": random.choice(SOURCES), "stage": stage,
                "expect_amount": _amount(random, entry, 0.2, 1.5),
                "probability": chance,
                "expect_date": spelling.date_text(random, _ahead(random)),
                "owner_name": staff.old_owner(random, entry.owner, 0.3),
            }  # fmt: skip


def _contracts(random: Random, placed: Placed) -> Iterator[Row]:
    number = 0
    for key, entry in placed:
        if entry.customer.type == "潜在客户":
            continue
        for _ in range(random.choices((0, 1, 2), (45, 40, 15))[0]):
            number += 1
            signed = _day(random)
            yield {
                "contract_no": f"HT-{signed.year}-{number:05d}", "cust_id": key,
                "title": f"{random.choice(_GOODS)}购销合同",
                "amount": _amount(random, entry, 0.3, 1.2),
                "sign_date": signed, "end_date": signed + timedelta(days=365),
                "owner_name": staff.old_owner(random, entry.owner, 0.3),
                "dept_name": staff.old_department(random, entry.owner),
            }  # fmt: skip


def _orders(random: Random, placed: Placed, contracts: list[Row]) -> Iterator[Row]:
    """One to three orders under each contract, within its year but for a few, and some without."""
    goods = products()
    signed = {str(c["contract_no"]): c["sign_date"] for c in contracts}
    owners = {key: entry.owner for key, entry in placed}
    loose = [key for key, entry in placed if entry.customer.type == "成交客户"]
    under: list[tuple[str, str | None]] = [
        (str(c["cust_id"]), str(c["contract_no"]))
        for c in contracts for _ in range(random.choice((1, 1, 2, 3)))
    ]  # fmt: skip
    under += [(key, None) for key in loose if random.random() < 0.4]
    for number, (key, contract) in enumerate(under, 1):
        product = random.choice(goods)
        price = product["list_price"]
        assert isinstance(price, float)
        day = _day(random)
        since = signed[contract] if contract else None
        if isinstance(since, date) and number % 60:  # the others were entered before the contract
            day = since + timedelta(days=(AS_OF - day).days % min(365, (AS_OF - since).days))
        yield {
            "order_no": f"DD{day:%Y%m}{number:05d}", "cust_id": key, "contract_no": contract,
            "prod_id": product["prod_id"], "amount": round(price * random.randint(1, 12), 2),
            "order_date": day, "dept_name": staff.old_department(random, owners[key]),
        }  # fmt: skip


def _follow_ups(random: Random, placed: Placed) -> Iterator[Row]:
    number = 0
    for key, entry in placed:
        for _ in range(random.choices((0, 1, 2, 3), (45, 25, 18, 12))[0]):
            number += 1
            yield {
                "follow_id": number, "cust_id": key, "way": random.choice(WAYS),
                "follow_date": spelling.date_text(random, _day(random, 3)),
                "content": random.choice(_TALKS),
                "owner_name": staff.old_owner(random, entry.owner, 0.3),
            }  # fmt: skip


def _tags(random: Random, placed: Placed) -> Iterator[Row]:
    number = 0
    for key, _ in placed:
        for tag in random.sample(_TAGS, random.choices((0, 1, 2), (60, 28, 12))[0]):
            number += 1
            yield {"tag_id": number, "cust_id": key, "tag": tag}


def _attachments(random: Random, placed: Placed) -> Iterator[Row]:
    number = 0
    for key, _ in placed:
        if random.random() < 0.15:
            number += 1
            kind, suffix = random.choice(_PAPERS)
            yield {
                "file_id": number, "cust_id": key, "file_name": f"{key}_{kind}.{suffix}",
                "doc_kind": kind, "size_bytes": random.randint(20_000, 7_000_000),
            }  # fmt: skip
