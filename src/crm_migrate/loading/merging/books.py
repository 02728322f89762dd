"""The books of merges: `crm_migrate_move` with sealed before-images, and base rows that follow.

The image of a row that is given up is JSON: `before` (the whole row), `written` (the columns that
are marked; all where the row is deleted), `after` (the marks as read back; null where deleted) and
`base` (its base row, or null). A re-parented cell has an image where its row has a base row that
follows the merge: `base`, as it was. Images are sealed as those of updates are, bound to plan,
table, column and row.
"""

import polars as pl

from crm_migrate.loading.bearings import Bearings
from crm_migrate.loading.books import Books
from crm_migrate.loading.ledger.before_image import open_images, seal_images
from crm_migrate.loading.ledger.rows import move_entries, take_base, write_base
from crm_migrate.loading.ledger.tables import BASE, BASE_BEFORE, MOVES
from crm_migrate.loading.precondition import raw_digests
from crm_migrate.project.mapping_file import MergePolicy
from crm_migrate.systems.target import TargetReader, TargetTransaction

MERGED, REPARENTED, UNMERGED = "merged", "reparented", "unmerged"
PLACE = ("table", "row_key", "column")

_BASE = ("golden_id", "entity", *BASE_BEFORE)
_FOLLOWING = dict.fromkeys(("table", "row_key", "entity", "golden_id", *BASE_BEFORE), pl.String)


def based_rows(reader: TargetReader, entity: str, keys: pl.Series) -> pl.DataFrame:
    """Base rows of the entity by target key: `_key`, golden_id, entity and BASE_BEFORE."""
    rows = reader.rows(BASE.name, "target_key", keys.unique(), _BASE)
    return rows.filter(pl.col("entity") == entity)


def following(reader: TargetReader, bearings: Bearings, moved: pl.DataFrame) -> pl.DataFrame:
    """The base rows that go along with re-parented rows: those that are as they were applied.

    Columns: table, row_key, entity, golden_id and BASE_BEFORE. The base row of a row that people
    have edited since stays as it is, so that it goes on telling so.
    """
    parts = [pl.DataFrame(schema=_FOLLOWING)]
    for name, mapping in bearings.mapping.entities.items():
        here = (pl.col("table") == mapping.table) & (pl.col("key_column") == mapping.key)
        keys = moved.filter(here)["row_key"].unique()
        if not len(keys):
            continue
        now = raw_digests(reader, bearings, name, keys).rename({"raw_digest": "_now"})
        based = based_rows(reader, name, keys).join(now, on="_key")
        as_left = based.filter(pl.col("raw_digest") == pl.col("_now")).rename({"_key": "row_key"})
        table = pl.lit(mapping.table).alias("table")
        parts.append(as_left.select(table, *list(_FOLLOWING)[1:]))
    return pl.concat(parts)


def follow(
    transaction: TargetTransaction, bearings: Bearings, books: Books, base: pl.DataFrame
) -> None:
    """The base rows found by `following` now say how the rows stand, and that we left them so."""
    for (entity, table), rows in base.group_by("entity", "table", maintain_order=True):
        now = raw_digests(transaction, bearings, str(entity), rows["row_key"])
        left = (
            rows.drop("raw_digest")
            .join(now, left_on="row_key", right_on="_key")
            .with_columns(pl.lit(books.plan_id).alias("plan_id"))
            .rename({"row_key": "target_key"})
        )
        drop_base(transaction, str(entity), left["golden_id"])
        write_base(transaction, str(entity), str(table), left, books.at)


