"""Chinese companies as customers, with the truth, written without sight of the product.

Whoever wrote this had read the published formats of codes and numbers, but neither the rules that
link records nor any other generator. Word lists, kinds of damage and their rates were set down
once, before the first run, and stay as they are: a figure measured here is a figure on unseen data.
Every firm, person, number and address is made up.
"""

from __future__ import annotations

from random import Random

import polars as pl

from benchmarks.blind_firms import TRADES, Firm, World

NOTES = "（采购部） （财务部） -财务对账 【华东大区】 (老客户) (新) 行政部 （设备科） -张工转"
SAME_SOUND = """
恒衡 鑫欣 源元 瑞锐 丰峰 晟盛 宏鸿 嘉佳 铭明 诚成 腾藤 远原 利立 和禾 兴星 新心 康抗 启起 航杭
联连 捷杰 祥翔 聚巨 景锦 昊浩 龙隆 程城 博搏 伟玮 静婧 丽莉 军君 涛韬 晓小 婷亭 佳家 贸茂 建健
"""
SAME_SHAPE = """
泰秦 华毕 凯铠 川州 岳兵 云去 帆机 辰晨 朗郎 金全 永水 东车 天夫 正止 科料 美羊 润闰 泽择 普晋
力刀 森林 万方 末未 材村 机杭 设没 技枝 电由 件仵 王玉 李季 陈阵 刘刚 于干 磊垒 敏每 娜那 平乎
芳芬
"""
TRADITIONAL = str.maketrans(
    "华丰东联创亿龙锦万铭诚兴云远达凯腾顺泽启锐润电机设备数网络医药汽车贸进实业务环节装饰纺织针货运输"
    "应链农产仪会传广园园林处术丽军涛晓张刘陈杨赵黄吴孙",
    "華豐東聯創億龍錦萬銘誠興雲遠達凱騰順澤啟銳潤電機設備數網絡醫藥汽車貿進實業務環節裝飾紡織針貨運輸"
    "應鏈農產儀會傳廣園園林處術麗軍濤曉張劉陳楊趙黃吳孫",
)
WIDE = {code: code + 0xFEE0 for code in (*range(0x30, 0x3A), *range(0x41, 0x5B), 0x28, 0x29, 0x2D)}
SLIPS = SAME_SOUND.split() + SAME_SHAPE.split()


def _slip(rng: Random, text: str) -> str:
    """One character by one of like sound or shape; else two neighbours change places."""
    slips = [(at, pair[1]) for at, sign in enumerate(text) for pair in SLIPS if pair[0] == sign]
    if slips and rng.random() < 0.85:
        at, wrong = rng.choice(slips)
        return text[:at] + wrong + text[at + 1 :]
    return _swap(rng, text)


def _swap(rng: Random, text: str) -> str:
    at = rng.randrange(max(1, len(text) - 1))
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def _name(rng: Random, firm: Firm, kept: bool) -> str:
    chance, region, form = rng.random(), firm.region, firm.form
    core, name = firm.house + firm.trade, firm.name
    if not kept and chance < 0.25:
        short = [core] * 6 + [region + core] * 4 + [core + "公司"] * 2
        short += [] if firm.family else [region + firm.house] * 2 + [firm.house]
        name = (rng.choice(short) if "公司" in form else core + form) + firm.tail
    elif not kept and chance < 0.38:
        name = core + form + firm.tail
    elif chance < 0.44 and firm.bracketed:
        name = region + core + form + firm.tail
    elif chance < 0.44:
        name = f"{firm.house}({region}){firm.trade}{form}{firm.tail}"
    elif chance < 0.5 and firm.place[0] and region.startswith(firm.place[1]):
        name = firm.place[0] + rng.choice(("", "省")) + name
    if rng.random() < 0.06 and "股份" not in name:
        swap = ("有限责任公司", "有限公司") if "责任" in name else ("有限公司", "有限责任公司")
        name = name.replace(*swap)
    if not kept and rng.random() < 0.07:
        name = _slip(rng, name)
    if rng.random() < 0.03:
        name = name.translate(TRADITIONAL)
    if rng.random() < 0.05:
        name = name.replace("（", "(").replace("）", ")")
    if rng.random() < 0.03:
        name = rng.choice((" " + name, name + "　", name.replace(firm.house, firm.house + " ")))
    return name + rng.choice(NOTES.split()) if rng.random() < 0.035 else name


def _code(rng: Random, code: str, kept: bool) -> str:
    chance = rng.random()
    if not kept and chance < 0.4:
        return rng.choice(("",) * 19 + ("无",))
    if not kept and chance < 0.42:
        return _swap(rng, code)
    if not kept and chance < 0.435:
        return code.translate(str.maketrans("01258B", "OIZSB8"))
    if chance > 0.95:
        spaced = " ".join((code[:6], code[6:10], code[10:14], code[14:]))
        return rng.choice((code.lower(), code.translate(WIDE), spaced))
    return code


