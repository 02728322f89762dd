"""Rebuild `gb32100_2015.csv` from the tables of the standard (GB 32100-2015, 4.2 and 4.3).

Source: the standard's table, as amended in 2016 (XG1-2016), saved as CSV, one class per line: the
authority's code and name, the class's code and name. Cells that the printed table merges may be
empty from the second line on. The two classes that the Ministry of Civil Affairs has given out
since 2018 and no edition of the table has are kept, marked “in use”.
"""

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

TARGET = Path(__file__).with_name("gb32100_2015.csv")
ADDED = (("5", "民政", "4", "村民委员会"), ("5", "民政", "5", "居民委员会"))
Row = tuple[str, str, str, str]


def classes(rows: Iterable[list[str]]) -> Iterator[Row]:
    """Authority, its name, class, its name; cells of a merged authority are filled.

    Raises:
        ValueError: a class stands before the first authority.

    >>> list(classes([["9", "工商", "1", "企业"], ["", "", "2", "个体工商户"]]))
    [('9', '工商', '1', '企业'), ('9', '工商', '2', '个体工商户')]
    """
    authority: tuple[str, str] | None = None
    for row in ([cell.strip() for cell in line] for line in rows):
        if len(row) < 4 or not re.fullmatch("[1-9]", row[2]):
            continue
        if re.fullmatch("[0-9A-Z]", row[0]):
            authority = (row[0], row[1])
        if authority is None:
            raise ValueError("a class stands before the first authority")
        yield (*authority, row[2], row[3])


def main(source: str) -> None:
    """Write the table beside this module; the comment lines in front stay."""
    head = [x for x in TARGET.read_text("utf-8").splitlines(keepends=True) if x.startswith("#")]
    with Path(source).open(encoding="utf-8-sig", newline="") as file:
        of_standard = {*classes(csv.reader(file))}
    every = [*((*row, "standard") for row in of_standard)]
    every += [(*row, "in use") for row in ADDED if row not in of_standard]
    lines = ["authority,authority_name,class,class_name,basis", *map(",".join, sorted(every))]
    TARGET.write_text("".join(head) + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
