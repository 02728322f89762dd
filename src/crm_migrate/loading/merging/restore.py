"""Merges taken back in the target: what still allows it, and how it is carried out."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from sqlalchemy import select

from crm_migrate.loading.bearings import STALE, Bearings
from crm_migrate.loading.books import Books
from crm_migrate.loading.ledger.rows import read_moves, write_base
from crm_migrate.loading.ledger.tables import MOVES
from crm_migrate.loading.merging.books import (
    MERGED,
    PLACE,
    REPARENTED,
    UNMERGED,
    drop_base,
    enter_moves,
    open_move_images,
)
from crm_migrate.loading.merging.pointing import misplaced, point
from crm_migrate.plan.merging.referrers import referrers
from crm_migrate.plan.merging.unmerge import TAKEN_BACK, TRAIL
from crm_migrate.systems.target import TargetReader, TargetTransaction


def stale_restores(
    reader: TargetReader, bearings: Bearings, moves: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """STALE: rows that can't be restored, or cells that refer to something else by now."""
    restored = moves.filter(pl.col("kind") == "unmerge")
    for (table, key), rows in restored.group_by("table", "key_column", maintain_order=True):
        state = _standing(reader, str(table), str(key), rows["row_key"], rows["row"])
        deleted, there, as_left = pl.col("deleted"), pl.col("there"), pl.col("as_left")
        reason = (
            pl.when(deleted & there)
            .then(pl.lit("taken"))
            .when(~deleted & ~there)
            .then(pl.lit("gone"))
            .when(~deleted & ~as_left)
            .then(pl.lit("edited_since"))
            .alias("reason")
        )
        judged = pl.concat([rows, state], how="horizontal")
        yield judged.select("entity", "golden_id", "group", reason).drop_nulls("reason")
    # Cells that go back hold what they came from: `before` and `after` change places.
    back = _back(moves)
    wrong = misplaced(reader, back.with_columns(pl.col("before").alias("after")))
    reason = pl.when(pl.col("_there")).then(pl.lit("edited_since")).otherwise(pl.lit("gone"))
    yield wrong.select("entity", "golden_id", "group", reason.alias("reason")).select(*STALE)


def restore(
    transaction: TargetTransaction,
    bearings: Bearings,
    books: Books,
    moves: pl.DataFrame,
    entities: Sequence[str],
) -> pl.DataFrame:
    """Put rows that were given up back, and what was re-parented; returns the moves that it did.

    `entities`: each after those that it refers to.

    Raises:
        ConstraintViolated: the target refused a row.
        TargetFault: the target can't be written.
    """
    done = [moves.clear()]
    for entity in entities:
        here = moves.filter(pl.col("entity") == entity)
        restored = here.filter(pl.col("kind") == "unmerge")
        back = _back(here)
        if restored.is_empty() and back.is_empty():
            continue
        _put_back(transaction, restored)
        point(transaction, back)
        nothing = here.clear().select(*PLACE, text="row")
        for part, result in ((restored, UNMERGED), (back, REPARENTED)):
            _put_base_back(transaction, books, part)
            enter_moves(transaction, books, part, nothing, result)
        done += [restored, back]
    return pl.concat(done)


def read_trail(
    reader: TargetReader, bearings: Bearings, rollback_key: bytes, plan_id: str
) -> pl.DataFrame:
    """TRAIL: the merges and re-parented cells of an applied plan, and how they stand now.

    Raises:
        IntegrityFault: a before-image does not open.
    """
    done = pl.col("result").is_in([MERGED, REPARENTED, UNMERGED])
    moved = read_moves(reader, plan_id).filter(done)
    if moved.is_empty():
        return pl.DataFrame(schema=TRAIL)
    images = _images(reader, plan_id)
    named = ("table_name", "row_key", "column_name")
    rows = moved.join(images, on=named, how="left", maintain_order="left")
    rows = rows.with_columns(open_move_images(rollback_key, plan_id, rows))
    rows = rows.join(
        _keys(bearings, rows["entity"].unique()), on=["entity", *named[::2]], how="left"
    )
    rows = rows.rename(
        {
            "table_name": "table",
            "group_id": "group",
            "before_key": "before",
            "after_key": "after",
        }
    ).with_columns(pl.when(pl.col("column_name") != "").then("column_name").alias("column"))
    parts = [pl.DataFrame(schema=TRAIL)]
    for (kind, table, key), some in rows.group_by("kind", "table", "key_column"):
        if kind == "merge":
            state = _standing(reader, str(table), str(key), some["row_key"], some["row"])
            parts.append(pl.concat([some, state], how="horizontal").select(*TRAIL))
        elif kind == "unmerge":
            nothing = {n: pl.lit(False) for n in ("deleted", "there", "as_left")}
            parts.append(some.with_columns(**nothing).select(*TRAIL))
        else:
            parts.append(_cells_standing(reader, some, key is not None).select(*TRAIL))
    return pl.concat(parts)


