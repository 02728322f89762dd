"""Telephone numbers: landlines, mobiles, 400/800, short service numbers, numbers from abroad.

Basis: the Chinese numbering plan (工信部 电信网编号计划, 2017) and ITU-T E.164; the package
phonenumbers judges only what the patterns here cannot. Canonical: `010-12345678-801`,
`13800138000`, `4008201234`, `+85223456789`; several numbers of a cell are joined by `;`.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import narrow, tidy
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.residue import change_where, holds, per_distinct, unless_matching

BASIS = Text(
    "numbering plan of the MIIT (2017), ITU-T E.164", "电信网编号计划（2017 年版）、ITU-T E.164"
)
MOBILE = r"1[3-9][0-9]{9}"
_LANDLINE = r"0[0-9]{2,3}-[2-9][0-9]{6,7}(?:-[0-9]{1,6})?"
_SERVICE = r"[48]00[0-9]{7}(?:-[0-9]{1,6})?|(?:95|96)[0-9]{3,6}|1[02][0-9]{3}"
_LOCAL = r"[2-9][0-9]{6,7}(?:-[0-9]{1,6})?"
_ABROAD = r"\+[1-9][0-9]{6,14}"
ONE = f"(?:{MOBILE}|{_LANDLINE}|{_SERVICE}|{_LOCAL}|{_ABROAD})"
CANONICAL = f"^{ONE}(?:;{ONE})*$"
_SPACED = (
    r"^(?:\+?86[- ]?)?(?:1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}|[48]00-?[0-9]{3}-?[0-9]{4})"
    r"(?: (?:\+?86[- ]?)?(?:1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}|[48]00-?[0-9]{3}-?[0-9]{4}))+$"
)

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
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT, NO_AREA_CODE, SEVERAL)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Each number of the cell in its canonical form; a cell without any number is kept.

    >>> normalise(pl.Series(["(010) 6234 5678 转 801", "0755-26001234/13800138000"])).to_list()
    ['010-62345678-801', '0755-26001234;13800138000']
    >>> normalise(pl.Series(["+86 10 62345678", "400-820-1234", "00852-2345 6789"])).to_list()
    ['010-62345678', '4008201234', '+85223456789']
    """
    return unless_matching(raw, CANONICAL, _repaired)


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
    return change_where(tidy(raw), read, lambda _: found.get_column("number"))


def pieces(raw: pl.Series) -> pl.DataFrame:
    """The numbers in each cell: `row`, `number` (canonical if `known`, else the text), `known`.

    Rows without any text do not appear; pieces keep the order they have in the cell.
    """
    lines = raw.str.replace_all(r"[\r\n]+", MULTI_SEPARATOR)
    frame = pl.DataFrame({"text": narrow(lines)}).with_row_index("row")
    frame = _split(frame, pl.col("text").str.replace_all(r"\s*[/;,、|\\或和及]\s*", ";"))
    frame = _split(
        frame,
        pl.when(pl.col("text").str.contains(_SPACED))
        .then(pl.col("text").str.replace_all(r"([0-9]{4}) ", "$1;"))
        .when(pl.col("text").str.contains(f"^(?:{MOBILE}){{2,}}$"))
        .then(pl.col("text").str.replace_all(f"({MOBILE})", "$1;"))
        .otherwise(pl.col("text")),
    )
    text = frame.get_column("text")
    read = _read(text)
    return frame.select(
        "row", read.fill_null(text).alias("number"), read.is_not_null().alias("known")
    )


def _split(frame: pl.DataFrame, joined: pl.Expr) -> pl.DataFrame:
    parts = frame.with_columns(joined.str.split(";").alias("text")).explode("text")
    parts = parts.with_columns(pl.col("text").str.strip_chars())
    return parts.filter(pl.col("text").is_not_null() & (pl.col("text") != ""))


