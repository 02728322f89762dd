"""Cells between Polars and PostgreSQL: stored text, COPY's text format, array literals.

Stored text is the server's own output under the settings of `postgres.SETTINGS`, with three
spellings of ours: booleans `true`/`false`, bytes `x'0A'` (as SQLite's), padded `char(n)` without
its padding. Text of that form, written back, gives the same cell again.
"""

import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

PLAIN_TEXT = frozenset({"text", "character varying", "name", "citext"})
_OUTPUT_IS_TEXT = PLAIN_TEXT | {
    "smallint", "integer", "bigint", "numeric", "real", "double precision", "date", "uuid",
    "timestamp without time zone", "timestamp with time zone",
}  # fmt: skip
"""Base types that COPY writes exactly as a cast to text would."""

_SPECIAL = ["\\", "\n", "\r", "\t"]
_ESCAPED = ["\\\\", "\\n", "\\r", "\\t"]
_WRITTEN_ROWS = 2_000
"""Rows per piece of a COPY: while the server stores one, the next is spelt out."""
_BYTES = r"^x'([0-9A-Fa-f]*)'$"


@dataclass(frozen=True, slots=True)
class Cast:
    """How the values of a column are spelt: its base type (of a domain: what it is made from)."""

    base: str
    """Type name without modifiers, qualified where needed, ready for SQL."""

    @property
    def name(self) -> str:
        """The type's bare name."""
        return self.base.rpartition(".")[2]


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string in SQL, under standard_conforming_strings."""
    return "'" + text.replace("'", "''") + "'"


def cell(column: str, cast: Cast) -> str:
    """SQL for a cell as stored text."""
    if cast.base == "bytea":
        return f"'x''' || upper(encode({column}, 'hex')) || ''''"
    return column if cast.name in _OUTPUT_IS_TEXT else f"{column}::text"


def bytes_as_input(values: pl.Expr) -> pl.Expr:
    """Stored text of a bytea column as PostgreSQL reads it; other text means its UTF-8 bytes."""
    return "\\x" + values.str.extract(_BYTES).fill_null(values.str.encode("hex"))


def bytes_as_stored(values: pl.Series) -> pl.Series:
    """What `bytes_as_input` would be read back as; null where it would be refused."""
    raw = values.str.extract(_BYTES).fill_null(values.str.encode("hex"))
    odd = (raw.str.len_bytes() % 2 == 1).fill_null(False)
    return ("x'" + raw.str.to_uppercase() + "'").set(odd, None).alias(values.name)


def as_input(rows: pl.DataFrame, casts: Mapping[str, Cast]) -> pl.DataFrame:
    """The frame with every cell as text that the column's input function reads."""
    changed = []
    for name, kind in rows.schema.items():
        column = pl.col(name)
        if kind == pl.Binary:
            changed.append(("\\x" + column.bin.encode("hex")).alias(name))
        elif kind != pl.String:
            changed.append(column.cast(pl.String))
        elif casts[name].base == "bytea":
            changed.append(bytes_as_input(column).alias(name))
    return rows.with_columns(changed) if changed else rows


def copy_pieces(rows: pl.DataFrame, hexes: Collection[str] = ()) -> Iterator[bytes]:
    r"""A frame of Strings in COPY's text format (manual, COPY, "Text Format").

    `hexes`: columns that hold bytes as `\x…`, where only the first sign is special.
    """
    texts = [name for name in rows.columns if name not in hexes]
    every = pl.col(texts).str.contains_any(_SPECIAL).any()
    for piece in rows.iter_slices(_WRITTEN_ROWS):
        found = dict(zip(texts, piece.select(every).row(0), strict=True))
        escaped = [pl.col(n).str.replace_many(_SPECIAL, _ESCAPED) for n in found if found[n]]
        escaped += [("\\" + pl.col(name)).alias(name) for name in hexes]
        written = io.BytesIO()
        (piece.with_columns(escaped) if escaped else piece).write_csv(
            written, include_header=False, separator="\t", quote_style="never", null_value="\\N"
        )
        yield written.getvalue()


def arrays(rows: pl.DataFrame) -> list[str]:
    """Each column of Strings as an array literal, for `'…'::text[]`; null is NULL."""
    if rows.is_empty():
        return ["{}"] * rows.width
    literals = []
    for name in rows.columns:
        special = pl.col(name).str.replace_many(["\\", '"'], ["\\\\", '\\"'])
        elements = ('"' + special + '"').fill_null("NULL").str.join(",")
        literals.append(("{" + elements + "}").alias(name))
    return list(rows.select(literals).row(0))


def array(values: pl.Series) -> str:
    """One column of `arrays`."""
    return arrays(values.to_frame())[0]


def frame_of(parts: Iterable[Sequence[memoryview | bytes]], columns: Sequence[str]) -> pl.DataFrame:
    """The frame of Strings that COPY … TO STDOUT (FORMAT csv) delivers in UTF-8.

    `parts`: lists of its lines (copying.copied).
    """
    schema = dict.fromkeys(columns, pl.String)
    frames = [pl.DataFrame(schema=schema)]
    return pl.concat([*frames, *(_parsed(lines, columns) for lines in parts if lines)])


def _parsed(lines: Sequence[memoryview | bytes], columns: Sequence[str]) -> pl.DataFrame:
    # An unquoted empty cell is NULL, a quoted one the empty text: Polars reads them so.
    places = [f"c{n}" for n in range(len(columns))]
    schema = dict.fromkeys(places, pl.String)
    frame = pl.read_csv(b"".join(lines), has_header=False, infer_schema=False, schema=schema)
    frame.columns = list(columns)
    return frame
