"""The standard model, read from the shipped entities file by a small loader of these tests."""

from importlib.resources import files

import polars as pl
import pytest
import yaml

from crm_migrate.language import Text
from crm_migrate.model import (
    Condition,
    Entity,
    Field,
    Level,
    Model,
    SemanticType,
    Vocabulary,
)

_PLAIN = ("identifying", "vocabulary", "unit", "references", "max_length")


def _field(name: str, spec: dict) -> Field:
    conditions = tuple(Condition(f, tuple(v)) for f, v in spec.get("required_when", {}).items())
    return Field(
        name,
        SemanticType(spec["type"]),
        Text(**spec["label"]),
        level=Level(spec.get("level", "internal")),
        required=spec.get("required", False),
        required_when=conditions,
        **{key: spec[key] for key in _PLAIN if key in spec},
    )


def load_standard_model() -> Model:
    text = files("crm_migrate").joinpath("starter/entities.yaml").read_text("utf-8")
    spec = yaml.safe_load(text)
    entities = tuple(
        Entity(
            name,
            Text(**body["label"]),
            tuple(_field(n, f) for n, f in body["fields"].items()),
            root=body.get("root"),
        )
        for name, body in spec["entities"].items()
    )
    vocabularies = {
        name: Vocabulary(
            name, tuple(values), {s: value for value, others in values.items() for s in others}
        )
        for name, values in spec["vocabularies"].items()
    }
    return Model(entities, vocabularies)


@pytest.fixture(scope="session")
def model() -> Model:
    return load_standard_model()


@pytest.fixture(scope="session")
def mapped(model: Model):
    """Build a mapped frame: rows of raw text by field name, with id and provenance."""

    def build(entity: str, rows: list[dict[str, str | None]]) -> pl.DataFrame:
        names = model.entity(entity).field_names
        data = {name: [row.get(name) for row in rows] for name in names}
        ids = [row.get("record_id", f"{i:032x}") for i, row in enumerate(rows)]
        frame = pl.DataFrame(
            {"record_id": ids, **data}, schema_overrides=dict.fromkeys(names, pl.String)
        )
        return frame.with_columns(
            pl.lit("sales").alias("_source"),
            pl.lit("customers.xlsx").alias("_file"),
            pl.lit("Sheet1").alias("_sheet"),
            pl.int_range(2, len(rows) + 2, dtype=pl.Int64).alias("_row"),
        )

    return build
