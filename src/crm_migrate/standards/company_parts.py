"""The parts of a Chinese company name: region, 字号, industry word, legal form, branch.

Basis: 企业名称登记管理规定 (State Council, in force since 2021-03-01), art. 6: 行政区划 + 字号 +
行业或者经营特点 + 组织形式. The parts are features beside the full name, never in its place.
"""

from functools import cache

import polars as pl

from crm_migrate.standards.characters import narrow, simplified
from crm_migrate.standards.divisions import alternatives, city_names, divisions, province_names

PARTS = ("region", "stem", "industry_word", "legal_form", "branch")

_INDUSTRY_WORDS = [
    "信息技术", "网络科技", "电子商务", "房地产开发", "人力资源", "供应链管理", "企业管理咨询",
    "文化传媒", "文化传播", "生物科技", "生物医药", "环保科技", "新能源", "新材料", "智能科技",
    "电子科技", "信息科技", "科技发展", "建筑工程", "装饰工程", "机电设备", "机械设备",
    "医疗器械", "国际贸易", "进出口", "物业管理", "投资管理", "企业管理", "自动化设备",
    "自动化", "科技", "贸易", "实业", "电子", "商贸", "机械", "机电", "建材", "食品", "物流",
    "房地产", "置业", "投资", "咨询", "传媒", "广告", "软件", "网络", "信息", "数据", "通信",
    "通讯", "电气", "电器", "电力", "能源", "环保", "化工", "医药", "制药", "药业", "医疗",
    "生物", "材料", "塑胶", "塑料", "橡胶", "包装", "印刷", "纸业", "纺织", "服装", "服饰",
    "鞋业", "皮革", "家具", "家居", "木业", "五金", "模具", "精密", "仪器", "仪表", "设备",
    "装备", "制造", "工业", "钢铁", "金属", "铝业", "铜业", "矿业", "石化", "石油", "燃气",
    "水务", "建筑", "建设", "工程", "装饰", "园林", "农业", "农牧", "畜牧", "渔业", "粮油",
    "饮料", "酒业", "茶业", "餐饮", "酒店", "旅游", "文化", "教育", "培训", "体育", "汽车",
    "汽配", "运输", "航空", "航运", "船舶", "港务", "仓储", "供应链", "百货", "超市", "零售",
    "电商", "服务", "管理", "技术", "发展", "开发", "金融", "保险", "证券", "租赁", "担保",
    "典当", "安防", "照明", "光电", "半导体", "玻璃", "陶瓷", "水泥", "混凝土",
]  # fmt: skip

_FORMS = [
    "股份有限公司", "有限责任公司", "有限公司", "股份公司", "集团公司", "总公司", "合伙企业",
    "专业合作社", "合作社", "个体工商户", "事务所", "研究院", "研究所", "俱乐部", "经营部",
    "工作室", "商行", "公司", "集团", "工厂", "总厂", "商店", "商场", "医院", "学校", "银行",
    "酒店", "中心", "厂", "店", "行", "社", "部",
]  # fmt: skip
_SAME_FORM = {
    "有限责任公司": "有限公司",
    "集团有限责任公司": "集团有限公司",
    "股份公司": "股份有限公司",
}

_BRANCH_END = (
    r"(.*(?:分公司|子公司|分行|支行|营业部|营业厅|办事处|代表处|分厂|分店|门店|分社|分院|分中心|"
    r"项目部|事业部|经营部|服务部|专卖店|[0-9一二三四五六七八九十]+店))$"
)
_OF_COMPANY = r"^(.*?公司)" + _BRANCH_END
_OF_OTHERS = r"^(.*?(?:集团|厂|银行|合作社|事务所|研究院|医院|酒店|中心))" + _BRANCH_END
_LATIN_FORM = (
    r"(?i)^(.*?)[\s,]+((?:co[\s.,]*)?(?:ltd|limited|llc|inc|corp|corporation|gmbh|plc|ag|sa|bv)"
    r"\b\.?)$"
)


