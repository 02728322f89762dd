"""Telephone numbers within a cell: how text is read as numbers.

Basis: `numbering_plan`. The package phonenumbers is asked only about numbers from abroad.
"""

from functools import cache, partial

import polars as pl

from crm_migrate.standards.columns.characters import narrow
from crm_migrate.standards.columns.residue import (
    change_where,
    holds,
    mask_where,
    per_distinct,
    told_of,
)
from crm_migrate.standards.reading.numbering_plan import (
    AREA,
    EXTENSION,
    LANDLINE,
    LOCAL,
    MOBILE,
    SERVICE,
    area_of,
    valid_area,
)

_BRACKETS = dict(zip("【〔[】〕]", "((()))", strict=True))
_MANY = r"\s*(?:[/;,、|\\]|或者?|和|及|以及)\s*"
_WRITTEN_MOBILE = r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"
_WRITTEN_LANDLINE = (
    r"\(?0(?:10|2[0-9]|[3-9][0-9]{2})\)?[ -]?[2-9][0-9]{2,3}[ -]?[0-9]{4}"
    r"(?: ?(?:转|-) ?[0-9]{1,6})?"
)
_WRITTEN_SERVICE = r"[48]00[ -]?[0-9]{3}[ -]?[0-9]{4}"
_WRITTEN = rf"(?:\+?86[ -]?)?(?:{_WRITTEN_MOBILE}|{_WRITTEN_LANDLINE}|{_WRITTEN_SERVICE})"
"""A number amid other words."""
_GROUPED = r"^ *(?:(?:\+|00)?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4} *$|^1[3-9][0-9]{9}\.0+$"
ROUNDED = r"^1\.[0-9]{0,9}[Ee]\+?10$"
"""What a spreadsheet made of a number: digits are gone, there is nothing to read."""
_AREA_FIRST = rf"\(?({AREA})\)?[ -]?([2-9][0-9]{{6,7}})$"
BOTH = rf"^({MOBILE})[;,、/]{_AREA_FIRST}"
"""A mobile number and a landline, which is what most cells of two numbers hold."""
SETTLED = f"^{_AREA_FIRST}|^(?:{LANDLINE}|{SERVICE}|{LOCAL})$|{ROUNDED}"
"""A cell without a mobile number that can be left as it is."""
_PLAIN = f"^(?:{MOBILE}{EXTENSION}?|{LANDLINE}|{SERVICE}|{LOCAL})$"
"""One number of China in canonical form, which nothing has to be done about."""
_HOME = r"^(?:(?:(?:\+|00)86|\(\+?86\)|86[\s-])[\s-]*)+(?:\(0\))?"
_EXTENDED = (
    r"\s*[-(]?\s*(?:转分机|转|分机号?|[Ee][Xx][Tt]\.?|[Xx#*])[:\s]*([0-9]{1,6})\)?(?:分机|号)?$"
    r"|([0-9]{7})\s*\(([0-9]{2,6})\)?$"
)
_CHEAP_CALLS = r"^(?:1795[01]|179[0-2][0189]|12593|12520|10193|11808|10131)-?(1[3-9][0-9]{9})$"
"""Prefixes for calls at a lower price, stored by old telephones."""
_AREA_APART = r"^\(?(0[0-9]{2,3})\)?\s*/\s*([2-9][0-9]{6,7})"
_LISTED = r"([0-9]{7}) +([2-9][0-9]{6,7})(\b)"
_EXTENSION_APART = r"\s*[,;、]\s*(转|分机)"
_SIGNED = r"[【〔\[]|[,;、]\s*(?:转|分机)|^[0-9]{1,3},[0-9]|^\(?0[0-9]{2,3}\)?\s*/|[0-9]{7} +[2-9]"
_THOUSANDS = r"^[0-9]{1,3}(?:,[0-9]{3}){2,4}$"
_LETTERS = r"^[+0-9OolIi()\s-]*[0-9][+0-9OolIi()\s-]*$"
_MEANT = dict(zip("OolIi", "00111", strict=True))
"""O for 0, l and I for 1: no letter belongs to a number, so nothing else can be meant."""


