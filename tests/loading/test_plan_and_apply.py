"""Plan and apply together, on the real diff and a real file: what the plan says is what happens."""

import hashlib
import hmac
import sqlite3
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm_migrate.loading.applied import Applied
from crm_migrate.loading.apply import apply
from crm_migrate.loading.ledger.rows import read_base
from crm_migrate.plan.change import Plan
from crm_migrate.plan.diff.side import TargetSide
from crm_migrate.plan.header import TargetIdentity
from crm_migrate.plan.operations import plan_operations
from crm_migrate.plan.target.present import present_records, resolve_references
from crm_migrate.project.entities_file import standard_model, starter_file
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.protection.policy import parse_policy
from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import NOW, Keys, approved, header_of

MODEL = standard_model()
SCHEMA = """
CREATE TABLE clients (
    no INTEGER PRIMARY KEY, title VARCHAR(100) NOT NULL, credit_code VARCHAR(18),
    stage CHAR(1) CHECK (stage IN ('P', 'W', 'L')), budget DECIMAL(12, 2), note TEXT,
    parent_no INTEGER REFERENCES clients (no), created_by TEXT
);
CREATE UNIQUE INDEX clients_code ON clients (credit_code);
CREATE TABLE persons (
    id VARCHAR(64) PRIMARY KEY, client_no INTEGER NOT NULL REFERENCES clients (no),
    full_name VARCHAR(50) NOT NULL, mobile VARCHAR(160), id_card VARCHAR(160),
    id_card_index VARCHAR(32)
);
"""
MAPPING = TargetMapping.model_validate(
    {
        "target": "crm",
        "entities": {
            "customer": {
                "table": "clients",
                "key": "no",
                "on_conflict": "source",
                "fields": {
                    "name": "title",
                    "uscc": "credit_code",
                    "customer_type": {
                        "column": "stage",
                        "values": {"潜在客户": "P", "成交客户": "W", "流失客户": "L"},
                    },
                    "annual_budget": "budget",
                    "remark": "note",
                    "parent": "parent_no",
                },
                "constants": {"created_by": "import"},
            },
            "contact": {
                "table": "persons",
                "key": "id",
                "fields": {
                    "customer": "client_no",
                    "name": "full_name",
                    "mobile": "mobile",
                    "id_number": {"column": "id_card", "index": "id_card_index"},
                },
            },
        },
    }
)
_file = starter_file("policy.yaml")
POLICY, _ = parse_policy(_file.data, MODEL, _file.where)


class FieldKeys:
    """Field and index keys from one secret."""

    def field_key(self, entity: str, field: str) -> tuple[str, bytes]:
        key = hmac.digest(b"s", f"{entity}/{field}".encode(), hashlib.sha256)
        return f"1x{key.hex()[:8]}", key

    def field_key_by_id(self, key_id: str, entity: str, field: str) -> bytes:
        return self.field_key(entity, field)[1]

    def index_key(self, entity: str, field: str, version: int = 1) -> bytes:
        return hmac.digest(b"i", f"{entity}/{field}".encode(), hashlib.sha256)

    def count_sealed(self, key_id: str, values: int) -> int:
        return values


def golden(entity: str, rows: list[dict[str, str | None]]) -> pl.DataFrame:
    columns = ["golden_id", *MAPPING.entities[entity].fields]
    return pl.DataFrame(
        [{c: row.get(c) for c in columns} for row in rows],
        schema=dict.fromkeys(columns, pl.String),
    )


def planned(target: SqliteTarget, records: dict[str, pl.DataFrame], name: str) -> Plan:
    """A plan by the real diff; rows that were applied before are known by their base."""
    schema = target.describe()
    sides, known = {}, {}
    for entity, mapping in MAPPING.entities.items():
        table = schema.table(mapping.table)
        columns = [c.name for c in table.columns if not c.generated]
        stored = target.read_table(mapping.table, columns)
        sealed = ["id_number"] if entity == "contact" else []
        present = present_records(
            MODEL.entity(entity), mapping, stored, {}, b"k" * 32, sealed=sealed
        )
        base = read_base(target, entity)
        known[entity] = base.select("target_key", "golden_id")
        present = present.join(known[entity], on="target_key", how="left", maintain_order="left")
        present = resolve_references(MODEL.entity(entity), present, known)
        sides[entity] = TargetSide(
            mapping, stored, present, base, table, stored_form=target.stored_form
        )
    identity = TargetIdentity("crm", "sqlite", schema.database, schema.fingerprint, True)
    made = plan_operations(
        MODEL, records, sides, POLICY, digest_key=Keys.digest_key, keys=FieldKeys(),
        target=identity, project="p",
    )  # fmt: skip
    header = replace(header_of(target, name), effect=made.effect)
    return Plan(header, made.operations, {})


