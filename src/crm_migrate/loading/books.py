"""The books of a batch: ledger entries, before-images and base rows, in its own transaction.

The raw digest of a row is told from the cells that are written, which the plan holds in the
target's own spelling, and from those that were read and locked; so nothing is read twice. Where
something else may change mapped cells (a trigger, a default, a generated column) it is read back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.loading.bearings import Bearings
from crm_migrate.loading.ledger.before_image import seal_packets
from crm_migrate.loading.ledger.rows import add_base, take_base, write_images, write_ledger
from crm_migrate.loading.ledger.tables import BASE_BEFORE
from crm_migrate.loading.precondition import raw_digests
from crm_migrate.plan.change import AFTER, UNTOUCHED, Action
from crm_migrate.plan.digest import preconditions, row_columns
from crm_migrate.plan.reversal import WAS
from crm_migrate.systems.target import TargetTransaction
from crm_migrate.systems.target_schema import ColumnInfo

COMMITMENTS = "commitments"
"""Column of the operations: what the base row keeps of the golden cells (see commitments.py)."""
BASE_PLAN = "base_plan"
"""Column of a plan that takes another back: the plan whose base row is put back.

Null `commitments` there: no base row stood before."""
BASE_DIGEST = "base_digest"
"""Beside `base_plan`: the raw digest to be put back, where the row had been edited before that plan
came; null: that of the row as it is now."""

CREATED, UPDATED, DELETED, UNCHANGED, SKIPPED, FAILED = (
    "created",
    "updated",
    "deleted",
    "unchanged",
    "skipped",
    "failed",
)
_RESULTS = {
    Action.INSERT.value: CREATED,
    Action.UPDATE.value: UPDATED,
    Action.DELETE.value: DELETED,
    Action.UNCHANGED.value: UNCHANGED,
}


@dataclass(frozen=True)
class Books:
    """Under which plan, key and time the entries of a batch are made."""

    plan_id: str
    at: str
    rollback_key: bytes = field(repr=False)


@dataclass(frozen=True)
class Draft:
    """What is to be entered for a batch, told before it is written."""

    entries: list[pl.DataFrame]
    images: list[pl.DataFrame]
    base: list[pl.DataFrame | None]
    """By entity, in order; None where it must be read back."""


def base_rows(
    transaction: TargetTransaction, operations: Mapping[str, pl.DataFrame], *, new_only: bool
) -> dict[str, pl.DataFrame]:
    """Entity → base rows that stood (see `base_before`): they are taken out, to be replaced.

    `new_only`: inserts have none.
    """
    found = {}
    for entity, frame in operations.items():
        replaced = frame.filter(pl.col("action") != Action.INSERT) if new_only else frame
        found[entity] = take_base(transaction, entity, replaced["golden_id"])
    return found


def draft(
    bearings: Bearings,
    books: Books,
    operations: Mapping[str, pl.DataFrame],
    current: Mapping[str, pl.DataFrame],
    based: Mapping[str, pl.DataFrame],
    *,
    read_back: bool,
) -> Draft:
    """The entries for operations; asks nothing of the target.

    `current`: see `Found`. `based`: see `base_rows`. `read_back`: cells may be written beside the
    operations.
    """
    done = pl.col("action").replace_strict(_RESULTS)
    sealed: list[pl.DataFrame] = []
    base: list[pl.DataFrame | None] = []
    for entity, frame in operations.items():
        if entity in current:
            sealed.append(_images(bearings, books, entity, frame, current[entity], based[entity]))
        stands = frame.filter(pl.col("action") != Action.DELETE)
        if read_back or not _can_be_told(bearings, entity, stands):
            base.append(None)
        else:
            told = _told(bearings, entity, stands, current.get(entity))
            base.append(_base(bearings, books, entity, stands.with_columns(told)))
    named = [entries(e, frame, books.at, done) for e, frame in operations.items()]
    return Draft(named, sealed, base)


def enter(
    transaction: TargetTransaction,
    bearings: Bearings,
    books: Books,
    operations: Mapping[str, pl.DataFrame],
    based: Mapping[str, pl.DataFrame],
    drafted: Draft,
) -> None:
    """Enter operations that were carried out."""
    write_ledger(transaction, books.plan_id, drafted.entries)
    write_images(transaction, books.plan_id, drafted.images)
    base = []
    for (entity, frame), rows in zip(operations.items(), drafted.base, strict=True):
        if rows is None:
            stands = frame.filter(pl.col("action") != Action.DELETE)
            digests = raw_digests(transaction, bearings, entity, stands["target_key"])
            stands = stands.join(
                digests, left_on="target_key", right_on="_key", maintain_order="left"
            )
            rows = _base(bearings, books, entity, stands)
        base.append(rows)
    add_base(transaction, base, books.at)


def entries(entity: str, frame: pl.DataFrame, at: str, result: str | pl.Expr) -> pl.DataFrame:
    """Ledger entries of operations."""
    return frame.select(
        pl.lit(entity).alias("entity"),
        "golden_id",
        pl.col("group").alias("group_id"),
        "action",
        "target_key",
        "op_digest",
        (pl.lit(result) if isinstance(result, str) else result).alias("result"),
        "reason",
        pl.lit(at).alias("at"),
    )


def _base(bearings: Bearings, books: Books, entity: str, stands: pl.DataFrame) -> pl.DataFrame:
    """Base rows of rows that stand now; they have `raw_digest`."""
    digest = pl.col("raw_digest")
    if BASE_DIGEST in stands.columns:
        digest = pl.coalesce(BASE_DIGEST, digest)
    ours = pl.lit(books.plan_id)
    return stands.select(
        "golden_id",
        "target_key",
        pl.col(COMMITMENTS) if COMMITMENTS in stands.columns else pl.lit("{}").alias(COMMITMENTS),
        digest.alias("raw_digest"),
        (pl.coalesce(BASE_PLAN, ours) if BASE_PLAN in stands.columns else ours).alias("plan_id"),
        pl.lit(entity).alias("entity"),
        pl.lit(bearings.entity(entity).table).alias("target_table"),
    ).drop_nulls(COMMITMENTS)


def _can_be_told(bearings: Bearings, entity: str, frame: pl.DataFrame) -> bool:
    """Whether mapped cells of rows stand as they are written: nothing else changes them."""
    mapping = bearings.entity(entity)
    table = bearings.schema.table(mapping.table)
    if table.unseen or (table.triggers and not bearings.silenced):
        return False
    new = frame.filter(pl.col("action") == Action.INSERT)
    for name in row_columns(mapping):
        info = table.column(name)
        if info.generated or _counts_along(info):
            return False
        if new.height and info.default is not None and name != mapping.key:
            after = AFTER + name
            if after not in new.columns or (new[after] == UNTOUCHED).any():
                return False
    return True


def _counts_along(info: ColumnInfo) -> bool:
    """MariaDB's ON UPDATE CURRENT_TIMESTAMP."""
    return "on update" in f"{info.type} {info.default or ''}".lower()