@cache
def _whole_number() -> str:
    """Area code and number, of the length that it has there, without a sign between."""
    return f"(?:{area_of('8')}[2-8][0-9]{{7}}|{area_of('7')}[2-8][0-9]{{6}})"


def singles(raw: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Cells that hold one mobile number, as most do, as its 11 digits (in groups, with country code
    or a spreadsheet's `.0`, too) and all others as typed; and which are such.

    >>> [c.to_list() for c in singles(pl.Series(["+86 138-0013-8000", "138 0013 8000 转 1"]))]
    [['13800138000', '138 0013 8000 转 1'], [True, False]]
    """
    plain = holds(raw.str.contains(f"^{MOBILE}$"))
    grouped = mask_where(raw, ~plain, lambda few: few.str.contains(_GROUPED))
    return change_where(raw, grouped, _closed_up), plain | grouped


def _closed_up(grouped: pl.Series) -> pl.Series:
    """Replacing by captures takes five times as long as taking off what is none of the number."""
    closed = grouped.str.replace_all(" ", "", literal=True).str.replace_all("-", "", literal=True)
    dotted = closed.str.contains(".", literal=True)
    return closed.str.head(11).zip_with(dotted, closed.str.tail(11))


def apart(raw: pl.Series) -> pl.Series:
    """A landline, alone or behind a mobile number, in canonical form; all other cells as typed.

    >>> apart(pl.Series(["13800138000、(010)62345678", "010 62345678", "010 6234 5678"])).to_list()
    ['13800138000;010-62345678', '010-62345678', '010 6234 5678']
    """
    return raw.str.replace(BOTH, "$1;$2-$3").str.replace(f"^{_AREA_FIRST}", "$1-$2")


def pieces(raw: pl.Series) -> pl.DataFrame:
    """The numbers in each cell: `row`, `number` (canonical if `known`, else the text), `known`.

    Rows without any text do not appear; pieces keep the order they have in the cell.

    >>> pieces(pl.Series(["010-62345678/79", "王13800138000 李13900139000"])).rows()
    [(0, '010-62345678', True), (0, '010-62345679', True), (1, '13800138000', True), (1, '13900139000', True)]
    """  # noqa: E501
    lines = raw.str.replace_all(r"[\r\n]+", ";")
    frame = pl.DataFrame({"text": _unsigned(narrow(lines))}).with_row_index("row")
    text = pl.col("text")
    frame = _split(frame, text.str.replace_all(_MANY, ";"))
    glued = text.str.replace_all(f"({MOBILE})", "$1;")
    frame = _split(
        frame, pl.when(text.str.contains(f"^(?:{MOBILE}){{2,}}$")).then(glued).otherwise(text)
    )
    frame = _completed(frame.with_columns(_read(frame["text"]).alias("read")))
    frame = frame.with_row_index("at")
    unread = frame.filter(pl.col("read").is_null())
    if unread.height:
        frame = _amid_words(frame, unread)
    known = pl.col("read").is_not_null()
    return frame.select("row", pl.coalesce("read", "text").alias("number"), known.alias("known"))


def _unsigned(text: pl.Series) -> pl.Series:
    """With round brackets, without thousands, `-` between area code and number."""
    return change_where(text, text.str.contains(_SIGNED), _without_signs)


def _without_signs(text: pl.Series) -> pl.Series:
    text = text.str.replace_many(_BRACKETS)
    counted = text.str.contains(_THOUSANDS)
    text = change_where(text, counted, lambda few: few.str.replace_all(",", "", literal=True))
    text = text.str.replace_all(_EXTENSION_APART, "$1")
    return text.str.replace(_AREA_APART, "$1-$2").str.replace_all(_LISTED, "$1;$2$3")


def _split(frame: pl.DataFrame, joined: pl.Expr) -> pl.DataFrame:
    parts = frame.with_columns(joined.str.split(";").alias("text")).explode("text")
    parts = parts.with_columns(pl.col("text").str.strip_chars())
    return parts.filter(pl.col("text").is_not_null() & (pl.col("text") != ""))


def _completed(frame: pl.DataFrame) -> pl.DataFrame:
    """010-62345678/79 and 010-62345678、62345679: what stands behind repeats what is left out.

    Of three digits only those that begin as the number's do: 010-62345678/801 may be an extension.
    Behind a number with an extension (010-62345678-801/802) stand others.
    """
    whole = pl.col("read").str.extract(rf"^({AREA}-[2-9][0-9]{{6,7}}{EXTENSION}?)$")
    whole = whole.forward_fill().over("row")
    first = whole.str.extract(rf"^({AREA}-[2-9][0-9]{{6,7}})")
    extended = whole != first
    text = pl.col("text")
    lone = pl.col("read").is_null() & whole.is_not_null()
    kept = first.str.len_chars() - text.str.len_chars()
    begins = text.str.head(1) == first.str.slice(kept, 1)
    tail = lone & ~extended & text.str.contains("^[0-9]{1,4}$")
    tail = tail & ((text.str.len_bytes() != 3) | begins)
    local = pl.col("read").str.contains(f"^{LOCAL}$")
    return frame.with_columns(
        pl.when(tail)
        .then(first.str.head(kept) + text)
        .when(lone & extended & text.str.contains("^[0-9]{2,5}$"))
        .then(first + "-" + text)
        .when(local & first.is_not_null())
        .then(first.str.extract(f"^({AREA}-)") + pl.col("read"))
        .otherwise("read")
        .alias("read")
    )


def _amid_words(frame: pl.DataFrame, unread: pl.DataFrame) -> pl.DataFrame:
    """Numbers found amid words, where no digit is left over; the words themselves are dropped."""
    text = unread["text"]
    clear = ~text.str.replace_all(_WRITTEN, "").str.contains("[0-9]") & text.str.contains("[0-9]")
    if not clear.any():
        return frame
    found = unread.filter(clear).with_columns(pl.col("text").str.extract_all(_WRITTEN))
    found = found.explode("text")
    found = found.with_columns(_read(found["text"]).alias("read"))
    rest = pl.concat([frame.filter(pl.col("read").is_not_null()), unread.filter(~clear), found])
    return rest.sort("at", maintain_order=True)


def _read(text: pl.Series) -> pl.Series:
    """The canonical form of single numbers, null where there is none."""
    plain = holds(text.str.contains(_PLAIN))
    text = change_where(text, ~plain, lambda few: few.str.replace(f"^{_AREA_FIRST}", "$1-$2"))
    plain = holds(text.str.contains(_PLAIN))
    open_ = mask_where(text, ~plain, lambda few: ~few.str.contains(ROUNDED))
    return change_where(text.set(~plain, None), open_, lambda _: _deciphered(text.filter(open_)))


def _deciphered(text: pl.Series) -> pl.Series:
    """`_read` of texts in any other form."""
    lettered = text.str.contains("[OolIi]") & text.str.contains(_LETTERS)
    digits = change_where(text, lettered, lambda few: few.str.replace_many(_MEANT))
    frame = pl.DataFrame({"text": digits}).lazy()
    bare = pl.col("text").str.replace(r"^[^0-9+(]+", "").str.replace(r"[^0-9]+$", "")
    frame = frame.with_columns(
        bare.str.replace(r"^([0-9]+)\.0+$", "$1")
        .str.replace(r"^1\.([0-9]{10})[Ee]\+?10$", "1$1")
        .str.replace(_EXTENDED, "$2-$1$3")
        .str.replace(r"^\(\+?86-", "(")
        .alias("bare")
    )
    frame = frame.with_columns(
        pl.col("bare").str.contains(_HOME).alias("home"),
        pl.col("bare").str.replace(_HOME, "").str.replace_all(r"[\s.·_]", "").alias("bare"),
    )
    frame = frame.with_columns(
        pl.col("bare").str.replace(r"^\(([0-9]+)\)-?", "$1-").str.replace_all(r"[()]", "")
    )
    bare = pl.col("bare")
    frame = frame.with_columns(
        pl.when(pl.col("home") & ~bare.str.contains(r"^(?:0|1[3-9][0-9-]{9}|[48]00)"))
        .then("0" + bare)
        .otherwise(bare.str.replace(r"^86(1[3-9][0-9]{9})$", "$1"))
        .alias("bare")
    )
    read = _by_pattern(frame.select("bare").collect().to_series())
    open_ = read.is_null()
    return change_where(read, open_, lambda _: _abroad(text.filter(open_)))


def _by_pattern(bare: pl.Series) -> pl.Series:
    """Numbers without blanks, brackets and country code by the first pattern that fits."""
    read = bare.set(bare.is_not_null(), None)
    for fits, number in _patterns():
        open_ = read.is_null()
        if not open_.any():
            break
        read = read.zip_with(~open_, told_of(bare, open_, partial(_fitted, fits, number)))
    return read


def _fitted(fits: pl.Expr, number: pl.Expr, bare: pl.Series) -> pl.Series:
    return bare.alias("bare").to_frame().select(pl.when(fits).then(number)).to_series()


@cache
def _patterns() -> tuple[tuple[pl.Expr, pl.Expr], ...]:
    """Whether a pattern fits, and the number; the commonest are first, which mostly suffice."""
    bare = pl.col("bare")
    digits = bare.str.replace_all("-", "", literal=True)
    landline = rf"^({AREA})-?([2-9][0-9]{{6,7}})({EXTENSION}?)$"
    no_zero = valid_area().replace("(?:0", "(?:").replace("|0", "|")
    number_no_zero = _whole_number().replace("(?:0", "(?:").replace("|0", "|")
    cheap = _CHEAP_CALLS
    service = rf"^([48]00)-?([0-9]{{3}})-?([0-9]{{4}})({EXTENSION}?)$"
    return (
        (bare.str.contains(landline), bare.str.replace(landline, "$1-$2$3")),
        (bare.str.contains(service), bare.str.replace(service, "$1$2$3$4")),
        (bare.str.contains(f"^(?:{SERVICE}|{LOCAL})$"), bare),
        (bare.str.contains(rf"^0?{MOBILE}{EXTENSION}?$"), bare.str.strip_prefix("0")),
        (digits.str.contains(f"^0?{MOBILE}$"), digits.str.tail(11)),
        (digits.str.contains(f"^(?:{SERVICE})$"), digits),
        (bare.str.contains(cheap), bare.str.replace(cheap, "$1")),
        (digits.str.contains(r"^0[48]00[0-9]{7}$"), digits.str.slice(1)),
        (
            digits.str.contains(landline) & bare.str.contains(f"^{AREA}"),
            digits.str.replace(landline, "$1-$2"),
        ),
        (  # Hong Kong and Macau without the +
            bare.str.contains(r"^85[23]-?[2-9][0-9]{7}$"),
            "+" + digits,
        ),
        (  # Taiwan
            bare.str.contains(r"^886-0?[1-9][0-9]{7,8}$|^886-0?[1-9]-[0-9]{7,8}$"),
            "+886" + digits.str.slice(3).str.strip_prefix("0"),
        ),
        (  # a spreadsheet took the zero away
            bare.str.contains(rf"^{no_zero}-[2-9][0-9]{{6,7}}{EXTENSION}?$"),
            "0" + bare,
        ),
        (
            bare.str.contains(f"^(?:86)?{number_no_zero}$"),
            "0" + bare.str.replace(f"^(?:86)?({no_zero})", "$1-"),
        ),
        (bare.str.contains(r"^[2-9][0-9]{2,3}-[0-9]{4}$"), digits),
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
