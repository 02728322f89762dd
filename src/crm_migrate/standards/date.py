"""Calendar dates.

Basis: GB/T 7408.1-2023 (ISO 8601-1:2019), written `2024-02-29`. A number of five digits is read
as a date serial of a spreadsheet (1900 system) and reported; where day and month can be
exchanged, nothing is guessed.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import compact, narrow
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.residue import change_where, holds, mask_where, unless_matching

BASIS = Text("GB/T 7408.1-2023 (ISO 8601-1)", "GB/T 7408.1-2023（ISO 8601-1）")
CANONICAL = r"^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$"
_TIME = (
    r"(?:[ T]*(?:[上下]午)?[0-9]{1,2}[:时][0-9]{1,2}"
    r"(?:[:分][0-9]{1,2}(?:\.[0-9]+)?秒?)?分?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_YEAR_FIRST = rf"^([0-9]{{4}})[-/.年]([0-9]{{1,2}})[-/.月]([0-9]{{1,2}})[日号]?{_TIME}$"
_SOLID = rf"^([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})(?:[0-9]{{6}}|{_TIME})$"
_YEAR_LAST = rf"^([0-9]{{1,2}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{4}}){_TIME}$"
_SERIAL = r"^[2-6][0-9]{4}(?:\.[0-9]+)?$"
_EPOCH = pl.Series(["1899-12-30"]).str.to_date()

NORMALISED = normalised("date", "date", "日期")
UNREADABLE = Rule(
    "date.unreadable",
    Severity.WARNING,
    Text("This cannot be read as a date and was left out", "无法识别为日期，已置空"),
    Text("Write it as 2024-02-29 in the source.", "请在源数据中改为 2024-02-29 的格式。"),
)
AMBIGUOUS = Rule(
    "date.ambiguous",
    Severity.WARNING,
    Text(
        "Day and month, or the century, cannot be told apart; the date was left out",
        "无法区分日和月（或年份只有两位），已置空",
    ),
    Text("Write it as 2024-02-29 in the source.", "请在源数据中改为 2024-02-29 的格式。"),
)
INCOMPLETE = Rule(
    "date.incomplete",
    Severity.WARNING,
    Text("The date has no day and was left out", "日期缺少日（或月），已置空"),
    Text("Add the day in the source.", "请在源数据中补充完整。"),
)
SERIAL = Rule(
    "date.serial",
    Severity.REPAIR,
    Text("A spreadsheet's day number was read as a date", "电子表格日期序列号已转换为日期"),
    Text(
        "If the workbook counts from 1904, the dates are four years too early: check one.",
        "如工作簿使用 1904 日期系统，结果会早四年，请抽查。",
    ),
)
IMPLAUSIBLE = Rule(
    "date.implausible",
    Severity.WARNING,
    Text("The year is before 1901 or after 2100", "年份早于 1901 年或晚于 2100 年"),
    Text(
        "Often an empty cell that a spreadsheet turned into 1899 or 1900.",
        "多为电子表格将空单元格变成 1899 或 1900 年，请核对。",
    ),
)
RULES: tuple[Rule, ...] = (
    NORMALISED, UNREADABLE, AMBIGUOUS, INCOMPLETE, SERIAL, IMPLAUSIBLE,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """`2024-02-29`; the time of day is left out; null where there is no one day.

    >>> normalise(pl.Series(["2021/3/5", "2021年3月5日 10:30", "20210305", "45351"])).to_list()
    ['2021-03-05', '2021-03-05', '2021-03-05', '2024-02-29']
    >>> normalise(pl.Series(["13/04/2021", "03/04/2021", "2021-02-30", "2021年3月"])).to_list()
    ['2021-04-13', None, None, None]
    """
    return existing(unless_matching(raw, CANONICAL, _repaired))


def existing(value: pl.Series) -> pl.Series:
    """ISO dates that are in the calendar; null for the others.

    >>> existing(pl.Series(["2023-02-29", "2024-02-29"])).to_list()
    [None, '2024-02-29']
    """
    # Only the last days of a month can be missing from the calendar.
    doubtful = value.str.contains(r"-(?:29|30|31)$")
    return change_where(
        value,
        doubtful,
        lambda v: v.set(v.str.to_date("%Y-%m-%d", strict=False).is_null(), None),
    )


def _repaired(raw: pl.Series) -> pl.Series:
    text = narrow(raw).str.replace_all(r"\s*([-/.年月日:])\s*", "$1")
    first = _iso(text, _YEAR_FIRST, 1, 2, 3)
    solid = _iso(text, _SOLID, 1, 2, 3)
    read = first.zip_with(first.is_not_null(), solid)
    read = change_where(read, read.is_null(), lambda _: _year_last(text.filter(read.is_null())))
    serial = read.is_null() & holds(text.str.contains(_SERIAL))
    read = change_where(read, serial, lambda _: _from_serial(text.filter(serial)))
    return read.set(~holds(read.str.contains(CANONICAL)), None)


def _iso(text: pl.Series, pattern: str, year: int, month: int, day: int) -> pl.Series:
    two = [text.str.extract(pattern, group).str.zfill(2) for group in (month, day)]
    return text.str.extract(pattern, year) + "-" + two[0] + "-" + two[1]


def _year_last(text: pl.Series) -> pl.Series:
    """Day and month by the one that exceeds twelve, or where both are equal."""
    one = text.str.extract(_YEAR_LAST, 1).cast(pl.Int32)
    two = text.str.extract(_YEAR_LAST, 2).cast(pl.Int32)
    month_first = holds((two > 12) | (one == two))
    read = _iso(text, _YEAR_LAST, 3, 1, 2).zip_with(month_first, _iso(text, _YEAR_LAST, 3, 2, 1))
    return read.set(holds((one <= 12) & (two <= 12) & (one != two)), None)


def _from_serial(text: pl.Series) -> pl.Series:
    """Days since 1899-12-30, which is right from 1900-03-01 on (the 1900 date system)."""
    days = text.str.extract(r"^([0-9]+)").cast(pl.Int64)
    dates = _EPOCH.new_from_index(0, len(text)) + (days * 86_400_000).cast(pl.Duration("ms"))
    return dates.dt.strftime("%Y-%m-%d")


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What could not be read and why, serials, unlikely years."""
    missing = raw.is_not_null() & value.is_null()
    ambiguous = mask_where(raw, missing, _is_ambiguous)
    incomplete = mask_where(
        raw,
        missing & ~ambiguous,
        lambda r: compact(r).str.contains(r"^[0-9]{4}(?:[-/.年][0-9]{0,2}月?)?$"),
    )
    yield AMBIGUOUS, ambiguous
    yield INCOMPLETE, incomplete
    yield UNREADABLE, missing & ~ambiguous & ~incomplete
    changed = holds(raw != value)
    yield SERIAL, mask_where(raw, changed, lambda r: compact(r).str.contains(_SERIAL))
    yield IMPLAUSIBLE, (value < "1901-01-01") | (value > "2100-12-31")


def _is_ambiguous(raw: pl.Series) -> pl.Series:
    text = narrow(raw)
    two_digit_year = r"^[0-9]{1,2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?$"
    month = r"(?:0?[1-9]|1[0-2])"
    return text.str.contains(f"{two_digit_year}|^{month}[-/.]{month}[-/.][0-9]{{4}}{_TIME}$")


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The year only.

    >>> mask(pl.Series(["2024-02-29"])).to_list()
    ['2024-**-**']
    """
    return value.str.head(4) + "-**-**"
