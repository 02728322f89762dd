"""The parts of a Chinese company name: region, 字号, industry word, legal form, branch.

Basis: 企业名称登记管理规定 (State Council, in force since 2021-03-01), art. 6: 行政区划 + 字号 +
行业或者经营特点 + 组织形式. The parts are features beside the full name, never in its place. Forms
of companies, sole traders, cooperatives, institutions and associations: `data/legal_forms.csv`.
"""

from functools import cache, partial

import polars as pl

from crm_migrate.standards.columns.characters import narrow, simplified
from crm_migrate.standards.columns.residue import change_where, holds, unless_matching
from crm_migrate.standards.data.tables import Table
from crm_migrate.standards.places.divisions import (
    Prefixes,
    city_names,
    divisions,
    province_names,
    short_city,
    short_province,
)

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

_BRANCH = (
    r"(?:分公司|子公司|分行|支行|营业部|营业厅|办事处|代表处|分厂|分店|门店|分社|分院|分中心|项目部|"
    r"事业部|经营部|服务部|专卖店|[0-9一二三四五六七八九十]+店)$"
)
_HEAD_OFFICES = (
    r"^.*?(?:公司|合伙企业\((?:有限|普通|特殊普通)合伙\))",
    r"^.*?(?:集团|厂|银行|合作社|事务所|研究院|医院|酒店|中心)",
)
"""Where the name of the company ends before its branch; the first that occurs counts."""
_LONGEST_PLACE = 8
"""Characters of a region that a branch is named after: 呼伦贝尔市, 张家界市永定区."""
_LATIN_FORM = (
    r"(?i)[\s,]+(?:co[\s.,]*|sdn[\s.]*|pty[\s.]*|pte[\s.]*|pvt[\s.]*)?"
    r"(?:ltd|limited|llc|llp|lp|inc|corp|corporation|company|co|gmbh|kg|plc|ag|sa|sas|sarl|spa|srl|"
    r"s\.p\.a|s\.r\.l|s\.a|bv|nv|ab|as|a/s|oy|kk|k\.k|bhd|jsc|ooo)\b\.?$"
)
_GROUP = "(集团)"
_IN_BRACKETS = r"\((?:有限合伙|普通合伙|特殊普通合伙|个体工商户)\)$"
"""Forms that the name tells in brackets, behind a word that may be a form, too: 中心(有限合伙)."""
_PLAIN = r"^[\x{4e00}-\x{9fa5}0-9A-Za-z()]+$"
"""A name that is in half width already, as most are."""


def parts(names: pl.Series) -> pl.DataFrame:
    """One row per name: `region`, `stem`, `industry_word`, `legal_form`, `branch`; null for none.

    `stem` (字号) is never empty where there is a name: a word that is all there is stays in it.

    >>> parts(pl.Series(["上海恒通（集团）信息技术有限责任公司北京分公司"])).row(0)
    ('上海', '恒通', '信息技术', '集团有限公司', '北京分公司')
    >>> parts(pl.Series(["盐城恒通管理合伙企业(有限合伙)厦门分公司"])).row(0)
    ('盐城', '恒通', '管理', '有限合伙', '厦门分公司')
    >>> parts(pl.Series(["河北石家庄恒通物流无锡分公司"])).row(0)
    ('河北石家庄', '恒通', '物流', None, '无锡分公司')
    >>> parts(pl.Series(["恒通（深圳）科技有限公司", "東方電氣股份有限公司"])).rows()
    [('深圳', '恒通', '科技', '有限公司', None), (None, '东方', '电气', '股份有限公司', None)]
    """
    name = simplified(unless_matching(names, _PLAIN, narrow)).alias("name")
    group = holds(name.str.contains(_GROUP, literal=True))
    name = name.str.replace(_GROUP, "", literal=True)
    head = change_where(name, name.str.contains(_BRANCH), _head_office)
    branch = name.str.strip_prefix(head)
    told = head.set(~holds(head.str.ends_with(")")), None).str.extract(_IN_BRACKETS, 0)
    head = change_where(head, told.is_not_null(), lambda few: few.str.replace(_IN_BRACKETS, ""))
    form = head.str.extract(_form_pattern(), 0)
    form = change_where(form, form.is_null(), lambda _: _latin(head.filter(form.is_null())))
    middle = head.str.strip_suffix(form.fill_null(""))
    alone = holds(middle == "")  # 公司 and nothing else: that is its name
    middle, form = head.zip_with(alone, middle), form.set(alone, None)
    region, rest = _region(middle)
    stem, words = _stem(rest)
    legal = form.str.replace_all(r"[\s.,]", "").str.to_uppercase()
    legal = ("集团" + legal.str.strip_prefix("集团")).zip_with(group, legal)
    legal = told.str.strip_chars("()").zip_with(told.is_not_null(), legal)
    return pl.DataFrame(
        {
            "region": region,
            "stem": stem,
            "industry_word": words,
            "legal_form": told.str.strip_chars("()")
            .zip_with(told.is_not_null(), legal)
            .replace(_same_forms()),
            "branch": branch.set(holds(branch == ""), None),
        }
    )


def kinds(names: pl.Series) -> pl.Series:
    """企业, 个体工商户, 农民专业合作社, 事业单位, 社会团体, 基金会, 机关 …; null where the name's
    ending does not tell (a 店 may be a sole trader's or a branch).

    >>> kinds(pl.Series(["恒通科技有限公司", "昆山市五金商会", "老王饭店(个体工商户)"])).to_list()
    ['企业', '社会团体', '个体工商户']
    >>> kinds(pl.Series(["恒通科技有限公司北京分公司", "鼎盛经营部", "Hengtong Ltd"])).to_list()
    ['企业', None, '企业']
    """
    name = simplified(unless_matching(names, _PLAIN, narrow))
    told = {row["form"]: row["kind"] for row in Table("legal_forms").rows if row["kind"]}
    endings = "|".join(row["form"] for row in Table("legal_forms").rows)
    ending = name.str.extract(rf"({endings})\)?$", 1)
    kind = ending.replace_strict(told, default=None, return_dtype=pl.String)
    latin = holds(name.str.contains(_LATIN_FORM))
    return kind.zip_with(~latin, pl.Series(["企业"]).new_from_index(0, len(kind)))


