"""What SQLite makes of the expressions in its own indexes and CHECKs, over cells to come.

It is asked in memory, by a table with the same columns, so that nothing can be changed and every
cell has its column's affinity. SQLite itself refuses functions that are not deterministic there.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import polars as pl

_STRING = r"'(?:[^']|'')*'"
_NAME = r'"((?:[^"]|"")+)"|`([^`]+)`|\[([^\]]+)\]|([^\W\d]\w*)'
_COLLATED = re.compile(r"\bCOLLATE\b", re.IGNORECASE)


def index_parts(definition: str) -> tuple[str, ...]:
    """The parts of a CREATE INDEX, in SQL, without ASC and DESC.

    >>> index_parts("CREATE UNIQUE INDEX i ON t (tid, lower(trim(a, ',)')) DESC) WHERE b > 1")
    ('tid', "lower(trim(a, ',)'))")
    """
    opened = re.search(rf"\bON\s+(?:{_NAME})\s*\(", definition, re.IGNORECASE)
    if opened is None:
        return ()
    listed = definition[opened.end() :]
    parts, depth, start = [], 0, 0
    for token in re.finditer(rf"{_STRING}|[(),]", listed):
        sign = token[0]
        if depth == 0 and sign in (",", ")"):
            parts.append(listed[start : token.start()])
            start = token.end()
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
    return tuple(re.sub(r"\s+(ASC|DESC)\s*$", "", p, flags=re.IGNORECASE).strip() for p in parts)


def columns_in(expression: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that an expression may speak of: every name in it that is one.

    >>> columns_in("lower(Name) <> 'code' AND [a b] > 1", ["name", "code", "a b"])
    ('name', 'a b')
    """
    bare = re.sub(_STRING, "''", expression)
    found = {"".join(match).replace('""', '"').lower() for match in re.findall(_NAME, bare)}
    return tuple(c for c in columns if c.lower() in found)


def askable(expression: str, definition: str, types: Mapping[str, str]) -> bool:
    """Whether it computes in memory as in its table; `definition`: of the table.

    With collations of its own it might not; with functions of the CRM's program it cannot.
    """
    if _COLLATED.search(definition):
        return False
    try:
        with closing(_table(types)) as memory:
            memory.execute(f"SELECT {expression} FROM cell")
    except sqlite3.Error:
        return False
    return True


def computed(
    types: Mapping[str, str], expressions: Sequence[str], cells: pl.DataFrame
) -> pl.DataFrame:
    """`_n` and the expressions' values as text; `types`: declared type of each column."""
    columns = [c for c in cells.columns if c != "_n"]
    labels = ("_n", *(f"_{i}" for i in range(len(expressions))))
    listed = "".join(f", CAST(({e}) AS TEXT)" for e in expressions)
    with closing(_table({c: types[c] for c in columns})) as memory:
        marks = ", ".join("?" * (1 + len(columns)))
        memory.executemany(
            f"INSERT INTO cell VALUES ({marks})", cells.select("_n", *columns).iter_rows()
        )
        rows = _rows(
            memory, f"SELECT _n{listed} FROM cell", f"SELECT _n{listed} FROM cell WHERE _n = ?"
        )
        return pl.DataFrame(list(rows), schema=dict.fromkeys(labels, pl.String), orient="row")


def _rows(memory: sqlite3.Connection, every: str, one: str) -> Iterator[tuple[str | None, ...]]:
    """All rows at once; where one of them can't be computed, row by row without it."""
    try:
        yield from memory.execute(every).fetchall()
        return
    except sqlite3.Error:
        pass
    for (number,) in memory.execute("SELECT _n FROM cell").fetchall():
        try:
            yield from memory.execute(one, (number,)).fetchall()
        except sqlite3.Error:
            continue


def _table(types: Mapping[str, str]) -> sqlite3.Connection:
    """A table `cell` in memory with the columns as they are declared, and `_n`."""
    memory = sqlite3.connect(":memory:")
    declared = "".join(
        ', "{}" {}'.format(name.replace('"', '""'), kind) for name, kind in types.items()
    )
    memory.execute(f"CREATE TABLE cell (_n TEXT PRIMARY KEY{declared})")
    return memory
