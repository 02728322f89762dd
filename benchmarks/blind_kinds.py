"""Kinds of damage by column (what each does stands in `blind_damages`), and a damaged copy."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from benchmarks.blind_cells import HEADERS, YES_NO, clean_row
from benchmarks.blind_damages import (
    EITHER,
    REPAIR,
    TELL,
    WIDE,
    Damage,
    Damaged,
    blank_around,
    blank_inside,
    capital_words,
    changed,
    covered,
    cut_at,
    day_as,
    digit_lost,
    digit_twice,
    doubled,
    former,
    grouped,
    hanzi,
    hidden_sign,
    mojibake,
    money_as,
    name_cut,
    of_other,
    old_identity,
    only_one,
    precision,
    region_as,
    scientific,
    second_phone,
    serial,
    short_name,
    swapped,
    taken_from,
    transposed,
    wide_signs,
    words,
    wrong_district,
    wrong_province,
)
from benchmarks.blind_industries import NAMES, SECTIONS
from benchmarks.blind_places import places

_MONTH_WORDS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_MONTHS = _MONTH_WORDS.split()
_NOTHING = (
    "无",
    "暂无",
    "-",
    "/",
    "—",
    "N/A",
    "NULL",
    "待补充",
    "未知",
    "不详",
    "none",
    "#N/A",
    "同上",
)
_ANY = (
    Damage("blanks around", REPAIR, blank_around),
    Damage("hidden signs", REPAIR, hidden_sign),
)
_NUMBER = (
    *_ANY,
    Damage("full width", REPAIR, wide_signs),
    Damage("blanks inside", REPAIR, blank_inside),
    Damage("quotes", REPAIR, words("'{}", '"{}"', '="{}"', "`{}", "“{}”")),
    Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
    Damage("covered", TELL, covered),
)
_CHECKED = (
    *_NUMBER,
    Damage("neighbours swapped", TELL, transposed),
    Damage("digit lost", TELL, digit_lost),
    Damage("digit twice", TELL, digit_twice),
    Damage("digit changed", TELL, changed),
    Damage("scientific", TELL, scientific, 3),
    Damage("precision lost", TELL, precision, 2),
    Damage("cut at 15", TELL, cut_at(15)),
    Damage("written twice", EITHER, doubled),
    Damage(
        "made up", TELL, words("111111111111111111", "123456789012345678", "000000000000000000")
    ),
)
_TEXT = (*_ANY, Damage("mojibake", TELL, mojibake))

DAMAGES: dict[str, tuple[Damage, ...]] = {
    "统一社会信用代码": (
        *_CHECKED,
        Damage("small letters", REPAIR, lambda r, t, w: t.lower() if t.lower() != t else None),
        Damage("letters for digits", REPAIR, swapped("0=O 1=I 2=Z 5=S 0=o 1=l")),
        Damage("B for 8", EITHER, swapped("8=B B=8 G=6 6=G D=0 Q=0")),
        Damage("look-alikes", REPAIR, swapped("A=А B=В C=С E=Е H=Н K=К M=М T=Т X=Х P=Р")),
        Damage("grouped", REPAIR, grouped(" ", 4, 4, 4, 4)),
        Damage("hyphens", REPAIR, grouped("-", 8, 9)),
        Damage(
            "label",
            REPAIR,
            words("统一社会信用代码：{}", "税号:{}", "信用代码 {}", "纳税人识别号：{}"),
        ),
        Damage("note", REPAIR, words("{}（1-1）", "{}(副本)", "{}（三证合一）")),
        Damage("two values", TELL, of_other("统一社会信用代码", "/")),
        Damage("inner code only", EITHER, lambda r, t, w: t[8:17] if t else None),
        Damage("identity number here", TELL, taken_from("身份证号")),
        Damage("mobile here", TELL, taken_from("手机")),
        Damage("words", EITHER, words("办理中", "三证未合一", "境外企业无", truth="")),
    ),
    "身份证号": (
        *_CHECKED,
        Damage("small x", REPAIR, swapped("X=x")),
        Damage("x look-alikes", REPAIR, swapped("X=× X=Х X=х X=✕")),
        Damage("15 digits", REPAIR, old_identity),
        Damage("letters for digits", REPAIR, swapped("0=O 1=l 1=I 0=o")),
        Damage("grouped", REPAIR, grouped(" ", 6, 8)),
        Damage("hyphens", REPAIR, grouped("-", 6, 8)),
        Damage("label", REPAIR, words("身份证：{}", "身份证号码:{}", "ID:{}")),
        Damage("note", REPAIR, words("{}（本人）", "{}(法人)")),
        Damage("month 13", TELL, lambda r, t, w: t[:10] + "13" + t[12:]),
        Damage("credit code here", EITHER, taken_from("统一社会信用代码")),
        Damage("mobile here", EITHER, taken_from("手机")),
    ),
    "手机": (
        *_NUMBER,
        Damage(
            "+86", REPAIR, words("+86{}", "+86 {}", "86-{}", "0086{}", "(+86){}", "+86-{}", "86{}")
        ),
        Damage("0 in front", REPAIR, words("0{}")),
        Damage("grouped", REPAIR, grouped(" ", 3, 4)),
        Damage("hyphens", REPAIR, grouped("-", 3, 4)),
        Damage("dots", REPAIR, grouped(".", 3, 4)),
        Damage("float", REPAIR, words("{}.0", "{}.00")),
        Damage("scientific", TELL, scientific),
        Damage("thousands", REPAIR, lambda r, t, w: f"{int(t):,}"),
        Damage("letters for digits", REPAIR, swapped("0=O 0=o 1=l 1=I")),
        Damage("label", REPAIR, words("手机：{}", "电话:{}", "Tel:{}", "手机号码 {}", "M: {}")),
        Damage(
            "note",
            REPAIR,
            words("{}（微信同号）", "{}(工作)", "{} 微信同号", "{}本人", "{}（已核实）"),
        ),
        Damage(
            "name beside",
            REPAIR,
            lambda r, t, w: f"{w['联系人']}{t}" if w["联系人"].isalpha() else None,
        ),
        Damage("digit lost", TELL, digit_lost),
        Damage("digit twice", TELL, digit_twice),
        Damage("cut at 10", TELL, cut_at(10)),
        Damage("two values", REPAIR, of_other("手机", "/")),
        Damage("two values, 、", REPAIR, of_other("手机", "、")),
        Damage("two values, blank", REPAIR, of_other("手机", " ")),
        Damage("two lines", REPAIR, of_other("手机", "\n")),
        Damage("written twice", EITHER, doubled),
        Damage(
            "no such prefix",
            TELL,
            lambda r, t, w: r.choice("023456789") + t[1:] if r.random() < 0.5 else "12" + t[2:],
        ),
        Damage("made up", TELL, words("13800000000", "11111111111", "12345678901")),
        Damage("out of order", EITHER, words("{}（停机）", "{}空号")),
        Damage("landline here", EITHER, taken_from("固定电话")),
        Damage("mail here", EITHER, taken_from("邮箱")),
    ),
    "固定电话": (
        *_NUMBER,
        Damage(
            "blank for hyphen",
            REPAIR,
            lambda r, t, w: t.replace("-", " ") if t.count("-") == 1 else None,
        ),
        Damage(
            "other strokes",
            REPAIR,
            lambda r, t, w: t.replace("-", r.choice("—－–_/‐")) if t.count("-") == 1 else None,
        ),
        Damage(
            "brackets",
            REPAIR,
            lambda r, t, w: (
                f"({t.partition('-')[0]}){t.partition('-')[2]}" if t[0] == "0" else None
            ),
        ),
        Damage(
            "no hyphen", REPAIR, lambda r, t, w: t.replace("-", "") if t.count("-") == 1 else None
        ),
        Damage(
            "+86",
            REPAIR,
            lambda r, t, w: (
                r.choice(("+86-", "86-", "+86 ", "0086-")) + t[1:] if t[0] == "0" else None
            ),
        ),
        Damage("0 lost", EITHER, lambda r, t, w: t[1:] if t[0] == "0" else None),
        Damage(
            "area code lost", TELL, lambda r, t, w: t.split("-")[1] if t.count("-") == 1 else None
        ),
        Damage(
            "extension",
            REPAIR,
            lambda r, t, w: (
                Damaged(
                    t
                    + r.choice(
                        ("转801", "-801", " 转 801", "#801", "ext.801", "x801", "转分机801")
                    ),
                    t + "-801",
                )
                if t.count("-") == 1
                else None
            ),
        ),
        Damage("label", REPAIR, words("电话：{}", "Tel:{}", "座机 {}", "T:{}", "办公电话:{}")),
        Damage("note", REPAIR, words("{}（总机）", "{}(财务部)", "{} 前台")),
        Damage("two values", EITHER, second_phone),
        Damage("letters for digits", REPAIR, swapped("0=O 0=o 1=l")),
        Damage("digit lost", TELL, lambda r, t, w: t[:-1] if t.count("-") == 1 else None),
        Damage("digit added", TELL, lambda r, t, w: t + "3" if t.count("-") == 1 else None),
        Damage(
            "hotline hyphens",
            REPAIR,
            lambda r, t, w: f"{t[:3]}-{t[3:6]}-{t[6:]}" if "-" not in t else None,
            3,
        ),
    ),
    "邮箱": (
        *_ANY,
        Damage("full width", REPAIR, wide_signs),
        Damage("wide @", REPAIR, swapped("@=＠")),
        Damage("blanks inside", REPAIR, swapped("@=\u00a0@ @=@\u3000 .=.\u00a0")),
        Damage("capitals", REPAIR, lambda r, t, w: t.upper()),
        Damage("。com", REPAIR, swapped(".com=。com .cn=。cn .com=,com .com=，com")),
        Damage(
            "slips of domains",
            EITHER,
            swapped(
                ".com=.con .com=.cmo .com=.ocm .com=.cm qq.com=qq.con qq.com=pp.com "
                "163.com=16.com 163.com=1633.com gmail=gmial gmail=gamil "
                "hotmail=hotmial outlook=outlok "
                "sina.com=sian.com foxmail=foxmial 126.com=126.con @qq.com=@q.com"
            ),
        ),
        Damage(
            "no dot",
            EITHER,
            lambda r, t, w: t.replace(".com", "com") if t.endswith(".com") else None,
        ),
        Damage("no @", TELL, swapped("@=# @=\u3001 @=. @=2")),
        Damage("@@", EITHER, swapped("@=@@")),
        Damage("sign at the end", REPAIR, words("{};", "{}.", "{}，", "{}、", "<{}>")),
        Damage("mailto", REPAIR, words("mailto:{}", "MAILTO:{}")),
        Damage("display name", REPAIR, lambda r, t, w: f"{w['联系人']} <{t}>"),
        Damage("label", REPAIR, words("邮箱：{}", "Email:{}", "E-mail：{}", "电子邮件:{}")),
        Damage("note", REPAIR, words("{}（常用）", "{}(工作)")),
        Damage("two values", REPAIR, of_other("邮箱", ";")),
        Damage("two values, 、", REPAIR, of_other("邮箱", "、")),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
        Damage("Chinese inside", TELL, lambda r, t, w: "张" + t),
        Damage("written twice", EITHER, doubled),
        Damage(
            "number alone",
            EITHER,
            lambda r, t, w: t.split("@")[0] if t.endswith("@qq.com") else None,
        ),
        Damage("mobile here", EITHER, taken_from("手机")),
        Damage("website here", EITHER, taken_from("网址")),
        Damage("covered", TELL, lambda r, t, w: t[:2] + "***" + t[t.index("@") :]),
    ),
    "网址": (
        *_ANY,
        Damage("full width", REPAIR, wide_signs),
        Damage("capitals", REPAIR, lambda r, t, w: t.upper()),
        Damage("。for .", REPAIR, swapped(".=。 .=，")),
        Damage("slash at the end", REPAIR, words("{}/")),
        Damage("label", REPAIR, words("网址：{}", "官网:{}", "公司网站 {}")),
        Damage("wide colon", REPAIR, swapped("://=：//")),
        Damage("one slash", EITHER, swapped("://=:/ http=htpp")),
        Damage("ww.", EITHER, swapped("www.=ww. www.=wwww. www.=www")),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
        Damage("mail here", EITHER, taken_from("邮箱")),
        Damage("blanks inside", REPAIR, swapped(".=.\u00a0 .=\u3000.")),
    ),
    "微信号": (
        *_ANY,
        Damage("full width", REPAIR, wide_signs),
        Damage("blanks inside", REPAIR, blank_inside),
        Damage("label", REPAIR, words("微信：{}", "微信号{}", "wx:{}", "WeChat:{}")),
        Damage(
            "same as mobile",
            REPAIR,
            lambda r, t, w: Damaged(
                r.choice(("同手机", "同手机号", "同手机号码", "手机同号")), w["手机"], needs="手机"
            ),
        ),
        Damage("nickname", TELL, words("快乐人生", "阳光总在风雨后", "A建材小李")),
        Damage("too short", TELL, words("abc", "li12")),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
        Damage("mail here", EITHER, taken_from("邮箱")),
    ),
    "QQ号": (
        *_NUMBER[:5],
        Damage("label", REPAIR, words("QQ：{}", "qq{}", "QQ号:{}", "扣扣{}")),
        Damage("mail", REPAIR, words("{}@qq.com", "{}@QQ.COM")),
        Damage("float", REPAIR, words("{}.0")),
        Damage("too long", TELL, words("{}12345678")),
        Damage("too short", TELL, cut_at(4)),
        Damage("letters for digits", EITHER, swapped("0=O 1=l")),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
        Damage("words", TELL, words("不用QQ的人", "加微信")),
    ),
    "联系人": (
        *_TEXT,
        Damage(
            "blanks inside",
            REPAIR,
            lambda r, t, w: (
                r.choice((" ", "\u3000", "  ")).join(t)
                if 1 < len(t) < 4 and t.isalpha() and not t.isascii()
                else None
            ),
        ),
        Damage(
            "form of address alone",
            TELL,
            lambda r, t, w: (
                t[0]
                + r.choice(
                    (
                        "总",
                        "经理",
                        "先生",
                        "女士",
                        "工",
                        "主任",
                        "老师",
                        "姐",
                        "哥",
                        "老板",
                        "小姐",
                        "院长",
                    )
                )
                if not t.isascii()
                else None
            ),
            2,
        ),
        Damage(
            "title behind",
            REPAIR,
            lambda r, t, w: (
                t
                + r.choice(
                    (
                        "经理",
                        " 经理",
                        "(经理)",
                        "（总经理）",
                        "先生",
                        "女士",
                        "-总经理",
                        "/采购经理",
                    )
                )
                if not t.isascii()
                else None
            ),
            2,
        ),
        Damage("number behind", TELL, words("{}1", "{}2")),
        Damage(
            "mobile behind",
            EITHER,
            lambda r, t, w: Damaged(t + r.choice(("", " ", "：")) + w["手机"], None, "手机"),
        ),
        Damage("two values", TELL, of_other("联系人", "、")),
        Damage("two values, /", TELL, of_other("联系人", "/")),
        Damage(
            "covered",
            TELL,
            lambda r, t, w: t[0] + r.choice(("**", "XX", "某某", "*")) if not t.isascii() else None,
        ),
        Damage("label", REPAIR, words("联系人：{}", "姓名:{}", "法人：{}")),
        Damage("note", REPAIR, words("{}（女）", "{}（采购）", "{}(采购部)", "{}（已离职）")),
        Damage("other dots", REPAIR, swapped("·=• ·=・ ·=. ·=‧ ·=． ·=⋅"), 3),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
        Damage("company here", TELL, taken_from("客户名称")),
        Damage("words", TELL, words("财务部", "前台", "采购", "老板", "负责人")),
    ),
    "客户名称": (
        *_TEXT,
        Damage(
            "full width",
            REPAIR,
            lambda r, t, w: t.translate(WIDE) if t.translate(WIDE) != t else None,
            3,
        ),
        Damage(
            "blanks inside",
            REPAIR,
            lambda r, t, w: blank_inside(r, t, w) if not t.isascii() else None,
        ),
        Damage("form cut", EITHER, name_cut),
        Damage(
            "slip in the form",
            EITHER,
            swapped(
                "有限公司=有限公可 有限公司=有现公司 有限公司=有限工司 有限公司=有限公词 "
                "有限公司=有限公司司 有限公司=有限限公司 有限公司=有公限司"
            ),
        ),
        Damage("label", REPAIR, words("客户名称：{}", "公司名称:{}", "单位：{}")),
        Damage("list number", REPAIR, words("1、{}", "12.{}", "(3){}", "①{}")),
        Damage("sign at the end", REPAIR, words("{}。", "{}，", "{};", "{}、")),
        Damage("note", REPAIR, words("{}（老客户）", "{}（已注销）", "{}-老客户", "{}（新）")),
        Damage(
            "former name", REPAIR, words("{}（原远大实业公司）", "{}（曾用名：远大实业有限公司）")
        ),
        Damage("two values", TELL, of_other("客户名称", "/")),
        Damage("written twice", EITHER, doubled),
        Damage("mixed brackets", REPAIR, swapped("(=（ )=） (=【 (=〔"), 3),
        Damage("bracket lost", EITHER, lambda r, t, w: t.replace(")", "", 1) if ")" in t else None),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
        Damage("person here", TELL, taken_from("联系人")),
        Damage("mobile here", TELL, taken_from("手机")),
        Damage("address here", TELL, taken_from("地址")),
    ),
    "地址": (
        *_TEXT,
        Damage("full width", REPAIR, wide_signs),
        Damage("blanks inside", REPAIR, blank_inside),
        Damage("label", REPAIR, words("地址：{}", "公司地址:{}", "住所：{}")),
        Damage("country", REPAIR, words("中国{}", "中国 {}", "中华人民共和国{}")),
        Damage(
            "postcode",
            REPAIR,
            lambda r, t, w: r.choice(
                ("{0} {1}", "{1}（邮编：{0}）", "{1} {0}", "{1} 邮编{0}")
            ).format(r.randrange(100000, 860000), t),
        ),
        Damage(
            "province lost",
            REPAIR,
            region_as(lambda r, p: p.city + p.district if p.city else None),
            2,
        ),
        Damage(
            "province short",
            REPAIR,
            region_as(lambda r, p: short_name(p.province) + p.city + p.district),
        ),
        Damage(
            "both short",
            REPAIR,
            region_as(
                lambda r, p: (
                    short_name(p.province) + short_name(p.city) + p.district if p.city else None
                )
            ),
            2,
        ),
        Damage(
            "city lost",
            EITHER,
            region_as(
                lambda r, p: p.province + p.district if p.city and only_one(p.district) else None
            ),
            2,
        ),
        Damage(
            "district alone",
            EITHER,
            region_as(lambda r, p: p.district if p.city and only_one(p.district) else None),
        ),
        Damage("province twice", REPAIR, region_as(lambda r, p: p.province + p.region)),
        Damage(
            "city twice",
            REPAIR,
            region_as(lambda r, p: p.province + p.city + p.city + p.district if p.city else None),
        ),
        Damage(
            "separators",
            REPAIR,
            region_as(
                lambda r, p: (
                    r.choice("-/,，、 |>").join(x for x in (p.province, p.city, p.district) if x)
                    + r.choice("-/, ")
                )
            ),
        ),
        Damage(
            "slip in the region",
            EITHER,
            region_as(
                lambda r, p: (
                    p.province.replace("江", "汇", 1).replace("省", "生", 1).replace("市", "巿", 1)
                    + p.city
                    + p.district
                )
            ),
        ),
        Damage("wrong district", TELL, region_as(wrong_district), 2),
        Damage("wrong province", TELL, region_as(wrong_province)),
        Damage("no region", TELL, region_as(lambda r, p: "")),
        Damage(
            "only region",
            TELL,
            lambda r, t, w: next(
                (p.region for p in places() if p.district and t.startswith(p.region)), None
            ),
        ),
        Damage("former division", REPAIR, former, 3),
        Damage("two values", TELL, of_other("地址", "；")),
        Damage(
            "mobile behind",
            TELL,
            lambda r, t, w: t + r.choice((" ", "，电话")) + clean_row(r, 0)["手机"],
        ),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
        Damage("written twice", EITHER, doubled),
    ),
    "所属行业": (
        *_ANY,
        Damage("full width", REPAIR, wide_signs),
        Damage("small letter", REPAIR, lambda r, t, w: t.lower()),
        Damage("letter apart", REPAIR, lambda r, t, w: t[0] + r.choice((" ", "-", ".")) + t[1:]),
        Damage("name", REPAIR, lambda r, t, w: NAMES[t], 3),
        Damage(
            "code and name",
            REPAIR,
            lambda r, t, w: r.choice((f"{t} {NAMES[t]}", f"{NAMES[t]}({t})", f"{t}-{NAMES[t]}")),
        ),
        Damage("section and name", REPAIR, lambda r, t, w: f"{SECTIONS[t[0]]}-{NAMES[t]}", 2),
        Damage(
            "section > name",
            REPAIR,
            lambda r, t, w: f"{SECTIONS[t[0]]}{r.choice(('>', '/', '—', ' '))}{NAMES[t]}",
        ),
        Damage(
            "section only",
            TELL,
            lambda r, t, w: (
                Damaged(SECTIONS[t[0]], t[0]) if SECTIONS[t[0]] not in NAMES.values() else None
            ),
        ),
        Damage(
            "name cut",
            EITHER,
            lambda r, t, w: NAMES[t].removesuffix("业") if NAMES[t].endswith("业") else None,
        ),
        Damage("no letter", EITHER, lambda r, t, w: t[1:]),
        Damage(
            "other code and name",
            TELL,
            lambda r, t, w: f"{r.choice([c for c in NAMES if c[:3] != t[:3]])} {NAMES[t]}",
        ),
        Damage("not an industry", TELL, words("C99", "Z12", "国有企业", "重点客户")),
        Damage("two values", TELL, of_other("所属行业", "、")),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
    ),
    "年采购预算(万元)": (
        *_NUMBER[:3],
        *_NUMBER[4:5],
        Damage("blanks inside", EITHER, blank_inside),  # two numbers, perhaps
        Damage("万", REPAIR, words("{}万", "{}万元", "{} 万元", "{}w", "{}W")),
        Damage("元", REPAIR, money_as(lambda v: f"{v * 10000:.0f}元", True)),
        Damage("thousands", REPAIR, money_as(lambda v: f"{v * 10000:,.2f}元", True)),
        Damage(
            "currency sign",
            REPAIR,
            words("￥{}万", "¥{}万元", "RMB {}万", "人民币{}万元", "CNY{}万"),
        ),
        Damage(
            "words",
            REPAIR,
            money_as(lambda v: capital_words(int(v * 10000)) + "元整" if v < 10000 else "", True),
        ),
        Damage(
            "亿", REPAIR, money_as(lambda v: f"{v / 10000:g}亿" if v >= 10000 else "", False), 0.5
        ),
        Damage("range", TELL, words("{}-9000", "{}~9999万", "{}至9999万元")),
        Damage("estimate", TELL, words("约{}万", "{}万左右", "{}万以上", "≥{}", "{}+", "近{}万")),
        Damage("other currency", TELL, words("{}万美元", "USD {}", "${}万", "{}万欧元")),
        Damage("words for nothing", TELL, words("面议", "待定", "保密", "看情况")),
        Damage("two values", TELL, words("{}/1500", "{}、1600", "{};1700")),
        Damage("per year", EITHER, words("{}万/年", "{}万元每年", "每年{}万")),
        Damage("minus", TELL, words("-{}")),
        Damage("letters for digits", EITHER, swapped("0=O 1=l")),
        Damage("note", EITHER, words("{}（含税）", "{}万(预估)")),
        Damage("float", REPAIR, money_as(lambda v: f"{v:.2f}" if v == int(v) else "")),
        Damage("decimal comma", EITHER, swapped(".=, .=。 .=，")),
        Damage("date here", TELL, taken_from("建档日期")),
        Damage("label", REPAIR, words("预算：{}", "采购预算{}万")),
    ),
    "建档日期": (
        *_NUMBER[:3],
        *_NUMBER[4:5],
        Damage("blanks inside", EITHER, blank_inside),  # two numbers, perhaps
        Damage("other strokes", REPAIR, day_as(lambda y, m, d: f"{y}/{m}/{d}")),
        Damage("dots", REPAIR, day_as(lambda y, m, d: f"{y}.{m}.{d}")),
        Damage("no strokes", REPAIR, day_as(lambda y, m, d: f"{y}{m:02d}{d:02d}")),
        Damage("年月日", REPAIR, day_as(lambda y, m, d: f"{y}年{m}月{d}日")),
        Damage("年月号", REPAIR, day_as(lambda y, m, d: f"{y}年{m:02d}月{d:02d}号")),
        Damage(
            "Chinese numerals",
            REPAIR,
            day_as(
                lambda y, m, d: (
                    "".join("〇一二三四五六七八九"[int(c)] for c in str(y))
                    + f"年{hanzi(m)}月{hanzi(d)}日"
                )
            ),
        ),
        Damage("day number", REPAIR, day_as(serial)),
        Damage("day number float", REPAIR, day_as(lambda y, m, d: serial(y, m, d) + ".0")),
        Damage("with time", REPAIR, words("{} 00:00:00", "{}T00:00:00", "{} 09:31", "{} 下午3:20")),
        Damage("English", REPAIR, day_as(lambda y, m, d: f"{_MONTHS[m - 1]} {d}, {y}")),
        Damage("English, day first", REPAIR, day_as(lambda y, m, d: f"{d}-{_MONTHS[m - 1]}-{y}")),
        Damage("day first", EITHER, day_as(lambda y, m, d: f"{d:02d}/{m:02d}/{y}")),
        Damage("month first", EITHER, day_as(lambda y, m, d: f"{m}/{d}/{y}")),
        Damage("short year", EITHER, day_as(lambda y, m, d: f"{y % 100}-{m}-{d}")),
        Damage("no such day", TELL, day_as(lambda y, m, d: f"{y}-02-30")),
        Damage("no such month", TELL, day_as(lambda y, m, d: f"{y}-{m + 12}-{d:02d}")),
        Damage("month only", TELL, day_as(lambda y, m, d: f"{y}年{m}月")),
        Damage("year only", TELL, day_as(lambda y, m, d: f"{y}")),
        Damage("in the future", TELL, day_as(lambda y, m, d: f"{y + 40}-{m:02d}-{d:02d}")),
        Damage("year slip", TELL, day_as(lambda y, m, d: f"{y * 10}-{m:02d}-{d:02d}")),
        Damage("digit lost", EITHER, day_as(lambda y, m, d: f"{y // 10}-{m:02d}-{d:02d}")),
        Damage("letters for digits", EITHER, swapped("0=O 0=o 1=l")),
        Damage(
            "no date", EITHER, words("1900-01-00", "0000-00-00", "1899-12-30", "1900/1/0", truth="")
        ),
        Damage("words", TELL, words("去年", "上个月", "年初", "老客户")),
        Damage("two values", TELL, of_other("建档日期", "/")),
        Damage("wide 。", EITHER, day_as(lambda y, m, d: f"{y}。{m}。{d}")),
        Damage("mobile here", TELL, taken_from("手机")),
    ),
    "对公账号": (
        *_NUMBER,
        Damage("grouped", REPAIR, grouped(" ", 4, 4, 4)),
        Damage("hyphens", EITHER, grouped("-", 4, 4, 4)),
        Damage("scientific", TELL, scientific, 2),
        Damage("label", REPAIR, words("账号：{}", "帐号:{}", "A/C {}", "银行账号 {}")),
        Damage(
            "bank in front",
            REPAIR,
            lambda r, t, w: Damaged(r.choice(("工行 ", "农业银行：", "建行")) + t, needs="开户行"),
        ),
        Damage("letters for digits", EITHER, swapped("0=O 1=l 1=I")),
        Damage("too short", TELL, cut_at(5)),
        Damage("words", TELL, words("见合同", "对公转账", "同开票信息")),
        Damage("two values", TELL, of_other("对公账号", "/")),
        Damage("float", REPAIR, words("{}.0")),
        Damage("bank here", EITHER, taken_from("开户行")),
        Damage("made up", TELL, words("123456789", "0000000000000", "1111111111111111")),
    ),
    "开户行": (
        *_TEXT,
        Damage("account here", EITHER, taken_from("对公账号")),
        Damage("label", EITHER, words("开户行：{}", "开户银行:{}")),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
    ),
    "职务": (
        *_TEXT,
        Damage("blanks inside", EITHER, blank_inside),
        Damage("label", REPAIR, words("职务：{}", "职位:{}")),
        Damage("name here", EITHER, taken_from("联系人")),
        Damage("mobile here", EITHER, taken_from("手机")),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
    ),
    "客户规模": (
        *_ANY,
        Damage("synonym", REPAIR, lambda r, t, w: r.choice((t[0], t + "企业"))),
        Damage("unknown word", TELL, words("特特大", "500强", "A", "50人")),
        Damage("blanks inside", REPAIR, blank_inside),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
        Damage("two values", TELL, words("大型/中型", "小型、微型")),
    ),
    "客户等级": (
        *_ANY,
        Damage(
            "synonym",
            REPAIR,
            lambda r, t, w: {"战略客户": "战略", "重点客户": "重点", "普通客户": "一般客户"}[t],
        ),
        Damage("unknown word", TELL, words("钻石", "8", "不错", "黑名单")),
        Damage("typo", EITHER, lambda r, t, w: t.replace("客户", "客户户")),
        Damage("word for nothing", EITHER, words(*_NOTHING, truth="")),
    ),
    "同意短信": (
        *_ANY,
        Damage(
            "synonym",
            REPAIR,
            lambda r, t, w: r.choice(
                ("Y", "√", "1", "TRUE", "同意", "yes", "Ｙ")
                if t == "是"
                else ("N", "×", "0", "FALSE", "不同意", "no", "否。")
            ),
        ),
        Damage("unclear", TELL, words("待确认", "是/否", "看情况", "2", "不确定"), 2),
        Damage("word for nothing", EITHER, words(*_NOTHING[1:], truth="")),
    ),
    "备注": (
        *_TEXT,
        Damage(
            "identity number inside",
            TELL,
            lambda r, t, w: t + "，身份证" + w["身份证号"] if w["身份证号"] else None,
            2,
        ),
        Damage(
            "mobile inside",
            TELL,
            lambda r, t, w: t + "，联系" + w["手机"] if w["手机"] else None,
            2,
        ),
        Damage("web signs", EITHER, words("{}<br>", "{}&nbsp;", "<p>{}</p>")),
        Damage(
            "mail inside", TELL, lambda r, t, w: t + "，邮箱" + w["邮箱"] if w["邮箱"] else None
        ),
    ),
}


@dataclass(frozen=True)
class Cell:
    """A damaged cell: row, column, what was done, what may become of it, what stood and stands."""

    row: int
    column: str
    kind: str
    may: str
    text: str
    truth: str
    emptied: str = ""
    kept: str = ""


def canonical(column: str, text: str) -> str:
    """The standard form of a clean cell: the cell, but for yes and no."""
    return YES_NO.get(text, text) if column == "同意短信" else text


def generate(count: int, seed: int) -> list[dict[str, str]]:
    """`count` clean rows, header → cell."""
    rng = Random(seed)
    return [clean_row(rng, number) for number in range(count)]


def damage(
    rows: list[dict[str, str]], seed: int, chance: float
) -> tuple[list[dict[str, str]], list[Cell]]:
    """A copy in which each filled cell is damaged with `chance`, and what was done to it."""
    rng, cells, copies = Random(f"damage {seed}"), [], []
    for number, row in enumerate(rows):
        copy, touched = dict(row), set[str]()
        for column in HEADERS:
            kinds = DAMAGES.get(column)
            if not kinds or not row[column] or column in touched or rng.random() >= chance:
                continue
            (one,) = rng.choices(kinds, [k.weight for k in kinds])
            made = one.make(rng, row[column], copy)
            made = Damaged(made) if isinstance(made, str) else made
            if (
                made is None
                or made.text in ("", row[column])
                or {made.emptied, made.needs} & touched
            ):
                continue
            truth = canonical(column, row[column]) if made.truth is None else made.truth
            if made.emptied:
                copy[made.emptied] = ""
            copy[column] = made.text
            touched |= {column, made.emptied, made.needs} - {""}
            kept = row[made.emptied] if made.emptied else ""
            cells.append(
                Cell(number, column, one.kind, one.may, made.text, truth, made.emptied, kept)
            )
        copies.append(copy)
    return copies, cells
