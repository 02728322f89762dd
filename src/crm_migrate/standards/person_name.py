"""Name of a person 姓名.

Basis: 民委发〔2016〕33号 (parts of a name are joined by U+00B7); GB/T 28039-2011 for names in
Latin letters; surnames and titles of `data`. A title or form of address behind or before a name
is taken off where a name is left; in place of a name it is reported and stays. So are a label
before a name, a note in brackets and a mobile number behind it.
"""

from functools import cache

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import narrow
from crm_migrate.standards.columns.covering import first_ones
from crm_migrate.standards.columns.private_use import PRIVATE_USE
from crm_migrate.standards.columns.remembered import remembered
from crm_migrate.standards.columns.residue import (
    change_where,
    holds,
    joined,
    mask_where,
    unless_matching,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.numbering_plan import MOBILE
from crm_migrate.standards.reading.person_names import looks_like_name, surnames
from crm_migrate.standards.reading.person_titles import LATIN, title_alone, titles_off
from crm_migrate.standards.rule_families import covered, normalised, note
from crm_migrate.standards.text import PRIVATE

BASIS = Text(
    "notice 33/2016 of the Ethnic Affairs Commission (separator U+00B7), GB/T 28039-2011",
    "民委发〔2016〕33 号（间隔号 U+00B7）、GB/T 28039-2011",
)
_DOTS = "[・•‧∙⋅･●˙ᐧ⸱ㆍ᛫]"

_CALLED = (
    "总|经理|先生|女士|小姐|老师|老板|主任|厂长|董事长?|总监|部长|科长|处长|主管|工程师|会计|师傅|教授|博士|"
    "医生|院长|校长|书记|总经理|副总|副总经理|副经理|店长|同志|太太|夫人|律师|大夫|队长|站长|所长|行长|"
    "局长|阿姨|大哥|大姐|哥|姐|叔"
)
_NOBODY = (
    r"^(?:前台|总机|总台|客服|财务|采购|销售|行政|人事|办公室|仓库|工程|技术|市场|生产|综合|"
    r"收发室|传达室|门卫|值班室|业务|后勤)(?:部门?|处|科|室|人员|联系人)?$"
    r"|^(?:联系人|负责人|经办人|本人|某某?|某某某|匿名|佚名|客户|顾客|用户|会员|业主|员工|老板娘?|"
    r"先生|女士|小姐|经理|总|主任|会计|出纳|测试|测试.*|[Tt]est|[Xx×*]{2,})$"
)
_COMPANY = (
    r"^\p{Han}{2,}(?:[中小]学|学[院校]|幼儿园|协会|总会|联合会|委员会|超市|商店|饭店|酒店|餐馆|图书馆|中心)$|"
    r"^\p{Han}{5,}[厂店局院会馆所行部]$|"
    r"公司$|集团$|有限|事务所$|合作社$|研究院$|医院$|大学$|银行$|(?:经营|服务|门市)部$"
    r"|\b(?i:ltd|inc|llc|co)\b\.?$"
)
_LABEL = (
    r"^(?:姓名|联系人(?:姓名)?|主?要?联系人|经办人|对接人|收[件货]人|客户(?:姓名)?|名字|name)\s*[:]\s*"
    r"|^\(?[0-9]{1,3}[.、)]\s*"
)
"""姓名：; and the number of a list."""
_MARKS = ' "“”‘’《》「」*,;:、。!·'
_TELEPHONE = rf"^(.*?\p{{L}})[\s:,/(-]*(?:手机|电话|[Tt]el)?[:\s]*({MOBILE})\)?$"
_IN_BRACKETS = r"^(.*?\p{Han})\s*\(([^()]*\p{Han}[^()]*)\)$"
_GONE = "离职|离开|离任|调走|调离|调岗|退休|换人|已换|不在|去世|停用|辞职"
_HIDDEN = r"^\p{Han}{1,2}(?:[*＊×●□]+\p{Han}?|[XxＸｘ]{1,3}|某{1,2})$"
_APART = r"\p{Han}{2,} \p{Han}{2,}"
_SHORTENED = r"^(?:\p{Han}|[小老阿大]\p{Han}|[A-Za-z])$"
_SIGNS = r"[^\p{L}\p{M}·.' -]"
_HONORIFIC = rf"^(?:\p{{Han}}{{1,2}}(?:{_CALLED})|\p{{Han}}工|{LATIN}\b\.? ?.*)$"
_BARE = r"^(?:[\x{4e00}-\x{9fa5}]{1,2}|[\x{4e00}-\x{9fa5}]{2}[\x{4e00}-\x{9fa5}&&[^总]]|[A-Za-z]+)$"
"""Too short to hold both a name and a title."""
_REAL = Text("Ask for the full name.", "请补录真实姓名。")
NORMALISED = normalised("person_name", "name", "姓名")
HONORIFIC = Rule(
    "person_name.honorific",
    Severity.WARNING,
    Text(
        "A form of address stands in place of the full name", "填写的是称呼而非真实姓名（如张总）"
    ),
    _REAL,
)
HONORIFIC_REMOVED = Rule(
    "person_name.honorific_removed",
    Severity.REPAIR,
    Text(
        "A title or form of address stood beside the name; it was taken off",
        "姓名中带有职务或称谓，已去除",
    ),
    Text(
        "A title stands in the field of job titles if that was free.",
        "其中的职务已移至职务字段（如该字段为空）。",
    ),
)
INCOMPLETE = Rule(
    "person_name.incomplete",
    Severity.WARNING,
    Text("The name is a single character or a nickname", "姓名仅一个字或为昵称"),
    _REAL,
)
NOBODY = Rule(
    "person_name.placeholder",
    Severity.WARNING,
    Text(
        "A department or a word for anybody stands in place of the name",
        "填写的是部门或泛称（如“前台”“财务”），不是姓名",
    ),
    _REAL,
)
COMPANY = Rule(
    "person_name.company",
    Severity.WARNING,
    Text("The name of a company stands in place of a person's", "填写的是企业名称，不是个人姓名"),
    _REAL,
)
FOREIGN_CHARACTERS = Rule(
    "person_name.characters",
    Severity.WARNING,
    Text("The name holds digits or signs", "姓名含有数字或符号"),
    Text("Remove what does not belong to the name.", "请删除姓名以外的内容。"),
)
SEVERAL = Rule(
    "person_name.several",
    Severity.WARNING,
    Text(
        "The cell seems to hold several names (or a blank where · belongs)",
        "一格中疑似有多个姓名（或少数民族姓名缺少间隔号“·”）",
    ),
    Text("Make one record of each person.", "请为每人单独建立记录；如为一人，请补上间隔号。"),
)
LEFT = Rule(
    "person_name.left",
    Severity.WARNING,
    Text(
        "A note beside the name says that the person has left (like 离职)",
        "姓名旁注明已离开（如“离职”“调走”）",
    ),
    Text("Ask for the contact of today.", "请核实现任联系人。"),
)
COVERED = covered("person_name", "name", "姓名", "李**")
NOTE = note("person_name", "name", "姓名", "“女”“离职”")
RULES: tuple[Rule, ...] = (
    NORMALISED, HONORIFIC, HONORIFIC_REMOVED, INCOMPLETE, NOBODY, COMPANY, FOREIGN_CHARACTERS,
    PRIVATE, SEVERAL, LEFT, COVERED, NOTE,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half width, `·` between the parts of a name, no blanks between Chinese characters; without
    a title or form of address where a name is left.

    >>> normalise(pl.Series(["张　三", "阿凡提•买买提", "ＬＩ  Na"])).to_list()
    ['张三', '阿凡提·买买提', 'LI Na']
    >>> normalise(pl.Series(["王小明总经理", "采购经理李娜", "张总", "Mr. John Smith"])).to_list()
    ['王小明', '李娜', '张总', 'John Smith']
    """
    return unless_matching(raw, _BARE, lambda few: split(few)["value"])


@remembered
def split(raw: pl.Series) -> pl.DataFrame:
    """`value`, the name; `title`, what was taken off it; `note`, a mobile number behind it or a
    note in brackets. Null where there was none.

    >>> split(pl.Series(["欧阳娜娜女士", "欧阳女士", "陈伟（销售总监）"])).rows()
    [('欧阳娜娜', '女士', None), ('欧阳女士', None, None), ('陈伟', '销售总监', None)]
    >>> split(pl.Series(["法人：陈伟", "陈伟（离职）", "陈伟13800138000", "陈伟 李娜"])).rows()
    [('陈伟', '法人', None), ('陈伟', None, '离职'), ('陈伟', None, '13800138000'), ('陈伟 李娜', None, None)]
    """  # noqa: E501
    typed, beside = _tidied(raw)
    found = titles_off(_closed_up(typed))
    in_brackets = found["value"].str.extract(_IN_BRACKETS, 2)
    person = found["value"].str.extract(_IN_BRACKETS, 1)
    noted = in_brackets.is_not_null() & looks_like_name(person)
    if noted.any():
        found = titles_off(person.zip_with(noted, found["value"]), found["title"])
        beside = joined(beside, in_brackets.set(~noted, None))
    _, compound = surnames()
    apart = typed.str.contains(_APART) & ~typed.str.contains(rf"^(?:{compound}) \p{{Han}}{{1,2}}$")
    apart = holds(apart) & found["title"].is_null() & beside.is_null()
    value = typed.zip_with(apart, found["value"])
    return found.with_columns(value.alias("value"), beside.alias("note"))


def _tidied(raw: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The name without label, marks and mobile number, as it was spaced; and that number."""
    name = narrow(raw).str.replace_all(_DOTS, "·").str.replace_all("··+", "·")
    nothing = name.set(name.is_not_null(), None)
    marked = name.str.contains(r"[^\p{Han}A-Za-z]")
    name = change_where(name, marked, _unmarked)
    number = change_where(nothing, marked, lambda _: name.filter(marked).str.extract(_TELEPHONE, 2))
    name = change_where(name, number.is_not_null(), lambda few: few.str.extract(_TELEPHONE, 1))
    return name, number


def _unmarked(name: pl.Series) -> pl.Series:
    bare = name.str.replace(f"(?i){_LABEL}", "").str.strip_chars(_MARKS)
    # A name that was covered, and nothing but signs, stay as typed.
    return name.zip_with(holds((bare == "") | name.str.contains(_HIDDEN)), bare)


def _closed_up(name: pl.Series) -> pl.Series:
    for _ in range(2):  # the character between two blanks is consumed by the first round
        name = name.str.replace_all(r"(\p{Han})\s+(\p{Han})", "$1$2")
        name = name.str.replace_all(r"(\p{Han})\s*[·.]\s*(\p{Han})", "$1·$2")
    return name


def mobile_of(told: pl.Series) -> pl.Series:
    """The `note` of `split` where it is a mobile number, else null.

    >>> mobile_of(pl.Series(["13800138000", "离职", None])).to_list()
    ['13800138000', None, None]
    """
    return told.str.extract(f"({MOBILE})")


@cache
def _usual() -> str:
    """A surname and a given name that does not end as forms of address do, as most are."""
    single, _ = surnames()
    ends = "".join(sorted({word[-1] for word in _CALLED.replace("?", "").split("|")}))
    han = r"\x{4e00}-\x{9fa5}"
    return rf"^(?:[{single}][{han}&&[^总工理某哥姐]]|[{single}][{han}][{han}&&[^{ends}某]])$"


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Forms of address, departments and companies in place of a name, nicknames, signs."""
    odd = value.is_not_null() & ~holds(value.str.contains(_usual()))
    yield PRIVATE, mask_where(value, odd, lambda few: few.str.contains(PRIVATE_USE))
    nobody = mask_where(value, odd, lambda few: few.str.contains(f"{_NOBODY}|{title_alone()}"))
    yield NOBODY, nobody
    company = mask_where(value, odd & ~nobody, lambda few: few.str.contains(_COMPANY))
    yield COMPANY, company
    odd = odd & ~nobody & ~company
    hidden = mask_where(value, odd, lambda few: few.str.contains(_HIDDEN))
    yield COVERED, hidden
    several = mask_where(value, odd, lambda few: few.str.contains(_several()))
    yield SEVERAL, several
    odd = odd & ~hidden & ~several
    address = mask_where(value, odd, _is_address)
    yield HONORIFIC, address
    yield INCOMPLETE, mask_where(value, odd, lambda few: few.str.contains(_SHORTENED))
    odd = odd & ~address
    yield FOREIGN_CHARACTERS, mask_where(value, odd, lambda few: few.str.contains(_SIGNS))
    changed = holds(raw != value)
    told = split(raw.filter(changed))
    yield HONORIFIC_REMOVED, mask_where(raw, changed, lambda _: told["title"].is_not_null())
    yield NOTE, mask_where(raw, changed, lambda _: told["note"].is_not_null())
    yield LEFT, mask_where(raw, changed, lambda _: told["note"].str.contains(_GONE))


@cache
def _several() -> str:
    """Names one after another."""
    single, compound = surnames()
    one = rf"(?:(?:{compound})\p{{Han}}{{1,2}}|[{single}]\p{{Han}}{{1,2}})"
    return rf"^{one}(?:\s*[/、,;&+|和与及 ]\s*{one})+$|{_APART}"


def _is_address(value: pl.Series) -> pl.Series:
    """欧阳工 is a name: a compound surname and one character."""
    _, compound = surnames()
    return value.str.contains(_HONORIFIC) & ~value.str.contains(f"^(?:{compound})工$")


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first character of two and more, the length hidden.

    >>> mask(pl.Series(["张三", "欧阳娜娜", "张"])).to_list()
    ['张*', '欧*', '*']
    """
    return first_ones(value, 1, "*")
