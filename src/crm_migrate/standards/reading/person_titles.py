"""Titles and forms of address that stand behind or before a name, or in its place.

Basis: `data/titles.csv` and the toolkit's own list.
"""

from functools import cache

import polars as pl

from crm_migrate.standards.columns.residue import holds, joined
from crm_migrate.standards.data.tables import Table
from crm_migrate.standards.reading.person_names import looks_like_name

_ADDRESS = (
    "先生", "女士", "小姐", "太太", "夫人", "老师", "老板", "师傅", "同志", "教授", "博士", "医生",
    "大夫", "律师", "队长", "站长", "代表", "阿姨", "总",
)  # fmt: skip
"""Forms of address beside the titles of `data/titles.csv`; they are not taken for titles."""
_DEPARTMENTS = (
    "(?:采购|销售|市场|财务|行政|人事|人力资源|技术|生产|运营|工程|项目|质量|品质|物流|仓储|客服|研发|"
    "设备|安全|综合|业务|商务|大客户|区域|大区|华东区?|华南区?|华北区?|西南区?|办公室|车间)(?:部门?|中心)?"
)
LATIN = r"(?i:mr|mrs|ms|miss|mx|dr|prof|sir|madam)"
"""Forms of address in front of names in Latin letters, a regex."""
_NO_GIVEN_NAME = r"[副总主代助高老小大]$"
"""王副(经理), 李总(经理): the surname and the beginning of a title."""


def titles_off(name: pl.Series, told: pl.Series | None = None) -> pl.DataFrame:
    """`value`, each name without titles and forms of address; `title`, those, behind what was
    `told` before.

    >>> titles_off(pl.Series(["王小明经理", "张总"])).rows()
    [('王小明', '经理'), ('张总', None)]
    """
    found = _taken_off(name)
    if told is not None:
        found = found.with_columns(joined(told, found["title"]).alias("title"))
    while True:  # 王小明经理先生 has two
        more = _taken_off(found["value"])
        if more["value"].equals(found["value"]):
            return found
        found = more.with_columns(joined(found["title"], more["title"]).alias("title"))


def _taken_off(name: pl.Series) -> pl.DataFrame:
    """The same for one title or form of address."""
    title = name.set(name.is_not_null(), None)
    behind, before, latin = _patterns()
    for pattern, rest, part in ((behind, 1, 2), (before, 2, 1), (latin, 2, 1)):
        told = name.str.extract(pattern, part)
        if told.null_count() == len(told):
            continue
        person = name.str.extract(pattern, rest)
        clear = title.is_null() & told.is_not_null() & looks_like_name(person)
        clear = clear & ~holds(person.str.contains(f"{_NO_GIVEN_NAME}|{title_alone()}"))
        name, title = person.zip_with(clear, name), told.zip_with(clear, title)
    return pl.DataFrame({"value": name, "title": title})


def title_of(told: pl.Series) -> pl.Series:
    """What was taken off a name as a job title; null for forms of address.

    >>> title_of(pl.Series(["销售总监", "总", "女士", "Mr", None])).to_list()
    ['销售总监', None, None, None, None]
    """
    no_title = told.is_in([*_ADDRESS]) | told.str.contains(f"^{LATIN}$")
    return told.set(holds(no_title), None)


@cache
def _titles() -> str:
    """Titles and forms of address, the longer before the shorter."""
    titles = {row["title"] for row in Table("titles").rows}
    shorter = {"副总", "董秘", "采购", "法人", "法人代表"}
    return "|".join(sorted({*titles, *shorter, *_ADDRESS}, key=lambda t: (-len(t), t)))


@cache
def _title() -> str:
    return f"(?:{_DEPARTMENTS})?(?:{_titles()})|{_DEPARTMENTS}"


@cache
def title_alone() -> str:
    """A regex: nothing but a title, a form of address or a department."""
    return f"^(?:{_title()})$"


@cache
def _patterns() -> tuple[str, str, str]:
    """Name and title behind it, title and name behind it, Latin form of address and name."""
    title = _title()
    return (
        rf"^(\p{{Han}}{{2,4}}?|\p{{Han}}+(?:·\p{{Han}}+)+?)[-/,(]?({title})\)?$",
        rf"^({title})[-/,:(]?(\p{{Han}}{{2,4}})\)?$",
        rf"^({LATIN})\b\.? ?(.+)$",
    )
