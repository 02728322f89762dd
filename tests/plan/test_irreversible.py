"""What can't be taken back is said before a plan is approved (R-6.5)."""

import polars as pl

from crm_migrate.plan.irreversible import irreversible
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.systems.target_schema import ColumnInfo, TargetSchema, TargetTable

MAPPING = {
    "customer": TargetEntity.model_validate(
        {"table": "accounts", "key": "id", "fields": {"name": "name"}}
    )
}


def schema(kind: str = "integer", *triggers: str) -> TargetSchema:
    """A CRM of one table."""
    key = ColumnInfo("id", kind.upper(), kind="integer" if kind == "integer" else "text")
    table = TargetTable("accounts", (key,), ("id",), triggers=triggers)
    return TargetSchema("sqlite", "crm.db", {"accounts": table}, "f" * 64)


def operations(*actions: str) -> dict[str, pl.DataFrame]:
    """Operations of these actions."""
    return {"customer": pl.DataFrame({"action": list(actions)}, schema={"action": pl.String})}


def moves() -> pl.DataFrame:
    """A merge; two rows of a table without a key of its own, and one with, move over."""
    rows = [
        {"kind": "merge", "entity": "customer", "table": "accounts", "key_column": "id"},
        {"kind": "reparent", "entity": "customer", "table": "badges"},
        {"kind": "reparent", "entity": "customer", "table": "badges"},
        {"kind": "reparent", "entity": "customer", "table": "people", "key_column": "id"},
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))


def test_numbers_triggers_and_the_point_of_no_return() -> None:
    """Numbers that the system gives, what triggers do, merged keys, and the first edit."""
    found = irreversible(
        schema("integer", "mail_sent"), MAPPING, operations("insert", "insert", "update"), moves()
    )
    text = "\n".join(t.en for t in found)
    assert "mail_sent" in text
    assert "2 new rows" in text
    assert "1 merged rows" in text
    assert "2 rows that move over stay there" in text
    assert "badges" in text
    assert "point of no return" in found[-1].en
    assert "不可撤回点" in found[-1].zh


def test_a_plan_without_new_numbers() -> None:
    """Updates, and rows under keys of our own, get no numbers; nothing written, nothing said."""
    assert len(irreversible(schema(), MAPPING, operations("update"))) == 1
    assert len(irreversible(schema("text"), MAPPING, operations("insert"))) == 1
    assert irreversible(schema(), MAPPING, operations("unchanged", "skip")) == ()
