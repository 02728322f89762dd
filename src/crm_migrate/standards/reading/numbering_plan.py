"""The forms of telephone numbers in China, as patterns, and its area codes.

Basis: the Chinese numbering plan (工信部 电信网编号计划, 2017) and ITU-T E.164; area codes are
those of `data/area_codes.csv`.
"""

from functools import cache

from crm_migrate.standards.data.tables import Table

MOBILE = r"1[3-9][0-9]{9}"
EXTENSION = r"(?:-[0-9]{1,6})"
AREA = r"0(?:10|2[0-9]|[3-9][0-9]{2})"
LANDLINE = f"{AREA}-[2-9][0-9]{{6,7}}{EXTENSION}?"
LOCAL = rf"(?:[2-8][0-9]|9[0-47-9])[0-9]{{5,6}}{EXTENSION}?"
"""Without an area code; 95 and 96 begin short numbers."""
SERVICE = (
    rf"[48]00[0-9]{{7}}{EXTENSION}?|(?:{AREA}-)?9[56](?:[0-9]{{3,4}}|[0-9]{{6}})"
    r"|1[02][0-9]{3}|1010[0-9]{4}|11[46][0-9]{3}"
)
ABROAD = r"\+(?:[1-79][0-9]{6,14}|8[0-57-9][0-9]{5,13})"
ONE = f"(?:{MOBILE}{EXTENSION}?|{LANDLINE}|{SERVICE}|{LOCAL}|{ABROAD})"
"""One number in canonical form."""


@cache
def areas() -> dict[str, dict[str, str]]:
    """Area code → `province`, `cities` (joined by `、`) and `now`, the code in its place if any."""
    return {row["area_code"]: row for row in Table("area_codes").rows}


@cache
def valid_area() -> str:
    """A pattern of the area codes in force."""
    return f"(?:{'|'.join(code for code, row in areas().items() if not row['now'])})"


@cache
def area_of(digits: str) -> str:
    """A pattern of the area codes in force whose numbers have so many digits (`7`, `8`)."""
    found = (c for c, row in areas().items() if digits in row["digits"].split(";"))
    return f"(?:{'|'.join(found)})"
