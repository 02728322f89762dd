"""What people write around a number, and the letters that they write for digits.

Basis: the toolkit's own list, of business licences (“(1-1)” is the number of the copy), exports of
spreadsheets (`="…"`, `'…`) and forms. Only what says nothing about the number is taken away: words
like 原, 旧, 已注销 or 母公司 stay, since they tell that it is another number than was asked for.
"""

import polars as pl

from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.residue import change_where, holds

_QUOTES = "[\"'`´‘’‚‛“”„‟«»「」『』]"
_NOTE = (
    r"(?:[1-9][-/][0-9]{1,2}|正本|副本|正副本|[二两三四五六七多][证合][三合]?一|一照一码|新版?|现用?|最新"
    r"|本人|统一社会信用代码|(?:已)?(?:核对|核实|确认|验证)|(?:基本|一般|专用|临时)(?:存款)?(?:账户|户)|对公(?:账户)?)"
)
_AROUND = r"^[\[(【〔<{](?P<in>[^\[\](){}【】〔〕<>]+)[\])】〕>}]$"
_BEHIND = rf"(?:[\[(【〔]{_NOTE}[\])】〕]|正本|副本)+$"
_EDGES = r"^[=:,.;、。·#/\\|_+-]+|[=:,.;、。·#/\\|_+-]+$"
SCIENTIFIC = r"^[0-9]\.[0-9]+[Ee]\+?[0-9]+$"
"""A number whose last digits a spreadsheet lost."""
ROUNDED = rf"^[0-9]{{15}}000$|{SCIENTIFIC}"
"""What a number of 15 significant digits leaves of 18."""
_FLOAT = r"^([0-9A-Za-z]{6,})\.0+$"
"""Spreadsheets and programs add `.0` to what they took for a number."""
_FOREIGN_LETTERS = r"[\x{370}-\x{3ff}\x{400}-\x{4ff}]"
_LATIN = dict(
    zip("АВЕЅІЈКМНОРСТУХаеорсухіѕјΑΒΕΖΗΙΚΜΝΟΡΤΥΧοχ", "ABESIJKMHOPCTYXaeopcyxisjABEZHIKMNOPTYXox",
        strict=True)
)  # fmt: skip
"""Cyrillic and Greek letters that look like Latin ones."""
_DIGITS = {"O": "0", "Q": "0", "〇": "0", "○": "0", "I": "1", "L": "1", "|": "1", "Z": "2",
           "S": "5", "B": "8"}  # fmt: skip


def alone(raw: pl.Series, label: str) -> pl.Series:
    """`compact` without quotes, a `label` (regex) in front, a note or `.0` behind; case stays.

    >>> typed = pl.Series(["【税号：91350100M000100Y43】", '="91350100M000100Y43"',
    ...                    "91350100M000100Y43（1-1）", "原 91350100M000100Y43"])
    >>> alone(typed, "税号").to_list()
    ['91350100M000100Y43', '91350100M000100Y43', '91350100M000100Y43', '原91350100M000100Y43']
    """
    marked = raw.is_not_null() & ~raw.str.contains("^[0-9]+$")
    return change_where(raw, marked, lambda few: _alone(few, label))


def _alone(raw: pl.Series, label: str) -> pl.Series:
    text = compact(raw)
    text = change_where(
        text,
        text.str.contains(_FOREIGN_LETTERS),
        lambda few: few.str.replace_many(_LATIN),
    )
    text = text.str.replace_all(_QUOTES, "").str.replace_all(_EDGES, "")
    text = text.str.replace(_AROUND, "${in}").str.replace(_BEHIND, "")
    text = text.str.replace(_FLOAT, "$1")
    label = rf"(?i:{label}|编号|号码|代码|证号)"
    return text.str.replace(rf"^(?:{label}[:;,、#=/为是]*)+", "").str.replace_all(_EDGES, "")


def unpunctuated(text: pl.Series) -> pl.Series:
    """Without hyphens, dots and underlines, but for numbers in scientific notation.

    >>> unpunctuated(pl.Series(["9111.0108-MA", "9.11E17", "9.1e+17"])).to_list()
    ['91110108MA', '9.11E17', '9.1e+17']
    """
    marked = ~text.str.contains(SCIENTIFIC) & text.str.contains("[-._]")
    return change_where(text, marked, lambda few: few.str.replace_all("[-._]", ""))


def as_digits(text: pl.Series) -> pl.Series:
    """Capitals read as the digits that they look like: for numbers that have no letters.

    >>> as_digits(pl.Series(["11O1O8", "l1|Z", "91E"])).to_list()
    ['110108', '1112', '91E']
    """
    return text.str.to_uppercase().str.replace_many(_DIGITS)


def read_otherwise(typed: pl.Series, value: pl.Series) -> pl.Series:
    """True where `value` was read out of as many characters, but not the same; false for null.

    >>> read_otherwise(pl.Series(["11O1O8", "110108"]), pl.Series(["110108", "110108"])).to_list()
    [True, False]
    """
    return holds((typed.str.len_chars() == value.str.len_chars()) & (typed != value))
