"""Words that people write beside a number or an address: whose it is, what it is for, that nobody
answers it.

Basis: the toolkit's own list. The words are no part of the value and are left out, which is told;
that a number is out of use is told as a warning.
"""

import polars as pl

from crm_migrate.records import Rule
from crm_migrate.standards.columns.residue import mask_where
from crm_migrate.standards.contract import Masks

_LABELS = (
    "联系方式|联系电话|联系|手机号?|移动|电话|座机|固话|固定|办公|传真|总机|直线|热线|分机|号码?|微信|"
    "邮箱|邮件|电子|网址|网站|官网|主页|[转或者和及以]|[Qq]{2}"
)
_OUT_OF_USE = (
    "空号|停机|停用|作废|销号|注销|打不通|无法接通|拨不通|不通|无人接听|已换号|换号了|不用了|已不用|不再使用|"
    "无效|错号|号码错|号码有误|欠费"
)


def of_number(raw: pl.Series, read: pl.Series, unused: Rule, noted: Rule) -> Masks:
    """Both rules with their rows: where `read` holds (a value was read) and the cell says so.

    >>> from crm_migrate.standards.rule_families import note, out_of_use
    >>> raw = pl.Series(["13800138000（停机）", "13800138000", "空号"])
    >>> unused, noted = out_of_use("mobile", "", ""), note("mobile", "", "")
    >>> read = pl.Series([True, True, False])
    >>> [rows.to_list() for _, rows in of_number(raw, read, unused, noted)]
    [[True, False, False], [True, False, False]]
    """
    worded = _is_worded(raw, read)
    yield unused, mask_where(raw, worded, lambda few: few.str.contains(_OUT_OF_USE))
    yield noted, has_note(raw, worded)


def has_note(raw: pl.Series, read: pl.Series) -> pl.Series:
    """True where `read` holds and the cell has Chinese words that are no label of the value.

    >>> raw = pl.Series(["13800138000（老板娘）", "手机：13800138000", "李四"])
    >>> has_note(raw, pl.Series([True, True, False])).to_list()
    [True, False, False]
    """
    worded = _is_worded(raw, read)
    return mask_where(
        raw, worded, lambda few: few.str.replace_all(_LABELS, "").str.contains(r"\p{Han}")
    )


def _is_worded(raw: pl.Series, read: pl.Series) -> pl.Series:
    wide = mask_where(raw, read, lambda few: few.str.len_bytes() > few.str.len_chars())
    return mask_where(raw, wide, lambda few: few.str.contains(r"\p{Han}"))
