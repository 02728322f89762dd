"""Invented customer registration forms in bulk, filled in as departments fill them in.

A form is a company with its contact and an attachment: the columns of the samples' sheet
客户登记表, as mapping hands them on (raw text under field names). About half of the cells that
have a standard form are not in it, as in the samples: dates in four spellings, amounts with and
without units, words of other lists, telephone numbers with separators, and some that are wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.invented_customers import customers
from crm_migrate.standards.places.divisions import divisions

SHARES = {
    "name": .1, "uscc": .12, "address": .25, "mobile": .2, "email": .06, "annual_budget": .4,
    "source_created_at": .36, "title": .12,
}  # fmt: skip
"""Share of filled cells that are spoilt on top of `invented_customers`, which spoils 28 % of the
rows; words of lists and industries are drawn from spellings, half of them not the standard's."""

_INDUSTRIES = (
    "制造业-通用设备", "制造业-专用设备", "批发和零售业-零售", "建筑业-建筑装饰、装修和其他建筑",
    "交通运输、仓储和邮政业-道路运输", "信息传输、软件和信息技术服务业-软件和信息技术服务",
    "食品制造业", "通用设备制造业", "C35", "零售业", "软件和信息技术服务业", "住宿业",
    "设备制造", "其他行当",
)  # fmt: skip
_SIZES = ("大型", "中型", "小型", "微型", "小", "小微", "中型企业", None)
_TYPES = ("潜在客户", "成交客户", "流失客户", "潜在", "成交", "意向客户", "老客户", "停止合作")
_CHANNELS = ("展会推广", "官网咨询", "电话营销", "门店", "网站", "展会", "名录", "老客户介绍")
_DEMANDS = (
    "计划更换两条产线的设备，需要现场勘察", "对比三家报价后决定", "关注交货周期和账期",
    "需要样品试用", "年度备件框架采购", None, None, None,
)  # fmt: skip
_TAGS = ("急单", "需定制", "长期合作", "进口替代", "价格敏感", "账期要求")
_STREETS = (
    "梧桐路", "银杏街", "香樟大道", "海棠路", "芙蓉街", "青松路", "翠竹巷", "紫荆大道", "望江路",
    "听涛路", "揽月街", "追日大道", "拾光路", "知行街", "致远路", "明德路", "笃学街", "创业大道",
)  # fmt: skip
_AREA_CODES = (
    "0512", "0510", "0519", "0571", "0574", "0577", "0573", "0755", "0757", "0769", "0531", "0532",
    "0535", "0371", "0379", "0717", "0731", "0551", "0591", "0592",
)  # fmt: skip
_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: without I, O, S, V, Z
_CODE_WEIGHTS = np.array([3**i % 31 for i in range(17)])
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_UNITS = ("万元", " 万", "万", "万元 ")


@dataclass(frozen=True)
class Forms:
    """Raw records by entity, row for row of one form; String columns, ids and provenance."""

    customer: pl.DataFrame
    contact: pl.DataFrame
    attachment: pl.DataFrame


