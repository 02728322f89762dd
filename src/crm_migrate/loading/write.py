"""One batch of whole groups in one transaction: check again, write, keep the books.

Rows, ledger entries, before-images and base rows are written together or not at all.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from crm_migrate.loading.bearings import Bearings, Found
from crm_migrate.loading.books import Books, base_rows, draft, enter
from crm_migrate.loading.keys import Known, keys_of, referred_keys, resolve, with_keys
from crm_migrate.loading.leaving import Left, leave, without_stale
from crm_migrate.loading.merging.pointing import vanished
from crm_migrate.loading.precondition import check
from crm_migrate.loading.work import Part
from crm_migrate.plan.change import AFTER, UNTOUCHED, Action
from crm_migrate.plan.digest import cell_columns
from crm_migrate.systems.target import TargetTransaction


@dataclass(frozen=True)
class Written:
    """What became of a batch, once its transaction is committed."""

    left: Left
    keys: pl.DataFrame
    """keys.KEYS of the rows that were inserted."""


def write_batch(
    transaction: TargetTransaction,
    bearings: Bearings,
    books: Books,
    part: Part,
    known: Known,
    *,
    ahead: bool = False,
) -> Written:
    """Carry out the groups whose preconditions hold, leave the others.

    `ahead`: ask before an insert also for what the target's own unique keys refuse.

    Raises:
        ConstraintViolated: the target refused a row; nothing of the batch may stay.
        TargetFault: the target can't be written.
    """
    found = check(transaction, bearings, part.operations, part.moves, ahead=ahead, known=known)
    if not ahead and (found.stale["reason"] == "taken").any():
        ahead = True  # somebody was here: why each row is left shall be said exactly
        found = check(transaction, bearings, part.operations, part.moves, known=known)
    referred = referred_keys(transaction, bearings, part.operations, known)
    fresh, stale = without_stale(part, found, referred, bearings)
    left = leave(transaction, books, part, stale)
    keyed = {e: with_keys(transaction, bearings, e, f) for e, f in fresh.operations.items()}
    inserted = keys_of({e: _only(f, Action.INSERT) for e, f in keyed.items()})
    resolvable = pl.concat([referred, inserted])
    operations = {
        e: resolve(f, bearings.references.get(e, {}), resolvable) for e, f in keyed.items()
    }
    _carry_out(transaction, bearings, books, operations, fresh.moves, found, new_only=not ahead)
    return Written(left, inserted)


def _carry_out(
    transaction: TargetTransaction,
    bearings: Bearings,
    books: Books,
    operations: dict[str, pl.DataFrame],
    moves: pl.DataFrame | None,
    found: Found,
    *,
    new_only: bool,
) -> None:
    """Write the rows and enter them; where it can be told ahead, the server works meanwhile."""
    if moves is not None and moves.height:  # they change rows and base rows, too
        _write(transaction, bearings, books, operations, moves)
        based = base_rows(transaction, operations, new_only=new_only)
        told = draft(bearings, books, operations, found.current, based, read_back=True)
        enter(transaction, bearings, books, operations, based, told)
        return
    based = base_rows(transaction, operations, new_only=new_only)
    with ThreadPoolExecutor(1) as aside:
        drafted = aside.submit(
            draft, bearings, books, operations, found.current, based, read_back=False
        )
        _write(transaction, bearings, books, operations, None)
        told = drafted.result()
    enter(transaction, bearings, books, operations, based, told)


def _write(
    transaction: TargetTransaction,
    bearings: Bearings,
    books: Books,
    operations: dict[str, pl.DataFrame],
    moves: pl.DataFrame | None,
) -> None:
    # A row that is given up leaves its unique values to the one that stays, which gives them back
    # before the other is restored.
    restores = moves is not None and (moves["kind"] == "unmerge").any()
    if moves is not None and not restores:
        _move(transaction, bearings, books, moves)
    for entity, frame in operations.items():
        _insert(transaction, bearings, entity, _only(frame, Action.INSERT))
    for entity, frame in operations.items():
        _update(transaction, bearings, entity, _only(frame, Action.UPDATE))
    if moves is not None and restores:
        _move(transaction, bearings, books, moves)
    for entity, frame in reversed(operations.items()):
        _delete(transaction, bearings, entity, _only(frame, Action.DELETE))


def _only(frame: pl.DataFrame, action: Action) -> pl.DataFrame:
    return frame.filter(pl.col("action") == action)


def _insert(
    transaction: TargetTransaction, bearings: Bearings, entity: str, frame: pl.DataFrame
) -> None:
    """In order of rank, so that a group parent stands before its children."""
    if frame.is_empty():
        return
    mapping = bearings.entity(entity)
    table = bearings.schema.table(mapping.table)
    columns = [c for c in cell_columns(frame) if c != mapping.key]
    rows = frame.sort("rank", maintain_order=True).select(
        pl.col("rank").alias("_rank"),
        pl.col("target_key").alias(mapping.key),
        *(pl.col(AFTER + c).alias(c) for c in columns),
    )
    defaulted = [c for c in columns if table.column(c).default is not None]
    plain = [c for c in columns if c not in defaulted]
    # Left out and NULL are the same where the column has no default: one statement for all.
    rows = rows.with_columns(pl.when(pl.col(c) != UNTOUCHED).then(c).alias(c) for c in plain)
    ranks = rows.partition_by("_rank", maintain_order=True) if defaulted else [rows]
    for of_rank in ranks:
        for some, written in _by_written(of_rank, defaulted):
            transaction.insert(table.name, some.select(mapping.key, *plain, *written))


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
            raise vanished(mapping.table)


def _move(
    transaction: TargetTransaction, bearings: Bearings, books: Books, moves: pl.DataFrame
) -> None:
    if moves.height:
        from crm_migrate.loading.merging.merge import write_moves

        write_moves(transaction, bearings, books, moves)


def _delete(
    transaction: TargetTransaction, bearings: Bearings, entity: str, frame: pl.DataFrame
) -> None:
    """Against the order of rank, so that a group parent goes after its children."""
    mapping = bearings.entity(entity)
    for part in reversed(frame.sort("rank").partition_by("rank", maintain_order=True)):
        found = transaction.delete(mapping.table, mapping.key, part["target_key"])
        if found != part.height:  # they were there when checked in this transaction
            raise vanished(mapping.table)


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
