"""A small CRM in a SQLite file, and plans for it made by hand: what the loading tests work on."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from crm_migrate.language import Text
from crm_migrate.loading.ledger.before_image import PACKET, open_packets
from crm_migrate.model import Entity, Field, Model, SemanticType
from crm_migrate.plan.approval.deciding import Approved
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED, Plan
from crm_migrate.plan.digest import preconditions, row_columns
from crm_migrate.plan.header import PlanHeader, RowCounts, TargetIdentity
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.systems.sqlite.target import SqliteTarget
from crm_migrate.systems.target import TargetSystem
from crm_migrate.systems.target_schema import ColumnInfo

NOW = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)

SCHEMA = """
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name VARCHAR(100) NOT NULL COLLATE NOCASE UNIQUE,
    tax_no VARCHAR(18) UNIQUE,
    kind TEXT CHECK (kind IN ('潜在客户', '成交客户', '流失客户')),
    budget DECIMAL(12, 2),
    department TEXT,
    parent_id INTEGER REFERENCES accounts (id),
    status TEXT NOT NULL DEFAULT 'active',
    touched INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE contacts (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    name VARCHAR(50) NOT NULL,
    mobile VARCHAR(160),
    UNIQUE (account_id, name)
);
CREATE TABLE contracts (
    code VARCHAR(64) PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED,
    amount DECIMAL(14, 2),
    signed_on DATE
);
CREATE TRIGGER accounts_touched AFTER UPDATE OF name, budget ON accounts
BEGIN UPDATE accounts SET touched = touched + 1 WHERE id = new.id; END;
CREATE TRIGGER mobile_without_dashes AFTER INSERT ON contacts WHEN new.mobile LIKE '%-%'
BEGIN UPDATE contacts SET mobile = replace(new.mobile, '-', '') WHERE id = new.id; END;
"""

COLUMNS = {
    "customer": ("name", "tax_no", "kind", "budget", "department", "parent_id", "status"),
    "contact": ("account_id", "name", "mobile"),
    "contract": ("account_id", "amount", "signed_on"),
}

MAPPING = TargetMapping.model_validate(
    {
        "target": "crm",
        "entities": {
            "customer": {
                "table": "accounts",
                "key": "id",
                "fields": {
                    "name": "name",
                    "uscc": "tax_no",
                    "customer_type": "kind",
                    "annual_budget": "budget",
                    "department": "department",
                    "parent": "parent_id",
                    "status": "status",
                },
            },
            "contact": {
                "table": "contacts",
                "key": "id",
                "fields": {"customer": "account_id", "name": "name", "mobile": "mobile"},
                "match": ["customer", "mobile"],
            },
            "contract": {
                "table": "contracts",
                "key": "code",
                "fields": {
                    "customer": "account_id",
                    "amount": "amount",
                    "signed_on": "signed_on",
                },
            },
        },
    }
)


def _entity(name: str, fields: Mapping[str, SemanticType], **more: str) -> Entity:
    label = Text(name, name)
    listed = tuple(
        Field(f, kind, label, references="customer" if kind is SemanticType.REFERENCE else None)
        for f, kind in fields.items()
    )
    return Entity(name, label, listed, **more)


_T = SemanticType
MODEL = Model(
    (
        _entity(
            "customer",
            {
                "name": _T.COMPANY_NAME,
                "uscc": _T.USCC,
                "customer_type": _T.VOCABULARY,
                "annual_budget": _T.AMOUNT,
                "department": _T.DEPARTMENT,
                "parent": _T.REFERENCE,
                "status": _T.TEXT,
            },
        ),
        _entity(
            "contact",
            {"customer": _T.REFERENCE, "name": _T.PERSON_NAME, "mobile": _T.MOBILE},
            root="customer",
        ),
        _entity(
            "contract",
            {"customer": _T.REFERENCE, "amount": _T.AMOUNT, "signed_on": _T.DATE},
            root="customer",
            total="amount",
            total_date="signed_on",
        ),
    ),
    {},
)


class Keys:
    """Keys of the tests."""

    digest_key = b"d" * 32
    rollback_key = b"r" * 32


def create_crm(file: Path) -> SqliteTarget:
    """An empty small CRM."""
    with sqlite3.connect(file) as connection:
        connection.executescript(SCHEMA)
    connection.close()
    return SqliteTarget(file, wait=0.3)


def sql(file: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """What another program does in the CRM, or sees there."""
    connection = sqlite3.connect(file, timeout=5)
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def insert(
    golden_id: str, group: str | None = None, rank: int = 1, **cells: str | None
) -> dict[str, object]:
    """An operation that creates a record."""
    return {
        "group": group or golden_id,
        "rank": rank,
        "action": "insert",
        "golden_id": golden_id,
        "reason": "new",
        "after": cells,
    }


def update(golden_id: str, key: str, group: str | None = None, **cells: str) -> dict[str, object]:
    """An operation that changes cells of a row."""
    return insert(golden_id, group, **cells) | {
        "action": "update",
        "target_key": key,
        "reason": "changed",
    }


def unchanged(golden_id: str, key: str, group: str | None = None) -> dict[str, object]:
    """A row that is already as it should be, but has no base row yet."""
    return insert(golden_id, group) | {
        "action": "unchanged",
        "target_key": key,
        "reason": "same",
        "adopt": True,
    }


def images(file: Path, plan_id: str, entity: str) -> pl.DataFrame:
    """The opened before-images of a plan: golden_id, written, `was:` cells, the base row."""
    packets = sql(
        file,
        "SELECT first_id, last_id, held, image FROM crm_migrate_before"
        f" WHERE plan_id = '{plan_id}' AND entity = '{entity}'",
    )
    frame = pl.DataFrame(packets, schema=PACKET, orient="row")
    return pl.concat(open_packets(Keys.rollback_key, plan_id, entity, frame))


def delete(golden_id: str, key: str, group: str | None = None, rank: int = 1) -> dict[str, object]:
    """An operation of a rollback: the row goes."""
    return insert(golden_id, group, rank) | {"action": "delete", "target_key": key}


def plan_of(
    target: TargetSystem,
    operations: Mapping[str, list[dict[str, object]]],
    name: str = "p1",
    **header: object,
) -> Plan:
    """A plan as the target stands now; preconditions are taken from it."""
    frames = {e: _frame(target, e, operations.get(e, [])) for e in COLUMNS}
    return Plan(replace(header_of(target, name), **header), frames, {})


def rollback_of(
    target: TargetSystem,
    operations: Mapping[str, list[dict[str, object]]],
    bases: Mapping[str, tuple[str, str]],
    name: str = "b1",
) -> Plan:
    """A plan that takes p1 back; `bases`: golden id → commitments and plan of the base before."""
    plan = plan_of(target, operations, name, kind="rollback", reverses="p1")
    texts = {golden: commitments for golden, (commitments, _) in bases.items()}
    plans = {golden: by for golden, (_, by) in bases.items()}
    none = pl.lit(None, pl.String)
    frames = {
        entity: frame.with_columns(
            commitments=pl.col("golden_id").replace_strict(texts, default=none),
            base_plan=pl.col("golden_id").replace_strict(plans, default=none),
        )
        if bases
        else frame.with_columns(commitments=none, base_plan=none)
        for entity, frame in plan.operations.items()
    }
    return replace(plan, operations=frames)


def header_of(target: TargetSystem, name: str) -> PlanHeader:
    """A plan's header for the target as it stands."""
    schema = target.describe()
    return PlanHeader(
        plan_id=name,
        run="r1",
        format=3,
        created_at=NOW,
        created_by="planner",
        expires_at=NOW.replace(month=12),
        project="small",
        target=TargetIdentity("crm", schema.system, schema.database, schema.fingerprint, True),
        effect="e" * 64,
        evidence="f" * 64,
        evidence_parts={},
        rows=RowCounts(0, 0, 0, 0),
        counts={},
        gates=(),
        control_totals=(),
        waiting={},
        treatments={},
        files={},
    )


