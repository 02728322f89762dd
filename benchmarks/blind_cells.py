"""Clean Chinese customer data, invented without sight of the product's rules: what `accuracy` is
measured on.

Whoever wrote this knew the published standards and what the documentation calls the standard form
of a field, but had read neither the code nor the tests that judge them. Every value here is as it
should be: a finding about one, or a change of one, is a false alarm. Nobody here is meant to
exist.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from benchmarks.blind_places import Place, landline, places, street

HEADERS = {
    "客户编号": "customer_code",
    "客户名称": "name",
    "客户性质": "kind",
    "统一社会信用代码": "uscc",
    "法定代表人": "legal_representative",
    "注册资本": "registered_capital",
    "成立日期": "established_on",
    "所属行业": "industry",
    "客户类型": "customer_type",
    "客户规模": "size",
    "客户等级": "grade",
    "来源渠道": "channel",
    "地址": "address",
    "网址": "website",
    "年采购预算(万元)": "annual_budget",
    "建档日期": "source_created_at",
    "开户行": "billing_bank",
    "对公账号": "billing_account",
    "同意短信": "sms_consent",
    "负责人": "owner",
    "备注": "remark",
    "联系人": "contact.name",
    "职务": "contact.title",
    "手机": "contact.mobile",
    "固定电话": "phone",
    "邮箱": "contact.email",
    "微信号": "contact.wechat",
    "QQ号": "contact.qq",
    "身份证号": "contact.id_number",
}
"""Header → the field of the standard model."""
YES_NO = {"是": "true", "否": "false"}

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_HOUSE = """
恒泰 金源 中诚 瑞丰 鑫达 宏远 华盛 永兴 天成 博雅 启明 远航 嘉禾 铭德 凯旋 腾龙 海川 云帆 星辰
朗润
卓越 立新 正和 佳美 安康 泽普 航宇 锐创 联众 亿通 鸿图 聚力 睿思 景明 昊天 森源 锦程 万家 峰华
千禧
欧亚 大洋 老百姓 小天鹅 一品鲜 德力西诺 三六五 九鼎 百年 同和 万里红 绿野 蓝海湾 金太阳 好又多
美佳乐
长城 黄山 珠江 南洋 北方 东方 西部 中原 华夏 爱普 洁雅 思源 易达 迈科 维信 优品 惠民 兆丰 旺旺达
阿里山
"""
_TRADE = {
    "机械设备": "C35 C34",
    "电气": "C38",
    "电子科技": "C39",
    "软件": "I65 I6513",
    "信息技术": "I65",
    "食品": "C14 C13",
    "纺织": "C17",
    "服饰": "C18",
    "化工": "C26",
    "医药": "C27",
    "塑料制品": "C29",
    "建材": "C30",
    "金属制品": "C33",
    "汽车零部件": "C36",
    "仪器仪表": "C40",
    "模具": "C3525",
    "建设工程": "E47 E48",
    "建筑安装": "E49",
    "装饰工程": "E50",
    "贸易": "F51",
    "商贸": "F51 F52",
    "进出口": "F51",
    "物流": "G54 G59",
    "餐饮管理": "H62",
    "酒店管理": "H61",
    "网络科技": "I64",
    "房地产开发": "K70",
    "企业管理咨询": "L72",
    "人力资源": "L72",
    "环保科技": "N77",
    "农业科技": "A01",
    "生物科技": "M73",
    "检测技术": "M74",
    "文化传媒": "R88",
    "供热": "D44",
    "煤业": "B06",
    "印务": "C23",
    "包装": "C22",
    "新能源": "C38",
    "供应链管理": "G59 L72",
    "国际货运代理": "G59",
}
_SHOPS = {
    "五金店": "F52",
    "百货超市": "F52",
    "餐馆": "H62",
    "理发店": "O80",
    "烟酒商行": "F52",
    "小吃店": "H62",
    "汽车修理厂": "O81",
    "服装店": "F52",
    "建材经营部": "F51",
    "水果批发部": "F51",
    "家电维修部": "O81",
}
_BODIES = (  # name behind the region, authority and class, industry
    ("人民医院", "12", "Q84"),
    ("中医院", "12", "Q8412"),
    ("第一中学", "12", "P83"),
    ("实验小学", "12", "P83"),
    ("职业技术学院", "12", "P83"),
    ("市场监督管理局", "11", "S92"),
    ("财政局", "11", "S92"),
    ("卫生健康委员会", "11", "S92"),
    ("税务局", "11", "S92"),
    ("疾病预防控制中心", "12", "Q84"),
    ("图书馆", "12", "R88"),
    ("水利勘测设计院", "12", "M74"),
    ("工商业联合会", "51", "S95"),
    ("企业家协会", "51", "S95"),
    ("慈善总会", "51", "S95"),
    ("阳光社会工作服务中心", "52", "Q85"),
    ("教育发展基金会", "53", "S95"),
    ("总工会", "81", "S95"),
)
_FOREIGN = (
    "费森诺 博莱克 施耐特 欧瑞康达 三井田 松永 凯尔曼 诺维坦 丰泽电装 阿特拉斯通 艾默森 拜恩施"
)
_ABROAD = (
    "Northwind Bearings Ltd.",
    "Grunwald Maschinenbau GmbH",
    "Sakamoto Seiki K.K.",
    "Pacific Harbour Trading Pte. Ltd.",
    "O'Neill & Sons Inc.",
    "Compania Minera del Sur S.A.",
    "Vantage 21 LLC",
    "Elmira Textiles Pvt. Ltd.",
)
_SURNAMES = """

