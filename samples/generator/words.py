"""Word lists from which invented companies, people and addresses are put together.

They belong to the generator alone: the product keeps its own tables.
"""

from dataclasses import dataclass


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """`澜lan 砚yan` → (("澜", "lan"), ("砚", "yan"))."""
    return tuple((word[0], word[1:]) for word in text.split())


STEM_FIRST = _pairs(
    "澜lan 砚yan 祺qi 栩xu 翊yi 煜yu 璟jing 昱yu 弈yi 稷ji 桓huan 崧song 骁xiao 靖jing 瀚han "
    "铭ming 锐rui 拓tuo 诺nuo 迅xun 恒heng 衡heng 鸿hong 宏hong 弘hong 泽ze 润run 瑞rui "
    "辰chen 晨chen "
    "宸chen 凯kai 启qi 祁qi 创chuang 联lian 万wan 丰feng 广guang 兴xing 庆qing 宝bao 禾he 和he "
    "卓zhuo 朗lang 铂bo 博bo 沃wo 奕yi 嘉jia 佳jia 晟sheng 盛sheng 睿rui 颂song 岳yue 越yue 麟lin "
    "霖lin"
)
STEM_SECOND = _pairs(
    "澜lan 屿yu 岚lan 珑long 峤qiao 沐mu 翎ling 川chuan 舟zhou 棠tang 野ye 桥qiao 塬yuan 帆fan "
    "达da 华hua 云yun 龙long 远yuan 源yuan 祥xiang 航hang 科ke 智zhi 业ye 顺shun 峰feng 锋feng "
    "特te 迪di 蓝lan 海hai 森sen 木mu 禹yu 辉hui 晖hui 耀yao 阳yang 腾teng 图tu 恩en 威wei 维wei "
    "邦bang 泰tai 通tong 同tong 际ji 曜yao 弦xian 萃cui 谷gu 陵ling 汀ting 梧wu 槿jin 砺li 砥di"
)
STEM_THIRD = _pairs("尔er 斯si 克ke 德de 曼man 伦lun 格ge 欣xin 安an 宁ning 丽li 诚cheng")

SURNAMES = _pairs(
    "王wang 李li 张zhang 刘liu 陈chen 杨yang 赵zhao 黄huang 周zhou 吴wu 徐xu 孙sun 胡hu 朱zhu "
    "高gao 林lin 何he 郭guo 马ma 罗luo 梁liang 宋song 郑zheng 谢xie 韩han 唐tang 冯feng 于yu "
    "董dong 萧xiao 程cheng 曹cao 袁yuan 邓deng 许xu 傅fu 沈shen 曾zeng 彭peng 吕lv 苏su 卢lu"
)
GIVEN = _pairs(
    "伟wei 芳fang 娜na 敏min 静jing 磊lei 洋yang 勇yong 艳yan 杰jie 娟juan 涛tao 明ming 超chao "
    "霞xia 平ping 刚gang 桂gui 英ying 玉yu 建jian 文wen 志zhi 丹dan 萍ping 鹏peng 雪xue 慧hui "
    "琳lin 浩hao 宇yu 佳jia 欣xin 子zi 雨yu 晓xiao 国guo 海hai 立li 永yong 春chun 婷ting "
    "俊jun 凯kai 倩qian"
)
TITLES = (
    (
        "采购经理", "总经理", "采购主管", "采购专员", "副总经理", "财务经理",
        "设备部部长", "行政专员", "技术总监", "采购部经理", "老板", "生产厂长",
    ),
    (6, 4, 4, 3, 2, 2, 2, 2, 2, 1, 1, 1),
)  # fmt: skip
"""Job titles and how common each is."""


@dataclass(frozen=True, slots=True)
class Trade:
    """What a company does: the word in its name and its place in GB/T 4754-2017."""

    word: str
    code: str
    section: str
    division: str
    vague: str
    """An ambiguous way of writing the industry that only a person can settle."""


