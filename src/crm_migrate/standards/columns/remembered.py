"""What was just worked out of a column is not worked out again.

A standard reads a column to normalise it, again to judge it, and rules across fields ask for its
parts: mostly of the same values. Within `remembering` the last answer of a slow reader is kept.
What is said of things public, like names of places, may be kept for good (`learning`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from threading import Lock, get_ident
from typing import Any, TypeVar, cast

import numpy as np
import polars as pl

Answer = TypeVar("Answer")
Reader = Callable[[pl.Series], Answer]
Taken = Callable[[Sequence[Answer], pl.Series], Answer]
"""The rows at given places, the answers one behind the other."""

_MANY = 1_000
"""Rows below which it is as cheap to read again."""
_LEARNT = 50_000
"""Answers that are kept for good, at the most."""
_last: dict[tuple[int, str], tuple[pl.Series, Any]] = {}
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


def remembered_with(taken: Taken[Answer]) -> Callable[[Reader[Answer]], Reader[Answer]]:
    """Of a reader whose answer for a row depends on nothing but its value: only rows that differ
    from those of the last column are read, and of a part of that column those that it lacks.
    """

    def remember(reader: Reader[Answer]) -> Reader[Answer]:
        name = f"{reader.__module__}.{reader.__name__}"

        @wraps(reader)
        def read(column: pl.Series) -> Answer:
            if not _depth or len(column) < _MANY:
                return reader(column)
            own = get_ident(), name
            before, answer = _last.get(own, (column.clear(), None))
            place = _places(column, before)
            if 2 * place.null_count() > len(column):
                answer = reader(column)
            elif place.null_count() or len(column) < len(before):
                answer = _again(reader, column, (before, answer), place, taken)
                if len(column) < len(before):
                    return cast("Answer", answer)  # what tells more stays
            _last[own] = column, answer
            return cast("Answer", answer)

        return read

    return remember


def _places(column: pl.Series, before: pl.Series) -> pl.Series:
    """In which row of `before` each value stands; null for nowhere."""
    if len(column) > len(before):
        return pl.repeat(None, len(column), dtype=pl.UInt32, eager=True)
    if len(column) == len(before):
        rows = pl.int_range(len(column), dtype=pl.UInt32, eager=True)
        other = before.ne_missing(column)
        return rows.set(other, None) if other.any() else rows
    known = pl.DataFrame({"value": before}).with_row_index("row").unique("value", keep="any")
    asked = pl.DataFrame({"value": column})
    return asked.join(known, on="value", how="left", nulls_equal=True, maintain_order="left")["row"]


def _again(
    reader: Reader[Answer],
    column: pl.Series,
    last: tuple[pl.Series, Answer],
    place: pl.Series,
    taken: Taken[Answer],
) -> Answer:
    """The rows of the last answer at the places; those without a place are read."""
    before, answer = last
    other = np.flatnonzero(place.is_null().to_numpy())
    rows = place.fill_null(0).to_numpy(writable=True)
    rows[other] = np.arange(len(before), len(before) + len(other))
    answers = [answer, reader(column.gather(other))] if len(other) else [answer]
    return taken(answers, pl.Series(rows))


def rows_taken(frames: Sequence[pl.DataFrame], place: pl.Series) -> pl.DataFrame:
    """The rows at the places, the frames one behind the other."""
    return pl.concat(frames, how="vertical_relaxed", rechunk=True)[place]


remembered = remembered_with(rows_taken)
"""A reader that answers with a frame, row for row."""


def values_taken(columns: Sequence[pl.Series], place: pl.Series) -> pl.Series:
    """The values at the places, the columns one behind the other."""
    return pl.concat(columns, rechunk=True)[place]


remembered_column = remembered_with(values_taken)
"""A reader that answers with a column; to be asked about whole columns, as looking up a few rows
costs more than most of them do.
"""


def learning(lasting: pl.Expr) -> Callable[[Reader[pl.DataFrame]], Reader[pl.DataFrame]]:
    """Of a reader of distinct values, which come back in its column `text`: answers that are
    `lasting` are kept for good, so they must hold nothing that is anybody's.
    """

    def learn(reader: Reader[pl.DataFrame]) -> Reader[pl.DataFrame]:
        learnt = pl.DataFrame(schema={"text": pl.String})

        @wraps(reader)
        def read(values: pl.Series) -> pl.DataFrame:
            nonlocal learnt
            known = learnt  # another thread may put its own in the place of this one meanwhile
            new = values.filter(~values.is_in(known["text"].implode()))
            if len(new) or known.width == 1:
                known = pl.concat([known, reader(new)], how="diagonal_relaxed")
                if known.height <= _LEARNT:
                    learnt = known.filter(lasting)
            asked = values.alias("text").to_frame()
            return asked.join(known, on="text", how="left", maintain_order="left")

        return read

    return learn
