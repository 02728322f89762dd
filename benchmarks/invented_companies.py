"""Invented companies, Chinese and Latin, typed again by careless people; by the million.

The word lists are this file's own, apart from the product's tables: a generator that shares
tables with what it measures flatters it. No company, person or number in it is meant to exist.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.int64]
Random = np.random.Generator

FIELDS = ("name", "code", "phone", "email", "address", "contact")
LEVELS = {"light": 0.15, "medium": 0.35, "heavy": 0.6}
"""Corruption levels: the chance of each kind of damage in a repeated row is about this."""
DUPLICATES = 0.3
"""Share of all rows that repeat a company that stands already."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PLACES = _words(
    "苏州 昆山 无锡 常州 扬州 镇江 宁波 温州 绍兴 嘉兴 台州 佛山 东莞 惠州 中山 珠海 泉州 "
    "厦门 漳州 赣州 烟台 潍坊 临沂 青岛 洛阳 开封 宜昌 襄阳 株洲 衡阳 绵阳 遵义 柳州 桂林"
)
_FIRST = "晟翔骏霖铭轩昊霆珀砺锐骁翰睿煜晖灿焜炜烨楠桦槿栎澜汐沅淳渊溯岚峻岳崧巍鹭鹏鸿鹤雁"
_SECOND = "迈拓创铸筑启跃腾驰骋耀辉图谱致匠巧智慧联众协融汇聚集宏广博厚德仁义礼诚谦和顺达"
_TRADES = _words(
    "轴承 阀门 泵业 电缆 齿轮 刀具 涂料 染料 香料 肥料 饲料 种业 茶叶 干果 乳品 糕点 厨具 "
    "灯饰 卫浴 门窗 地板 幕墙 钢构 吊装 清洗 测绘 勘察 喷涂 铸造 锻压 冲压 电镀 封装 传感器 "
    "变压器 机器人 软件开发 会展服务 冷链配送 影视制作 科技 贸易 实业 机械 建材 食品 物流"
)
_FORMS = ("有限公司",) * 8 + ("股份有限公司", "厂", "有限责任公司")
_ROADS = _words("春晖路 望江街 听松巷 桂花大道 云帆路 石桥街 柳浦路 青杨大道 碧溪路 蓝田街")
_SURNAMES = "蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马"
_GIVEN = "珊岩蕾柯桐笙逸朗沁芮澄颂筠霏曦珂绮棠昀骞"
_SOUND = str.maketrans("晟翔铭锐智诚达辉宏博", "盛祥明瑞志成大晖洪勃")
_SHAPE = str.maketrans("骏霖轩澜淳渊峻岳拓创迈", "俊霜轩阑谆洲俊兵拓刨边")
_OLD = str.maketrans(
    "骏轩骁晖灿炜桦栎鹭鹏鸿鹤铸启跃腾驰骋辉图谱联众协汇义礼诚谦顺达业东",
    "駿軒驍暉燦煒樺櫟鷺鵬鴻鶴鑄啟躍騰馳騁輝圖譜聯眾協匯義禮誠謙順達業東",
)
_WIDE = str.maketrans("0123456789()", "０１２３４５６７８９（）")

_STEMS = _words(
    "ash birch cedar dell elm fern glen heath iron juniper kestrel lark maple north oak pine "
    "quarry raven stone thorn upper vale west yarrow alder brook crane drift east flint grove "
    "harbour ivory jade kiln linden mill"
)
_ENDS = _words("field ford bridge worth ley ton wick gate ridge mere holm stead shaw combe")
_LATIN_TRADES = _words(
    "bearings valves pumps cables gears tools paints dyes spices feeds seeds teas dairies "
    "lighting doors flooring steelworks rigging surveying castings forgings plating sensors "
    "robotics software exhibitions haulage films trading engineering"
)
_LATIN_FORMS = ("ltd", "ltd", "limited", "plc", "inc", "gmbh")
_TOWNS = _words("leeds hull derby stoke poole luton crewe truro ely wells ripon perth cork")
_STREETS = ("mill lane", "high street", "station road", "park avenue", "quay street", "church row")
_NAMES = _words(
    "anna boris clara dario edith felix greta hugo irene jonas karla leon marta nils olga"
)
_LATIN_SURNAMES = tuple(a + b for a in _STEMS for b in ("er", "man", "son", "well", "ing"))[:190]

_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: without I, O, S, V, Z
_CODE_WEIGHTS = np.array([3**i % 31 for i in range(17)])


@dataclass(frozen=True)
class Companies:
    """`rows`: record_id and `FIELDS`; `truth`: record_id, truth (number of the company)."""

    rows: pl.DataFrame
    truth: pl.DataFrame


