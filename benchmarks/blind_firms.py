"""Made-up Chinese firms as the register knows them: what `blind_companies` draws from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

CITIES = """
浙江 杭州 0571 330110余杭 330106西湖 330108滨江|浙江 宁波 0574 330212鄞州 330206北仑 330203海曙
浙江 温州 0577 330302鹿城 330304瓯海 330303龙湾|江苏 苏州 0512 320506吴中 320507相城 320508姑苏
江苏 无锡 0510 320205锡山 320206惠山 320211滨湖|江苏 南京 025 320115江宁 320106鼓楼 320113栖霞
 上海 021 310114嘉定 310117松江 310112闵行| 北京 010 110105朝阳 110108海淀 110106丰台
广东 深圳 0755 440306宝安 440305南山 440307龙岗|广东 广州 020 440106天河 440111白云 440113番禺
广东 佛山 0757 440605南海 440606顺德 440604禅城|四川 成都 028 510107武侯 510106金牛 510104锦江
 重庆 023 500112渝北 500107九龙坡 500105江北|湖北 武汉 027 420115江夏 420111洪山 420105汉阳
湖南 长沙 0731 430104岳麓 430111雨花 430102芙蓉|河南 郑州 0371 410105金水 410102中原 410103二七
山东 青岛 0532 370202市南 370211黄岛 370214城阳|山东 济南 0531 370102历下 370112历城 370104槐荫
陕西 西安 029 610113雁塔 610112未央 610116长安| 天津 022 120111西青 120113北辰 120112津南
辽宁 沈阳 024 210106铁西 210102和平 210112浑南|安徽 合肥 0551 340104蜀山 340111包河 340102瑶海
福建 福州 0591 350102鼓楼 350104仓山 350111晋安|福建 厦门 0592 350203思明 350206湖里 350211集美
河北 石家庄 0311 130102长安 130108裕华 130105新华|云南 昆明 0871 530111官渡 530102五华 530112西山
"""
HOUSE = """
恒heng 泰tai 鑫xin 源yuan 瑞rui 丰feng 华hua 晟sheng 博bo 远yuan 宏hong 达da 嘉jia 禾he 铭ming
诚cheng 信xin 德de 盛sheng 凯kai 腾teng 海hai 川chuan 岳yue 云yun 帆fan 星xing 辰chen 朗lang
卓zhuo 越yue 金jin 利li 和he 顺shun 永yong 兴xing 东dong 方fang 立li 新xin 天tian 正zheng 科ke
佳jia 美mei 安an 康kang 润run 泽ze 启qi 航hang 锐rui 普pu 联lian 创chuang 亿yi 通tong 捷jie
鸿hong 祥xiang 聚ju 力li 睿rui 景jing 昊hao 森sen 龙long 锦jin 程cheng 万wan 峰feng
"""
SURNAMES = """
王wang 李li 张zhang 刘liu 陈chen 杨yang 赵zhao 黄huang 周zhou 吴wu 徐xu 孙sun 胡hu 朱zhu 高gao
林lin 何he 郭guo 马ma 罗luo 梁liang 宋song 郑zheng 谢xie 韩han 唐tang 冯feng 于yu 董dong
萧xiao 程cheng 曹cao 袁yuan 邓deng 许xu 傅fu 沈shen 曾zeng 彭peng 吕lv 欧阳ouyang
"""
GIVEN = """
伟wei 芳fang 娜na 敏min 静jing 丽li 强qiang 磊lei 军jun 洋yang 勇yong 艳yan 杰jie 娟juan 涛tao
明ming 超chao 霞xia 平ping 刚gang 桂gui 英ying 文wen 玉yu 建jian 国guo 志zhi 春chun 晓xiao
红hong 海hai 燕yan 波bo 宇yu 浩hao 婷ting 雪xue 琳lin 佳jia 欣xin 俊jun 凡fan 梅mei 子zi
轩xuan
"""
TRADES = {
    "机械制造": "机械设备 精密机械 数控装备 重工机械",
    "电子": "电子 电子科技 微电子 光电技术",
    "软件和信息技术": "软件 信息技术 网络科技 数据服务 智能科技",
    "建筑材料": "建材 新型建材 装饰材料 防水材料",
    "化工": "化工 精细化工 新材料 涂料",
    "纺织服装": "纺织 服饰 针织 制衣",
    "食品": "食品 粮油食品 农产品 餐饮管理",
    "物流运输": "物流 供应链管理 国际货运代理 运输",
    "批发零售": "贸易 商贸 进出口 实业",
    "医疗器械": "医疗器械 生物科技 医药 康复器材",
    "建筑工程": "建设工程 建筑安装 市政园林 装饰工程",
    "包装印刷": "包装 印务 纸制品 包装材料",
    "电气设备": "电气 电力设备 自动化设备 仪表",
    "汽车配件": "汽车配件 汽车零部件 汽车服务 橡塑制品",
    "商务服务": "企业管理咨询 广告传媒 会展服务 人力资源",
    "环保": "环保科技 环境工程 节能技术 水处理设备",
}
SMALL = "商行 经营部 加工厂 五金店 工作室"
ROADS = "兴业 建设 文昌 迎宾 富民 振华 望江 古墩 创业 春晖 育才 长虹 工业 科技 青年 丰收 朝晖 滨河"
CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MOBILES = """
130 131 133 135 136 137 138 139 150 151 152 156 158 159 166 173 177 180 181 185 186 187 189
"""


@dataclass(frozen=True)
class Person:
    """A contact: name in characters, its pinyin and the mobile of 11 digits."""

    name: str
    latin: str
    mobile: str


@dataclass(frozen=True)
class Firm:
    """One customer as the register knows it; `family` tells of branches and groups."""

    region: str
    house: str
    trade: str
    form: str
    tail: str
    bracketed: bool
    family: bool
    place: tuple[str, str, str]  # province, city, area code
    code: str
    people: tuple[Person, Person]
    phone: str
    mails: tuple[str, str]
    addresses: tuple[tuple[str, ...], tuple[str, ...]]
    industry: str
    weak: frozenset[str]  # fields that unrelated firms share

    @property
    def name(self) -> str:
        """The registered name."""
        front = f"{self.house}（{self.region}）" if self.bracketed else self.region + self.house
        return front + self.trade + self.form + self.tail


def credit_code(rng: Random, kind: str, district: str) -> str:
    """18 characters by GB 32100-2015, the inner nine by GB 11714-1997."""
    if rng.random() < 0.6:
        body = "MA" + "".join(rng.choice(CODE_SIGNS) for _ in range(6))
    else:
        body = f"{rng.randrange(10**7, 10**8)}"
    inner = -sum(int(c, 36) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    front = kind + district + body + ("X" if inner == 10 else str(inner))
    total = sum(CODE_SIGNS.index(sign) * pow(3, i, 31) for i, sign in enumerate(front))
    return front + CODE_SIGNS[-total % 31]


def _word(rng: Random, tokens: str, times: int = 1) -> tuple[str, str]:
    """`times` tokens drawn, their characters and their pinyin."""
    drawn = [rng.choice(tokens.split()) for _ in range(times)]
    latin = ["".join(c for c in token if c.isascii()) for token in drawn]
    return "".join(t[: len(t) - len(p)] for t, p in zip(drawn, latin, strict=True)), "".join(latin)


class World:
    """Draws firms; keeps what they share: buildings, agents, names already taken."""

    def __init__(self, rng: Random, firms: int) -> None:
        self.rng = rng
        self.cities = [line.split(" ") for line in CITIES.strip("\n").replace("\n", "|").split("|")]
        self.firms: list[Firm] = []
        self.taken: set[str] = set()
        self.domains: set[str] = set()
        self.buildings = [self._building() for _ in range(1 + firms // 420)]
        self.agents = [(self.person(), self._building()) for _ in range(1 + firms // 700)]
        while len(self.firms) < firms:
            self._grow()
        del self.firms[firms:]

    def person(self) -> Person:
        """Somebody with a mobile."""
        rng = self.rng
        (family, f), (given, g) = _word(rng, SURNAMES), _word(rng, GIVEN, rng.choice((1, 2, 2)))
        mobile = rng.choice(MOBILES.split()) + f"{rng.randrange(10**8):08d}"
        return Person(family + given, rng.choice((f + g, g + f, g + "." + f)), mobile)

    def _phone(self, area: str) -> str:
        digits = 7 if area == "0592" else 8
        return f"{area}-{self.rng.randrange(2 * 10 ** (digits - 1), 9 * 10 ** (digits - 1))}"

    def _address(self, city: Sequence[str], district: str) -> tuple[str, ...]:
        rng = self.rng
        street = rng.choice(ROADS.split()) + rng.choice(("路", "路", "街", "大道", "东路", "西路"))
        number = f"{rng.randrange(1, 1600)}号"
        room = f"{rng.randrange(1, 25)}幢" if rng.random() < 0.5 else ""
        room += f"{rng.randrange(1, 20)}{rng.randrange(1, 30):02d}室" if rng.random() < 0.6 else ""
        return (city[0] and city[0] + "省", city[1] + "市", district + "区", street + number, room)

    def _building(self) -> tuple[list[str], str, tuple[str, ...], str]:
        city = self.rng.choice(self.cities)
        district = self.rng.choice(city[3:])
        address = list(self._address(city, district[6:]))
        address[3] += "".join(_word(self.rng, HOUSE, 2)[0]) + self.rng.choice(
            ("大厦", "中心", "广场")
        )
        return city, district, tuple(address), self._phone(city[2])

    def _grow(self) -> None:
        rng, chance = self.rng, self.rng.random()
        old = rng.choice(self.firms) if len(self.firms) > 50 else None
        if chance < 0.042 and old and not old.tail and "公司" in old.form:
            self._branch(old)
        elif chance < 0.052:
            parent = self._add(trade=rng.choice(("集团", "控股集团", "投资集团")), family=True)
            for _ in range(rng.randrange(2, 5)):
                self._add(like=parent, family=True, home=rng.random() < 0.5)
        elif chance < 0.12 and old and not old.family:
            home = rng.random() < 0.4
            self._add(like=old, trade="" if home else old.trade, home=home)
        else:
            self._add()

    def _branch(self, head: Firm) -> None:
        city = self.rng.choice(self.cities)
        tail = city[1] + self.rng.choice(("分公司", "分公司", "分公司", "第一分公司", "第二分公司"))
        self._add(like=head, trade=head.trade, family=True, head=head, city=city, tail=tail)

    def _add(
        self,
        like: Firm | None = None,
        trade: str = "",
        family: bool = False,
        home: bool = False,
        head: Firm | None = None,
        city: list[str] | None = None,
        tail: str = "",
    ) -> Firm:
        """A firm of a name that nobody has yet."""
        rng = self.rng
        city = city or next(
            (c for c in self.cities if home and like and c[1] == like.place[1]),
            rng.choice(self.cities),
        )
        district, phone, weak = rng.choice(city[3:]), self._phone(city[2]), set[str]()
        people = (self.person(), self.person())
        house, latin = _word(rng, HOUSE, rng.choice((2, 2, 2, 3)))
        domain = latin + rng.choice(("", "", "cn", str(rng.randrange(100)))) + ".com"
        while domain in self.domains:  # a domain has one holder
            domain = "e" + domain
        self.domains.add(domain)
        chance, address = rng.random(), self._address(city, district[6:])
        if chance < 0.12 and not tail and not home:
            city, district, address, board = rng.choice(self.buildings)
            address = (*address[:4], f"{rng.randrange(3, 30)}{rng.randrange(1, 20):02d}室")
            if rng.random() < 0.5:
                phone, weak = board, weak | {"phone"}
        elif chance < 0.16 and not family:
            agent, (at, near, seat, _) = rng.choice(self.agents)
            people, weak = (agent, people[1]), weak | {"mobile", "mail"}
            if rng.random() < 0.4 and not home:
                city, district, address, weak = at, near, seat, weak | {"address"}
        industry = rng.choice(list(TRADES))
        own = trade or rng.choice(TRADES[industry].split())
        industry = next((i for i, words in TRADES.items() if own in words.split()), industry)
        kind, form = (
            "91",
            rng.choice(("有限公司",) * 15 + ("有限责任公司",) * 2 + ("股份有限公司",)),
        )
        if not family and rng.random() < 0.06:
            kind, form = "92", rng.choice(SMALL.split())
        shape = rng.random()
        region = city[1] if shape < 0.75 else city[0] or city[1]
        region += "市" if shape < 0.1 else ("省" if shape > 0.95 and city[0] else "")
        bracketed = kind == "91" and 0.1 < shape < 0.22
        if like:
            house = like.house
            if family and rng.random() < 0.6:
                domain, weak = like.mails[1].split("@")[1], weak | {"mail"}
            if family and rng.random() < (0.55 if head else 0.3):
                phone, weak = like.phone, weak | {"phone"}
        if head:
            region, form, bracketed, industry = (
                head.region,
                head.form,
                head.bracketed,
                head.industry,
            )
        first = rng.choice((people[0].latin, "info", "sales")) + "@" + domain
        if rng.random() < 0.4:
            first = f"{rng.randrange(10**7, 10**10)}@qq.com"
        elif rng.random() < 0.25:
            first = f"{people[0].latin}{rng.randrange(10**4)}@{rng.choice(('163', '126'))}.com"
        firm = Firm(
            region, house, own, form, tail, bracketed, family, (city[0], city[1], city[2]),
            credit_code(rng, kind, district[:6]), people, phone,
            (first, people[1].latin + "@" + domain),
            (address, self._address(city, rng.choice(city[3:])[6:])), industry, frozenset(weak),
        )  # fmt: skip
        # No register enters the same house and trade twice in one city.
        signs = {firm.name, " ".join((city[1], house, own, tail))}
        if signs & self.taken:
            return like if like and tail else self._add(like, trade, family, home)
        self.taken |= signs
        self.firms.append(firm)
        return firm
