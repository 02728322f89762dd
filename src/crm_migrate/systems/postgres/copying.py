"""What COPY … TO STDOUT sends, many lines at a time.

The driver's own loop asks for one line after the other, which costs more than all the rest of
reading a table; here its generators run on until enough has come.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import copy_from, execute
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

Lines = list[memoryview]

_BYTES = 32_000_000


def copied(connection: "psycopg.Connection[Any]", query: str) -> Iterator[Lines]:
    """The lines of a COPY … TO STDOUT, in order, some tens of megabytes at a time.

    `connection`: inside a transaction. Should the caller not read to the end, it is closed.

    Raises:
        psycopg.Error: the server refused, or the connection broke.
    """
    pgconn = connection.pgconn
    connection.wait(_begin(pgconn, query.encode(connection.info.encoding)))
    ended = False
    try:
        while not ended:
            lines, ended = connection.wait(_some(pgconn))
            yield lines
    except psycopg.Error:  # the server's answer: nothing more will come
        ended = True
        raise
    finally:
        if not ended:
            pgconn.finish()


def _begin(pgconn: PGconn, query: bytes) -> PQGen[None]:
    pgconn.send_query(query)
    result = (yield from execute(pgconn))[-1]
    if result.status != ExecStatus.COPY_OUT:
        raise error_from_result(result)


def _some(pgconn: PGconn) -> PQGen[tuple[Lines, bool]]:
    """The next lines, and whether they are the last."""
    lines, size = Lines(), 0
    while size < _BYTES:
        line = yield from copy_from(pgconn)
        if not isinstance(line, memoryview):
            return lines, True
        lines.append(line)
        size += len(line)
    return lines, False