def _told(
    bearings: Bearings, entity: str, frame: pl.DataFrame, current: pl.DataFrame | None
) -> pl.Series:
    """The raw digests of rows from what was written into them and what had been read before."""
    mapping = bearings.entity(entity)
    columns = row_columns(mapping)
    nothing = pl.lit(None, pl.String)
    if current is None:
        side, before = frame, dict.fromkeys(columns, nothing)
    else:
        read = current.select("_golden", *(pl.col(c).alias(f"now:{c}") for c in columns))
        side = frame.join(
            read, left_on="golden_id", right_on="_golden", how="left", maintain_order="left"
        )
        before = {c: pl.col(f"now:{c}") for c in columns}

    def cell(column: str) -> pl.Expr:
        after = pl.col(AFTER + column) if AFTER + column in frame.columns else pl.lit(UNTOUCHED)
        written = pl.when(after.eq_missing(UNTOUCHED)).then(before[column]).otherwise(after)
        if column == mapping.key:
            new = pl.col("action") == Action.INSERT
            written = pl.when(new).then("target_key").otherwise(written)
        return written.alias(column)

    return preconditions(bearings.digest_key, side.select(map(cell, columns))).alias("raw_digest")


def _images(
    bearings: Bearings,
    books: Books,
    entity: str,
    frame: pl.DataFrame,
    current: pl.DataFrame,
    based: pl.DataFrame,
) -> pl.DataFrame:
    """The rows that are updated or deleted as they were, sealed."""
    changed = frame.filter(pl.col("action").is_in([Action.UPDATE, Action.DELETE]))
    columns = [c for c in current.columns if c != "_golden"]
    before = changed.select(pl.col("golden_id").alias("_golden")).join(
        current, on="_golden", how="left", maintain_order="left"
    )
    deleted = pl.col("action") == Action.DELETE
    written = changed.select(
        (
            deleted | pl.col(AFTER + c).ne_missing(UNTOUCHED)
            if AFTER + c in changed.columns
            else deleted
        ).alias(c)
        for c in columns
    )
    base = changed.select("golden_id").join(
        based, on="golden_id", how="left", maintain_order="left"
    )
    rows = before.select(pl.col(columns).name.prefix(WAS)).with_columns(
        changed["golden_id"],
        written.select(
            pl.concat_list(pl.when(c).then(pl.lit(c)) for c in columns).list.drop_nulls()
        )
        .to_series()
        .alias("written"),
        *base.select(BASE_BEFORE).iter_columns(),
    )
    packets = seal_packets(books.rollback_key, books.plan_id, entity, rows)
    return packets.select(pl.lit(entity).alias("entity"), pl.all())
