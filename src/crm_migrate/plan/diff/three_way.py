"""The decision for one field: last applied · CRM now · new golden value.

Golden null never erases. What is equal, in canonical text or as stored, is left alone. Of the
rest, with the base's commitment of what was last applied to the cell:

| base              | CRM now      | outcome                                               |
|-------------------|--------------|-------------------------------------------------------|
| none              | empty        | filled                                                |
| none              | another      | policy                                                |
| = CRM now         |              | changed: only the sources moved                       |
| = golden          |              | kept: only the CRM moved (an erased cell, too)        |
| neither           |              | policy: both moved                                    |

Policy: `crm` keeps, `source` changes, `ask` is a conflict.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Literal

import polars as pl

Policy = Literal["crm", "source", "ask"]
Commit = Callable[[pl.Series, pl.Series], pl.Series]
"""Golden ids and values of one field → commitments."""


class Outcome(IntEnum):
    """What happens to one cell."""

    NONE = 0
    NEW = 1
    FILLED = 2
    CHANGED = 3
    KEPT = 4
    CONFLICT = 5


WRITTEN = (Outcome.NEW, Outcome.FILLED, Outcome.CHANGED)
_BY_POLICY = {"crm": Outcome.KEPT, "source": Outcome.CHANGED, "ask": Outcome.CONFLICT}


def settle(cells: pl.DataFrame, policy: Policy, commit: Commit) -> pl.Series:
    """The `Outcome` (UInt8) of each row of cells of one field.

    Columns: `golden_id`, `matched` (the record stands in the target), `golden` and `present`
    (canonical text), `as_stored` (the golden value is stored as what stands there), `as_left`
    (the raw row is as it was when last applied: then the CRM did not move, though its triggers
    may have made something else of the value), `base` (commitment, null where there is none).
    """
    if not cells["matched"].any():
        new = pl.when(pl.col("golden").is_not_null()).then(Outcome.NEW).otherwise(Outcome.NONE)
        return cells.select(outcome=new.cast(pl.UInt8)).to_series()
    golden, present = pl.col("golden"), pl.col("present")
    differs = golden.is_not_null() & golden.ne_missing(present) & ~pl.col("as_stored")
    if not cells["base"].null_count() < cells.height:  # nothing was ever applied here
        moved = pl.lit(None, dtype=pl.Boolean)
        cells = cells.with_columns(crm=moved, source=moved)
    else:
        cells = _with_moves(cells, differs, commit)
    decided = (
        pl.when(~differs)
        .then(Outcome.NONE)
        .when(~pl.col("matched"))
        .then(Outcome.NEW)
        .when(pl.col("crm").is_null() & present.is_null())
        .then(Outcome.FILLED)
        .when(pl.col("crm").is_null())
        .then(_BY_POLICY[policy])
        .when(~pl.col("crm") & ~pl.col("source"))
        .then(Outcome.NONE)
        .when(~pl.col("crm"))
        .then(Outcome.CHANGED)
        .when(~pl.col("source"))
        .then(Outcome.KEPT)
        .otherwise(_BY_POLICY[policy])
    )
    return cells.select(outcome=decided.cast(pl.UInt8)).to_series()


def _with_moves(cells: pl.DataFrame, differs: pl.Expr, commit: Commit) -> pl.DataFrame:
    """The cells with `crm` and `source`: whether that side moved since the base was kept."""
    cells = cells.with_row_index("n")
    contested = cells.filter(differs & pl.col("matched") & pl.col("base").is_not_null())
    moved = contested.select(
        "n",
        # An empty cell has no commitment: it differs from every base. Where the raw row is as it
        # was left, nobody moved it, whatever the CRM itself made of the value then.
        crm=commit(contested["golden_id"], contested["present"]).ne_missing(contested["base"])
        & ~contested["as_left"],
        source=commit(contested["golden_id"], contested["golden"]).ne_missing(contested["base"]),
    )
    return cells.join(moved, on="n", how="left", maintain_order="left")
