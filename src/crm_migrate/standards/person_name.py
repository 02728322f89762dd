"""Name of a person 姓名.

Basis: GB/T 34952-2017 and the practice of the household registers: parts of a transcribed name
are joined by U+00B7. A form of address in place of a name is reported, not removed.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import narrow
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.covering import first_ones
from crm_migrate.standards.residue import holds, mask_where, unless_matching

BASIS = Text("household register practice, separator U+00B7", "户籍姓名登记规范（间隔号 U+00B7）")
_PLAIN_NAME = r"^(?:[\x{4e00}-\x{9fa5}]{2,}|[A-Za-z]+(?: [A-Za-z]+)*)$"
_DOTS = "[・•‧∙⋅･‧●˙]"

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
INCOMPLETE = Rule(
    "person_name.incomplete",
    Severity.WARNING,
    Text("The name is a single character or a nickname", "姓名仅一个字或为昵称"),
    _REAL,
)
FOREIGN_CHARACTERS = Rule(
    "person_name.characters",
    Severity.WARNING,
    Text("The name holds digits or signs", "姓名含有数字或符号"),
    Text("Remove what does not belong to the name.", "请删除姓名以外的内容。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, HONORIFIC, INCOMPLETE, FOREIGN_CHARACTERS)

_HONORIFIC = (
    r"^(?:\p{Han}{1,2}(?:总|经理|先生|女士|小姐|老师|老板|主任|厂长|董事长?|总监|部长|科长|处长|"
    r"主管|会计|师傅|教授|博士|医生|院长|校长|书记|总经理|店长|同志|太太|夫人)|"
    r"\p{Han}工|(?i:mr|mrs|ms|miss|dr)\.? ?.*)$"
)
_COMPOUND = r"^(?:欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯|长孙)工$"


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half width, `·` between the parts of a name, no blanks between Chinese characters.

    >>> normalise(pl.Series(["张　三", "阿凡提•买买提", "ＬＩ  Na"])).to_list()
    ['张三', '阿凡提·买买提', 'LI Na']
    """
    return unless_matching(raw, _PLAIN_NAME, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    name = narrow(raw).str.replace_all(_DOTS, "·")
    for _ in range(2):  # the character between two blanks is consumed by the first round
        name = name.str.replace_all(r"(\p{Han})\s+(\p{Han})", "$1$2")
        name = name.str.replace_all(r"(\p{Han})\s*[·.]\s*(\p{Han})", "$1·$2")
    return name


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Forms of address, single characters, nicknames, digits and signs."""
    address = holds(value.str.contains(_HONORIFIC)) & ~holds(value.str.contains(_COMPOUND))
    yield HONORIFIC, address
    yield INCOMPLETE, value.str.contains(r"^(?:\p{Han}|[小老阿大]\p{Han}|[A-Za-z])$")
    odd = holds(~value.str.contains(_PLAIN_NAME)) & ~address
    yield (
        FOREIGN_CHARACTERS,
        mask_where(value, odd, lambda v: v.str.contains(r"[^\p{L}\p{M}·.' -]")),
    )


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first character of two and more, the length hidden.

    >>> mask(pl.Series(["张三", "欧阳娜娜", "张"])).to_list()
    ['张*', '欧*', '*']
    """
    return first_ones(value, 1, "*")
