"""Golden records: one value per field from all records of a cluster, and where it came from."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from crm_migrate.linkage.identity import GOLDEN_ID
from crm_migrate.linkage.survivorship_rules import FieldGroup, Preference, SurvivorshipRules
from crm_migrate.model import MULTI_SEPARATOR, Entity
from crm_migrate.records import RECORD_ID, SOURCE

LINEAGE_SCHEMA = {
    "golden_id": pl.String(),
    "field": pl.String(),
    "record_id": pl.String(),
    "rule": pl.String(),
    "losers": pl.Int64(),
}
POOL = "公海"
"""The common pool: customers there belong to nobody, so nobody's claim conflicts with it."""


@dataclass(frozen=True)
class Golden:
    """golden: golden_id and the fields, ordered by golden_id. lineage: golden_id, field,
    record_id (the winner), rule (`agreed` when no other value stood against it, else the
    preference that decided, or `record_id`), losers (distinct other values).

    Golden records of a single member have no lineage rows: every value is that member's.
    """

    golden: pl.DataFrame
    lineage: pl.DataFrame


def survive(
    records: pl.DataFrame, members: pl.DataFrame, rules: SurvivorshipRules, entity: Entity
) -> Golden:
    """Golden records of the clusters.

    records: record_id, _source and the entity's fields (missing columns count as empty).
    members: record_id, golden_id. The order of neither matters.
    """
    fields = [n for n in entity.field_names if n in records.columns]
    placed = members.select(RECORD_ID, GOLDEN_ID).join(records, on=RECORD_ID, how="inner")
    placed = placed.with_columns(_size=pl.len().over(GOLDEN_ID))
    alone = placed.filter(pl.col("_size") == 1).select(GOLDEN_ID, *fields)
    several = placed.filter(pl.col("_size") > 1).sort(GOLDEN_ID, RECORD_ID)
    golden = several.select(pl.col(GOLDEN_ID).unique(maintain_order=True))
    lineage = [pl.DataFrame(schema=LINEAGE_SCHEMA)]
    for group in rules.of(entity.name, fields):
        names = [n for n in group.fields if n in fields]
        if not names:
            continue
        won = _union(several, names) if group.union else _winners(several, names, group, rules)
        golden = golden.join(won.select(GOLDEN_ID, *names), on=GOLDEN_ID, how="left")
        lineage.extend(_lineage(won, name) for name in names)
    every = pl.concat([alone, golden.select(alone.columns)]) if fields else golden
    return Golden(every.sort(GOLDEN_ID), pl.concat(lineage).sort(GOLDEN_ID, "field"))


def _lineage(won: pl.DataFrame, name: str) -> pl.DataFrame:
    return won.filter(pl.col(name).is_not_null()).select(
        GOLDEN_ID,
        pl.lit(name).alias("field"),
        pl.col(RECORD_ID),
        pl.col("_rule").alias("rule"),
        pl.col("_losers").cast(pl.Int64).alias("losers"),
    )


def _winners(
    several: pl.DataFrame, names: Sequence[str], group: FieldGroup, rules: SurvivorshipRules
) -> pl.DataFrame:
    """The winning record per golden id, with the rule that decided against the best other value."""
    filled = several.filter(pl.any_horizontal(pl.col(n).is_not_null() for n in names))
    value = pl.concat_str([pl.col(n).fill_null("\x00") for n in names], separator="\x1f")
    filled = filled.with_columns(_value=value)
    keys = [f"_key{i}" for i in range(len(group.preferences))]
    filled = filled.with_columns(
        _sort_key(preference, names, rules, filled.columns).cast(pl.Float64).alias(key)
        for key, preference in zip(keys, group.preferences, strict=True)
    ).sort(GOLDEN_ID, *keys, RECORD_ID)
    first = filled.unique(GOLDEN_ID, keep="first", maintain_order=True)
    others = (
        filled.join(first.select(GOLDEN_ID, _best="_value"), on=GOLDEN_ID, maintain_order="left")
        .filter(pl.col("_value") != pl.col("_best"))
        .group_by(GOLDEN_ID, maintain_order=True)
        .agg(
            *(pl.col(key).first().name.suffix("_other") for key in keys),
            _losers=pl.col("_value").n_unique(),
        )
    )
    decided = pl.coalesce(
        pl.when(pl.col("_losers").is_null()).then(pl.lit("agreed")),
        *(
            pl.when(pl.col(key) != pl.col(f"{key}_other")).then(pl.lit(preference.name))
            for key, preference in zip(keys, group.preferences, strict=True)
        ),
        pl.lit(RECORD_ID),
    )
    return first.join(others, on=GOLDEN_ID, how="left").select(
        GOLDEN_ID, RECORD_ID, *names, _rule=decided, _losers=pl.col("_losers").fill_null(0)
    )


