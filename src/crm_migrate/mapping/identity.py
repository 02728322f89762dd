"""Record identity: who a record is, whatever file it came in and in whichever row it stood.

    declared key:  record_id(key, "key", source, table, entity, value of each key column)
    otherwise:     record_id(key, "row", source, table, entity, row text, ordinal among equal rows)

`table` is the name that the mapping gives the table (a renamed sheet is recognised by its header
and keeps it); file, sheet and row number stand nowhere in it. A look-up computes the first form
from the other table's key, so it needs no join.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl

_BLOCK = 64
"""Block size of SHA-256 in bytes (RFC 2104 pads the key to it)."""


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
    """`records.record_id(key, *prefix, *cells)` for every row; null where a cell is null.

    The HMAC's two states are prepared once and copied per value: 0.8 M ids/s on one core.
    """
    padded = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded))
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in padded))
    for part in prefix:
        inner.update(_framed(part))

    def digest(message: bytes) -> str:
        first = inner.copy()
        first.update(message)
        second = outer.copy()
        second.update(first.digest())
        return second.hexdigest()[:32]

    known = reduce(lambda a, b: a & b, (c.is_not_null() for c in columns))
    lists = [c.to_list() for c in columns]
    if len(lists) == 1:
        found = [None if v is None else digest(_framed(v)) for v in lists[0]]
    else:
        found = [
            digest(b"".join(map(_framed, cells))) if ok else None
            for ok, *cells in zip(known.to_list(), *lists, strict=True)
        ]
    return pl.Series(found, dtype=pl.String)


def key_ids(key: bytes, kind: Kind, columns: Sequence[pl.Series]) -> pl.Series:
    """The record ids that the declared key `columns` stand for; also how a look-up finds them."""
    texts = [key_text(c.cast(pl.String)) for c in columns]
    if len(texts) > 1:
        return hashed_ids(key, kind.parts("key"), texts)
    distinct = texts[0].unique()
    ids = hashed_ids(key, kind.parts("key"), [distinct])
    return texts[0].replace_strict(distinct, ids, default=None, return_dtype=pl.String)


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


def identify_rows(
    key: bytes, kind: Kind, rows: pl.DataFrame, key_columns: Sequence[str], columns: Sequence[str]
) -> Identity:
    """Each row is a record of its own, known by the table's key.

    Where several rows have the same key, none may claim it, unless they are equal in all
    `columns`: then the first keeps it and the copies are known by their content.
    """
    frame = pl.DataFrame({"text": row_text(rows, columns)}).with_columns(
        ordinal=pl.col("text").cum_count().over("text"),
        key=_declared(key, kind, rows, key_columns),
    )
    frame = frame.with_columns(
        contested=(pl.col("text").n_unique().over("key") > 1) & pl.col("key").is_not_null(),
    ).with_columns(
        own=pl.col("key").is_not_null() & ~pl.col("contested") & (pl.col("ordinal") == 1),
    )
    return _finish(key, kind, frame, declared=bool(key_columns))


def identify_shared(
    key: bytes, kind: Kind, rows: pl.DataFrame, key_columns: Sequence[str], columns: Sequence[str]
) -> Identity:
    """Rows name a record that others may name, too (tickets of one customer).

    Rows with equal key and equal `columns` are the same record. Where the key stands with
    differing content, every variant is a record of its own and none may claim the key.
    """
    frame = pl.DataFrame({"text": row_text(rows, columns)}).with_columns(
        ordinal=pl.lit(1, dtype=pl.UInt32),
        key=_declared(key, kind, rows, key_columns),
    )
    frame = frame.with_columns(
        contested=(pl.col("text").n_unique().over("key") > 1) & pl.col("key").is_not_null(),
    ).with_columns(own=pl.col("key").is_not_null() & ~pl.col("contested"))
    return _finish(key, kind, frame, declared=bool(key_columns))


def _declared(key: bytes, kind: Kind, rows: pl.DataFrame, key_columns: Sequence[str]) -> pl.Series:
    if not key_columns:
        return pl.Series([None] * rows.height, dtype=pl.String)
    return key_ids(key, kind, [rows[c] for c in key_columns])


def _finish(key: bytes, kind: Kind, frame: pl.DataFrame, *, declared: bool) -> Identity:
    own = frame["own"]
    ordinal = frame["ordinal"].cast(pl.String)
    # Only rows without a usable key pay for the hash of their whole content.
    text = frame["text"].set(own, None)
    by_content = hashed_ids(key, kind.parts("row"), [text, ordinal])
    empty = frame["key"].is_null()
    return Identity(
        ids=frame["key"].zip_with(own, by_content).alias("record_id"),
        missing=empty & declared,
        repeated=~empty & ~own,
        ambiguous=frame.filter(frame["contested"])["key"].unique(),
    )


def _framed(part: str) -> bytes:
    data = part.encode()
    return len(data).to_bytes(4, "big") + data
