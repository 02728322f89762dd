"""The target's rows as records in standard fields, so that they are linked and compared alike."""

from collections.abc import Collection, Mapping

import polars as pl

from crm_migrate.mapping.identity import hashed_ids
from crm_migrate.model import Entity, Field, SemanticType
from crm_migrate.plan.target.form import lookup_values
from crm_migrate.project.mapping_file import TargetColumn, TargetEntity
from crm_migrate.records import (
    FILE,
    RECORD_ID,
    ROW,
    SHEET,
    SOURCE,
    TARGET_SOURCE,
)

TARGET_KEY = "target_key"
KEY_REFERENCE = "@key:"
"""Prefix of a reference by target key, while the golden id behind it is not known."""

_NUMBERS = (SemanticType.AMOUNT, SemanticType.INTEGER, SemanticType.PERCENTAGE)
_TRUE, _FALSE = ("1", "t", "true", "TRUE", "True"), ("0", "f", "false", "FALSE", "False")


def present_records(
    entity: Entity,
    target_entity: TargetEntity,
    rows: pl.DataFrame,
    lookups: Mapping[str, pl.DataFrame],
    key: bytes,
    *,
    target: str = "",
    sealed: Collection[str] = (),
) -> pl.DataFrame:
    """The rows of one target table as records of an entity, in the order of their keys.

    `rows`: stored text with the key column; `lookups`: target table → rows; `key`: the project's
    record key. Columns of the result: record_id, provenance, `target_key`, and every field that
    the target holds. References are `@key:<target key>`; sealed fields are null. What a value
    map or look-up does not know stays as it is stored, so that it never passes for empty.
    """
    ordered = rows.sort(_key_order(pl.col(target_entity.key))).with_row_index("_ordinal", 1)
    fields = [
        _field_value(entity.by_name[name], column, name in sealed, lookups).alias(name)
        for name, column in target_entity.fields.items()
    ]
    ids = hashed_ids(key, (TARGET_SOURCE, entity.name), [ordered[target_entity.key]])
    return ordered.select(
        ids.alias(RECORD_ID),
        pl.lit(TARGET_SOURCE).alias(SOURCE),
        pl.lit(target).alias(FILE),
        pl.lit(target_entity.table).alias(SHEET),
        pl.col("_ordinal").cast(pl.Int64).alias(ROW),
        pl.col(target_entity.key).alias(TARGET_KEY),
        *fields,
    )


def resolve_references(
    entity: Entity, records: pl.DataFrame, golden_ids: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Replace `@key:<target key>` by golden ids.

    `golden_ids`: entity → frame of `target_key`, `golden_id`. A reference that leads to no
    golden record stays as it is.
    """
    for field in entity.references():
        known = golden_ids.get(field.references or "")
        if field.name not in records.columns or known is None:
            continue
        found = known.select(
            (pl.lit(KEY_REFERENCE) + pl.col(TARGET_KEY)).alias(field.name),
            pl.col("golden_id").alias("_found"),
        ).unique(field.name, keep="any")
        records = (
            records.join(found, on=field.name, how="left", maintain_order="left")
            .with_columns(pl.coalesce("_found", field.name).alias(field.name))
            .drop("_found")
        )
    return records


def smallest_keys(
    present: pl.DataFrame, base: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per golden id and the others: the row of the base, else the smallest target key."""
    known = present.filter(pl.col("golden_id").is_not_null())
    several = known["golden_id"].is_duplicated()
    single, known = known.filter(~several), known.filter(several)
    if base is not None:
        ours = base.select("golden_id", TARGET_KEY, _ours=pl.lit(True))
        known = known.join(ours, on=["golden_id", TARGET_KEY], how="left")
    else:
        known = known.with_columns(_ours=pl.lit(None, pl.Boolean))
    ordered = known.sort(
        "golden_id", pl.col("_ours").is_null(), *_key_order(pl.col(TARGET_KEY))
    ).drop("_ours")
    first = ordered["golden_id"].is_first_distinct()
    return pl.concat([single, ordered.filter(first)]), ordered.filter(~first)


def _key_order(key: pl.Expr) -> list[pl.Expr]:
    """Numbers by size, other keys by length and then by text."""
    return [key.str.len_chars(), key]


def _field_value(
    field: Field,
    column: TargetColumn,
    sealed: bool,
    lookups: Mapping[str, pl.DataFrame],
) -> pl.Expr:
    stored = pl.col(column.column)
    stored = pl.when(stored.str.len_chars() > 0).then(stored)
    if sealed:
        return pl.lit(None, dtype=pl.String)
    if field.type is SemanticType.REFERENCE:
        return pl.lit(KEY_REFERENCE) + stored
    if column.values:
        # Where two values are stored alike the first stands for both (see diff: equal as stored).
        known = {v: k for k, v in reversed(column.values.items())}
        return stored.replace(known)
    if column.lookup is not None:
        return stored.replace(lookup_values(column.lookup, lookups, reverse=True))
    return _canonical(field, stored)


def _canonical(field: Field, stored: pl.Expr) -> pl.Expr:
    """Canonical text of what databases print differently; idempotent."""
    if field.type is SemanticType.BOOLEAN:
        known = dict.fromkeys(_TRUE, "true") | dict.fromkeys(_FALSE, "false")
        return stored.replace(known)
    if field.type is SemanticType.DATE:
        return stored.str.replace(r"^(\d{4}-\d{2}-\d{2})[ T]00:00:00(\.0+)?$", "${1}")
    if field.type in _NUMBERS:
        return stored.str.replace(r"^(-?\d+\.\d*?)0+$", "${1}").str.replace(r"^(-?\d+)\.$", "${1}")
    return stored
