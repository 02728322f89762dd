"""A small invented CRM: customers and contacts, and a way to plan against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from crm_migrate.model import Entity, Model
from crm_migrate.plan.diff.side import DiffRules, TargetSide
from crm_migrate.plan.digest import precondition, row_columns
from crm_migrate.plan.header import TargetIdentity
from crm_migrate.plan.target.present import present_records
from crm_migrate.project.entities_file import standard_model
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.systems.target_schema import ColumnInfo, TargetTable, UniqueKey

KEY = b"d" * 32
RECORD_KEY = b"r" * 32
NOW = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)
MODEL: Model = standard_model()
CUSTOMER: Entity = MODEL.entity("customer")
CONTACT: Entity = MODEL.entity("contact")
TARGET = TargetIdentity("crm", "sqlite", "crm.db", "f" * 64, False)
USERS = {"users": pl.DataFrame({"id": ["7", "8"], "name": ["陈晨", "周舟"]})}

ACCOUNTS = TargetEntity.model_validate(
    {
        "table": "accounts",
        "key": "id",
        "fields": {
            "name": "account_name",
            "uscc": "credit_code",
            "customer_type": {
                "column": "status",
                "values": {"潜在客户": "P", "成交客户": "W", "流失客户": "L"},
            },
            "owner": {
                "column": "owner_id",
                "lookup": {"table": "users", "match": "name", "value": "id"},
            },
            "parent": "parent_id",
            "remark": {"column": "memo", "on_conflict": "ask"},
            "grade": {"column": "grade", "on_conflict": "source"},
        },
    }
)
PEOPLE = TargetEntity.model_validate(
    {
        "table": "people",
        "key": "id",
        "fields": {
            "customer": "account_id",
            "name": "full_name",
            "mobile": "mobile",
            "id_number": {"column": "id_card", "index": "id_card_index"},
        },
        "constants": {"created_by": "import"},
    }
)
MAPPINGS = {"customer": ACCOUNTS, "contact": PEOPLE}


def columns_of(mapping: TargetEntity) -> list[str]:
    return [mapping.key, *row_columns(mapping)]


def frame(rows: list[dict[str, str | None]], columns: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        [{c: r.get(c) for c in columns} for r in rows], schema=dict.fromkeys(columns, pl.String)
    )


def golden(entity: Entity, *rows: dict[str, str | None]) -> pl.DataFrame:
    return frame(list(rows), ["golden_id", *MAPPINGS[entity.name].fields])


def no_base() -> pl.DataFrame:
    return frame([], ["golden_id", "target_key", "commitments", "raw_digest"])


@dataclass
class Crm:
    """Rows of one table: stored cells with `id`, and the golden id that each was linked to."""

    entity: Entity
    rows: list[dict[str, str | None]] = field(default_factory=list)
    linked: Mapping[str, str] = field(default_factory=dict)
    base: pl.DataFrame = field(default_factory=no_base)
    table: TargetTable | None = None
    mapping: TargetEntity | None = None

    def side(self) -> TargetSide:
        mapping = self.mapping or MAPPINGS[self.entity.name]
        stored = frame(self.rows, columns_of(mapping))
        sealed = ["id_number"] if self.entity is CONTACT else []
        present = present_records(self.entity, mapping, stored, USERS, RECORD_KEY, sealed=sealed)
        ids = pl.col("target_key").replace_strict(
            dict(self.linked), default=None, return_dtype=pl.String
        )
        return TargetSide(
            mapping=mapping,
            stored=stored,
            present=present.with_columns(golden_id=ids),
            base=self.base,
            table=self.table,
            lookups=USERS,
        )


def applied(crm: Crm, entity: Entity, operations: pl.DataFrame) -> pl.DataFrame:
    """The base after applying: commitments of the operations, digests of the rows as they stand."""
    mapping = MAPPINGS[entity.name]
    keys = {g: k for k, g in crm.linked.items()}
    rows = {r["id"]: r for r in crm.rows}
    base = []
    for golden_id, commitments in operations.select("golden_id", "commitments").drop_nulls().rows():
        row = rows[keys[golden_id]]
        cells = {c: row.get(c) for c in row_columns(mapping)}
        base.append(
            {
                "golden_id": golden_id,
                "target_key": keys[golden_id],
                "commitments": commitments,
                "raw_digest": precondition(KEY, cells),
            }
        )
    return frame(base, no_base().columns)


def rules(**more: Any) -> DiffRules:
    return DiffRules(digest_key=KEY, **more)


def table(
    name: str, columns: list[ColumnInfo], *unique: tuple[str, ...], fold: bool = False
) -> TargetTable:
    known = {c.name: c for c in columns}
    everything = [known.get(c, ColumnInfo(c, "TEXT")) for c in columns_of(MAPPINGS_BY_TABLE[name])]
    extra = [c for c in columns if c.name not in {e.name for e in everything}]
    keys = tuple(UniqueKey(u, case_insensitive=fold) for u in unique)
    return TargetTable(name, (*everything, *extra), ("id",), keys)


MAPPINGS_BY_TABLE = {m.table: m for m in MAPPINGS.values()}
