"""Invented Chinese companies in bulk, spoilt as departments spoil them; vectorised, deterministic.

A customer is a company with its contact person in the same row. About 0.4 further rows per
customer tell of it again, as another department typed it: another legal form, a wrong character
of the same sound, blanks, other spellings of telephone numbers, missing codes and addresses. Some
companies are branches of others: they share a name and a telephone, and are not the same.

Nobody here exists: names are put together from the lists below, numbers are random ones that pass
their checks, mail addresses end in `.example.cn`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.int64]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PLACES = _words(
    "江苏南京 江苏苏州 江苏无锡 江苏常州 浙江杭州 浙江宁波 浙江温州 浙江嘉兴 广东广州 "
    "广东深圳 广东佛山 广东东莞 山东济南 山东青岛 山东烟台 河南郑州 河南洛阳 湖北武汉 "
    "湖北宜昌 湖南长沙 湖南株洲 四川成都 四川绵阳 陕西西安 福建福州 福建厦门 福建泉州 "
    "安徽合肥 安徽芜湖 辽宁沈阳 辽宁大连 河北石家庄 河北唐山 江西南昌 云南昆明 贵州贵阳"
)
_DISTRICTS = _words(
    "云亭 望湖 临溪 向阳 新桥 石桥 东篱 西苑 南屏 北麓 锦河 青禾 白石 丹枫 紫藤 金沙"
)
_STREETS = _words(
    "梧桐路 银杏街 香樟大道 海棠路 芙蓉街 青松路 翠竹巷 腊梅路 丁香街 紫荆大道 木棉路 合欢街 "
    "望江路 听涛路 揽月街 追日大道 拾光路 知行街 致远路 明德路 笃学街 求是路 创业大道 兴业街"
)
_FIRST = (
    "澜砚祺栩翊煜璟昱弈稷桓崧骁靖瀚铭锐拓诺迅恒衡鸿宏泽润瑞辰宸凯启创联万丰广兴庆宝禾卓朗"
    "铂博沃奕嘉晟睿颂岳麟霖"
)
_SECOND = (
    "屿岚珑峤沐翎川舟棠野桥塬帆达华云龙远源祥航科智业顺峰特迪蓝海森禹辉耀阳腾图恩威邦泰通"
    "际曜弦萃谷汀梧槿砺"
)
_THIRD = "尔斯克德曼伦格欣安宁丽诚铎锴垚淼焱桐楠榕桦枫柏柳荷莲菊兰"
_TRADES = _words(
    "科技 贸易 建材 机械设备 电子 食品 物流 软件技术 环保工程 医药 纺织 五金制品 化工 印刷 "
    "包装 家具 照明 电气 农业 水产 茶业 酒业 服饰 鞋业 箱包 玩具 文化传媒 广告 咨询 装饰工程 "
    "园林 汽车配件 电缆 阀门 仪表 模具 塑料 橡胶 玻璃 陶瓷"
)
_FORMS = ("有限公司", "有限公司", "有限公司", "有限公司", "股份有限公司")
_SOUND_ALIKE = str.maketrans(
    "澜祺翊昱恒宏泽润瑞辰凯启丰嘉睿华远源航智峰阳通",
    "岚琪奕煜衡弘择闰锐晨楷起峰佳锐桦源元杭志锋洋同",
)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢"
_GIVEN = (
    "伟芳娜敏静磊洋勇艳杰娟涛明超霞平刚桂英玉建文志丹萍鹏雪慧琳浩宇佳欣子雨晓国海立永春婷俊凯倩"
)
_TITLES = _words("采购经理 总经理 采购主管 采购专员 副总经理 财务经理 行政专员 技术总监")
_INDUSTRIES = _words(
    "批发业 零售业 通用设备制造业 专用设备制造业 食品制造业 道路运输业 软件和信息技术服务业"
)
_DEPARTMENTS = ("东区销售部", "西区销售部", "南区销售部", "北区销售部", "大客户部")
_SYLLABLES = _words(
    "ba che di fu gao hai jin kun lei ming nan ou pei qing rui shan tong wei xin yan zhou"
)
_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: without I, O, S, V, Z
_CODE_WEIGHTS = np.array([3**i % 31 for i in range(17)])
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_PROVINCES = np.array([[3, 2], [3, 3], [4, 4], [3, 7], [4, 1], [4, 2], [4, 3], [5, 1], [6, 1]])
_ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])

OWNERS = tuple(f"{s}{a}{b}" for s in "钟陶姜崔谭" for a in "思若启雅" for b in "源琳文然衡岚")
"""The people who are responsible for customers: 120 of them."""

DUPLICATES = 0.4
"""Further rows per customer."""


@dataclass(frozen=True)
class Customers:
    """`rows`: every column as departments typed it. `truth`: number of the customer, row by row."""

    rows: pl.DataFrame
    truth: Numbers


def customers(count: int, *, seed: int = 7) -> Customers:
    """`count` rows about `count / 1.4` customers, in no order."""
    random = np.random.default_rng(seed)
    real = round(count / (1 + DUPLICATES))
    clean = _with_branches(_clean(real, random), random)
    again = np.sort(random.choice(real, size=count - real, replace=True))
    rows = pl.concat([clean, _spoilt(clean[again], random)])
    truth = np.concatenate([np.arange(real), again])
    order = random.permutation(count)
    rows = rows[order].with_columns(_text("C", np.arange(count), 8).alias("number"))
    return Customers(rows.select("number", pl.exclude("number")), truth[order])


def changed(rows: pl.DataFrame, count: int, *, seed: int = 11) -> pl.DataFrame:
    """The same rows, `count` of them with another mobile number and another address."""
    random = np.random.default_rng(seed)
    at = np.sort(random.choice(rows.height, size=min(count, rows.height), replace=False))
    new = rows[at].with_columns(
        mobile=_mobile(len(at), random),
        address=pl.col("address").fill_null("") + "甲" + _text("", random.integers(1, 99, len(at))),
    )
    kept = rows.with_row_index("_at").filter(~pl.col("_at").is_in(at.tolist())).drop("_at")
    return pl.concat([kept, new]).sort("number")


def _clean(count: int, random: np.random.Generator) -> pl.DataFrame:
    place = _pick(_PLACES, count, random)
    province, city = place.str.slice(0, 2), place.str.slice(2)
    third = _pick(_THIRD, count, random).set(pl.Series(random.random(count) < 0.3), "")
    brand = _pick(_FIRST, count, random) + _pick(_SECOND, count, random) + third
    region = city.zip_with(pl.Series(random.random(count) < 0.5), province + "省" + city + "市")
    owner = random.integers(0, len(OWNERS), count)
    mail = _pick(_SYLLABLES, count, random) + _pick(_SYLLABLES, count, random)
    return pl.DataFrame(
        {
            "name": region + brand + _pick(_TRADES, count, random) + _pick(_FORMS, count, random),
            "uscc": _credit_codes(count, random),
            "industry": _pick(_INDUSTRIES, count, random),
            "phone": _text("0", random.integers(300, 999, count))
            + "-"
            + _text("", random.integers(20_000_000, 89_999_999, count)),
            "status": _pick(("潜在客户", "成交客户", "合作中", "意向客户"), count, random),
            "address": province + "省" + city + "市" + _pick(_DISTRICTS, count, random) + "区"
            + _pick(_STREETS, count, random) + _text("", random.integers(1, 999, count)) + "号",
            "budget": _text("", random.integers(1, 5_000, count)),
            "account": _text("9", random.integers(10**14, 10**15, count)),
            "contact": _pick(_SURNAMES, count, random)
            + _pick(_GIVEN, count, random)
            + _pick(_GIVEN, count, random),
            "title": _pick(_TITLES, count, random),
            "mobile": _mobile(count, random),
            "email": mail + _text("", np.arange(count)) + "@" + mail + ".example.cn",
            "id_number": _id_numbers(count, random),
            "owner": pl.Series(OWNERS)[owner],
            "department": pl.Series(_DEPARTMENTS)[owner % len(_DEPARTMENTS)],
            "created": _dates(count, random),
        }
    )  # fmt: skip


def _with_branches(clean: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Every fiftieth company is a branch of the one before it: name and telephone are its own."""
    branch = pl.Series(np.arange(clean.height) % 50 == 1)
    place = _pick(_PLACES, clean.height, random).str.slice(2)
    name = clean["name"].shift(1) + place + "分公司"
    return clean.with_columns(
        name.zip_with(branch, clean["name"]),
        clean["phone"].shift(1).zip_with(branch, clean["phone"]),
    )


