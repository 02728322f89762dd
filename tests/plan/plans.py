"""Whole plans over the invented CRM, with a real keyring's way of handing out keys."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import polars as pl

from crm_migrate.errors import KeyFault
from crm_migrate.language import Text
from crm_migrate.plan.change import Plan
from crm_migrate.plan.header import EntityCounts, PlanHeader, RowCounts
from crm_migrate.plan.operations import PlannedOperations, count_actions, plan_operations
from crm_migrate.project.entities_file import starter_file
from crm_migrate.protection.policy import Policy, parse_policy
from tests.plan.crm import CONTACT, CUSTOMER, KEY, MODEL, NOW, TARGET, Crm, golden


class Keys:
    """Field and index keys derived from one secret, as a keyring has them."""

    def __init__(self, secret: bytes = b"s" * 32) -> None:
        self._secret = secret

    def _derive(self, *labels: str) -> bytes:
        return hmac.digest(self._secret, "/".join(labels).encode(), hashlib.sha256)

    def field_key(self, entity: str, field: str) -> tuple[str, bytes]:
        key = self._derive("field", entity, field)
        return f"1x{key.hex()[:8]}", key

    def field_key_by_id(self, key_id: str, entity: str, field: str) -> bytes:
        known, key = self.field_key(entity, field)
        if known != key_id:
            raise KeyFault(Text("another project", "其他项目"))
        return key

    def index_key(self, entity: str, field: str, version: int = 1) -> bytes:
        return self._derive("index", entity, field, str(version))

    def count_sealed(self, key_id: str, values: int) -> int:
        return values


def policy() -> Policy:
    file = starter_file("policy.yaml")
    parsed, faults = parse_policy(file.data, MODEL, file.where)
    assert not faults
    return parsed


def planned(
    customers: list[dict[str, str | None]] | None = None,
    contacts: list[dict[str, str | None]] | None = None,
    *,
    sides: dict[str, Crm] | None = None,
    keys: Keys | None = None,
    **more: Any,
) -> PlannedOperations:
    """The operations for some golden records; a CRM with one customer unless `sides` says else."""
    rows = {
        "customer": golden(CUSTOMER, *(customers if customers is not None else CUSTOMERS)),
        "contact": golden(CONTACT, *(contacts if contacts is not None else CONTACTS)),
    }
    crms = {"customer": CRM, "contact": Crm(CONTACT)} | (sides or {})
    arguments = {"digest_key": KEY, "target": TARGET, "project": "演示"} | more
    return plan_operations(
        MODEL,
        rows,
        {name: crm.side() for name, crm in crms.items()},
        policy(),
        keys=keys or Keys(),
        **arguments,
    )


CRM = Crm(CUSTOMER, [{"id": "11", "account_name": "上海甲木科技有限公司"}], {"11": "g1"})
CUSTOMERS: list[dict[str, str | None]] = [
    {"golden_id": "g1", "name": "上海甲木科技有限公司", "uscc": "91310000MA1FL0001X"},
    {"golden_id": "g2", "name": "北京乙水贸易有限公司", "customer_type": "成交客户"},
]
CONTACTS: list[dict[str, str | None]] = [
    {"golden_id": "c1", "customer": "g1", "name": "李雷", "id_number": "110101199003070011"},
    {"golden_id": "c2", "customer": "g2", "name": "韩梅", "mobile": "13800138000"},
]


def header(**more: Any) -> PlanHeader:
    values: dict[str, Any] = {
        "plan_id": "p-1",
        "run": "r-1",
        "format": 3,
        "created_at": NOW,
        "created_by": "li",
        "expires_at": NOW + timedelta(days=7),
        "project": "演示",
        "target": TARGET,
        "effect": "e" * 64,
        "evidence": "a" * 64,
        "evidence_parts": {"来源 sales": "1" * 64},
        "rows": RowCounts(5, 1, 0, 4),
        "counts": {"customer": EntityCounts(2, 2, 0, 1, 1), "contact": EntityCounts(2, 2, 0, 2)},
        "gates": (),
        "control_totals": (),
        "waiting": {"review": 0},
        "treatments": {},
        "files": {},
    }
    return PlanHeader(**(values | more))


def plan() -> Plan:
    """A plan as the pipeline would put it together."""
    found = planned()
    lineage = pl.DataFrame({"golden_id": ["g1"], "field": ["name"], "record_id": ["r"]})
    return Plan(
        header(
            effect=found.effect,
            treatments=found.treatments,
            counts={e: count_actions(f, accepted=2) for e, f in found.operations.items()},
        ),
        found.operations,
        {"customer": lineage},
    )