TRADES = (
    Trade("精密机械", "C34", "制造业", "通用设备", "设备制造"),
    Trade("自动化设备", "C35", "制造业", "专用设备", "设备制造"),
    Trade("医疗器械", "C35", "制造业", "专用设备", "医疗"),
    Trade("电子科技", "C39", "制造业", "计算机、通信和其他电子设备", "设备制造"),
    Trade("新材料科技", "C26", "制造业", "化学原料和化学制品", "材料"),
    Trade("食品", "C14", "制造业", "食品", "食品"),
    Trade("汽车零部件", "C36", "制造业", "汽车", "汽车"),
    Trade("电气", "C38", "制造业", "电气机械和器材", "设备制造"),
    Trade("印刷包装", "C23", "制造业", "印刷和记录媒介复制", "包装"),
    Trade("纺织", "C17", "制造业", "纺织", "制造"),
    Trade("服饰", "C18", "制造业", "纺织服装、服饰", "服装"),
    Trade("建筑工程", "E47", "建筑业", "房屋建筑", "工程"),
    Trade("装饰工程", "E50", "建筑业", "建筑装饰、装修和其他建筑", "工程"),
    Trade("贸易", "F51", "批发和零售业", "批发", "贸易"),
    Trade("商贸", "F52", "批发和零售业", "零售", "贸易"),
    Trade("物流", "G54", "交通运输、仓储和邮政业", "道路运输", "运输"),
    Trade("仓储服务", "G59", "交通运输、仓储和邮政业", "装卸搬运和仓储", "物流仓储"),
    Trade("餐饮管理", "H62", "住宿和餐饮业", "餐饮", "服务"),
    Trade("网络科技", "I64", "信息传输、软件和信息技术服务业", "互联网和相关服务", "科技"),
    Trade("软件", "I65", "信息传输、软件和信息技术服务业", "软件和信息技术服务", "IT"),
    Trade("企业管理咨询", "L72", "租赁和商务服务业", "商务服务", "服务"),
    Trade("检测技术", "M74", "科学研究和技术服务业", "专业技术服务", "技术服务"),
    Trade("环保科技", "N77", "水利、环境和公共设施管理业", "生态保护和环境治理", "环保"),
    Trade("农业发展", "A01", "农、林、牧、渔业", "农业", "农业"),
)
SHOP_TRADES = ("五金店", "建材经营部", "餐饮店", "电器商行", "汽修厂", "文具店", "劳保用品店")
LEGAL_FORMS = (("有限公司", "有限责任公司", "股份有限公司"), (80, 10, 10))
FOREIGN_FIRST = (
    "Nordlicht",
    "Brennwald",
    "Kestrelby",
    "Oakhurne",
    "Valdorra",
    "Tsukimori",
    "Lindqua",
)
FOREIGN_SECOND = ("Maschinenbau GmbH", "Instruments Ltd", "Trading Co., Ltd.", "Systems Inc.", "AG")


@dataclass(frozen=True, slots=True)
class Place:
    """A district with its GB/T 2260 code and its telephone area code."""

    code: str
    province: str
    city: str
    district: str
    area: str

    @property
    def short_city(self) -> str:
        """The city without 市, as it stands in company names."""
        return (self.city or self.province).removesuffix("市")


_PLACES = """
110108 北京市 - 海淀区 010
110105 北京市 - 朝阳区 010
120116 天津市 - 滨海新区 022
310115 上海市 - 浦东新区 021
310112 上海市 - 闵行区 021
310117 上海市 - 松江区 021
500107 重庆市 - 九龙坡区 023
440305 广东省 深圳市 南山区 0755
440306 广东省 深圳市 宝安区 0755
440106 广东省 广州市 天河区 020
440112 广东省 广州市 黄埔区 020
440604 广东省 佛山市 禅城区 0757
330106 浙江省 杭州市 西湖区 0571
330108 浙江省 杭州市 滨江区 0571
330212 浙江省 宁波市 鄞州区 0574
330302 浙江省 温州市 鹿城区 0577
320506 江苏省 苏州市 吴中区 0512
320583 江苏省 苏州市 昆山市 0512
320411 江苏省 常州市 新北区 0519
320115 江苏省 南京市 江宁区 025
370102 山东省 济南市 历下区 0531
370211 山东省 青岛市 黄岛区 0532
420111 湖北省 武汉市 洪山区 027
430104 湖南省 长沙市 岳麓区 0731
510107 四川省 成都市 武侯区 028
610113 陕西省 西安市 雁塔区 029
410105 河南省 郑州市 金水区 0371
340104 安徽省 合肥市 蜀山区 0551
350203 福建省 厦门市 思明区 0592
210211 辽宁省 大连市 甘井子区 0411
"""
PLACES = tuple(
    Place(code, province, "" if city == "-" else city, district, area)
    for code, province, city, district, area in (line.split() for line in _PLACES.split("\n")[1:-1])
)
ROADS = (
    "青禾路", "望溪路", "云栈大道", "石桥路", "枫林街", "兴业路", "科创大道", "松涛路", "白鹭大道",
    "东湾路", "锦澜街", "长亭路", "月湖大道", "创新一路", "创新二路", "民生街",
    "北苑路", "清源路", "梅坞路", "龙溪大道",
)  # fmt: skip
PARKS = (
    "启明产业园",
    "望江商务中心",
    "松谷科技园",
    "海棠大厦",
    "双桥创业园",
    "天枢广场",
    "云汀国际",
)

_TRADITIONAL = (
    "云雲东東龙龍远遠启啟润潤凯凱创創联聯万萬丰豐广廣业業兴興顺順庆慶宝寶达達华華锐銳铭銘诺諾泽澤岚嵐砚硯骁驍珑瓏责責"
    "电電设設备備机機贸貿实實际際国國团團务務资資环環医醫软軟网網络絡动動车車轮輪进進长長门門开開关關问問题題无無办辦"
    "处處应應发發农農检檢测測术術饮飲纺紡织織饰飾装裝气氣储儲传傳筑築栈棧桥橋鹭鷺锦錦湾灣苏蘇区區号號张張刘劉陈陳杨楊"
    "赵趙黄黃吴吳孙孫马馬罗羅谢謝韩韓冯馮邓鄧许許卢盧吕呂辉輝晖暉图圖维維蓝藍腾騰阳陽锋鋒颂頌铂鉑静靜伟偉艳艷涛濤刚剛"
    "鹏鵬晓曉纸紙报報异異显顯"
)
TRADITIONAL = str.maketrans(dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True)))
"""Simplified to traditional, for the characters that these lists use."""
