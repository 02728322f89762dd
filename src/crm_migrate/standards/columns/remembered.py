"""What was just worked out of a column is not worked out again.

A standard reads a column to normalise it, again to judge it, and rules across fields ask for its
parts: mostly of the same values. Within `remembering` the last answer of a slow reader is kept.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock, get_ident

import numpy as np
import polars as pl

Reader = Callable[[pl.Series], pl.DataFrame]

_MANY = 1_000
"""Rows below which it is as cheap to read again."""
_last: dict[tuple[int, str], tuple[pl.Series, pl.DataFrame]] = {}
"""Thread and reader → its last column and answer: never longer than the batch is worked on."""
_depth = 0
_lock = Lock()


@contextmanager
def remembering() -> Iterator[None]:
    """Readers keep their last answers in here; nothing of them is left afterwards."""
    global _depth
    with _lock:
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if not _depth:
                _last.clear()


def remembered(reader: Reader) -> Reader:
    """A reader whose answer for a row depends on nothing but its value; only rows that differ
    from those of the last column are read.
    """
    name = f"{reader.__module__}.{reader.__name__}"

    @wraps(reader)
    def read(column: pl.Series) -> pl.DataFrame:
        if not _depth or len(column) < _MANY:
            return reader(column)
        own = get_ident(), name
        answer = _again(reader, column, _last.get(own))
        _last[own] = column, answer
        return answer

    return read


def _again(
    reader: Reader, column: pl.Series, last: tuple[pl.Series, pl.DataFrame] | None
) -> pl.DataFrame:
    if last is None or len(last[0]) != len(column):
        return reader(column)
    before, answer = last
    other = before.ne_missing(column).arg_true().to_numpy()
    if not len(other):
        return answer
    if 2 * len(other) > len(column):
        return reader(column)
    place = np.arange(len(column))
    place[other] = len(column) + np.arange(len(other))
    return pl.concat([answer, reader(column.gather(other))], how="vertical_relaxed")[place]
