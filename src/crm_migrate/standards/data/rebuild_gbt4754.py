"""Rebuild the tables of GB/T 4754 from the list that the National Bureau of Statistics publishes.

The published list (国民经济行业分类) saved as CSV has a code in its first and a name in its second
column: `A`, `01`, `011`, `0111`. `gbt4754_2017.csv` takes sections and divisions,
`gbt4754_2017_groups.csv` groups and which classes they have, without the names of these. Where a
group is not divided, the list has only its class (`0190`).
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

GROUPS_HEADER = """\
# GB/T 4754-2017 国民经济行业分类: groups (中类) and the last digits of their classes (小类)
# edition: 2017, in force since 2017-10-01; publisher: National Bureau of Statistics 国家统计局
# classes: the fourth digits that exist, 0 where the group is not divided; 473 groups as in the
#   standard, 1,381 classes (the standard says 1,380, its amendment of 2019 1,382: one may be wrong)
# rebuilt by: python -m crm_migrate.standards.data.rebuild_gbt4754 OFFICIAL.csv
group,name,classes
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


def groups(rows: Iterable[list[str]]) -> Iterator[tuple[str, str, str]]:
    """Group, its name, the last digits of its classes, in the order of the list.

    >>> list(groups([["018", "草种植"], ["0181", "草种植"], ["0182", "割草"], ["0190", "其他"]]))
    [('018', '草种植', '12'), ('019', '其他', '0')]
    """
    names: dict[str, str] = {}
    digits: dict[str, str] = {}
    for code, name in ((row[0].strip(), row[1].strip()) for row in rows if len(row) > 1):
        if re.fullmatch("[0-9]{3,4}", code):
            names.setdefault(code[:3], name)
            digits[code[:3]] = digits.get(code[:3], "") + code[3:]
    for code, name in names.items():
        yield code, name, digits[code] or "0"


def main(source: str) -> None:
    """Write the tables beside this module."""
    with Path(source).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    beside = Path(__file__)
    for name, header, lines in (
        ("gbt4754_2017.csv", HEADER, divisions(rows)),
        ("gbt4754_2017_groups.csv", GROUPS_HEADER, groups(rows)),
    ):
        text = "".join(",".join(line) + "\n" for line in lines)
        beside.with_name(name).write_text(header + text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
