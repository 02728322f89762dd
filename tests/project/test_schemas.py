"""The JSON Schemas under docs/schemas are those of the classes that read the files."""

import json
from pathlib import Path

import jsonschema
import pytest

from crm_migrate.project.entities_file import starter_file
from crm_migrate.project.schemas import schemas

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


@pytest.mark.parametrize("name", list(schemas()))
def test_committed_schemas_are_current(name: str) -> None:
    """Made anew by `python -m crm_migrate.project.schemas`, nothing would change."""
    assert json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8")) == schemas()[name]


def test_short_forms_and_partial_entities_are_allowed() -> None:
    """A bare column name is a field's source; with `extends` every part may be left out."""
    fields = schemas()["mapping"]["$defs"]["RecordMapping"]["properties"]["fields"]
    assert {"type": "string"} in fields["additionalProperties"]["anyOf"]
    entities = schemas()["entities"]
    assert "required" not in entities["$defs"]["FieldRules"]
    assert {"type": "null"} in entities["properties"]["entities"]["additionalProperties"]["anyOf"]


def test_the_gates_schema_knows_measures_and_partial_files() -> None:
    """The standard gates fit it; null takes one away; what nobody measures does not fit."""
    validator = jsonschema.Draft202012Validator(schemas()["gates"])
    validator.validate(starter_file("gates.yaml").data)
    given = {"completeness.customer.uscc": {"at_least": 0.9}, "merges": None}
    validator.validate({"extends": "standard", "gates": given})
    assert not validator.is_valid({"gates": {"doors": {"limit": 1}}})
    assert not validator.is_valid({"gates": {"merges": {"limit": 1, "on_failure": "panic"}}})
