"""One batch of whole groups in one transaction: check again, write, read back, keep the books.

Rows, ledger entries, before-images and base rows are written together or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.loading.bearings import STALE, Bearings, Found
from crm_migrate.loading.before_image import images, seal_images
from crm_migrate.loading.precondition import check, keys_known, raw_digests, resolve, unresolved
from crm_migrate.loading.target_ledger import (
    BASE_BEFORE,
    base_before,
    remove_base,
    write_base,
    write_images,
    write_ledger,
    write_moves_left,
)
from crm_migrate.loading.work import only_groups
from crm_migrate.plan.change import AFTER, UNTOUCHED, Action
from crm_migrate.plan.digest import cell_columns
from crm_migrate.systems.target import TargetTransaction

COMMITMENTS = "commitments"
"""Column of the operations: JSON, field → commitment of the golden cell, for the base row."""
BASE_PLAN = "base_plan"
"""Column of a plan that takes another back: the plan whose base row is put back.

Null `commitments` there: no base row stood before."""
BASE_DIGEST = "base_digest"
"""Beside `base_plan`: the raw digest to be put back, where the row had been edited before that plan
came; null: that of the row as it is read back."""

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
_REFUSED = ("referred",)
"""Reasons for which a group is not stale, but refused: it is `failed`."""
_KNOWN = {"entity": pl.String, "golden_id": pl.String, "target_key": pl.String}


@dataclass(frozen=True)
class Books:
    """Under which plan, key and time the entries of a batch are made."""

    plan_id: str
    at: str
    rollback_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Left:
    """Groups that a batch left alone: stale ones, and such as the target would refuse."""

    stale: int = 0
    failed: int = 0

    def __add__(self, other: "Left") -> "Left":
        return Left(self.stale + other.stale, self.failed + other.failed)


def write_batch(
    transaction: TargetTransaction,
    bearings: Bearings,
    books: Books,
    operations: Mapping[str, pl.DataFrame],
    moves: pl.DataFrame | None = None,
) -> Left:
    """Carry out the groups whose preconditions hold, leave the others; says how many were left.

    Raises:
        ConstraintViolated: the target refused a row; nothing of the batch may stay.
        TargetFault: the target can't be written.
    """
    found = check(transaction, bearings, operations, moves)
    known = keys_known(transaction, bearings, operations)
    fresh, stale = _without_stale(operations, found, known, bearings)
    refused = stale.filter(pl.col("reason").is_in(_REFUSED))
    skipped = stale.join(refused, on="group", how="anti")
    leave_groups(transaction, books, operations, moves, skipped, SKIPPED)
    leave_groups(transaction, books, operations, moves, refused, FAILED)
    keyed = {e: _with_keys(transaction, bearings, e, frame) for e, frame in fresh.items()}
    known = pl.concat([known, *_keys_of(keyed)])
    resolved = {
        e: resolve(frame, bearings.references.get(e, {}), known) for e, frame in keyed.items()
    }
    # A row that is given up leaves its unique values to the one that stays, which gives them back
    # before the other is restored.
    restores = moves is not None and (moves["kind"] == "unmerge").any()
    if moves is not None and not restores:
        _move(transaction, bearings, books, moves, stale)
    for entity, frame in resolved.items():
        _insert(transaction, bearings, entity, frame.filter(pl.col("action") == Action.INSERT))
    for entity, frame in resolved.items():
        _update(transaction, bearings, entity, frame.filter(pl.col("action") == Action.UPDATE))
    if moves is not None and restores:
        _move(transaction, bearings, books, moves, stale)
    for entity, frame in reversed(resolved.items()):
        _delete(transaction, bearings, entity, frame.filter(pl.col("action") == Action.DELETE))
    for entity, frame in resolved.items():
        _keep_books(transaction, bearings, books, entity, frame, found.current.get(entity))
    return Left(skipped["group"].n_unique(), refused["group"].n_unique())


def leave_groups(
    transaction: TargetTransaction,
    books: Books,
    operations: Mapping[str, pl.DataFrame],
    moves: pl.DataFrame | None,
    left: pl.DataFrame,
    result: str,
) -> None:
    """Ledger entries for every operation and move of the groups in `left` (STALE columns).

    A row that is the reason carries its own; the rest of its group carries the first one.
    """
    if left.is_empty():
        return
    by_row = left.select("entity", "golden_id", pl.col("reason").alias("_own")).unique(
        ["entity", "golden_id"], keep="first", maintain_order=True
    )
    by_group = left.unique("group", keep="first", maintain_order=True).select(
        "group", pl.col("reason").alias("_group")
    )
    for entity, frame in operations.items():
        own = by_row.filter(pl.col("entity") == entity).drop("entity")
        rows = (
            frame.drop("reason")
            .join(by_group, on="group", maintain_order="left")
            .join(own, on="golden_id", how="left", maintain_order="left")
            .with_columns(pl.coalesce("_own", "_group").alias("reason"))
        )
        if rows.height:
            write_ledger(transaction, books.plan_id, _entries(entity, rows, books.at, result))
    if moves is not None:
        write_moves_left(
            transaction,
            books.plan_id,
            moves.join(by_group, on="group").rename({"_group": "reason"}),
            result,
            books.at,
        )


def _without_stale(
    operations: Mapping[str, pl.DataFrame],
    found: Found,
    known: pl.DataFrame,
    bearings: Bearings,
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The operations that can be carried out, and what is left.

    Left are groups with a stale row, groups that refer to a record which, for that reason or
    since an earlier batch, does not exist, and groups that delete what a left one refers to.
    """
    stale = found.stale
    fresh = only_groups(operations, stale["group"].to_list(), keep=False)
    while True:
        coming = [
            frame.filter(pl.col("action") == Action.INSERT).select(
                pl.lit(entity).alias("entity"), "golden_id", pl.lit("").alias("target_key")
            )
            for entity, frame in fresh.items()
        ]
        reachable = pl.concat([known, *coming])
        waiting = [pl.DataFrame(schema=STALE)]
        for entity, frame in fresh.items():
            references = bearings.references.get(entity, {})
            mask = unresolved(resolve(frame, references, reachable), references)
            waiting.append(
                frame.filter(mask).select(
                    pl.lit(entity).alias("entity"),
                    "golden_id",
                    "group",
                    pl.lit("parent_waits").alias("reason"),
                )
            )
        held = found.relieved.join(stale.select(by="group").unique(), on="by", how="semi")
        held = held.join(stale.select("group").unique(), on="group", how="anti")
        waiting.append(
            held.select(pl.lit("referred").alias("reason"), *list(STALE)[:3]).select(*STALE)
        )
        more = pl.concat(waiting)
        if more.is_empty():
            return fresh, stale
        stale = pl.concat([stale, more])
        fresh = only_groups(fresh, more["group"].to_list(), keep=False)


