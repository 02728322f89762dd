"""After an apply: read back what was written, compare it with the plan, and add up.

The target ledger says what happened and under which key; the plan says which cell was to become
what. A sealed cell is right when its ciphertext is the plan's. A cell that differs although its
row is just as it was stored in our transaction was changed by the target itself (a trigger, a
collation, a narrower type); otherwise somebody has edited it since.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.loading.bearings import Bearings
from crm_migrate.loading.precondition import raw_digests, resolve
from crm_migrate.loading.target_ledger import base_of, read_ledger
from crm_migrate.loading.write import CREATED, DELETED, UPDATED
from crm_migrate.model import Entity, Model, SemanticType
from crm_migrate.plan.change import AFTER, UNTOUCHED, Plan
from crm_migrate.plan.digest import cell_columns
from crm_migrate.systems.target import TargetReader

DIFFERING = {
    "entity": pl.String,
    "golden_id": pl.String,
    "target_key": pl.String,
    "column": pl.String,
    "kind": pl.String,
}
"""`kind`: target_changed, edited_since, gone or still_there (then `column` is null). No values."""
TOTALS = {
    "entity": pl.String,
    "department": pl.String,
    "year": pl.String,
    "count": pl.Int64,
    "amount": pl.String,
}


@dataclass(frozen=True)
class Verified:
    """`ok`: everything written stands as planned, but for what the target changed itself."""

    ok: bool
    rows: int
    """Rows read back."""
    differing: pl.DataFrame
    """See DIFFERING."""


NOT_READ_BACK = Verified(ok=False, rows=0, differing=pl.DataFrame(schema=DIFFERING))
"""Of a plan that is paused: it will be read back as a whole."""


def verify(reader: TargetReader, plan: Plan, bearings: Bearings) -> Verified:
    """Read every written row back and compare it cell by cell with the plan."""
    ledger = read_ledger(reader, plan.header.plan_id)
    written = ledger.filter(pl.col("result").is_in([CREATED, UPDATED]))
    deleted = ledger.filter(pl.col("result") == DELETED)
    known = keys_of_plan(plan, ledger)
    parts = [pl.DataFrame(schema=DIFFERING)]
    for entity, frame in plan.operations.items():
        parts.append(_not_gone(reader, bearings, entity, deleted))
        keys = written.filter(pl.col("entity") == entity).select(
            "golden_id", pl.col("target_key").alias("_key")
        )
        if keys.is_empty():
            continue
        planned = frame.join(keys, on="golden_id", maintain_order="left")
        expected = resolve(planned, bearings.references.get(entity, {}), known)
        parts.append(_differing(reader, bearings, entity, expected))
    differing = pl.concat(parts)
    return Verified(
        ok=differing.filter(pl.col("kind") != "target_changed").is_empty(),
        rows=written.height + deleted.height,
        differing=differing,
    )


def keys_of_plan(plan: Plan, ledger: pl.DataFrame) -> pl.DataFrame:
    """Target keys that the plan knew or the ledger gave: entity, golden_id, target_key."""
    parts = [
        frame.select(pl.lit(entity).alias("entity"), "golden_id", "target_key")
        for entity, frame in plan.operations.items()
    ]
    parts.append(ledger.select("entity", "golden_id", "target_key"))
    return pl.concat(parts).drop_nulls("target_key")


def target_totals(
    reader: TargetReader, plan: Plan, bearings: Bearings, model: Model
) -> pl.DataFrame:
    """Sums of each entity's `total` amount in the target by department and year (see TOTALS).

    Over all records of the plan that stand in the target. The department is the record's own or
    its root's. Entities whose amount is not mapped, or not stored as a number, are left out.
    """
    ledger = read_ledger(reader, plan.header.plan_id)
    known = keys_of_plan(plan, ledger)
    parts = [pl.DataFrame(schema=TOTALS)]
    for entity in model.entities:
        if entity.name in plan.operations and entity.total in _mapped(bearings, entity.name):
            keys = known.filter(pl.col("entity") == entity.name)["target_key"].unique()
            parts.append(_totals(reader, bearings, model, entity, keys))
    return pl.concat(parts).sort("entity", "department", "year")


def _differing(
    reader: TargetReader, bearings: Bearings, entity: str, expected: pl.DataFrame
) -> pl.DataFrame:
    mapping, columns = bearings.entity(entity), cell_columns(expected)
    rows = reader.rows(mapping.table, mapping.key, expected["_key"], columns)
    stands = rows.rename({c: f"now:{c}" for c in columns}).with_columns(_there=True)
    base = base_of(reader, entity).select(
        pl.col("target_key").alias("_key"), pl.col("raw_digest").alias("_stored")
    )
    now = raw_digests(reader, bearings, entity, expected["_key"])
    side = (
        expected.join(stands, on="_key", how="left", maintain_order="left")
        .join(base.unique("_key", keep="last"), on="_key", how="left", maintain_order="left")
        .join(now, on="_key", how="left", maintain_order="left")
    )
    same = (pl.col("_stored") == pl.col("raw_digest")).fill_null(False)
    kind = pl.when(same).then(pl.lit("target_changed")).otherwise(pl.lit("edited_since"))
    gone = pl.col("_there").is_null()
    found = [_named(side.filter(gone), entity, None, pl.lit("gone"))]
    for column in columns:
        after = pl.col(AFTER + column)
        wrong = ~gone & after.ne_missing(UNTOUCHED) & after.ne_missing(pl.col(f"now:{column}"))
        found.append(_named(side.filter(wrong), entity, column, kind))
    return pl.concat(found)


def _not_gone(
    reader: TargetReader, bearings: Bearings, entity: str, deleted: pl.DataFrame
) -> pl.DataFrame:
    """Rows that were deleted and yet stand there."""
    gone = deleted.filter(pl.col("entity") == entity).rename({"target_key": "_key"})
    if gone.is_empty():
        return pl.DataFrame(schema=DIFFERING)
    mapping = bearings.entity(entity)
    there = reader.rows(mapping.table, mapping.key, gone["_key"], [])
    return _named(gone.join(there, on="_key", how="semi"), entity, None, pl.lit("still_there"))


def _named(rows: pl.DataFrame, entity: str, column: str | None, kind: pl.Expr) -> pl.DataFrame:
    return rows.select(
        pl.lit(entity).alias("entity"),
        "golden_id",
        pl.col("_key").alias("target_key"),
        pl.lit(column, dtype=pl.String).alias("column"),
        kind.alias("kind"),
    )


def _mapped(bearings: Bearings, entity: str) -> Mapping[str, str]:
    """Field → target column."""
    if entity not in bearings.mapping.entities:
        return {}
    return {f: c.column for f, c in bearings.entity(entity).fields.items()}


def _totals(
    reader: TargetReader, bearings: Bearings, model: Model, entity: Entity, keys: pl.Series
) -> pl.DataFrame:
    mapping, held = bearings.entity(entity.name), _mapped(bearings, entity.name)
    wanted = {
        "amount": entity.total or "",
        "date": entity.total_date or "",
        "department": _department(entity),
        "root": entity.root or "",
    }
    columns = {part: held[field] for part, field in wanted.items() if field in held}
    rows = reader.rows(mapping.table, mapping.key, keys, list(dict.fromkeys(columns.values())))
    none = pl.lit(None, dtype=pl.String)
    picked = rows.select(
        (pl.col(columns[part]) if part in columns else none).alias(part) for part in wanted
    )
    if "department" not in columns and "root" in columns:
        picked = _with_department(reader, bearings, model, entity, picked)
    return (
        picked.with_columns(pl.col("amount").str.to_decimal(scale=6), pl.col("date").str.head(4))
        .drop_nulls("amount")
        .group_by(pl.col("department").fill_null(""), pl.col("date").fill_null("").alias("year"))
        .agg(pl.len().cast(pl.Int64).alias("count"), pl.col("amount").sum())
        .select(
            pl.lit(entity.name).alias("entity"),
            "department",
            "year",
            "count",
            pl.col("amount").cast(pl.String).str.replace(r"\.?0+$", ""),
        )
    )


def _department(entity: Entity) -> str:
    return next((f.name for f in entity.fields if f.type is SemanticType.DEPARTMENT), "")


def _with_department(
    reader: TargetReader, bearings: Bearings, model: Model, entity: Entity, rows: pl.DataFrame
) -> pl.DataFrame:
    """`department` of the record that `root` (a target key) leads to."""
    name = entity.by_name[entity.root or ""].references or ""
    held, field = _mapped(bearings, name), _department(model.entity(name))
    if field not in held:
        return rows
    root = bearings.entity(name)
    known = reader.rows(root.table, root.key, rows["root"].unique(), [held[field]])
    found = known.select(pl.col("_key").alias("root"), pl.col(held[field]).alias("department"))
    return rows.drop("department").join(found, on="root", how="left")