def companies(
    count: int, *, script: str = "chinese", level: str = "medium", hot: int = 0, seed: int = 7
) -> Companies:
    """`count` rows in no order; `hot` of them share one switchboard number."""
    random = np.random.default_rng(seed)
    real = round(count * (1 - DUPLICATES))
    clean = (_chinese if script == "chinese" else _latin)(real, random)
    again = random.choice(real, size=count - real, replace=True)
    spoil = _spoilt_chinese if script == "chinese" else _spoilt_latin
    rows = pl.concat([clean, spoil(clean[again], random, LEVELS[level])])
    if hot:
        at = np.zeros(count, dtype=np.bool_)
        at[random.choice(count, size=hot, replace=False)] = True
        rows = rows.with_columns(phone=rows["phone"].set(pl.Series(at), "4008200000"))
    order = random.permutation(count)
    ids = pl.Series("record_id", random.permutation(count)).cast(pl.String).str.zfill(8)
    truth = pl.Series("truth", np.concatenate([np.arange(real), again])[order])
    return Companies(
        rows[order].select(ids.alias("record_id"), *FIELDS), pl.DataFrame([ids, truth])
    )


def tidied(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with every value in one plain form, as any careful user would prepare them."""
    fold = r"[^\p{L}\p{N}]"
    phone = pl.col("phone").str.normalize("NFKC").str.replace_all(r"\D", "")
    name = pl.col("name").str.normalize("NFKC").str.to_uppercase().str.replace_all(fold, "")
    return rows.with_columns(
        name.str.replace("有限责任公司", "有限公司", literal=True).alias("name"),
        pl.col("code").str.to_uppercase(),
        phone.str.replace(r"^86(1\d{10})$", "$1").alias("phone"),
        pl.col("email").str.to_lowercase(),
        pl.col("address").str.normalize("NFKC").str.to_uppercase().str.replace_all(fold, ""),
    ).with_columns(pl.col(f).replace("", None) for f in FIELDS)


def _chinese(count: int, random: Random) -> pl.DataFrame:
    place = _pick(_PLACES, count, random)
    third = _pick(_FIRST, count, random).set(pl.Series(random.random(count) < 0.4), "")
    brand = _pick(_FIRST, count, random) + _pick(_SECOND, count, random) + third
    town = place + pl.Series(["市", ""])[random.integers(0, 2, count)]
    name = town + brand + _pick(_TRADES, count, random) + _pick(_FORMS, count, random)
    phone = _pick(("131", "135", "151", "176", "189"), count, random) + _digits(count, 8, random)
    branch = pl.Series((np.arange(count) % 25 == 1) & (np.arange(count) > 0))
    site = _pick(_PLACES, count, random) + "分公司"
    return pl.DataFrame(
        {
            "name": (name.shift(1) + site).zip_with(branch, name),
            "code": _credit_codes(count, random),
            "phone": phone.shift(1).zip_with(branch, phone),
            "email": "m" + _digits(count, 7, random) + "@corp" + _digits(count, 4, random)
            + ".example.cn",
            "address": place + "市" + _pick(_ROADS, count, random)
            + _number(random.integers(1, 2000, count)) + "号",
            "contact": _contact(count, random, _SURNAMES, _GIVEN),
        }
    )  # fmt: skip


def _contact(
    count: int, random: Random, surnames: Sequence[str], given: Sequence[str]
) -> pl.Series:
    second = _pick(given, count, random).set(pl.Series(random.random(count) < 0.05), "")
    return _pick(surnames, count, random) + _pick(given, count, random) + second


def _spoilt_chinese(clean: pl.DataFrame, random: Random, level: float) -> pl.DataFrame:
    """The same companies as another department typed them."""
    some = _chances(clean.height, random)
    name = clean["name"]
    name = _where(name, some(level * 0.5), lambda s: s.str.replace("有限公司$", "有限责任公司"))
    short = r"^(?:\p{Han}{2}市)?(.+?)(?:股份有限公司|有限责任公司|有限公司|厂)$"
    name = _where(name, some(level * 0.25), lambda s: s.str.replace(short, "$1"))
    name = _where(name, some(level * 0.3), lambda s: s.str.replace("市", ""))
    for table, share in ((_SOUND, 0.25), (_SHAPE, 0.2), (_OLD, 0.2), (_WIDE, 0.2)):
        name = _where(
            name,
            some(level * share),
            lambda s, t=table: pl.Series([v.translate(t) for v in s.to_list()], dtype=pl.String),
        )
    name = _where(name, some(level * 0.2), lambda s: s.str.slice(0, 4) + " " + s.str.slice(4))
    phone = _where(clean["phone"], some(level * 0.3), lambda s: _swapped(s, random))
    phone = _where(
        phone,
        some(level * 0.8),
        lambda s: "+86 " + s.str.slice(0, 3) + "-" + s.str.slice(3, 4) + "-" + s.str.slice(7),
    )
    address = _where(clean["address"], some(level), lambda s: s + "3幢201室")
    address = _where(address, some(level * 0.5), lambda s: s.str.replace(r"^\p{Han}{2}市", ""))
    other = _contact(clean.height, random, _SURNAMES, _GIVEN)
    return _gaps(clean, name, phone, address, other, some, level, random)


def _latin(count: int, random: Random) -> pl.DataFrame:
    stem = _pick(_STEMS, count, random) + _pick(_ENDS, count, random)
    second = (" " + _pick(_STEMS, count, random)).set(pl.Series(random.random(count) < 0.3), "")
    trade, form = _pick(_LATIN_TRADES, count, random), _pick(_LATIN_FORMS, count, random)
    town = _pick(_TOWNS, count, random)
    return pl.DataFrame(
        {
            "name": stem + second + " " + trade + " " + town + " " + form,
            "code": "GB" + _digits(count, 10, random),
            "phone": "07" + _digits(count, 9, random),
            "email": stem + "." + _digits(count, 5, random) + "@" + trade + ".example.org",
            "address": _number(random.integers(1, 900, count)) + " "
            + _pick(_STREETS, count, random) + " " + town + " " + _digits(count, 3, random),
            "contact": _pick(_NAMES, count, random) + " " + _pick("adeklr", count, random) + " "
            + _pick(_LATIN_SURNAMES, count, random),
        }
    )  # fmt: skip


def _spoilt_latin(clean: pl.DataFrame, random: Random, level: float) -> pl.DataFrame:
    some = _chances(clean.height, random)
    name = _where(clean["name"], some(level * 0.5), lambda s: s.str.replace(r" ltd$", " limited"))
    name = _where(name, some(level * 0.3), lambda s: s.str.replace(r" \w+$", ""))
    name = _where(name, some(level * 0.8), lambda s: _swapped(s, random))
    phone = _where(clean["phone"], some(level * 0.3), lambda s: _swapped(s, random))
    phone = _where(phone, some(level * 0.5), lambda s: s.str.slice(0, 5) + " " + s.str.slice(5))
    address = _where(clean["address"], some(level * 0.6), lambda s: _swapped(s, random))
    address = _where(address, some(level * 0.5), lambda s: "unit 4 " + s)
    names, surnames = (_pick(w, clean.height, random) for w in (_NAMES, _LATIN_SURNAMES))
    other = names + " a " + surnames
    return _gaps(clean, name, phone, address, other, some, level, random)


def _gaps(
    clean: pl.DataFrame,
    name: pl.Series,
    phone: pl.Series,
    address: pl.Series,
    other: pl.Series,
    some: Callable[[float], pl.Series],
    level: float,
    random: Random,
) -> pl.DataFrame:
    """What is missing, changed or mistyped in the other fields."""
    code = _where(clean["code"], some(level * 0.2), lambda s: _swapped(s, random))
    return clean.with_columns(
        name.alias("name"),
        code.set(some(level * 1.2), None).alias("code"),
        phone.set(some(level * 0.6), None).alias("phone"),
        clean["email"].set(some(level * 1.2), None).alias("email"),
        address.set(some(level * 0.8), None).alias("address"),
        other.zip_with(some(level * 0.5), clean["contact"])
        .set(some(level * 0.5), None)
        .alias("contact"),
    )


def _chances(count: int, random: Random) -> Callable[[float], pl.Series]:
    return lambda share: pl.Series(random.random(count) < share)


def _where(
    values: pl.Series, mask: pl.Series, change: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    rows = mask.arg_true()
    return values.scatter(rows, change(values.gather(rows))) if len(rows) else values


def _swapped(values: pl.Series, random: Random) -> pl.Series:
    """Two neighbouring characters in the wrong order, somewhere after the first two."""
    at = random.random(len(values))
    texts = []
    for text, share in zip(values.to_list(), at.tolist(), strict=True):
        i = 2 + int(share * (len(text) - 3))
        texts.append(text[:i] + text[i + 1 : i + 2] + text[i] + text[i + 2 :])
    return pl.Series(texts, dtype=pl.String)


def _pick(words: Sequence[str], count: int, random: Random) -> pl.Series:
    return pl.Series(list(words))[random.integers(0, len(words), count)]


def _number(numbers: Numbers) -> pl.Series:
    return pl.Series(numbers).cast(pl.String)


def _digits(count: int, width: int, random: Random) -> pl.Series:
    return _number(random.integers(0, 10**width, count)).str.zfill(width)


def _credit_codes(count: int, random: Random) -> pl.Series:
    """Codes with a right check character (GB 32100-2015) in regions that do not exist."""
    places = random.integers(0, 10, (count, 18))
    places[:, :4] = (9, 1, 8, 9)
    places[:, 17] = (31 - places[:, :17] @ _CODE_WEIGHTS % 31) % 31
    letters = np.frombuffer(_CODE.encode(), np.uint8)[places]
    packed = np.ascontiguousarray(letters).tobytes().decode("ascii")
    return pl.Series([packed[at : at + 18] for at in range(0, len(packed), 18)])
