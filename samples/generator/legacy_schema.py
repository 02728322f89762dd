"""Schema of the old CRM: codes for values, text for time stamps, foreign keys here and there.

Contacts, orders, follow-ups, tags and attachments name their customer without a foreign key:
the old system forgot to declare it, and so rows are left whose customer was deleted.
"""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, MetaData, Numeric, String, Table

METADATA = MetaData()
_MONEY = Numeric(14, 2, asdecimal=False)


def _text(name: str, length: int = 100, *, nullable: bool = True) -> Column[str]:
    return Column(name, String(length), nullable=nullable)


PRODUCTS = Table(
    "products", METADATA,
    Column("prod_id", String(16), primary_key=True),
    _text("prod_name", nullable=False), _text("unit", 10), _text("category", 40),
    Column("list_price", _MONEY),
)  # fmt: skip

CUSTOMERS = Table(
    "customers", METADATA,
    Column("cust_id", String(16), primary_key=True),
    _text("cust_name", 200, nullable=False), _text("short_name"), _text("old_name"),
    _text("uscc", 30), _text("reg_no", 30), _text("nature", 4), _text("industry"),
    _text("scale", 10), _text("status", 4), _text("cust_level", 4), _text("source_code", 4),
    _text("tel", 60), _text("email"), _text("website"), _text("addr", 200),
    Column("budget_yuan", _MONEY), _text("bank_name"), _text("bank_account", 40),
    _text("owner_name", 40), _text("dept_name", 40),
    Column("parent_id", String(16), ForeignKey("customers.cust_id")),
    _text("created_at", 30), _text("sms_ok", 1), _text("mail_ok", 1), _text("call_ok", 1),
    Column("credit_score", Integer), _text("remark", 400),
)  # fmt: skip

CONTACTS = Table(
    "contacts", METADATA,
    Column("contact_id", String(16), primary_key=True),
    Column("cust_id", String(16), index=True),
    _text("full_name", 60), _text("position", 60), _text("mobile", 40), _text("tel", 40),
    _text("email"), _text("id_number", 30), _text("is_main", 1), _text("birthday", 20),
    _text("remark", 400),
)  # fmt: skip

LEADS = Table(
    "leads", METADATA,
    Column("lead_id", String(16), primary_key=True),
    _text("company"), _text("person", 60), _text("mobile", 40), _text("email"),
    _text("source_code", 4), _text("requirement", 400), _text("owner_name", 40),
    Column("cust_id", String(16), ForeignKey("customers.cust_id")), _text("created_at", 30),
)  # fmt: skip

OPPORTUNITIES = Table(
    "opportunities", METADATA,
    Column("opp_no", String(16), primary_key=True),
    Column("cust_id", String(16), ForeignKey("customers.cust_id"), nullable=False),
    _text("opp_name"), _text("source_code", 4), _text("stage", 4),
    Column("expect_amount", _MONEY), _text("probability", 10), _text("expect_date", 20),
    _text("owner_name", 40),
)  # fmt: skip

CONTRACTS = Table(
    "contracts", METADATA,
    Column("contract_no", String(24), primary_key=True),
    Column("cust_id", String(16), ForeignKey("customers.cust_id"), nullable=False),
    _text("title"), Column("amount", _MONEY), Column("sign_date", Date), Column("end_date", Date),
    _text("owner_name", 40), _text("dept_name", 40),
)  # fmt: skip

ORDERS = Table(
    "orders", METADATA,
    Column("order_no", String(24), primary_key=True),
    Column("cust_id", String(16), index=True),
    Column("contract_no", String(24), ForeignKey("contracts.contract_no")),
    Column("prod_id", String(16), ForeignKey("products.prod_id")),
    Column("amount", _MONEY), Column("order_date", Date), _text("dept_name", 40),
)  # fmt: skip

FOLLOW_UPS = Table(
    "follow_ups", METADATA,
    Column("follow_id", Integer, primary_key=True, autoincrement=False),
    _text("cust_id", 16), _text("way", 4), _text("follow_date", 20), _text("content", 400),
    _text("owner_name", 40),
)  # fmt: skip

TAGS = Table(
    "tags", METADATA,
    Column("tag_id", Integer, primary_key=True, autoincrement=False),
    _text("cust_id", 16), _text("tag", 40),
)  # fmt: skip

ATTACHMENTS = Table(
    "attachments", METADATA,
    Column("file_id", Integer, primary_key=True, autoincrement=False),
    _text("cust_id", 16), _text("file_name", 200), _text("doc_kind", 40),
    Column("size_bytes", Integer),
)  # fmt: skip

Index("ix_follow_ups_cust", FOLLOW_UPS.c.cust_id)
