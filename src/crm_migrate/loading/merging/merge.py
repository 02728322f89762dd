"""Merges in the target: check what they rest on, carry them out, read them back.

Within a group the order is: what refers to a row that is given up is pointed at the row that
stays, then the row is marked or deleted; first of the records that hang on others, then of what
they hang on, so that a deleted contact makes room for its double. A rollback goes the other way.
"""

from collections.abc import Mapping

import polars as pl

from crm_migrate.loading.bearings import STALE, Bearings
from crm_migrate.loading.books import Books
from crm_migrate.loading.merging.books import (
    MERGED,
    PLACE,
    REPARENTED,
    enter_moves,
    follow,
    following,
    images_of_losers,
    images_of_moved,
    remove_base_of,
    whole_rows,
)
from crm_migrate.loading.merging.children import children_of
from crm_migrate.loading.merging.pointing import misplaced, point, vanished
from crm_migrate.loading.merging.restore import restore, stale_restores
from crm_migrate.plan.merging.moves import merge_columns, merge_preconditions
from crm_migrate.plan.merging.referrers import referrers
from crm_migrate.project.mapping_file import MergePolicy, TargetEntity
from crm_migrate.systems.target import ConstraintViolated, TargetReader, TargetTransaction

_HALF = 32
"""Hex characters of a merge's precondition that are about the row itself."""


def check_moves(reader: TargetReader, bearings: Bearings, moves: pl.DataFrame) -> pl.DataFrame:
    """STALE: merges and restores that the target no longer allows.

    `moves`: plan.change.MOVES of whole groups. `gone`: one of the rows is; `edited_since`: the row
    to be given up was; `children_changed`: something refers to it that did not, or no longer.
    Inside a transaction all these rows are locked.
    """
    parts = [pl.DataFrame(schema=STALE), *stale_restores(reader, bearings, moves)]
    for (entity,), merges in _of_kind(moves, "merge").group_by("entity", maintain_order=True):
        parts.append(_stale_merges(reader, bearings, str(entity), merges))
    return pl.concat(parts).unique(maintain_order=True)


def write_moves(
    transaction: TargetTransaction, bearings: Bearings, books: Books, moves: pl.DataFrame
) -> None:
    """Carry out the moves of whole groups, which `check_moves` let pass, and keep the books.

    Raises:
        ConstraintViolated: the target refused a row, or undid by a trigger what was written.
        TargetFault: the target can't be written.
    """
    entities = _downwards(bearings.references)
    back = restore(transaction, bearings, books, moves, entities)
    forward = moves.join(back, on=PLACE, how="anti", nulls_equal=True)
    for entity in reversed(entities):
        here = forward.filter(pl.col("entity") == entity)
        if here.height:
            _merge(transaction, bearings, books, entity, here)


def _stale_merges(
    reader: TargetReader, bearings: Bearings, entity: str, merges: pl.DataFrame
) -> pl.DataFrame:
    mapping = bearings.entity(entity)
    columns = merge_columns(mapping)
    rows = reader.rows(mapping.table, mapping.key, merges["row_key"], columns)
    stays = reader.rows(mapping.table, mapping.key, merges["after"].unique(), [])["_key"]
    known = referrers(entity, bearings.mapping, bearings.references, bearings.schema)
    children = children_of(reader, bearings.digest_key, known, merges["row_key"])
    told = merge_preconditions(bearings.digest_key, rows, columns, children)
    judged = merges.join(
        rows.select("_key", told.alias("_now")), left_on="row_key", right_on="_key", how="left"
    )
    reason = (
        pl.when(pl.col("_now").is_null() | ~pl.col("after").is_in(stays.implode()))
        .then(pl.lit("gone"))
        .when(pl.col("_now").str.head(_HALF) != pl.col("precondition").str.head(_HALF))
        .then(pl.lit("edited_since"))
        .when(pl.col("_now") != pl.col("precondition"))
        .then(pl.lit("children_changed"))
        .alias("reason")
    )
    return judged.select("entity", "golden_id", "group", reason).drop_nulls("reason")


def _merge(
    transaction: TargetTransaction,
    bearings: Bearings,
    books: Books,
    entity: str,
    moves: pl.DataFrame,
) -> None:
    mapping = bearings.entity(entity)
    policy = mapping.merge
    reparented, merges = _of_kind(moves, "reparent"), _of_kind(moves, "merge")
    if policy is None:
        raise ValueError(f"{entity}: a plan merges, and the mapping has no policy for it")
    whole = whole_rows(transaction, bearings, entity, merges["row_key"])
    base = following(transaction, bearings, reparented)
    point(transaction, reparented)
    _give_up(transaction, mapping, policy, merges)
    remove_base_of(transaction, entity, merges["row_key"])
    follow(transaction, bearings, books, base)
    marks = _read_back(transaction, bearings, entity, reparented, merges)
    enter_moves(transaction, books, reparented, images_of_moved(reparented, base), REPARENTED)
    images = images_of_losers(merges, policy, whole, marks)
    enter_moves(transaction, books, merges, images, MERGED)


def _give_up(
    transaction: TargetTransaction,
    mapping: TargetEntity,
    policy: MergePolicy,
    merges: pl.DataFrame,
) -> None:
    if merges.is_empty():
        return
    if policy.delete:
        found = transaction.delete(mapping.table, mapping.key, merges["row_key"])
    else:
        marks = [pl.lit(value, pl.String).alias(c) for c, value in policy.mark.items()]
        into = [] if policy.into is None else [pl.col("after").alias(policy.into)]
        rows = merges.select(pl.col("row_key").alias("_key"), *marks, *into)
        found = transaction.update(mapping.table, mapping.key, rows)
    if found != merges.height:
        raise vanished(mapping.table)


def _read_back(
    transaction: TargetTransaction,
    bearings: Bearings,
    entity: str,
    reparented: pl.DataFrame,
    merges: pl.DataFrame,
) -> pl.DataFrame:
    """`_key` and marks of the rows given up; a trigger that undid a merge counts as a refusal."""
    mapping = bearings.entity(entity)
    policy = mapping.merge
    known = referrers(entity, bearings.mapping, bearings.references, bearings.schema)
    left = children_of(transaction, bearings.digest_key, known, merges["row_key"])
    marks = () if policy is None else policy.columns
    rows = transaction.rows(mapping.table, mapping.key, merges["row_key"], marks)
    deleted = policy is not None and policy.delete
    stands = 0 if deleted else merges.height
    if left.height or misplaced(transaction, reparented).height or rows.height != stands:
        raise ConstraintViolated("trigger", where=mapping.table)
    return rows


def _of_kind(moves: pl.DataFrame, kind: str) -> pl.DataFrame:
    return moves.filter(pl.col("kind") == kind)


def _downwards(references: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Entities so that each comes after those that it refers to."""
    ordered: list[str] = []

    def add(entity: str, above: tuple[str, ...]) -> None:
        for other in sorted(set(references.get(entity, {}).values())):
            if other not in (*above, entity) and other in references:
                add(other, (*above, entity))
        if entity not in ordered:
            ordered.append(entity)

    for entity in references:
        add(entity, ())
    return ordered
