"""What PostgreSQL makes of values: their stored text, and what its collations hold for equal."""

from typing import Any

import polars as pl
import psycopg

from crm_migrate.systems.postgres.copying import copied
from crm_migrate.systems.postgres.text import (
    PLAIN_TEXT,
    Cast,
    array,
    bytes_as_stored,
    cell,
    frame_of,
    literal,
)
from crm_migrate.systems.postgres.types import CITEXT, codec_of
from crm_migrate.systems.repertoire import unheld
from crm_migrate.systems.target_schema import ColumnInfo

Connection = psycopg.Connection[Any]

_ASKED_ROWS, _TRIED_ROWS = 50_000, 5_000
_NUMBER_LIKE = r"^\s*[-+]?\.?\d"
"""Numbers and dates begin so; words that PostgreSQL knows (`now`, `today`, `NaN`) do not."""
_SPACE = " "
_LIMITS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}

_TRY_EACH = """
DO $ask$
DECLARE
  asked text; stored text; said text[] := '{{}}'; value text;
BEGIN
  FOREACH asked IN ARRAY string_to_array(current_setting('crm_migrate.asked'), ',') LOOP
    BEGIN
      value := convert_from(decode(substr(asked, 2), 'hex'), 'UTF8');
      stored := {stored};
      said := said || coalesce('x' || encode(convert_to(stored, 'UTF8'), 'hex'), '-');
    EXCEPTION WHEN OTHERS THEN said := said || '-'::text;
    END;
  END LOOP;
  PERFORM set_config('crm_migrate.said', array_to_string(said, ','), true);
END $ask$
"""
"""Each value in a block of its own, so that one that is refused stops no other. It creates nothing
and needs no right; values go in and out as hex, whatever the database's character set."""


def needs_server(column: ColumnInfo) -> bool:
    """Whether only the server can tell the stored form of the column's values."""
    if column.kind == "binary":
        return False
    return column.type.partition("(")[0] not in PLAIN_TEXT | {"character"}


def stored_form(connection: Connection | None, column: ColumnInfo, values: pl.Series) -> pl.Series:
    """The stored text of values in a column; null where the server would refuse them.

    `connection`: inside a transaction; None where the column does not need the server.
    """
    if column.kind == "binary":
        return bytes_as_stored(values)
    given = values
    if column.kind == "integer":
        given = given.replace({"true": "1", "false": "0"})
    fit = ~given.str.contains("\x00", literal=True)
    if column.kind in ("integer", "decimal", "real", "date", "time"):
        fit = fit & given.str.contains(_NUMBER_LIKE)
    given = given.set(~fit.fill_null(False), None)
    if column.kind == "text":
        given = _of_length(column, given)
        if column.characters is not None:
            given = given.set(unheld(given, column.characters), None)
    if connection is None or not needs_server(column):
        return given
    distinct = given.drop_nulls().unique()
    known = pl.concat(
        [
            pl.DataFrame(schema={"given": pl.String, "stored": pl.String}),
            *(
                _asked(connection, column.type, part.to_series())
                for part in distinct.to_frame("given").iter_slices(_ASKED_ROWS)
            ),
        ]
    )
    joined = given.to_frame("given").join(known, on="given", how="left", maintain_order="left")
    return joined["stored"].alias(values.name)


def castable(connection: Connection, cast: Cast, values: pl.Series) -> pl.Series:
    """The values with null in place of those that are no value of the type; nothing is rounded."""
    if cast.name in _LIMITS:
        number = pl.col("v").str.strip_chars().cast(pl.Int64, strict=False)
        fits = number.is_between(-_LIMITS[cast.name], _LIMITS[cast.name] - 1)
        return _chosen(values, fits)
    held = _chosen(values, ~pl.col("v").str.contains("\x00", literal=True))
    if cast.base == "bytea":
        return held
    if cast.name in PLAIN_TEXT or cast.name == "bpchar":
        codec = codec_of(connection.info.parameter_status("server_encoding") or "")
        return held if codec is None else held.set(unheld(held, codec), None)
    distinct = held.drop_nulls().unique().to_frame("given")
    refused = [distinct["given"].clear()]
    for part in distinct.iter_slices(_ASKED_ROWS):
        asked = _asked(connection, cast.base, part.to_series())
        refused.append(asked.filter(pl.col("stored").is_null())["given"])
    return held.set(held.is_in(pl.concat(refused).implode()).fill_null(False), None)


