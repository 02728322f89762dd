"""A third generator of Chinese companies, for figures on data that nothing was tuned on.

It was written when the rules and the engine stood, and its first figures were taken before
anything was changed for it (docs/linking.md tells them, and what was mended since). Hard in it are
common trade names that stand in many cities, parks where a hundred firms share an address and the
telephone of a reception, relocated regions, notes in names, several telephones in one cell, old
register numbers in place of credit codes, characters misread by a scanner. Word lists are its own.
Nobody here is meant to exist.
"""

import random

import polars as pl

LEVELS = {"light": 0.5, "medium": 1.0, "heavy": 1.8}
"""By how much every chance of damage is multiplied."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_BRANDS = _words(
    "三和 中诚 华泰 金源 天成 永盛 宏远 鑫达 新华 长江 东方 大地 万通 四海 五洲 正大 德邦 "
    "瑞丰 安泰 国泰 汇丰 联创 博雅 启明 远大 顺风 百川 千禧 同方 方圆 银座 富康 光明 先锋 "
    "黄河 泰山 凯旋 卓越 众信 优品 蓝图 云帆 星光 北辰 南洋 西部 沃土 绿源 精诚 融合"
)
_RARE = "芸苒芷荇蔚霁澍潆玥珺琬瑄旻昉晞曈皓翊翎翮舸舫轺辂钧钰铉锟镕阕"
_TRADES = _words(
    "电子商务 信息技术 装饰工程 建筑劳务 汽车销售 医疗器械 餐饮管理 教育咨询 农业发展 "
    "国际贸易 物业服务 环保设备 新能源 文化传播 供应链管理 机电安装 生物科技 人力资源 广告 "
    "化工 钢材 服饰"
)
_CITIES = (
    ("河北", "廊坊", "广阳区"), ("山西", "晋中", "榆次区"), ("吉林", "四平", "铁西区"),
    ("江苏", "盐城", "亭湖区"), ("浙江", "湖州", "吴兴区"), ("安徽", "蚌埠", "龙子湖区"),
    ("福建", "莆田", "荔城区"), ("江西", "抚州", "临川区"), ("湖北", "荆门", "东宝区"),
    ("湖南", "邵阳", "大祥区"), ("广东", "茂名", "茂南区"), ("四川", "遂宁", "船山区"),
)  # fmt: skip
_FORMS = ("有限公司",) * 10 + ("有限责任公司", "股份有限公司", "合伙企业（有限合伙）", "厂", "商行")
_STREETS = ("府前路", "建业大街", "沿江西路", "科技二路", "工农巷", "凤凰大道", "站前街")
_PARKS = ("创业孵化园", "高新技术产业园", "电商产业园")
_FAMILIES = "梁宋郑谢唐冯于董萧程曹袁邓傅曾吕"
_GIVEN = (
    "立新",
    "志军",
    "春燕",
    "佳宁",
    "一凡",
    "玉梅",
    "浩然",
    "建平",
    "晓东",
    "雨桐",
    "磊",
    "静",
)
_TITLES = ("经理", "总", "工", "主任")
_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_MISREAD = {"己": "已", "土": "士", "末": "未", "天": "夫", "大": "太", "日": "曰", "东": "车",
            "方": "万", "同": "问", "千": "干", "泰": "秦", "瑞": "端"}  # fmt: skip
_TRADITIONAL = str.maketrans(
    "东华达长万国汇联启远顺风银凯众优蓝图云绿诚电务装饰业农贸环设备",
    "東華達長萬國匯聯啟遠順風銀凱眾優藍圖雲綠誠電務裝飾業農貿環設備",
)
_WIDE = str.maketrans("0123456789()-", "０１２３４５６７８９（）－")

Row = dict[str, str | None]


def unseen_companies(count: int, *, level: str = "medium", seed: int) -> pl.DataFrame:
    """record_id, truth, name, uscc, phone, email, address, contact: rows in no order."""
    make = _Maker(LEVELS[level], seed)
    rows: list[tuple[str, Row]] = []
    number = 0
    while len(rows) < count:
        for firm in make.firms():
            number += 1
            times = make.rng.choice((1, 1, 1, 2, 2, 3))
            rows += [(f"t{number}", make.row(firm)) for _ in range(times)]
    make.rng.shuffle(rows)
    fields = ("name", "uscc", "phone", "email", "address", "contact")
    return pl.DataFrame(
        {"record_id": [f"{make.rng.getrandbits(80):020x}" for _ in rows],
         "truth": [truth for truth, _ in rows]}
        | {f: [row[f] for _, row in rows] for f in fields},
        schema_overrides=dict.fromkeys(fields, pl.String),
    ).head(count)  # fmt: skip


class _Maker:
    def __init__(self, damage: float, seed: int) -> None:
        self.damage, self.rng = damage, random.Random(seed)
        self.parks = [self.park() for _ in range(30)]
        self.registered: set[tuple[str, str, str]] = set()

    def often(self, share: float) -> bool:
        return self.rng.random() < share * self.damage

    def digits(self, width: int) -> str:
        return "".join(self.rng.choices("0123456789", k=width))

    def park(self) -> tuple[tuple[str, str, str], str, str]:
        city = self.rng.choice(_CITIES)
        where = (
            f"{city[0]}省{city[1]}市{city[2]}{self.rng.choice(_PARKS)}{self.rng.randint(1, 9)}号楼"
        )
        return (
            city,
            where,
            f"0{self.rng.randint(310, 899)}-{self.rng.randint(2, 8)}{self.digits(6)}",
        )

    def code(self) -> str:
        """A credit code with a right check character (GB 32100-2015) of a region not in use."""
        body = "9189" + self.digits(4) + "".join(self.rng.choices(_LETTERS, k=9))
        total = sum(_LETTERS.index(c) * 3**i for i, c in enumerate(body)) % 31
        return body + _LETTERS[(31 - total) % 31]

    def firms(self) -> list[Row]:
        """One firm; now and then one in a park, a namesake elsewhere, or a branch of its own."""
        city, park, reception = self.rng.choice(self.parks)
        housed = self.rng.random() < 0.3
        if not housed:
            city = self.rng.choice(_CITIES)
        brand, trade = self.registrable(city)
        first = self.firm(city, brand, trade)
        if housed:
            first |= {"address": f"{park}{self.rng.randint(101, 2999)}室"}
            if self.rng.random() < 0.5:
                first["phone"] = reception
        found = [first]
        if self.rng.random() < 0.12:
            other = self.rng.choice([c for c in _CITIES if c != city])
            if (other[0], brand, trade) not in self.registered:
                self.registered.add((other[0], brand, trade))
                found.append(self.firm(other, brand, trade))
        if self.rng.random() < 0.05:
            other = self.rng.choice(_CITIES)
            branch = self.firm(other, brand, trade)
            branch["name"] = f"{first['name']}{other[1]}分公司"
            found.append(branch | {"phone": first["phone"]})
        return found

    def registrable(self, city: tuple[str, str, str]) -> tuple[str, str]:
        """A trade name and business that no firm of the province has (names are registered)."""
        while True:
            brand, trade = self.rng.choice(_BRANDS), self.rng.choice(_TRADES)
            if self.rng.random() < 0.7:
                brand += self.rng.choice(_RARE)
            if (city[0], brand, trade) not in self.registered:
                self.registered.add((city[0], brand, trade))
                return brand, trade

    def firm(self, city: tuple[str, str, str], brand: str, trade: str) -> Row:
        place = self.rng.choice((city[1], city[1] + "市", city[0] + "省", city[0]))
        street = f"{self.rng.choice(_STREETS)}{self.rng.randint(1, 600)}号"
        return {
            "name": place + brand + trade + self.rng.choice(_FORMS),
            "uscc": self.code(),
            "phone": "1" + self.rng.choice("3578") + self.digits(9),
            "email": f"{self.digits(8)}@mail{self.rng.randint(1, 5)}.example.cn",
            "address": f"{city[0]}省{city[1]}市{city[2]}{street}",
            "contact": self.rng.choice(_FAMILIES) + self.rng.choice(_GIVEN),
            "_city": city[1],
        }  # fmt: skip

    def row(self, firm: Row) -> Row:
        """What some list says about a firm."""
        row = dict(firm)
        row["name"] = self.name(str(firm["name"]), str(firm["_city"]))
        if self.often(0.35):
            row["uscc"] = None
        elif self.often(0.04):
            row["uscc"] = self.digits(15)  # the old register number
        elif self.often(0.05):
            row["uscc"] = str(row["uscc"]).replace("0", "O", 1).replace("1", "I", 1).lower()
        phone = str(row["phone"])
        if self.often(0.15):
            phone = "1" + self.rng.choice("3578") + self.digits(9)
        if self.often(0.12):
            phone = f"{phone}/{'1' + self.rng.choice('3578') + self.digits(9)}"
        if self.often(0.08) and phone.startswith("0"):
            phone += f"-{self.rng.randint(801, 899)}"
        if self.often(0.1):
            phone = "+86 " + phone
        row["phone"] = None if self.often(0.15) else phone
        for field, share in (("email", 0.45), ("address", 0.15), ("contact", 0.15)):
            if self.often(share):
                row[field] = None
        if row["address"]:
            row["address"] = self.address(row["address"])
        if row["contact"] and self.often(0.3):
            row["contact"] = self.rng.choice(_FAMILIES) + self.rng.choice(_GIVEN)
        elif row["contact"] and self.often(0.2):
            row["contact"] = row["contact"][0] + self.rng.choice(_TITLES)
        return row

    def name(self, name: str, city: str) -> str:
        if self.often(0.12) and name.startswith(city) and name.endswith("有限公司"):
            core = name.removeprefix(city).removeprefix("市")
            name = core.removesuffix("有限公司") + f"({city})有限公司"
        if self.often(0.1):
            name = name.removeprefix(city).removeprefix("市")
        if self.often(0.12):
            name = name.replace("有限责任公司", "有限公司").removesuffix("有限公司")
        if self.often(0.06):
            name = name.replace("有限公司", "有限责任公司")
        if self.often(0.05):
            name += self.rng.choice(("（已迁址）", "-停用", "（重复）", "*"))
        if self.often(0.05):
            some = [c for c in name if c in _MISREAD]
            if some:
                wrong = self.rng.choice(some)
                name = name.replace(wrong, _MISREAD[wrong], 1)
        if self.often(0.05):
            name = name.translate(_TRADITIONAL)
        if self.often(0.08):
            name = name.translate(_WIDE)
        if self.often(0.05):
            at = self.rng.randrange(1, len(name))
            name = name[:at] + self.rng.choice((" ", "　", "·")) + name[at:]
        return name

    def address(self, text: str) -> str:
        if self.often(0.25):
            text = text[text.index("省") + 1 :]
        if self.often(0.1):
            text += f"（邮编{self.digits(6)}）"
        if self.often(0.1):
            text = text.replace("号楼", "幢").replace("号", "")
        if self.often(0.12):
            text = self.rng.choice(_STREETS) + f"{self.rng.randint(1, 600)}号"
        return text
