"""A second generator of invented Chinese companies: groups, branches, stalls, foreign firms.

It is built otherwise than `invented_companies`: rows come from three kinds of lists (licences,
sales, service), each with habits of its own. Two vocabularies share no trade name: rules may be
looked at with `FAMILIAR`, figures are reported on `UNSEEN`. Nobody here exists; numbers are
random ones that pass their checks, mail addresses end in `.example.cn`.
"""

import random
from dataclasses import dataclass

import polars as pl

from tests.linkage.invented_companies import credit_code


@dataclass(frozen=True)
class Vocabulary:
    """Word lists: characters of trade names, businesses, places, streets, family names."""

    first: str
    second: str
    trades: tuple[str, ...]
    places: tuple[tuple[str, str, str], ...]
    streets: tuple[str, ...]
    families: str
    latin: tuple[str, ...]


FAMILIAR = Vocabulary(
    "澄曜霁骐翔瑾聚擎燊铎沛弘蓝黛岑",
    "川谷原桥岩帆屿轩庭阁垣陌浦崎",
    ("纺织", "轴承", "阀门", "软件开发", "园林绿化", "冷链物流", "精密模具", "水产养殖", "印务"),
    (("江西", "赣州", "章贡区"), ("湖南", "岳阳", "云溪区"), ("山东", "潍坊", "奎文区"),
     ("广西", "柳州", "鱼峰区"), ("陕西", "咸阳", "秦都区")),
    ("红旗路", "和平街", "育才巷", "滨河大道", "纺织一路"),
    "魏蒋沈韩杨朱秦尤许何",
    ("Norrvik", "Talheim", "Castellan", "Brightwater", "Oakmoor", "Velsen"),
)  # fmt: skip
UNSEEN = Vocabulary(
    "杉霖懿晗邺璞珩鲲煦岱彤昶筠湛祁",
    "溪洲森禾苑墨舟渊葭朔榆泓萱逸",
    ("卫浴洁具", "密封件", "检测技术", "数控机床", "乳制品", "跨境电商", "消防器材", "苗木",
     "特种玻璃", "会展服务", "电梯维保", "调味品"),
    (("安徽", "马鞍山", "雨山区"), ("福建", "漳州", "芗城区"), ("四川", "宜宾", "翠屏区"),
     ("河南", "许昌", "魏都区"), ("辽宁", "营口", "鲅鱼圈区"), ("贵州", "遵义", "汇川区"),
     ("云南", "曲靖", "麒麟区")),
    ("花园路", "长征街", "迎宾大道", "文昌北路", "港口三路", "青年街", "银河路"),
    "彭卢苏蔡贾丁薛叶阎余潘杜",
    ("Hallgarten", "Sundby", "Marchetti", "Fairhaven", "Lindqvist", "Beaumont", "Kestrel"),
)  # fmt: skip

FIELDS = ("name", "uscc", "phone", "mobile", "email", "address", "contact")
_TRADITIONAL = str.maketrans("澜骐桥岩轩阁务发软开园绿纺织险书业东华龙",
                             "瀾騏橋巖軒閣務發軟開園綠紡織險書業東華龍")  # fmt: skip
_HOMOPHONES = ("杉山衫", "霖林琳", "懿艺毅", "晗涵含", "璞朴普", "珩恒衡", "煦旭序", "岱代黛",
               "彤同桐", "溪西希", "洲州舟", "森参申", "禾合和", "泓宏弘", "萱宣轩", "逸亿益",
               "澄成诚", "曜耀药", "翔祥详", "瑾锦谨", "聚巨具", "擎青晴", "沛佩配", "川穿传",
               "原源元", "帆凡番", "屿宇雨", "庭亭廷", "浦普埔", "密蜜", "检捡", "测侧",
               "密秘", "阀伐", "软阮")  # fmt: skip
_SOUNDS = {c: group.replace(c, "") for group in _HOMOPHONES for c in group}
_STALLS = ("五金店", "副食店", "建材经营部", "小吃店", "服装店", "汽修厂", "水果行", "烟酒商行")
_GIVEN = ("德福", "秀英", "海燕", "国庆", "思远", "欣怡", "文博", "桂花", "卫东", "梦洁", "鹏")
_SYLLABLES = ("", "en", "by", "holm", "ford", "stein", "ara", "mont", "wick", "dal", "ova")
_FOREIGN = ("GmbH", "Ltd.", "Co., Ltd.", "S.p.A.", "AB", "Inc.", "LLC", "Pte. Ltd.")

