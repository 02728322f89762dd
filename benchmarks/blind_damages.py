"""What people and programs do to cells, by kind, and what may rightly become of each.

`REPAIR`: somebody who knows the standards can tell the right value. `TELL`: nobody can, but that
something is wrong can be seen. `EITHER`: both are good. A damage that nobody could notice (one
digit of a mobile number changed into another) is not made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from benchmarks.blind_cells import clean_row
from benchmarks.blind_places import Place, places

REPAIR, TELL, EITHER = "repair", "tell", "either"
Row = Mapping[str, str]


@dataclass(frozen=True)
class Damaged:
    """What stands in the cell now; `truth` where it is no longer the cell's own old value;
    `emptied`: the column whose value it took away; `needs`: one that must not be damaged itself.
    """

    text: str
    truth: str | None = None
    emptied: str = ""
    needs: str = ""


Make = Callable[[Random, str, Row], str | Damaged | None]


@dataclass(frozen=True)
class Damage:
    """A kind of damage, and what may become of it."""

    kind: str
    may: str
    make: Make
    weight: float = 1.0


WIDE = {c: c + 0xFEE0 for c in range(0x21, 0x7F)}
_HIDDEN = ("\u200b", "\ufeff", "\u202d", "\u200e", "\u2060")
_BLANKS = (" ", "\u3000", "\u00a0", "\t", "\n", "  ")


def wide_signs(_: Random, text: str, row: Row) -> str:
    """Full-width signs, as an input method types them."""
    return text.translate(WIDE)


def blank_inside(rng: Random, text: str, row: Row) -> str | None:
    """A blank somewhere inside."""
    at = rng.randrange(1, len(text)) if len(text) > 1 else 0
    return text[:at] + rng.choice((" ", "\u3000", "\u00a0")) + text[at:] if at else None


def blank_around(rng: Random, text: str, row: Row) -> str:
    """A blank of some kind in front or behind."""
    return rng.choice((rng.choice(_BLANKS) + text, text + rng.choice(_BLANKS)))


def hidden_sign(rng: Random, text: str, row: Row) -> str:
    """A sign without width somewhere."""
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(_HIDDEN) + text[at:]


def mojibake(rng: Random, text: str, row: Row) -> str | None:
    """The text read in another encoding, or what that leaves of it."""
    if text.isascii():
        return None
    raw = text.encode()
    return rng.choice((raw.decode("latin1"), raw.decode("gb18030", "replace"),
                       "锟斤拷" * (len(text) // 2 + 1),
                       text[:1] + "?" * (len(text) - 1), text[:-1] + "\ufffd"))  # fmt: skip


def transposed(rng: Random, text: str, row: Row) -> str | None:
    """Two unlike neighbours change places."""
    spots = [i for i in range(len(text) - 1) if text[i] != text[i + 1]]
    if not spots:
        return None
    at = rng.choice(spots)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def digit_lost(rng: Random, text: str, row: Row) -> str:
    """One sign, not the first, is gone."""
    at = rng.randrange(1, len(text))
    return text[:at] + text[at + 1 :]


def digit_twice(rng: Random, text: str, row: Row) -> str:
    """One sign stands there twice."""
    at = rng.randrange(1, len(text))
    return text[:at] + text[at] + text[at:]


def changed(rng: Random, text: str, row: Row) -> str | None:
    """One digit is another."""
    spots = [i for i, c in enumerate(text) if c.isdigit()]
    if not spots:
        return None
    at = rng.choice(spots)
    return text[:at] + str((int(text[at]) + rng.randrange(1, 10)) % 10) + text[at + 1 :]


def swapped(pairs: str) -> Make:
    """One of the signs before its = by the one behind."""
    table = [(p.partition("=")[0], p.partition("=")[2]) for p in pairs.split(" ")]

    def make(rng: Random, text: str, row: Row) -> str | None:
        spots = [pair for pair in table if pair[0] in text]
        if not spots:
            return None
        old, new = rng.choice(spots)
        return text.replace(old, new, 1 if rng.random() < 0.5 else -1)

    return make


def words(*forms: str, truth: str | None = None) -> Make:
    """One of the forms, in which {} is the old value."""

    def make(rng: Random, text: str, row: Row) -> Damaged:
        return Damaged(rng.choice(forms).replace("{}", text), truth)

    return make


def scientific(rng: Random, text: str, row: Row) -> str | None:
    """What a spreadsheet shows of a long number."""
    return f"{int(text):.{rng.choice((2, 4, 5))}E}" if text.isdigit() else None


def precision(rng: Random, text: str, row: Row) -> str | None:
    """What a spreadsheet keeps of a long number: fifteen digits."""
    return text[:15] + "0" * (len(text) - 15) if text.isdigit() and text[15:].strip("0") else None


def grouped(sign: str, *sizes: int) -> Make:
    """Groups of the sizes with `sign` between."""

    def make(rng: Random, text: str, row: Row) -> str:
        parts, at = [], 0
        for size in (*sizes, len(text)):
            parts.append(text[at : at + size])
            at += size
        return sign.join(p for p in parts if p)

    return make


def doubled(_: Random, text: str, row: Row) -> str:
    """The whole value twice."""
    return text + text


def cut_at(size: int) -> Make:
    """The first `size` signs."""
    return lambda rng, text, row: text[:size] if len(text) > size else None


def covered(_: Random, text: str, row: Row) -> str:
    """Stars for the middle third."""
    third = len(text) // 3
    return text[:third] + "*" * (len(text) - 2 * third) + text[-third:]


def taken_from(column: str) -> Make:
    """The value of `column` stands in this cell; its own and the other cell are empty."""

    def make(rng: Random, text: str, row: Row) -> Damaged | None:
        return Damaged(row[column], "", column) if row[column] else None

    return make


def of_other(column: str, sign: str) -> Make:
    """A second value of the same column, of somebody else, behind the first."""

    def make(rng: Random, text: str, row: Row) -> str | None:
        other = clean_row(rng, 0)[column]
        return text + sign + other if other and other != text else None

    return make


def second_phone(rng: Random, text: str, row: Row) -> Damaged | None:
    """Two telephones, which the standard form joins by a semicolon."""
    other = clean_row(rng, 0)["固定电话"]
    return Damaged(f"{text}/{other}", f"{text};{other}") if other else None


def old_identity(_: Random, text: str, row: Row) -> str | None:
    """The 15 digits of before 1999."""
    return text[:6] + text[8:17] if text[6:8] == "19" and text[:2] != "81" else None


def name_cut(rng: Random, text: str, row: Row) -> str | None:
    """The name without its last signs."""
    return text[: -rng.randrange(1, 4)] if text.endswith("有限公司") else None


def region_as(old: Callable[[Random, Place], str | None]) -> Make:
    """The regions of an address written as `old` says."""

    def make(rng: Random, text: str, row: Row) -> str | Damaged | None:
        fitting = [p for p in places() if p.district and text.startswith(p.region)]
        if not fitting:
            return None
        place = max(fitting, key=lambda p: len(p.region))
        front = old(rng, place)
        return None if front is None else front + text[len(place.region) :]

    return make


def only_one(name: str) -> bool:
    """Whether one district alone has the name."""
    return sum(p.district == name for p in places()) == 1


def short_name(text: str) -> str:
    """Without 省 or 市."""
    return text[:-1] if text[-1:] in ("省", "市") else text


def wrong_district(rng: Random, place: Place) -> str | None:
    """A district of another city."""
    if not place.city:
        return None
    other = rng.choice([p for p in places() if p.district and p.city != place.city])
    return (
        None
        if other.district == place.district
        else f"{place.province}{place.city}{other.district}"
    )


def wrong_province(rng: Random, place: Place) -> str | None:
    """Another province."""
    other = rng.choice([p for p in places() if p.province != place.province])
    return other.province + place.city + place.district if place.city else None


_FORMER = {
    "湖北省襄阳市": "湖北省襄樊市", "云南省普洱市": "云南省思茅市", "北京市东城区": "北京市崇文区",
    "北京市西城区": "北京市宣武区", "上海市黄浦区": "上海市卢湾区", "上海市静安区": "上海市闸北区",
    "上海市浦东新区": "上海市南汇区", "山东省济南市莱芜区": "山东省莱芜市莱城区",
    "云南省昆明市呈贡区": "云南省昆明市呈贡县", "浙江省杭州市萧山区": "浙江省萧山市",
    "重庆市綦江区": "重庆市綦江县", "江苏省南京市江宁区": "江苏省南京市江宁县",
    "广东省广州市增城区": "广东省增城市", "河北省石家庄市藁城区": "河北省藁城市",
    "四川省成都市郫都区": "四川省成都市郫县", "陕西省西安市鄠邑区": "陕西省西安市户县",
}  # fmt: skip


def former(rng: Random, text: str, row: Row) -> Damaged:
    """An address of today under the name that its region had."""
    new = rng.choice(list(_FORMER))
    rest = f"{rng.choice(('建设', '迎宾', '和平', '振兴'))}路{rng.randrange(1, 900)}号"
    return Damaged(_FORMER[new] + rest, new + rest)


_DIGITS = "零壹贰叁肆伍陆柒捌玖"


def capital_words(amount: int) -> str:
    """A whole number below 10^8 in the numerals of cheques."""

    def four(number: int) -> str:
        text, gap = "", False
        for unit, size in (("仟", 1000), ("佰", 100), ("拾", 10), ("", 1)):
            digit = number // size % 10
            if digit:
                text, gap = text + ("零" if gap and text else "") + _DIGITS[digit] + unit, False
            else:
                gap = True
        return text

    high, low = divmod(amount, 10000)
    between = "零" if high and low and low < 1000 else ""
    return (four(high) + "万" if high else "") + between + four(low)


def money_as(form: Callable[[float], str], whole: bool = False) -> Make:
    """The amount written by `form`."""

    def make(rng: Random, text: str, row: Row) -> str | None:
        value = float(text)
        return None if whole and value != int(value) else form(value)

    return make


def day_as(form: Callable[[int, int, int], str | None]) -> Make:
    """The date written by `form`."""
    return lambda rng, text, row: form(*map(int, text.split("-")))


def serial(year: int, month: int, day: int) -> str:
    """The number by which Excel knows the day."""
    from datetime import date

    return str((date(year, month, day) - date(1899, 12, 30)).days)


def hanzi(number: int) -> str:
    """A number below 100 as it is spoken."""
    ten, one = divmod(number, 10)
    text = ("" if ten < 2 else "一二三四五六七八九"[ten - 1]) + ("十" if ten else "")
    return text + ("" if one == 0 else "一二三四五六七八九"[one - 1])
