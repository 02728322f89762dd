"""The JSON Schemas under docs/schemas are those of the classes that read the files."""

import json
from pathlib import Path

import pytest

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