def images_of_moved(moved: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    """PLACE and `text` of the re-parented cells whose row has a base row that follows."""
    known = base.select("table", "row_key", pl.struct(_BASE).alias("base"))
    return (
        moved.select(PLACE)
        .join(known, on=["table", "row_key"])
        .select(*PLACE, pl.struct("base").struct.json_encode().alias("text"))
    )


def whole_rows(
    reader: TargetReader, bearings: Bearings, entity: str, keys: pl.Series
) -> pl.DataFrame:
    """`_key`, `before` (a struct of all cells) and `base` (a struct, or null) of rows."""
    mapping = bearings.entity(entity)
    table = bearings.schema.table(mapping.table)
    columns = [c.name for c in table.columns if not c.generated and c.kind != "binary"]
    rows = reader.rows(mapping.table, mapping.key, keys, columns)
    based = based_rows(reader, entity, keys).select("_key", pl.struct(_BASE).alias("base"))
    packed = rows.select(pl.col("_key"), pl.struct(columns).alias("before"))
    return packed.join(based.unique("_key"), on="_key", how="left")


def images_of_losers(
    merges: pl.DataFrame, policy: MergePolicy, whole: pl.DataFrame, marks: pl.DataFrame
) -> pl.DataFrame:
    """PLACE and `text` of rows that are given up; `marks`: `_key` and the marks as read back."""
    columns = [f.name for f in whole.schema["before"].fields]  # type: ignore[attr-defined]
    written = columns if policy.delete else list(policy.columns)
    after = pl.lit(None) if policy.delete else pl.struct(policy.columns)
    packed = marks.select("_key", after.alias("after"))
    rows = (
        merges.select(PLACE)
        .join(whole, left_on="row_key", right_on="_key")
        .join(packed, left_on="row_key", right_on="_key", how="left")
        .with_columns(pl.lit(written, pl.List(pl.String)).alias("written"))
    )
    parts = ("before", "written", "after", "base")
    return rows.select(*PLACE, pl.struct(parts).struct.json_encode().alias("text"))


def remove_base_of(transaction: TargetTransaction, entity: str, keys: pl.Series) -> None:
    """The base rows of these rows go."""
    drop_base(transaction, entity, based_rows(transaction, entity, keys)["golden_id"])


def drop_base(transaction: TargetTransaction, entity: str, golden_ids: pl.Series) -> None:
    """The base rows of these golden ids go."""
    take_base(transaction, entity, golden_ids)


def enter_moves(
    transaction: TargetTransaction,
    books: Books,
    moves: pl.DataFrame,
    images: pl.DataFrame,
    result: str,
) -> None:
    """Entries for moves that were carried out, with their sealed images."""
    if moves.is_empty():
        return
    carried_out = moves.with_columns(reason=pl.lit(None, pl.String))
    entries = move_entries(books.plan_id, carried_out, result, books.at)
    sealed = _sealed(books, images)
    named = ("table_name", "row_key", "column_name")
    transaction.insert(MOVES.name, entries.join(sealed, on=named, how="left"))


def open_move_images(rollback_key: bytes, plan_id: str, rows: pl.DataFrame) -> pl.Series:
    """The JSON of images by row; `rows`: table_name, row_key, column_name, image (Binary or null).

    Raises:
        IntegrityFault: another key, another row's image, or changed since.
    """
    texts = [
        None
        if image is None
        else open_images(rollback_key, plan_id, _bound(table, column), [key], [image])[0]
        for table, key, column, image in rows.select(
            "table_name", "row_key", "column_name", "image"
        ).iter_rows()
    ]
    return pl.Series("row", texts, dtype=pl.String)


def _sealed(books: Books, images: pl.DataFrame) -> pl.DataFrame:
    """table_name, row_key, column_name and image (Binary)."""
    named = images.select(
        pl.col("table").alias("table_name"),
        "row_key",
        pl.col("column").fill_null("").alias("column_name"),
        "text",
    )
    parts = [named.drop("text").clear().with_columns(pl.lit(None, pl.Binary).alias("image"))]
    for (table, column), rows in named.group_by("table_name", "column_name", maintain_order=True):
        keys, texts = rows["row_key"].to_list(), rows["text"].to_list()
        bound = _bound(str(table), str(column))
        sealed = seal_images(books.rollback_key, books.plan_id, bound, keys, texts)
        parts.append(rows.drop("text").with_columns(sealed))
    return pl.concat(parts)


def _bound(table: str, column: str) -> str:
    return f"move {table}.{column}"
