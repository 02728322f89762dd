"""Lines of counts: A and B of a measure, of some part of the data."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.dataframe.group_by import GroupBy

from crm_migrate.records import SOURCE

ALL = ""
"""`source` of counts over all sources (they are counted afresh: doubles stand across sources),
and `field` of counts over whole records."""

COUNTS_SCHEMA = {
    "phase": pl.String(),
    "entity": pl.String(),
    "source": pl.String(),
    "field": pl.String(),
    "measure": pl.String(),
    "good": pl.Int64(),
    "total": pl.Int64(),
}
"""One line per measure and place: A (`good`) and B (`total`); lines without B are left out."""

Line = tuple[str, str, str, str, str, int, int]
Mask = NDArray[np.bool_]


def counts_frame(lines: Iterator[Line]) -> pl.DataFrame:
    """The lines (COUNTS_SCHEMA) in which anything was judged, in a fixed order."""
    rows = sorted(line for line in lines if line[-1])
    return pl.DataFrame(rows, schema=COUNTS_SCHEMA, orient="row")


def by_source(records: pl.DataFrame) -> GroupBy:
    """The records by `_source`; one with a list of sources counts for each of them."""
    several = records.schema[SOURCE].is_nested()
    return (records.explode(SOURCE) if several else records).group_by(SOURCE)
