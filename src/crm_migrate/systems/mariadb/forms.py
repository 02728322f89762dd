"""What a column of MariaDB makes of canonical text: the stored text that will be read back.

Worked out here by columns, without the server, as "Data Types" of the MariaDB documentation
states it, and held against the real server by the contract tests. Strict where the server is
lenient: what it would round, cut or read as a number by its first digits is refused (null).
"""

from collections.abc import Callable

import polars as pl

from crm_migrate.systems.mariadb.cells import data_type
from crm_migrate.systems.mariadb.columns import strings
from crm_migrate.systems.repertoire import beyond
from crm_migrate.systems.target_schema import ColumnInfo

_WHOLE = r"^[+-]?\d+(\.0*)?$"
_DECIMAL = r"^[+-]?(\d+(\.\d*)?|\.\d+)$"
_REAL = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_MOMENT = r"^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?)?$"
_MIDNIGHT = "00:00:00"
_CLOCK = r"^(-?)(\d{1,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$"
_EARLIEST, _LATEST = "1970-01-02 00:00:00", "2038-01-18 00:00:00"
"""Of a TIMESTAMP, whatever the server's time zone."""

Ask = Callable[[ColumnInfo, pl.Series], pl.Series]


def stored_form(column: ColumnInfo, values: pl.Series, as_real: Ask) -> pl.Series:
    """Stored text of the values; null where the column would refuse or mangle one.

    `as_real` asks the server how it writes floating-point numbers.
    """
    v = pl.col("v")
    match column.kind:
        case "integer":
            found = _whole(v, column)
        case "boolean":
            found = _truth(v.str.strip_chars()).replace_strict(
                {"0": "0", "1": "1"}, default=None, return_dtype=pl.String
            )
        case "decimal":
            found = _decimal(v, column)
        case "date":
            found = _date(v)
        case "time":
            found = _clock(v, column) if data_type(column) == "time" else _moment(v, column)
        case "binary":
            found = _binary(v, column)
        case "real":
            numbers = values.str.strip_chars()
            known = numbers.set(~numbers.str.contains(_REAL).fill_null(False), None)
            if data_type(column) == "float":
                known = known.cast(pl.Float32).cast(pl.Float64).cast(pl.String)
            return as_real(column, known).alias(values.name)
        case "text":
            return _text(column, values)
    return values.to_frame("v").select(found.alias(values.name)).to_series()


def _truth(cell: pl.Expr) -> pl.Expr:
    return cell.replace({"true": "1", "false": "0"})


def _whole(v: pl.Expr, column: ColumnInfo) -> pl.Expr:
    text = _truth(v.str.strip_chars())
    digits = pl.when(text.str.contains(_WHOLE)).then(text.str.extract(r"^([+-]?\d+)"))
    number = digits.str.strip_prefix("+").cast(pl.Int128, strict=False)
    if column.low is not None and column.high is not None:
        low, high = (pl.lit(n, dtype=pl.Int128) for n in (column.low, column.high))
        number = pl.when(number.is_between(low, high)).then(number)
    return number.cast(pl.String)


def _decimal(v: pl.Expr, column: ColumnInfo) -> pl.Expr:
    scale = column.scale or 0
    text = v.str.strip_chars()
    known = pl.when(text.str.contains(_DECIMAL)).then(text)
    negative = known.str.starts_with("-")
    bare = known.str.strip_chars_start("+-")
    whole = bare.str.extract(r"^(\d*)").str.strip_chars_start("0")
    behind = bare.str.extract(r"\.(\d*)$").fill_null("").str.strip_chars_end("0")
    held = behind.str.len_chars() <= scale
    if column.precision is not None:
        held = held & (whole.str.len_chars() <= column.precision - scale)
    point = pl.lit("." if scale else "")
    text = pl.concat_str(
        pl.when(whole == "").then(pl.lit("0")).otherwise(whole),
        point,
        behind.str.pad_end(scale, "0"),
    )
    below = negative & ((whole != "") | (behind != ""))
    if column.low is not None:
        held = held & ~below
    return pl.when(held & known.is_not_null()).then(
        pl.concat_str(pl.when(below).then(pl.lit("-")).otherwise(pl.lit("")), text)
    )


