"""Words that people write beside a number or an address: whose it is, what it is for, that nobody
answers it.

Basis: the toolkit's own list. The words are no part of the value and are left out, which is told;
that a number is out of use is told as a warning.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
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


def note(type_code: str, en: str, zh: str, examples: str = "“工作”“王经理”") -> Rule:
    """The repair `<type>.note` of a standard for `en` / `zh`: words beside it were left out."""
    return Rule(
        f"{type_code}.note",
        Severity.REPAIR,
        Text(
            f"Words stood beside the {en} (like {examples}); they were left out",
            f"{zh}旁有备注文字（如{examples}），已去除",
        ),
        Text("Nothing to do; the source still has the words.", "无需处理；源数据中仍保留该文字。"),
    )


def several(type_code: str, en: str, zh: str) -> Rule:
    """The repair `<type>.several` of a standard for `en` / `zh`: the cell held several values.

    A repair: the others are kept, and where no field takes them `value.left_over` warns.
    """
    return Rule(
        f"{type_code}.several",
        Severity.REPAIR,
        Text(
            f"The cell held several {en}; the first was taken",
            f"一格中有多个{zh}，已取第一个",
        ),
        Text(
            "Nothing to do: the others stand in the field of other contact data if there is one.",
            f"无需处理；其余{zh}已移至“其他联系方式”字段（如有）。",
        ),
    )


def out_of_use(type_code: str, en: str, zh: str) -> Rule:
    """The warning `<type>.out_of_use` of a standard for `en` / `zh`: the cell says so."""
    return Rule(
        f"{type_code}.out_of_use",
        Severity.WARNING,
        Text(
            f"The cell says that the {en} is out of use (like 停机 or 空号)",
            f"{zh}旁注明已停用（如“停机”“空号”）",
        ),
        Text("Ask for the number in use.", "请核实现用号码。"),
    )


def of_number(raw: pl.Series, read: pl.Series, unused: Rule, noted: Rule) -> Masks:
    """Both rules with their rows: where `read` holds (a value was read) and the cell says so.

    >>> raw = pl.Series(["13800138000（停机）", "13800138000", "空号"])
    >>> unused, noted = out_of_use("mobile", "", ""), note("mobile", "", "")
    >>> read = pl.Series([True, True, False])
    >>> [rows.to_list() for _, rows in of_number(raw, read, unused, noted)]
    [[True, False, False], [True, False, False]]
    """
    worded = mask_where(raw, read, lambda few: few.str.contains(r"\p{Han}"))
    yield unused, mask_where(raw, worded, lambda few: few.str.contains(_OUT_OF_USE))
    yield noted, has_note(raw, worded)


def has_note(raw: pl.Series, read: pl.Series) -> pl.Series:
    """True where `read` holds and the cell has Chinese words that are no label of the value.

    >>> raw = pl.Series(["13800138000（老板娘）", "手机：13800138000", "李四"])
    >>> has_note(raw, pl.Series([True, True, False])).to_list()
    [True, False, False]
    """
    worded = mask_where(raw, read, lambda few: few.str.contains(r"\p{Han}"))
    return mask_where(
        raw, worded, lambda few: few.str.replace_all(_LABELS, "").str.contains(r"\p{Han}")
    )