def _head_office(name: pl.Series) -> pl.Series:
    """The part of a branch's name that is the company; all of it where that is not clear."""
    company, other = (name.str.extract(pattern, 0) for pattern in _HEAD_OFFICES)
    head = company.zip_with(company.is_not_null() & holds(company != name), other)
    head = change_where(head, head.is_null(), lambda _: _before_place(name.filter(head.is_null())))
    return head.zip_with(head.is_not_null(), name)


def _before_place(name: pl.Series) -> pl.Series:
    """What stands before the place of the branch (恒通物流|无锡分公司); null where none is."""
    before = name.str.replace(rf"第?[0-9一二三四五六七八九十]*{_BRANCH}", "")
    found = name.set(name.is_not_null(), None)
    for length in range(2, _LONGEST_PLACE + 1):
        place = before.str.tail(length)
        named = holds(_regions().longest(place) == place) & (before.str.len_chars() >= length + 2)
        found = before.str.head(-length).zip_with(named, found)
    return found


def _latin(head: pl.Series) -> pl.Series:
    return head.str.extract(_LATIN_FORM, 0)


def _region(middle: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Region, in front or in brackets, and the rest; a name is never all region."""
    bracketed = holds(middle.str.contains(r"\([^()]+\)"))
    inside = change_where(
        middle.set(~bracketed, None),
        bracketed,
        lambda few: _if_region(few.str.extract(r"\(([^()]+)\)", 1).str.strip_prefix("中国")),
    )
    rest = change_where(
        middle,
        inside.is_not_null(),
        lambda few: few.str.replace(r"\([^()]+\)", ""),
    )
    rest = change_where(rest, rest.str.contains(r"[()\s]"), _without_brackets)
    front = _front(rest)
    # 四川广安医药 is of 四川 and called 广安: where no 字号 would be left, the city is it.
    few = front.is_not_null() & _nameless(rest, front)
    front = change_where(front, few, lambda _: _province(rest.filter(few)))
    taken = front.is_not_null() & ~_nameless(rest, front)
    return front.zip_with(taken, inside), rest.str.strip_prefix(front).zip_with(taken, rest)


def _nameless(rest: pl.Series, front: pl.Series) -> pl.Series:
    after = rest.str.strip_prefix(front)
    return holds(after.str.contains(_only_words())) | holds(after.str.len_chars() < 2)


def _without_brackets(rest: pl.Series) -> pl.Series:
    return rest.str.replace_all(r"[()\s]", "")


def _if_region(inside: pl.Series) -> pl.Series:
    region = _front(inside)
    return region.set(holds(region != inside), None)


def _front(text: pl.Series) -> pl.Series:
    """The region that a name begins with: province, city and district may follow each other."""
    front = _regions().longest(text)
    for _ in range(2):
        found = front.is_not_null()
        front = change_where(front, found, partial(_extended, text.filter(found)))
    return front


def _province(text: pl.Series) -> pl.Series:
    return _provinces().longest(text)


def _extended(text: pl.Series, front: pl.Series) -> pl.Series:
    """`front` with the region behind it, which must be written in full: 东方 begins a 字号, too."""
    following = _full_regions().longest(text.str.strip_prefix(front))
    return front + following.fill_null("")


def _stem(rest: pl.Series) -> tuple[pl.Series, pl.Series]:
    """字号 and the industry words behind it; at least two characters are the 字号."""
    words = rest.set(rest.is_not_null(), None)
    for pattern in _word_patterns():
        found = rest.str.extract(pattern, 0)
        enough = rest.str.len_chars() >= found.str.len_chars() + 2
        words = words.zip_with(words.is_not_null(), found.set(~holds(enough), None))
    return rest.str.strip_suffix(words.fill_null("")), words


@cache
def _form_pattern() -> str:
    forms = (row["form"] for row in Table("legal_forms").rows if row["role"] == "form")
    return f"(?:集团)?(?:{'|'.join(forms)})$"


@cache
def _same_forms() -> dict[str, str]:
    rows = Table("legal_forms").rows
    same = {row["form"]: row["canonical"] for row in rows if row["canonical"]}
    return same | {f"集团{form}": f"集团{canonical}" for form, canonical in same.items()}


@cache
def _word_patterns() -> tuple[str, str]:
    words = "|".join(_INDUSTRY_WORDS)
    return f"(?:{words}){{1,3}}$", f"(?:{words})$"


@cache
def _only_words() -> str:
    return f"^(?:{'|'.join(_INDUSTRY_WORDS)})*$"


@cache
def _regions() -> Prefixes:
    """Provinces and cities in any form, counties and districts in full; 中国."""
    local = {d.district for d in divisions() if d.district}
    short = {name.removesuffix("市") for name in local if name.endswith("市") and len(name) > 2}
    within = {
        province + city
        for d in divisions()
        if d.city
        for province in (d.province, short_province(d.province))
        for city in (d.city, short_city(d.city))
    }
    return Prefixes([*province_names(), *city_names(), *local, *short, *within, "中国"])


@cache
def _provinces() -> Prefixes:
    return Prefixes(province_names())


@cache
def _full_regions() -> Prefixes:
    local = {d.district for d in divisions() if d.district}
    return Prefixes([*city_names().values(), *local])
