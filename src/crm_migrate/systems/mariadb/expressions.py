"""What MariaDB makes of the expressions in its CHECKs and generated columns, over cells to come.

Generated columns that are indexed are deterministic by the server's own rule. A CHECK may call
anything, so only those are asked for that call nothing but functions known to compute from what
they are given.
"""

import re
from collections.abc import Mapping, Sequence

import polars as pl

from crm_migrate.systems.mariadb.cells import (
    as_json,
    asked,
    comparable,
    portions,
    quoted,
    stored_text,
)
from crm_migrate.systems.mariadb.line import Line
from crm_migrate.systems.target_schema import ColumnInfo, KeyPart

_STRING = r"'(?:[^'\\]|''|\\.)*'"
_COLUMN = re.compile(r"`((?:[^`]|``)+)`")
_CALL = re.compile(r"(?<![`\w])([a-z_]\w*)\s*\(", re.IGNORECASE)
_HARMLESS = frozenset(
    """
    abs and ascii between binary cast ceil ceiling char char_length character_length coalesce
    concat concat_ws convert crc32 date date_format datediff day dayofmonth else elt field
    find_in_set floor format greatest hex if ifnull in insert instr interval is isnull
    json_contains json_exists json_extract json_length json_type json_unquote json_valid
    json_value lcase least left length like locate lower lpad ltrim md5 mid mod month not nullif
    octet_length or position regexp regexp_instr regexp_replace regexp_substr repeat replace
    reverse right rlike round rpad rtrim sha sha1 sha2 sign soundex space strcmp substr
    substring substring_index then to_days trim truncate ucase unhex upper when xor year
    """.split()  # noqa: SIM905 - a list of a hundred words is no easier to read
)
_OTHER_WORDS = re.compile(
    r"\b(current_\w+|localtime\w*|utc_\w+|sysdate|now|user|rand)\b", re.IGNORECASE
)


def columns_in(expression: str) -> tuple[str, ...]:
    """The columns that an expression of the catalogue speaks of; there they are all quoted.

    >>> columns_in("char_length(`name`) > 2 and `name` <> 'it is `x`'")
    ('name',)
    """
    bare = re.sub(_STRING, "''", expression)
    return tuple(dict.fromkeys(c.replace("``", "`") for c in _COLUMN.findall(bare)))


def harmless(expression: str) -> bool:
    """Whether it calls only functions that compute from what they are given.

    >>> harmless("trim(`a`) in ('x') and (`b` > 1)"), harmless("`d` <= curdate()")
    (True, False)
    >>> harmless("`d` <= current_timestamp"), harmless("sleep(9)")
    (False, False)
    """
    bare = _COLUMN.sub("`", re.sub(_STRING, "''", expression))
    named = {name.lower() for name in _CALL.findall(bare)}
    return named <= _HARMLESS and not _OTHER_WORDS.search(bare)


def computed(
    line: Line, known: Mapping[str, ColumnInfo], expressions: Sequence[str], cells: pl.DataFrame
) -> pl.DataFrame:
    """`_n` and the expressions' values as text."""
    listed = "".join(f", CAST(({_filled(e)}) AS CHAR)" for e in expressions)
    labels = ("_n", *(f"_{i}" for i in range(len(expressions))))
    return _answers(line, f"SELECT c._n{listed} FROM {_coming(known, cells)} c", cells, labels)


def taken(
    line: Line,
    table: str,
    known: Mapping[str, ColumnInfo],
    key: str,
    wanted: pl.DataFrame,
    parts: Sequence[KeyPart],
    where: str | None,
) -> pl.DataFrame:
    """`_n` and `_key` of the rows that stand under the same parts, which are columns there."""
    made = "".join(f", ({_filled(p.coming)}) AS p{i}" for i, p in enumerate(parts))
    held = [known.get(p.standing) for p in parts]
    equal = " AND ".join(
        f"t.{quoted(p.standing)} = {comparable(info, f'w.p{i}')}"
        for i, (p, info) in enumerate(zip(parts, held, strict=True))
    )
    found = stored_text(known.get(key), f"t.{quoted(key)}")
    query = (
        f"SELECT w._n, {found} FROM (SELECT c._n{made} FROM {_coming(known, wanted)} c) w"
        f" STRAIGHT_JOIN {quoted(table)} t ON {equal}"
    )
    query += f" WHERE {_filled(where)}" if where else ""
    return _answers(line, query, wanted, ("_n", "_key"))


def _coming(known: Mapping[str, ColumnInfo], rows: pl.DataFrame) -> str:
    """The rows as a derived table whose columns are named and typed as the table's."""
    columns = [c for c in rows.columns if c != "_n"]
    names = [f"_w{n}" for n in range(len(columns) + 1)]
    cells = "".join(
        f", {comparable(known.get(c), f'w.{quoted(w)}')} AS {quoted(c)}"
        for c, w in zip(columns, names[1:], strict=True)
    )
    return f"(SELECT w._w0 AS _n{cells} FROM {asked(names)})"


def _answers(line: Line, query: str, rows: pl.DataFrame, labels: Sequence[str]) -> pl.DataFrame:
    schema = dict.fromkeys(labels, pl.String)
    parts = [pl.DataFrame(schema=schema)]
    ordered = rows.select("_n", *(c for c in rows.columns if c != "_n"))
    for part in portions(ordered):
        with line.cursor() as cursor:
            cursor.execute(query, (as_json(part),))
            parts.append(pl.DataFrame(cursor.fetchall(), schema=schema, orient="row"))
    return pl.concat(parts)


def _filled(expression: str) -> str:
    return expression.replace("%", "%%")
