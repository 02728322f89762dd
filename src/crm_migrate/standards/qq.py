"""QQ number QQ 号.

Basis: the form in which Tencent gives numbers out: 5 to 11 digits without a leading zero.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact, tidy_apart
from crm_migrate.standards.columns.residue import holds, mask_where, unless_matching
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised

BASIS = Text("the form in which Tencent gives numbers out", "腾讯 QQ 号码编号规则")
NUMBER = r"[1-9][0-9]{4,10}"
CANONICAL = f"^{NUMBER}$"
_MARKED = r"(?i)^(?:qq号?码?|企鹅号?)[:：]?"
_SEVERAL = rf"^{NUMBER}(?:[/;,、|或和]{NUMBER})+$"

NORMALISED = normalised("qq", "QQ number", "QQ 号")
FORMAT = Rule(
    "qq.format",
    Severity.WARNING,
    Text("This is no QQ number of 5 to 11 digits", "不是 5–11 位的 QQ 号"),
    Text("Ask the contact for the number.", "请向联系人核实 QQ 号。"),
)
SEVERAL = Rule(
    "qq.several",
    Severity.WARNING,
    Text("The cell held several QQ numbers; the first was taken", "一格中有多个 QQ 号，已取第一个"),
    Text("The source still has the others.", "其余号码仍保留在源数据中。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT, SEVERAL)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The first number of the cell; text without one is kept.

    >>> normalise(pl.Series(["QQ：１２３４５６７８", "12345678@qq.com", "123456.0"])).to_list()
    ['12345678', '12345678', '123456']
    >>> normalise(pl.Series(["12345678/87654321", "0123456", "同微信"])).to_list()
    ['12345678', '0123456', '同微信']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = _bare(raw)
    first = text.str.extract(f"^({NUMBER})")
    whole = holds(text.str.contains(CANONICAL)) | holds(text.str.contains(_SEVERAL))
    return first.zip_with(whole, tidy_apart(raw))


def _bare(raw: pl.Series) -> pl.Series:
    lines = raw.str.replace_all(r"[\r\n]+", ";")
    text = compact(lines).str.replace(_MARKED, "").str.replace(r"\.0+$", "")
    return text.str.replace(r"(?i)@(?:vip\.)?qq\.com$", "")


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, several numbers in a cell."""
    formed = holds(value.str.contains(CANONICAL))
    yield FORMAT, value.is_not_null() & ~formed
    changed = formed & holds(raw != value)
    yield SEVERAL, mask_where(raw, changed, lambda few: _bare(few).str.contains(_SEVERAL))


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
