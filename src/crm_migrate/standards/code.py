"""Codes and numbers that a company gives itself: customers, products, contracts, orders.

Basis: the toolkit's own convention. Half width, no blanks; case and leading zeros stay.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.covering import last_ones
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.columns.surroundings import SCIENTIFIC
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.rule_families import normalised

BASIS = Text("the company's own coding", "企业自定编码")
_TWO = r"^\s*(\S{4,}[0-9])\s*[\r\n]\s*(\S{4,}[0-9])\s*$"
NORMALISED = normalised("code", "code", "编码")
ROUNDED = Rule(
    "code.precision_lost",
    Severity.WARNING,
    Text("The code was rounded by a spreadsheet", "编码被电子表格截断或改为科学计数"),
    Text(
        "Take the code from the old system again, as text.",
        "请从原系统以文本格式重新导出该编码。",
    ),
)
SEVERAL = Rule(
    "code.several",
    Severity.WARNING,
    Text("The cell holds two codes, in two lines", "一格填写了两个编码（分两行）"),
    Text("Enter one code in each cell.", "每格只填写一个编码，请在源数据中拆分。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, ROUNDED, SEVERAL)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half-width text without blanks; `.0`, which spreadsheets add to whole numbers, goes.

    >>> normalise(pl.Series(["ＨＴ－2024 001", "1024.0", "007"])).to_list()
    ['HT-2024001', '1024', '007']
    """
    return unless_matching(raw, r"^[!-\-/-~]+$", _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    apart = change_where(raw, are_several(raw), lambda few: few.str.replace(_TWO, "$1;$2"))
    return compact(apart).str.replace(r"^([0-9]+)\.0+$", "$1")


def are_several(raw: pl.Series) -> pl.Series:
    r"""True where two codes stand in two lines; a short rest is the end of one.

    >>> are_several(pl.Series(["HT-2024001\nHT-2024002", "HT-2024-\n001", "HT-2024001"])).to_list()
    [True, False, False]
    """
    return holds(raw.str.contains(_TWO))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Scientific notation: the digits behind it are gone.

    >>> typed = pl.Series(["HT-2024001", "1.2E+10"])
    >>> {rule.code: rows.to_list() for rule, rows in validate(typed, typed) if rows.any()}
    {'code.precision_lost': [False, True]}
    """
    yield SEVERAL, mask_where(raw, holds(raw != value), are_several)
    yield ROUNDED, value.str.contains(SCIENTIFIC)


def format(value: pl.Series) -> pl.Series:
    """As it is.

    >>> format(pl.Series(["HT-2024001"])).to_list()
    ['HT-2024001']
    """
    return value


def mask(value: pl.Series) -> pl.Series:
    """The last two characters only, of longer codes.

    >>> mask(pl.Series(["HT-2024001", "01"])).to_list()
    ['***01', '***']
    """
    return last_ones(value, 2, "***")
