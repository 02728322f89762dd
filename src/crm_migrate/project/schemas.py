"""JSON Schemas of the project's files, for editors that complete and check YAML while typing.

They are generated from the classes that read the files (`docs/schemas/`), so they cannot differ
from what is accepted; names that must exist elsewhere are checked only by `load_project`.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from crm_migrate.project.entities_file import EntitiesFile
from crm_migrate.project.gates_file import NAMES, GatesFile
from crm_migrate.project.mapping_file import SourceMapping, TargetMapping, ValueMap
from crm_migrate.project.quality_file import QualityFile
from crm_migrate.project.rule_files import (
    AllowedFile,
    DerivationsFile,
    RecordRulesFile,
    VerificationFile,
)
from crm_migrate.project.settings import Settings

FILES: dict[str, tuple[type[BaseModel], str]] = {
    "crm-migrate": (Settings, "crm-migrate.yaml"),
    "mapping": (SourceMapping, "mappings/<source>.yaml"),
    "values": (ValueMap, "mappings/values/<name>.yaml"),
    "target": (TargetMapping, "mappings/target.yaml"),
    "entities": (EntitiesFile, "rules/entities.yaml"),
    "gates": (GatesFile, "rules/gates.yaml"),
    "quality": (QualityFile, "rules/quality.yaml"),
    "records": (RecordRulesFile, "rules/records.yaml"),
    "allowed": (AllowedFile, "rules/allowed.yaml"),
    "derivations": (DerivationsFile, "rules/derivations.yaml"),
    "verification": (VerificationFile, "rules/verification.yaml"),
}
"""Schema name → the class that reads the file, and where such files lie."""


def schemas() -> dict[str, dict[str, Any]]:
    """All schemas by name (JSON Schema 2020-12)."""
    return {name: _schema(kind, place) for name, (kind, place) in FILES.items()}


def write_schemas(folder: Path) -> None:
    """Write `<name>.schema.json` for every schema into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True)
        (folder / f"{name}.schema.json").write_text(text + "\n", "utf-8")


def _schema(kind: type[BaseModel], place: str) -> dict[str, Any]:
    schema = kind.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = place
    if kind is EntitiesFile:
        _as_change(schema)
    if kind is GatesFile:
        _gate_names(schema)
    if kind in (QualityFile, RecordRulesFile, AllowedFile, DerivationsFile, VerificationFile):
        schema["properties"]["extends"] = {"const": "standard"}
    if kind in (RecordRulesFile, DerivationsFile):
        _short_changes(schema)
    return schema


def _gate_names(schema: dict[str, Any]) -> None:
    """Gates go by names of measures; with `extends: standard` null takes one away."""
    schema["properties"]["extends"] = {"const": "standard"}
    gates = schema["properties"]["gates"]
    gates["propertyNames"] = {"pattern": NAMES}
    gates["additionalProperties"] = {"anyOf": [gates["additionalProperties"], {"type": "null"}]}


def _short_changes(schema: dict[str, Any]) -> None:
    """With `extends: standard` a rule of the standard may be changed in part, or taken away."""
    for part in ("RecordRule", "Derivation"):
        schema["$defs"].get(part, {}).pop("required", None)
    for part in ("rules", "derivations"):
        given = schema["properties"].get(part)
        if given is not None:
            given["additionalProperties"] = {
                "anyOf": [given["additionalProperties"], {"type": "null"}]
            }


def _as_change(schema: dict[str, Any]) -> None:
    """With `extends: standard` every part may be left out, and null takes a part away."""
    schema["properties"]["extends"] = {"const": "standard"}
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("title") != "Label":
            part.pop("required", None)
    for part in (
        schema["properties"]["entities"],
        schema["$defs"]["EntityRules"]["properties"]["fields"],
    ):
        part["additionalProperties"] = {"anyOf": [part["additionalProperties"], {"type": "null"}]}


if __name__ == "__main__":
    write_schemas(Path("docs/schemas"))
