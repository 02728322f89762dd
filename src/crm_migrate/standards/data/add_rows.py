"""Add rows to a reference table that is kept by hand: titles, surnames, forms, mail domains.

    python -m crm_migrate.standards.data.add_rows titles MORE.csv

MORE.csv has the table's columns. A row whose first column the table has takes that row's place,
except that lists joined by `;` keep the entries of both.
"""

import csv
import sys
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path

Row = dict[str, str]


def read(lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a table, without its comment lines.

    >>> list(read(["# note", "title,level", "总经理,1"]))
    [{'title': '总经理', 'level': '1'}]
    """
    return iter(csv.DictReader(line for line in lines if not line.startswith("#")))


def merged(table: Iterable[Row], more: Iterable[Row]) -> Iterator[Row]:
    """Both tables in one, in the order of the first.

    Raises:
        ValueError: the tables have different columns.

    >>> list(merged([{"t": "总监", "s": "A"}], [{"t": "总监", "s": "B;A"}, {"t": "站长", "s": ""}]))
    [{'t': '总监', 's': 'A;B'}, {'t': '站长', 's': ''}]
    """
    found: dict[str, Row] = {}
    for row in (*table, *more):
        first = next(iter(found.values()), row)
        if row.keys() != first.keys():
            raise ValueError(f"columns {', '.join(row)} instead of {', '.join(first)}")
        name = next(iter(row.values()))
        before = found.get(name, row)
        found[name] = {k: _both(before[k], v) for k, v in row.items()}
    return iter(found.values())


def _both(old: str, new: str) -> str:
    if ";" not in old + new:
        return new
    return ";".join(dict.fromkeys(part for part in f"{old};{new}".split(";") if part))


def main(name: str, source: str) -> None:
    """Rewrite the table of that name beside this module with the rows of `source` added."""
    target = Path(__file__).with_name(f"{name}.csv")
    lines = target.read_text("utf-8").splitlines()
    notes = [line for line in lines if line.startswith("#")]
    rows = list(merged(read(lines), read(Path(source).read_text("utf-8-sig").splitlines())))
    text = StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    target.write_text("\n".join([*notes, text.getvalue()]), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
