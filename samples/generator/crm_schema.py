"""Schema of the CRM that receives the data: its own names, keys, vocabularies and triggers.

Nothing here follows the tool's names: mappings/target.yaml is what connects the two.
"""

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    event,
    func,
)

METADATA = MetaData()
_MONEY = Numeric(14, 2, asdecimal=False)
STATUSES = ("prospect", "active", "lost")
KINDS = ("company", "sole_trader", "person", "foreign")
SIZES = ("L", "M", "S", "XS")
GRADES = ("S", "A", "B")
ORIGINS = ("expo", "web", "referral", "phone", "shop", "list", "other")
STAGES = ("contact", "proposal", "negotiation", "won", "lost")
ACTIVITY_KINDS = ("call", "visit", "mail", "wechat", "other")
CASE_STATES = ("open", "working", "done", "closed")


def _text(
    name: str, length: int = 100, *, nullable: bool = True, unique: bool = False
) -> Column[str]:
    return Column(name, String(length), nullable=nullable, unique=unique)


def _key() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _of(table: str, name: str, *, nullable: bool = True) -> Column[int]:
    return Column(name, Integer, ForeignKey(f"{table}.id"), nullable=nullable)


def _stamp() -> Column[Any]:
    return Column("updated_at", DateTime, nullable=False, server_default=func.current_timestamp())


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _flag(name: str) -> tuple[Column[int], CheckConstraint]:
    return Column(name, Integer), CheckConstraint(f"{name} IN (0, 1)", name=f"{name}_flag")


USERS = Table(
    "users", METADATA, _key(), _text("user_name", 40, nullable=False, unique=True),
    _text("full_name", 40, nullable=False, unique=True), _text("dept", 40),
)  # fmt: skip

ACCOUNTS = Table(
    "accounts", METADATA, _key(),
    _text("account_no", 32, unique=True), _text("account_name", 200, nullable=False),
    _text("credit_code", 32, unique=True), _text("reg_no", 32), _text("account_kind", 16),
    _text("short_title"), _text("former_title"), _text("industry_code", 60),
    _text("account_status", 16), _text("size_class", 4), _text("grade", 4), _text("origin", 16),
    _text("tel", 100), _text("mail"), _text("web"), _text("street_address", 300),
    Column("budget_wan", _MONEY), _text("requirement", 1000), _text("interests", 300),
    _text("bank_branch"), _text("bank_account_no", 40),
    _of("users", "owner_user_id"), _text("dept_name", 40), _of("accounts", "parent_account_id"),
    *_flag("sms_ok"), *_flag("mail_ok"), *_flag("call_ok"),
    Column("created_on", Date), _text("note", 2000), _stamp(),
    _one_of("account_status", STATUSES), _one_of("account_kind", KINDS),
    _one_of("size_class", SIZES), _one_of("grade", GRADES), _one_of("origin", ORIGINS),
)  # fmt: skip

ACCOUNT_CONTACTS = Table(
    "account_contacts", METADATA, _key(), _of("accounts", "account_id", nullable=False),
    _text("contact_name"), _text("job_title", 60), _text("mobile_no", 100), _text("tel", 100),
    _text("mail"), _text("id_no_cipher", 200), _text("id_no_index", 32), *_flag("is_primary"),
    _text("note", 1000), _stamp(),
)  # fmt: skip

LEADS = Table(
    "leads", METADATA, _key(), _text("company", 200), _text("person"), _text("mobile_no", 100),
    _text("mail"), _text("lead_origin", 16), _text("requirement", 1000),
    _of("users", "owner_user_id"), _of("accounts", "account_id"), Column("created_on", Date),
    _stamp(), _one_of("lead_origin", ORIGINS),
)  # fmt: skip

PRODUCTS = Table(
    "products", METADATA, _key(), _text("product_code", 32, nullable=False, unique=True),
    _text("product_name", nullable=False), _text("unit", 10), Column("price", _MONEY), _stamp(),
)  # fmt: skip

DEALS = Table(
    "deals", METADATA, _key(), _of("accounts", "account_id", nullable=False),
    _text("deal_no", 32, unique=True), _text("deal_name"), _text("deal_origin", 16),
    _text("stage", 16), Column("amount", _MONEY),
    Column("win_percent", Numeric(5, 2, asdecimal=False)), Column("close_on", Date),
    _of("users", "owner_user_id"), _stamp(),
    _one_of("deal_origin", ORIGINS), _one_of("stage", STAGES),
)  # fmt: skip

CONTRACTS = Table(
    "contracts", METADATA, _key(), _of("accounts", "account_id", nullable=False),
    _text("contract_no", 32, nullable=False, unique=True), _text("title"),
    Column("amount", _MONEY), Column("signed_on", Date), Column("ends_on", Date),
    _of("users", "owner_user_id"), _text("dept_name", 40), _stamp(),
)  # fmt: skip

SALES_ORDERS = Table(
    "sales_orders", METADATA, _key(), _of("accounts", "account_id", nullable=False),
    _of("contracts", "contract_id"), _of("products", "product_id"),
    _text("order_no", 32, nullable=False, unique=True), Column("amount", _MONEY),
    Column("ordered_on", Date), _text("dept_name", 40), _stamp(),
)  # fmt: skip

ACTIVITIES = Table(
    "activities", METADATA, _key(), _of("accounts", "account_id", nullable=False),
    _text("activity_kind", 16), Column("happened_on", Date), _text("body", 2000),
    _of("users", "owner_user_id"), _stamp(), _one_of("activity_kind", ACTIVITY_KINDS),
)  # fmt: skip

CASES = Table(
    "cases", METADATA, _key(), _of("accounts", "account_id", nullable=False),
    _text("case_no", 32, unique=True), _text("subject"), _text("body", 2000),
    _text("case_state", 16), Column("opened_on", Date), _of("users", "owner_user_id"), _stamp(),
    _one_of("case_state", CASE_STATES),
)  # fmt: skip

ACCOUNT_TAGS = Table(
    "account_tags", METADATA, _key(), _of("accounts", "account_id", nullable=False),
    _text("tag_name", 40, nullable=False), _stamp(),
)  # fmt: skip

ATTACHMENTS = Table(
    "attachments", METADATA, _key(), _of("accounts", "account_id", nullable=False),
    _text("file_name", 200, nullable=False), _text("paper_kind", 40),
    Column("size_bytes", Integer), _stamp(),
)  # fmt: skip


_TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER {name}_stamp AFTER UPDATE ON {name} FOR EACH ROW "
        "WHEN NEW.updated_at IS OLD.updated_at BEGIN "
        "UPDATE {name} SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id; END",
    ),
    "mysql": (
        "CREATE TRIGGER {name}_stamp BEFORE UPDATE ON {name} FOR EACH ROW "
        "SET NEW.updated_at = CURRENT_TIMESTAMP",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION {name}_stamp() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN NEW.updated_at := CURRENT_TIMESTAMP; RETURN NEW; END'",
        "CREATE TRIGGER {name}_stamp BEFORE UPDATE ON {name} FOR EACH ROW "
        "EXECUTE FUNCTION {name}_stamp()",
    ),
}
"""By dialect: the trigger that stamps `updated_at` on every update."""
_TRIGGERS["mariadb"] = _TRIGGERS["mysql"]


def _stamp_updates(table: Table, connection: Connection, **_: object) -> None:
    for statement in _TRIGGERS.get(connection.dialect.name, ()):
        connection.exec_driver_sql(statement.format(name=table.name))


for _table in METADATA.sorted_tables:
    if "updated_at" in _table.c:
        event.listen(_table, "after_create", _stamp_updates)
