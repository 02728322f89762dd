"""Sealing the cells of a plan that will be written, after the diff; and opening them again.

Only `after:` cells of fields whose treatment in the target is `seal` are sealed, each bound to
its entity, field and golden id; the blind index goes into the column that the mapping names.
"""

from collections.abc import Mapping
from typing import Protocol

import polars as pl

from crm_migrate.errors import IntegrityFault, KeyFault
from crm_migrate.language import Text
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.protection.blind_index import blind_index
from crm_migrate.protection.policy import Treatment
from crm_migrate.protection.sealing import (
    FORMAT,
    FieldKeys,
    is_sealed,
    seal_column,
    unseal_column,
)

_KEY_ID = 12
"""Longest usual key id: version, `x`, eight hex characters."""


class PlanFieldKeys(FieldKeys, Protocol):
    """What sealing a plan needs of a keyring: field keys and index keys."""

    def index_key(self, entity: str, field: str, version: int = 1) -> bytes:
        """Key of the blind index of a field."""
        ...


def sealed_lengths(values: pl.Series) -> pl.Series:
    """Length in characters that the sealed text of each value will have at most."""
    payload = values.str.len_bytes().cast(pl.Int64) + 12 + 16  # nonce and tag
    return len(FORMAT) + _KEY_ID + 2 + (payload * 4 + 2) // 3


def index_columns(mapping: TargetEntity, treatments: Mapping[str, Treatment]) -> dict[str, str]:
    """Field → column of its blind index, for the sealed fields that have one."""
    return {
        name: column.index
        for name, column in mapping.fields.items()
        if column.index is not None and treatments.get(name) is Treatment.SEAL
    }


def column_treatments(mapping: TargetEntity, treatments: Mapping[str, Treatment]) -> dict[str, str]:
    """Target column → treatment, for columns that are not clear."""
    return {
        column.column: str(treatments[name])
        for name, column in mapping.fields.items()
        if treatments.get(name, Treatment.CLEAR) is not Treatment.CLEAR
    }


def seal_operations(
    entity: str,
    operations: pl.DataFrame,
    mapping: TargetEntity,
    treatments: Mapping[str, Treatment],
    keys: PlanFieldKeys,
) -> pl.DataFrame:
    """The operations with sealed cells and indexes."""
    indexes = index_columns(mapping, treatments)
    for name, column in _sealed(operations, mapping, treatments):
        cells = operations[column]
        written = cells.ne_missing(pl.Series([UNTOUCHED]))
        clear = cells.zip_with(written, _nulls(len(cells)))
        sealed = seal_column(clear, operations["golden_id"], entity, name, keys)
        changed = [sealed.values.zip_with(written, cells).alias(column)]
        if name in indexes:
            index = blind_index(clear, keys.index_key(entity, name)).zip_with(written, cells)
            changed.append(index.alias(AFTER + indexes[name]))
            if BEFORE + indexes[name] not in operations.columns:
                changed.append(_nulls(len(cells)).alias(BEFORE + indexes[name]))
        operations = operations.with_columns(changed)
    return operations


def unseal_operations(
    entity: str,
    operations: pl.DataFrame,
    mapping: TargetEntity,
    treatments: Mapping[str, Treatment],
    keys: PlanFieldKeys,
) -> pl.DataFrame:
    """The operations with `after:` cells in clear, as they were before sealing; indexes dropped.

    Raises:
        IntegrityFault: a cell was changed or moved, or an index does not belong to its cell.
        KeyFault: sealed with a key of another project.
    """
    indexes = index_columns(mapping, treatments)
    for name, column in _sealed(operations, mapping, treatments):
        cells = operations[column]
        written = cells.ne_missing(pl.Series([UNTOUCHED]))
        sealed = cells.zip_with(written, _nulls(len(cells)))
        clear = unseal_column(sealed, operations["golden_id"], entity, name, keys)
        if name in indexes:
            index = blind_index(clear, keys.index_key(entity, name)).zip_with(written, cells)
            found = operations[AFTER + indexes[name]]
            if not index.eq_missing(found).all():
                raise _wrong_index(entity, name)
        operations = operations.with_columns(clear.zip_with(written, cells).alias(column))
    sides = [s + c for c in indexes.values() for s in (BEFORE, AFTER)]
    return operations.drop(sides, strict=False)


class SealedCells:
    """Opens and indexes cells of the target for the diff (see cells.Opener, cells.Indexer)."""

    def __init__(self, keys: PlanFieldKeys) -> None:
        self._keys = keys

    def open(self, entity: str, field: str, golden_ids: pl.Series, cells: pl.Series) -> pl.Series:
        """Clear text of sealed cells; null where a cell is not sealed for this row by us."""
        ours = is_sealed(cells)
        sealed = cells.zip_with(ours, _nulls(len(cells)))
        try:
            return unseal_column(sealed, golden_ids, entity, field, self._keys)
        except (IntegrityFault, KeyFault):
            # Some were copied or sealed elsewhere: find out which, one by one.
            parts = [
                self._open_one(entity, field, golden_ids[at : at + 1], sealed[at : at + 1])
                for at in range(len(sealed))
            ]
            return pl.concat(parts)

    def index(self, entity: str, field: str, values: pl.Series) -> pl.Series:
        """Blind index of values."""
        return blind_index(values, self._keys.index_key(entity, field))

    def _open_one(
        self, entity: str, field: str, golden_id: pl.Series, cell: pl.Series
    ) -> pl.Series:
        try:
            return unseal_column(cell, golden_id, entity, field, self._keys)
        except (IntegrityFault, KeyFault):
            return _nulls(1)


def _sealed(
    operations: pl.DataFrame, mapping: TargetEntity, treatments: Mapping[str, Treatment]
) -> list[tuple[str, str]]:
    """Field and `after:` column of what is sealed in the operations."""
    return [
        (name, AFTER + column.column)
        for name, column in mapping.fields.items()
        if treatments.get(name) is Treatment.SEAL and AFTER + column.column in operations.columns
    ]


def _nulls(height: int) -> pl.Series:
    return pl.Series([None] * height, dtype=pl.String)


def _wrong_index(entity: str, field: str) -> IntegrityFault:

    return IntegrityFault(
        Text("a blind index of the plan does not belong to its cell", "计划中的盲索引与单元格不符"),
        where=f"{entity}.{field}",
        remedy=Text("make a new plan", "请重新生成计划"),
    )
