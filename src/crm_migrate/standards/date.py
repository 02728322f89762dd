"""Calendar dates.

Basis: GB/T 7408.1-2023 (ISO 8601-1:2019), written `2024-02-29`. A number of five digits is read
as a date serial of a spreadsheet (1900 system) and reported, one of ten or thirteen as a count of
seconds or milliseconds since 1970; where day and month can be
exchanged, or the year has two digits, nothing is guessed. A moment with a time zone is its day
in China. The writings stand in `date_writings`.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading import date_writings
from crm_migrate.standards.reading.date_writings import TIME
from crm_migrate.standards.rule_families import normalised

BASIS = Text("GB/T 7408.1-2023 (ISO 8601-1)", "GB/T 7408.1-2023（ISO 8601-1）")
CANONICAL = r"^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$"
_MONTH, _TWO = r"(?:0?[1-9]|1[0-2])", "[0-9]{1,2}"
_TWO_DIGIT_YEAR = (
    rf"^{_TWO}[-/.年]{_TWO}[-/.月]{_TWO}[日号]?$|^[0-9]{{6}}$|^[0-9]{{3}}[-/.]{_TWO}[-/.]{_TWO}$|"
    rf"^{_TWO}[- ][A-Za-z]{{3,9}}\.?,?[- ][0-9]{{2}}$"
)
_EITHER = rf"^{_MONTH}[-/.]{_MONTH}[-/.][0-9]{{4}}{TIME}$"
_NO_DAY = (
    rf"^(?:19|20)[0-9]{{2}}(?:0[1-9]|1[0-2]|[-/.年]{_MONTH}月?(?:[初末底]|[上中下]旬)?|"
    r"年?(?:第?[一二三四1-4]季度|[-/]?[Qq][1-4]|[上下]半年|[初中末底]|度)?年?)$"
)
_OTHER_DAY = rf"^[0-9]{{4}}(?:[-/.年]{_TWO}[-/.月]{_TWO}[日号]?|[0-9]{{4}}){TIME}$"
ENDLESS = (
    r"(?:^|至|到|~|-|[—–]|起|\s)(?:永久|长期|长久)(?:有效|存续|经营)?$"
    r"|(?:无|没有|不约定|不限|未约定)(?:固定|约定|确定)?(?:经营|营业)?期限?$|无限期$|^不限$|^永续$"
    r"|^9999[-/.年]?12[-/.月]?31日?|(?i:^(?:unlimited|indefinite|perpetual|permanent)$)"
)
"""Words, and the last day that programs know, for a term that has no end."""
_RANGE = r"[0-9日号月](?:至|到|~|--)[0-9]|[日号]-[0-9]|[0-9]{1,2}日?-[0-9]{4}[年.]"

_USUAL = rf"^(?:19|20)[0-9]{{2}}[-/.年]{_TWO}[-/.月]{_TWO}日?$"
"""Year, month and day in this order, whatever stands between them: most dates."""
_MARKS = {"/": "-", ".": "-", "年": "-", "月": "-", "日": ""}
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
EPOCH = Rule(
    "date.epoch",
    Severity.REPAIR,
    Text(
        "A program's count of seconds since 1970 was read as the day in China",
        "程序时间戳（1970 年起的秒数或毫秒数）已转换为北京时间的日期",
    ),
    Text("Check one or two dates against the old system.", "请与原系统抽查一两个日期。"),
)
DEFAULT = Rule(
    "date.default",
    Severity.WARNING,
    Text(
        "Programs enter this day (1970-01-01, 2099-12-31) where there is no date",
        "1970-01-01、2099-12-31 多为系统默认值，可能并无实际日期",
    ),
    Text(
        "Empty the cell in the source if nobody knows the date.",
        "如无实际日期，请在源数据中清空。",
    ),
)
IMPOSSIBLE = Rule(
    "date.impossible",
    Severity.WARNING,
    Text("This day does not exist and was left out", "该日期不存在，已置空"),
    Text(
        "Correct it in the source; 0000-00-00 is an empty date of a database.",
        "请在源数据中更正；0000-00-00 为数据库中的空日期。",
    ),
)
RANGE = Rule(
    "date.range",
    Severity.WARNING,
    Text("A period stands in place of a date and was left out", "填写的是日期区间，已置空"),
    Text("Decide on one date, or map the two ends.", "请填写一个确定的日期，或分别映射起止日期。"),
)
OPEN_ENDED = Rule(
    "date.open_ended",
    Severity.REPAIR,
    Text("The term has no end (长期): there is no date", "期限为长期，无截止日期"),
    Text("Nothing to do.", "无需处理。"),
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
_REASONS = (
    (OPEN_ENDED, ENDLESS),
    (INCOMPLETE, _NO_DAY),
    (RANGE, _RANGE),
    (AMBIGUOUS, f"{_TWO_DIGIT_YEAR}|{_EITHER}"),
    (IMPOSSIBLE, _OTHER_DAY),
)
"""Why a text is no date: the first that fits."""
RULES: tuple[Rule, ...] = (
    NORMALISED, UNREADABLE, AMBIGUOUS, INCOMPLETE, IMPOSSIBLE, RANGE, SERIAL, EPOCH,
    OPEN_ENDED, IMPLAUSIBLE, DEFAULT,
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
    usual = holds(raw.str.contains(_USUAL))
    iso = raw.set(~usual, None).str.replace_many(_MARKS)
    day = iso.str.to_date("%Y-%m-%d", strict=False).cast(pl.String)
    return change_where(day, ~usual, lambda _: _read(raw.filter(~usual)))


def _read(raw: pl.Series) -> pl.Series:
    read = date_writings.read(date_writings.tidied(raw))
    return read.set(~holds(read.str.contains(CANONICAL)), None)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What could not be read and why, serials, unlikely years."""
    missing = raw.is_not_null() & value.is_null()
    text = date_writings.tidied(raw.filter(missing))
    left = text.is_not_null() | text.is_null()
    for rule, pattern in _REASONS:
        told = left & holds(text.str.contains(pattern))
        yield rule, mask_where(raw, missing, lambda _, told=told: told)  # type: ignore[misc]
        left &= ~told
    yield UNREADABLE, mask_where(raw, missing, lambda _: left)
    changed = holds(raw != value) & ~holds(raw.str.contains("[-/年]"))
    yield SERIAL, mask_where(raw, changed, lambda r: date_writings.is_serial(compact(r)))
    yield EPOCH, mask_where(raw, changed, lambda r: date_writings.is_epoch(compact(r)))
    yield DEFAULT, (value == "1970-01-01") | (value == "2099-12-31")
    yield IMPLAUSIBLE, (value < "1901-01-01") | (value > "2100-12-31")


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The year only.

    >>> mask(pl.Series(["2024-02-29"])).to_list()
    ['2024-**-**']
    """
    return value.str.head(4) + "-**-**"
