"""Record identity: who a record is, whatever file it came in and in whichever row it stood.

    declared key:  record_id(key, "key", source, table, entity, value of each key column)
    otherwise:     record_id(key, "row", source, table, entity, row text, ordinal among equal rows)

`table` is the name that the mapping gives the table (a renamed sheet is recognised by its header
and keeps it); file, sheet and row number stand nowhere in it. A look-up computes the first form
from the other table's key, so it needs no join.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from crm_migrate.records import ID_CHARACTERS
from crm_migrate.trust.keyed_digest import digests, framed, framed_lit


@dataclass(frozen=True, slots=True)
class Kind:
    """What all records of one kind in one table share in their identity."""

    source: str
    table: str
    entity: str

    def parts(self, form: str) -> tuple[str, ...]:
        """The leading parts of the HMAC; `form` keeps keys and row texts apart."""
        return (form, self.source, self.table, self.entity)


@dataclass(frozen=True)
class Identity:
    """One record id per row, and what was wrong with the declared keys."""

    ids: pl.Series
    missing: pl.Series
    """Boolean: a key is declared, but empty here."""
    repeated: pl.Series
    """Boolean: the declared key could not serve, because other rows have it, too."""
    ambiguous: pl.Series
    """Ids that a look-up by key would compute, though the key stands for several records."""


def key_text(values: pl.Series) -> pl.Series:
    """A key as it is compared: NFKC, no blanks around, `1001.0` as `1001`; null when empty.

    >>> key_text(pl.Series([" Ｃ001", "1001.0", " "])).to_list()
    ['C001', '1001', None]
    """
    text = values.str.normalize("NFKC").str.strip_chars().str.replace(r"^(\d+)\.0+$", "${1}")
    return text.set(text == "", None)


def hashed_ids(key: bytes, prefix: Sequence[str], columns: Sequence[pl.Series]) -> pl.Series:
    """`records.record_id(key, *prefix, *cells)` for every row; null where a cell is null."""
    cells = pl.DataFrame([c.alias(str(n)) for n, c in enumerate(columns)])
    known = pl.all_horizontal(pl.all().is_not_null())
    message = pl.concat_str(framed_lit(*prefix), *(framed(c) for c in cells.columns))
    messages = cells.select(pl.when(known).then(message).alias("m")).to_series()
    return digests(key.hex(), messages).str.head(ID_CHARACTERS).alias("")


def look_up_ids(key: bytes, kind: Kind, columns: Sequence[pl.Series]) -> pl.Series:
    """The ids of the records that have these keys: each distinct key is computed once."""
    cells = pl.DataFrame([key_text(c).alias(str(n)) for n, c in enumerate(columns)])
    distinct = cells.unique()
    ids = hashed_ids(key, kind.parts("key"), distinct.get_columns()).alias("id")
    found = cells.join(
        distinct.with_columns(ids), on=cells.columns, how="left", maintain_order="left"
    )
    return found["id"]


def row_text(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The canonical text of each row: filled cells as length-prefixed name and value.

    Columns are taken in the order of their names, so neither the order in the file nor an
    always empty column changes it.
    """

    def cell(name: str) -> pl.Expr:
        value = pl.col(name).str.strip_chars()
        size = value.str.len_chars().cast(pl.String)
        text = pl.concat_str(pl.lit(f"{len(name)}:{name}"), size, pl.lit(":"), value)
        return pl.when(value != "").then(text).otherwise(pl.lit(""))

    if not columns:
        return pl.Series([""] * rows.height, dtype=pl.String)
    return rows.select(pl.concat_str([cell(n) for n in sorted(columns)]).alias("text"))["text"]


def identify(
    key: bytes,
    kind: Kind,
    rows: pl.DataFrame,
    key_columns: Sequence[str],
    columns: Sequence[str],
    *,
    shared: bool = False,
) -> Identity:
    """Every row's record id.

    Rows with the same key contest it, unless they are equal in all `columns`. A contested key
    serves none of them; they are known by their content, like rows without a key.

    Args:
        key: the project's record-id key.
        kind: source, table and entity.
        rows: the rows that yield a record; String columns.
        key_columns: the declared key; may be empty.
        columns: what a row without a usable key is known by.
        shared: equal rows are the same record (tickets that name one customer). Otherwise each
            row is a record of its own: the first of equal rows keeps the key, and copies are
            told apart by their ordinal.
    """
    nowhere = pl.Series([False], dtype=pl.Boolean).new_from_index(0, rows.height)
    if key_columns:
        cells = pl.DataFrame([key_text(rows[c]).alias(str(n)) for n, c in enumerate(key_columns)])
        ids = hashed_ids(key, kind.parts("key"), cells.get_columns())
        missing = ids.is_null()
        doubtful = missing | ids.is_duplicated()
    else:
        ids = pl.Series([None], dtype=pl.String).new_from_index(0, rows.height)
        missing, doubtful = nowhere, ~nowhere
    at = doubtful.arg_true()
    if not len(at):
        return Identity(ids, missing, nowhere, ids.clear())
    unsure = pl.DataFrame({"key": ids.gather(at), "text": row_text(rows[at], columns)})
    unsure = unsure.with_columns(
        ordinal=pl.lit(1, pl.UInt32) if shared else pl.col("text").cum_count().over("text"),
        contested=pl.col("key").is_not_null() & (pl.col("text").n_unique().over("key") > 1),
    )
    lost = unsure["key"].is_null() | unsure["contested"] | (unsure["ordinal"] > 1)
    by_content = hashed_ids(
        key, kind.parts("row"), [unsure["text"].set(~lost, None), unsure["ordinal"].cast(pl.String)]
    )
    return Identity(
        ids=ids.scatter(at, by_content.zip_with(lost, unsure["key"])),
        missing=missing,
        repeated=nowhere.clone().scatter(at, lost) & ~missing & bool(key_columns),
        ambiguous=unsure.filter(unsure["contested"])["key"].unique(),
    )
