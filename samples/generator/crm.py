"""The rows of the CRM before the migration: customers typed in by hand, and what they edited."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from samples.generator import business, identifiers, spelling, staff
from samples.generator.crm_schema import KINDS, ORIGINS, SIZES, STATUSES
from samples.generator.customers import AS_OF, TYPES, Customer
from samples.generator.database import Row
from samples.generator.legacy import CHANNELS, NATURES, Legacy
from samples.generator.truth import Truth
from samples.generator.world import World

_KIND = dict(zip(NATURES, KINDS, strict=True))
_STATUS = dict(zip(TYPES, STATUSES, strict=True))
_SIZE = dict(zip(("大型", "中型", "小型", "微型"), SIZES, strict=True))
_ORIGIN = dict(zip(CHANNELS, ORIGINS[:6], strict=True))
USERS = (*staff.STAFF, staff.POOL)


@dataclass(frozen=True)
class Crm:
    """All rows by table and the truth of the accounts."""

    tables: dict[str, list[Row]]
    truth: list[Truth]


def build(world: World, legacy: Legacy) -> Crm:
    """Everything that stands in the CRM already."""
    random = world.random("crm")
    present = sorted((*world.in_crm, *world.crm_only), key=lambda c: (c.created, c.number))
    known = {c.number for c in world.in_crm}
    ids = {c.number: place for place, c in enumerate(present, 1)}
    accounts = [_account(random, c, ids) for c in present]
    truth = [
        Truth("crm", "accounts", str(ids[c.number]), None, c.number,
              "in_sources" if c.number in known else "crm_only")
        for c in present
    ]  # fmt: skip
    users: list[Row] = [
        {"id": place, "user_name": f"u{place:03d}", "full_name": name,
         "dept": staff.department(name)}
        for place, name in enumerate(USERS, 1)
    ]  # fmt: skip
    tables = {
        "users": users, "accounts": accounts, "account_contacts": _contacts(random, present, ids),
        "products": _products(random), "contracts": _contracts(world, legacy, ids),
    }  # fmt: skip
    tables |= _hangs_on(random, present, ids)
    return Crm(tables, truth)


def _user(owner: str) -> int:
    return USERS.index(owner) + 1


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, 0)


def _account(random: Random, c: Customer, ids: dict[int, int]) -> Row:
    """An account as it was typed in, a third of them edited by hand since."""
    status, phone, address, touched = _STATUS[c.type], c.phone, c.address, c.created
    if random.random() < 0.35:
        touched = AS_OF - timedelta(days=random.randint(1, 200))
        edit = random.randrange(3)
        if edit == 0 and len(c.phone) != 11:
            phone = identifiers.landline(random, c.place.area)
        elif edit == 1:
            address = f"{address.removesuffix(c.street)}迁址大道{random.randint(1, 99)}号"
        else:
            status = random.choice([s for s in STATUSES if s != status])
    number = ids[c.number]
    named = spelling.full_name(random, c)
    return {
        "id": number, "account_no": f"A{100000 + number}", "account_name": named.strip(),
        "credit_code": c.uscc if random.random() < 0.8 else None,
        "reg_no": None, "account_kind": _KIND[c.kind],
        "short_title": c.short_name if random.random() < 0.3 else None, "former_title": None,
        "industry_code": c.trade.code if random.random() < 0.8 else None,
        "account_status": status, "size_class": _SIZE.get(c.size), "grade": None,
        "origin": _ORIGIN[c.channel], "tel": phone, "mail": None, "web": None,
        "street_address": address if random.random() < 0.9 else None,
        "budget_wan": c.budget if random.random() < 0.5 else None,
        "requirement": None, "interests": None, "bank_branch": None, "bank_account_no": None,
        "owner_user_id": _user(c.owner), "dept_name": staff.department(c.owner),
        "parent_account_id": ids.get(c.head) if c.head else None,
        "sms_ok": int(c.consents[0]), "mail_ok": int(c.consents[1]), "call_ok": int(c.consents[2]),
        "created_on": c.created, "note": "CRM 录入" if random.random() < 0.2 else None,
        "updated_at": _noon(touched),
    }  # fmt: skip


def _contacts(random: Random, present: list[Customer], ids: dict[int, int]) -> list[Row]:
    made: list[Row] = []
    for c in present:
        for place, person in enumerate(c.people[: random.choice((0, 1, 1, 1, 2))]):
            made.append({
                "id": len(made) + 1, "account_id": ids[c.number], "contact_name": person.name,
                "job_title": person.title or None, "mobile_no": person.mobile, "tel": None,
                "mail": person.email if random.random() < 0.5 else None, "id_no_cipher": None,
                "id_no_index": None, "is_primary": int(place == 0), "note": None,
                "updated_at": _noon(c.created),
            })  # fmt: skip
    return made


def _products(random: Random) -> list[Row]:
    """A quarter of the product list, some with an older price."""
    return [
        {
            "id": place, "product_code": product["prod_id"], "product_name": product["prod_name"],
            "unit": product["unit"], "updated_at": _noon(AS_OF - timedelta(days=400)),
            "price": 999.0 if random.random() < 0.25 else product["list_price"],
        }
        for place, product in enumerate(business.products()[::4], 1)
    ]  # fmt: skip


def _contracts(world: World, legacy: Legacy, ids: dict[int, int]) -> list[Row]:
    """Contracts of customers in both systems that somebody has already copied over."""
    true = {t.key: t.customer for t in legacy.truth}
    owners = {c.number: c.owner for c in world.customers}
    both = [c for c in legacy.tables["contracts"] if true[str(c["cust_id"])] in ids]
    return [
        {
            "id": place, "account_id": ids[number], "contract_no": old["contract_no"],
            "title": old["title"], "amount": old["amount"], "signed_on": old["sign_date"],
            "ends_on": old["end_date"], "owner_user_id": _user(owners[number]),
            "dept_name": staff.department(owners[number]),
            "updated_at": _noon(AS_OF - timedelta(days=90)),
        }
        for place, (number, old) in enumerate(((true[str(c["cust_id"])], c) for c in both[::3]), 1)
    ]  # fmt: skip


def _hangs_on(random: Random, present: list[Customer], ids: dict[int, int]) -> dict[str, list[Row]]:
    """Deals, activities, cases and tags that exist in the CRM only."""
    tables: dict[str, list[Row]] = {"deals": [], "activities": [], "cases": [], "account_tags": []}
    for place, c in enumerate(random.sample(present, len(present) // 5), 1):
        day = AS_OF - timedelta(days=random.randint(1, 300))
        base: Row = {"id": place, "account_id": ids[c.number], "updated_at": _noon(day)}
        owner = {"owner_user_id": _user(c.owner)}
        tables["deals"].append(base | owner | {
            "deal_no": f"D{place:05d}", "deal_name": f"{c.stem}续约", "deal_origin": "other",
            "stage": "proposal", "amount": c.budget * 5000, "win_percent": 60,
            "close_on": AS_OF + timedelta(days=random.randint(5, 180)),
        })  # fmt: skip
        tables["activities"].append(base | owner | {
            "activity_kind": "call", "happened_on": day, "body": "电话确认近期计划",
        })  # fmt: skip
        tables["cases"].append(base | owner | {
            "case_no": f"C{place:05d}", "subject": "使用咨询", "body": "咨询保养周期",
            "case_state": "closed", "opened_on": day,
        })  # fmt: skip
        tables["account_tags"].append(base | {"tag_name": "重点跟进"})
    return tables