def forms(count: int, *, seed: int = 7) -> Forms:
    """`count` forms, the same for the same seed."""
    base = customers(count, seed=seed).rows
    draw = _Draw(count, np.random.default_rng(seed + 1))
    record = {
        "record_id": base["number"],
        "_source": pl.Series(["forms"]).new_from_index(0, count),
        "_file": pl.Series(["forms.csv"]).new_from_index(0, count),
        "_sheet": pl.Series([None], dtype=pl.String).new_from_index(0, count),
        "_row": pl.Series(np.arange(2, count + 2)),
    }
    phone = draw.word(_AREA_CODES) + base["phone"].str.slice(4)
    reached = _reached(base["mobile"], phone, draw)
    places = [d for d in divisions() if d.district and d.city.endswith("市") and d.code[2] < "2"]
    at = draw.random.integers(0, len(places), count)
    where = [d.province + d.city + d.district for d in places]
    address = pl.Series(where)[at] + draw.word(_STREETS) + draw.number(1, 999) + "号"
    codes = _credit_codes(np.array([[int(c) for c in d.code] for d in places])[at], draw)
    customer = pl.DataFrame(
        {
            **record,
            "name": _names(base["name"], draw),
            "uscc": _codes(codes.set(base["uscc"].is_null(), None), draw),
            "industry": draw.word(_INDUSTRIES).set(draw.some(0.14), None),
            "size": draw.word(_SIZES),
            "address": _addresses(address.set(base["address"].is_null(), None), draw),
            "phone": reached,
            "customer_type": draw.word(_TYPES),
            "annual_budget": _budgets(base["budget"], draw),
            "demand": draw.word(_DEMANDS),
            "demand_tags": _tags(draw),
            "channel": draw.word(_CHANNELS),
            "owner": base["owner"],
            "department": base["department"],
            "source_created_at": _dates(base["created"], draw),
        }
    )
    contact = pl.DataFrame(
        {
            **record,
            "customer": base["number"],
            "name": draw.change(base["contact"], 0.015, base["contact"].str.slice(0, 1) + "总"),
            "title": _titles(base["title"], draw),
            "mobile": reached,
            "email": _mails(base["email"], draw),
        }
    )
    file_name = pl.Series(base["number"] + "_营业执照.jpg").set(draw.some(0.8), None)
    attachment = pl.DataFrame(
        {**record, "customer": base["number"], "file_name": file_name}
    ).filter(file_name.is_not_null())
    return Forms(customer, contact, attachment)


@dataclass(frozen=True)
class _Draw:
    """Chance, for all rows at once."""

    count: int
    random: np.random.Generator

    def some(self, share: float) -> pl.Series:
        """True for about this share of the rows."""
        return pl.Series(self.random.random(self.count) < share)

    def word(self, words: Sequence[str | None]) -> pl.Series:
        """One of the words for each row."""
        return pl.Series(list(words), dtype=pl.String)[
            self.random.integers(0, len(words), self.count)
        ]

    def number(self, least: int, most: int) -> pl.Series:
        """A number for each row, as text."""
        return pl.Series(self.random.integers(least, most, self.count)).cast(pl.String)

    def change(self, values: pl.Series, share: float, other: pl.Series) -> pl.Series:
        """`other` for about this share of the rows."""
        return other.zip_with(self.some(share), values)


def _full_width(values: pl.Series) -> pl.Series:
    return values.str.replace_many(list("0123456789"), list("０１２３４５６７８９"))


def _names(values: pl.Series, draw: _Draw) -> pl.Series:
    values = draw.change(values, 0.04, values + " ")
    values = draw.change(values, 0.03, values.str.slice(2) + "（" + values.str.slice(0, 2) + "）")
    return draw.change(values, 0.03, values.str.slice(2) + "(" + values.str.slice(0, 2) + ")")


def _credit_codes(regions: npt.NDArray[np.int64], draw: _Draw) -> pl.Series:
    """Unified social credit codes with their check characters (GB 32100-2015, GB 11714-1997)."""
    places = np.empty((draw.count, 18), dtype=np.int64)
    places[:, 0], places[:, 1], places[:, 2:8] = 9, 1, regions
    places[:, 8:16] = draw.random.integers(0, 10, (draw.count, 8))
    check = (11 - places[:, 8:16] @ _ORGANISATION_WEIGHTS % 11) % 11
    places[:, 16] = np.where(check == 10, _CODE.index("X"), check)
    places[:, 17] = (31 - places[:, :17] @ _CODE_WEIGHTS % 31) % 31
    return _characters(np.frombuffer(_CODE.encode(), np.uint8)[places])


def _characters(codes: npt.NDArray[np.uint8]) -> pl.Series:
    """One text per row of ASCII codes."""
    text, width = np.ascontiguousarray(codes).tobytes().decode("ascii"), codes.shape[1]
    return pl.Series([text[at : at + width] for at in range(0, len(text), width)])