def _number(rng: Random, number: str, kept: bool, empty: float) -> str:
    """A telephone number as people write it; a hyphen parts the area code of a landline."""
    if not kept and rng.random() < empty:
        return ""
    if not kept and rng.random() < 0.04:
        number = _swap(rng, number) if rng.random() < 0.75 else number[:-1]
    area, _, rest = number.rpartition("-")
    if not area:
        cut = (number[:3], number[3:7], number[7:])
        odd = ["+86" + number, "+86 " + number, "86-" + number, " ".join(cut), "-".join(cut)]
        odd += [number + ".0", number.translate(WIDE)]
        return rng.choice(odd) if rng.random() < 0.22 else number
    if rng.random() < 0.1:
        rest += rng.choice(("-", "转", "-8")) + str(rng.randrange(1, 900))
    odd = [f"({area}){rest}", f"{area} {rest}", area + rest, f"+86-{area[1:]}-{rest}"]
    odd += [f"86{area[1:]}{rest}", rest, rest]
    return rng.choice(odd) if rng.random() < 0.35 else f"{area}-{rest}"


def _address(rng: Random, firm: Firm, kept: bool) -> str:
    if not kept and rng.random() < 0.16:
        return ""
    moved = not kept and rng.random() < 0.08
    province, city, district, street, room = firm.addresses[moved]
    province = rng.choice((province, province, "", province[:-1]))
    city = rng.choice((city,) * 5 + (city[:-1], city[:-1], ""))
    district = rng.choice((district,) * 6 + (district[:-1], ""))
    if not kept and rng.random() < 0.25:
        room = ""
    room = room.replace("幢", rng.choice("幢幢栋号")).replace("室", rng.choice(("室", "室", "")))
    if not kept and rng.random() < 0.04:
        street, room = rng.choice(((_slip(rng, street), room), ("", "")))
    text = province + city + district + street + room
    return text.translate(WIDE) if rng.random() < 0.04 else text


def record(rng: Random, firm: Firm, kept: frozenset[str]) -> dict[str, str]:
    """One entry for `firm`; the fields in `kept` are written oddly at most, never lost or wrong."""
    changed = rng.random() < 0.2
    person = firm.people[changed and "contact" not in kept]
    reach = firm.people[changed and "mobile" not in kept and rng.random() < 0.8]
    contact = person.name
    if rng.random() < 0.1 and "contact" not in kept:
        title = rng.choice(("经理", "总", "先生", "女士", "工", "会计"))
        contact = contact[: 2 if contact.startswith("欧阳") else 1] + title
    elif rng.random() < 0.07:
        contact = rng.choice((_slip(rng, contact), contact + "（财务）", contact + " 采购"))
    mail = firm.mails[changed and "mail" not in kept and rng.random() < 0.6]
    if "mail" not in kept and rng.random() < 0.37:
        mail = ""
    elif rng.random() < 0.05:
        mail = rng.choice((mail.upper(), mail.capitalize(), mail + " ", mail.replace("@", "＠")))
    elif "mail" not in kept and rng.random() < 0.02:
        mail = rng.choice((mail.replace(".com", ".con"), _swap(rng, mail)))
    return {
        "客户名称": _name(rng, firm, "name" in kept),
        "统一社会信用代码": _code(rng, firm.code, "code" in kept),
        "联系人": contact if "contact" in kept or rng.random() > 0.12 else "",
        "手机": _number(rng, reach.mobile, "mobile" in kept, 0.15),
        "电话": _number(rng, firm.phone, "phone" in kept, 0.27),
        "邮箱": mail,
        "地址": _address(rng, firm, "address" in kept),
        "行业": rng.choice(
            (firm.industry,) * 8 + (firm.trade, rng.choice(list(TRADES)), "", "", "")
        ),
    }


def _entries(rng: Random, firm: Firm, size: int) -> list[dict[str, str]]:
    """`size` entries; each later one has something sound in common with an earlier one."""
    ties = {"mobile": 8, "code": 5, "name": 5, "phone": 4, "address": 3, "mail": 2}
    ties = {field: weight for field, weight in ties.items() if field not in firm.weak}
    kept: list[set[str]] = [set() for _ in range(size)]
    for later in range(1, size):
        (tie,) = rng.choices(list(ties), list(ties.values()))
        both = {tie, "contact"} if tie == "address" else {tie}
        kept[later] |= both
        kept[rng.randrange(later)] |= both
    return [record(rng, firm, frozenset(fields)) for fields in kept]


def generate(count: int, seed: int) -> pl.DataFrame:
    """`count` rows in random order: the customer's fields and `truth`, who the customer is.

    Three rows in ten repeat a firm that is there already, in groups of two to four.
    """
    rng = Random(seed)
    firms = World(rng, round(count * 0.7)).firms
    sizes = [1] * len(firms)
    spare = count - len(firms)
    for at in rng.sample(range(len(firms)), len(firms)):
        extra = min(spare, rng.choices((1, 2, 3), (60, 28, 12))[0])
        sizes[at], spare = 1 + extra, spare - extra
        if not spare:
            break
    rows = [
        {**entry, "truth": f"T{number:06d}"}
        for number, (firm, size) in enumerate(zip(firms, sizes, strict=True))
        for entry in _entries(rng, firm, size)
    ]
    rng.shuffle(rows)
    ids = pl.Series("客户编号", [f"KH{number:07d}" for number in range(1, len(rows) + 1)])
    return pl.DataFrame(rows).insert_column(0, ids)
