"""Whole numbers. Basis: GB/T 15835-2011 (digits and their grouping)."""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.residue import holds, unless_matching
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised

BASIS = Text("GB/T 15835-2011", "GB/T 15835-2011《出版物上数字用法》")
CANONICAL = r"^(?:0|-?[1-9][0-9]{0,17})$"
NORMALISED = normalised("integer", "number", "整数")
UNREADABLE = Rule(
    "integer.unreadable",
    Severity.WARNING,
    Text("This cannot be read as a whole number and was left out", "无法识别为整数，已置空"),
    Text("Correct the number in the source.", "请在源数据中更正。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, UNREADABLE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Digits without leading zeros and grouping; null where there is no whole number.

    >>> normalise(pl.Series(["１,200", "3.0", "007", "-0", "3.5", "many"])).to_list()
    ['1200', '3', '7', '0', None, None]
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = compact(raw).str.replace(r"^\+", "").str.replace(r"^(-?[0-9,]+)\.0*$", "$1")
    grouped = text.str.contains(r"^-?[0-9]{1,3}(?:,[0-9]{3})+$")
    text = text.str.replace_all(",", "").zip_with(holds(grouped), text)
    text = text.str.replace(r"^(-?)0+([0-9])", "$1$2").str.replace("^-0$", "0")
    return text.set(~holds(text.str.contains(CANONICAL)), None)


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """What could not be read."""
    yield UNREADABLE, raw.is_not_null() & value.is_null()


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it."""
    return value.str.head(0) + "***"
