"""Rebuild `mobile_prefixes.csv`: what the prefixes of mobile numbers are used for, and by whom.

The operators are those that the package phonenumbers names (libphonenumber, `carrier/zh/86.txt`).
Uses are the allocations of the MIIT; write a new allocation into `USES` and run this again.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

HEADER = """\
# Prefixes of mobile numbers in mainland China: use and operator
# use: people, resold (virtual operators), device (things and data cards), unallocated
# edition: 2026-11; source: numbering plan of the MIIT (2017) and later allocations; operators as
# in phonenumbers {version}; a prefix that is not listed is not known to be in use
# rebuilt by: python -m crm_migrate.standards.data.rebuild_mobile_prefixes
prefix,use,operator
"""
USES = {
    "people": (
        "130-139 145 147 150-153 155-159 166 172 173 175-178 180-193 195-199"
    ),
    "resold": "162 165 167 170 171",
    "device": "140 141 144 146 148 149",
    "unallocated": "142 143 154 161 164 194",
}  # fmt: skip
UNNAMED = {"162": "中国电信", "165": "中国移动"}
"""Operators that the package does not name."""


def prefixes(uses: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Prefix and use, in the order of the prefixes.

    >>> list(prefixes({"people": "130-132", "device": "131"}))
    [('130', 'people'), ('131', 'device'), ('132', 'people')]
    """
    found: dict[str, str] = {}
    for use, ranges in uses.items():
        for part in ranges.split():
            first, _, last = part.partition("-")
            found |= {str(n): use for n in range(int(first), int(last or first) + 1)}
    return iter(sorted(found.items()))


def operator(prefix: str, carriers: Mapping[str, str]) -> str:
    """The operators of all blocks of a prefix, joined by `、`.

    >>> operator("170", {"861700": "中国电信", "861704": "中国联通", "86138": "中国移动"})
    '中国电信、中国联通'
    """
    of_all = {n for k, n in carriers.items() if ("86" + prefix).startswith(k)}
    named = of_all or {n for k, n in carriers.items() if k.startswith("86" + prefix)}
    return "、".join(sorted(named)) or UNNAMED.get(prefix, "")


def main() -> None:
    """Write the table beside this module."""
    import phonenumbers
    from phonenumbers.carrierdata import CARRIER_DATA

    carriers = {k: v["zh"] for k, v in CARRIER_DATA.items() if k.startswith("861") and "zh" in v}
    lines = [
        f"{prefix},{use},{'' if use == 'unallocated' else operator(prefix, carriers)}"
        for prefix, use in prefixes(USES)
    ]
    target = Path(__file__).with_name("mobile_prefixes.csv")
    header = HEADER.format(version=phonenumbers.__version__)
    target.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