def _codes(values: pl.Series, draw: _Draw) -> pl.Series:
    values = draw.change(values, 0.07, _registration_numbers(draw))
    values = draw.change(values, 0.02, values.str.slice(0, 17) + "0")
    values = draw.change(values, 0.03, values.str.to_lowercase())
    values = draw.change(values, 0.02, values.str.slice(0, 8) + " " + values.str.slice(8))
    return draw.change(values, 0.01, _full_width(values))


def _registration_numbers(draw: _Draw) -> pl.Series:
    """15 digits with their check digit (GS15-2006: modulo 11,10)."""
    places = draw.random.integers(0, 10, (draw.count, 15))
    places[:, 0] = draw.random.integers(1, 7, draw.count)
    rest = np.full(draw.count, 10)
    for place in range(14):
        rest = (rest + places[:, place]) % 10
        rest = np.where(rest == 0, 10, rest) * 2 % 11
    places[:, 14] = (11 - rest) % 10
    return _characters(places.astype(np.uint8) + ord("0"))


def _addresses(values: pl.Series, draw: _Draw) -> pl.Series:
    values = draw.change(values, 0.1, _full_width(values))
    values = draw.change(values, 0.1, values.str.replace("省", "省 ").str.replace("市", "市 "))
    return draw.change(values, 0.05, values.str.replace(r"^.+?省", "").str.replace("市", ""))


def _reached(mobile: pl.Series, phone: pl.Series, draw: _Draw) -> pl.Series:
    """The column 联系方式: a mobile number as a rule."""
    plain = mobile.str.contains("^[0-9]{11}$").fill_null(False)
    parts = [mobile.str.slice(0, 3), mobile.str.slice(3, 4), mobile.str.slice(7)]
    values = mobile
    for share, other in (
        (0.08, parts[0] + "-" + parts[1] + "-" + parts[2]),
        (0.05, parts[0] + " " + parts[1] + " " + parts[2]),
        (0.03, mobile + ".0"),
        (0.02, mobile.str.slice(0, 1) + "." + mobile.str.slice(1, 2) + "E+10"),
        (0.03, phone),
        (0.02, mobile + "、" + phone),
    ):
        values = other.zip_with(plain & draw.some(share), values)
    return values


def _mails(values: pl.Series, draw: _Draw) -> pl.Series:
    values = draw.change(values, 0.03, " " + values)
    values = draw.change(values, 0.02, values.str.replace("@", " @"))
    return draw.change(values, 0.01, values.str.replace("@", ""))


def _budgets(values: pl.Series, draw: _Draw) -> pl.Series:
    spelled = values + draw.word(_UNITS)
    values = draw.change(values, 0.35, spelled)
    values = draw.change(values, 0.03, values.str.replace(r"^(\d)(\d{3})", "${1},${2}"))
    values = draw.change(values, 0.02, draw.word(["面议", "待定", "约50万"]))
    return values.set(draw.some(0.2), None)


def _dates(values: pl.Series, draw: _Draw) -> pl.Series:
    plain = values.str.replace_all("-0", "-")
    values = draw.change(values, 0.12, values.str.replace_all("-", ".", literal=True))
    values = draw.change(values, 0.12, plain.str.replace_all("-", "/"))
    return draw.change(
        values, 0.12, plain.str.replace("-", "年").str.replace("-", "月").str.replace("$", "日")
    )


def _tags(draw: _Draw) -> pl.Series:
    both = draw.word(_TAGS) + "、" + draw.word(_TAGS)
    return draw.change(draw.word(_TAGS), 0.5, both).set(draw.some(0.6), None)


def _titles(values: pl.Series, draw: _Draw) -> pl.Series:
    return draw.change(values, 0.12, " " + values.str.slice(0, 2) + "　" + values.str.slice(2)).set(
        draw.some(0.08), None
    )