王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎

余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文

庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂焦向柳邢路岳齐梅庄辛管祝左涂谷祁时舒耿牟卜詹关苗

凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿

戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷

卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺逄亓仉昝乜
"""
_COMPOUND = """
欧阳 上官 司马 诸葛 慕容 皇甫 尉迟 公孙 令狐 东方 夏侯 宇文 长孙 司徒 申屠 端木 南宫 钟离 呼延
澹台 赫连
"""
_GIVEN = """
伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞 平 刚 喆 堃 赟 祎 昇 工 博 经纬 建国 秀英
桂兰 志强
晓东 雨桐 子涵 浩然 一凡 春燕 玉梅 海燕 国庆 小龙 大伟 文总 师师 主恩 思源 厂生 嘉怡 立新 卫东
爱华 胜利 和平
红军 长江 高峰 天理 若曦 㛃 𬱖 曌 亚楠 俊杰 诗琪 欣怡 梓萱 宇航 一 三丰 多多 贵 老虎 总成 理想
先 女贞
"""
_MINOR = """
阿依古丽·买买提 古丽娜尔·阿不都热合曼 艾力·吐尔逊 买买提江·艾合买提 迪丽热巴·吾甫尔
帕提古丽·库尔班
扎西次仁 达瓦央宗 格桑卓玛 洛桑 索朗旺堆 巴特尔 那仁图雅 乌云其其格 斯琴高娃 阿木古郎 吉克阿牛
沙马拉则
阿卓·巴图尔 玛依拉·居马别克 加央桑珠 朴成日 崔顺姬 岩温 玉香 波·巴雅尔
"""
_ENGLISH = "David Chen|Maria Garcia|John O'Connor|Kenji Sato|Anna-Lena Becker|Kim Min-jun|Raj Patel"
_TITLES = """
总经理 副总经理 董事长 采购经理 采购员 财务总监 财务经理 会计 出纳 技术总监 工程师 高级工程师
项目经理 销售经理
销售总监 业务员 厂长 车间主任 设备科科长 办公室主任 行政经理 人力资源总监 信息中心主任 院长
副院长 校长 科长
副科长 处长 副处长 局长 主任 秘书长 会长 理事长 店长 合伙人 律师 运营总监 市场总监 董事会秘书
总经理助理 法务经理
生产经理 质量经理 客户经理 供应链总监 仓库管理员 首席执行官 首席技术官 经理 主管 采购主管
后勤主任 护士长
"""
_MAILS = """
qq.com qq.com qq.com 163.com 163.com 126.com sina.com sina.cn sohu.com foxmail.com 139.com
189.cn gmail.com
outlook.com hotmail.com yeah.net aliyun.com vip.qq.com vip.163.com vip.sina.com 21cn.com 263.net
tom.com 188.com
live.cn live.com msn.com icloud.com wo.cn yahoo.com me.com
"""
_LATIN = """
hengtai jinyuan zhongcheng ruifeng xinda hy huasheng yx tiancheng boya qm jiahe md kaixuan tl
haichuan yunfan
xc lr lixin zhjm akyy zp hangyu rc lianzhong yitong ht julisteel rs jm sy wanjia fh 51pack 9ding
qqd g-mall
out1ook-tech sinoma 163pack hotmetal foxcable aliyuntech
"""
_DOMAIN_ENDS = "com com com com com.cn cn net cn com.cn ltd tech group com.hk org.cn"
_MOBILES = """
130 131 132 133 134 135 136 137 138 139 145 147 150 151 152 153 155 156 157 158 159 166 171 172
173 175 176 177
178 180 181 182 183 184 185 186 187 188 189 190 191 193 195 196 197 198 199 162 165 167 170
"""
_BANKS = (
    ("中国工商银行股份有限公司", 19, "0200 1202 4000"),
    ("中国建设银行", 20, "1105 3305 4405"),
    ("中国农业银行股份有限公司", 17, "1904 0301 4410"),
    ("中国银行", 12, "3452 4001 7769"),
    ("交通银行", 21, "3310 1100 4430"),
    ("招商银行股份有限公司", 15, "5719 7559 1109"),
    ("兴业银行", 18, "3569 3370 1170"),
    ("中国邮政储蓄银行股份有限公司", 18, "9330 1000 9440"),
    ("上海浦东发展银行", 20, "9501 9800 0764"),
    ("中信银行", 19, "8110 7334 8115"),
    ("农村商业银行股份有限公司", 15, "2010 1010 8020"),
    ("农村信用合作联社", 20, "9002 2001 8801"),
)
_REMARKS = """
老客户，每年三月和九月各采购一次|合同编号HT-2023-0417，质保期两年|2023年11月拜访，对方要求降价5%
付款方式：月结30天
物流单号SF1390021547823，已签收|订单号202403150012345678，分三批交货|需开增值税专用发票，税率13%
样品已寄出，待反馈
型号XK-2400A两台、XK-1200B一台|营业执照副本和身份证复印件已收|经老客户介绍，首次合作给予九五折
周一至周五9:00-17:00收货
预计2025年二季度扩建厂房，需求约300台|由华东区王经理跟进|ISO9001认证编号00123Q31245R2M
发票号码04417823，已作废重开
希望安排参观工厂|客户反映噪音偏大，已换轴承6204-2RS|报价有效期至2024-12-31
仓库在外地，发货前先电话联系|设备功率37kW，电压380V
采购金额约120万元，分两年执行|面积3600㎡，员工85人|A类客户，账期45天
招标编号ZB2024-0089，保证金5万元已退
"""


def credit_code(rng: Random, front: str) -> str:
    """`front`, eight signs, both check characters (GB 32100-2015, GB 11714-1997)."""
    if front[:2] in ("91", "92", "93") and rng.random() < 0.6:
        body = "MA" + "".join(rng.choice(SIGNS) for _ in range(6))
    else:
        body = f"{rng.randrange(10**7, 10**8)}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    inner = -sum(int(c, 36) * w for c, w in zip(body, weights, strict=True)) % 11
    text = front + body + ("X" if inner == 10 else str(inner))
    total = sum(SIGNS.index(sign) * pow(3, i, 31) for i, sign in enumerate(text))
    return text + SIGNS[-total % 31]


def identity_number(rng: Random) -> str:
    """18 characters by GB 11643-1999 of somebody between 18 and 70; now and then a permit."""
    chance = rng.random()
    region = rng.choice(places()).code if chance > 0.02 else rng.choice(("810000", "820000"))
    if chance > 0.96:  # abolished since, right when it was given
        region = rng.choice(("110103", "110104", "310103", "310108", "330182", "512223", "422123"))
    latest = date(1979, 1, 1) if chance > 0.96 else date(2006, 1, 1)
    born = latest - timedelta(rng.randrange(1, 365 * (20 if chance > 0.96 else 48)))
    text = f"{region}{born:%Y%m%d}{rng.randrange(1, 1000):03d}"
    return text + "10X98765432"[sum(int(c) * 2 ** (17 - i) for i, c in enumerate(text)) % 11]


def person(rng: Random) -> str:
    """A full name: Han, compound surname, minorities, foreigners."""
    chance = rng.random()
    if chance < 0.04:
        return rng.choice(_MINOR.split())
    if chance < 0.055:
        return rng.choice(_ENGLISH.split("|"))
    compound = _COMPOUND.split()
    surname = rng.choice(compound if chance < 0.09 else list("".join(_SURNAMES.split())))
    given = rng.choice(_GIVEN.split())
    while surname + given[-1:] in ("万总", "高工", "安工", "强工") or given in (
        "先",
        "总成",
        "文总",
    ):
        given = rng.choice(_GIVEN.split())
    if len(given) == 1 and rng.random() < 0.25:
        given = given + given if given in "芳丽娜静" else rng.choice("晓小文志") + given
    return surname + given if given != "工" else surname + "文工"


def _firm(rng: Random, place: Place) -> dict[str, str]:
    """Name, kind, code, industry, legal representative of somebody who buys."""
    chance, house = rng.random(), rng.choice(_HOUSE.split())
    town = place.city or place.district or place.province
    short = town[:-1] if town.endswith("市") and len(town) > 2 else town
    district = place.district or town
    trade = rng.choice(list(_TRADE))
    industry = rng.choice(_TRADE[trade].split())
    home = rng.choice((place.code, place.code, place.code, place.code[:4] + "00"))
    if (
        place.province in ("北京市", "上海市", "天津市", "重庆市")
        or len(place.code.rstrip("0")) < 5
    ):
        home = rng.choice((place.code, place.code[:2] + "0000"))
    special = {"4401": "440101", "3205": "320594", "6101": "610131", "1101": "110302"}
    if rng.random() < 0.3:
        home = special.get(place.code[:4], home)
    kind, front, boss = "企业", "91", person(rng)
    if chance < 0.55:
        region = rng.choice((short, short, town, place.province if town else short, district))
        form = rng.choice(("有限公司",) * 8 + ("有限责任公司", "股份有限公司", "集团有限公司"))
        name = region + house + trade + form
        if rng.random() < 0.12:
            name = f"{house}({short}){trade}{form}"
        if rng.random() < 0.06:
            name += rng.choice(("杭州", "北京", "苏州工业园区", "第二", "西南")) + "分公司"
    elif chance < 0.62:
        tail = rng.choice(
            ("(中国)投资有限公司", f"({short}){trade}有限公司", f"{trade}(苏州)有限公司")
        )
        name = rng.choice(_FOREIGN.split()) + tail
    elif chance < 0.76:
        shop = rng.choice(list(_SHOPS))
        surname = boss[0] if not boss[0].isascii() else "老"
        own = rng.choice((house, surname + "记", f"小{surname}"))
        name, kind, front, industry = district + own + shop, "个体工商户", "92", _SHOPS[shop]
        if rng.random() < 0.3:
            name += "(个体工商户)"
    elif chance < 0.8:
        name, front, industry = f"{district}{house}种植农民专业合作社", "93", "A01"
    elif chance < 0.85:
        name = rng.choice(
            (
                f"{short}{house}股权投资合伙企业(有限合伙)",
                f"{short}{house}企业管理咨询中心(普通合伙)",
                f"{short}{house}{trade}厂",
            )
        )
    elif chance < 0.88:
        front, industry, kind = "31", "L72", ""
        name = rng.choice(
            (f"{place.province.rstrip('省市')}{house}律师事务所", f"{house}({short})律师事务所")
        )
        if rng.random() < 0.4:
            name, front = f"{house}会计师事务所(特殊普通合伙){short}分所", "91"
    elif chance < 0.9:
        village = rng.choice(("柳林", "双河", "石桥", "白沙", "大营", "红旗"))
        name, front, industry, kind = f"{district}{village}镇{village}村民委员会", "54", "S96", ""
        if rng.random() < 0.4:
            name, front = f"{district}{village}村股份经济合作社", "N2"
    elif chance < 0.985:
        tail, front, industry = rng.choice(_BODIES)
        name, kind = rng.choice((town, district)) + tail, ""
    else:
        return {
            "客户名称": rng.choice(_ABROAD),
            "客户性质": "境外企业",
            "统一社会信用代码": "",
            "法定代表人": "",
            "所属行业": industry,
        }
    return {
        "客户名称": name,
        "客户性质": kind,
        "统一社会信用代码": credit_code(rng, front + home),
        "法定代表人": boss,
        "所属行业": industry,
    }


def _day(rng: Random, first: date, last: date) -> str:
    return (first + timedelta(rng.randrange((last - first).days))).isoformat()


def _contact(rng: Random, place: Place, domain: str) -> dict[str, str]:
    mobile = rng.choice(_MOBILES.split()) + f"{rng.randrange(10**8):08d}"
    phone = landline(rng, place) if rng.random() < 0.8 else ""
    if phone and rng.random() < 0.12:
        phone += f"-{rng.randrange(1, 9000)}"
    elif rng.random() < 0.05:
        phone = rng.choice(("400", "800")) + f"{rng.randrange(6000000, 8999999)}"
    box = rng.choice(_LATIN.split()).replace("-", ".") + str(rng.randrange(1, 999))
    maker = rng.choice(
        (
            f"{rng.randrange(10**6, 10**10)}@qq.com",
            f"{box}@{domain}",
            f"{box}@{rng.choice(_MAILS.split())}",
            f"{box[:3]}_{box[3:]}@{domain}",
        )
    )
    name = "".join(c for c in box if c.isalpha())[:12]
    wechat = rng.choice(
        (f"{name}_{rng.randrange(10**4, 10**6)}", mobile, f"{name}_wx2020", f"Li-{name}88")
    )
    return {
        "联系人": person(rng),
        "职务": rng.choice(_TITLES.split()),
        "手机": mobile,
        "固定电话": phone,
        "邮箱": maker if rng.random() < 0.9 else "",
        "微信号": wechat.lower()[:20] if rng.random() < 0.7 else "",
        "QQ号": str(rng.randrange(10**5, 10**10)) if rng.random() < 0.6 else "",
        "身份证号": identity_number(rng) if rng.random() < 0.6 else "",
    }


def clean_row(rng: Random, number: int) -> dict[str, str]:
    """One customer with its contact, header → cell, all in the standard form."""
    place = rng.choice(places())
    firm = _firm(rng, place)
    bank, digits, heads = rng.choice(_BANKS)
    head = rng.choice(heads.split())
    town = (place.city or place.district or place.province).rstrip("市")
    domain = rng.choice(_LATIN.split()) + "." + rng.choice(_DOMAIN_ENDS.split())
    budget = rng.choice((f"{rng.randrange(1, 900)}", f"{rng.randrange(10, 999) / 10:.1f}", "20000"))
    budget = budget.removesuffix(".0")
    site = rng.choice((f"www.{domain}", f"https://www.{domain}", f"http://{domain}", ""))
    address = place.region + street(rng, place)
    if firm["客户性质"] == "境外企业":
        address = (
            "香港特别行政区" + rng.choice(("九龙城区", "湾仔区", "观塘区")) + street(rng, place)
        )
    company = firm["客户性质"] == "企业"
    return {
        "客户编号": f"KH{number:07d}",
        **firm,
        "注册资本": str(rng.choice((50, 100, 500, 1000, 5000)) * 10000) if company else "",
        "成立日期": _day(rng, date(1992, 1, 1), date(2023, 1, 1)),
        "客户类型": rng.choice(("潜在客户", "成交客户", "流失客户")),
        "客户规模": rng.choice(("大型", "中型", "小型", "微型")),
        "客户等级": rng.choice(("战略客户", "重点客户", "普通客户")),
        "来源渠道": rng.choice(
            ("展会推广", "官网咨询", "客户转介绍", "电话营销", "门店", "第三方名单")
        ),
        "地址": address,
        "网址": site,
        "年采购预算(万元)": budget,
        "建档日期": _day(rng, date(2023, 1, 2), date(2025, 10, 1)),
        "开户行": f"{bank}{town}{rng.choice(('城东', '开发区', '中山路', '高新'))}支行",
        "对公账号": head + "".join(rng.choice("0123456789") for _ in range(digits - len(head))),
        "同意短信": rng.choice(("是", "否")),
        "负责人": person(rng),
        "备注": rng.choice(_REMARKS.replace("\n", "|").strip("|").split("|")),
        **_contact(rng, place, domain),
    }