def _read(text: pl.Series) -> pl.Series:
    """The canonical form of single numbers, null where there is none."""
    frame = pl.DataFrame({"text": text}).lazy()
    bare = pl.col("text").str.replace(r"^[^0-9+(]+", "").str.replace(r"[^0-9]+$", "")
    frame = frame.with_columns(
        bare.str.replace(r"^([0-9]+)\.0+$", "$1")
        .str.replace(r"^1\.([0-9]{10})[Ee]\+?10$", "1$1")
        .str.replace(r"\s*(?:转分机|转|分机号?|[Ee][Xx][Tt]\.?|[Xx#*])[:\s]*([0-9]{1,6})$", "-$1")
        .alias("bare")
    )
    home = r"^(?:(?:\+|00)86|\(\+?86\)|86[\s-])[\s-]*(?:\(0\))?"
    frame = frame.with_columns(
        pl.col("bare").str.contains(home).alias("home"),
        pl.col("bare").str.replace(home, "").str.replace_all(r"[\s().·_]", "").alias("bare"),
    )
    bare = pl.col("bare")
    frame = frame.with_columns(
        pl.when(pl.col("home") & ~bare.str.contains(r"^(?:0|1[3-9][0-9-]{9}|[48]00)"))
        .then("0" + bare)
        .otherwise(bare.str.replace(r"^86(1[3-9][0-9]{9})$", "$1"))
        .alias("bare")
    )
    read = frame.select(_pattern(pl.col("bare"))).collect().to_series()
    return change_where(text, read.is_null(), _abroad).zip_with(read.is_null(), read)


def _pattern(bare: pl.Expr) -> pl.Expr:
    """The first pattern that fits a number without blanks, brackets and country code."""
    digits = bare.str.replace_all("-", "")
    landline = r"^(010|02[0-9]|0[3-9][0-9]{2})-?([2-9][0-9]{6,7})((?:-[0-9]{1,6})?)$"
    service = r"^([48]00)-?([0-9]{3})-?([0-9]{4})((?:-[0-9]{1,6})?)$"
    return (
        pl.when(bare.str.contains(landline))
        .then(bare.str.replace(landline, "$1-$2$3"))
        .when(bare.str.contains(service))
        .then(bare.str.replace(service, "$1$2$3$4"))
        .when(bare.str.contains(f"^(?:{_LOCAL})$"))
        .then(bare)
        .when(digits.str.contains(f"^0?{MOBILE}$"))
        .then(digits.str.tail(11))
        .when(digits.str.contains(f"^(?:{_SERVICE})$"))
        .then(digits)
        .when(digits.str.contains(landline))
        .then(digits.str.replace(landline, "$1-$2"))
        .when(bare.str.contains(r"^[2-9][0-9]{2,3}-[0-9]{4}$"))
        .then(digits)
    )


def _abroad(text: pl.Series) -> pl.Series:
    """Numbers of other countries, by phonenumbers; null for what it does not know either."""
    hopeful = text.str.contains(r"^(?:\+|00)[0-9 ().-]{7,24}$")
    return change_where(
        text.set(~hopeful, None), hopeful, lambda few: per_distinct(few, _international)
    )


def _international(text: str) -> str | None:
    from phonenumbers import (
        NumberParseException,
        PhoneNumberFormat,
        format_number,
        is_possible_number,
        parse,
    )

    try:
        number = parse("+" + text[2:] if text.startswith("00") else text, None)
    except NumberParseException:
        return None
    if number.country_code == 86 or number.extension or not is_possible_number(number):
        return None
    return str(format_number(number, PhoneNumberFormat.E164))


def is_known(value: pl.Series) -> pl.Series:
    """True where every number of the canonical text was recognised."""
    return holds(value.str.contains(CANONICAL))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Unreadable numbers, landlines without area code, several numbers in a cell."""
    known = is_known(value)
    yield FORMAT, value.is_not_null() & ~known
    yield NO_AREA_CODE, known & value.str.contains(f"(?:^|;){_LOCAL}(?:;|$)")
    yield SEVERAL, known & value.str.contains(";") & holds(raw != value)


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
