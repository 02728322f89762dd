"""A target mapping proposed from the CRM's own tables: sure things only, the rest said."""

import sqlite3
from pathlib import Path

import pytest
import yaml

from crm_migrate.mapping.target_proposal import propose_target
from crm_migrate.project.entities_file import standard_model
from crm_migrate.project.mapping_file import LeftOut, TargetMapping
from crm_migrate.systems.sqlite.target import SqliteTarget

REPOSITORY = Path(__file__).parents[2]


def test_the_samples_crm_is_recognised() -> None:
    """R-6.2: tables, columns, references, owners and vocabularies of a CRM with names of its own:
    most of what a person mapped by hand, and nothing otherwise than he did.
    """
    schema = SqliteTarget(REPOSITORY / "samples" / "crm.db").describe()
    found = propose_target(schema, standard_model())
    text = (REPOSITORY / "mappings" / "target.yaml").read_text("utf-8")
    by_hand = TargetMapping.model_validate(yaml.safe_load(text))
    assert set(found.mapping.entities) == set(by_hand.entities)
    agreed = missed = 0
    for name, wanted in by_hand.entities.items():
        entity = found.mapping.entities[name]
        assert (entity.table, entity.key) == (wanted.table, wanted.key)
        assert set(entity.fields) <= set(wanted.fields)
        for field, column in wanted.fields.items():
            proposed = entity.fields.get(field)
            missed += proposed is None
            if proposed is not None:
                assert proposed.column == column.column
                assert proposed.references == column.references
                assert proposed.lookup == column.lookup
                agreed += 1
    assert agreed > 3 * missed
    said = " ".join(o.message.en for o in found.open)
    assert "account_status" in said
    assert "stage and column stage: which value is which?" in said


def test_what_the_schema_says_is_taken(tmp_path: Path) -> None:
    """Chinese labels, an own golden id, a sealed column with its index, soft deletion; what can't
    hold the field's type is left open.
    """
    file = tmp_path / "crm.db"
    connection = sqlite3.connect(file)
    connection.executescript(
        "CREATE TABLE 客户 (编号 INTEGER PRIMARY KEY, 客户名称 TEXT, 统一社会信用代码 TEXT UNIQUE,"
        " 电话 INTEGER, golden_id TEXT, deleted_at TEXT);"
        "CREATE TABLE contacts (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES 客户 (编号),"
        " name TEXT, mobile TEXT, id_number_cipher TEXT, id_number_index TEXT, is_deleted INTEGER);"
    )
    connection.close()
    found = propose_target(SqliteTarget(file).describe(), standard_model())
    customer, contact = (found.mapping.entities[n] for n in ("customer", "contact"))
    assert (customer.table, customer.key, customer.golden_id) == ("客户", "编号", "golden_id")
    assert customer.fields["uscc"].column == "统一社会信用代码"
    assert customer.left_out == LeftOut(column="deleted_at", when="filled")
    assert "phone" not in customer.fields
    assert any("电话" in o.message.en and "type" in o.message.en for o in found.open)
    assert contact.fields["customer"].references == "customer"
    sealed = contact.fields["id_number"]
    assert (sealed.column, sealed.index) == ("id_number_cipher", "id_number_index")
    assert contact.left_out == LeftOut(column="is_deleted", when=("1",))
    assert contact.match == ("customer", "name", "mobile")


@pytest.mark.parametrize("statement", ["CREATE TABLE x (a TEXT)", "CREATE TABLE y (id INTEGER)"])
def test_nothing_is_guessed(tmp_path: Path, statement: str) -> None:
    """Tables that hold no records of ours yield no entity, and that is said for each."""
    file = tmp_path / "crm.db"
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.close()
    found = propose_target(SqliteTarget(file).describe(), standard_model())
    assert not found.mapping.entities
    assert len(found.open) == len(standard_model().entities)
