"""QQ number QQ 号.

Basis: the form in which Tencent gives numbers out: 5 to 11 digits without a leading zero.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact, tidy_apart
from crm_migrate.standards.columns.residue import (
    behind_first,
    change_where,
    holds,
    mask_where,
    unless_matching,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading import numbering_plan
from crm_migrate.standards.reading.words_beside import has_note
from crm_migrate.standards.rule_families import normalised, note, several

BASIS = Text("the form in which Tencent gives numbers out", "腾讯 QQ 号码编号规则")
NUMBER = r"[1-9][0-9]{4,10}"
CANONICAL = f"^{NUMBER}$"
_LABEL = r"(?i)^(?:qq?号?码?|企鹅号?|扣扣号?)[:：]?"
_WORDS = r"\([^()]*\)$|\p{Han}{2,6}$|^\p{Han}{2,4}:"
_SEVERAL = rf"^{NUMBER}(?:[/;,、|或和]{NUMBER})+$"

NORMALISED = normalised("qq", "QQ number", "QQ 号")
FORMAT = Rule(
    "qq.format",
    Severity.WARNING,
    Text("This is no QQ number of 5 to 11 digits", "不是 5–11 位的 QQ 号"),
    Text("Ask the contact for the number.", "请向联系人核实 QQ 号。"),
)
SEVERAL = several("qq", "QQ numbers", " QQ 号")
MOBILE = Rule(
    "qq.mobile",
    Severity.WARNING,
    Text("This looks like a mobile number, not like a QQ number", "疑似手机号，不是 QQ 号"),
    Text("Ask the contact for the QQ number, or leave it empty.", "请核实 QQ 号，或留空。"),
)
NOTE = note("qq", "QQ number", "QQ 号")
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT, SEVERAL, MOBILE, NOTE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The first number of the cell; text without one is kept.

    >>> normalise(pl.Series(["QQ：１２３４５６７８", "12345678@qq.com", "123456.0"])).to_list()
    ['12345678', '12345678', '123456']
    >>> normalise(pl.Series(["12345678/87654321", "0123456", "同微信"])).to_list()
    ['12345678', '0123456', '同微信']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = _plain(raw)
    first = text.str.extract(f"^({NUMBER})")
    whole = holds(text.str.contains(CANONICAL)) | holds(text.str.contains(_SEVERAL))
    return first.zip_with(whole, tidy_apart(raw))


def overflow(raw: pl.Series) -> pl.Series:
    """The numbers of each cell that `normalise` did not take; null where there are none.

    >>> overflow(pl.Series(["12345678/87654321", "12345678"])).to_list()
    ['87654321', None]
    """
    text = _plain(raw)
    listed = text.set(~holds(text.str.contains(_SEVERAL)), None)
    return behind_first(listed.str.replace_all("[/;,、|或和]", ";").str.split(";"))


def _plain(raw: pl.Series) -> pl.Series:
    lines = raw.str.replace_all(r"[\r\n]+", ";")
    text = (
        compact(lines).str.strip_chars("'\"`‘’“”").str.replace(_LABEL, "").str.replace(r"\.0+$", "")
    )
    text = text.str.replace(_WORDS, "").str.replace(_LABEL, "")
    grouped = text.str.contains(r"^[0-9]{1,3}(?:,[0-9]{3}){2,3}$|^[0-9]{2,4}(?:-[0-9]{2,4}){1,3}$")
    text = change_where(text, grouped, lambda few: few.str.replace_all("[,-]", ""))
    return text.str.replace(r"(?i)@(?:vip\.)?qq\.com$", "")


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, several numbers in a cell."""
    formed = holds(value.str.contains(CANONICAL))
    yield FORMAT, value.is_not_null() & ~formed
    changed = formed & holds(raw != value)
    yield NOTE, has_note(raw, changed)
    yield (
        MOBILE,
        mask_where(value, formed, lambda few: few.str.contains(f"^{numbering_plan.MOBILE}$")),
    )
    yield SEVERAL, mask_where(raw, changed, lambda few: overflow(few).is_not_null())


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first and the last two digits; text that is no number wholly covered.

    >>> mask(pl.Series(["12345678", "同微信"])).to_list()
    ['12***78', '***']
    """
    covered = value.str.replace(r"^([0-9]{2})[0-9]+([0-9]{2})$", "$1***$2")
    return covered.zip_with(holds(value.str.contains(CANONICAL)), value.str.head(0) + "***")
