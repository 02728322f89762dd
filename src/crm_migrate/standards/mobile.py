"""Mobile number of mainland China 手机号码.

Basis: the numbering plan of the MIIT (2017) and its later allocations (`data/mobile_prefixes.csv`).
New prefixes appear: `1[3-9]` and nine digits is the bound, an unknown prefix is only doubtful.
"""

from functools import cache

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import phone
from crm_migrate.standards.columns.characters import tidy_apart
from crm_migrate.standards.columns.covering import COVERED_NUMBER
from crm_migrate.standards.columns.remembered import remembered, remembered_column
from crm_migrate.standards.columns.residue import (
    Change,
    change_where,
    holds,
    mask_where,
    told_of,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.data.tables import Table
from crm_migrate.standards.reading.numbering_plan import EXTENSION as EXTENSION_PART
from crm_migrate.standards.reading.numbering_plan import MOBILE
from crm_migrate.standards.reading.telephones import BOTH, SETTLED, apart, pieces, singles
from crm_migrate.standards.reading.words_beside import of_number
from crm_migrate.standards.rule_families import covered, normalised, note, out_of_use

BASIS = Text("numbering plan of the MIIT (2017)", "电信网编号计划（2017 年版）")
CANONICAL = f"^{MOBILE}$"

_ASK = Text("Ask the contact for the number.", "请向联系人核实手机号。")
NORMALISED = normalised("mobile", "mobile number", "手机号码")
FORMAT = Rule(
    "mobile.format",
    Severity.WARNING,
    Text("This is no mobile number of 11 digits", "不是 11 位手机号码"),
    _ASK,
)
PREFIX = Rule(
    "mobile.prefix",
    Severity.WARNING,
    Text("The prefix of the mobile number was not given out", "手机号段尚未分配"),
    _ASK,
)
UNKNOWN_PREFIX = Rule(
    "mobile.unknown_prefix",
    Severity.WARNING,
    Text("The prefix of the mobile number is not known to be in use", "手机号段未知，可能有误"),
    Text(
        "Check the number; a new prefix can be added to the table of prefixes.",
        "请核实号码；如为新启用号段，可补充到号段表。",
    ),
)
DEVICE = Rule(
    "mobile.device",
    Severity.WARNING,
    Text(
        "The prefix belongs to data cards and machines, not to telephones",
        "该号段用于物联网或数据卡，通常无法通话",
    ),
    _ASK,
)
EXTENSION = Rule(
    "mobile.extension",
    Severity.WARNING,
    Text(
        "The mobile number had an extension: perhaps a number that a shop lends for a time",
        "手机号带有分机（如“转801”），可能是平台的临时隐私号",
    ),
    Text(
        "The whole stands in the telephone field if there is one. Ask for their own number.",
        "完整号码已移至电话字段（如有），请索取本人手机号。",
    ),
)
PRECISION_LOST = Rule(
    "mobile.precision_lost",
    Severity.WARNING,
    Text(
        "The mobile number was rounded by a spreadsheet (like 1.38E+10)",
        "手机号被电子表格改为科学计数（如 1.38E+10），末位已丢失",
    ),
    Text(
        "It cannot be repaired. Take it from the old system again, as text.",
        "无法还原，请从原系统以文本格式重新导出。",
    ),
)
ABROAD = Rule(
    "mobile.abroad",
    Severity.WARNING,
    Text("The number is not from mainland China", "不是中国大陆手机号"),
    Text("It is kept; check that it can be called.", "已保留，请确认可以拨打。"),
)
SEVERAL = Rule(
    "mobile.several",
    Severity.REPAIR,
    Text(
        "The cell held several numbers; the first mobile number was taken",
        "一格中有多个号码，已取第一个手机号",
    ),
    Text(
        "Nothing to do: the others stand in the telephone field, or among other contact data.",
        "无需处理；其余号码已移至电话字段（没有电话字段时移至“其他联系方式”）。",
    ),
)
"""A repair: nothing is lost, and where no field takes the others `mobile.left_over` warns."""
MADE_UP = Rule(
    "mobile.made_up",
    Severity.WARNING,
    Text(
        "The mobile number looks made up (like 13800000000)",
        "手机号疑似随意填写（如 13800000000）",
    ),
    _ASK,
)
COVERED = covered("mobile", "mobile number", "手机号码", "138****8000")
OUT_OF_USE = out_of_use("mobile", "mobile number", "手机号码")
NOTE = note("mobile", "mobile number", "手机号码")
RULES: tuple[Rule, ...] = (
    NORMALISED, FORMAT, PREFIX, UNKNOWN_PREFIX, DEVICE, EXTENSION, PRECISION_LOST, ABROAD, SEVERAL,
    MADE_UP, COVERED, OUT_OF_USE, NOTE,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The first mobile number of the cell as 11 digits; a cell without one is kept.

    >>> normalise(pl.Series(["+86 138-0013-8000", "１３８００１３８０００"])).to_list()
    ['13800138000', '13800138000']
    >>> normalise(pl.Series(["13800138000/13900139000", "1.38E+10", "010-62345678"])).to_list()
    ['13800138000', '1.38E+10', '010-62345678']
    """
    return _read(raw).get_column("value").alias(raw.name)


@remembered
def _read(raw: pl.Series) -> pl.DataFrame:
    """`split`, of which only the cells are asked that are no single number."""
    odd = raw.is_not_null() & ~is_usual(raw)
    cells, single = singles(raw.filter(odd))
    residue = mask_where(cells, ~single, lambda few: ~few.str.contains(SETTLED))
    few = split(cells.filter(residue))
    value = change_where(cells, residue, lambda _: few["value"])
    others = told_of(cells, residue, lambda _: few["others"])
    return pl.DataFrame(
        {
            "value": change_where(raw, odd, lambda _: value),
            "others": told_of(raw, odd, lambda _: others),
        }
    )


def split(raw: pl.Series) -> pl.DataFrame:
    """`value`, the first mobile number or the kept text, and `others`, the other numbers.

    `others` is canonical text of a telephone field, null where nothing is left over; a number with
    an extension stands there as a whole.

    >>> split(pl.Series(["13800138000、010-62345678", "前台", "13800138000转801"])).rows()
    [('13800138000', '010-62345678'), ('前台', None), ('13800138000', '13800138000-801')]
    """
    both = holds(raw.str.contains(BOTH))
    parts = apart(raw.filter(both))
    others = told_of(raw, both, lambda _: parts.str.slice(12))
    value = change_where(raw, both, lambda _: parts.str.head(11))
    if both.all():
        return pl.DataFrame({"value": value, "others": others})
    rest = _split(raw.filter(~both))
    return pl.DataFrame(
        {
            "value": change_where(value, ~both, lambda _: rest["value"]),
            "others": change_where(others, ~both, lambda _: rest["others"]),
        }
    )


def _split(raw: pl.Series) -> pl.DataFrame:
    found = pieces(raw).unique(["row", "number"], maintain_order=True)
    plain = pl.col("number").str.extract(f"^({MOBILE}){EXTENSION_PART}?$", 1).alias("plain")
    found = found.with_columns(plain)
    mobile = pl.col("plain").is_not_null()
    first = found.filter(mobile).unique("row", keep="first", maintain_order=True)
    lone = found.filter((pl.len().over("row") == 1) & pl.col("known") & ~mobile)
    lone = lone.filter(pl.col("number").str.starts_with("+"))
    value = pl.concat([first, lone]).select("row", value=pl.coalesce("plain", "number"))
    others = (
        found.join(value, left_on="row", right_on="row", how="inner", maintain_order="left")
        .filter(pl.col("number") != pl.col("value"), pl.col("number").str.contains("[0-9]"))
        .group_by("row", maintain_order=True)
        .agg(pl.col("number").str.join(MULTI_SEPARATOR).alias("others"))
    )
    return (
        pl.DataFrame({"kept": tidy_apart(raw)})
        .with_row_index("row")
        .join(value, on="row", how="left", maintain_order="left")
        .join(others, on="row", how="left", maintain_order="left")
        .select(pl.coalesce("value", "kept").alias("value"), "others")
    )


def overflow(raw: pl.Series) -> pl.Series:
    """The numbers of each cell that `normalise` did not take; null where there are none.

    >>> overflow(pl.Series(["13800138000;13900139000", "13800138000", None])).to_list()
    ['13900139000', None, None]
    """
    return _read(raw).get_column("others").alias(raw.name)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, prefix, rounding, covered and made-up numbers, what else the cell held."""
    odd = value.is_not_null() & ~is_usual(value)
    formed = mask_where(value, odd, lambda few: few.str.contains(CANONICAL))
    for rule, use in ((PREFIX, "unallocated"), (DEVICE, "device"), (UNKNOWN_PREFIX, "unknown")):
        yield rule, mask_where(value, formed, _used_for(use))
    other = odd & ~formed
    rounded = mask_where(value, other, lambda few: few.str.contains(r"^1\.[0-9]*[Ee]\+?10$"))
    abroad = mask_where(value, other, lambda few: few.str.contains(r"^\+[0-9]+$"))
    hidden = mask_where(value, other, lambda few: few.str.contains(COVERED_NUMBER))
    yield PRECISION_LOST, rounded
    yield ABROAD, abroad
    yield COVERED, hidden
    yield FORMAT, other & ~rounded & ~abroad & ~hidden
    yield MADE_UP, value.str.ends_with("00000000") & ~other
    changed = ~other & holds(raw != value)
    others = overflow(raw) if changed.any() else raw.set(~changed, None)
    extended = mask_where(others, changed, lambda few: few.str.contains(f"(?:^|;){MOBILE}-"))
    yield EXTENSION, extended
    alone = mask_where(others, extended, lambda few: ~few.str.contains(";"))
    yield SEVERAL, changed & others.is_not_null() & ~alone
    yield from of_number(raw, changed, OUT_OF_USE, NOTE)


def _used_for(use: str) -> Change:
    return lambda few: uses(few) == use


def uses(value: pl.Series) -> pl.Series:
    """What the prefix of each mobile number is for: `people`, `resold` (by virtual operators),
    `device`, `unallocated`, `unknown`; null for other text.

    >>> uses(pl.Series(["13800138000", "17000000000", "14400000000", "010-62345678"])).to_list()
    ['people', 'resold', 'device', None]
    """
    prefix = value.str.extract(r"^([0-9]{3})[0-9]{8}$", 1)
    return prefix.replace_strict(_uses(), default="unknown", return_dtype=pl.String).set(
        prefix.is_null(), None
    )


@cache
def _uses() -> dict[str, str]:
    return {row["prefix"]: row["use"] for row in Table("mobile_prefixes").rows}


@remembered_column
def is_usual(value: pl.Series) -> pl.Series:
    """True for numbers with a prefix that people call with.

    >>> is_usual(pl.Series(["13800138000", "14400000000", "010-62345678", None])).to_list()
    [True, False, False, False]
    """
    return holds(value.str.contains(_usual()))


@cache
def _usual() -> str:
    called = (prefix for prefix, use in _uses().items() if use in ("people", "resold"))
    return f"^(?:{'|'.join(called)})[0-9]{{8}}$"


def format(value: pl.Series) -> pl.Series:
    """In the usual groups 3-4-4.

    >>> format(pl.Series(["13800138000"])).to_list()
    ['138 0013 8000']
    """
    return value.str.replace(r"^(1[3-9][0-9])([0-9]{4})([0-9]{4})$", "$1 $2 $3")


def mask(value: pl.Series) -> pl.Series:
    """The first three and the last four digits; other text as a telephone number.

    >>> mask(pl.Series(["13800138000", "010-62345678"])).to_list()
    ['138****8000', '010-****5678']
    """
    return phone.mask(value)