def _spoilt(clean: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """The same companies as another department typed them."""
    n = clean.height

    def some(share: float) -> pl.Series:
        return pl.Series(random.random(n) < share)

    name = clean["name"]
    name = name.str.replace("有限公司", "有限责任公司").zip_with(
        some(0.2) & ~name.str.contains("股份"), name
    )
    typed = pl.Series([text.translate(_SOUND_ALIKE) for text in name.to_list()])
    name = typed.zip_with(some(0.15), name)
    name = name.str.replace("省", "").str.replace("市", "").zip_with(some(0.3), name)
    name = (name.str.slice(0, 4) + " " + name.str.slice(4)).zip_with(some(0.1), name)
    phone, mobile, email = clean["phone"], clean["mobile"], clean["email"]
    phone = phone.str.replace("-", " ").zip_with(some(0.3), phone)
    mobile = (
        "+86 " + mobile.str.slice(0, 3) + "-" + mobile.str.slice(3, 4) + "-" + mobile.str.slice(7)
    ).zip_with(some(0.3), mobile)
    email = email.str.to_uppercase().zip_with(some(0.2), email)
    address = clean["address"]
    address = (address + "2楼").zip_with(some(0.2), address)
    address = address.str.replace(r"^.+?省", "").zip_with(some(0.3), address)
    uscc = clean["uscc"].str.to_lowercase().zip_with(some(0.1), clean["uscc"])
    other = pl.Series(OWNERS)[random.integers(0, len(OWNERS), n)]
    return clean.with_columns(
        name.alias("name"),
        uscc.set(some(0.35), None).alias("uscc"),
        phone.set(some(0.3), None).alias("phone"),
        mobile.set(some(0.15), None).alias("mobile"),
        email.set(some(0.3), None).alias("email"),
        address.set(some(0.15), None).alias("address"),
        clean["id_number"].set(some(0.5), None),
        clean["account"].set(some(0.5), None),
        other.zip_with(some(0.01), clean["owner"]).alias("owner"),
        _dates(n, random).alias("created"),
    )


def _pick(words: Sequence[str], count: int, random: np.random.Generator) -> pl.Series:
    return pl.Series(list(words))[random.integers(0, len(words), count)]


def _text(head: str, numbers: Numbers, width: int = 0) -> pl.Series:
    return head + pl.Series(numbers).cast(pl.String).str.zfill(width)


def _mobile(count: int, random: np.random.Generator) -> pl.Series:
    head = _pick(("133", "136", "139", "150", "158", "177", "186", "199"), count, random)
    return head + _text("", random.integers(0, 10**8, count), 8)


def _dates(count: int, random: np.random.Generator) -> pl.Series:
    days = pl.Series(random.integers(14_000, 20_000, count)).cast(pl.Int32).cast(pl.Date)
    return days.dt.strftime("%Y-%m-%d")


def _credit_codes(count: int, random: np.random.Generator) -> pl.Series:
    """Well-formed unified social credit codes (GB 32100-2015, GB 11714-1997)."""
    places = np.empty((count, 18), dtype=np.int64)
    places[:, 0], places[:, 1] = 9, 1
    places[:, 2:4] = _PROVINCES[random.integers(0, len(_PROVINCES), count)]
    places[:, 4:8] = random.integers(1, 3, (count, 4))
    places[:, 8:16] = random.integers(0, 10, (count, 8))
    check = (11 - places[:, 8:16] @ _ORGANISATION_WEIGHTS % 11) % 11
    places[:, 16] = np.where(check == 10, _CODE.index("X"), check)
    places[:, 17] = (31 - places[:, :17] @ _CODE_WEIGHTS % 31) % 31
    return _characters(np.frombuffer(_CODE.encode(), np.uint8)[places])


def _id_numbers(count: int, random: np.random.Generator) -> pl.Series:
    """Well-formed numbers (GB 11643-1999) under the prefix 83, of regions that do not exist."""
    places = random.integers(0, 10, (count, 18))
    places[:, :6] = (8, 3, 9, 9, 9, 9)
    places[:, 6:8] = (1, 9)
    places[:, 8] = random.integers(5, 10, count)
    places[:, 10], places[:, 11] = 0, random.integers(1, 10, count)
    places[:, 12], places[:, 13] = random.integers(0, 2, count), random.integers(1, 9, count)
    places[:, 17] = (12 - places[:, :17] @ _ID_WEIGHTS % 11) % 11
    return _characters(np.frombuffer(b"0123456789X", np.uint8)[places])


def _characters(codes: npt.NDArray[np.uint8]) -> pl.Series:
    """One text per row of ASCII codes."""
    packed = np.ascontiguousarray(codes).tobytes().decode("ascii")
    width = codes.shape[1]
    return pl.Series([packed[at : at + width] for at in range(0, len(packed), width)])
