"""`truth.csv`: which true customer each record is, for evaluation. It holds no personal data."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("source", "table", "key", "row", "customer", "case", "other")


@dataclass(frozen=True, slots=True)
class Truth:
    """One record: its place, the true customer's number and what is special about it.

    `row` counts as a person does (None for databases); `other` is, for doubtful records, the
    customer that they must be compared with (for `doubtful_same` equal to `customer`).
    """

    source: str
    table: str
    key: str
    row: int | None
    customer: int
    case: str
    other: int | None = None


def write(path: Path, rows: Iterable[Truth]) -> None:
    """Write the truth as UTF-8 CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for t in rows:
            other = "" if t.other is None else t.other
            row = "" if t.row is None else t.row
            writer.writerow((t.source, t.table, t.key, row, t.customer, t.case, other))