def parts(names: pl.Series) -> pl.DataFrame:
    """One row per name with the columns `PARTS`; a part that is not there is null.

    `stem` (字号) is never empty where there is a name: a word that is all there is stays in it.

    >>> parts(pl.Series(["上海恒通（集团）信息技术有限责任公司北京分公司"])).row(0)
    ('上海', '恒通', '信息技术', '集团有限公司', '北京分公司')
    >>> parts(pl.Series(["恒通（深圳）科技有限公司", "東方電氣股份有限公司"])).rows()
    [('深圳', '恒通', '科技', '有限公司', None), (None, '东方', '电气', '股份有限公司', None)]
    """
    forms = alternatives(_FORMS)
    frame = pl.DataFrame({"name": simplified(narrow(names))}).lazy()
    frame = frame.with_columns(
        group=pl.col("name").str.contains(r"\(集团\)"),
        name=pl.col("name").str.replace(r"\(集团\)", ""),
    )
    frame = frame.with_columns(
        head=pl.coalesce(
            *(pl.col("name").str.extract(p, 1) for p in (_OF_COMPANY, _OF_OTHERS)), "name"
        ),
        branch=pl.coalesce(*(pl.col("name").str.extract(p, 2) for p in (_OF_COMPANY, _OF_OTHERS))),
    )
    frame = frame.with_columns(
        latin=pl.col("head").str.extract(_LATIN_FORM, 2),
        form=pl.col("head").str.extract(f"^.+?((?:集团)?(?:{forms}))$", 1),
    )
    frame = frame.with_columns(
        middle=pl.when(pl.col("latin").is_not_null())
        .then(pl.col("head").str.extract(_LATIN_FORM, 1))
        .otherwise(pl.col("head").str.extract(f"^(.+?)(?:集团)?(?:{forms})$", 1))
        .fill_null(pl.col("head"))
    )
    frame = _take_region(frame)
    words = alternatives(_INDUSTRY_WORDS)
    stem = f"^(.{{2,}}?)((?:{words}){{1,3}})$"
    form = pl.when("group").then("集团" + pl.col("form").str.replace("^集团", "")).otherwise("form")
    return frame.select(
        "region",
        pl.coalesce(pl.col("rest").str.extract(stem, 1), "rest").alias("stem"),
        pl.col("rest").str.extract(stem, 2).alias("industry_word"),
        pl.coalesce(
            pl.col("latin").str.replace_all(r"[\s.,]", "").str.to_uppercase(),
            form.replace(_SAME_FORM),
        ).alias("legal_form"),
        "branch",
    ).collect()


def _take_region(frame: pl.LazyFrame) -> pl.LazyFrame:
    """`region` and `rest` from `middle`: in front, or in brackets; never all but an industry."""
    leading, bracketed = _region_patterns()
    words = alternatives(_INDUSTRY_WORDS)
    frame = frame.with_columns(
        inside=pl.col("middle").str.extract(bracketed, 1),
        rest=pl.col("middle").str.replace(bracketed, "").str.replace_all(r"[()\s]", ""),
    )
    frame = frame.with_columns(front=pl.col("rest").str.extract(leading, 1))
    after = pl.col("rest").str.strip_prefix(pl.col("front"))
    alone = after.str.contains(f"^(?:{words})*$") | (after.str.len_chars() < 2)
    front = pl.when((pl.col("front") != "") & ~alone).then("front")
    return frame.with_columns(
        region=pl.coalesce(front, "inside"),
        rest=pl.when(front.is_not_null()).then(after).otherwise("rest"),
    )


@cache
def _region_patterns() -> tuple[str, str]:
    provinces = alternatives(list(province_names()))
    cities = alternatives(list(city_names()))
    # County-level cities also by their short names; districts and counties by the full name only.
    local = {d.district for d in divisions() if d.district}
    local |= {name.removesuffix("市") for name in local if name.endswith("市") and len(name) > 2}
    districts = alternatives(list(local))
    leading = f"^((?:中国)?(?:{provinces})?(?:{cities})?(?:{districts})?)"
    return leading, rf"\((?:中国)?({provinces}|{cities}|{districts}|中国)\)"
