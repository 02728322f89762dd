"""How PostgreSQL joins the rows that it is given with those of a table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

_ALONG_INDEX = """
    SELECT set_config(s, how, true) FROM unnest('{enable_hashjoin,enable_mergejoin}'::text[]) s,
    (SELECT CASE WHEN count(*) > 0 THEN 'off' ELSE 'on' END AS how
     FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indrelid = %s::regclass AND i.indisvalid AND i.indpred IS NULL
       AND a.attname::text = ANY (%s)) x
"""


@contextmanager
def along_index(
    connection: "psycopg.Connection[Any]", table: str, columns: Sequence[str]
) -> Iterator[None]:
    """Joins in here look each row up by itself, where one of the columns leads an index.

    Left to himself, the planner reads the whole table once for every part of a set, as long as
    the table is young or not very large. `table`: its name as it stands in SQL.
    """
    connection.execute(_ALONG_INDEX, [table, list(columns)])
    yield
    connection.execute("RESET enable_hashjoin; RESET enable_mergejoin")