def _with_keys(
    transaction: TargetTransaction, bearings: Bearings, entity: str, frame: pl.DataFrame
) -> pl.DataFrame:
    """The frame with a `target_key` for every insert.

    A row that is inserted again has its old key. Else a key that a field is mapped to is that
    field's value; an integer key goes on counting; any other key is the golden id itself, which
    nobody else uses.
    """
    mapping = bearings.entity(entity)
    column = bearings.schema.table(mapping.table).column(mapping.key)
    new = pl.col("action") == Action.INSERT
    given = pl.lit(None, dtype=pl.String)
    if AFTER + mapping.key in frame.columns:
        cell = pl.col(AFTER + mapping.key)
        given = pl.when(cell != UNTOUCHED).then(cell)
    frame = frame.with_columns(
        pl.coalesce("target_key", pl.when(new).then(given)).alias("target_key")
    )
    if not frame["target_key"].has_nulls():
        return frame
    if column.kind == "integer":
        missing = frame["target_key"].is_null()
        numbers = transaction.next_keys(mapping.table, mapping.key, int(missing.sum()))
        empty = pl.Series([None] * frame.height, dtype=pl.String)
        counted = pl.lit(empty.scatter(missing.arg_true(), numbers))
    else:
        _require_room(mapping.table, column.length, frame["golden_id"])
        counted = pl.col("golden_id")
    return frame.with_columns(pl.coalesce("target_key", counted).alias("target_key"))


def _require_room(table: str, length: int | None, golden_ids: pl.Series) -> None:
    longest = golden_ids.str.len_chars().max() or 0
    if length is not None and isinstance(longest, int) and longest > length:
        raise TargetFault(
            Text(
                "the key of {table} is a text too short for a golden id",
                "{table} 的主键长度不足以存放统一客户标识",
            ).fill(table=table),
            where=table,
            remedy=Text(
                "map a field to the key column in mappings/target.yaml",
                "请在 mappings/target.yaml 中把一个字段映射到主键列",
            ),
        )


def _keys_of(keyed: Mapping[str, pl.DataFrame]) -> list[pl.DataFrame]:
    empty = pl.DataFrame(schema=_KNOWN)
    return [empty] + [
        frame.select(pl.lit(entity).alias("entity"), "golden_id", "target_key")
        for entity, frame in keyed.items()
    ]


def _insert(
    transaction: TargetTransaction, bearings: Bearings, entity: str, frame: pl.DataFrame
) -> None:
    """In order of rank, so that a group parent stands before its children."""
    mapping = bearings.entity(entity)
    table = bearings.schema.table(mapping.table)
    columns = [c for c in cell_columns(frame) if c != mapping.key]
    rows = frame.select(
        pl.col("rank").alias("_rank"),
        pl.col("target_key").alias(mapping.key),
        *(pl.col(AFTER + c).alias(c) for c in columns),
    )
    defaulted = [c for c in columns if table.column(c).default is not None]
    plain = [c for c in columns if c not in defaulted]
    # Left out and NULL are the same where the column has no default: one statement for all.
    rows = rows.with_columns(pl.when(pl.col(c) != UNTOUCHED).then(c).alias(c) for c in plain)
    for of_rank in rows.partition_by("_rank", maintain_order=True):
        for part, written in _by_written(of_rank, defaulted):
            transaction.insert(table.name, part.select(mapping.key, *plain, *written))


