"""What the row that stays takes over from the rows that are given up for it.

Golden records are made of the sources alone. Where neither the sources nor the row that stays
have a value, and a row that is given up has one, the golden record borrows it, so that the diff
fills the cell. The base keeps no commitment of a borrowed value: the CRM's people entered it.
"""

from collections.abc import Mapping

import polars as pl

from crm_migrate.model import Entity, SemanticType
from crm_migrate.plan.diff.groups import self_reference
from crm_migrate.plan.diff.side import LENT, Opener, TargetSide
from crm_migrate.plan.target.present import KEY_REFERENCE, TARGET_KEY
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.protection.policy import Treatment
from crm_migrate.systems.target_schema import TargetTable


def with_crm_only(
    entity: Entity, golden: pl.DataFrame, side: TargetSide, losers: pl.DataFrame
) -> pl.DataFrame:
    """The golden records, and one for each merge of rows that no source knows.

    `losers`: plan.merges.DOUBLES. The new ones hold nothing but what they hang on.
    """
    rows = losers.select("golden_id", pl.col("survivor").alias(TARGET_KEY)).unique()
    rows = rows.join(golden, on="golden_id", how="anti")
    if rows.is_empty():
        return golden
    above = self_reference(entity)
    hangs = [n for n in (entity.root, above and above.name) if n in side.present.columns]
    known = rows.join(side.present.select(TARGET_KEY, *hangs), on=TARGET_KEY).with_columns(
        pl.when(~pl.col(n).str.starts_with(KEY_REFERENCE)).then(n).alias(n) for n in hangs
    )
    added = known.sort("golden_id").select(
        pl.col(c) if c in known.columns else pl.lit(None, golden.schema[c]).alias(c)
        for c in golden.columns
    )
    return pl.concat([golden, added])


def borrow(
    entity: Entity,
    golden: pl.DataFrame,
    side: TargetSide,
    losers: pl.DataFrame,
    treatments: Mapping[str, Treatment],
    open_sealed: Opener,
) -> pl.DataFrame:
    """The golden records with what only `losers` (plan.merges.DOUBLES) have.

    Each field with borrowed values is accompanied by a Boolean column LENT + field.
    """
    stuck = _stuck_columns(side.mapping, side.table)
    given = losers.select("golden_id", pl.col("loser").alias(TARGET_KEY))
    ordered = given.join(side.present.drop("golden_id"), on=TARGET_KEY).sort(
        "golden_id", pl.col(TARGET_KEY).str.len_chars(), TARGET_KEY
    )
    for name, column in side.mapping.fields.items():
        if name not in golden.columns or column.column in stuck:
            continue
        treatment = treatments.get(name, Treatment.CLEAR)
        if treatment is Treatment.CLEAR and name in ordered.columns:
            offered = ordered.select("golden_id", _lent=name)
        elif treatment is Treatment.SEAL:
            offered = _opened(entity.name, name, column.column, ordered, side, open_sealed)
        else:
            continue
        offered = offered.drop_nulls()
        if entity.by_name[name].type is SemanticType.REFERENCE:
            offered = offered.filter(
                ~pl.col("_lent").str.starts_with(KEY_REFERENCE)
                & (pl.col("_lent") != pl.col("golden_id"))
            )
        first = offered.unique("golden_id", keep="first", maintain_order=True)
        if first.height:
            golden = _filled(golden, name, first)
    return golden


def _filled(golden: pl.DataFrame, name: str, offered: pl.DataFrame) -> pl.DataFrame:
    joined = golden.join(offered, on="golden_id", how="left", maintain_order="left")
    lent = pl.col(name).is_null() & pl.col("_lent").is_not_null()
    return joined.with_columns(
        lent.alias(LENT + name), pl.coalesce(name, "_lent").alias(name)
    ).drop("_lent")


def _stuck_columns(mapping: TargetEntity, table: TargetTable | None) -> set[str]:
    """Columns of unique keys whose value stays on a marked row: two rows can't have it."""
    policy = mapping.merge
    if policy is None or policy.delete or table is None:
        return set()
    keys = [k for k in table.unique_keys if not set(k.columns) & set(policy.columns)]
    return {c for k in keys if k.where is None for c in k.columns}


def _opened(
    entity: str,
    name: str,
    column: str,
    ordered: pl.DataFrame,
    side: TargetSide,
    open_sealed: Opener,
) -> pl.DataFrame:
    """Sealed cells in clear; each was sealed for the golden id that its row had then."""
    stored = side.stored.select(pl.col(side.mapping.key).alias(TARGET_KEY), _raw=column)
    held = ordered.select("golden_id", TARGET_KEY).join(
        stored, on=TARGET_KEY, maintain_order="left"
    )
    held = held.filter(pl.col("_raw").str.len_chars() > 0)
    if side.base is not None:
        then = side.base.select(TARGET_KEY, _then="golden_id").unique(TARGET_KEY, keep="any")
        held = held.join(then, on=TARGET_KEY, how="left", maintain_order="left")
    else:
        held = held.with_columns(_then=pl.lit(None, pl.String))
    ids = held.select(pl.coalesce("_then", "golden_id")).to_series()
    if held.is_empty():
        return held.select("golden_id", _lent="_raw")
    return held.select("golden_id", open_sealed(entity, name, ids, held["_raw"]).alias("_lent"))
