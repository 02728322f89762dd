"""Rebuild `gbt4754_2017.csv` from the list that the National Bureau of Statistics publishes.

The published list (stats.gov.cn, 国民经济行业分类) saved as CSV has a code in its first and a name
in its second column: `A`, `01`, `011`, `0111`. Sections and divisions are taken; the finer levels
are left out.
"""

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

HEADER = """\
# GB/T 4754-2017 国民经济行业分类: sections and divisions (门类与大类)
# edition: 2017, in force since 2017-10-01; publisher: National Bureau of Statistics 国家统计局
# rebuilt by: python -m crm_migrate.standards.data.rebuild_gbt4754 OFFICIAL.csv
section,section_name,division,division_name
"""


def divisions(rows: Iterable[list[str]]) -> Iterator[tuple[str, str, str, str]]:
    """Section, its name, division, its name, in the order of the list.

    Raises:
        ValueError: a division stands before the first section.

    >>> list(divisions([["C", "制造业"], ["35", "专用设备制造业"], ["351", "采矿设备"]]))
    [('C', '制造业', '35', '专用设备制造业')]
    """
    section: tuple[str, str] | None = None
    for code, name in ((row[0].strip(), row[1].strip()) for row in rows if len(row) > 1):
        if re.fullmatch("[A-T]", code):
            section = (code, name)
        elif re.fullmatch("[0-9]{2}", code):
            if section is None:
                raise ValueError("a division stands before the first section")
            yield (*section, code, name)


def main(source: str) -> None:
    """Write the table beside this module."""
    with Path(source).open(encoding="utf-8-sig", newline="") as file:
        lines = [",".join(row) for row in divisions(csv.reader(file))]
    target = Path(__file__).with_name("gbt4754_2017.csv")
    target.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