def _update(
    transaction: TargetTransaction, bearings: Bearings, entity: str, frame: pl.DataFrame
) -> None:
    mapping = bearings.entity(entity)
    columns = cell_columns(frame)
    rows = frame.select(
        pl.col("target_key").alias("_key"), *(pl.col(AFTER + c).alias(c) for c in columns)
    )
    for part, written in _by_written(rows, columns):
        found = transaction.update(mapping.table, mapping.key, part.select("_key", *written))
        if written and found != part.height:  # they were there when checked in this transaction
            raise _vanished(mapping.table)


def _move(
    transaction: TargetTransaction,
    bearings: Bearings,
    books: Books,
    moves: pl.DataFrame,
    stale: pl.DataFrame,
) -> None:
    fresh = moves.join(stale.select("group").unique(), on="group", how="anti")
    if fresh.height:
        from crm_migrate.loading.merge import write_moves

        write_moves(transaction, bearings, books, fresh)


def _delete(
    transaction: TargetTransaction, bearings: Bearings, entity: str, frame: pl.DataFrame
) -> None:
    """Against the order of rank, so that a group parent goes after its children."""
    mapping = bearings.entity(entity)
    for part in reversed(frame.sort("rank").partition_by("rank", maintain_order=True)):
        found = transaction.delete(mapping.table, mapping.key, part["target_key"])
        if found != part.height:  # they were there when checked in this transaction
            raise _vanished(mapping.table)


def _vanished(table: str) -> TargetFault:
    return TargetFault(
        Text("rows vanished while they were written", "写入过程中记录消失"), where=table
    )


def _by_written(rows: pl.DataFrame, columns: Sequence[str]) -> list[tuple[pl.DataFrame, list[str]]]:
    """Rows parted by which of the columns they write, each with those columns, in order."""
    if rows.is_empty():
        return []
    flags = [f"_written:{c}" for c in columns]
    marked = rows.with_columns(
        pl.col(c).ne_missing(UNTOUCHED).alias(f) for c, f in zip(columns, flags, strict=True)
    )
    parts = marked.partition_by(flags, maintain_order=True) if flags else [marked]
    return [
        (part, [c for c, f in zip(columns, flags, strict=True) if part[f][0]]) for part in parts
    ]


def _keep_books(
    transaction: TargetTransaction,
    bearings: Bearings,
    books: Books,
    entity: str,
    frame: pl.DataFrame,
    current: pl.DataFrame | None,
) -> None:
    mapping = bearings.entity(entity)
    entries = _entries(entity, frame, books.at, pl.col("action").replace_strict(_RESULTS))
    write_ledger(transaction, books.plan_id, entries)
    based = base_before(transaction, entity, frame["golden_id"])
    if current is not None:
        changed = frame.filter(pl.col("action").is_in([Action.UPDATE, Action.DELETE]))
        imaged = _images(books, entity, changed, current, based)
        write_images(transaction, books.plan_id, entity, mapping.table, imaged)
    remove_base(transaction, entity, based)
    stands = frame.filter(pl.col("action") != Action.DELETE)
    digests = raw_digests(transaction, bearings, entity, stands["target_key"])
    base = stands.join(digests, left_on="target_key", right_on="_key", maintain_order="left")
    if BASE_DIGEST in frame.columns:
        base = base.with_columns(pl.coalesce(BASE_DIGEST, "raw_digest").alias("raw_digest"))
    base = base.with_columns(
        pl.col(COMMITMENTS) if COMMITMENTS in frame.columns else pl.lit("{}").alias(COMMITMENTS),
        pl.coalesce(pl.col(BASE_PLAN), pl.lit(books.plan_id)).alias("plan_id")
        if BASE_PLAN in frame.columns
        else pl.lit(books.plan_id).alias("plan_id"),
    ).drop_nulls(COMMITMENTS)
    write_base(transaction, entity, mapping.table, base, books.at)


def _images(
    books: Books, entity: str, changed: pl.DataFrame, current: pl.DataFrame, based: pl.DataFrame
) -> pl.DataFrame:
    """golden_id, target_key and sealed `image` of the rows that are updated or deleted."""
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
    texts = images(before.select(columns), written, base.select(BASE_BEFORE))
    ids = changed["golden_id"].to_list()
    sealed = seal_images(books.rollback_key, books.plan_id, entity, ids, texts.to_list())
    return changed.select("golden_id", "target_key", sealed)


def _entries(entity: str, frame: pl.DataFrame, at: str, result: str | pl.Expr) -> pl.DataFrame:
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
