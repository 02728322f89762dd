"""What the base in the target keeps of golden cells: one short commitment per cell.

A commitment only answers whether a cell is *the same* as when it was last applied, and only who
holds the project's digest key can ask. So 64 bits of HMAC-SHA256 do: a changed value passes for
the same once in 2^64 cells, and nobody can search for one that does. It is bound to golden id,
entity and field, so equal values of two customers do not show as equal.

One text per row, quick to build and to cut: the names of the fields, a colon, then 16 characters
for each field, hyphens where the cell was null:

    name,uscc,phone,=:6f48f7c04ebdb3e3----------------0b1c2d3e4f506172d15c0a7b93e4f826

`=` is one commitment for all cells together: whether a record is the same in all of them is told
by one digest. It is left out (hyphens) where a cell is, though the record has one.
"""

from collections.abc import Collection, Sequence

import polars as pl

from crm_migrate.trust.keyed_digest import (
    digest_expr,
    digests,
    framed,
    framed_lit,
    purpose_key,
)

CHARACTERS = 16
WHOLE = "="
"""Stands for all cells of a record."""
_EMPTY = "-" * CHARACTERS
_BATCH = 200_000
_ID, _CELL = "@id", "@cell:"


def commitments(
    digest_key: bytes, entity: str, field: str, golden_ids: pl.Series, values: pl.Series
) -> pl.Series:
    """Commitments of one field's cells: 16 hex characters, null for null."""
    return commit_cells(digest_key, entity, golden_ids, values.alias(field).to_frame())[field]


def commit_cells(
    digest_key: bytes, entity: str, golden_ids: pl.Series, cells: pl.DataFrame
) -> pl.DataFrame:
    """Commitments of golden cells, in columns named by their fields as `cells` are."""
    named = cells.with_columns(golden_ids.alias(_ID)).rechunk()
    messages = named.with_columns(framed(_ID)).select(
        pl.concat_str(_ID, c).alias(_CELL + c) for c in cells.columns
    )
    return messages.select(
        digest_expr(purpose_key(digest_key, "commitment", entity, c), _CELL + c)
        .str.head(CHARACTERS)
        .alias(c)
        for c in cells.columns
    )


def commit_records(
    digest_key: bytes, entity: str, golden_ids: pl.Series, cells: pl.DataFrame
) -> pl.Series:
    """One commitment for all cells of each record: 16 hex characters."""
    key = purpose_key(digest_key, "commitment", entity, WHOLE)
    parts = [framed(_ID)]
    for name in sorted(cells.columns):
        parts += [framed_lit(name), framed(name)]
    found = [pl.Series([], dtype=pl.String)]
    for batch in cells.with_columns(golden_ids.alias(_ID)).iter_slices(_BATCH):
        message = batch.rechunk().select(m=pl.concat_str(parts)).to_series()
        found.append(digests(key, message).str.head(CHARACTERS))
    return pl.concat(found).alias(WHOLE)


def base_texts(
    digest_key: bytes,
    entity: str,
    golden_ids: pl.Series,
    cells: pl.DataFrame,
    complete: pl.Series,
) -> pl.Series:
    """The text that the base keeps of each record; `cells` has a column per field.

    `complete` (Boolean): no cell of the record is left out.
    """
    nothing = pl.Series([None], dtype=pl.String)
    texts = [pl.Series([], dtype=pl.String)]
    for at in range(0, cells.height, _BATCH):
        ids, some = golden_ids.slice(at, _BATCH), cells.slice(at, _BATCH)
        whole = commit_records(digest_key, entity, ids, some)
        whole = whole.zip_with(complete.slice(at, _BATCH), nothing)
        cell_by_cell = commit_cells(digest_key, entity, ids, some).get_columns()
        texts.append(as_text([*cell_by_cell, whole.alias(WHOLE)]))
    return pl.concat(texts).alias("commitments")


def whole_of(texts: pl.Series, fields: Sequence[str]) -> pl.Series:
    """The commitments of whole records in texts of exactly these fields, else null."""
    layout = ",".join([*fields, WHOLE]) + ":"
    frame = texts.alias("text").to_frame()
    fits = pl.col("text").str.starts_with(layout) & pl.col("text").str.tail(CHARACTERS).ne(_EMPTY)
    return frame.select(pl.when(fits).then(pl.col("text").str.tail(CHARACTERS))).to_series()


def as_text(columns: Sequence[pl.Series]) -> pl.Series:
    """Commitments of several fields (each Series named by its field) as one text per row."""
    names = ",".join(c.name for c in columns)
    cells = (pl.col(c.name).fill_null(_EMPTY) for c in columns)
    text = pl.concat_str(pl.lit(f"{names}:"), *cells)
    return pl.DataFrame(columns).select(text.alias("commitments")).to_series()


def read_texts(texts: pl.Series, fields: Collection[str]) -> pl.DataFrame:
    """A column of commitments per field; null where the text keeps none of the field."""
    frame = texts.alias("text").to_frame()
    frame = frame.with_columns(names=pl.col("text").str.extract(r"^([^:]*):"))
    layouts = [n for n in frame["names"].unique().sort() if n is not None]
    return frame.select(
        pl.coalesce(*(_cell(layout, field) for layout in layouts), None)
        .cast(pl.String)
        .alias(field)
        for field in fields
    )


def _cell(layout: str, field: str) -> pl.Expr:
    """The field's commitment in texts of that layout (names joined by commas), else null."""
    names = layout.split(",")
    if field not in names:
        return pl.lit(None, dtype=pl.String)
    start = len(layout.encode()) + 1 + names.index(field) * CHARACTERS
    cell = pl.col("text").str.slice(start, CHARACTERS)
    return pl.when((pl.col("names") == layout) & (cell != _EMPTY)).then(cell)