def _sort_key(
    preference: Preference, names: Sequence[str], rules: SurvivorshipRules, columns: Sequence[str]
) -> pl.Expr:
    """A number that is smallest for the preferred record."""
    kind = preference.kind
    if kind == "most_trusted":
        if not rules.trusted or SOURCE not in columns:
            return pl.lit(0)
        ranks = list(range(len(rules.trusted)))
        return pl.col(SOURCE).replace_strict(
            list(rules.trusted), ranks, default=len(ranks), return_dtype=pl.Int64
        )
    if kind == "most_recent":
        if rules.recent is None or rules.recent not in columns:
            return pl.lit(0)
        date = pl.col(rules.recent).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        return -date.cast(pl.Int64).fill_null(-(10**7))
    if kind == "most_complete":
        return -pl.sum_horizontal(pl.col(n).is_not_null() for n in names).cast(pl.Int64)
    if kind == "most_frequent":
        return -pl.len().over(GOLDEN_ID, "_value").cast(pl.Int64)
    if kind == "longest":
        return -pl.sum_horizontal(
            pl.col(n).str.len_chars().fill_null(0).cast(pl.Int64) for n in names
        )
    if kind == "most_restrictive":  # a single refusal stands against any number of consents
        return pl.sum_horizontal((pl.col(n) != "false").fill_null(True) for n in names)
    if preference.field not in columns:
        return pl.lit(0)
    wanted = pl.col(str(preference.field))
    held = wanted.is_in(list(preference.values)) if preference.values else wanted.is_not_null()
    return (~held.fill_null(False)).cast(pl.Int64)


def _union(several: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """All values of each field together, sorted; the lineage names the first contributor."""
    result = several.select(pl.col(GOLDEN_ID).unique(maintain_order=True)).with_columns(
        _rule=pl.lit("union"), _losers=pl.lit(0)
    )
    for name in names:
        joined = (
            several.select(GOLDEN_ID, RECORD_ID, pl.col(name).str.split(MULTI_SEPARATOR))
            .explode(name)
            .with_columns(pl.col(name).str.strip_chars())
            .filter(pl.col(name).is_not_null() & (pl.col(name) != ""))
            .group_by(GOLDEN_ID, maintain_order=True)
            .agg(
                pl.col(name).unique().sort().str.join(MULTI_SEPARATOR),
                pl.col(RECORD_ID).min(),
            )
        )
        if RECORD_ID in result.columns:
            joined = joined.drop(RECORD_ID)
        result = result.join(joined, on=GOLDEN_ID, how="left")
    return result


def owner_conflicts(records: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """撞单: golden records whose members belong to different owners (R-1.5).

    records: record_id, owner, optionally department (after mapping); owners in the common pool
    do not count. Result: golden_id, owners, departments, record_ids (each joined by `;`).
    """
    if "owner" not in records.columns:
        return pl.DataFrame(
            schema={n: pl.String() for n in (GOLDEN_ID, "owners", "departments", "record_ids")}
        )
    if "department" not in records.columns:
        records = records.with_columns(department=pl.lit(None, dtype=pl.String))
    owned = members.select(RECORD_ID, GOLDEN_ID).join(
        records.select(RECORD_ID, "owner", "department").filter(
            pl.col("owner").is_not_null() & (pl.col("owner") != POOL)
        ),
        on=RECORD_ID,
    )

    def joined(name: str) -> pl.Expr:
        return pl.col(name).drop_nulls().unique().sort().str.join(MULTI_SEPARATOR)

    return (
        owned.filter(pl.col("owner").n_unique().over(GOLDEN_ID) > 1)
        .group_by(GOLDEN_ID)
        .agg(
            owners=joined("owner"),
            departments=joined("department"),
            record_ids=joined(RECORD_ID),
        )
        .sort(GOLDEN_ID)
    )
