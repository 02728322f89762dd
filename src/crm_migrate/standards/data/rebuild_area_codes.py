"""Rebuild `area_codes.csv` from the geographic data of the package phonenumbers.

That data (libphonenumber, `resources/geocoding/zh/86.txt`) names the place of every number block
of the landline network; the shortest prefixes are the area codes. City names are brought into the
form of the divisions in force.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

HEADER = """\
# Area codes of landlines in mainland China: province, cities, the code that took its place, and
# how many digits the numbers behind it have (7, 8, or both where they are being lengthened)
# edition: {edition}; source: the network numbering plan as kept by libphonenumber (zh/86.txt)
# rebuilt by: python -m crm_migrate.standards.data.rebuild_area_codes
area_code,province,cities,now,digits
"""
ONE_AREA = {"033": "0335", "034": "0349", "058": "0580", "070": "0701"}
"""Prefixes under which one area code alone is in use: the data leaves its last digit out."""
FORMER = {
    "0410": ("024", "铁岭市"), "0413": ("024", "抚顺市"), "0414": ("024", "本溪市"),
    "0732": ("0731", "湘潭市"), "0733": ("0731", "株洲市"), "0852": ("0851", "遵义市"),
    "0853": ("0851", "安顺市"), "0890": ("0898", "儋州市"), "0899": ("0898", "三亚市"),
    "0910": ("029", "咸阳市"),
}  # fmt: skip
"""Areas that were joined to another: their numbers got a digit in front."""


def area_codes(places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Area code and the text of its place, from prefixes with country code.

    >>> list(area_codes({"8610": "北京市", "86755": "广东省深圳市", "8633": "河北省秦皇岛市"}))
    [('010', '北京市'), ('0335', '河北省秦皇岛市'), ('0755', '广东省深圳市')]
    """
    found = {}
    for prefix, place in places.items():
        code = "0" + prefix.removeprefix("86")
        if re.fullmatch(r"010|02[0-9]|0[3-9][0-9]{1,2}", code):
            found[ONE_AREA.get(code, code)] = place
    return iter(sorted(found.items()))


def read_place(text: str) -> tuple[str, str]:
    """Province and cities (joined by `、`) of a place, in the names of the divisions in force.

    >>> read_place("内蒙古呼伦贝尔"), read_place("上海市")
    (('内蒙古自治区', '呼伦贝尔市'), ('上海市', '上海市'))
    >>> read_place("辽宁省沈阳市、铁岭市")
    ('辽宁省', '沈阳市、铁岭市')
    """
    from crm_migrate.standards.places.divisions import divisions, province_names

    names = province_names()
    written = max((n for n in names if text.startswith(n)), key=len)
    province = names[written]
    here = [d for d in divisions() if d.province == province]
    cities = dict.fromkeys(d.city for d in here if d.city)
    of_district = {d.district[:2]: d.city or d.district for d in here if d.district}
    found: dict[str, None] = {}
    for name in text.removeprefix(written).split("、"):
        city = next((c for c in cities if name and c[:2] == name[:2]), None)
        city = city or of_district.get(name[:2])
        found |= {city or name or province: None}
    return province, "、".join(found)


def digits_of(code: str) -> str:
    """`7`, `8` or `7;8`: how long the numbers of an area are by the metadata of phonenumbers.

    >>> digits_of("010"), digits_of("0891")
    ('8', '7')
    """
    from phonenumbers import is_valid_number, parse

    def share(count: int) -> float:
        tried = [f"{code}{first}" + "1234567"[: count - 3] for first in range(200, 900, 7)]
        return sum(is_valid_number(parse(n, "CN")) for n in tried) / len(tried)

    return ";".join(str(count) for count in (7, 8) if share(count) > 0.05)


def main() -> None:
    """Write the table beside this module."""
    import phonenumbers
    from phonenumbers.geodata import GEOCODE_DATA

    known = {k: v["zh"] for k, v in GEOCODE_DATA.items() if k.startswith("86") and "zh" in v}
    known = {k: place.replace("株州", "株洲") for k, place in known.items()}  # misspelt there
    rows = {code: (*read_place(place), "") for code, place in area_codes(known)}
    rows |= {old: (rows[now][0], city, now) for old, (now, city) in FORMER.items()}
    lines = [
        ",".join((code, *rows[code], "" if rows[code][2] else digits_of(code)))
        for code in sorted(rows)
    ]
    header = HEADER.format(edition=f"phonenumbers {phonenumbers.__version__}")
    target = Path(__file__).with_name("area_codes.csv")
    target.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
