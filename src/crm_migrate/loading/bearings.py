"""Where an operation's row is found in the target, and what is said of rows as they stand there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.model import Model, SemanticType
from crm_migrate.project.mapping_file import TargetEntity, TargetMapping
from crm_migrate.systems.target_schema import TargetSchema

STALE = {"entity": pl.String, "golden_id": pl.String, "group": pl.String, "reason": pl.String}
RELIEVED = {"entity": pl.String, "golden_id": pl.String, "group": pl.String, "by": pl.String}
"""Rows to be deleted that others refer to, until the group `by` has deleted or changed those."""


@dataclass(frozen=True)
class Bearings:
    """What is needed to find an operation's row: mapping, references, schema, digest key."""

    mapping: TargetMapping
    references: Mapping[str, Mapping[str, str]]
    """Entity → target column that holds a reference → entity it leads to."""
    schema: TargetSchema
    digest_key: bytes = field(repr=False)
    silenced: bool = False
    """The target's triggers don't run while we write."""

    def entity(self, name: str) -> TargetEntity:
        """The target's table for an entity."""
        return self.mapping.entities[name]


@dataclass(frozen=True)
class Found:
    """`stale`: STALE. `current`: entity → stored rows of updates and deletes.

    The rows have `_golden` and, as they were found, the columns of the operations and of
    `row_columns` (a target's own column may be called golden_id). `relieved`: RELIEVED.
    """

    stale: pl.DataFrame
    current: dict[str, pl.DataFrame]
    relieved: pl.DataFrame


def reference_columns(mapping: TargetMapping, model: Model) -> dict[str, dict[str, str]]:
    """Entity → target column → the entity that its cells refer to."""
    return {
        name: {
            column.column: model.entity(name).by_name[f].references or ""
            for f, column in entity.fields.items()
            if model.entity(name).by_name[f].type is SemanticType.REFERENCE
        }
        for name, entity in mapping.entities.items()
    }
