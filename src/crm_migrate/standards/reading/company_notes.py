"""What stands in the cell of a company's name and is no part of it: numbers of a list, labels,
quotes, notes about the customer, the name in English, the same name once more.

Basis: the toolkit's own list. Nothing is taken off that may belong to a registered name.
"""

import polars as pl

from crm_migrate.standards.columns.residue import change_where, holds, joined, mask_where

STATES = "注销|吊销|迁出|停业|歇业"
"""What becomes of companies; values of the vocabulary of registration states."""
STATE = f"{STATES}|倒闭|破产|作废|停用|弃用|勿用|重复|删除|不再合作|停止合作|终止合作|黑名单"
"""States of a company, or of the record: somebody has to look at it."""
_SAID = rf"(?:已|已经|待|拟|疑似)?(?:{STATE})[^()]{{0,8}}"
_CUSTOMER = (
    r"(?:老|新|大|重点|重要|潜在|意向|战略|核心|普通|一般|优质|成交|流失|合作)?客户|(?i:vip)[0-9]?|[新旧老]"
    r"|代理商?|经销商|供应商|已合作|未合作|合作中|已成交|未成交|[A-Da-d]类|[0-9]{1,2}"
)
_BEHIND = (
    rf"\s*\(((?:{_SAID})|{_CUSTOMER})\)$",
    rf"\s*[-,;:!/、]+\s*({_SAID})$",
    r"\s*[-,;/、]+\s*((?:老|新|大|重点|潜在|意向|战略)客户|(?i:vip))$",
    r"\s*[,;/、(]\s*(联系人[:]?\s*\p{Han}{2,4})\)?$",
)
_BEFORE = (
    rf"^\(({_SAID})\)[-:,!]*\s*",
    rf"^({_SAID})[!,:;-]+\s*",
    r"^(?:\(([0-9]{1,3})\)|([0-9]{1,4})[、.)])\s*",
    r"^((?:公司|企业|单位|客户|供应商|购买方|付款方|甲方|乙方)(?:名称|全称|名)?):\s*",
)
_ENGLISH = (
    r"^(\p{Han}[^A-Za-z]*(?:公司|集团|厂|中心))[\s(/,;-]*"
    r"([A-Z][A-Za-z0-9&.,' -]{3,}(?i:ltd|limited|inc|corp|corporation|llc|company)\.?)\)?$"
)
_MARKS = " \"“”'‘’《》「」*,;:、。!?#"
_LOOKED_INTO = (
    rf"[-,;:!/、.\"“”‘’《》「」*。#'?]|^\(?[0-9]|{STATE}|客户|\((?i:vip)|\([新旧老代经供已未合A-Da-d0-9]"
    r"|限公司.*限公司|公司\s*\(?[A-Z]"
)
"""A cheap test that leaves most names out."""


def notes_off(name: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The name (in half width) without what is no part of it, and that, null where nothing was.

    >>> name, note = notes_off(pl.Series(["恒通公司(已注销)", "1、恒通公司", "恒通公司,恒通公司"]))
    >>> list(zip(name, note))
    [('恒通公司', '已注销'), ('恒通公司', '1'), ('恒通公司', '恒通公司')]
    >>> name, note = notes_off(pl.Series(["恒通(新疆)公司", "360科技公司", "《恒通公司》"]))
    >>> list(zip(name, note))
    [('恒通(新疆)公司', None), ('360科技公司', None), ('恒通公司', None)]
    """
    note = name.set(name.is_not_null(), None)
    suspect = holds(name.str.contains(_LOOKED_INTO))
    if not suspect.any():
        return name, note
    bare, told = _off(name.filter(suspect))
    return (
        change_where(name, suspect, lambda _: bare),
        change_where(note, suspect, lambda _: told),
    )


def _off(name: pl.Series) -> tuple[pl.Series, pl.Series]:
    told = name.set(name.is_not_null(), None)
    while True:
        before = name
        name = _unmarked(name)
        for pattern in (*_BEFORE, *_BEHIND):
            found = name.str.extract(pattern, 1)
            if pattern == _BEFORE[2]:
                found = found.zip_with(found.is_not_null(), name.str.extract(pattern, 2))
            if found.null_count() == len(found):
                continue
            rest = name.str.replace(pattern, "")
            begun = holds(rest.str.contains(r"^[\p{Han}A-Z]"))  # 3.5互联 is no list
            name, told = _without(name, told, rest, found.set(~begun, None))
        chinese, english = name.str.extract(_ENGLISH, 1), name.str.extract(_ENGLISH, 2)
        name, told = _without(name, told, chinese, english)
        once = _once(name)
        name, told = _without(name, told, once, once)
        if name.equals(before):
            return name, told


def _without(
    name: pl.Series, told: pl.Series, rest: pl.Series, found: pl.Series
) -> tuple[pl.Series, pl.Series]:
    """The rest as the name where something was found and a name is left."""
    clear = found.is_not_null() & holds(rest.str.len_chars() >= 4)
    if not clear.any():
        return name, told
    return rest.zip_with(clear, name), joined(told, found.set(~clear, None))


def _unmarked(name: pl.Series) -> pl.Series:
    bare = name.str.strip_chars_start(_MARKS + ".").str.strip_chars_end(_MARKS)
    bare = bare.str.replace(r"(\p{Han}|\))\.+$", "$1")  # it belongs to Ltd.
    return bare.zip_with(holds(bare.str.len_chars() >= 2), name)


def _once(name: pl.Series) -> pl.Series:
    """The first half where the second says the same, null elsewhere."""
    half = name.str.len_chars() // 2
    even = name.str.len_chars() % 2 == 0
    parted = even | mask_where(
        name, ~even, lambda few: few.str.slice(few.str.len_chars() // 2, 1).is_in(list("/、,; -"))
    )
    twice = holds(name.str.head(half) == name.str.tail(half)) & parted & (half >= 4)
    return name.str.head(half).set(~twice, None)