def _cells_standing(reader: TargetReader, rows: pl.DataFrame, keyed: bool) -> pl.DataFrame:
    """Without a key of their own, rows can't be told from those that were there before."""
    wrong = misplaced(reader, rows).select(*PLACE, "_there", _wrong=pl.lit(True))
    judged = rows.join(wrong, on=PLACE, how="left", nulls_equal=True)
    return judged.with_columns(
        pl.lit(False).alias("deleted"),
        pl.col("_there").fill_null(True).alias("there"),
        as_left=pl.col("_wrong").is_null() & pl.lit(keyed),
    )


def _standing(
    reader: TargetReader, table: str, key: str, keys: pl.Series, images: pl.Series
) -> pl.DataFrame:
    """`deleted`, `there` and `as_left` of rows that were given up, in order."""
    opened = [_opened(text) for text in images]
    marks = sorted({c for image in opened for c in image["after"] or ()})
    rows = reader.rows(table, key, keys, marks)
    now = {row["_key"]: row for row in rows.iter_rows(named=True)}
    deleted = [image["after"] is None for image in opened]
    there = [k in now for k in keys]
    as_left = [
        k in now and all(now[k][c] == v for c, v in (image["after"] or {}).items())
        for k, image in zip(keys, opened, strict=True)
    ]
    return pl.DataFrame({"deleted": deleted, "there": there, "as_left": as_left})


def _put_back(transaction: TargetTransaction, restored: pl.DataFrame) -> None:
    for (table, key), rows in restored.group_by("table", "key_column", maintain_order=True):
        inserts: list[dict[str, str | None]] = []
        updates: list[dict[str, str | None]] = []
        for row_key, text in rows.select("row_key", "row").iter_rows():
            image = _opened(text)
            if image["after"] is None:
                inserts.append(image["before"])
            else:
                marks = {c: image["before"][c] for c in image["written"]}
                updates.append({"_key": row_key, **marks})
        for part, write in ((inserts, True), (updates, False)):
            if not part:
                continue
            frame = pl.DataFrame(part, schema=dict.fromkeys(part[0], pl.String))
            if write:
                transaction.insert(str(table), frame)
            else:
                transaction.update(str(table), str(key), frame)


def _put_base_back(transaction: TargetTransaction, books: Books, moves: pl.DataFrame) -> None:
    """Base rows as they were when the plan that is taken back came."""
    listed: list[dict[str, Any]] = []
    for table, row_key, text in moves.select("table", "row_key", "row").drop_nulls().iter_rows():
        base = _opened(text)["base"]
        if base is not None:
            listed.append({**base, "target_key": row_key, "_table": table})
    if not listed:
        return
    rows = pl.DataFrame(listed).unique("golden_id", keep="first", maintain_order=True)
    for (entity, table), some in rows.group_by("entity", "_table", maintain_order=True):
        drop_base(transaction, str(entity), some["golden_id"])
        write_base(transaction, str(entity), str(table), some, books.at)


def _images(reader: TargetReader, plan_id: str) -> pl.DataFrame:
    columns = ("table_name", "row_key", "column_name", "image")
    chosen = (MOVES.c[name] for name in columns)
    found = reader.connection.execute(select(*chosen).where(MOVES.c.plan_id == plan_id)).all()
    schema: dict[str, Any] = {**dict.fromkeys(columns, pl.String), "image": pl.Binary}
    return pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")


def _keys(bearings: Bearings, entities: pl.Series) -> pl.DataFrame:
    """entity, table_name, column_name ('' for the entity's own rows) → key_column."""
    listed: list[tuple[str, str, str, str | None]] = []
    for entity in entities:
        mapping = bearings.entity(entity)
        listed.append((entity, mapping.table, "", mapping.key))
        for r in referrers(entity, bearings.mapping, bearings.references, bearings.schema):
            listed.append((entity, r.table, r.column, r.key))
    names = ("entity", "table_name", "column_name", "key_column")
    return pl.DataFrame(listed, schema=dict.fromkeys(names, pl.String), orient="row")


def _back(moves: pl.DataFrame) -> pl.DataFrame:
    return moves.filter((pl.col("kind") == "reparent") & (pl.col("rule") == TAKEN_BACK))


def _opened(text: str) -> dict[str, Any]:
    image: dict[str, Any] = json.loads(text)
    return image
