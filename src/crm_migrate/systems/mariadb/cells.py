"""Cells on their way to and from MariaDB: as SQL expressions, as lines to load, in portions.

Every statement goes through the driver's own filling of `%s`, so a percent sign that is meant
stands doubled.
"""

import json
import re
from collections.abc import Iterator, Sequence

import polars as pl

from crm_migrate.systems.target_schema import ColumnInfo

STAGE = "crm_migrate_stage"
"""The temporary table through which everything is written."""
_PORTION_ROWS, _PORTION_BYTES = 10_000, 4 << 20
"""Of one question; the smallest `max_allowed_packet` that servers ship with is 16 MiB."""
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"}


def quoted(name: str) -> str:
    """A name in SQL.

    >>> quoted("a`b%")
    '`a``b%%`'
    """
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"


def charset(collation: str) -> str:
    """The character set of a collation.

    >>> charset("utf8mb4_unicode_ci")
    'utf8mb4'
    """
    return collation.partition("_")[0]


def data_type(column: ColumnInfo) -> str:
    """The bare type of a column, without length and attributes.

    >>> data_type(ColumnInfo("a", "bigint(20) unsigned"))
    'bigint'
    """
    match = re.match(r"\w+", column.type)
    return match[0].lower() if match else ""


def stored_text(column: ColumnInfo | None, cell: str) -> str:
    """SQL for a cell as stored text: numbers exact, dates as they stand (`0000-00-00`, too),
    bytes as `x'…'`.
    """
    if column is None:
        return cell
    bare = data_type(column)
    if column.kind == "binary":
        return f"CONCAT('x''', HEX({cell}), '''')"
    if bare == "bit":
        return f"CAST({cell} + 0 AS CHAR)"
    if column.kind == "real":  # a FLOAT alone would be cut to six digits
        return f"CAST({cell} + 0e0 AS CHAR)"
    if column.collation is not None:
        held = charset(column.collation) == "utf8mb4"
        return cell if held else f"CONVERT({cell} USING utf8mb4)"
    return f"CAST({cell} AS CHAR)"


def comparable(column: ColumnInfo | None, text: str) -> str:
    """SQL for stored text in the column's own type and collation, so that its equality and its
    indexes serve.
    """
    if column is None:
        return f"CONVERT({text} USING utf8mb4) COLLATE utf8mb4_bin"
    match column.kind:
        case "integer" | "boolean":
            return f"CAST({text} AS {'UNSIGNED' if column.low == 0 else 'SIGNED'})"
        case "decimal":
            return f"CAST({text} AS DECIMAL(65, 30))"
        case "real":
            return f"({text} + 0e0)"
        case "date":
            return f"CAST({text} AS DATE)"
        case "time" if data_type(column) != "time":
            return f"CAST({text} AS DATETIME(6))"
        case "time":
            return f"CAST({text} AS TIME(6))"
        case "binary":
            return _bytes(text)
        case "text" if column.collation is not None:
            held = charset(column.collation)
            return f"CONVERT({text} USING {held}) COLLATE {column.collation}"
    return text


def assigned(column: ColumnInfo | None, text: str, *, hexadecimal: bool) -> str:
    """SQL for staged text as the value to be written; conversion is left to the strict server.

    `hexadecimal`: the staged text is the hex of bytes.
    """
    if hexadecimal:
        return f"UNHEX({text})"
    if column is not None and column.kind == "binary":
        spelled = f"{text} REGEXP '^x''([0-9A-F]{{2}})*''$'"
        return f"IF({spelled}, {_bytes(text)}, CAST({text} AS BINARY))"
    if column is not None and data_type(column) == "bit":
        return f"CAST({text} AS UNSIGNED)"
    return text


def _bytes(text: str) -> str:
    return f"UNHEX(SUBSTRING({text}, 3, CHAR_LENGTH({text}) - 3))"


def asked(columns: Sequence[str]) -> str:
    """A table `w` of text columns in FROM, filled from the one parameter (see `as_json`)."""
    listed = ", ".join(
        f"{quoted(c)} LONGTEXT CHARACTER SET utf8mb4 PATH '$[{n}]'" for n, c in enumerate(columns)
    )
    return f"JSON_TABLE(%s, '$[*]' COLUMNS ({listed})) w"


def as_json(rows: pl.DataFrame) -> str:
    """Rows of text as the parameter of `asked`."""
    return json.dumps(rows.rows(), ensure_ascii=False)


def portions(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows in order, in parts that fit into one packet."""
    if rows.is_empty():
        return
    size = pl.sum_horizontal(pl.col(c).str.len_bytes().fill_null(1) + 5 for c in rows.columns)
    at = pl.int_range(pl.len()) // _PORTION_ROWS
    part = at + size.cast(pl.Int64).cum_sum() // _PORTION_BYTES
    yield from rows.with_columns(part.alias("_part")).partition_by(
        "_part", maintain_order=True, include_key=False
    )


def lines(rows: pl.DataFrame) -> bytes:
    r"""Rows of text as LOAD DATA reads them: tabs, `\n`, backslashes, `\N` for NULL.

    >>> lines(pl.DataFrame({"a": ["x\ty", None]}))
    b'x\\ty\n\\N\n'
    """
    cells = []
    for column in rows.columns:
        cell = pl.col(column)
        if rows[column].str.contains_any(list(_ESCAPES)).any():
            cell = cell.str.replace_many(_ESCAPES)
        cells.append(cell.fill_null("\\N"))
    joined = rows.select(pl.concat_str(*cells, separator="\t").alias("line"))["line"]
    return ("\n".join(joined.to_list()) + "\n").encode()
