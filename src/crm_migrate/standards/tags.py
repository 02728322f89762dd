"""Several tags in a cell, joined by `;`. Basis: the toolkit's own convention."""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import Rule
from crm_migrate.standards.characters import narrow
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.residue import unless_matching

BASIS = Text("tags joined by ;", "标签以分号分隔")
NORMALISED = normalised("tags", "tags", "标签")
RULES: tuple[Rule, ...] = (NORMALISED,)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Each tag once, in the order of the cell.

    >>> normalise(pl.Series(["重点，价格敏感、重点", "#急单 #长期", "，"])).to_list()
    ['重点;价格敏感', '急单;长期', None]
    """
    return unless_matching(raw, r"^[0-9A-Za-z\x{4e00}-\x{9fa5}]+$", _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = narrow(raw.str.replace_all(r"[\r\n]+", MULTI_SEPARATOR))
    parts = text.str.replace_all(r"\s*[;,、|]\s*|(?:^|\s*)#\s*", ";").str.split(MULTI_SEPARATOR)
    rows = pl.DataFrame({"tag": parts}).with_row_index("row").explode("tag")
    rows = rows.filter(pl.col("tag") != "").unique(["row", "tag"], maintain_order=True)
    joined = rows.group_by("row").agg(pl.col("tag").str.join(MULTI_SEPARATOR))
    every = pl.DataFrame({"row": pl.int_range(len(raw), dtype=pl.UInt32, eager=True)})
    return every.join(joined, on="row", how="left", maintain_order="left").get_column("tag")


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Tags are free: nothing to break."""
    return iter(())


def format(value: pl.Series) -> pl.Series:
    """With a blank after each separator."""
    return value.str.replace_all(MULTI_SEPARATOR, "; ")


def mask(value: pl.Series) -> pl.Series:
    """Nothing of it."""
    return value.str.head(0) + "***"