def _date(v: pl.Expr) -> pl.Expr:
    day = v.str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[ T]00:00:00(?:\.0+)?)?$")
    return pl.when(day.str.to_date("%Y-%m-%d", strict=False).is_not_null()).then(day)


def _moment(v: pl.Expr, column: ColumnInfo) -> pl.Expr:
    day, clock = v.str.extract(_MOMENT, 1), v.str.extract(_MOMENT, 2).fill_null(_MIDNIGHT)
    fraction, places = v.str.extract(_MOMENT, 3).fill_null(""), _places(column)
    whole = pl.concat_str(day, pl.lit(" "), clock)
    held = whole.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).is_not_null()
    held = held & (fraction.str.strip_chars_end("0").str.len_chars() <= places)
    if data_type(column) == "timestamp":
        held = held & whole.is_between(pl.lit(_EARLIEST), pl.lit(_LATEST))
    return pl.when(held).then(pl.concat_str(whole, _fraction(fraction, places)))


def _clock(v: pl.Expr, column: ColumnInfo) -> pl.Expr:
    sign, hours, minutes, seconds = (v.str.extract(_CLOCK, n) for n in (1, 2, 3, 4))
    fraction, places = v.str.extract(_CLOCK, 5).fill_null(""), _places(column)
    held = (hours.cast(pl.Int32, strict=False) <= 838) & (
        fraction.str.strip_chars_end("0").str.len_chars() <= places
    )
    clock = pl.concat_str(
        sign, hours.str.pad_start(2, "0"), pl.lit(":"), minutes, pl.lit(":"), seconds
    )
    return pl.when(held).then(pl.concat_str(clock, _fraction(fraction, places)))


def _places(column: ColumnInfo) -> int:
    """Digits of a second: the number in `datetime(3)`."""
    _, _, digits = column.type.partition("(")
    return int(digits[0]) if digits[:1].isdigit() else 0


def _fraction(digits: pl.Expr, places: int) -> pl.Expr:
    if not places:
        return pl.lit("")
    return pl.concat_str(pl.lit("."), digits.str.head(places).str.pad_end(places, "0"))


def _binary(v: pl.Expr, column: ColumnInfo) -> pl.Expr:
    spelled = pl.concat_str(
        pl.lit("x'"), v.cast(pl.Binary).bin.encode("hex").str.to_uppercase(), pl.lit("'")
    )
    text = pl.when(v.str.contains(r"^x'([0-9A-F]{2})*'$")).then(v).otherwise(spelled)
    octets = (text.str.len_bytes() - 3) // 2
    return text if column.octets is None else pl.when(octets <= column.octets).then(text)


def _text(column: ColumnInfo, values: pl.Series) -> pl.Series:
    bare = data_type(column)
    if bare == "char":
        values = values.str.strip_chars_end(" ")  # are not kept
    if bare == "set":
        values = _members(column, values)
    if column.vocabulary and bare == "enum":
        values = values.set(~values.is_in(list(column.vocabulary)).fill_null(False), None)
    return values.set(beyond(column, values), None)


def _members(column: ColumnInfo, values: pl.Series) -> pl.Series:
    """Members of a SET, each once and in the order of their declaration."""
    members = strings(column.type)
    chosen = values.str.split(",")
    parts = [pl.when(pl.col("v").list.contains(m)).then(pl.lit(m)) for m in members]
    known = pl.col("v").list.eval(pl.element().is_in([*members, ""]).all()).list.first()
    joined = pl.concat_str(*parts, separator=",", ignore_nulls=True)
    found = pl.when(known & pl.col("v").is_not_null()).then(joined)
    return chosen.to_frame("v").select(found.alias(values.name)).to_series()
