"""A CRM that holds customers twice, and plans and applies over the real diff that merge them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from crm_migrate.loading.applied import Applied
from crm_migrate.loading.apply import apply
from crm_migrate.loading.bearings import Bearings, reference_columns
from crm_migrate.loading.ledger.rows import read_base
from crm_migrate.loading.rollback.operations import inverse_of, merges_of
from crm_migrate.plan.change import Plan
from crm_migrate.plan.diff.side import TargetSide
from crm_migrate.plan.digest import effect
from crm_migrate.plan.header import TargetIdentity
from crm_migrate.plan.merging.moves import count_moves, given_up
from crm_migrate.plan.merging.unmerge import inverse_moves, kept_merges
from crm_migrate.plan.operations import (
    PlannedOperations,
    count_actions,
    effect_digests,
    plan_operations,
)
from crm_migrate.plan.target.present import present_records, resolve_references
from crm_migrate.project.entities_file import standard_model, starter_file
from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.protection.policy import parse_policy
from crm_migrate.stages.planning.merges import look_around
from crm_migrate.systems.target import TargetSystem
from tests.loading.small_crm import NOW, Keys, approved, header_of
from tests.loading.test_plan_and_apply import FieldKeys
from tests.plan.in_memory import InMemory

MODEL = standard_model()
_file = starter_file("policy.yaml")
POLICY, _ = parse_policy(_file.data, MODEL, _file.where)

SCHEMA = (
    "CREATE TABLE clients (no INTEGER PRIMARY KEY, title VARCHAR(100) NOT NULL,"
    " credit_code VARCHAR(18) UNIQUE, phone VARCHAR(60), note VARCHAR(200),"
    " parent_no INTEGER REFERENCES clients (no), state VARCHAR(10) DEFAULT 'live' NOT NULL,"
    " merged_into INTEGER REFERENCES clients (no))",
    "CREATE TABLE persons (id INTEGER PRIMARY KEY,"
    " client_no INTEGER NOT NULL REFERENCES clients (no), full_name VARCHAR(50) NOT NULL,"
    " mobile VARCHAR(60), id_card VARCHAR(200), id_card_index VARCHAR(64))",
    "CREATE TABLE labels (id INTEGER PRIMARY KEY,"
    " client_no INTEGER NOT NULL REFERENCES clients (no), label VARCHAR(40) NOT NULL,"
    " UNIQUE (client_no, label))",
    "CREATE TABLE visits (id INTEGER PRIMARY KEY,"
    " client_no INTEGER REFERENCES clients (no), about VARCHAR(100))",
    "CREATE TABLE badges (client_no INTEGER NOT NULL REFERENCES clients (no),"
    " badge VARCHAR(40) NOT NULL, PRIMARY KEY (client_no, badge))",
    "CREATE TABLE memos (id INTEGER PRIMARY KEY, client VARCHAR(20), about VARCHAR(100))",
)
"""`visits` and `badges` are mapped to no entity, `badges` has no key of its own, and that
`memos.client` refers to a client only people know."""

SOFT: dict[str, Any] = {"mark": {"state": "merged"}, "into": "merged_into"}
HARD: dict[str, Any] = {"delete": True}
MEMOS = [{"table": "memos", "column": "client", "key": "id"}]
ACME = "上海甲木科技有限公司"


def mapping(
    customer: Mapping[str, Any] | None = SOFT,
    contact: Mapping[str, Any] | None = None,
    tag: Mapping[str, Any] | None = None,
) -> TargetMapping:
    """The mapping with these policies for doubles; None: they are only listed."""

    def duplicates(policy: Mapping[str, Any] | None) -> Any:
        return "list" if policy is None else {"merge": policy}

    return TargetMapping.model_validate(
        {
            "target": "crm",
            "entities": {
                "customer": {
                    "table": "clients",
                    "key": "no",
                    "duplicates": duplicates(customer),
                    "fields": {
                        "name": "title",
                        "uscc": "credit_code",
                        "phone": "phone",
                        "remark": {"column": "note", "on_conflict": "ask"},
                        "parent": "parent_no",
                    },
                },
                "contact": {
                    "table": "persons",
                    "key": "id",
                    "duplicates": duplicates(contact),
                    "fields": {
                        "customer": "client_no",
                        "name": "full_name",
                        "mobile": "mobile",
                        "id_number": {"column": "id_card", "index": "id_card_index"},
                    },
                },
                "tag": {
                    "table": "labels",
                    "key": "id",
                    "duplicates": duplicates(tag),
                    "fields": {"customer": "client_no", "label": "label"},
                },
            },
        }
    )


def fill(target: TargetSystem, rows: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
    """Rows that people have entered into the CRM."""
    with target.transaction() as transaction:
        for table, listed in rows.items():
            for row in listed:
                cells = {c: None if v is None else str(v) for c, v in row.items()}
                transaction.insert(
                    table, pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
                )


def golden(entity: str, *rows: Mapping[str, str | None]) -> pl.DataFrame:
    """Golden records as the sources make them."""
    columns = ["golden_id", *mapping().entities[entity].fields]
    return pl.DataFrame(
        [{c: row.get(c) for c in columns} for row in rows],
        schema=dict.fromkeys(columns, pl.String),
    )


def operations(
    target: TargetSystem,
    held: TargetMapping,
    linked: Mapping[str, Mapping[str, str]],
    records: Mapping[str, pl.DataFrame] | None = None,
    **more: Any,
) -> PlannedOperations:
    """What a plan would do. `linked`: entity → key → golden id, as linkage would find them."""
    schema = target.describe()
    sides: dict[str, TargetSide] = {}
    known: dict[str, pl.DataFrame] = {}
    for name, entity in held.entities.items():
        table = schema.table(entity.table)
        stored = target.read_table(entity.table, [c.name for c in table.columns])
        sealed = ["id_number"] if name == "contact" else []
        present = present_records(MODEL.entity(name), entity, stored, {}, b"k" * 32, sealed=sealed)
        base = read_base(target, name)
        ids = dict(base.select("target_key", "golden_id").iter_rows()) | dict(linked.get(name, {}))
        found = pl.col("target_key").replace_strict(ids, default=None, return_dtype=pl.String)
        present = present.with_columns(golden_id=found)
        known[name] = present.select("target_key", "golden_id").drop_nulls()
        present = resolve_references(MODEL.entity(name), present, known)
        up = given_up(entity, stored, table, target.stored_form)
        present = present.filter(~pl.col("target_key").is_in(up.implode()))
        sides[name] = TargetSide(
            entity, stored, present, base, table, stored_form=target.stored_form
        )
    identity = TargetIdentity("crm", schema.system, schema.database, schema.fingerprint, True)
    key = Keys.digest_key
    return plan_operations(
        MODEL,
        {name: (records or {}).get(name, golden(name)) for name in held.entities},
        sides,
        POLICY,
        digest_key=key,
        keys=FieldKeys(),
        target=identity,
        project="p",
        around=look_around(target, schema, held, MODEL, sides, key),
        **more,
    )


def plan(
    target: TargetSystem,
    held: TargetMapping,
    linked: Mapping[str, Mapping[str, str]],
    records: Mapping[str, pl.DataFrame] | None = None,
    name: str = "p1",
    **more: Any,
) -> Plan:
    """The same as a whole plan."""
    made = operations(target, held, linked, records, **more)
    header = replace(
        header_of(target, name),
        project="p",
        effect=made.effect,
        treatments=made.treatments,
        counts={e: count_actions(f, accepted=f.height) for e, f in made.operations.items()},
        merges=count_moves(made.moves, "merge"),
        reparented=count_moves(made.moves, "reparent"),
    )
    return Plan(header, made.operations, {}, made.moves)


def run(made: Plan, target: TargetSystem, held: TargetMapping, **more: Any) -> Applied:
    """Apply the plan."""
    arguments: dict[str, Any] = {"limit": 1.0} | more
    silent: Callable[..., None] = lambda _event, _objects: None  # noqa: E731
    return apply(
        made, target, held, Keys(), model=MODEL, approved=approved(made), clock=lambda: NOW,
        journal=silent, **arguments,
    )  # fmt: skip


def taking_back(made: Plan, target: TargetSystem, held: TargetMapping) -> Plan:
    """The plan that takes another back, as the target stands now."""
    with target.reading() as reader:
        bearings = Bearings(
            held, reference_columns(held, MODEL), reader.describe(), Keys.digest_key
        )
        trail = merges_of(reader, InMemory(made), bearings, Keys())
        blocked = kept_merges(trail)["group"]
        undone = inverse_of(reader, InMemory(made), bearings, Keys(), blocked=blocked)
    kept = [f.filter(pl.col("action") == "skip")["group"] for f in undone.values()]
    assert made.moves is not None
    ranks = made.moves.select("group", "rank")
    moves = inverse_moves(trail, ranks, pl.concat([blocked, *kept]), Keys.digest_key)
    header = replace(
        made.header,
        plan_id="r1",
        kind="rollback",
        effect=effect(made.header.target, "p", effect_digests(undone, moves)),
    )
    return Plan(header, undone, {}, moves)


def cells(target: TargetSystem, table: str, *columns: str) -> list[tuple[str | None, ...]]:
    """What stands in the table, sorted by the first column."""
    rows = target.read_table(table, columns).sort(pl.col(columns[0]).cast(pl.Int64, strict=False))
    return rows.rows()


TWICE: dict[str, list[dict[str, object]]] = {
    "clients": [
        {"no": 1, "title": ACME},
        {"no": 2, "title": ACME, "credit_code": "91310000MA1FL0001X", "phone": "021-50500001"},
        {"no": 3, "title": "北京乙水贸易有限公司", "parent_no": 2},
    ],
    "persons": [
        {"id": 11, "client_no": 1, "full_name": "李雷"},
        {"id": 12, "client_no": 2, "full_name": "韩梅", "mobile": "13800138000"},
    ],
    "visits": [{"id": 21, "client_no": 2}, {"id": 22, "client_no": 1}],
    "badges": [{"client_no": 2, "badge": "vip"}, {"client_no": 2, "badge": "old"}],
    "memos": [{"id": 31, "client": "2"}],
}
"""Client 2 is client 1 again; a contact, a subsidiary, a visit and two badges hang on it."""
LINKED = {"customer": {"1": "g1", "2": "g1", "3": "g3"}, "contact": {"11": "c11", "12": "c12"}}
