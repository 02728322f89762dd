"""What became of the records since a linkage was remembered: new, changed, gone, the same."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_migrate.linkage.features.coded import Hashes, Indices, Mask, numbers_of
from crm_migrate.linkage.features.features import id_order
from crm_migrate.linkage.memory.memory import Memory, row_numbers
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.records import RECORD_ID


@dataclass(frozen=True)
class Change:
    """What became of the records since the memory was made. `ids` are those of today, in order.

    rows: per record a number for what it says. changed: new ones, too. before: place in the
    memory (−1: not there). now: for every place in the memory the place of today (−1: gone or
    changed).
    """

    ids: pl.Series
    rows: Hashes
    changed: Mask
    before: Indices
    now: Indices

    @property
    def count(self) -> int:
        """New, changed and gone records."""
        return int(self.changed.sum()) + self.gone

    @property
    def came_or_went(self) -> int:
        """New and gone records."""
        return int((self.before < 0).sum()) + self.gone

    @property
    def gone(self) -> int:
        """Records that are remembered and stand no more."""
        return len(self.now) - int((self.before >= 0).sum())


def changes(records: pl.DataFrame, rules: LinkageRules, memory: Memory) -> Change:
    """The records against what is remembered of them."""
    order = id_order(records[RECORD_ID])
    ids = records[RECORD_ID] if order is None else records[RECORD_ID].gather(order)
    rows = row_numbers(records, order, rules)
    before = _places(ids, memory.records[RECORD_ID])
    there = before >= 0
    changed = ~there
    changed[there] = rows[there] != memory.records["row"].to_numpy()[before[there]]
    now = np.full(memory.records.height, -1, dtype=np.int64)
    kept = np.flatnonzero(~changed)
    now[before[kept]] = kept
    return Change(ids, rows, changed, before, now)


def _places(ids: pl.Series, known: pl.Series) -> Indices:
    """Per id its place among the known ones; −1 where it is none of them."""
    if ids.equals(known):
        return np.arange(len(ids), dtype=np.int64)
    if not len(known):
        return np.full(len(ids), -1, dtype=np.int64)
    numbers, wanted = numbers_of(known), numbers_of(ids)
    order = np.argsort(numbers)
    at = order[np.minimum(np.searchsorted(numbers[order], wanted), len(known) - 1)]
    same = (known.gather(at) == ids).to_numpy()
    return np.where(same, at, -1)