def equality_form(
    connection: Connection | None, column: ColumnInfo, values: pl.Series
) -> pl.Series:
    """Text that is equal exactly where the column holds the values for equal.

    citext compares in lower case. For a nondeterministic collation the server's own hash of the
    values' sort keys serves, twice with different seeds (128 bits). Numbers lose idle zeros.
    """
    if column.kind == "decimal":
        return values.str.replace(r"^(-?\d+\.\d*?)0+$", "${1}").str.replace(r"\.$", "")
    if _bare(column.type) == "character" and column.collation is None:
        return values.str.strip_chars_end(_SPACE)
    if column.collation is None or connection is None:
        return values
    form = "lower(given)"
    if column.collation != CITEXT:
        collated = f"given COLLATE {column.collation}"
        form = (
            f"hashtextextended({collated}, 0)::text || ' ' || hashtextextended({collated}, 1)::text"
        )
    distinct = values.drop_nulls().unique().to_frame("given")
    parts = [pl.DataFrame(schema={"given": pl.String, "form": pl.String})]
    for part in distinct.iter_slices(_ASKED_ROWS):
        asked = f"unnest({literal(array(part.to_series()))}::text[]) w (given)"
        query = f"COPY (SELECT given, {form} FROM {asked}) TO STDOUT (FORMAT csv)"
        parts.append(frame_of(copied(connection, query), ["given", "form"]))
    joined = values.to_frame("given").join(
        pl.concat(parts), on="given", how="left", maintain_order="left"
    )
    return joined["form"].alias(values.name)


def _chosen(values: pl.Series, fits: pl.Expr) -> pl.Series:
    """The values where `fits`, an expression over the column `v`, holds."""
    kept = pl.when(fits).then("v").alias(values.name)
    return values.alias("v").to_frame().select(kept).to_series()


def _bare(type_name: str) -> str:
    """A type without modifiers and schema."""
    return type_name.partition("(")[0].rpartition(".")[2]


def _of_length(column: ColumnInfo, given: pl.Series) -> pl.Series:
    """What is too long is refused, but for blanks at the end, which SQL lets a column cut off."""
    padded = _bare(column.type) == "character"
    if padded:
        given = given.str.strip_chars_end(_SPACE)
    if column.length is None:
        return given
    cut = given.str.slice(0, column.length)
    over = given.str.slice(column.length).str.strip_chars(_SPACE).str.len_bytes() > 0
    return cut.set(over.fill_null(False), None).alias(given.name)


def _asked(connection: Connection, type_name: str, values: pl.Series) -> pl.DataFrame:
    """Distinct values and their stored text: all in one statement, else each by itself."""
    stored = _stored_sql("given", type_name)
    query = f"SELECT given, {stored} FROM unnest({literal(array(values))}::text[]) w (given)"
    try:
        with connection.transaction():  # a savepoint
            lines = copied(connection, f"COPY ({query}) TO STDOUT (FORMAT csv)")
            return frame_of(lines, ["given", "stored"])
    except psycopg.Error as error:
        if connection.closed or str(error.sqlstate).startswith(("08", "57")):
            raise
    parts = [pl.DataFrame(schema={"given": pl.String, "stored": pl.String})]
    for part in values.to_frame("given").iter_slices(_TRIED_ROWS):
        parts.append(part.with_columns(stored=_tried(connection, type_name, part["given"])))
    return pl.concat(parts)


def _tried(connection: Connection, type_name: str, values: pl.Series) -> pl.Series:
    asked = ("x" + values.str.encode("hex")).to_frame("a").select(pl.col("a").str.join(",")).item()
    cursor = connection.cursor()
    cursor.execute("SELECT set_config('crm_migrate.asked', %s, true)", [asked])
    cursor.execute(_TRY_EACH.format(stored=_stored_sql("value", type_name)))
    row = cursor.execute("SELECT current_setting('crm_migrate.said')").fetchone()
    said = pl.Series(str(row[0]).split(",") if row else [], dtype=pl.String)
    said = said.set(said == "-", None).str.slice(1).str.decode("hex").cast(pl.String)
    return said


def _stored_sql(value: str, type_name: str) -> str:
    return f"({cell(f'{value}::{type_name}', Cast(_bare(type_name)))})"
