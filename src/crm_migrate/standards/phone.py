"""Telephone numbers: landlines, mobiles, 400/800, short service numbers, numbers from abroad.

Basis: the Chinese numbering plan (工信部 电信网编号计划, 2017) and ITU-T E.164 (`numbering_plan`).
Canonical: `010-12345678-801`, `13800138000`, `4008201234`, `0755-95588`, `+85223456789`; several
numbers of a cell are joined by `;`.
"""

from functools import cache

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import tidy_apart
from crm_migrate.standards.columns.covering import COVERED_NUMBER
from crm_migrate.standards.columns.remembered import remembered_column
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.numbering_plan import (
    AREA,
    LOCAL,
    MOBILE,
    ONE,
    area_of,
    areas,
    valid_area,
)
from crm_migrate.standards.reading.telephones import ROUNDED, apart, pieces, singles
from crm_migrate.standards.reading.words_beside import of_number
from crm_migrate.standards.rule_families import covered, normalised, note, out_of_use

BASIS = Text(
    "numbering plan of the MIIT (2017), ITU-T E.164", "电信网编号计划（2017 年版）、ITU-T E.164"
)
CANONICAL = f"^{ONE}(?:;{ONE})*$"
_ALONE = f"(?:^|;){LOCAL}(?:;|$)"
_ASK = Text("Ask the customer for the number.", "请向客户核实号码。")
NORMALISED = normalised("phone", "telephone number", "电话号码")
FORMAT = Rule(
    "phone.format",
    Severity.WARNING,
    Text("This cannot be read as a telephone number", "无法识别为电话号码"),
    _ASK,
)
NO_AREA_CODE = Rule(
    "phone.no_area_code",
    Severity.WARNING,
    Text("The landline number has no area code", "固定电话缺少区号"),
    Text("Add the area code, e.g. 010-.", "请补充区号，如 010-。"),
)
SEVERAL = Rule(
    "phone.several",
    Severity.REPAIR,
    Text("The cell held several numbers; they were separated", "一格中有多个号码，已拆分"),
    Text("Nothing to do.", "无需处理。"),
)
AREA_CODE = Rule(
    "phone.area_code",
    Severity.WARNING,
    Text("There is no such area code", "区号不存在"),
    Text("Correct the area code.", "请更正区号。"),
)
FORMER_AREA_CODE = Rule(
    "phone.former_area_code",
    Severity.WARNING,
    Text(
        "The area code was given up when the area was joined to another",
        "该区号已停用（所在地区已并入其他长途区）",
    ),
    Text(
        "The number got a digit in front, too: ask the customer.",
        "停用时号码同时升位，请向客户核实新号码。",
    ),
)
DIGITS = Rule(
    "phone.digits",
    Severity.WARNING,
    Text(
        "The landline number has a digit too few or too many for its city",
        "固定电话位数与所在城市不符（多一位或少一位）",
    ),
    Text(
        "Ask the customer: numbers behind 010, 02x and of some other cities have eight digits,"
        " the rest seven.",
        "请向客户核实：010、02x 及部分城市为 8 位，其余城市为 7 位。",
    ),
)
COVERED = covered("phone", "telephone number", "电话号码", "010-****5678")
OUT_OF_USE = out_of_use("phone", "telephone number", "电话号码")
NOTE = note("phone", "telephone number", "电话号码")
RULES: tuple[Rule, ...] = (
    NORMALISED, FORMAT, NO_AREA_CODE, SEVERAL, AREA_CODE, FORMER_AREA_CODE, DIGITS,
    COVERED, OUT_OF_USE, NOTE,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Each number of the cell in its canonical form; a cell without any number is kept.

    >>> normalise(pl.Series(["(010) 6234 5678 转 801", "0755-26001234/13800138000"])).to_list()
    ['010-62345678-801', '0755-26001234;13800138000']
    >>> normalise(pl.Series(["+86 10 62345678", "400-820-1234", "00852-2345 6789"])).to_list()
    ['010-62345678', '4008201234', '+85223456789']
    """
    return change_where(raw, raw.is_not_null() & ~is_usual(raw), _read)


def _read(raw: pl.Series) -> pl.Series:
    cells, single = singles(raw)
    return change_where(cells, ~single, _read_others)


def _read_others(raw: pl.Series) -> pl.Series:
    text = unless_matching(raw, CANONICAL, apart)
    return unless_matching(text, f"{CANONICAL}|{ROUNDED}", _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    found = (
        pieces(raw)
        .group_by("row", maintain_order=True)
        .agg(
            pl.col("number").unique(maintain_order=True).str.join(MULTI_SEPARATOR),
            pl.col("known").any(),
        )
    )
    found = found.filter("known")
    read = pl.int_range(len(raw), eager=True).is_in(found.get_column("row").implode())
    return change_where(tidy_apart(raw), read, lambda _: found.get_column("number"))


def is_known(value: pl.Series) -> pl.Series:
    """True where every number of the canonical text was recognised."""
    return holds(value.str.contains(CANONICAL))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Unreadable numbers, missing and wrong area codes, several numbers in a cell, words."""
    odd = value.is_not_null() & ~is_usual(value)
    unknown = mask_where(value, odd, lambda few: ~few.str.contains(CANONICAL))
    hidden = mask_where(value, unknown, lambda few: few.str.contains(COVERED_NUMBER))
    yield COVERED, hidden
    yield FORMAT, unknown & ~hidden
    odd = odd & ~unknown
    yield NO_AREA_CODE, mask_where(value, odd, lambda few: few.str.contains(_ALONE))
    changed = value.is_not_null() & ~unknown & holds(raw != value)
    yield SEVERAL, mask_where(value, changed, lambda few: few.str.contains(";"))
    wrong = mask_where(value, odd, _has_wrong_area)
    former = mask_where(value, wrong, lambda few: _area_codes(few).list.eval(_is_former).list.any())
    yield FORMER_AREA_CODE, former
    yield AREA_CODE, wrong & ~former
    yield DIGITS, mask_where(value, odd, lambda few: few.str.contains(_wrong_length()))
    yield from of_number(raw, changed, OUT_OF_USE, NOTE)


@remembered_column
def is_usual(value: pl.Series) -> pl.Series:
    """True for numbers that nothing can be said against, as most are.

    >>> is_usual(pl.Series(["13800138000;010-62345678", "010-6234567", None])).to_list()
    [True, False, False]
    """
    return holds(value.str.contains(_usual()))


@cache
def _usual() -> str:
    long, short = area_of("8"), area_of("7")
    landline = f"{long}-[2-8][0-9]{{7}}|{short}-[2-8][0-9]{{6}}"
    one = f"(?:{MOBILE}|[48]00[0-9]{{7}}|{landline})"
    return f"^{one}(?:;{one})*$"


@cache
def _wrong_length() -> str:
    long = f"{_only('8')}-[2-9][0-9]{{6}}"
    short = f"{_only('7')}-[2-9][0-9]{{7}}"
    return f"(?:^|;)(?:{long}|{short})(?:-|;|$)"


def _only(digits: str) -> str:
    """The area codes all of whose numbers have so many digits."""
    found = (c for c, row in areas().items() if row["digits"] == digits)
    return f"(?:{'|'.join(found)})"


def _area_codes(value: pl.Series) -> pl.Series:
    return value.str.extract_all(f"(?:^|;){AREA}-").list.eval(pl.element().str.strip_chars(";-"))


_is_former = pl.element().is_in([code for code, row in areas().items() if row["now"]])


def _has_wrong_area(value: pl.Series) -> pl.Series:
    return value.str.replace_all(f"(^|;){valid_area()}-", "$1").str.contains(f"(?:^|;){AREA}-")


def places(value: pl.Series) -> pl.DataFrame:
    """`province` and `cities` (joined by `、`) of the first landline number; null without one.

    >>> places(pl.Series(["0755-26001234", "024-62345678", "13800138000"])).rows()
    [('广东省', '深圳市'), ('辽宁省', '沈阳市、铁岭市、抚顺市、本溪市'), (None, None)]
    """
    code = value.str.extract(f"(?:^|;)({AREA})-", 1)
    return pl.DataFrame(
        [
            code.replace_strict(
                {c: row[part] for c, row in areas().items()}, default=None, return_dtype=pl.String
            ).alias(part)
            for part in ("province", "cities")
        ]
    )


def format(value: pl.Series) -> pl.Series:
    """400 numbers in groups, several numbers with a blank between.

    >>> format(pl.Series(["4008201234;010-62345678"])).to_list()
    ['400-820-1234; 010-62345678']
    """
    grouped = value.str.replace_all(r"(^|;)([48]00)([0-9]{3})([0-9]{4})", "$1$2-$3-$4")
    return grouped.str.replace_all(";", "; ")


def mask(value: pl.Series) -> pl.Series:
    """Area code or prefix and the last four digits; unreadable text wholly covered.

    >>> mask(pl.Series(["010-62345678-801;13800138000", "+85223456789", "前台"])).to_list()
    ['010-****5678;138****8000', '+852****89', '***']
    """
    covered = (
        value.str.replace_all(r"(^|;)(1[3-9][0-9])[0-9]{4}([0-9]{4})", "$1$2****$3")
        .str.replace_all(r"(^|;)(0[0-9]{2,3})-[0-9]{3,4}([0-9]{4})(?:-[0-9]+)?", "$1$2-****$3")
        .str.replace_all(r"(^|;)(\+[0-9]{1,3})[0-9]+([0-9]{2})", "$1$2****$3")
        .str.replace_all(r"(^|;)([2-9][0-9]{6,7})(?:-[0-9]+)?", "$1****")
    )
    return change_where(covered, ~is_known(value), lambda v: v.str.head(0) + "***")
