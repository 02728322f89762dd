"""What was just worked out of a column is not worked out again.

A standard reads a column to normalise it, again to judge it, and rules across fields ask for its
parts: mostly of the same values. Within `remembering` the last answer of a slow reader is kept.
What is said of things public, like names of places, may be kept for good (`learning`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock, get_ident
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.standards.columns.residue import replaced_at

Answer = TypeVar("Answer")
Reader = Callable[[pl.Series], Answer]
Replace = Callable[[Answer, npt.NDArray[np.intp], Answer], Answer]
"""An answer with other ones in some of its rows."""

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


def remembered_with(replaced: Replace[Answer]) -> Callable[[Reader[Answer]], Reader[Answer]]:
    """Of a reader whose answer for a row depends on nothing but its value; only rows that differ
    from those of the last column are read.
    """

    def remember(reader: Reader[Answer]) -> Reader[Answer]:
        name = f"{reader.__module__}.{reader.__name__}"

        @wraps(reader)
        def read(column: pl.Series) -> Answer:
            if not _depth or len(column) < _MANY:
                return reader(column)
            own = get_ident(), name
            answer: Answer = _again(reader, column, _last.get(own), replaced)
            _last[own] = column, answer
            return answer

        return read

    return remember


def _again(
    reader: Reader[Answer],
    column: pl.Series,
    last: tuple[pl.Series, Answer] | None,
    replaced: Replace[Answer],
) -> Answer:
    if last is None or len(last[0]) != len(column):
        return reader(column)
    before, answer = last
    other = np.flatnonzero(before.ne_missing(column).to_numpy())
    if not len(other):
        return answer
    if 2 * len(other) > len(column):
        return reader(column)
    return replaced(answer, other, reader(column.gather(other)))


def with_rows(
    frame: pl.DataFrame, rows: npt.NDArray[np.intp], others: pl.DataFrame
) -> pl.DataFrame:
    """The frame with the others in place of some of its rows."""
    place = replaced_at(rows, frame.height)
    return pl.concat([frame, others], how="vertical_relaxed", rechunk=True)[place]


remembered = remembered_with(with_rows)
"""A reader that answers with a frame, row for row."""


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