Row = dict[str, str | None]


@dataclass(frozen=True)
class Habits:
    """How often, 0–1, whoever keeps a list does what."""

    no_code: float
    wrong_code: float
    short_name: float
    typo: float
    spelling: float
    moved: float
    other_contact: float
    no_phone: float


_LISTS = (
    Habits(0.10, 0.01, 0.00, 0.04, 0.30, 0.10, 0.20, 0.25),  # licences
    Habits(0.60, 0.03, 0.16, 0.10, 0.40, 0.15, 0.25, 0.10),  # sales
    Habits(0.75, 0.00, 0.10, 0.12, 0.30, 0.25, 0.35, 0.05),  # service
)


class Makers:
    """Makes companies and spoils rows about them, from one source of chance."""

    def __init__(self, words: Vocabulary, level: float, seed: int) -> None:
        self.words, self.level, self.rng = words, level, random.Random(seed)
        self.switchboards = [self.landline() for _ in range(4)]
        self.agents = [f"agent{i}@daili.example.cn" for i in range(3)]
        self.registered: set[str] = set()

    def often(self, share: float) -> bool:
        """Whether something that happens in `share` of the rows happens in this one."""
        return self.rng.random() < share * self.level * 2

    def landline(self) -> str:
        return f"0{self.rng.randint(310, 999)}-{self.rng.randint(2_000_000, 8_999_999)}"

    def mobile(self) -> str:
        head = self.rng.choice(("134", "137", "151", "159", "182", "188", "198"))
        return head + "".join(self.rng.choices("0123456789", k=8))

    def person(self) -> str:
        return self.rng.choice(self.words.families) + self.rng.choice(_GIVEN)

    def brand(self) -> str:
        name = self.rng.choice(self.words.first) + self.rng.choice(self.words.second)
        if self.rng.random() < 0.45:
            name += self.rng.choice(self.words.first + self.words.second)
        return name

    def address(self, place: tuple[str, str, str]) -> str:
        street = self.rng.choice(self.words.streets)
        return f"{place[0]}省{place[1]}市{place[2]}{street}{self.rng.randint(1, 480)}号"

    def company(self) -> Row:
        """A company whose name no other has: the registers see to that."""
        while (made := self.any_company())["name"] in self.registered:
            pass
        self.registered.add(str(made["name"]))
        return made

    def any_company(self) -> Row:
        """A company with licence, or a stall, or a foreign firm."""
        place = self.rng.choice(self.words.places)
        kind = self.rng.random()
        brand, trade = self.brand(), self.rng.choice(self.words.trades)
        form = "股份有限公司" if self.rng.random() < 0.08 else "有限公司"
        code: str | None = credit_code(self.rng)
        if kind < 0.10:
            trade, form = self.rng.choice(_STALLS), ""
            name = f"{place[2]}{brand}{trade}"
            code = code if self.rng.random() < 0.4 else None
        elif kind < 0.14:
            code = None
            word = self.rng.choice(self.words.latin) + self.rng.choice(_SYLLABLES)
            name = f"{word} {self.latin()} {self.rng.choice(_FOREIGN)}"
        elif kind < 0.4:
            name = f"{brand}{trade}（{place[1]}）{form}"
        else:
            region = self.rng.choice((place[0] + "省", place[1] + "市", place[1], place[0]))
            name = region + brand + trade + form
        site = "".join(self.rng.choice("bcdfghjkmnprstwz") for _ in range(6))
        shared = self.rng.random() < 0.06
        return {
            "name": name,
            "uscc": code,
            "phone": self.rng.choice(self.switchboards) if shared else self.landline(),
            "mobile": self.mobile(),
            "email": self.rng.choice(self.agents) if shared else f"lianxi@{site}.example.cn",
            "address": self.address(place),
            "contact": self.person(),
            "_brand": brand if kind >= 0.14 or kind < 0.10 else "",
            "_trade": trade,
        }

    def latin(self) -> str:
        return self.rng.choice(("Technik", "Marine", "Foods", "Systems", "Textiles", "Optics"))

    def branch(self, head: Row) -> Row:
        """A branch: name and telephone of the company, a code and a contact of its own."""
        place = self.rng.choice(self.words.places)
        return head | {
            "name": f"{head['name']}{place[1]}分公司",
            "uscc": credit_code(self.rng) if self.rng.random() < 0.6 else None,
            "address": self.address(place),
            "mobile": self.mobile(),
            "contact": self.person(),
        }

    def sister(self, head: Row) -> Row:
        """Another company of the same group: trade name, switchboard and mail are shared."""
        place = self.rng.choice(self.words.places)
        trade = self.rng.choice([t for t in self.words.trades if t != head["_trade"]])
        return head | {
            "name": f"{head['_brand']}集团{place[1]}{trade}有限公司",
            "uscc": credit_code(self.rng),
            "mobile": self.mobile(),
            "contact": self.person(),
            "address": self.address(place),
            "_trade": trade,
        }

    def row(self, clean: Row) -> Row:
        """What one of the lists says about a company."""
        habits = self.rng.choice(_LISTS)
        row = dict(clean)
        row["name"] = self.name(clean, habits)
        row["uscc"] = self.code(clean["uscc"], habits)
        if self.often(habits.no_phone):
            row["phone"] = None
        elif self.often(0.3):
            row["phone"] = str(row["phone"]).replace("-", self.rng.choice((" ", "", "－")))
        if self.often(habits.other_contact):
            row["contact"], row["mobile"] = self.person(), self.mobile()
        elif self.often(0.2):
            mobile = str(row["mobile"])
            row["mobile"] = self.rng.choice((None, "+86" + mobile, f"{mobile[:3]} {mobile[3:]}"))
        if self.often(0.25):
            row["email"] = None if self.rng.random() < 0.7 else str(row["email"]).upper()
        if self.often(habits.moved):
            row["address"] = self.address(self.rng.choice(self.words.places))
        elif self.often(0.4):
            address = str(row["address"])
            shorter = address.replace("省", "").replace("市", "")
            row["address"] = self.rng.choice(
                (None, shorter, address[3:], address + "B座", address.replace("号", "－2号"))
            )
        return row

    def code(self, code: str | None, habits: Habits) -> str | None:
        if code is None or self.often(habits.no_code):
            return None
        if self.often(habits.wrong_code):
            at = self.rng.randrange(8, 16)
            return code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        return code.lower() if self.often(0.1) else code

    def name(self, clean: Row, habits: Habits) -> str:
        name, brand = str(clean["name"]), str(clean["_brand"])
        if not brand:  # a foreign firm
            return name.upper() if self.often(0.2) else name.replace(".", "")
        if self.often(habits.short_name) and "集团" not in name and "分公司" not in name:
            name = brand + str(clean["_trade"])
        if self.often(habits.typo):
            hit = [c for c in brand if c in _SOUNDS]
            if hit and self.rng.random() < 0.7:
                wrong = self.rng.choice(hit)
                name = name.replace(wrong, self.rng.choice(_SOUNDS[wrong]), 1)
            elif len(brand) > 2:
                name = name.replace(brand, brand[0] + brand[2:], 1)
        if self.often(habits.spelling):
            name = self.spelling(name)
        return name

    def spelling(self, name: str) -> str:
        way = self.rng.randrange(5)
        if way == 0:
            return name.replace("有限公司", "有限责任公司") if "股份" not in name else name
        if way == 1:
            return name.replace("省", "").replace("市", "")
        if way == 2:
            return name.replace("（", "(").replace("）", ")")
        if way == 3:
            return name.translate(_TRADITIONAL)
        return f" {name[:3]} {name[3:]}"


def spoilt_companies(
    count: int, *, words: Vocabulary = UNSEEN, level: float = 0.5, seed: int = 1
) -> pl.DataFrame:
    """record_id, truth, FIELDS: `count` rows in no order; about 30 % tell of a company again."""
    make = Makers(words, level, seed)
    rows: list[tuple[str, Row]] = []
    companies = 0
    while len(rows) < count:
        clean = make.company()
        family = [clean]
        if clean["_brand"] and "公司" in str(clean["name"]):
            chance = make.rng.random()
            if chance < 0.04:
                family.append(make.branch(clean))
            elif chance < 0.07:
                family.append(make.sister(clean))
        for member in family:
            companies += 1
            times = 1 + (make.rng.random() < 0.3) * make.rng.choice((1, 1, 1, 2, 3))
            rows += [(f"t{companies}", make.row(member)) for _ in range(times)]
    rows = rows[:count]
    make.rng.shuffle(rows)
    ids = [f"{make.rng.getrandbits(96):024x}" for _ in rows]
    return pl.DataFrame(
        {"record_id": ids, "truth": [t for t, _ in rows]}
        | {f: [r[f] for _, r in rows] for f in FIELDS},
        schema_overrides=dict.fromkeys(FIELDS, pl.String),
    )