def run(plan: Plan, target: SqliteTarget) -> Applied:
    return apply(
        plan, target, MAPPING, Keys(), model=MODEL, approved=approved(plan), clock=lambda: NOW,
        journal=lambda _event, _objects: None, batch_groups=3,
    )  # fmt: skip


def crm(file: Path) -> SqliteTarget:
    connection = sqlite3.connect(file)
    connection.executescript(SCHEMA)
    connection.close()
    return SqliteTarget(file)


texts = st.sampled_from([None, "好客户", "x'y\"z", "a;b", "@不是引用", "  空 格 ", "=1+1", "007"])
customers = st.fixed_dictionaries(
    {
        "customer_type": st.sampled_from([None, "潜在客户", "成交客户", "流失客户"]),
        "annual_budget": st.sampled_from([None, "0", "12.5", "1200000", "99.99"]),
        "remark": texts,
        "uscc": st.booleans(),
        "parent": st.integers(0, 9),
        "contacts": st.lists(st.tuples(st.booleans(), texts), max_size=2),
    }
)


def records_of(drawn: list[dict[str, object]]) -> dict[str, pl.DataFrame]:
    rows, people = [], []
    for n, one in enumerate(drawn):
        parent = one["parent"]
        assert isinstance(parent, int)
        rows.append(
            {
                "golden_id": f"{n:032x}",
                "name": f"第{n}号有限公司",
                "customer_type": one["customer_type"],
                "annual_budget": one["annual_budget"],
                "remark": one["remark"],
                "uscc": f"91310000MA1FL{n:04}X" if one["uscc"] else None,
                "parent": f"{parent:032x}" if parent < n else None,
            }
        )
        for m, (sealed, mobile) in enumerate(one["contacts"]):  # type: ignore[arg-type]
            people.append(
                {
                    "golden_id": f"{n:016x}{m:016x}"[::-1],
                    "customer": f"{n:032x}",
                    "name": f"测试{n}{m}",
                    "mobile": mobile,
                    "id_number": f"1101011990030{n:02}{m:03}" if sealed else None,
                }
            )
    return {"customer": golden("customer", rows), "contact": golden("contact", people)}


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(customers, max_size=8), st.lists(customers, max_size=8))
def test_plan_is_what_apply_does(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[dict[str, object]],
    second: list[dict[str, object]],
) -> None:
    """Loaded, changed and loaded again: counts as planned, verified, and then nothing is left to
    change (asks 1, 7 and 10).
    """
    target = crm(tmp_path_factory.mktemp("crm") / "crm.db")
    for name, drawn in (("p1", first), ("p2", second)):
        records = records_of(drawn)
        plan = planned(target, records, name)
        applied = run(plan, target)
        assert applied.adds_up
        assert applied.verified.differing.is_empty()
        assert applied.left.is_empty()
        for entity, frame in plan.operations.items():
            said = dict(frame.group_by("action").len().rows())
            done = applied.counts[entity]
            assert (done.created, done.updated) == (said.get("insert", 0), said.get("update", 0))
        again = planned(target, records, f"{name}-again")
        for frame in again.operations.values():
            assert set(frame["action"]) <= {"unchanged"}
            assert not frame["adopt"].any()


def test_constants_and_sealed_cells_reach_the_target(tmp_path: Path) -> None:
    """Constants are written on insert; a sealed number stands as ciphertext with its index."""
    target = crm(tmp_path / "crm.db")
    one = {
        "customer_type": "成交客户", "annual_budget": "12.50", "remark": None, "uscc": True,
        "parent": 9, "contacts": [(True, "13800138000")],
    }  # fmt: skip
    applied = run(planned(target, records_of([one]), "p1"), target)
    assert applied.verified.ok
    assert target.read_table("clients", ["stage", "created_by"]).rows() == [("W", "import")]
    ((card, index),) = target.read_table("persons", ["id_card", "id_card_index"]).rows()
    assert "110101" not in card
    assert index
