"""After an apply: read back what was written, compare it with the plan, and add up.

The target ledger says what happened and under which key; the plan says which cell was to become
what. A sealed cell is right when its ciphertext is the plan's. A cell that differs although its
row is just as it was stored in our transaction, or that is the target's own spelling of what was
written, was changed by the target itself (a trigger, a narrower type); otherwise somebody has
edited it since.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.loading.bearings import Bearings
from crm_migrate.loading.books import CREATED, DELETED, UPDATED
from crm_migrate.loading.keys import resolve
from crm_migrate.loading.ledger.rows import read_ledger
from crm_migrate.loading.ledger.tables import BASE
from crm_migrate.loading.merging.verify import differing_moves, moves_done
from crm_migrate.loading.precondition import raw_digests
from crm_migrate.model import Entity, Model, SemanticType
from crm_migrate.plan.change import AFTER, REFERENCE_PREFIX, UNTOUCHED, Plan
from crm_migrate.plan.digest import cell_columns
from crm_migrate.systems.target import TargetReader
from crm_migrate.systems.target_schema import ColumnInfo

StoredForm = Callable[[ColumnInfo, pl.Series], pl.Series]
"""The target's own spelling of values in a column (`TargetSystem.stored_form`)."""

_ROWS = 50_000
"""Rows that are read back at a time."""

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


def verify(
    reader: TargetReader,
    plan: Plan,
    bearings: Bearings,
    stored_form: StoredForm,
    ledger: pl.DataFrame,
    moved: pl.DataFrame,
) -> Verified:
    """Read every written row back, some at a time, and compare it cell by cell with the plan.

    `ledger`, `moved`: the plan's entries (`read_ledger`, `read_moves`).
    """
    written = ledger.filter(pl.col("result").is_in([CREATED, UPDATED]))
    deleted = ledger.filter(pl.col("result") == DELETED)
    known = keys_of_plan(plan, ledger)
    parts = [pl.DataFrame(schema=DIFFERING)]
    for entity, frame in plan.operations.items():
        parts.append(_not_gone(reader, bearings, entity, deleted))
        keys = written.filter(pl.col("entity") == entity).select(
            "golden_id", pl.col("target_key").alias("_key")
        )
        references = bearings.references.get(entity, {})
        for some in keys.iter_slices(_ROWS):
            planned = frame.join(some, on="golden_id", maintain_order="left")
            expected = resolve(planned, references, _of_these(planned, references, known))
            parts.append(_differing(reader, bearings, entity, expected, stored_form))
    carried_out = 0
    if plan.moves is not None:
        done = moves_done(plan.moves, moved)
        parts.append(differing_moves(reader, bearings, done))
        carried_out = done.height
    differing = pl.concat(parts)
    return Verified(
        ok=differing.filter(pl.col("kind") != "target_changed").is_empty(),
        rows=written.height + deleted.height + carried_out,
        differing=differing,
    )


def _of_these(
    planned: pl.DataFrame, references: Mapping[str, str], known: pl.DataFrame
) -> pl.DataFrame:
    """The keys that these rows refer to by golden id."""
    cells = [planned[AFTER + c] for c in references if AFTER + c in planned.columns]
    named = pl.concat([pl.Series([], dtype=pl.String), *cells]).drop_nulls().unique()
    golden = named.filter(named.str.starts_with(REFERENCE_PREFIX)).str.strip_prefix(
        REFERENCE_PREFIX
    )
    return known.join(golden.alias("golden_id").to_frame(), on="golden_id", how="semi")


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
    parts = [pl.DataFrame(schema=TOTALS)]
    counted = [
        entity
        for entity in model.entities
        if entity.name in plan.operations and entity.total in _mapped(bearings, entity.name)
    ]
    if counted:
        known = keys_of_plan(plan, read_ledger(reader, plan.header.plan_id))
        for entity in counted:
            keys = known.filter(pl.col("entity") == entity.name)["target_key"].unique()
            parts.append(_totals(reader, bearings, model, entity, keys))
    return pl.concat(parts).sort("entity", "department", "year")


def _differing(
    reader: TargetReader,
    bearings: Bearings,
    entity: str,
    expected: pl.DataFrame,
    stored_form: StoredForm,
) -> pl.DataFrame:
    mapping, columns = bearings.entity(entity), cell_columns(expected)
    table = bearings.schema.table(mapping.table)
    rows = reader.rows(mapping.table, mapping.key, expected["_key"], columns)
    stands = rows.rename({c: f"now:{c}" for c in columns}).with_columns(_there=True)
    side = expected.join(stands, on="_key", how="left", maintain_order="left")
    gone = pl.col("_there").is_null()
    found = [_named(side.filter(gone), entity, None, pl.lit("gone"))]
    for column in columns:
        after, now = pl.col(AFTER + column), pl.col(f"now:{column}")
        wrong = side.filter(~gone & after.ne_missing(UNTOUCHED) & after.ne_missing(now))
        if wrong.height:
            stored = stored_form(table.column(column), wrong[AFTER + column])
            same = stored.eq_missing(wrong[f"now:{column}"]) | _as_left(
                reader, bearings, entity, wrong["_key"]
            )
            kind = pl.when(same).then(pl.lit("target_changed")).otherwise(pl.lit("edited_since"))
            found.append(_named(wrong, entity, column, kind))
    return pl.concat(found)


def _as_left(reader: TargetReader, bearings: Bearings, entity: str, keys: pl.Series) -> pl.Series:
    """Mask of the rows that stand as they did at the end of the transaction that wrote them."""
    based = reader.rows(BASE.name, "target_key", keys, ["entity", "raw_digest"])
    based = based.filter(pl.col("entity") == entity).unique("_key", keep="last")
    now = raw_digests(reader, bearings, entity, keys).rename({"raw_digest": "_now"})
    side = keys.alias("_key").to_frame().join(based, on="_key", how="left", maintain_order="left")
    side = side.join(now, on="_key", how="left", maintain_order="left")
    return (side["raw_digest"] == side["_now"]).fill_null(False)


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
