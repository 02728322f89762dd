"""Add job titles to `titles.csv` from a list of one's own, e.g. those of a company's directory.

The list is CSV with the columns `title`, `level` (1 to 5) and `synonyms` (joined by `;`). A title
that the table has gets the list's level and the synonyms of both.
"""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

TABLE = Path(__file__).with_name("titles.csv")
Row = tuple[str, str, tuple[str, ...]]


def read(lines: Iterable[str]) -> Iterator[Row]:
    """Title, level and synonyms of a table's lines.

    Raises:
        ValueError: a level is none of 1 to 5.

    >>> list(read(["# note", "title,level,synonyms", "总经理,1,GM;General Manager"]))
    [('总经理', '1', ('GM', 'General Manager'))]
    """
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        if row["level"] not in ("1", "2", "3", "4", "5"):
            raise ValueError(f"level of {row['title']}: {row['level']}")
        yield row["title"], row["level"], tuple(s for s in row["synonyms"].split(";") if s)


def merged(table: Iterable[Row], more: Iterable[Row]) -> Iterator[Row]:
    """Both tables in one, in the order of the first.

    >>> list(merged([("总监", "2", ("A",))], [("总监", "3", ("B", "A")), ("站长", "3", ())]))
    [('总监', '3', ('A', 'B')), ('站长', '3', ())]
    """
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for title, level, synonyms in (*table, *more):
        known = found.get(title, (level, ()))[1]
        found[title] = (level, (*known, *(s for s in synonyms if s not in known)))
    return ((title, level, synonyms) for title, (level, synonyms) in found.items())


def main(source: str) -> None:
    """Rewrite the table beside this module with the titles of `source` added."""
    lines = TABLE.read_text("utf-8").splitlines()
    header = [line for line in lines if line.startswith(("#", "title,"))]
    more = read(Path(source).read_text("utf-8-sig").splitlines())
    rows = (f"{t},{level},{';'.join(s)}" for t, level, s in merged(read(lines), more))
    TABLE.write_text("\n".join([*header, *rows]) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