def approved(plan: Plan, *ids: str) -> Approved:
    """An approval of the plan."""
    return Approved(ids or (f"a-{plan.header.plan_id}",), plan.header.effect, plan.header.evidence)


def _frame(target: TargetSystem, entity: str, operations: list[dict[str, object]]) -> pl.DataFrame:
    columns = COLUMNS[entity]
    mapping = MAPPING.entities[entity]
    keys = pl.Series([o.get("target_key") for o in operations], dtype=pl.String)
    with target.reading() as reader:
        found = reader.rows(mapping.table, mapping.key, keys, columns)
    now = {row["_key"]: row for row in found.iter_rows(named=True)}
    rows = []
    for operation in operations:
        cells: Mapping[str, str | None] = operation["after"]  # type: ignore[assignment]
        standing = now.get(operation.get("target_key"), dict.fromkeys(columns))
        row = {k: v for k, v in operation.items() if k != "after"}
        for column in columns:
            row[BEFORE + column] = standing[column]
            row[AFTER + column] = cells.get(column, UNTOUCHED)
        rows.append(row)
    names = ("group", "action", "golden_id", "target_key", "reason", "conflicts", "commitments")
    schema: dict[str, pl.DataType] = {name: pl.String() for name in names}
    schema |= {"rank": pl.Int64(), "adopt": pl.Boolean(), "op_digest": pl.String()}
    schema |= {side + c: pl.String() for c in columns for side in (BEFORE, AFTER)}
    frame = pl.DataFrame(rows, schema=schema).with_columns(
        pl.col("adopt").fill_null(False), commitments=pl.lit('{"name":"00"}')
    )
    table = target.describe().table(mapping.table)
    frame = frame.with_columns(
        _as_stored(target, table.column(c), frame[AFTER + c]) for c in columns
    )
    replaced = frame.select(
        pl.when(pl.col(AFTER + c) == UNTOUCHED)
        .then(pl.lit(UNTOUCHED))
        .otherwise(BEFORE + c)
        .alias(c)
        for c in columns
    )
    digests = preconditions(Keys.digest_key, replaced)
    whole = frame.select(pl.col(BEFORE + c).alias(c) for c in row_columns(mapping))
    return frame.with_columns(
        pl.when(pl.col("action") == "update")
        .then(digests)
        .when(pl.col("action") == "delete")
        .then(preconditions(Keys.digest_key, whole))
        .alias("precondition")
    )


def _as_stored(target: TargetSystem, column: ColumnInfo, cells: pl.Series) -> pl.Series:
    """What a plan names is spelt as the target spells it."""
    given = cells.is_not_null() & (cells != UNTOUCHED) & ~cells.str.starts_with("@")
    at = given.fill_null(False).arg_true()
    if not len(at):
        return cells
    stored = target.stored_form(column, cells.gather(at))
    return cells.scatter(at, stored.zip_with(stored.is_not_null(), cells.gather(at)))
