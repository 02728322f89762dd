"""Rebuild the tables of GB/T 4754 from the list that the National Bureau of Statistics publishes.

The published list (国民经济行业分类) saved as CSV has a code in its first and a name in its second
column: `A`, `01`, `011`, `0111`. `gbt4754_2017.csv` takes sections and divisions,
`gbt4754_2017_groups.csv` groups, `gbt4754_2017_classes.csv` classes. Where a group is not divided,
the list may have only its class (`0190`), or only the group (`019`): both are written.
The comments at the head of each table are kept.
"""

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


def divisions(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, str, str, str]]:
    """Section, its name, division, its name, in the order of the list.

    Raises:
        ValueError: a division stands before the first section.

    >>> list(divisions([["C", "制造业"], ["35", "专用设备制造业"], ["351", "采矿设备"]]))
    [('C', '制造业', '35', '专用设备制造业')]
    """
    section: tuple[str, str] | None = None
    for code, name in _listed(rows):
        if re.fullmatch("[A-T]", code):
            section = (code, name)
        elif re.fullmatch("[0-9]{2}", code):
            if section is None:
                raise ValueError("a division stands before the first section")
            yield (*section, code, name)


def groups(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Group and its name, in the order of the list.

    >>> list(groups([["018", "草种植及割草"], ["0181", "草种植"], ["0190", "其他农业"]]))
    [('018', '草种植及割草'), ('019', '其他农业')]
    """
    names: dict[str, str] = {}
    for code, name in _listed(rows):
        if re.fullmatch("[0-9]{3,4}", code):
            names.setdefault(code[:3], name)
    yield from names.items()


def classes(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Class and its name, by code.

    >>> list(classes([["018", "草种植及割草"], ["0181", "草种植"], ["019", "其他农业"]]))
    [('0181', '草种植'), ('0190', '其他农业')]
    """
    found = list(_listed(rows))
    names = {code: name for code, name in found if re.fullmatch("[0-9]{4}", code)}
    divided = {code[:3] for code in names}
    whole = {code + "0": name for code, name in groups(found) if code not in divided}
    yield from sorted((names | whole).items())


def _listed(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        code, name, *_ = (*row, "", "")
        if code and name:
            yield code.strip(), name.strip()


def main(source: str, target: Path | None = None) -> None:
    """Write the tables beside this module, or into the folder `target`."""
    with Path(source).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    beside = Path(__file__)
    for name, lines in (
        ("gbt4754_2017.csv", list(divisions(rows))),
        ("gbt4754_2017_groups.csv", list(groups(rows))),
        ("gbt4754_2017_classes.csv", list(classes(rows))),
    ):
        old = beside.with_name(name).read_text("utf-8").splitlines()
        head = old[: 1 + next(n for n, line in enumerate(old) if not line.startswith("#"))]
        text = "\n".join([*head, *(",".join(line) for line in lines)]) + "\n"
        (target or beside.parent).joinpath(name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
